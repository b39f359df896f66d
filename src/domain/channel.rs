//! What kinds of channel there are and what they can show.

use super::value::Value;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The medium of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// Text messages, MMS included.
    Sms,
    /// WhatsApp, through whichever provider.
    WhatsApp,
    /// Email.
    Email,
}

impl ChannelKind {
    /// All of them.
    pub const ALL: [ChannelKind; 3] = [ChannelKind::Sms, ChannelKind::WhatsApp, ChannelKind::Email];

    /// `sms`, `whatsapp`, `email`.
    pub fn as_str(self) -> &'static str {
        match self {
            ChannelKind::Sms => "sms",
            ChannelKind::WhatsApp => "whatsapp",
            ChannelKind::Email => "email",
        }
    }

    /// Reads what `as_str` writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == text)
    }

    /// The bit of this kind in the stop mask of a contact.
    pub fn stop_bit(self) -> u8 {
        match self {
            ChannelKind::Sms => 1,
            ChannelKind::WhatsApp => 2,
            ChannelKind::Email => 4,
        }
    }
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The kinds of channel on which a value agrees to marketing, as `ChannelKind::stop_bit`: all, none, or those that it names. Nothing if it is
/// no such value.
pub fn consent(value: &Value) -> Option<u8> {
    let all = || ChannelKind::ALL.iter().fold(0, |bits, kind| bits | kind.stop_bit());
    let kind = |value: &Value| value.as_text().and_then(ChannelKind::parse).map(ChannelKind::stop_bit);
    match value {
        Value::Bool(true) => Some(all()),
        Value::Bool(false) | Value::Null => Some(0),
        Value::List(kinds) => kinds.iter().try_fold(0, |bits, one| Some(bits | kind(one)?)),
        one => kind(one),
    }
}
