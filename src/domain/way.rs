//! What the journal says of notifications on their way.

use super::address::Address;
use super::id::{EffectId, RunId};
use super::name::Slug;
use super::time::Millis;
use serde::{Deserialize, Serialize};

/// What became of a notification on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// The run that sent it off.
    pub run: RunId,
    /// The notification.
    pub notification: Slug,
    /// The message that this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<EffectId>,
    /// What.
    pub step: Step,
    /// Why, in one line.
    pub reason: String,
    /// Whom it goes to, if that is somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Address>,
}

/// What becomes of a notification on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It is held until its hours begin.
    Held {
        /// When, by the contact's own clock.
        until: Millis,
    },
    /// A place of its route was passed over.
    Skipped,
    /// The next of its route is tried.
    MovedOn,
    /// It came as far as it must.
    Arrived,
    /// Its route is used up.
    UsedUp,
    /// It goes no further: what it was for is over.
    Dropped,
    /// It goes to somebody else: `Way::to`.
    Passed,
    /// It came from a run of somebody else.
    Came,
}
