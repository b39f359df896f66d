//! A store with some of everything, and a picture of it that two stores can be compared by.

use crate::conformance::leaving::deletion;
use crate::conformance::world::{World, contact, id, input, push, sms, urgent, whatsapp};
use bytes::Bytes;
use replyflow::domain::hold::HoldKind;
use replyflow::domain::id::{EffectId, VersionId, Who};
use replyflow::domain::name::Slug;
use replyflow::domain::time::{Millis, Span};
use replyflow::store::{
    Accepted, Advance, Commit, Fingerprint, Forget, Freeze, HoldKey, JournalId, JournalRecord, Lane, LanePush, ListChange,
    NewEffect, OnceRequest, OutgoingState, Publish, RequestKey, RequestStep, Requested, SettleResult, Spend, StopMask, Store,
    WorkSet,
};

/// Contacts of whom nothing is special, and where they begin.
pub const PLAIN: std::ops::Range<usize> = 100..400;

pub fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("a slug")
}

pub fn request(name: &str, body: &str, who: u32, step: RequestStep) -> OnceRequest {
    OnceRequest { key: RequestKey::of("/v1/events", name), print: Fingerprint::of(body.as_bytes()), who: Who(who), step }
}

pub fn bulk() -> WorkSet {
    WorkSet::Bulk(slug("main-sms"))
}

/// What the tests want to find again.
pub struct Busy {
    /// Two messages of contact 3: the first one was in the air.
    pub flying: Vec<EffectId>,
    /// The message of contact 4 that is tried again in ten minutes.
    pub later: EffectId,
    /// What contact 5 waits for.
    pub call: EffectId,
}

pub async fn fill(world: &World) -> Busy {
    let store = &world.store;
    // 1 is claimed, and has a second message behind that.
    world.claimed(contact(1), "m1").await;
    world.queued(contact(1), "m2").await;
    // 2 waits for a time.
    let claim = world.claimed(contact(2), "m1").await;
    world.committed(Commit { alarm: Some(world.now() + Span::hours(1)), ..world.turn(contact(2), &claim) }).await;
    // 3 has a message in the air, 4 one that is tried again.
    let flying = world.sends(contact(3), &[sms(), sms()]).await;
    world.started(contact(3), &sms()).await;
    let later = world.sends(contact(4), &[whatsapp()]).await[0];
    let started = world.started(contact(4), &whatsapp()).await;
    let retry = SettleResult::Retry { due: world.now() + Span::minutes(10) };
    store.settle(world.end(&started, retry)).await.expect("settles");
    // 5 waits for a call, and is written to meanwhile.
    let claim = world.claimed(contact(5), "m1").await;
    let mut commit = Commit { hold: true, ..world.turn(contact(5), &claim) };
    let call = NewEffect { id: commit.new.effect(9), set: WorkSet::Call, body: Bytes::from("a call") };
    let call_id = call.id;
    commit.lanes = vec![LanePush { lane: Lane::Own(call.id), due: Millis(0), take: false, effects: vec![call] }];
    commit.await_add = vec![commit.new.effect(0), commit.new.effect(1)];
    commit.live = vec![(VersionId(7), 2), (VersionId(u64::MAX - 5), 1)];
    world.committed(commit).await;
    world.queued(contact(5), "m2").await;
    assert!(matches!(store.accept(urgent(contact(5), "stop")).await, Ok(Accepted::Claimed(_))));
    // 6 and 7 are stubs; what 7 led to is deleted.
    store.link(contact(6), contact(2)).await.expect("links");
    store.link(contact(7), contact(2)).await.expect("links");
    store.unlink(contact(7), contact(2)).await.expect("unlinks");
    // 8 opted out and was deleted.
    let claim = world.claimed(contact(8), "m1").await;
    world.committed(world.turn(contact(8), &claim)).await;
    let forget = Forget { stop: StopMask::from_bits(3), ..deletion(world, contact(8)).await };
    store.forget(forget).await.expect("deletes");
    // A message of 9 failed, and an input of 10 was set aside.
    world.sends(contact(9), &[sms()]).await;
    let started = world.started(contact(9), &sms()).await;
    store.settle(world.end(&started, SettleResult::Failed)).await.expect("settles");
    let claim = world.claimed(contact(10), "poison").await;
    world
        .committed(Commit { set_aside: vec![id("poison")], stop: StopMask::from_bits(1), ..world.turn(contact(10), &claim) })
        .await;
    // 11 is on its way into 2.
    let effect = world.sends(contact(11), &[WorkSet::Move]).await[0];
    let token = store.inspect(contact(11)).await.expect("answers").expect("is there").record.token;
    let freeze = Freeze { contact: contact(11), into: contact(2), effect, new: token.after(&[id("move")]) };
    store.freeze(freeze).await.expect("freezes");
    world.queued(contact(11), "meanwhile").await;
    for n in PLAIN {
        let claim = world.claimed(contact(n), "m1").await;
        let mut commit = world.turn(contact(n), &claim);
        commit.lanes = if n % 10 == 0 { vec![push(commit.new, &[bulk(), sms()], false)] } else { Vec::new() };
        world.committed(commit).await;
    }
    fill_shared(world).await;
    Busy { flying, later, call: call_id }
}

/// What belongs to no contact.
async fn fill_shared(world: &World) {
    let store = &world.store;
    for (n, content) in ["flow: a", "flow: b"].into_iter().enumerate() {
        let version = VersionId::of(content.as_bytes());
        store.put_version(version, Bytes::from(content)).await.expect("puts");
        let publish = Publish { name: slug("menu"), version, base: n as u64, body: Bytes::from(format!("the {n}th")) };
        store.publish(publish).await.expect("publishes");
    }
    store.hold(HoldKey::Channel(slug("main-sms"), HoldKind::Paused), Bytes::from("by ada")).await.expect("holds");
    for n in 0..3 {
        let change = ListChange { address: contact(900 + n), was: None, now: Some(Bytes::from(format!("listed {n}"))) };
        store.list_change(change).await.expect("lists");
    }
    let gone = ListChange { address: contact(901), was: Some(Bytes::from("listed 1")), now: None };
    store.list_change(gone).await.expect("takes off");
    store.suppress(contact(910), StopMask::from_bits(5)).await.expect("suppresses");
    assert_eq!(store.request(request("done", "body", 1, RequestStep::Begin)).await, Ok(Requested::Yours));
    let answer = RequestStep::Answer(Bytes::from("the answer"));
    store.request(request("done", "body", 1, answer)).await.expect("answers");
    assert_eq!(store.request(request("begun", "body", 1, RequestStep::Begin)).await, Ok(Requested::Yours));
    for _ in 0..3 {
        store.spend(Spend { channel: slug("main-sms"), most: 100, back: false }).await.expect("counts");
    }
    // History has read the first entries of each shard.
    for shard in 0..store.shards() {
        let items = store.read_journal(shard, JournalId::START, 3).await.expect("reads");
        if let Some(last) = items.last() {
            let (from, to) = (JournalId::START, last.id);
            let advance = Advance { shard, subscriber: "history".to_owned(), from, to, guard: true };
            store.advance(advance).await.expect("advances");
        }
    }
    // One mailbox is so full that an input goes into the journal instead.
    for n in 0..world.settings.mailbox_max {
        world.store.accept(input(contact(12), &format!("m{n}"))).await.expect("accepts");
    }
    assert_eq!(world.store.accept(input(contact(12), "too much")).await, Ok(Accepted::Full));
}

/// What of a store can be seen from outside, without what a move may change: whoever had begun something is no more.
pub async fn picture(store: &dyn Store) -> Vec<String> {
    let mut lines = Vec::new();
    for n in (0..20).chain(PLAIN) {
        let mut seen = store.inspect(contact(n)).await.expect("answers");
        for outgoing in seen.iter_mut().flat_map(|seen| &mut seen.lane) {
            if outgoing.state == OutgoingState::Started {
                outgoing.state = OutgoingState::Unsure;
            }
        }
        lines.push(format!("{n}: {seen:?}"));
        lines.push(format!("{n}: {:?}", store.own_lanes(contact(n)).await.expect("answers")));
        lines.push(format!("{n}: {:?}", store.suppressed(contact(n)).await.expect("answers")));
    }
    lines.push(format!("{:?}", store.suppressed(contact(910)).await));
    lines.push(format!("{:?}", store.failed_list(100).await));
    lines.push(format!("{:?}", store.current().await));
    lines.push(format!("{:?}", store.publications(&slug("menu"), None, 10).await));
    for content in ["flow: a", "flow: b"] {
        lines.push(format!("{:?}", store.get_version(VersionId::of(content.as_bytes())).await));
    }
    for version in [VersionId(7), VersionId(u64::MAX - 5), VersionId(8)] {
        lines.push(format!("{version}: {:?}", store.live(version).await));
    }
    lines.push(format!("{:?}", store.holds().await));
    lines.push(format!("{:?}", store.list_page(None, 10).await));
    lines.push(format!("{:?}", store.list_after(0, 10).await));
    lines.push(format!("{:?}", store.list_mark().await.expect("answers").number));
    lines.push(format!("{:?}", store.work_sets().await));
    lines.push(format!("{:?}", store.meta().await));
    let depths = store.depths().await.expect("answers");
    lines.push(format!("{:?}", (depths.attention, depths.work, depths.failed)));
    lines
}

/// What history has not read yet, in no order.
pub async fn unread(store: &dyn Store) -> Vec<String> {
    let mut entries = Vec::new();
    for shard in 0..store.shards() {
        let from = store.cursor(shard, "history").await.expect("answers");
        for item in store.read_journal(shard, from, 10_000).await.expect("reads") {
            entries.push(match item.record {
                JournalRecord::Entry(body) => String::from_utf8_lossy(&body).into_owned(),
                JournalRecord::Overflow { contact, entry } => format!("{contact}: {entry:?}"),
            });
        }
    }
    entries.sort();
    entries
}
