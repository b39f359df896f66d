//! Real time and real concurrency: workers that race for contacts and often die with a claim or an effect in hand.

use super::world::{Backend, World, contact, input, sms};
use crate::support::patience::LONG;
use bytes::Bytes;
use replyflow::domain::id::{ContactKey, EffectId};
use replyflow::domain::time::Span;
use replyflow::store::{
    Accept, Accepted, Claim, Claimed, Clock, Committed, DueLanes, Entry, Lane, LanePush, NewEffect, Ready, SettleResult, Settled,
    StartAnswer, Started,
};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const CONTACTS: usize = 8;
const MESSAGES: usize = 30;
const WORKERS: usize = 6;
/// Every so manieth turn or send ends with its worker's death.
const DEATH: usize = 5;

/// What happened, as seen from outside.
#[derive(Default)]
struct Seen {
    accepted: Mutex<BTreeMap<ContactKey, Vec<String>>>,
    /// The effect, and whether its sender was told that it may have been sent before.
    sent: Mutex<Vec<(EffectId, bool)>>,
    settled: AtomicUsize,
    chances: AtomicUsize,
}

impl Seen {
    fn dies(&self) -> bool {
        self.chances.fetch_add(1, Ordering::SeqCst) % DEATH == DEATH - 1
    }
}

fn log(blob: &[u8], inputs: &[Entry]) -> Vec<u8> {
    let mut log = blob.to_vec();
    for entry in inputs {
        log.extend(&entry.body[..]);
        log.push(b' ');
    }
    log
}

/// Turns until the mailbox is empty: each message is written into the record and answered by one send.
async fn turns(world: &World, seen: &Seen, who: ContactKey, mut claim: Claim) {
    loop {
        if claim.inputs.is_empty() || seen.dies() {
            return;
        }
        let mut commit = world.turn(who, &claim);
        commit.blob = Bytes::from(log(&claim.record.blob, &claim.inputs));
        let effect = |n: usize| NewEffect { id: commit.new.effect(n), set: sms(), body: Bytes::from("reply") };
        let effects = (0..claim.inputs.len()).map(effect).collect();
        commit.lanes = vec![LanePush { lane: Lane::Contact, due: claim.now, take: true, effects }];
        let (token, blob) = (commit.new, commit.blob.clone());
        let Ok(Committed::Ok { now, more, started, .. }) = world.store.commit(commit).await else { return };
        if let Some(started) = started.into_iter().next() {
            sends(world, seen, started).await;
        }
        claim = Claim { now, inputs: more, record: replyflow::store::Record { token, blob, ..claim.record } };
    }
}

/// Sends until the lane is empty.
async fn sends(world: &World, seen: &Seen, mut started: Started) {
    loop {
        if seen.dies() {
            return;
        }
        seen.sent.lock().expect("no panic").push((started.id, started.unsure));
        if seen.dies() {
            return;
        }
        let mut done = world.end(&started, SettleResult::Done);
        done.take = vec![sms()];
        let Ok(Settled::Ok { next, .. }) = world.store.settle(done).await else { return };
        seen.settled.fetch_add(1, Ordering::SeqCst);
        match next {
            Some(next) => started = next,
            None => return,
        }
    }
}

async fn one_look(world: &World, seen: &Seen) {
    let look = world.store.look(&[sms()]).await.expect("looks");
    for ready in look.ready {
        match ready {
            Ready::Contacts { shard, .. } => {
                for who in world.store.due_contacts(shard, 2).await.expect("looks").contacts {
                    if let Claimed::Claimed(claim) = world.store.claim(who, world.who()).await.expect("claims") {
                        turns(world, seen, who, claim).await;
                    }
                }
            }
            Ready::Work { shard, set, .. } => {
                let DueLanes { lanes, ticket, .. } = world.store.due_work(shard, &set, 2).await.expect("looks");
                for lane in lanes {
                    let answer = world.store.start(lane, &set, world.who(), Some(ticket)).await.expect("starts");
                    if let StartAnswer::Ok { started, .. } = answer {
                        sends(world, seen, started).await;
                    }
                }
            }
        }
    }
}

async fn deliver(world: &World, seen: &Seen, n: usize) {
    for m in 0..MESSAGES {
        let message = format!("{n}.{m}");
        let accept = Accept { claim: m % 7 != 0, ..input(contact(n), &message) };
        let accepted = world.store.accept(accept.clone()).await.expect("accepts");
        assert!(matches!(accepted, Accepted::Queued | Accepted::Claimed(_)), "{accepted:?}");
        seen.accepted.lock().expect("no panic").entry(contact(n)).or_default().push(message);
        assert_eq!(world.store.accept(accept).await, Ok(Accepted::Duplicate), "delivered twice");
        if let Accepted::Claimed(claim) = accepted {
            turns(world, seen, contact(n), claim).await;
        }
    }
}

pub async fn racing_and_dying_workers_lose_and_repeat_nothing(backend: Backend) {
    let world = World::with(backend, |s| {
        (s.clock, s.claim_lease, s.send_lease) = (Clock::Real, Span::millis(60), Span::millis(60));
    })
    .await;
    let (world, seen, all) = (&world, &Seen::default(), CONTACTS * MESSAGES);
    let begun = Instant::now();
    let worker = async || {
        while seen.settled.load(Ordering::SeqCst) < all && begun.elapsed() < LONG {
            one_look(world, seen).await;
        }
    };
    let deliveries = futures_util::future::join_all((0..CONTACTS).map(|n| deliver(world, seen, n)));
    let workers = futures_util::future::join_all((0..WORKERS).map(|_| worker()));
    futures_util::future::join(deliveries, workers).await;
    assert_eq!(seen.settled.load(Ordering::SeqCst), all, "each reply settled once");
    let accepted = seen.accepted.lock().expect("no panic").clone();
    for (who, messages) in accepted {
        let contact = world.store.inspect(who).await.expect("looks").expect("is there");
        let log = String::from_utf8(contact.record.blob.to_vec()).expect("text");
        assert_eq!(log.split_whitespace().collect::<Vec<_>>(), messages, "each message once, in order");
        assert!(contact.mailbox.is_empty() && contact.lane.is_empty());
    }
    let mut sure = BTreeMap::new();
    for (effect, unsure) in &*seen.sent.lock().expect("no panic") {
        *sure.entry(*effect).or_insert(0) += usize::from(!unsure);
    }
    assert_eq!(sure.len(), all, "each reply sent");
    assert!(sure.values().all(|times| *times <= 1), "repeated without anybody knowing");
}
