//! Bandwidth: SMS and MMS in North America.

use super::sender::{FORM, sender};
use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::config::schema::Setting;
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::channel::ChannelKind;

/// A Bandwidth account, a messaging application in it, and one number of that.
#[derive(Debug, Clone)]
pub struct BandwidthSettings {
    /// The sender: `+E164` or a short code.
    pub number: String,
    /// The account's number at Bandwidth.
    pub account_id: String,
    /// The messaging application that the number belongs to.
    pub application_id: String,
    /// The API user.
    pub username: String,
    /// Their password.
    pub password: Secret,
    /// The user that Bandwidth calls our webhook as.
    pub callback_user: String,
    /// The password that it calls with.
    pub callback_password: Secret,
    /// `https://messaging.bandwidth.com`, or a stand-in for tests.
    pub base_url: String,
}

impl BandwidthSettings {
    /// Where the messaging API is.
    pub const BASE_URL: &str = "https://messaging.bandwidth.com";
}

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "bandwidth",
    title: "Bandwidth",
    kinds: &[ChannelKind::Sms],
    per_second: 1,
    is_called: true,
    guards: false,
    shows: |_| Capabilities::FILES,
    settings: &[
        ("account_id", Setting::Text, "the account's number at Bandwidth"),
        ("application_id", Setting::Text, "the id of the messaging application"),
        ("username", Setting::Text, "the API user"),
        ("password", Setting::Secret, "the API user's password"),
        ("callback_user", Setting::Text, "the user that Bandwidth calls the webhook as"),
        ("callback_password", Setting::Secret, "the password that it calls with"),
    ],
    example: r#"
[channels.main-sms]
provider = "bandwidth"
kind = "sms"
number = "+15005550006"
account_id = "9900000"
application_id = "93de2206-9669-4e07-948d-329f4b722ee2"
username = "replyflow"
password = { env = "BANDWIDTH_PASSWORD" }
callback_user = "hookuser"
callback_password = { env = "BANDWIDTH_CALLBACK_PASSWORD" }
"#,
    read: |section, _, _| ProviderSettings::Bandwidth(Box::new(bandwidth(section))),
};

fn bandwidth(section: &Section<'_>) -> BandwidthSettings {
    let fits = |text: &str| {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (!text.is_empty() && plain).then(|| text.to_owned())
    };
    BandwidthSettings {
        number: section.parsed("number", FORM, String::new(), sender),
        account_id: section.parsed("account_id", "the account's number at Bandwidth: digits", String::new(), fits),
        application_id: section.parsed("application_id", "the id of the messaging application", String::new(), fits),
        username: section.text("username"),
        password: section.secret("password"),
        callback_user: section.text("callback_user"),
        callback_password: section.secret("callback_password"),
        base_url: section.base_url("base_url").unwrap_or_else(|| BandwidthSettings::BASE_URL.to_owned()),
    }
}
