//! `provider = "infobip"`: an account and the sender of one channel in it.

use super::guard::Guard;
use super::{ProviderEntry, ProviderSettings, sender};
use crate::config::project::Capabilities;
use crate::config::schema::Setting::{Secret as SecretSetting, Text, Word};
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::channel::ChannelKind;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "infobip",
    title: "Infobip",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    per_second: 20,
    is_called: true,
    shows: |kind| match kind {
        ChannelKind::WhatsApp => Capabilities::WHATSAPP,
        // Files over text messages are another product there: a file is a link in the text.
        ChannelKind::Sms | ChannelKind::Email => Capabilities::NOTHING,
    },
    settings: &[
        ("api_key", SecretSetting, "the API key"),
        ("signature_header", Text, "infobip: the header in which the subscription signs, where it is set to HMAC"),
        ("signature_secret", SecretSetting, "infobip: what the subscription signs with"),
        (
            "signature_algorithm",
            Word(&["sha1", "sha256", "sha512"]),
            "infobip: how the subscription signs; sha256 if it is not given",
        ),
    ],
    guards: true,
    example: r#"
[channels.main-sms]
provider = "infobip"
kind = "sms"
number = "+447700900001"
base_url = "https://xxxxx.api.infobip.com"
api_key = { env = "INFOBIP_API_KEY" }
webhook_secret = { env = "INFOBIP_WEBHOOK_SECRET" }
"#,
    read: |section, kind, _| ProviderSettings::Infobip(Box::new(infobip(section, kind))),
};

/// An Infobip account and the sender of one channel in it.
#[derive(Debug, Clone)]
pub struct InfobipSettings {
    /// Authenticates requests.
    pub api_key: Secret,
    /// The account's own address, `https://xxxxx.api.infobip.com`.
    pub base_url: String,
    /// The sender: `+E164`, a short code or an alphanumeric id.
    pub from: String,
    /// The channel's medium: its messages are looked up in another place.
    pub kind: ChannelKind,
    /// What webhooks are recognised by.
    pub guard: Guard,
    /// What they are signed with beside it, where the account's subscription is set to HMAC.
    pub signature: Option<InfobipSignature>,
}

/// How a subscription signs. Infobip does not publish the name of the header, nor how the signature is written there: the name is a
/// setting, and both hexadecimal digits and base64 are read.
#[derive(Debug, Clone)]
pub struct InfobipSignature {
    /// The header.
    pub header: String,
    /// The secret.
    pub secret: Secret,
    /// The hash.
    pub algorithm: InfobipAlgorithm,
}

/// The hashes of signatures, as far as they are worth anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InfobipAlgorithm {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

fn infobip(section: &Section<'_>, kind: ChannelKind) -> InfobipSettings {
    let api_key = section.secret("api_key");
    if !section.has("base_url") {
        let help = "It is the account's own address, on the first page of the portal: https://xxxxx.api.infobip.com.".to_owned();
        section.mistake("base_url", "is missing", Some(help));
    }
    let base_url = section.base_url("base_url").unwrap_or_default();
    let form = sender::form(kind);
    let from = section.parsed("number", form, String::new(), |text| sender::is_sender(text, kind).then(|| text.to_owned()));
    InfobipSettings { api_key, base_url, from, kind, guard: Guard::read(section), signature: signature(section) }
}

fn signature(section: &Section<'_>) -> Option<InfobipSignature> {
    const WORDS: [(&str, InfobipAlgorithm); 3] =
        [("sha1", InfobipAlgorithm::Sha1), ("sha256", InfobipAlgorithm::Sha256), ("sha512", InfobipAlgorithm::Sha512)];
    let header = section.opt_text("signature_header");
    let secret = section.opt_secret("signature_secret");
    let algorithm = section.opt_word("signature_algorithm", &WORDS).unwrap_or(InfobipAlgorithm::Sha256);
    match (header, secret) {
        (Some(header), Some(secret)) => Some(InfobipSignature { header, secret, algorithm }),
        (None, None) => None,
        (Some(_), None) => {
            section.mistake("signature_header", "needs signature_secret beside it", None);
            None
        }
        (None, Some(_)) => {
            section.mistake("signature_secret", "needs signature_header beside it", None);
            None
        }
    }
}
