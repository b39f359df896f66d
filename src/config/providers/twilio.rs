//! `provider = "twilio"`: an account and the sender of one channel in it.

use super::{ProviderEntry, ProviderSettings, sender};
use crate::config::project::{Capabilities, Captions};
use crate::config::schema::Setting::{Secret as SecretSetting, SecretsByName, Text};
use crate::config::secret::Secret;
use crate::config::section::{Secrets, Section};
use crate::domain::channel::ChannelKind;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "twilio",
    title: "Twilio",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    per_second: 10,
    is_called: true,
    // Buttons and lists are approved content at Twilio: a question becomes a numbered menu.
    shows: |kind| match kind {
        // What stands beside a sound, a film or a document is not delivered there (Twilio, "Send and receive media on WhatsApp").
        ChannelKind::WhatsApp => Capabilities { captions: Captions::Pictures, ..Capabilities::FILES },
        ChannelKind::Sms | ChannelKind::Email => Capabilities::FILES,
    },
    settings: &[
        ("account_sid", Text, ""),
        ("auth_token", SecretSetting, ""),
        ("second_auth_token", SecretSetting, ""),
        ("api_key_sid", Text, ""),
        ("api_key_secret", SecretSetting, ""),
        ("signing_keys", SecretsByName, ""),
    ],
    guards: false,
    example: r#"
[channels.main-sms]
provider = "twilio"
kind = "sms"
number = "+447700900001"
account_sid = "AC00000000000000000000000000000001"
auth_token = { env = "TWILIO_AUTH_TOKEN" }
"#,
    read: |section, kind, secrets| ProviderSettings::Twilio(twilio(section, kind, secrets)),
};

/// A Twilio account and the sender of one channel in it.
#[derive(Debug, Clone)]
pub struct TwilioSettings {
    /// `AC` and 32 hexadecimal digits.
    pub account_sid: String,
    /// The primary auth token: signs webhooks and, without an API key, authenticates requests.
    pub auth_token: Secret,
    /// The other token while a rotation is under way: webhooks signed with it are believed too.
    pub second_auth_token: Option<Secret>,
    /// An API key for requests; webhooks are signed with the auth token all the same.
    pub api_key: Option<TwilioApiKey>,
    /// Shared keys, if the account has its webhooks signed with one (`X-Twilio-Webhooks-Signature-Settings`).
    pub signing_keys: Vec<TwilioSigningKey>,
    /// The sender: `+E164`, a short code, an alphanumeric id, or the `MG…` sid of a messaging service. For WhatsApp without the prefix.
    pub from: String,
    /// `https://api.twilio.com`, or a stand-in for tests.
    pub base_url: String,
}

/// A Twilio API key.
#[derive(Debug, Clone)]
pub struct TwilioApiKey {
    /// `SK` and 32 hexadecimal digits.
    pub sid: String,
    /// Its secret.
    pub secret: Secret,
}

/// A Twilio shared key that signs webhooks.
#[derive(Debug, Clone)]
pub struct TwilioSigningKey {
    /// Its id as Twilio names it in the header.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
}

impl TwilioSettings {
    /// Where Twilio's API is.
    pub const BASE_URL: &str = "https://api.twilio.com";
}

fn twilio(section: &Section<'_>, kind: ChannelKind, secrets: Secrets) -> TwilioSettings {
    let sid = |key, prefix: &'static str| {
        let form = format!("the sid that begins with {prefix}: {prefix} and 32 hexadecimal digits");
        section.parsed(key, &form, String::new(), |text| is_sid(text, prefix).then(|| text.to_owned()))
    };
    let account_sid = sid("account_sid", "AC");
    let auth_token = section.secret("auth_token");
    let second_auth_token = section.opt_secret("second_auth_token").filter(|s| !s.is_empty());
    let api_key = match (section.has("api_key_sid"), section.has("api_key_secret")) {
        (false, false) => {
            section.opt_text("api_key_sid");
            section.opt_secret("api_key_secret");
            None
        }
        _ => Some(TwilioApiKey { sid: sid("api_key_sid", "SK"), secret: section.secret("api_key_secret") }),
    };
    let keys = section.section("signing_keys");
    let signing_keys = keys
        .entries()
        .into_iter()
        .map(|(id, node)| TwilioSigningKey { id: id.to_owned(), secret: keys.secret_of(node, &format!("{}.{id}", keys.path())) })
        .filter(|key| secrets == Secrets::Required || !key.secret.is_empty())
        .collect();
    let form = match kind {
        ChannelKind::WhatsApp => "a number such as +447700900123, or the MG sid of a messaging service",
        ChannelKind::Sms | ChannelKind::Email => {
            "a number such as +447700900123, a short code, an alphanumeric sender, or the MG sid of a messaging service"
        }
    };
    let from = section.parsed("number", form, String::new(), |text| is_sender(text, kind).then(|| text.to_owned()));
    let base_url = section.base_url("base_url").unwrap_or_else(|| TwilioSettings::BASE_URL.to_owned());
    TwilioSettings { account_sid, auth_token, second_auth_token, api_key, signing_keys, from, base_url }
}

fn is_sid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_sender(text: &str, kind: ChannelKind) -> bool {
    is_sid(text, "MG") || sender::is_sender(text, kind)
}
