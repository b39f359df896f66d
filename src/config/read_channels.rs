//! Reads `[channels.X]`: a provider, a medium, a number, and what that provider needs.

use super::channel::{
    ChannelSettings, MetaSettings, ProviderSettings, SimulatorSettings, TwilioApiKey, TwilioSettings, TwilioSigningKey,
};
use super::read_project::{country, slug};
use super::section::{Secrets, Section};
use super::send::{ChannelPolicy, SendSettings, unsure};
use super::server::{ServerSettings, base_url};
use super::smtp::smtp;
use crate::domain::address::E164;
use crate::domain::channel::ChannelKind;
use crate::domain::name::ChannelName;
use crate::domain::time::Span;
use indexmap::IndexMap;

/// A channel with what only some parts of the service need of it.
pub(super) struct Channel {
    pub settings: ChannelSettings,
    pub country: Option<String>,
    pub policy: ChannelPolicy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provider {
    Twilio,
    Meta,
    Smtp,
    Simulator,
}

pub(super) fn channels(
    section: Section<'_>,
    secrets: Secrets,
    server: &ServerSettings,
    send: &SendSettings,
) -> IndexMap<ChannelName, Channel> {
    let mut all: IndexMap<ChannelName, Channel> = IndexMap::new();
    for (name, inner) in section.named() {
        let (Some(name), channel) = (slug(&section, name), channel(name, inner, secrets, server, send)) else { continue };
        if let Some((kind, provider, country, policy)) = channel {
            let settings = ChannelSettings { name: name.clone(), kind, provider };
            // What comes in for a number must have one channel to go to.
            let twin = all.values().find(|other| line(&other.settings).is_some_and(|l| Some(l) == line(&settings)));
            if let Some(twin) = twin {
                section.mistake(name.as_str(), format!("has the same number as channels.{}", twin.settings.name), None);
            }
            all.insert(name, Channel { settings, country, policy });
        }
    }
    all
}

/// What a provider calls the number of a channel, if it is known.
fn line(channel: &ChannelSettings) -> Option<(&str, &str, ChannelKind)> {
    let (account, number) = match &channel.provider {
        ProviderSettings::Twilio(twilio) => (twilio.account_sid.as_str(), twilio.from.as_str()),
        ProviderSettings::Meta(meta) => ("", meta.phone_number_id.as_str()),
        // Several senders may share a server, and several channels a sender: each has a webhook of its own.
        ProviderSettings::Smtp(_) | ProviderSettings::Simulator(_) => return None,
    };
    (!number.is_empty()).then_some((account, number, channel.kind))
}

type Parts = (ChannelKind, ProviderSettings, Option<String>, ChannelPolicy);

fn channel(name: &str, section: Section<'_>, secrets: Secrets, server: &ServerSettings, send: &SendSettings) -> Option<Parts> {
    const PROVIDERS: [(&str, Provider); 4] =
        [("twilio", Provider::Twilio), ("meta", Provider::Meta), ("smtp", Provider::Smtp), ("simulator", Provider::Simulator)];
    const KINDS: [(&str, ChannelKind); 3] =
        [("sms", ChannelKind::Sms), ("whatsapp", ChannelKind::WhatsApp), ("email", ChannelKind::Email)];
    let known = section.has("provider").then(|| section.opt_word("provider", &PROVIDERS));
    let provider = match known {
        Some(found) => found,
        None => Some(section.word("provider", &PROVIDERS)),
    };
    let kind = section.word("kind", &KINDS);
    let country = country(&section);
    // Without a provider the other keys mean nothing: one mistake, not ten.
    let provider = provider?;
    let per_second = match provider {
        Provider::Twilio => 10,
        Provider::Meta => 80,
        Provider::Smtp => 10,
        Provider::Simulator => 1_000,
    };
    let policy = policy(&section, send, per_second);
    let settings = match provider {
        Provider::Twilio => {
            if kind == ChannelKind::Email {
                section.mistake("kind", "must be `sms` or `whatsapp`: Twilio has nothing else", None);
            }
            ProviderSettings::Twilio(twilio(&section, kind, secrets))
        }
        Provider::Smtp => {
            if kind != ChannelKind::Email {
                section.mistake("kind", "must be `email`: a mail server has nothing else", None);
            }
            ProviderSettings::Smtp(Box::new(smtp(&section)))
        }
        Provider::Meta => {
            if kind != ChannelKind::WhatsApp {
                section.mistake("kind", "must be `whatsapp`: Meta has nothing else", None);
            }
            ProviderSettings::Meta(meta(&section))
        }
        Provider::Simulator => {
            section.opt_text("number");
            // Sends go to the service itself, whatever the public URL is.
            let base_url = section.base_url("base_url").unwrap_or_else(|| own_url(server));
            ProviderSettings::Simulator(SimulatorSettings { base_url })
        }
    };
    let is_called = matches!(provider, Provider::Twilio | Provider::Meta);
    if is_called && server.public_url_is_local && secrets == Secrets::Required {
        let help = format!("Set server.public_url: the provider calls {{public_url}}/hooks/{name}.");
        section.mistake("provider", "needs a public URL that the provider can reach", Some(help));
    }
    section.finish();
    Some((kind, settings, country, policy))
}

/// How the service reaches itself.
fn own_url(server: &ServerSettings) -> String {
    let mut listen = server.listen;
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen.ip() {
            std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{listen}")
}

fn policy(section: &Section<'_>, send: &SendSettings, per_second: u32) -> ChannelPolicy {
    let number = |key, instead: u32| match section.has(key) {
        true => u32::try_from(section.number(key, 1, 1_000_000)).unwrap_or(1),
        false => {
            section.opt_text(key);
            instead
        }
    };
    let per_second = number("per_second", per_second);
    let burst = number("burst", per_second);
    let gap = match section.has("gap") {
        true => section.span("gap", Span::millis(0), Span::minutes(10)),
        false => {
            section.opt_text("gap");
            Span::millis(0)
        }
    };
    ChannelPolicy { unsure: unsure(section).unwrap_or(send.unsure), per_second, burst, gap }
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
    if E164::parse(text).is_some() || is_sid(text, "MG") {
        return true;
    }
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ') && !text.trim().is_empty();
    let short_code = (3..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let alphanumeric = plain && text.len() <= 11 && text.bytes().any(|b| b.is_ascii_alphabetic());
    kind == ChannelKind::Sms && (short_code || alphanumeric)
}

fn meta(section: &Section<'_>) -> MetaSettings {
    section.opt_text("number");
    let digits = |text: &str| (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned());
    let version = |text: &str| {
        let number = text.strip_prefix('v')?.strip_suffix(".0")?;
        number.parse::<u16>().ok().map(|_| text.to_owned())
    };
    MetaSettings {
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

impl Section<'_> {
    fn base_url(&self, key: &'static str) -> Option<String> {
        let text = self.opt_text(key)?;
        base_url(&text).map_err(|why| self.mistake(key, why, None)).ok()
    }
}
