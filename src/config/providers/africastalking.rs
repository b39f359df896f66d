//! `provider = "africastalking"`: an application of Africa's Talking and the sender of one channel in it.

use super::guard::Guard;
use super::sender::{FORM, sender};
use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::config::schema::Setting::{Secret as SecretSetting, Text};
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::channel::ChannelKind;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "africastalking",
    title: "Africa's Talking",
    kinds: &[ChannelKind::Sms],
    per_second: 10,
    is_called: true,
    guards: true,
    shows: |_| Capabilities::NOTHING,
    settings: &[
        ("username", Text, "the name of the application; `sandbox` is theirs for trying things out"),
        ("api_key", SecretSetting, "the application's key"),
    ],
    example: r#"
[channels.main-sms]
provider = "africastalking"
kind = "sms"
number = "21512"
username = "myapp"
api_key = { env = "AFRICASTALKING_API_KEY" }
webhook_secret = { env = "AFRICASTALKING_WEBHOOK" }
"#,
    read: |section, _, _| ProviderSettings::AfricasTalking(Box::new(africastalking(section))),
};

/// An application and a sender.
#[derive(Debug, Clone)]
pub struct AfricasTalkingSettings {
    /// The name of the application.
    pub username: String,
    /// Its key.
    pub api_key: Secret,
    /// Short code or alphanumeric sender; without one they choose.
    pub number: Option<String>,
    /// `https://api.africastalking.com`, theirs for the user `sandbox`, or a stand-in for tests.
    pub base_url: String,
    /// What webhooks are recognised by.
    pub guard: Guard,
}

impl AfricasTalkingSettings {
    /// Where the API is.
    pub const BASE_URL: &str = "https://api.africastalking.com";
    /// Where it is for the user `sandbox`.
    pub const SANDBOX_URL: &str = "https://api.sandbox.africastalking.com";
}

fn africastalking(section: &Section<'_>) -> AfricasTalkingSettings {
    let username = section.text("username");
    let usual = match username.as_str() {
        "sandbox" => AfricasTalkingSettings::SANDBOX_URL,
        _ => AfricasTalkingSettings::BASE_URL,
    };
    AfricasTalkingSettings {
        api_key: section.secret("api_key"),
        number: section.opt_parsed("number", FORM, sender),
        base_url: section.base_url("base_url").unwrap_or_else(|| usual.to_owned()),
        guard: Guard::read(section),
        username,
    }
}
