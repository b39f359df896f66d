//! What a provider that signs nothing is recognised by.

use crate::config::schema::Setting::{self, Secret as SecretSetting, Text, Texts};
use crate::config::secret::Secret;
use crate::config::section::Section;
use core::net::IpAddr;
use ipnet::IpNet;

/// What whoever calls the webhook of a channel must have. Judged by `provider::guard::verify`.
#[derive(Debug, Clone)]
pub struct Guard {
    /// The part of the URL behind the channel's name. Never empty where secrets are required.
    pub url_secret: Secret,
    /// User and password of Basic authentication.
    pub basic: Option<(String, Secret)>,
    /// A header and its value.
    pub header: Option<(String, Secret)>,
    /// The networks that it calls from; empty: any.
    pub from: Vec<IpNet>,
}

/// The shortest secret in a URL that nobody guesses.
const SECRET_CHARS: usize = 16;

impl Guard {
    /// The keys, for the settings of an entry.
    pub(in crate::config) const SETTINGS: [(&'static str, Setting, &'static str); 6] = [
        (
            "webhook_secret",
            SecretSetting,
            "what the webhook's URL ends in, as its caller signs nothing: 16 or more letters, digits, - _ . ~",
        ),
        ("webhook_user", Text, "Basic authentication that the provider is told to use"),
        ("webhook_password", SecretSetting, "of webhook_user"),
        ("webhook_header", Text, "the name of a header that the provider is told to send"),
        ("webhook_header_secret", SecretSetting, "the value of webhook_header"),
        ("webhook_from", Texts(&[]), "the addresses or networks that the provider calls from, such as 192.0.2.0/24; empty: any"),
    ];

    /// The same where the provider may sign instead: nothing without a secret in the URL.
    pub(in crate::config) fn opt(section: &Section<'_>) -> Option<Guard> {
        if section.has("webhook_secret") {
            return Some(Guard::read(section));
        }
        for (key, ..) in Self::SETTINGS {
            if section.has(key) {
                section.mistake(key, "needs webhook_secret beside it", None);
            }
            section.asks(key);
        }
        None
    }

    /// Reads the keys; the secret in the URL must be there.
    pub(in crate::config) fn read(section: &Section<'_>) -> Guard {
        let url_secret = section.secret("webhook_secret");
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        let text = url_secret.expose();
        if !text.is_empty() && (text.len() < SECRET_CHARS || !text.chars().all(fits)) {
            section.mistake("webhook_secret", format!("must be at least {SECRET_CHARS} letters, digits, - _ . or ~"), None);
        }
        let name = "the name of a header: letters, digits and -";
        let is_name = |text: &str| {
            let fits = !text.is_empty() && text.len() <= 70 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            fits.then(|| text.to_owned())
        };
        let user = section.opt_text("webhook_user");
        let header = section.opt_parsed("webhook_header", name, is_name);
        let networks = section.texts("webhook_from");
        Guard {
            url_secret,
            basic: both(section, "webhook_user", user, "webhook_password"),
            header: both(section, "webhook_header", header, "webhook_header_secret"),
            from: networks.iter().filter_map(|text| network(section, "webhook_from", text)).collect(),
        }
    }
}

impl Guard {
    /// What of it may not be shown.
    pub fn secrets(&self) -> Vec<&Secret> {
        let more = [&self.basic, &self.header].into_iter().flatten().map(|(_, secret)| secret);
        std::iter::once(&self.url_secret).chain(more).collect()
    }
}

/// Two keys that mean something only together.
fn both(section: &Section<'_>, first: &'static str, value: Option<String>, second: &'static str) -> Option<(String, Secret)> {
    let secret = section.opt_secret(second);
    match (value, secret) {
        (Some(value), Some(secret)) => Some((value, secret)),
        (None, None) => None,
        // With half of it nobody is kept out, whatever who wrote it thinks.
        (Some(_), None) => {
            section.mistake(first, format!("needs {second} beside it"), None);
            None
        }
        (None, Some(_)) => {
            if !section.has(first) {
                section.mistake(second, format!("needs {first} beside it"), None);
            }
            None
        }
    }
}

/// A network, or one address.
pub(in crate::config) fn network(section: &Section<'_>, key: &'static str, text: &str) -> Option<IpNet> {
    let found = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    if found.is_none() {
        section.mistake(key, format!("`{text}` must be an address or a network, for example 192.0.2.7 or 192.0.2.0/24"), None);
    }
    found.map(|net| net.trunc())
}
