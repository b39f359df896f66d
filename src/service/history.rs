//! History: the journal taken into a database, entry by entry. It guards trimming: an entry leaves the store only after it is there. That it is
//! taken in exactly once is the database's part: `crate::history`.

use super::core::{Core, duration};
use super::metrics;
use crate::domain::codec;
use crate::domain::id::ContactKey;
use crate::domain::journal::{Entry, Event};
use crate::domain::time::Millis;
pub use crate::history::HistoryError;
use crate::history::Writer;
use crate::store::{Advance, Advanced, Answer, JournalId, JournalItem, JournalRecord};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The name of history's cursor.
pub const SUBSCRIBER: &str = "history";
/// Entries that are copied at once.
const BATCH: usize = 500;

/// How far it is followed that entries of one shard must come before those of another, and how many batches of it at once.
const DEEP: usize = 4;
const AT_ONCE: usize = 200;

/// Where history goes.
#[async_trait]
pub trait HistorySink: Send + Sync {
    /// Keeps these entries of one shard durably; those that are already there stay as they are. `now` is the wall clock.
    async fn append(&self, shard: u8, items: Vec<JournalItem>, now: Millis) -> Result<(), HistoryError>;

    /// Remembers durably that files of a deleted contact, of before a moment, could not be deleted yet.
    async fn owe_files(&self, _contact: ContactKey, _until: Millis) -> Result<(), HistoryError> {
        Ok(())
    }

    /// One part of what is to be done before the first entry comes; false when there is nothing left.
    async fn prepare(&self) -> Result<bool, HistoryError> {
        Ok(false)
    }

    /// Deletes a bite of what is too old; true if there may be more. `now` is the wall clock.
    async fn tidy(&self, _now: Millis) -> Result<bool, HistoryError> {
        Ok(false)
    }
}

#[async_trait]
impl HistorySink for Writer {
    async fn append(&self, shard: u8, items: Vec<JournalItem>, now: Millis) -> Result<(), HistoryError> {
        Writer::append(self, shard, items, now).await.map(|_| ())
    }

    async fn prepare(&self) -> Result<bool, HistoryError> {
        if self.take_over().await? {
            return Ok(true);
        }
        let folded = self.fold_unread().await?;
        if folded > 0 {
            tracing::info!(folded, "entries that an older release could not read are in the record now");
        }
        Ok(false)
    }

    async fn owe_files(&self, contact: ContactKey, until: Millis) -> Result<(), HistoryError> {
        Writer::owe_files(self, contact, until).await
    }

    async fn tidy(&self, now: Millis) -> Result<bool, HistoryError> {
        Writer::tidy(self, now).await
    }
}

/// What one step of the feeder did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fed {
    /// Entries that were copied.
    pub copied: usize,
    /// Whether a shard has more; call again at once.
    pub more: bool,
    /// Shards that could not be read or written now.
    pub failed: usize,
}

/// The next shard to begin with, so that a busy one does not starve the others.
#[derive(Debug, Default)]
pub struct Turnstile {
    first: AtomicUsize,
    /// Shards that another instance copies, and until when they are left to it.
    left: Mutex<HashMap<u8, Duration>>,
}

impl Core {
    /// One step: every shard once, at most a batch each. To be called again and again by one task of an instance; two
    /// instances do no harm.
    pub async fn feed_history(&self, sink: &dyn HistorySink) -> Fed {
        let shards = usize::from(self.store.shards()).max(1);
        let first = self.history_turn.first.fetch_add(1, Ordering::Relaxed);
        let mut fed = Fed { copied: 0, more: false, failed: 0 };
        for n in 0..shards {
            let shard = u8::try_from((first + n) % shards).unwrap_or(0);
            if self.is_left(shard) {
                continue;
            }
            match self.feed_shard(shard, sink, 0).await {
                Ok(copied) => {
                    fed.copied += copied;
                    fed.more |= copied == BATCH;
                }
                Err(error) => {
                    tracing::warn!(shard, %error, "history does not advance");
                    fed.failed += 1;
                }
            }
        }
        ::metrics::counter!(metrics::HISTORY).increment(fed.copied as u64);
        fed
    }

    fn feed_shard<'a>(&'a self, shard: u8, sink: &'a dyn HistorySink, deep: usize) -> BoxFuture<'a, Result<usize, FeedError>> {
        Box::pin(self.feed_batch(shard, sink, deep))
    }

    async fn feed_batch(&self, shard: u8, sink: &dyn HistorySink, deep: usize) -> Result<usize, FeedError> {
        let from = self.history_cursor(shard).await?;
        let items = self.store.read_journal(shard, from, BATCH).await?;
        let Some(to) = items.last().map(|item| item.id) else {
            return Ok(0);
        };
        let copied = items.len();
        for (contact, until) in self.follow_deletions(&items).await? {
            sink.owe_files(contact, until).await?;
        }
        if deep < DEEP {
            for other in before(&items, shard, self.store.shards()) {
                // To where it ends by now: what matters was written before this was.
                for _ in 0..AT_ONCE {
                    if self.feed_shard(other, sink, deep + 1).await? < BATCH {
                        break;
                    }
                }
            }
        }
        // Durable there before it may be trimmed here.
        sink.append(shard, items, self.clock.wall()).await?;
        let advance = Advance { shard, subscriber: SUBSCRIBER.to_owned(), from, to, guard: true };
        match self.store.advance(advance).await {
            Ok(Advanced::Ok) => self.history_at(shard, Some(to)),
            // Another instance was faster: go on from there.
            Ok(Advanced::Stale(there)) => {
                self.history_at(shard, Some(there));
                self.leave(shard);
            }
            Err(error) => {
                self.history_at(shard, None);
                return Err(error.into());
            }
        }
        Ok(copied)
    }

    /// Whether another instance copies this shard. With several, entries of one contact are best kept in one place.
    fn is_left(&self, shard: u8) -> bool {
        let left = self.history_turn.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.get(&shard).is_some_and(|until| self.clock.monotonic() < *until)
    }

    fn leave(&self, shard: u8) {
        let apart = duration(self.settings.history_apart);
        if !apart.is_zero() {
            let mut left = self.history_turn.left.lock().unwrap_or_else(PoisonError::into_inner);
            left.insert(shard, self.clock.monotonic() + apart);
        }
    }

    /// Where the cursor stands, from memory if this instance moved it last. The store's answer to a move is the truth.
    async fn history_cursor(&self, shard: u8) -> Answer<JournalId> {
        if let Some(known) = self.history_known(shard) {
            return Ok(known);
        }
        let at = self.store.cursor(shard, SUBSCRIBER).await?;
        self.history_at(shard, Some(at));
        Ok(at)
    }
}

#[derive(Debug, thiserror::Error)]
enum FeedError {
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error(transparent)]
    Sink(#[from] HistoryError),
}

/// Shards of which everything comes first: those of contacts of whom these entries say that they became part of another, or that they are deleted
/// with one. What they said before is moved then, or deleted, and must be there.
fn before(items: &[JournalItem], shard: u8, shards: u8) -> BTreeSet<u8> {
    let mut before = BTreeSet::new();
    if shards <= 1 {
        return before;
    }
    for item in items {
        let JournalRecord::Entry(body) = &item.record else { continue };
        // Most entries say neither, and need not be read for this.
        let says = |word: &str| body.windows(word.len()).any(|window| window == word.as_bytes());
        if !says("took_in") && !says("forgotten") {
            continue;
        }
        let Ok(Entry { contact, events, .. }) = codec::decode_in::<Entry>(body).map(|(_, entry)| entry) else { continue };
        before.extend(events.iter().filter_map(|event| match event {
            Event::TookIn { from } => Some(from.shard()),
            Event::Forgotten => Some(contact.shard()),
            _ => None,
        }));
    }
    before.remove(&shard);
    before
}
