//! What kinds of channel there are and what they can show.

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
