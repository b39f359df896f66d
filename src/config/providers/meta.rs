//! `provider = "meta"`: an app with the WhatsApp Cloud API, and one phone number of it.

use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::config::schema::Setting::{Secret as SecretSetting, Text};
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::channel::ChannelKind;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "meta",
    title: "Meta WhatsApp Cloud API",
    kinds: &[ChannelKind::WhatsApp],
    per_second: 80,
    is_called: true,
    shows: |_| Capabilities::WHATSAPP,
    settings: &[
        ("phone_number_id", Text, ""),
        ("app_secret", SecretSetting, ""),
        ("second_app_secret", SecretSetting, ""),
        ("verify_token", SecretSetting, ""),
        ("access_token", SecretSetting, ""),
        ("graph_version", Text, ""),
    ],
    guards: false,
    example: r#"
[channels.whatsapp]
provider = "meta"
kind = "whatsapp"
phone_number_id = "106540352242922"
app_secret = { env = "META_APP_SECRET" }
verify_token = { env = "META_VERIFY_TOKEN" }
access_token = { env = "META_ACCESS_TOKEN" }
"#,
    read: |section, _, _| ProviderSettings::Meta(meta(section)),
};

/// A Meta app and one phone number of it.
#[derive(Debug, Clone)]
pub struct MetaSettings {
    /// The id of the number at Meta: what webhooks are routed by.
    pub phone_number_id: String,
    /// The number itself in digits, if it is given: what webhooks about its quality name.
    pub number: Option<String>,
    /// The app's secret: signs webhooks.
    pub app_secret: Secret,
    /// The other app secret while a reset is under way.
    pub second_app_secret: Option<Secret>,
    /// The word that Meta repeats when it verifies the URL.
    pub verify_token: Secret,
    /// The access token of the system user.
    pub access_token: Secret,
    /// `v25.0`; Meta retires versions after about two years.
    pub graph_version: String,
    /// `https://graph.facebook.com`, or a stand-in for tests.
    pub base_url: String,
}

impl MetaSettings {
    /// Where Meta's API is.
    pub const BASE_URL: &str = "https://graph.facebook.com";
    /// The version that this release was checked against.
    pub const GRAPH_VERSION: &str = "v25.0";
}

/// A number as Meta's webhooks show it: its digits.
pub(super) fn digits_of(number: &str) -> Option<String> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

fn meta(section: &Section<'_>) -> MetaSettings {
    let digits = |text: &str| (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned());
    let version = |text: &str| {
        let number = text.strip_prefix('v')?.strip_suffix(".0")?;
        number.parse::<u16>().ok().map(|_| text.to_owned())
    };
    MetaSettings {
        number: section.opt_text("number").and_then(|number| digits_of(&number)),
        phone_number_id: section.parsed("phone_number_id", "the id of the number at Meta: digits", String::new(), digits),
        app_secret: section.secret("app_secret"),
        second_app_secret: section.opt_secret("second_app_secret").filter(|s| !s.is_empty()),
        verify_token: section.secret("verify_token"),
        access_token: section.secret("access_token"),
        graph_version: section
            .opt_parsed("graph_version", "a version such as v25.0", version)
            .unwrap_or_else(|| MetaSettings::GRAPH_VERSION.to_owned()),
        base_url: section.base_url("base_url").unwrap_or_else(|| MetaSettings::BASE_URL.to_owned()),
    }
}
