//! What another system says of a contact's consent to marketing, and what the journal keeps of it.

use super::channel::ChannelKind;
use super::time::Millis;
use serde::{Deserialize, Serialize};

/// What somebody's consent is, as an event says it. A kind of channel that it does not name stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Consent {
    /// Kinds of channel on which they agreed: `ChannelKind::stop_bit`.
    #[serde(default)]
    pub yes: u8,
    /// Kinds of channel on which they did not, or no longer do.
    #[serde(default)]
    pub no: u8,
    /// When they said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// How they said so, in the words of whoever tells it: `checkout form 3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
}

impl Consent {
    /// Says something of a kind of channel.
    pub fn say(&mut self, kind: ChannelKind, yes: bool) {
        let bit = kind.stop_bit();
        (self.yes, self.no) = if yes { (self.yes | bit, self.no & !bit) } else { (self.yes & !bit, self.no | bit) };
    }

    /// Whether it says anything.
    pub fn is_empty(&self) -> bool {
        self.yes == 0 && self.no == 0
    }
}

/// What an event changed of a contact's consent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsentTold {
    /// Kinds of channel on which marketing may be sent from now on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<ChannelKind>,
    /// Kinds of channel on which it may no longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<ChannelKind>,
    /// Kinds of channel on which it changed nothing, because the contact's own no is newer or they opted out of all messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<ChannelKind>,
    /// The event that said so.
    pub by: String,
    /// How the contact said so, in the words of whoever tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// When the contact said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
}

impl ConsentTold {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.withdrawn.is_empty() && self.ignored.is_empty()
    }
}
