//! `provider = "gupshup"`: an app of Gupshup with the WhatsApp number that it has.

use super::guard::Guard;
use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::config::schema::Setting::{Secret as SecretSetting, Text};
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::address::E164;
use crate::domain::channel::ChannelKind;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "gupshup",
    title: "Gupshup",
    kinds: &[ChannelKind::WhatsApp],
    per_second: 20,
    is_called: true,
    guards: true,
    shows: |_| Capabilities::WHATSAPP,
    settings: &[("app", Text, "the name of the app at Gupshup"), ("api_key", SecretSetting, "of the account: sends messages")],
    example: r#"
[channels.whatsapp]
provider = "gupshup"
kind = "whatsapp"
number = "+447700900001"
app = "DemoApp"
api_key = { env = "GUPSHUP_API_KEY" }
webhook_secret = { env = "GUPSHUP_WEBHOOK" }
"#,
    read: |section, _, _| ProviderSettings::Gupshup(Box::new(gupshup(section))),
};

/// An app and its number.
#[derive(Debug, Clone)]
pub struct GupshupSettings {
    /// The name of the app: `src.name` of what leaves, `app` of what comes.
    pub app: String,
    /// The account's key.
    pub api_key: Secret,
    /// The app's WhatsApp number.
    pub number: String,
    /// `https://api.gupshup.io`, or a stand-in for tests.
    pub base_url: String,
    /// What callbacks are recognised by.
    pub guard: Guard,
}

impl GupshupSettings {
    /// Where the API is.
    pub const BASE_URL: &str = "https://api.gupshup.io";
}

fn gupshup(section: &Section<'_>) -> GupshupSettings {
    let name = |text: &str| {
        let fits =
            !text.is_empty() && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        fits.then(|| text.to_owned())
    };
    let number = |text: &str| E164::parse(text).map(|_| text.to_owned());
    GupshupSettings {
        app: section.parsed("app", "the name of an app at Gupshup: letters, digits, - _ and .", String::new(), name),
        api_key: section.secret("api_key"),
        number: section.parsed("number", "a number such as +447700900123", String::new(), number),
        base_url: section.base_url("base_url").unwrap_or_else(|| GupshupSettings::BASE_URL.to_owned()),
        guard: Guard::read(section),
    }
}
