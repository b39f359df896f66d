//! Messages in both directions, as no provider writes them. Adapters translate to and from these.

use super::address::Address;
use super::channel::ChannelKind;
use super::id::EffectId;
use super::name::ChannelName;
use super::time::Millis;
use super::value::Value;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub use super::outbound::{
    Choice, FormRequest, Outbound, OutboundContent, Section, TemplateButton, TemplateHeader, TemplateParam, TemplateParams,
};

/// A file that came or goes with a message.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Media {
    /// Where it can be fetched, if the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The provider's id of it, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// MIME type as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// File name as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
}

/// What kind of file a media message shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound, voice notes included.
    Audio,
    /// Any other file.
    Document,
    /// A sticker.
    Sticker,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A shared contact card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The formatted name.
    pub name: String,
    /// Phone numbers as given.
    pub phones: Vec<String>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderItem {
    /// The shop's article number.
    pub sku: String,
    /// How many.
    pub qty: f64,
    /// Price of one.
    pub price: f64,
    /// ISO 4217.
    pub currency: String,
}

/// What a contact sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboundContent {
    /// Only text.
    Text,
    /// Files; the caption is the message's text.
    Media {
        /// What kind, where the provider says so.
        kind: Option<MediaKind>,
        /// The files.
        media: Vec<Media>,
    },
    /// A tapped button; the label is the message's text.
    ButtonReply {
        /// What we gave the button as its id.
        payload: String,
    },
    /// A chosen list row; the title is the message's text.
    ListReply {
        /// What we gave the row as its id.
        payload: String,
        /// The row's second line.
        description: Option<String>,
    },
    /// A filled form (WhatsApp Flow).
    FormReply {
        /// Its fields.
        form: IndexMap<String, Value>,
    },
    /// A place.
    Location(Location),
    /// Contact cards.
    Contacts(Vec<Card>),
    /// A reaction to one of our messages; no emoji means that it was taken back.
    Reaction {
        /// The provider's id of the message.
        message: String,
        /// The emoji.
        emoji: Option<String>,
    },
    /// An earlier message was changed; its new words are the message's text.
    Edited {
        /// The provider's id of the earlier message.
        message: String,
    },
    /// An earlier message was taken back.
    Deleted {
        /// The provider's id of the earlier message.
        message: String,
    },
    /// A basket.
    Order {
        /// The catalogue.
        catalog: String,
        /// What is in it.
        items: Vec<OrderItem>,
    },
    /// The provider's own opt-out, opt-in or help handling: `STOP`, `START` or `HELP`, and what it covers.
    OptOut {
        /// `STOP`, `START`, `HELP`.
        word: String,
        /// `marketing` when only that is meant.
        scope: Option<String>,
    },
    /// The person's number or id changed.
    System {
        /// The provider's word for it.
        kind: String,
        /// The new business-scoped id.
        new_user_id: Option<String>,
        /// The new phone in digits.
        new_wa_id: Option<String>,
    },
    /// The person opened the chat for the first time and awaits a welcome.
    RequestWelcome,
    /// Something this release does not know; kept with its wire name.
    Unsupported {
        /// The provider's name of the type.
        kind: String,
    },
}

/// Where a conversation came from (an advertisement).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Referral {
    /// The advertisement or post.
    pub source_id: Option<String>,
    /// `ad` or `post`.
    pub source_type: Option<String>,
    /// Click id.
    pub ctwa_clid: Option<String>,
}

/// A message from a contact, decoded and verified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inbound {
    /// Where it came in; set by the service from the webhook's channel.
    pub channel: ChannelName,
    /// The medium.
    pub kind: ChannelKind,
    /// The sender.
    pub from: Address,
    /// The business-scoped user id that came beside the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The provider's message id: what the message is deduplicated by.
    pub id: String,
    /// When the provider says that it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// Text, caption, label or title; empty if none.
    pub text: String,
    /// What it is.
    pub content: InboundContent,
    /// The name that the person shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_name: Option<String>,
    /// The provider's id of the message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// Our own question that it answers by quoting it, where the service knows which that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<EffectId>,
    /// Forwarded from elsewhere.
    #[serde(default)]
    pub forwarded: bool,
    /// Where the conversation came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
}

/// How far a message came. Never goes back: see [`DeliveryStatus::rank`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// The provider has it.
    Queued,
    /// It left the provider.
    Sent,
    /// It reached the device.
    Delivered,
    /// The person saw it.
    Read,
    /// It will not arrive.
    Failed,
}

impl DeliveryStatus {
    /// All of them.
    pub const ALL: [DeliveryStatus; 5] =
        [DeliveryStatus::Queued, DeliveryStatus::Sent, DeliveryStatus::Delivered, DeliveryStatus::Read, DeliveryStatus::Failed];

    /// Its name in a file and in the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            DeliveryStatus::Queued => "queued",
            DeliveryStatus::Sent => "sent",
            DeliveryStatus::Delivered => "delivered",
            DeliveryStatus::Read => "read",
            DeliveryStatus::Failed => "failed",
        }
    }

    /// The status of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// queued < sent < failed < delivered < read: a failure after a delivery is not believed.
    pub fn rank(self) -> u8 {
        match self {
            DeliveryStatus::Queued => 0,
            DeliveryStatus::Sent => 1,
            DeliveryStatus::Failed => 2,
            DeliveryStatus::Delivered => 3,
            DeliveryStatus::Read => 4,
        }
    }
}

/// Why a message could not be sent or delivered: the closed list of DESIGN section 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// Off, out of reach, for now.
    Unreachable,
    /// No such number or person.
    Invalid,
    /// The person or the carrier blocks us.
    Blocked,
    /// The person opted out.
    OptedOut,
    /// The address is on the suppression list: we did not send it.
    Suppressed,
    /// Content was filtered.
    Filtered,
    /// The 24-hour window is closed.
    WindowClosed,
    /// The approved template is missing, paused or does not fit.
    Template,
    /// A limit that passes with time.
    Limit,
    /// No money at the provider.
    Balance,
    /// Credentials, sender, registration: an operator must act.
    Configuration,
    /// What we sent is not acceptable.
    Content,
    /// It was given up before it left: another message, or none, takes its place.
    Superseded,
    /// Anything else.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_sent_never_overwrites_read() {
        assert!(DeliveryStatus::Sent.rank() < DeliveryStatus::Read.rank());
        assert!(DeliveryStatus::Failed.rank() < DeliveryStatus::Delivered.rank());
    }
}
