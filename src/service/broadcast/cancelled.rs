//! Broadcasts that somebody cancelled: what of them has not left does not leave. Every instance looks now and then which they are, and whoever is about to
//! send a message of one gives it up. Who wrote back has a conversation by then, and that goes on.

use crate::domain::broadcast::BroadcastId;
use crate::history::broadcasts::moves;
use crate::history::{Database, HistoryError};
use crate::service::core::Core;
use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

impl Core {
    /// Looks which broadcasts were cancelled by now.
    pub async fn follow_cancelled(&self, record: &Database) -> Result<(), HistoryError> {
        self.cancelled.follow(record).await
    }

    /// Whether this instance knows that this broadcast was cancelled: nothing of it leaves here any more.
    pub fn knows_cancelled(&self, broadcast: BroadcastId) -> bool {
        self.cancelled.has(broadcast)
    }
}

/// So many are remembered, the newest.
const MOST: usize = 10_000;

/// Which they are, as far as this instance knows.
#[derive(Debug, Default)]
pub struct Cancelled(RwLock<HashSet<BroadcastId>>);

impl Cancelled {
    /// Whether it is known that this one was cancelled.
    pub fn has(&self, broadcast: BroadcastId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&broadcast)
    }

    /// Looks which they are by now.
    pub async fn follow(&self, record: &Database) -> Result<(), HistoryError> {
        let now: HashSet<BroadcastId> = moves::cancelled(record, MOST).await?.into_iter().collect();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if *known != now {
            *known = now;
        }
        Ok(())
    }
}
