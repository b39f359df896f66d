//! Questions that were closed without an answer, so that a late reply is known as one.

use super::{Vars, compact};
use crate::domain::id::{EffectId, RunId, VersionId};
use crate::domain::input::Callback;
use crate::domain::limits;
use crate::domain::name::Slug;
use crate::domain::time::Millis;
use serde::{Deserialize, Serialize};

fn no(b: &bool) -> bool {
    !*b
}

fn none<T>(value: &Option<T>) -> bool {
    value.is_none()
}

/// A question that was closed without an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unanswered {
    /// The flow that asked.
    #[serde(rename = "f")]
    pub flow: Slug,
    /// When it was closed.
    #[serde(rename = "a")]
    pub at: Millis,
    /// Whether a run began since.
    #[serde(rename = "p", default, skip_serializing_if = "no")]
    pub past: bool,
    /// Its last message, by which a reply may quote it.
    #[serde(rename = "e", default, with = "compact::maybe_effect", skip_serializing_if = "none")]
    pub question: Option<EffectId>,
    /// Whether replies to it are masked.
    #[serde(rename = "m", default, skip_serializing_if = "no")]
    pub private: bool,
    /// What its run knew, where the flow takes late replies up.
    #[serde(rename = "k", default, skip_serializing_if = "none")]
    pub kept: Option<Box<Kept>>,
}

/// What is kept of a run, so that a late reply can take it up again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The run.
    #[serde(rename = "i", with = "compact::run")]
    pub run: RunId,
    /// Its version.
    #[serde(rename = "v", with = "compact::version")]
    pub version: VersionId,
    /// Its key.
    #[serde(rename = "k", default, skip_serializing_if = "none")]
    pub key: Option<String>,
    /// Its variables.
    #[serde(rename = "a", default, skip_serializing_if = "Vars::is_empty")]
    pub vars: Vars,
    /// Until when.
    #[serde(rename = "u")]
    pub until: Millis,
    /// Where whoever began it wants to hear what becomes of its messages.
    #[serde(rename = "h", default, skip_serializing_if = "none")]
    pub callback: Option<Box<Callback>>,
}

impl Unanswered {
    /// Until when a reply to it is known as late.
    pub fn until(&self) -> Millis {
        self.kept.as_ref().map_or(self.at + limits::LATE_FOR, |kept| kept.until)
    }
}
