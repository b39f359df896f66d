//! The store in Redis 7: each operation of the contract is one script on one shard. `lua/` has the scripts, `keys` the names,
//! `wire` the forms. Every key of a contact has its shard's hash tag, so that a
//! cluster has them in one slot: `servers` knows which server that is, `finder` finds out.

mod catalog;
mod check;
mod finder;
mod hints;
mod hold;
mod journal;
mod keys;
mod lanes;
mod leaving;
mod link;
mod list;
mod mailbox;
mod map;
mod node;
mod once;
mod publications;
mod scripts;
mod servers;
mod sets;
mod slots;
mod transfer;
mod transfer_names;
mod transfer_read;
mod wire;

#[doc(hidden)]
pub use scripts::{NoSuchText, Script, Scripts};

use super::{
    Accept, Accepted, Advance, Advanced, Answer, Claimed, Commit, Committed, Current, Depths, DueContacts, DueLanes, FailedItem,
    FailedKey, Finding, Flip, Flipped, Forget, Forgot, Freeze, Frozen, Held, HoldKey, Inspection, JournalId, JournalItem,
    Judgement, Kept, LaneKey, Linked, ListChange, ListChanged, ListItem, ListMark, Look, Meta, OnceRequest, Outgoing, Overdue,
    Permits, Publish, Published, Rate, Report, Reported, Requested, Settle, Settled, SlowDown, Spend, Spent, StartAnswer,
    StopMask, Store, StoreError, StoreSettings, Ticket, Traffic, WorkSet,
};
use crate::config::redis::RedisSettings;
use crate::domain::id::{ContactKey, DedupeHash, EffectId, Token, VersionId, Who};
use crate::domain::limits::{CLAIMS_COUNTED, CLAIMS_MOST};
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::{Millis, Span};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A store in Redis.
pub struct RedisStore {
    link: link::Link,
    settings: StoreSettings,
    sets: sets::Sets,
    /// One bit for each shard whose journal is over its limit.
    full_journals: AtomicU64,
    hints: Arc<Notify>,
    /// Nothing where it is opened to be moved.
    listener: Option<JoinHandle<()>>,
    whereabouts: String,
}

impl RedisStore {
    /// A store at `url` (`redis://`, `rediss://`). Nothing is asked of Redis yet: `meta` and `check` do that.
    /// Must be called inside a tokio runtime.
    pub fn open(url: &str, settings: StoreSettings) -> Answer<Self> {
        Self::with_scripts(url, settings, Scripts::default())
    }

    /// A store on one server, behind Sentinels or in a cluster. The same holds.
    pub fn connect(redis: &RedisSettings, settings: StoreSettings) -> Answer<Self> {
        Self::connect_with(redis, settings, Scripts::default())
    }

    /// With other scripts: for a simulation that must catch deliberate defects. Nothing in the configuration leads here.
    #[doc(hidden)]
    pub fn with_scripts(url: &str, settings: StoreSettings, scripts: Scripts) -> Answer<Self> {
        let redis = RedisSettings::at(url).map_err(|why| StoreError::Layout(format!("the address of Redis {why}")))?;
        Self::connect_with(&redis, settings, scripts)
    }

    /// Opens a store to move it, or to move another one into it. It listens to nothing, so that it does not count as an instance.
    pub fn connect_to_move(redis: &RedisSettings, settings: StoreSettings) -> Answer<Self> {
        Self::opened(redis, settings, Scripts::default(), false)
    }

    /// The same as `connect` for any scripts.
    #[doc(hidden)]
    pub fn connect_with(redis: &RedisSettings, settings: StoreSettings, scripts: Scripts) -> Answer<Self> {
        Self::opened(redis, settings, scripts, true)
    }

    fn opened(redis: &RedisSettings, settings: StoreSettings, scripts: Scripts, listens: bool) -> Answer<Self> {
        // Another part of the service may have named it already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let link = link::Link::open(redis, &settings, scripts, !listens)?;
        let hints = Arc::new(Notify::new());
        let listener = listens.then(|| tokio::spawn(hints::listen(link.servers(), Arc::clone(&hints))));
        let (sets, full_journals, whereabouts) = (sets::Sets::default(), AtomicU64::new(0), redis.whereabouts());
        Ok(RedisStore { link, settings, sets, full_journals, hints, listener, whereabouts })
    }
}

impl Drop for RedisStore {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

#[async_trait]
impl Store for RedisStore {
    fn shards(&self) -> u8 {
        keys::SHARDS
    }
    fn hints(&self) -> Arc<Notify> {
        Arc::clone(&self.hints)
    }
    async fn accept(&self, accept: Accept) -> Answer<Accepted> {
        self.do_accept(&accept).await
    }
    async fn claim(&self, contact: ContactKey, who: Who) -> Answer<Claimed> {
        self.do_claim(contact, who, CLAIMS_COUNTED).await
    }
    async fn claim_alone(&self, contact: ContactKey, who: Who) -> Answer<Claimed> {
        self.do_claim(contact, who, CLAIMS_MOST).await
    }
    async fn release(&self, contact: ContactKey, token: Token, who: Who, pause: Span) -> Answer<()> {
        self.do_release(contact, token, who, pause).await
    }
    async fn commit(&self, commit: Commit) -> Answer<Committed> {
        self.do_commit(&commit).await
    }
    async fn look(&self, sets: &[WorkSet]) -> Answer<Look> {
        self.do_look(sets).await
    }
    async fn overdue(&self, sets: &[WorkSet], before: Millis, n: usize) -> Answer<Vec<Overdue>> {
        self.do_overdue(sets, before, n).await
    }
    async fn due_contacts(&self, shard: u8, n: usize) -> Answer<DueContacts> {
        self.do_due_contacts(shard, n).await
    }
    async fn due_work(&self, shard: u8, set: &WorkSet, n: usize) -> Answer<DueLanes> {
        self.do_due_work(shard, set, n).await
    }
    async fn start(&self, lane: LaneKey, set: &WorkSet, who: Who, ticket: Option<Ticket>) -> Answer<StartAnswer> {
        self.do_start(lane, set, who, ticket).await
    }
    async fn settle(&self, settle: Settle) -> Answer<Settled> {
        self.do_settle(&settle).await
    }
    async fn report(&self, report: Report) -> Answer<Reported> {
        self.do_report(&report).await
    }
    async fn request(&self, request: OnceRequest) -> Answer<Requested> {
        self.do_request(&request).await
    }
    async fn permits(&self, channel: &ChannelName, traffic: Traffic, want: u32, rate: Rate) -> Answer<Permits> {
        self.do_permits(channel, traffic, want, rate).await
    }
    async fn slow_down(&self, slow_down: SlowDown) -> Answer<f64> {
        self.do_slow_down(&slow_down).await
    }
    async fn spend(&self, spend: Spend) -> Answer<Spent> {
        self.do_spend(&spend).await
    }
    async fn hold(&self, key: HoldKey, body: Bytes) -> Answer<bool> {
        self.do_hold(&key, &body).await
    }
    async fn judge(&self, judgement: Judgement) -> Answer<bool> {
        self.do_judge(&judgement).await
    }
    async fn unhold(&self, key: HoldKey) -> Answer<bool> {
        self.do_unhold(&key).await
    }
    async fn holds(&self) -> Answer<Vec<Held>> {
        self.do_holds().await
    }
    async fn read_journal(&self, shard: u8, after: JournalId, count: usize) -> Answer<Vec<JournalItem>> {
        self.do_read_journal(shard, after, count).await
    }
    async fn cursor(&self, shard: u8, subscriber: &str) -> Answer<JournalId> {
        self.do_cursor(shard, subscriber).await
    }
    async fn advance(&self, advance: Advance) -> Answer<Advanced> {
        self.do_advance(&advance).await
    }
    async fn failed_since(&self, since: Millis, n: usize) -> Answer<(Vec<FailedItem>, bool)> {
        self.do_failed_since(since, n).await
    }
    async fn failed_of(&self, contact: ContactKey) -> Answer<Vec<FailedKey>> {
        self.do_failed_of(contact).await
    }
    async fn failed_retry(&self, key: FailedKey, journal: Bytes) -> Answer<bool> {
        self.do_failed_retry(key, &journal).await
    }
    async fn failed_drop(&self, key: FailedKey, journal: Bytes) -> Answer<bool> {
        self.do_failed_drop(key, &journal).await
    }
    async fn put_version(&self, id: VersionId, content: Bytes) -> Answer<()> {
        self.do_put_version(id, &content).await
    }
    async fn get_version(&self, id: VersionId) -> Answer<Option<Bytes>> {
        self.do_get_version(id).await
    }
    async fn publish(&self, publish: Publish) -> Answer<Published> {
        self.do_publish(&publish).await
    }
    async fn current(&self) -> Answer<Vec<Current>> {
        self.do_current().await
    }
    async fn publications(&self, name: &Slug, before: Option<u64>, n: usize) -> Answer<Vec<Kept>> {
        self.do_publications(name, before, n).await
    }
    async fn published(&self) -> Answer<u64> {
        self.do_published().await
    }
    async fn live(&self, id: VersionId) -> Answer<i64> {
        self.do_live(id).await
    }
    async fn work_sets(&self) -> Answer<Vec<WorkSet>> {
        self.sets.all(&self.link).await
    }
    async fn meta(&self) -> Answer<Meta> {
        self.do_meta().await
    }
    async fn check(&self) -> Answer<Vec<Finding>> {
        self.do_check().await
    }
    async fn depths(&self) -> Answer<Depths> {
        self.do_depths().await
    }
    async fn waiting(&self, sets: &[WorkSet]) -> Answer<Vec<u64>> {
        self.do_waiting(sets).await
    }
    async fn inspect(&self, contact: ContactKey) -> Answer<Option<Inspection>> {
        self.do_inspect(contact).await
    }
    async fn forget(&self, forget: Forget) -> Answer<Forgot> {
        self.do_forget(&forget).await
    }
    async fn own_lanes(&self, contact: ContactKey) -> Answer<Vec<Outgoing>> {
        self.do_own_lanes(contact).await
    }
    async fn suppress(&self, address: ContactKey, stop: StopMask) -> Answer<()> {
        self.do_suppress(address, stop).await
    }
    async fn suppressed(&self, address: ContactKey) -> Answer<StopMask> {
        self.do_suppressed(address).await
    }
    async fn list_change(&self, change: ListChange) -> Answer<ListChanged> {
        self.do_list_change(&change).await
    }
    async fn list_find(&self, address: ContactKey) -> Answer<Option<Bytes>> {
        self.do_list_find(address).await
    }
    async fn list_page(&self, before: Option<u64>, n: usize) -> Answer<Vec<ListItem>> {
        self.do_list_page(before, n).await
    }
    async fn list_after(&self, after: u64, n: usize) -> Answer<Vec<(u64, ContactKey)>> {
        self.do_list_after(after, n).await
    }
    async fn list_mark(&self) -> Answer<ListMark> {
        self.do_list_mark().await
    }
    async fn freeze(&self, freeze: Freeze) -> Answer<Frozen> {
        self.do_freeze(&freeze).await
    }
    async fn remember(&self, contact: ContactKey, seen: Vec<DedupeHash>, awaited: Vec<EffectId>) -> Answer<()> {
        self.do_remember(contact, &seen, &awaited).await
    }
    async fn flip(&self, flip: Flip) -> Answer<Flipped> {
        self.do_flip(&flip).await
    }
    async fn link(&self, address: ContactKey, to: ContactKey) -> Answer<Linked> {
        self.do_link(address, to, true).await
    }
    async fn unlink(&self, address: ContactKey, to: ContactKey) -> Answer<()> {
        self.do_link(address, to, false).await.map(|_| ())
    }
    async fn compact(&self) -> Answer<()> {
        self.do_compact().await
    }
    async fn now(&self) -> Answer<Millis> {
        self.do_now().await
    }
}
