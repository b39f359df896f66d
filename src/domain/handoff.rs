//! What the journal says of conversations that a run gives to a person.

use super::id::{EffectId, InputId, RunId};
use super::name::{ChannelName, Slug};
use super::time::Millis;
use serde::{Deserialize, Serialize};

fn no(b: &bool) -> bool {
    !*b
}

/// A run gives the conversation to a person of a team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandoffOpened {
    /// The run.
    pub run: RunId,
    /// The team.
    pub to: Slug,
    /// What the flow tells the team; nothing where its state is private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When the run goes on if nobody has taken it, by the contact's own clock.
    pub until: Millis,
}

/// A person took the conversation over: nothing goes on by itself until it is resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandoffTaken {
    /// The operator's action.
    pub input: InputId,
    /// The run.
    pub run: RunId,
    /// Who, as the caller names them.
    pub by: String,
}

/// A person wrote to the contact. What was sent stands in the `Sent` with the same effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PersonWrote {
    /// The operator's action.
    pub input: InputId,
    /// The run, unless no conversation was handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// Who, as the caller names them.
    pub by: String,
    /// The message, unless it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<EffectId>,
    /// The channel that the person asked for; else the one that the contact used last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// Why nothing was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// A conversation is no longer with a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandoffClosed {
    /// The run.
    pub run: RunId,
    /// The team.
    pub to: Slug,
    /// The operator's action, where one closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputId>,
    /// Who resolved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What they noted; nothing where what the state saves is private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether a note is left out here because it is private.
    #[serde(default, skip_serializing_if = "no")]
    pub private: bool,
    /// How: `ok`, `silence`, `anytime`, or the result with which the run ended.
    pub outcome: String,
}
