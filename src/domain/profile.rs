//! Who a contact is, as the journal tells it whenever that changed: whole each time, so that the last one told is the truth.

use super::address::E164;
use super::consent::TopicConsent;
use super::language::Language;
use super::mode::Mode;
use super::name::{Name, Slug};
use super::value::Value;
use serde::{Deserialize, Serialize};

fn no(b: &bool) -> bool {
    !*b
}

fn no_bits(bits: &u8) -> bool {
    *bits == 0
}

/// What is known of a contact beside its conversations.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// The phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<E164>,
    /// WhatsApp's business-scoped user id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The caller's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<String>,
    /// An address that is none of these: a short code, an alphanumeric sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verbatim: Option<String>,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// IANA name of the time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Slug>,
    /// Declared attributes that have a value, except those that are private.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(Name, Value)>,
    /// What has a value that was given in private: attributes by their names, and `name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub private: Vec<Name>,
    /// Kinds of channel that the contact opted out of: `ChannelKind::stop_bit`.
    #[serde(default, skip_serializing_if = "no_bits")]
    pub stop: u8,
    /// Kinds of channel over which the contact wants marketing: `ChannelKind::stop_bit`.
    #[serde(default, skip_serializing_if = "no_bits")]
    pub consent: u8,
    /// What the contact wants of single topics of marketing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<TopicConsent>,
    /// The email address at which nothing arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead: Option<String>,
    /// Whether a simulator plays it.
    #[serde(default, skip_serializing_if = "no")]
    pub simulated: bool,
    /// Whether it is a test contact.
    #[serde(default, skip_serializing_if = "no")]
    pub test: bool,
}

impl Profile {
    /// What whatever is done with the contact is: a simulator's contacts belong to test too.
    pub fn mode(&self) -> Mode {
        if self.test || self.simulated { Mode::Test } else { Mode::Live }
    }
}
