//! The embedded store: one SQLite file, one process, the same contract. One thread writes (`writer`), the operations are
//! statements inside its transaction (`mailbox`, `lanes`, `records`), reads go past it (`view`).

pub mod backup;
mod file;
mod hold;
mod lanes;
mod leaving;
mod list;
mod mailbox;
mod once;
mod pace;
mod publications;
mod records;
mod tables;
mod transfer;
mod transfer_read;
mod view;
mod writer;

use super::pace::Pace;
use super::request::Bucket;
use super::{
    Accept, Accepted, Advance, Advanced, Answer, Claimed, Commit, Committed, Current, Depths, DueContacts, DueLanes, FailedItem,
    FailedKey, Finding, Flip, Flipped, Forget, Forgot, Freeze, Frozen, Held, HoldKey, Inspection, JournalId, JournalItem,
    Judgement, Kept, LaneKey, Linked, ListChange, ListChanged, ListItem, ListMark, Look, Meta, OnceRequest, Outgoing, Overdue,
    Permits, Publish, Published, Rate, Report, Reported, RequestStep, Requested, Settle, Settled, SlowDown, Spend, Spent,
    StartAnswer, StopMask, Store, StoreError, StoreSettings, Ticket, Traffic, WorkSet,
};
use crate::domain::id::{ContactKey, DedupeHash, EffectId, Token, VersionId, Who};
use crate::domain::limits::{CLAIMS_COUNTED, CLAIMS_MOST};
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::{Millis, Span};
use async_trait::async_trait;
use bytes::Bytes;
use file::Place;
use rusqlite::Connection;
use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tables::Tables;
use tokio::sync::{Notify, oneshot};
use writer::{Compactions, Job, Request, Writer};

/// Requests that may wait for the writer.
const WAITING: usize = 8_192;
/// Connections for reading that are kept open.
const READERS: usize = 4;

/// A store in a folder.
pub struct EmbeddedStore {
    place: Arc<Place>,
    settings: StoreSettings,
    /// Nothing after the writer has ended.
    jobs: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    readers: Arc<Mutex<Vec<Connection>>>,
    hints: Arc<Notify>,
    compactions: Compactions,
    journal_full: AtomicBool,
    /// When each channel's bucket is full again. Lost in a restart: then one burst is granted early.
    buckets: Mutex<HashMap<ChannelName, (Bucket, Pace)>>,
}

impl EmbeddedStore {
    /// Opens the store in `folder`, makes it if there is none, and takes it for this process alone. What an earlier process
    /// had claimed lapses at once; what it was sending is unsure.
    pub fn open(folder: &Path, settings: StoreSettings) -> Answer<Self> {
        let place = Place::take(folder)?;
        let db = place.writer()?;
        let now = writer::now(&settings.clock);
        Tables { db: &db, now, settings: &settings, tickets: &Cell::new(0) }.lapse()?;
        Self::start(place, db, settings)
    }

    /// Opens a store beside the process that serves it, for an operator's command.
    pub fn open_beside(folder: &Path, settings: StoreSettings) -> Answer<Self> {
        let place = Place::beside(folder)?;
        let db = place.writer()?;
        Self::start(place, db, settings)
    }

    /// Opens a store to move it, or to move another one into it: takes it for this process alone, whatever marks say, and leaves all as it is.
    /// With `make` a store is made where none is.
    pub fn open_to_move(folder: &Path, settings: StoreSettings, make: bool) -> Answer<Self> {
        if !make && !Place::has_store(folder) {
            return Err(StoreError::Unavailable(format!("there is no store in {}", folder.display())));
        }
        let place = Place::take_to_move(folder)?;
        let db = place.writer()?;
        Self::start(place, db, settings)
    }

    fn start(place: Place, db: Connection, settings: StoreSettings) -> Answer<Self> {
        let (place, hints, compactions) = (Arc::new(place), Arc::new(Notify::new()), Compactions::default());
        let (jobs, waiting) = sync_channel::<Box<dyn Job>>(WAITING);
        let writer = Writer::new(Arc::clone(&place), settings.clone(), Arc::clone(&hints), db, Arc::clone(&compactions));
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(&waiting))
            .map_err(|e| StoreError::Unavailable(format!("no thread for the store: {e}")))?;
        Ok(EmbeddedStore {
            place,
            settings,
            jobs: Some(jobs),
            thread: Some(thread),
            readers: Arc::default(),
            hints,
            compactions,
            journal_full: AtomicBool::new(false),
            buckets: Mutex::default(),
        })
    }

    /// Puts a request into the writer's next batch; its answer comes when the disk has it.
    async fn write<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnMut(&Tables<'_>) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let (request, answer) = Request::new(bytes, work);
        let gone = || StoreError::Unavailable("the store's writer has ended".to_owned());
        match self.jobs.as_ref().ok_or_else(gone)?.try_send(Box::new(request)) {
            Ok(()) => answer.await.map_err(|_| gone())?,
            Err(TrySendError::Full(_)) => Err(StoreError::Unavailable(format!("{WAITING} requests wait for the disk"))),
            Err(TrySendError::Disconnected(_)) => Err(gone()),
        }
    }

    /// Reads on a connection of its own.
    async fn read<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> Answer<T> + Send + 'static) -> Answer<T> {
        let (readers, place) = (Arc::clone(&self.readers), Arc::clone(&self.place));
        let task = tokio::task::spawn_blocking(move || {
            let pool = || readers.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = pool().pop();
            let db = match kept {
                Some(db) => db,
                None => place.reader()?,
            };
            let result = work(&db);
            let mut pool = pool();
            // After an error the connection may be no good.
            if result.is_ok() && pool.len() < READERS {
                pool.push(db);
            }
            result
        });
        task.await.map_err(|_| StoreError::Bug("a read of the store panicked".to_owned()))?
    }

    fn time(&self) -> Millis {
        writer::now(&self.settings.clock)
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // The last batch is written and the lock is free before the store is gone.
            let _ = thread.join();
        }
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    /// Its folder is locked.
    fn is_shared(&self) -> bool {
        false
    }

    fn shards(&self) -> u8 {
        1
    }
    fn hints(&self) -> Arc<Notify> {
        Arc::clone(&self.hints)
    }
    async fn accept(&self, accept: Accept) -> Answer<Accepted> {
        if self.journal_full.load(Ordering::Relaxed) {
            return Err(StoreError::Full("the journal has reached journal.max_bytes".to_owned()));
        }
        self.write(accept.body.len(), move |tables| tables.accept(&accept)).await
    }
    async fn claim(&self, contact: ContactKey, who: Who) -> Answer<Claimed> {
        self.write(0, move |tables| tables.claim(contact, who, CLAIMS_COUNTED)).await
    }
    async fn claim_alone(&self, contact: ContactKey, who: Who) -> Answer<Claimed> {
        self.write(0, move |tables| tables.claim(contact, who, CLAIMS_MOST)).await
    }
    async fn release(&self, contact: ContactKey, token: Token, who: Who, pause: Span) -> Answer<()> {
        self.write(0, move |tables| tables.release(contact, token, who, pause)).await
    }
    async fn commit(&self, commit: Commit) -> Answer<Committed> {
        commit.check()?;
        let effects: usize = commit.lanes.iter().flat_map(|push| &push.effects).map(|effect| effect.body.len()).sum();
        let bytes = commit.blob.len() + commit.journal.len() + effects;
        self.write(bytes, move |tables| tables.commit(&commit)).await
    }
    async fn look(&self, sets: &[WorkSet]) -> Answer<Look> {
        let (sets, now) = (sets.to_vec(), self.time());
        self.read(move |db| view::look(db, now, &sets)).await
    }
    async fn overdue(&self, sets: &[WorkSet], before: Millis, n: usize) -> Answer<Vec<Overdue>> {
        let sets = sets.to_vec();
        self.read(move |db| view::overdue(db, &sets, before, n)).await
    }
    async fn due_contacts(&self, _shard: u8, n: usize) -> Answer<DueContacts> {
        self.write(0, move |tables| tables.due_contacts(n)).await
    }
    async fn due_work(&self, _shard: u8, set: &WorkSet, n: usize) -> Answer<DueLanes> {
        let set = set.clone();
        self.write(0, move |tables| tables.due_work(&set, n)).await
    }
    async fn start(&self, lane: LaneKey, set: &WorkSet, who: Who, ticket: Option<Ticket>) -> Answer<StartAnswer> {
        let set = set.clone();
        self.write(0, move |tables| tables.start(lane, &set, who, ticket)).await
    }
    async fn settle(&self, settle: Settle) -> Answer<Settled> {
        let more = [settle.reply.as_ref().map(|(_, body)| body), settle.instead.as_ref().map(|(_, body)| body)];
        let bytes = settle.journal.len() + more.into_iter().flatten().map(Bytes::len).sum::<usize>();
        self.write(bytes, move |tables| tables.settle(&settle)).await
    }
    async fn report(&self, report: Report) -> Answer<Reported> {
        self.write(report.journal.len(), move |tables| tables.report(&report)).await
    }
    async fn request(&self, request: OnceRequest) -> Answer<Requested> {
        let bytes = if let RequestStep::Answer(answer) = &request.step { answer.len() } else { 0 };
        self.write(bytes, move |tables| tables.request(&request)).await
    }
    async fn permits(&self, channel: &ChannelName, traffic: Traffic, want: u32, rate: Rate) -> Answer<Permits> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let (bucket, pace) = buckets.entry(channel.clone()).or_default();
        let now = self.time();
        if let Some(wait) = pace.pause(now) {
            return Ok(Permits { granted: 0, wait });
        }
        let (permits, after) = pace.left(now, rate).take_for(traffic, now, *bucket, want);
        *bucket = after;
        Ok(permits)
    }
    async fn slow_down(&self, slow_down: SlowDown) -> Answer<f64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, pace) = buckets.entry(slow_down.channel.clone()).or_default();
        let now = self.time();
        *pace = pace.slowed(now, &slow_down);
        Ok(pace.factor(now))
    }
    async fn spend(&self, spend: Spend) -> Answer<Spent> {
        self.write(0, move |tables| tables.spend(&spend)).await
    }
    async fn hold(&self, key: HoldKey, body: Bytes) -> Answer<bool> {
        self.write(body.len(), move |tables| tables.hold(&key, &body)).await
    }
    async fn judge(&self, judgement: Judgement) -> Answer<bool> {
        self.write(judgement.body.as_ref().map_or(0, Bytes::len), move |tables| tables.judge(&judgement)).await
    }
    async fn unhold(&self, key: HoldKey) -> Answer<bool> {
        self.write(0, move |tables| tables.unhold(&key)).await
    }
    async fn holds(&self) -> Answer<Vec<Held>> {
        self.read(hold::holds).await
    }
    async fn read_journal(&self, _shard: u8, after: JournalId, count: usize) -> Answer<Vec<JournalItem>> {
        self.read(move |db| view::journal(db, after, count)).await
    }
    async fn cursor(&self, _shard: u8, subscriber: &str) -> Answer<JournalId> {
        let subscriber = subscriber.to_owned();
        self.read(move |db| view::cursor(db, &subscriber)).await
    }
    async fn advance(&self, advance: Advance) -> Answer<Advanced> {
        self.write(0, move |tables| tables.advance(&advance)).await
    }
    async fn failed_since(&self, since: Millis, n: usize) -> Answer<(Vec<FailedItem>, bool)> {
        self.read(move |db| view::failed(db, since, n)).await
    }
    async fn failed_of(&self, contact: ContactKey) -> Answer<Vec<FailedKey>> {
        self.read(move |db| view::failed_of(db, contact)).await
    }
    async fn failed_retry(&self, key: FailedKey, journal: Bytes) -> Answer<bool> {
        self.write(journal.len(), move |tables| tables.failed_retry(key, &journal)).await
    }
    async fn failed_drop(&self, key: FailedKey, journal: Bytes) -> Answer<bool> {
        self.write(journal.len(), move |tables| tables.failed_drop(key, &journal)).await
    }
    async fn put_version(&self, id: VersionId, content: Bytes) -> Answer<()> {
        self.write(content.len(), move |tables| tables.put_version(id, &content)).await
    }
    async fn get_version(&self, id: VersionId) -> Answer<Option<Bytes>> {
        self.read(move |db| view::version(db, id)).await
    }
    async fn publish(&self, publish: Publish) -> Answer<Published> {
        self.write(publish.body.len(), move |tables| tables.publish(&publish)).await
    }
    async fn current(&self) -> Answer<Vec<Current>> {
        self.read(publications::current).await
    }
    async fn publications(&self, name: &Slug, before: Option<u64>, n: usize) -> Answer<Vec<Kept>> {
        let name = name.clone();
        self.read(move |db| publications::publications(db, &name, before, n)).await
    }
    async fn published(&self) -> Answer<u64> {
        self.read(publications::published).await
    }
    async fn live(&self, id: VersionId) -> Answer<i64> {
        self.read(move |db| view::live(db, id)).await
    }
    async fn work_sets(&self) -> Answer<Vec<WorkSet>> {
        self.read(view::work_sets).await
    }
    async fn meta(&self) -> Answer<Meta> {
        self.read(|db| view::secret(db).map(Meta::of)).await
    }
    async fn check(&self) -> Answer<Vec<Finding>> {
        self.read(view::check).await
    }
    async fn depths(&self) -> Answer<Depths> {
        let now = self.time();
        let depths = self.read(move |db| view::depths(db, now)).await?;
        self.journal_full.store(depths.journal_bytes > self.settings.journal_max_bytes, Ordering::Relaxed);
        Ok(depths)
    }
    async fn waiting(&self, sets: &[WorkSet]) -> Answer<Vec<u64>> {
        let sets = sets.to_vec();
        self.read(move |db| view::waiting(db, &sets)).await
    }
    async fn inspect(&self, contact: ContactKey) -> Answer<Option<Inspection>> {
        self.read(move |db| view::inspect(db, contact)).await
    }
    async fn forget(&self, forget: Forget) -> Answer<Forgot> {
        forget.check()?;
        self.write(forget.journal.iter().map(Bytes::len).sum(), move |tables| tables.forget(&forget)).await
    }
    async fn own_lanes(&self, contact: ContactKey) -> Answer<Vec<Outgoing>> {
        self.read(move |db| leaving::own_lanes(db, contact)).await
    }
    async fn suppress(&self, address: ContactKey, stop: StopMask) -> Answer<()> {
        self.write(0, move |tables| tables.suppress(address, stop)).await
    }
    async fn suppressed(&self, address: ContactKey) -> Answer<StopMask> {
        self.read(move |db| view::suppressed(db, address)).await
    }
    async fn list_change(&self, change: ListChange) -> Answer<ListChanged> {
        self.write(change.now.as_ref().map_or(0, Bytes::len), move |tables| tables.list_change(&change)).await
    }
    async fn list_find(&self, address: ContactKey) -> Answer<Option<Bytes>> {
        self.read(move |db| list::find(db, address)).await
    }
    async fn list_page(&self, before: Option<u64>, n: usize) -> Answer<Vec<ListItem>> {
        self.read(move |db| list::page(db, before, n)).await
    }
    async fn list_after(&self, after: u64, n: usize) -> Answer<Vec<(u64, ContactKey)>> {
        self.read(move |db| list::after(db, after, n)).await
    }
    async fn list_mark(&self) -> Answer<ListMark> {
        self.read(list::mark).await
    }
    async fn freeze(&self, freeze: Freeze) -> Answer<Frozen> {
        self.write(0, move |tables| tables.freeze(&freeze)).await
    }
    async fn remember(&self, contact: ContactKey, seen: Vec<DedupeHash>, awaited: Vec<EffectId>) -> Answer<()> {
        let size = seen.len() * 16 + awaited.len() * 20;
        self.write(size, move |tables| tables.remember(contact, &seen).and_then(|()| tables.awaits(contact, &awaited))).await
    }
    async fn flip(&self, flip: Flip) -> Answer<Flipped> {
        self.write(flip.journal.len(), move |tables| tables.flip(&flip)).await
    }
    async fn link(&self, address: ContactKey, to: ContactKey) -> Answer<Linked> {
        self.write(0, move |tables| tables.link(address, to)).await
    }
    async fn unlink(&self, address: ContactKey, to: ContactKey) -> Answer<()> {
        self.write(0, move |tables| tables.unlink(address, to)).await
    }
    async fn compact(&self) -> Answer<()> {
        let (waits, done) = oneshot::channel();
        self.compactions.lock().unwrap_or_else(PoisonError::into_inner).push(waits);
        // Whatever it writes next, it looks here afterwards.
        self.write(0, |_| Ok(())).await?;
        done.await.map_err(|_| StoreError::Unavailable("the store's writer has ended".to_owned()))?
    }
    async fn now(&self) -> Answer<Millis> {
        Ok(self.time())
    }
}
