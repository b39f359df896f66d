//! What is said of a contact's consent to marketing, and what the journal keeps of it.

use super::channel::ChannelKind;
use super::name::Slug;
use super::time::Millis;
use serde::{Deserialize, Serialize};

fn no_bits(bits: &u8) -> bool {
    *bits == 0
}

/// What somebody's consent is, as an event or the API says it. A kind of channel that it does not name stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Consent {
    /// Kinds of channel on which they agreed: `ChannelKind::stop_bit`.
    #[serde(default)]
    pub yes: u8,
    /// Kinds of channel on which they did not, or no longer do.
    #[serde(default)]
    pub no: u8,
    /// The same for single topics of marketing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<TopicConsent>,
    /// When they said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// How they said so, in the words of whoever tells it: `checkout form 3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// What proves it, in the words of whoever tells it: an address of a page, the number of a form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

/// What somebody wants of one topic of marketing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicConsent {
    /// The topic.
    #[serde(rename = "t")]
    pub topic: Slug,
    /// Kinds of channel on which they want it: `ChannelKind::stop_bit`.
    #[serde(rename = "y", default, skip_serializing_if = "no_bits")]
    pub yes: u8,
    /// Kinds of channel on which they do not, whatever they say of marketing in general.
    #[serde(rename = "n", default, skip_serializing_if = "no_bits")]
    pub no: u8,
}

impl TopicConsent {
    /// Nothing said of this topic.
    pub fn of(topic: Slug) -> Self {
        TopicConsent { topic, yes: 0, no: 0 }
    }

    /// Says something of a kind of channel.
    pub fn say(&mut self, kind: ChannelKind, yes: bool) {
        say(&mut self.yes, &mut self.no, kind, yes);
    }
}

fn say(yes: &mut u8, no: &mut u8, kind: ChannelKind, agrees: bool) {
    let bit = kind.stop_bit();
    (*yes, *no) = if agrees { (*yes | bit, *no & !bit) } else { (*yes & !bit, *no | bit) };
}

impl Consent {
    /// Says something of a kind of channel.
    pub fn say(&mut self, kind: ChannelKind, yes: bool) {
        say(&mut self.yes, &mut self.no, kind, yes);
    }

    /// Whether it says anything.
    pub fn is_empty(&self) -> bool {
        self.yes == 0 && self.no == 0 && self.topics.iter().all(|topic| topic.yes == 0 && topic.no == 0)
    }
}

/// What an event, or a call of the API, changed of a contact's consent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsentTold {
    /// The topic that it is about; without one it is about marketing as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Slug>,
    /// Kinds of channel on which marketing may be sent from now on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<ChannelKind>,
    /// Kinds of channel on which it may no longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<ChannelKind>,
    /// Kinds of channel on which it changed nothing, because the contact's own no is newer or they opted out of all messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<ChannelKind>,
    /// The event that said so, or who said it through the API.
    pub by: String,
    /// How the contact said so, in the words of whoever tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// When the contact said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// What proves it, in the words of whoever tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

impl ConsentTold {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.withdrawn.is_empty() && self.ignored.is_empty()
    }
}
