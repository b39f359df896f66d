//! What holds a channel or a flow back until somebody ends it: a provider flagged a number, or a person paused the one or the other.

use super::name::{ChannelName, Slug};
use super::time::Millis;
use serde::{Deserialize, Serialize};

/// Why a channel is held back. Each is begun and ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HoldKind {
    /// Its provider flagged the number's quality: broadcasts wait, conversations go on.
    Flagged,
    /// Somebody paused it: nothing leaves over it.
    Paused,
}

impl HoldKind {
    /// All of them.
    pub const ALL: [HoldKind; 2] = [HoldKind::Flagged, HoldKind::Paused];

    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            HoldKind::Flagged => "flagged",
            HoldKind::Paused => "paused",
        }
    }

    /// Reads what `as_str` gives.
    pub fn parse(text: &str) -> Option<Self> {
        HoldKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Since when a channel or a flow is held back, by whom and why. It is kept as JSON: fields are only added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Since when; for what a provider says, by the provider's clock, of the first that was told while it lasts.
    pub since: Millis,
    /// Who: the name of a key, the command line, the provider.
    pub by: String,
    /// Why, if it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What happened to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelChange {
    /// Its provider flagged its number.
    Flagged,
    /// Its number is no longer flagged.
    Unflagged,
    /// Its provider said something else of what the number may send.
    Limit,
    /// Somebody paused it.
    Paused,
    /// Somebody ended the pause.
    Resumed,
}

/// What happened to a channel, as the journal tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelTold {
    /// The channel.
    pub channel: ChannelName,
    /// What.
    pub what: ChannelChange,
    /// Who did it: the name of a key, the command line, the provider.
    pub by: String,
    /// Why, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What happened to a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowChange {
    /// Somebody paused it: no run of it begins.
    Paused,
    /// Somebody ended the pause.
    Resumed,
}

/// What happened to a flow, as the journal tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowTold {
    /// The flow.
    pub flow: Slug,
    /// What.
    pub what: FlowChange,
    /// Who did it: the name of a key, the command line.
    pub by: String,
    /// Why, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What the key is derived from under which the journal tells of a flow: like no address.
pub fn flow_canonical(flow: &Slug) -> String {
    format!("flow:{flow}")
}

/// What the key is derived from under which the journal tells of a channel: like no address.
pub fn channel_canonical(channel: &ChannelName) -> String {
    format!("channel:{channel}")
}
