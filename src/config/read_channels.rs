//! Reads `[channels.X]`: a provider, a medium, a number, and what that provider needs.

use super::api::circuit;
use super::channel::ChannelSettings;
use super::providers::{PROVIDERS, ProviderEntry, ProviderSettings};
use super::read_project::{country, slug};
use super::section::{Secrets, Section};
use super::send::{ChannelPolicy, PairPace, SendSettings, unsure};
use super::server::{ServerSettings, base_url};
use crate::domain::channel::ChannelKind;
use crate::domain::name::ChannelName;
use crate::domain::phone::{country_of, is_country};
use crate::domain::time::Span;
use indexmap::IndexMap;
use std::collections::HashSet;

/// A channel with what only some parts of the service need of it.
pub(super) struct Channel {
    pub settings: ChannelSettings,
    pub country: Option<String>,
    pub policy: ChannelPolicy,
    pub texts: TextPolicy,
}

/// What is done to the texts of a channel for text messages.
#[derive(Debug, Clone, Default)]
pub(super) struct TextPolicy {
    pub smart_encoding: bool,
    pub stop_hint: Vec<String>,
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
        if let Some((kind, provider, country, policy, texts)) = channel {
            let settings = ChannelSettings { name: name.clone(), kind, provider };
            // What comes in for a number must have one channel to go to.
            let twin = all.values().find(|other| line(&other.settings).is_some_and(|l| Some(l) == line(&settings)));
            if let Some(twin) = twin {
                section.mistake(name.as_str(), format!("has the same number as channels.{}", twin.settings.name), None);
            }
            all.insert(name, Channel { settings, country, policy, texts });
        }
    }
    for (name, channel) in &all {
        for stand_in in &channel.policy.stand_ins {
            if let Err(why) = stands_in(name, channel, stand_in, &all) {
                let help = "A stand-in has the same medium, country and kind of provider, and shows all that the channel shows.";
                section.mistake(name.as_str(), format!("stand_ins: `{stand_in}` {why}"), Some(help.to_owned()));
            }
        }
    }
    all
}

/// Says to those that need it in which country a number without one is.
pub(super) fn countries(channels: &mut IndexMap<ChannelName, Channel>, project: Option<&str>) {
    for channel in channels.values_mut() {
        if let ProviderSettings::Smpp(smpp) = &mut channel.settings.provider {
            let own = channel.country.clone().or_else(|| country_of(&smpp.number));
            smpp.country = own.or_else(|| project.map(str::to_owned));
        }
    }
}

/// Whether a channel can stand in for another one; else why not.
fn stands_in(
    name: &ChannelName,
    channel: &Channel,
    stand_in: &ChannelName,
    all: &IndexMap<ChannelName, Channel>,
) -> Result<(), String> {
    if name == stand_in {
        return Err("is the channel itself".to_owned());
    }
    let Some(other) = all.get(stand_in) else { return Err("is no channel".to_owned()) };
    let kind = channel.settings.kind;
    if other.settings.kind != kind {
        return Err(format!("is of another kind: {}", other.settings.kind));
    }
    if other.country != channel.country {
        return Err("is of another country".to_owned());
    }
    let simulated = |channel: &Channel| matches!(channel.settings.provider, ProviderSettings::Simulator(_));
    if simulated(channel) != simulated(other) {
        return Err("reaches nobody, or others than the channel does: only one of the two is a simulator".to_owned());
    }
    let (has, needed) = (other.settings.provider.shows(kind), channel.settings.provider.shows(kind));
    let fewer = has.buttons < needed.buttons || has.rows < needed.rows || needed.media && has.captions > needed.captions;
    if fewer || needed.media && !has.media || needed.location && !has.location {
        return Err("shows less than the channel does".to_owned());
    }
    let by_id = |channel: &Channel| channel.settings.provider.templates_by_id(kind);
    if by_id(channel) || by_id(other) {
        return Err("names approved templates by ids of its own, or the channel does".to_owned());
    }
    Ok(())
}

/// What a provider calls the number of a channel, if it is known and must be the channel's own.
fn line(channel: &ChannelSettings) -> Option<(&'static str, &str, &str, ChannelKind)> {
    let (account, number) = channel.provider.line()?;
    (!number.is_empty()).then_some((channel.provider.entry().name, account, number, channel.kind))
}

type Parts = (ChannelKind, ProviderSettings, Option<String>, ChannelPolicy, TextPolicy);

fn channel(name: &str, section: Section<'_>, secrets: Secrets, server: &ServerSettings, send: &SendSettings) -> Option<Parts> {
    const KINDS: [(&str, ChannelKind); 3] =
        [("sms", ChannelKind::Sms), ("whatsapp", ChannelKind::WhatsApp), ("email", ChannelKind::Email)];
    let providers: Vec<(&str, &ProviderEntry)> = PROVIDERS.iter().map(|entry| (entry.name, entry)).collect();
    let known = section.has("provider").then(|| section.opt_word("provider", &providers));
    let provider = match known {
        Some(found) => found,
        None => Some(section.word("provider", &providers)),
    };
    let kind = section.word("kind", &KINDS);
    let country = country(&section);
    // Without a provider the other keys mean nothing: one mistake, not ten.
    let provider = provider?;
    // Nobody counts behind a simulated number, unless that is asked for.
    let pair = (kind == ChannelKind::WhatsApp && provider.name != "simulator").then_some(PairPace::WHATSAPP);
    let policy = ChannelPolicy { pair: pair_pace(&section, kind, pair), ..policy(&section, send, provider.per_second) };
    let texts = texts(&section, kind);
    if !provider.kinds.contains(&kind) {
        let all: Vec<String> = provider.kinds.iter().map(|kind| format!("`{kind}`")).collect();
        section.mistake("kind", format!("must be {}: {} has nothing else", all.join(" or "), provider.title), None);
    }
    let mut settings = (provider.read)(&section, kind, secrets);
    if let ProviderSettings::Simulator(simulator) = &mut settings
        && simulator.base_url.is_empty()
    {
        // Sends go to the service itself, whatever the public URL is.
        simulator.base_url = own_url(server);
    }
    if provider.is_called && server.public_url_is_local && secrets == Secrets::Required {
        let help = format!("Set server.public_url: the provider calls {{public_url}}/hooks/{name}.");
        section.mistake("provider", "needs a public URL that the provider can reach", Some(help));
    }
    section.finish();
    Some((kind, settings, country, policy, texts))
}

fn texts(section: &Section<'_>, kind: ChannelKind) -> TextPolicy {
    let stop_hint = section.texts("stop_hint");
    for country in stop_hint.iter().filter(|country| *country != "*") {
        if country.bytes().any(|b| b.is_ascii_lowercase()) || !is_country(country) {
            let help = Some("List codes of two capital letters such as US, or [\"*\"] for all.".to_owned());
            section.mistake("stop_hint", format!("`{country}` is no country"), help);
        }
    }
    let texts = TextPolicy { smart_encoding: section.boolean("smart_encoding"), stop_hint };
    for (key, given) in [("smart_encoding", texts.smart_encoding), ("stop_hint", !texts.stop_hint.is_empty())] {
        if given && kind != ChannelKind::Sms {
            section.mistake(key, "is for text messages only (kind = \"sms\")", None);
        }
    }
    texts
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

/// How many messages may go to one contact.
fn pair_pace(section: &Section<'_>, kind: ChannelKind, instead: Option<PairPace>) -> Option<PairPace> {
    let given = [section.has("pair_every"), section.has("pair_burst")];
    for (key, given) in ["pair_every", "pair_burst"].into_iter().zip(given) {
        if given && kind != ChannelKind::WhatsApp {
            section.mistake(key, "is for WhatsApp only (kind = \"whatsapp\")", None);
        }
    }
    let known = instead.unwrap_or(PairPace::WHATSAPP);
    let every = match given[0] {
        true => section.span("pair_every", Span::millis(0), Span::minutes(1)),
        false => {
            section.opt_text("pair_every");
            known.every
        }
    };
    let burst = match given[1] {
        true => u32::try_from(section.number("pair_burst", 1, 1_000)).unwrap_or(1),
        false => {
            section.opt_text("pair_burst");
            known.burst
        }
    };
    let counts = every.0 > 0 && (instead.is_some() || given[0] || given[1]);
    counts.then_some(PairPace { every, burst })
}

fn policy(section: &Section<'_>, send: &SendSettings, per_second: u32) -> ChannelPolicy {
    let number = |key, from, instead: u32| match section.has(key) {
        true => u32::try_from(section.number(key, from, 1_000_000)).unwrap_or(1),
        false => {
            section.opt_text(key);
            instead
        }
    };
    let per_second = number("per_second", 0, per_second);
    let burst = number("burst", 1, per_second);
    let gap = match section.has("gap") {
        true => section.span("gap", Span::millis(0), Span::minutes(10)),
        false => {
            section.opt_text("gap");
            Span::millis(0)
        }
    };
    let per_day = match section.has("per_day") {
        true => u32::try_from(section.number("per_day", 1, 100_000_000)).ok(),
        false => section.opt_text("per_day").and(None),
    };
    let names = section.texts("stand_ins");
    let mut stand_ins: Vec<ChannelName> = names.iter().filter_map(|name| slug(section, name)).collect();
    let mut seen = HashSet::new();
    stand_ins.retain(|name| seen.insert(name.clone()));
    ChannelPolicy {
        unsure: unsure(section).unwrap_or(send.unsure),
        per_second,
        burst,
        gap,
        pair: None,
        per_day,
        circuit: circuit(section),
        stand_ins,
    }
}

impl Section<'_> {
    /// A URL that paths are added to, if it is given.
    pub(super) fn base_url(&self, key: &'static str) -> Option<String> {
        let text = self.opt_text(key)?;
        base_url(&text).map_err(|why| self.mistake(key, why, None)).ok()
    }
}
