//! Deliberate defects: each breaks the protocol in one place, and the simulation must notice. On Redis they are changes of the
//! scripts; on the embedded store those that can be, a store that stands in front of it and does the wrong thing.

use crate::support::defects::{DEFECTS, LEAVING, PACING};
use async_trait::async_trait;
use bytes::Bytes;
use replyflow::domain::codec;
use replyflow::domain::id::{ContactKey, DedupeHash, EffectId, InputId, Token, VersionId, Who};
use replyflow::domain::input::{Input, OperatorAction};
use replyflow::domain::name::{ChannelName, Slug};
use replyflow::domain::time::{Millis, Span};
use replyflow::store::*;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// One defect.
pub struct Defect {
    name: &'static str,
    pub how: How,
}

/// What is broken.
#[derive(Clone, Copy)]
pub enum How {
    /// Texts of scripts.
    Scripts(&'static [(Script, &'static str, &'static str)]),
    /// A store in front of the real one.
    InFront(fn(Arc<dyn Store>) -> Arc<dyn Store>),
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// All of them.
pub fn in_scripts() -> impl Iterator<Item = Defect> {
    DEFECTS.into_iter().map(|(name, patches)| Defect { name, how: How::Scripts(patches) })
}

/// Those of how contacts leave.
pub fn of_leaving() -> impl Iterator<Item = Defect> {
    LEAVING.into_iter().map(|(name, patches)| Defect { name, how: How::Scripts(patches) })
}

/// Those of how fast messages leave.
pub fn of_pacing() -> impl Iterator<Item = Defect> {
    PACING.into_iter().map(|(name, patches)| Defect { name, how: How::Scripts(patches) })
}

/// The same where a store in front of another can have them.
pub fn of_pacing_in_front() -> Vec<Defect> {
    let defect = |name, wrap| Defect { name, how: How::InFront(wrap) };
    vec![defect("permits: more than there is room for", |store| front(store, Wrong::PermitsMore))]
}

/// The same where a store in front of another can have them.
pub fn of_leaving_in_front() -> Vec<Defect> {
    let defect = |name, wrap| Defect { name, how: How::InFront(wrap) };
    vec![
        defect("forget: no version check", |store| front(store, Wrong::ForgetsAnyVersion)),
        defect("forget: the opt-out goes too", |store| front(store, Wrong::ForgetsTheOptOut)),
    ]
}

fn front(store: Arc<dyn Store>, wrong: Wrong) -> Arc<dyn Store> {
    Arc::new(Front { store, wrong, drawn: AtomicU64::new(0) })
}

/// Those of them that a store in front of another can have.
pub fn in_front() -> Vec<Defect> {
    let defect = |name, wrap| Defect { name, how: How::InFront(wrap) };
    vec![
        defect("commit: no version check", |store| front(store, Wrong::NoVersionCheck)),
        defect("accept: no dedupe", |store| front(store, Wrong::NoDedupe)),
        defect("start: unsure is forgotten", |store| front(store, Wrong::NeverUnsure)),
        defect("settle: takes whatever is first", |store| front(store, Wrong::SettlesTheFirst)),
        defect("settle: a retry forgets that it is unsure", |store| front(store, Wrong::RetriesAsSure)),
        defect("commit: the alarm is not set", |store| front(store, Wrong::NoAlarm)),
        defect("accept: a broadcast reaches somebody again", |store| front(store, Wrong::BroadcastsAgain)),
        defect("commit: a reply waits among broadcasts", |store| front(store, Wrong::NothingHurries)),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    NoVersionCheck,
    NoDedupe,
    NeverUnsure,
    SettlesTheFirst,
    RetriesAsSure,
    NoAlarm,
    BroadcastsAgain,
    NothingHurries,
    ForgetsAnyVersion,
    ForgetsTheOptOut,
    PermitsMore,
}

/// A store that hands everything on, except for what it does wrong.
struct Front {
    store: Arc<dyn Store>,
    wrong: Wrong,
    drawn: AtomicU64,
}

impl Front {
    fn sure(&self, mut started: Started) -> Started {
        started.unsure &= self.wrong != Wrong::NeverUnsure;
        started
    }
}

fn is_broadcast(body: &[u8]) -> bool {
    matches!(codec::decode(body), Ok(Input::Operator(OperatorAction::Begin { sending: Some(_), .. })))
}

#[async_trait]
impl Store for Front {
    async fn accept(&self, mut accept: Accept) -> Answer<Accepted> {
        if self.wrong == Wrong::NoDedupe {
            accept.hash = DedupeHash(self.drawn.fetch_add(1, Ordering::SeqCst));
        }
        if self.wrong == Wrong::BroadcastsAgain && is_broadcast(&accept.body) {
            let n = self.drawn.fetch_add(1, Ordering::SeqCst);
            (accept.hash, accept.id) = (DedupeHash(n), InputId(n));
        }
        self.store.accept(accept).await
    }
    async fn commit(&self, mut commit: Commit) -> Answer<Committed> {
        if self.wrong == Wrong::NoVersionCheck
            && let Some(seen) = self.store.inspect(commit.contact).await?
        {
            commit.expect = seen.record.token;
            let there = |id: &replyflow::domain::id::InputId| seen.mailbox.iter().any(|entry| entry.id == *id);
            commit.consumed.retain(there);
            commit.set_aside.retain(there);
        }
        if self.wrong == Wrong::NoAlarm {
            commit.alarm = None;
        }
        if self.wrong == Wrong::NothingHurries
            && let Some(seen) = self.store.inspect(commit.contact).await?
            && seen.lane.iter().any(|waits| waits.set.hurried().is_some())
        {
            for effect in commit.lanes.iter_mut().flat_map(|push| &mut push.effects) {
                if let WorkSet::Talk(channel) = &effect.set {
                    effect.set = WorkSet::Bulk(channel.clone());
                }
            }
        }
        self.store.commit(commit).await
    }
    async fn start(&self, lane: LaneKey, set: &WorkSet, who: Who, ticket: Option<Ticket>) -> Answer<StartAnswer> {
        Ok(match self.store.start(lane, set, who, ticket).await? {
            StartAnswer::Ok { now, started } => StartAnswer::Ok { now, started: self.sure(started) },
            other => other,
        })
    }
    async fn settle(&self, mut settle: Settle) -> Answer<Settled> {
        if let (Wrong::RetriesAsSure, SettleResult::RetryUnsure { due }) = (self.wrong, settle.result) {
            settle.result = SettleResult::Retry { due };
        }
        if self.wrong == Wrong::SettlesTheFirst
            && settle.lane.lane == Lane::Contact
            && let Some(head) = self.store.inspect(settle.lane.contact).await?.and_then(|seen| seen.lane.into_iter().next())
        {
            (settle.id, settle.attempt) = (head.id, head.attempts);
        }
        self.store.settle(settle).await
    }
    fn shards(&self) -> u8 {
        self.store.shards()
    }
    fn hints(&self) -> Arc<Notify> {
        self.store.hints()
    }
    async fn claim(&self, contact: ContactKey, who: Who) -> Answer<Claimed> {
        self.store.claim(contact, who).await
    }
    async fn claim_alone(&self, contact: ContactKey, who: Who) -> Answer<Claimed> {
        self.store.claim_alone(contact, who).await
    }
    async fn release(&self, contact: ContactKey, token: Token, who: Who, pause: Span) -> Answer<()> {
        self.store.release(contact, token, who, pause).await
    }
    async fn look(&self, sets: &[WorkSet]) -> Answer<Look> {
        self.store.look(sets).await
    }
    async fn due_contacts(&self, shard: u8, n: usize) -> Answer<DueContacts> {
        self.store.due_contacts(shard, n).await
    }
    async fn due_work(&self, shard: u8, set: &WorkSet, n: usize) -> Answer<DueLanes> {
        self.store.due_work(shard, set, n).await
    }
    async fn report(&self, report: Report) -> Answer<Reported> {
        self.store.report(report).await
    }
    async fn request(&self, request: OnceRequest) -> Answer<Requested> {
        self.store.request(request).await
    }
    async fn permits(&self, channel: &ChannelName, traffic: Traffic, want: u32, rate: Rate) -> Answer<Permits> {
        let given = self.store.permits(channel, traffic, want, rate).await?;
        let more = if self.wrong == Wrong::PermitsMore { rate.burst } else { 0 };
        Ok(Permits { granted: given.granted + more, ..given })
    }
    async fn slow_down(&self, slow_down: SlowDown) -> Answer<f64> {
        self.store.slow_down(slow_down).await
    }
    async fn spend(&self, spend: Spend) -> Answer<Spent> {
        self.store.spend(spend).await
    }
    async fn hold(&self, key: HoldKey, body: Bytes) -> Answer<bool> {
        self.store.hold(key, body).await
    }
    async fn judge(&self, judgement: Judgement) -> Answer<bool> {
        self.store.judge(judgement).await
    }
    async fn unhold(&self, key: HoldKey) -> Answer<bool> {
        self.store.unhold(key).await
    }
    async fn holds(&self) -> Answer<Vec<Held>> {
        self.store.holds().await
    }
    async fn read_journal(&self, shard: u8, after: JournalId, count: usize) -> Answer<Vec<JournalItem>> {
        self.store.read_journal(shard, after, count).await
    }
    async fn cursor(&self, shard: u8, subscriber: &str) -> Answer<JournalId> {
        self.store.cursor(shard, subscriber).await
    }
    async fn advance(&self, advance: Advance) -> Answer<Advanced> {
        self.store.advance(advance).await
    }
    async fn failed_since(&self, since: Millis, n: usize) -> Answer<(Vec<FailedItem>, bool)> {
        self.store.failed_since(since, n).await
    }
    async fn failed_of(&self, contact: ContactKey) -> Answer<Vec<FailedKey>> {
        self.store.failed_of(contact).await
    }
    async fn failed_retry(&self, key: FailedKey, journal: Bytes) -> Answer<bool> {
        self.store.failed_retry(key, journal).await
    }
    async fn failed_drop(&self, key: FailedKey, journal: Bytes) -> Answer<bool> {
        self.store.failed_drop(key, journal).await
    }
    async fn put_version(&self, id: VersionId, content: Bytes) -> Answer<()> {
        self.store.put_version(id, content).await
    }
    async fn get_version(&self, id: VersionId) -> Answer<Option<Bytes>> {
        self.store.get_version(id).await
    }
    async fn publish(&self, publish: Publish) -> Answer<Published> {
        self.store.publish(publish).await
    }
    async fn current(&self) -> Answer<Vec<Current>> {
        self.store.current().await
    }
    async fn publications(&self, name: &Slug, before: Option<u64>, n: usize) -> Answer<Vec<Kept>> {
        self.store.publications(name, before, n).await
    }
    async fn published(&self) -> Answer<u64> {
        self.store.published().await
    }
    async fn live(&self, id: VersionId) -> Answer<i64> {
        self.store.live(id).await
    }
    async fn work_sets(&self) -> Answer<Vec<WorkSet>> {
        self.store.work_sets().await
    }
    async fn meta(&self) -> Answer<Meta> {
        self.store.meta().await
    }
    async fn check(&self) -> Answer<Vec<Finding>> {
        self.store.check().await
    }
    async fn overdue(&self, sets: &[WorkSet], before: Millis, n: usize) -> Answer<Vec<Overdue>> {
        self.store.overdue(sets, before, n).await
    }
    async fn depths(&self) -> Answer<Depths> {
        self.store.depths().await
    }
    async fn inspect(&self, contact: ContactKey) -> Answer<Option<Inspection>> {
        self.store.inspect(contact).await
    }
    async fn forget(&self, mut forget: Forget) -> Answer<Forgot> {
        if self.wrong == Wrong::ForgetsAnyVersion
            && let Some(seen) = self.store.inspect(forget.contact).await?
        {
            forget.expect = seen.record.token;
        }
        if self.wrong == Wrong::ForgetsTheOptOut {
            forget.stop = StopMask::NONE;
        }
        self.store.forget(forget).await
    }
    async fn own_lanes(&self, contact: ContactKey) -> Answer<Vec<Outgoing>> {
        self.store.own_lanes(contact).await
    }
    async fn suppress(&self, address: ContactKey, stop: StopMask) -> Answer<()> {
        self.store.suppress(address, stop).await
    }
    async fn suppressed(&self, address: ContactKey) -> Answer<StopMask> {
        self.store.suppressed(address).await
    }
    async fn list_change(&self, change: ListChange) -> Answer<ListChanged> {
        self.store.list_change(change).await
    }
    async fn list_find(&self, address: ContactKey) -> Answer<Option<Bytes>> {
        self.store.list_find(address).await
    }
    async fn list_page(&self, before: Option<u64>, n: usize) -> Answer<Vec<ListItem>> {
        self.store.list_page(before, n).await
    }
    async fn list_after(&self, after: u64, n: usize) -> Answer<Vec<(u64, ContactKey)>> {
        self.store.list_after(after, n).await
    }
    async fn list_mark(&self) -> Answer<ListMark> {
        self.store.list_mark().await
    }
    async fn freeze(&self, freeze: Freeze) -> Answer<Frozen> {
        self.store.freeze(freeze).await
    }
    async fn remember(&self, contact: ContactKey, seen: Vec<DedupeHash>, awaited: Vec<EffectId>) -> Answer<()> {
        self.store.remember(contact, seen, awaited).await
    }
    async fn flip(&self, flip: Flip) -> Answer<Flipped> {
        self.store.flip(flip).await
    }
    async fn link(&self, address: ContactKey, to: ContactKey) -> Answer<Linked> {
        self.store.link(address, to).await
    }
    async fn unlink(&self, address: ContactKey, to: ContactKey) -> Answer<()> {
        self.store.unlink(address, to).await
    }
    async fn compact(&self) -> Answer<()> {
        self.store.compact().await
    }
    async fn now(&self) -> Answer<Millis> {
        self.store.now().await
    }
}
