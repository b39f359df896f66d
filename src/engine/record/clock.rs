//! A contact's own clock: the store's, and as much ahead as it was moved.

use crate::domain::time::{Millis, Span};
use serde::{Deserialize, Serialize};

/// How far a contact's clock is ahead of the store's, and where it is being moved to.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Clock {
    /// So far ahead of the store's clock. Not negative.
    #[serde(rename = "a", default)]
    pub ahead: Span,
    /// Until when it is to be moved yet.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
}

/// Where a contact's clock is being moved to. Timers on the way come first, each at its own moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// The moment, by the contact's own clock.
    #[serde(rename = "u")]
    pub until: Millis,
    /// Steps that the move may still take.
    #[serde(rename = "n")]
    pub steps: u16,
}

impl Clock {
    /// Whether it is the store's clock.
    pub(in crate::engine) fn is_plain(&self) -> bool {
        *self == Clock::default()
    }
}
