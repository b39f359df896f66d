//! Which of our messages a report is about where the provider names it by its own id alone. What this instance sent lately it knows by
//! itself; what others sent, or this one before it was started, the record knows, a moment after it was sent.

use super::core::Core;
use super::quoted::Quoted;
use crate::domain::id::SendRef;
use crate::domain::message::DeliveryStatus;
use crate::domain::mode::Mode;
use crate::domain::name::ChannelName;
use crate::history::Database;
use crate::history::read::sent_as;
use crate::provider::StatusReport;
use crate::store::{Answer, StoreError};
use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The record is a moment behind what happens: so long it is asked about an id that it does not know, and so often.
const BEHIND: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_millis(500);
/// Reports that wait for the record at one time. For further ones it is asked once: where somebody else sends over the same account,
/// most are about messages that nobody here knows.
const WAITING: usize = 64;

/// What is known of messages by their provider's id.
pub(super) struct SentAs {
    lately: Quoted<SendRef>,
    record: OnceLock<Database>,
    waiting: Semaphore,
}

impl Default for SentAs {
    fn default() -> Self {
        SentAs { lately: Quoted::default(), record: OnceLock::new(), waiting: Semaphore::new(WAITING) }
    }
}

impl fmt::Debug for SentAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SentAs")
    }
}

impl SentAs {
    /// The provider took a message of ours under this id.
    pub fn remember(&self, channel: &ChannelName, id: &str, message: SendRef) {
        self.lately.remember(channel, id, message);
    }

    /// Our message with this id, if this instance sent it lately.
    pub fn lately(&self, channel: &ChannelName, id: &str) -> Option<SendRef> {
        self.lately.find(channel, id)
    }
}

impl Core {
    /// Where messages are looked up that this instance did not send. Without it they are not known.
    pub fn reads_the_record(&self, record: Database) {
        let _ = self.reported.record.set(record);
    }

    /// The message that a report is about. `Unavailable` where the record cannot be asked: then the report is to come again.
    pub(super) async fn reported_on(&self, mode: Mode, report: &StatusReport) -> Answer<Option<SendRef>> {
        if report.send.is_some() || mode != Mode::Live {
            return Ok(report.send);
        }
        if let Some(send) = self.reported.lately(&report.channel, &report.id) {
            return Ok(Some(send));
        }
        let by_its_id = self.channel(&report.channel).is_some_and(|channel| channel.adapter.reports_by_its_id());
        // That a message was taken in decides nothing.
        match self.reported.record.get() {
            Some(record) if by_its_id && report.status != DeliveryStatus::Queued => self.ask_the_record(record, report).await,
            Some(_) | None => Ok(None),
        }
    }

    async fn ask_the_record(&self, record: &Database, report: &StatusReport) -> Answer<Option<SendRef>> {
        let waits = self.reported.waiting.try_acquire().ok();
        let until = self.clock.monotonic() + BEHIND;
        loop {
            let found = sent_as(record, &report.channel, &report.id).await.map_err(|error| {
                tracing::error!(channel = %report.channel, %error, "which message a report is about could not be looked up");
                StoreError::Unavailable("the record of messages does not answer".to_owned())
            })?;
            if let Some(send) = found {
                // The next report on it comes soon.
                self.reported.remember(&report.channel, &report.id, send);
                return Ok(Some(send));
            }
            if waits.is_none() || self.clock.monotonic() >= until {
                return Ok(None);
            }
            self.clock.sleep(AGAIN).await;
            // A report may be faster than the answer to the message.
            if let Some(send) = self.reported.lately(&report.channel, &report.id) {
                return Ok(Some(send));
            }
        }
    }
}
