//! MessageBird: the API of `rest.messagebird.com`, which Bird still runs.

use super::guard::Guard;
use super::sender::{FORM, sender};
use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::config::schema::Setting;
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::channel::ChannelKind;

/// A MessageBird account and one of its senders.
#[derive(Debug, Clone)]
pub struct MessageBirdSettings {
    /// The originator: `+E164`, a short code or an alphanumeric id.
    pub number: String,
    /// The live API key.
    pub access_key: Secret,
    /// The signing key: signs webhooks.
    pub signing_key: Option<Secret>,
    /// What an unsigned webhook is believed by.
    pub guard: Option<Guard>,
    /// `https://rest.messagebird.com`, or a stand-in for tests.
    pub base_url: String,
}

impl MessageBirdSettings {
    /// Where the API is.
    pub const BASE_URL: &str = "https://rest.messagebird.com";
}

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "messagebird",
    title: "MessageBird",
    kinds: &[ChannelKind::Sms],
    per_second: 10,
    is_called: true,
    guards: true,
    shows: |_| Capabilities::FILES,
    settings: &[
        ("access_key", Setting::Secret, "the live API key"),
        ("signing_key", Setting::Secret, "the signing key: signs webhooks"),
    ],
    example: r#"
[channels.main-sms]
provider = "messagebird"
kind = "sms"
number = "+447700900001"
access_key = { env = "MESSAGEBIRD_ACCESS_KEY" }
signing_key = { env = "MESSAGEBIRD_SIGNING_KEY" }
"#,
    read: |section, _, _| ProviderSettings::MessageBird(Box::new(messagebird(section))),
};

fn messagebird(section: &Section<'_>) -> MessageBirdSettings {
    let signing_key = section.opt_secret("signing_key");
    let guard = Guard::opt(section);
    if signing_key.is_none() && guard.is_none() {
        let help = "Write signing_key, or webhook_secret if the webhooks come unsigned.".to_owned();
        section.mistake("signing_key", "is missing", Some(help));
    }
    MessageBirdSettings {
        number: section.parsed("number", FORM, String::new(), sender),
        access_key: section.secret("access_key"),
        signing_key,
        guard,
        base_url: section.base_url("base_url").unwrap_or_else(|| MessageBirdSettings::BASE_URL.to_owned()),
    }
}
