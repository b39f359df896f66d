//! `provider = "jasmin"`: a Jasmin of one's own and the sender of one channel.

use super::guard::Guard;
use super::kannel::own_url;
use super::sender::{FORM, sender};
use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::config::schema::Setting::{Secret as SecretSetting, Text, Word};
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::channel::ChannelKind;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "jasmin",
    title: "Jasmin",
    kinds: &[ChannelKind::Sms],
    per_second: 10,
    // It stands in our own network.
    is_called: false,
    guards: true,
    shows: |_| Capabilities::NOTHING,
    settings: &[
        ("username", Text, "of a user of Jasmin's HTTP API"),
        ("password", SecretSetting, "of that user"),
        ("alphabet", Word(&["gsm", "latin1"]), "how the carrier reads octets of coding 0: gsm by the standard, latin1 at some"),
    ],
    example: r#"
[channels.main-sms]
provider = "jasmin"
kind = "sms"
number = "+447700900001"
base_url = "http://jasmin.internal:1401"
username = "replyflow"
password = { env = "JASMIN_PASSWORD" }
webhook_secret = { env = "JASMIN_WEBHOOK" }
"#,
    read: |section, _, _| ProviderSettings::Jasmin(Box::new(jasmin(section))),
};

/// A user of a Jasmin's HTTP API and a sender.
#[derive(Debug, Clone)]
pub struct JasminSettings {
    /// Host and port of the HTTP API: `http://jasmin.internal:1401`.
    pub base_url: String,
    /// Of a user.
    pub username: String,
    /// Of that user.
    pub password: Secret,
    /// The sender.
    pub number: String,
    /// How the carrier reads octets of coding 0.
    pub alphabet: Alphabet,
    /// What its calls are recognised by.
    pub guard: Guard,
}

/// What octets of coding 0, the carrier's default alphabet, are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// The GSM 7-bit alphabet, one octet each, as the standard has it.
    Gsm,
    /// ISO 8859-1, and ASCII with it.
    Latin1,
}

fn jasmin(section: &Section<'_>) -> JasminSettings {
    const ALPHABETS: [(&str, Alphabet); 2] = [("gsm", Alphabet::Gsm), ("latin1", Alphabet::Latin1)];
    JasminSettings {
        base_url: own_url(section, "http://jasmin.internal:1401"),
        username: section.text("username"),
        password: section.secret("password"),
        number: section.parsed("number", FORM, String::new(), sender),
        alphabet: section.opt_word("alphabet", &ALPHABETS).unwrap_or(Alphabet::Gsm),
        guard: Guard::read(section),
    }
}
