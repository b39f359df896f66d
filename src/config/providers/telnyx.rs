//! `provider = "telnyx"`: an account and the sender of one channel in it.

use super::{ProviderEntry, ProviderSettings, sender};
use crate::config::project::Capabilities;
use crate::config::schema::Setting::{Secret as SecretSetting, Text};
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::channel::ChannelKind;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "telnyx",
    title: "Telnyx",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    per_second: 10,
    is_called: true,
    shows: |kind| match kind {
        ChannelKind::WhatsApp => Capabilities::WHATSAPP,
        ChannelKind::Sms | ChannelKind::Email => Capabilities::FILES,
    },
    settings: &[
        ("api_key", SecretSetting, "the API key"),
        ("public_key", Text, "telnyx: the account's public key, with which webhooks are signed"),
        ("second_public_key", Text, "telnyx: the other public key while it is being replaced"),
        ("messaging_profile_id", Text, "telnyx: the messaging profile; for text messages it may choose the number"),
    ],
    guards: false,
    example: r#"
[channels.main-sms]
provider = "telnyx"
kind = "sms"
number = "+447700900001"
api_key = { env = "TELNYX_API_KEY" }
public_key = "KoKtxk2CG/fKWueyYur/QEgRulutpWIhyl0q+XqLT4c="
"#,
    read: |section, kind, _| ProviderSettings::Telnyx(Box::new(telnyx(section, kind))),
};

/// Bytes of an Ed25519 public key (RFC 8032).
const KEY_BYTES: usize = 32;

/// A Telnyx account and the sender of one channel in it.
#[derive(Debug, Clone)]
pub struct TelnyxSettings {
    /// The channel's medium.
    pub kind: ChannelKind,
    /// Authenticates requests.
    pub api_key: Secret,
    /// Signs webhooks: Ed25519, the same for the whole account. Public.
    pub public_key: Vec<u8>,
    /// The other key while it is being replaced.
    pub second_public_key: Option<Vec<u8>>,
    /// The sender: `+E164`, a short code or an alphanumeric id; empty if the profile chooses it.
    pub from: String,
    /// The messaging profile: chooses the sender where there is none, and goes with an alphanumeric one.
    pub messaging_profile_id: Option<String>,
    /// `https://api.telnyx.com`, or a stand-in for tests.
    pub base_url: String,
}

impl TelnyxSettings {
    /// Where Telnyx's API is.
    pub const BASE_URL: &str = "https://api.telnyx.com";
}

fn telnyx(section: &Section<'_>, kind: ChannelKind) -> TelnyxSettings {
    let api_key = section.secret("api_key");
    let form = "the public key of the account as the portal shows it: 32 bytes in base64";
    let public_key = section.parsed("public_key", form, Vec::new(), key);
    let second_public_key = section.opt_parsed("second_public_key", form, key);
    let profile = |text: &str| is_id(text).then(|| text.to_owned());
    let messaging_profile_id = section.opt_parsed("messaging_profile_id", "the id of a messaging profile: a UUID", profile);
    let form = sender::form(kind);
    let sender = |text: &str| sender::is_sender(text, kind).then(|| text.to_owned());
    let from = match messaging_profile_id {
        Some(_) if kind == ChannelKind::Sms => section.opt_parsed("number", form, sender).unwrap_or_default(),
        _ => section.parsed("number", form, String::new(), sender),
    };
    let base_url = section.base_url("base_url").unwrap_or_else(|| TelnyxSettings::BASE_URL.to_owned());
    TelnyxSettings { kind, api_key, public_key, second_public_key, from, messaging_profile_id, base_url }
}

fn key(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.trim()).ok().filter(|key| key.len() == KEY_BYTES)
}

fn is_id(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|b| b == b'-' || b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_in_base64() {
        assert_eq!(key("KoKtxk2CG/fKWueyYur/QEgRulutpWIhyl0q+XqLT4c=").map(|key| key.len()), Some(32));
        for bad in ["", "KoKtxk2CG", "KoKtxk2CG/fKWueyYur/QEgRulutpWIhyl0q+XqLT4", "AAAA"] {
            assert_eq!(key(bad), None, "{bad}");
        }
    }
}
