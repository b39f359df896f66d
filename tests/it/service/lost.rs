//! Answers of the store that are lost: the call happened, and its caller does not know. Each is repeated with the same
//! arguments, and nothing is done twice or left undone.

use super::echo::echo;
use super::passing::report;
use super::rig::{Backend, Plan, Rig, json};
use super::{ANN, BEN, on_every_store};
use async_trait::async_trait;
use bytes::Bytes;
use replyflow::config::send::Unsure;
use replyflow::domain::id::{ContactKey, DedupeHash, EffectId, SendRef, Token, VersionId, Who};
use replyflow::domain::message::DeliveryStatus;
use replyflow::domain::name::{ChannelName, Slug};
use replyflow::domain::time::{Millis, Span};
use replyflow::service::{Engine, Received, failed};
use replyflow::store::{
    Accept, Accepted, Advance, Advanced, Answer, Claim, Claimed, Commit, Committed, Current, Depths, DueContacts, DueLanes,
    FailedItem, FailedKey, Finding, Flip, Flipped, Forget, Forgot, Freeze, Frozen, Held, HoldKey, Inspection, JournalId,
    JournalItem, Judgement, Kept, LaneKey, Linked, ListChange, ListChanged, ListItem, ListMark, Look, Meta, OnceRequest,
    Outgoing, Overdue, Permits, Publish, Published, Rate, Report, Reported, Requested, Settle, Settled, SlowDown, Spend, Spent,
    StartAnswer, StopMask, Store, StoreError, Ticket, Traffic, WorkSet,
};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

on_every_store!(
    a_lost_answer_to_accept_is_a_duplicate_and_delays_by_a_lease,
    a_full_disk_forgets_nothing_of_what_left,
    a_lost_answer_to_commit_costs_nothing,
    a_lost_answer_to_settle_costs_nothing,
    every_answer_lost_once_changes_nothing,
    a_store_that_is_down_for_long_loses_nothing,
    what_the_provider_took_is_neither_sent_again_nor_failed_when_the_store_could_not_be_told,
    a_report_tells_the_store_what_it_could_not_be_told,
    a_message_follows_its_contact,
    a_chain_of_contacts_without_an_end_is_refused,
);

/// What a newer release adds to the number of a record's format.
const NEWER: u8 = 100;

/// A store that does what it is asked and then loses the answer, as often as it was told for this call.
pub struct Losing {
    inner: Arc<dyn Store>,
    beside: Beside,
    lose: Mutex<Vec<&'static str>>,
    full: Mutex<Vec<&'static str>>,
    always: Mutex<bool>,
    moved: Mutex<Option<(ContactKey, ContactKey)>>,
    newer: bool,
}

impl Losing {
    fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        Losing::of(inner, false)
    }

    /// The store as a newer release has it: records that it writes are of a format that this release does not know, and it reads both.
    pub fn of_a_newer_release(inner: Arc<dyn Store>) -> Arc<Self> {
        Losing::of(inner, true)
    }

    fn of(inner: Arc<dyn Store>, newer: bool) -> Arc<Self> {
        Arc::new(Losing {
            inner,
            beside: Beside::default(),
            lose: Mutex::default(),
            full: Mutex::default(),
            always: Mutex::new(false),
            moved: Mutex::default(),
            newer,
        })
    }

    /// Loses the answer to the next call of each of these names.
    pub fn lose(&self, calls: &[&'static str]) {
        self.lose.lock().expect("not poisoned").extend(calls);
    }

    /// Loses nothing any more.
    pub fn heal(&self) {
        self.lose.lock().expect("not poisoned").clear();
    }

    fn through<T>(&self, call: &'static str, answer: Answer<T>) -> Answer<T> {
        let mut lose = self.lose.lock().expect("not poisoned");
        if let Some(place) = lose.iter().position(|c| *c == call) {
            lose.remove(place);
            return Err(StoreError::Unavailable("the answer was lost".to_owned()));
        }
        answer
    }

    /// Has no room for the next call of each of these names.
    pub fn refuse(&self, calls: &[&'static str]) {
        self.full.lock().expect("not poisoned").extend(calls);
    }

    fn room(&self, call: &'static str) -> Answer<()> {
        let mut full = self.full.lock().expect("not poisoned");
        match full.iter().position(|c| *c == call) {
            Some(place) => {
                full.remove(place);
                Err(StoreError::Full("the disk is full".to_owned()))
            }
            None => Ok(()),
        }
    }

    fn written(&self, blob: Bytes) -> Bytes {
        match blob.split_first() {
            Some((format, rest)) if self.newer => [&[format + NEWER][..], rest].concat().into(),
            _ => blob,
        }
    }

    fn read(&self, mut claim: Claim) -> Claim {
        if let Some((&format, rest)) = claim.record.blob.split_first()
            && self.newer
            && format >= NEWER
        {
            claim.record.blob = [&[format - NEWER][..], rest].concat().into();
        }
        claim
    }

    fn claimed(&self, claimed: Claimed) -> Claimed {
        match claimed {
            Claimed::Claimed(claim) => Claimed::Claimed(self.read(claim)),
            other => other,
        }
    }

    fn down(&self) -> Answer<()> {
        match *self.always.lock().expect("not poisoned") {
            true => Err(StoreError::Unavailable("down".to_owned())),
            false => Ok(()),
        }
    }
}

/// What else becomes of calls.
#[derive(Default)]
struct Beside {
    forgetful: Mutex<bool>,
    stop: Mutex<Option<(&'static str, Arc<Stop>)>>,
}

/// Where one call stands still.
#[derive(Default)]
pub struct Stop {
    /// It is there.
    pub there: Notify,
    /// It may go on.
    pub go: Notify,
}

impl Losing {
    /// Answers nothing from now on, or again.
    pub fn goes_away(&self, away: bool) {
        *self.always.lock().expect("not poisoned") = away;
    }

    /// What is begun from now on is offered as fresh, whatever was begun before.
    pub fn forgets(&self) {
        *self.beside.forgetful.lock().expect("not poisoned") = true;
    }

    /// How many answers to calls of this name it has still to lose.
    pub fn still_to_lose(&self, call: &str) -> usize {
        self.lose.lock().expect("not poisoned").iter().filter(|of| **of == call).count()
    }

    /// The next call of this name stands still before it is made.
    pub fn stop(&self, call: &'static str) -> Arc<Stop> {
        let stop = Arc::<Stop>::default();
        *self.beside.stop.lock().expect("not poisoned") = Some((call, Arc::clone(&stop)));
        stop
    }

    async fn stand(&self, call: &'static str) {
        let stop = self.beside.stop.lock().expect("not poisoned").take_if(|(of, _)| *of == call);
        if let Some((_, stop)) = stop {
            stop.there.notify_one();
            stop.go.notified().await;
        }
    }
}

macro_rules! losing {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)+) => {
        #[async_trait]
        impl Store for Losing {
            fn shards(&self) -> u8 {
                self.inner.shards()
            }
            fn hints(&self) -> Arc<Notify> {
                self.inner.hints()
            }
            async fn start(&self, lane: LaneKey, set: &WorkSet, who: Who, ticket: Option<Ticket>) -> Answer<StartAnswer> {
                self.down()?;
                self.room("start")?;
                let mut answer = self.inner.start(lane, set, who, ticket).await;
                if let Ok(StartAnswer::Ok { started, .. }) = &mut answer {
                    started.unsure &= !*self.beside.forgetful.lock().expect("not poisoned");
                }
                self.through("start", answer)
            }
            async fn accept(&self, accept: Accept) -> Answer<Accepted> {
                self.down()?;
                // As a contact answers that was merged into another.
                if let Some((from, to)) = *self.moved.lock().expect("not poisoned") {
                    if accept.contact == from {
                        return Ok(Accepted::Moved(to));
                    }
                }
                let answer = self.inner.accept(accept).await.map(|accepted| match accepted {
                    Accepted::Claimed(claim) => Accepted::Claimed(self.read(claim)),
                    other => other,
                });
                self.through("accept", answer)
            }
            async fn claim(&self, contact: ContactKey, who: Who) -> Answer<Claimed> {
                self.down()?;
                self.room("claim")?;
                let answer = self.inner.claim(contact, who).await.map(|claimed| self.claimed(claimed));
                self.through("claim", answer)
            }
            async fn claim_alone(&self, contact: ContactKey, who: Who) -> Answer<Claimed> {
                self.down()?;
                self.room("claim_alone")?;
                let answer = self.inner.claim_alone(contact, who).await.map(|claimed| self.claimed(claimed));
                self.through("claim_alone", answer)
            }
            async fn commit(&self, commit: Commit) -> Answer<Committed> {
                self.down()?;
                self.room("commit")?;
                let answer = self.inner.commit(Commit { blob: self.written(commit.blob), ..commit }).await;
                self.through("commit", answer)
            }
            $(
                async fn $name(&self, $($arg: $type),*) -> Answer<$out> {
                    self.down()?;
                    self.room(stringify!($name))?;
                    self.stand(stringify!($name)).await;
                    let answer = self.inner.$name($($arg),*).await;
                    self.through(stringify!($name), answer)
                }
            )+
        }
    };
}

losing! {
    release(contact: ContactKey, token: Token, who: Who, pause: Span) -> ();
    look(sets: &[WorkSet]) -> Look;
    overdue(sets: &[WorkSet], before: Millis, n: usize) -> Vec<Overdue>;
    due_contacts(shard: u8, n: usize) -> DueContacts;
    due_work(shard: u8, set: &WorkSet, n: usize) -> DueLanes;
    settle(settle: Settle) -> Settled;
    report(report: Report) -> Reported;
    request(request: OnceRequest) -> Requested;
    permits(channel: &ChannelName, traffic: Traffic, want: u32, rate: Rate) -> Permits;
    slow_down(slow_down: SlowDown) -> f64;
    spend(spend: Spend) -> Spent;
    hold(key: HoldKey, body: Bytes) -> bool;
    judge(judgement: Judgement) -> bool;
    unhold(key: HoldKey) -> bool;
    holds() -> Vec<Held>;
    read_journal(shard: u8, after: JournalId, count: usize) -> Vec<JournalItem>;
    cursor(shard: u8, subscriber: &str) -> JournalId;
    advance(advance: Advance) -> Advanced;
    failed_since(since: Millis, n: usize) -> (Vec<FailedItem>, bool);
    failed_of(contact: ContactKey) -> Vec<FailedKey>;
    failed_retry(key: FailedKey, journal: Bytes) -> bool;
    failed_drop(key: FailedKey, journal: Bytes) -> bool;
    put_version(id: VersionId, content: Bytes) -> ();
    get_version(id: VersionId) -> Option<Bytes>;
    publish(publish: Publish) -> Published;
    current() -> Vec<Current>;
    publications(name: &Slug, before: Option<u64>, n: usize) -> Vec<Kept>;
    published() -> u64;
    live(id: VersionId) -> i64;
    work_sets() -> Vec<WorkSet>;
    meta() -> Meta;
    check() -> Vec<Finding>;
    depths() -> Depths;
    inspect(contact: ContactKey) -> Option<Inspection>;
    forget(forget: Forget) -> Forgot;
    own_lanes(contact: ContactKey) -> Vec<Outgoing>;
    suppress(address: ContactKey, stop: StopMask) -> ();
    suppressed(address: ContactKey) -> StopMask;
    list_change(change: ListChange) -> ListChanged;
    list_find(address: ContactKey) -> Option<Bytes>;
    list_page(before: Option<u64>, n: usize) -> Vec<ListItem>;
    list_after(after: u64, n: usize) -> Vec<(u64, ContactKey)>;
    list_mark() -> ListMark;
    freeze(freeze: Freeze) -> Frozen;
    remember(contact: ContactKey, seen: Vec<DedupeHash>, awaited: Vec<EffectId>) -> ();
    flip(flip: Flip) -> Flipped;
    link(address: ContactKey, to: ContactKey) -> Linked;
    unlink(address: ContactKey, to: ContactKey) -> ();
    compact() -> ();
    now() -> Millis;
}

async fn losing(backend: Backend) -> (Rig, Arc<Losing>) {
    losing_with(backend, Unsure::Fail).await
}

async fn losing_with(backend: Backend, unsure: Unsure) -> (Rig, Arc<Losing>) {
    losing_under(backend, echo, move |plan| plan.unsure = unsure).await
}

/// A service on a store that can lose its answers.
pub async fn losing_under(backend: Backend, engine: Engine, change: impl FnOnce(&mut Plan)) -> (Rig, Arc<Losing>) {
    let here: Arc<Mutex<Option<Arc<Losing>>>> = Arc::default();
    let there = Arc::clone(&here);
    let rig = Rig::with(backend, engine, move |plan| {
        change(plan);
        plan.wrap = Box::new(move |store| {
            let losing = Losing::new(store);
            *there.lock().expect("not poisoned") = Some(Arc::clone(&losing));
            losing
        });
    })
    .await;
    let losing = here.lock().expect("not poisoned").take().expect("wrapped");
    (rig, losing)
}

async fn a_lost_answer_to_accept_is_a_duplicate_and_delays_by_a_lease(backend: Backend) {
    let (rig, store) = losing(backend).await;
    store.lose(&["accept"]);
    assert_eq!(rig.say(ANN, "1", "hi").await, Received::Duplicate);
    assert!(rig.texts().is_empty());
    rig.pass(Span::seconds(6));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi"]);
}

async fn a_full_disk_forgets_nothing_of_what_left(backend: Backend) {
    let (rig, store) = losing(backend).await;
    store.refuse(&["commit", "commit", "settle", "settle", "settle"]);
    rig.say(ANN, "1", "one|two").await;
    rig.quiet().await;
    assert_eq!(rig.texts(), ["one", "two"], "what had no room was tried again, and nobody had to guess");
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}

async fn a_lost_answer_to_commit_costs_nothing(backend: Backend) {
    let (rig, store) = losing(backend).await;
    store.lose(&["commit"]);
    rig.say(ANN, "1", "one|two").await;
    assert_eq!(rig.texts(), ["one", "two"], "the same `who` takes up what its commit started, at once and surely unsent");
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn a_lost_answer_to_settle_costs_nothing(backend: Backend) {
    let (rig, store) = losing(backend).await;
    store.lose(&["settle"]);
    rig.say(ANN, "1", "one|two|three").await;
    assert_eq!(rig.texts(), ["one", "two", "three"]);
    rig.quiet().await;
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}

async fn every_answer_lost_once_changes_nothing(backend: Backend) {
    let (rig, store) = losing(backend).await;
    let calls = ["accept", "claim", "commit", "due_contacts", "due_work", "start", "settle", "permits", "look"];
    for (n, call) in calls.iter().enumerate() {
        store.lose(&[call]);
        rig.deliver(ANN, &n.to_string(), &format!("{n}a|{n}b")).await;
        for _ in 0..3 {
            rig.tasks.run().await;
            // A look whose answer is lost is made again.
            let _ = rig.core.tick().await;
        }
    }
    for _ in 0..10 {
        rig.pass(Span::seconds(61));
        rig.quiet().await;
    }
    let expected: Vec<String> = (0..calls.len()).flat_map(|n| [format!("{n}a"), format!("{n}b")]).collect();
    let list = failed::list(&*rig.store, 10).await.expect("lists");
    // What was taken and whose answer was lost may be offered as unsure after its lease; nothing was sent twice or out of order.
    let sent = rig.texts();
    assert!(sent.windows(2).all(|w| w[0] < w[1]), "{sent:?}");
    assert_eq!(sent.len() + list.len(), expected.len(), "{sent:?} {list:?}");
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}

async fn a_store_that_is_down_for_long_loses_nothing(backend: Backend) {
    let (rig, store) = losing(backend).await;
    rig.deliver(ANN, "1", "one|two").await;
    *store.always.lock().expect("not poisoned") = true;
    rig.tasks.run().await;
    assert!(rig.texts().is_empty(), "nothing is sent that was not committed");
    assert!(rig.core.receive_message(super::rig::message(ANN, "2", "more")).await.is_err(), "the provider hears 503");
    *store.always.lock().expect("not poisoned") = false;
    rig.pass(Span::seconds(6));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["one", "two"]);
}

/// The provider takes a message and the store goes down until its lease is over.
async fn sent_and_not_written_down(rig: &Rig, store: &Arc<Losing>) {
    let down = Arc::clone(store);
    rig.script(move |_| {
        *down.always.lock().expect("not poisoned") = true;
        super::rig::answer(200, "{\"id\":\"p1\"}")
    });
    rig.deliver(ANN, "1", "one").await;
    rig.tasks.run().await;
    *store.always.lock().expect("not poisoned") = false;
    assert_eq!(rig.texts(), ["echo one"]);
    assert!(!rig.is_at_rest(rig.key(ANN)).await, "the store does not know");
}

async fn what_the_provider_took_is_neither_sent_again_nor_failed_when_the_store_could_not_be_told(backend: Backend) {
    for unsure in [Unsure::Fail, Unsure::Resend] {
        let (rig, store) = losing_with(backend, unsure).await;
        sent_and_not_written_down(&rig, &store).await;
        rig.pass(Span::seconds(61));
        rig.quiet().await;
        assert_eq!(rig.texts(), ["echo one"], "{unsure:?}");
        assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty(), "{unsure:?}");
        assert!(rig.is_at_rest(rig.key(ANN)).await);
    }
}

async fn a_report_tells_the_store_what_it_could_not_be_told(backend: Backend) {
    let (rig, store) = losing(backend).await;
    sent_and_not_written_down(&rig, &store).await;
    let sent = rig.network.calls.lock().expect("not poisoned")[0].clone();
    let send = json(&sent)["effect"].as_str().and_then(SendRef::parse);
    rig.core.receive_report(report(send, DeliveryStatus::Delivered, None)).await.expect("noted");
    assert!(rig.is_at_rest(rig.key(ANN)).await, "settled by its report, long before its lease ends");
}

async fn a_message_follows_its_contact(backend: Backend) {
    let (rig, store) = losing(backend).await;
    let (old, new) = (rig.key(BEN), rig.key(ANN));
    *store.moved.lock().expect("not poisoned") = Some((old, new));
    rig.say(BEN, "1", "hi").await;
    assert_eq!(rig.texts(), ["echo hi"]);
    assert!(rig.store.inspect(old).await.expect("looks").is_none_or(|seen| seen.record.blob.is_empty()));
    assert!(rig.store.inspect(new).await.expect("looks").is_some());
    assert_eq!(rig.say(BEN, "1", "hi").await, Received::Duplicate, "dedupe goes with the contact");
}

async fn a_chain_of_contacts_without_an_end_is_refused(backend: Backend) {
    let (rig, store) = losing(backend).await;
    *store.moved.lock().expect("not poisoned") = Some((rig.key(BEN), rig.key(BEN)));
    let refused = rig.core.receive_message(super::rig::message(BEN, "1", "hi")).await;
    assert!(matches!(refused, Err(StoreError::Bug(_))), "{refused:?}");
}
