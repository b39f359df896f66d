//! Test data that goes: test contacts of whom nothing was heard for long, and all that belongs to test at once. Each contact goes as any other does
//! (`forget`), so the store, files and the record agree whatever dies in between; what is asked again goes on.

use super::core::Core;
use super::forget::{Erased, Eraser};
use crate::domain::codec;
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::time::{Millis, Span};
use crate::engine::record::Record;
use crate::history::trials::{Place, all, left, quiet, rest};
use crate::history::{Database, HistoryError};
use crate::store::{Answer, StoreError};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// Who deletes what is too old.
const KEEPING: &str = "history.keep_test";
/// Between two looks at what the record has taken in.
const LOOK: Duration = Duration::from_millis(200);
/// How long it is waited for the record, which learns of deletions from the journal.
const SETTLED: Duration = Duration::from_secs(5);

/// What was deleted of test data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
#[schema(as = TestDataDeleted)]
pub struct Cleared {
    /// Test contacts that were deleted now, with everything that belongs to them.
    pub contacts: u64,
    /// What the record still has: contacts and broadcasts that are worked on at this moment. It goes when the same is asked again.
    pub left: u64,
}

/// Why nothing more was deleted.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The store says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record does.
    #[error(transparent)]
    Record(#[from] HistoryError),
}

/// Deletes all test data; contacts for so long at most.
pub async fn clear(eraser: &Eraser<'_>, record: &Database, by: &str, patience: Duration) -> Result<Cleared, Trouble> {
    let until = eraser.clock.monotonic() + patience;
    let (mut done, mut after) = (Cleared::default(), Place::default());
    'pages: loop {
        let page = all(record, &after).await?;
        for (place, contact) in &page {
            if eraser.clock.monotonic() >= until {
                break 'pages;
            }
            done.contacts += u64::from(matches!(eraser.erase(*contact, by).await?, Erased::Done(_)));
            after = place.clone();
        }
        if page.is_empty() {
            break;
        }
    }
    let settled = eraser.clock.monotonic() + SETTLED;
    loop {
        record.write(rest(eraser.store.now().await?)).await?;
        done.left = left(record).await?;
        if done.left == 0 || eraser.clock.monotonic() >= settled {
            return Ok(done);
        }
        eraser.clock.sleep(LOOK).await;
    }
}

impl Core {
    /// Deletes all test data, for so long at most.
    pub async fn clear_trials(&self, record: &Database, by: &str, patience: Duration) -> Result<Cleared, Trouble> {
        let cleared = clear(&Eraser { forgets_stops: true, ..self.eraser() }, record, by, patience).await?;
        tracing::info!(contacts = cleared.contacts, left = cleared.left, by, "test data was deleted");
        Ok(cleared)
    }

    /// Deletes test contacts to whom nothing happened for so long; says how many.
    pub async fn tidy_trials(&self, record: &Database, keep: Span) -> Result<u64, Trouble> {
        let now = self.store.now().await?;
        let before = now - keep;
        let (mut gone, mut after) = (0, Place::default());
        let eraser = Eraser { forgets_stops: true, ..self.eraser() };
        loop {
            let page = quiet(record, before, now, &after).await?;
            for (place, contact) in &page {
                if self.rests_since(*contact, before).await? {
                    gone += u64::from(matches!(eraser.erase(*contact, KEEPING).await?, Erased::Done(_)));
                }
                after = place.clone();
            }
            if page.is_empty() {
                return Ok(gone);
            }
        }
    }

    /// Whether it is a test contact for whom nothing was done since a moment of the store's own clock.
    async fn rests_since(&self, contact: ContactKey, before: Millis) -> Answer<bool> {
        let Some(found) = self.store.inspect(contact).await? else { return Ok(false) };
        let tried = codec::mode_of(&found.record.blob) == Mode::Test && found.mailbox.is_empty() && found.lane.is_empty();
        Ok(tried && Record::decode(&found.record.blob).is_ok_and(|record| record.last - record.clock.ahead < before))
    }
}
