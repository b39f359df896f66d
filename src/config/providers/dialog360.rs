//! `provider = "360dialog"`: a WhatsApp number at 360dialog.

use super::guard::Guard;
use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::config::schema::Setting::{Secret as SecretSetting, Text};
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::channel::ChannelKind;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "360dialog",
    title: "360dialog",
    kinds: &[ChannelKind::WhatsApp],
    per_second: 80,
    is_called: true,
    guards: true,
    shows: |_| Capabilities::WHATSAPP,
    settings: &[
        ("api_key", SecretSetting, "of the number"),
        ("phone_number_id", Text, "the id of the number at Meta: what comes for another one is set aside"),
    ],
    example: r#"
[channels.whatsapp]
provider = "360dialog"
kind = "whatsapp"
api_key = { env = "D360_API_KEY" }
webhook_secret = { env = "D360_WEBHOOK" }
"#,
    read: |section, _, _| ProviderSettings::Dialog360(Box::new(dialog360(section))),
};

/// A number and its key.
#[derive(Debug, Clone)]
pub struct Dialog360Settings {
    /// The number's key.
    pub api_key: Secret,
    /// The id of the number at Meta, if what comes for another one is to be set aside.
    pub phone_number_id: Option<String>,
    /// The number itself in digits, if it is given: what webhooks about its quality name.
    pub number: Option<String>,
    /// `https://waba-v2.360dialog.io`, or a stand-in for tests.
    pub base_url: String,
    /// What webhooks are recognised by.
    pub guard: Guard,
}

impl Dialog360Settings {
    /// Where the API is.
    pub const BASE_URL: &str = "https://waba-v2.360dialog.io";
}

fn dialog360(section: &Section<'_>) -> Dialog360Settings {
    let digits = |text: &str| (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned());
    Dialog360Settings {
        api_key: section.secret("api_key"),
        number: section.opt_text("number").and_then(|number| super::meta::digits_of(&number)),
        phone_number_id: section.opt_parsed("phone_number_id", "the id of the number at Meta: digits", digits),
        base_url: section.base_url("base_url").unwrap_or_else(|| Dialog360Settings::BASE_URL.to_owned()),
        guard: Guard::read(section),
    }
}
