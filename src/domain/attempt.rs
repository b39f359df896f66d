//! How attempts of effects end.

use super::message::FailureReason;
use serde::{Deserialize, Serialize};

/// How an attempt of an effect ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The other side took it.
    Accepted,
    /// It will be tried again, surely not done.
    Retry,
    /// It will be tried again and may have been done.
    RetryUnsure,
    /// It failed for good.
    Failed {
        /// Why.
        reason: FailureReason,
    },
    /// Nobody knows whether it was done, and the policy says not to repeat it.
    Unsure,
}
