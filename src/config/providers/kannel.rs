//! `provider = "kannel"`: a Kannel of one's own and the sender of one channel.

use super::guard::Guard;
use super::sender::{FORM, sender};
use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::config::schema::Setting::{Secret as SecretSetting, Text};
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::channel::ChannelKind;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "kannel",
    title: "Kannel",
    kinds: &[ChannelKind::Sms],
    per_second: 10,
    // It stands in our own network.
    is_called: false,
    guards: true,
    shows: |_| Capabilities::NOTHING,
    settings: &[
        ("username", Text, "of a sendsms-user"),
        ("password", SecretSetting, "of that user"),
        ("smsc", Text, "the smsc-id by which messages leave; else Kannel chooses"),
        ("sendsms_path", Text, "sendsms-url of Kannel's smsbox group; /cgi-bin/sendsms"),
    ],
    example: r#"
[channels.main-sms]
provider = "kannel"
kind = "sms"
number = "2020"
base_url = "http://kannel.internal:13013"
username = "replyflow"
password = { env = "KANNEL_PASSWORD" }
webhook_secret = { env = "KANNEL_WEBHOOK" }
"#,
    read: |section, _, _| ProviderSettings::Kannel(Box::new(kannel(section))),
};

/// A user of a Kannel's smsbox and a sender.
#[derive(Debug, Clone)]
pub struct KannelSettings {
    /// Host and port of the smsbox: `http://kannel.internal:13013`.
    pub base_url: String,
    /// Where it takes messages.
    pub sendsms_path: String,
    /// Of a `sendsms-user`.
    pub username: String,
    /// Of that user.
    pub password: Secret,
    /// The sender.
    pub number: String,
    /// The `smsc-id` by which messages leave.
    pub smsc: Option<String>,
    /// What its calls are recognised by.
    pub guard: Guard,
}

impl KannelSettings {
    /// Where Kannel takes messages if its configuration says nothing else.
    pub const SENDSMS: &str = "/cgi-bin/sendsms";
}

fn kannel(section: &Section<'_>) -> KannelSettings {
    let path = |text: &str| {
        let fits = text.starts_with('/') && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b));
        fits.then(|| text.to_owned())
    };
    KannelSettings {
        base_url: own_url(section, "http://kannel.internal:13013"),
        sendsms_path: section
            .opt_parsed("sendsms_path", "a path such as /cgi-bin/sendsms", path)
            .unwrap_or_else(|| KannelSettings::SENDSMS.to_owned()),
        username: section.text("username"),
        password: section.secret("password"),
        number: section.parsed("number", FORM, String::new(), sender),
        smsc: section.opt_text("smsc").filter(|smsc| !smsc.is_empty()),
        guard: Guard::read(section),
    }
}

/// Where a gateway of one's own is: nobody else can know.
pub(super) fn own_url(section: &Section<'_>, example: &str) -> String {
    if !section.has("base_url") {
        section.mistake("base_url", format!("is missing; it is where your gateway is, such as {example}"), None);
    }
    section.base_url("base_url").unwrap_or_default()
}
