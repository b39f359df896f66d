//! Reads what flows may know of the project: `[project]`, `[teams]`, `[hours]`, `[attributes]`, `[topics]`, `[env]`, `[texts]`.

use super::api::ApiSettings;
use super::channel::ProviderSettings;
use super::project::{AlertRules, ApiInfo, ChannelInfo, DeskInfo, EndpointInfo, Hours, Project, SignedInfo, SystemTexts};
use super::read_channels::{Channel, TextPolicy};
use super::section::Section;
use super::tree::{Kind, Node};
use crate::domain::language::Language;
use crate::domain::limits;
use crate::domain::name::{ChannelName, EventName, Name, Slug};
use crate::domain::value::{Type, Value};
use indexmap::IndexMap;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};

/// `[project]` itself.
pub(super) struct Basics {
    pub language: Language,
    pub timezone: TimeZone,
    pub country: Option<String>,
    pub flows: PathBuf,
    pub templates: PathBuf,
}

pub(super) fn basics(section: Section<'_>, folder: &Path) -> Basics {
    let language = section.parsed("language", "a language code such as en or pt-BR", Language::EN, Language::parse);
    let form = "a time zone such as Europe/Madrid or UTC";
    let timezone = section.parsed("timezone", form, TimeZone::UTC, |text| TimeZone::get(text).ok());
    let basics = Basics {
        language,
        timezone,
        country: country(&section),
        flows: folder.join(section.text("flows")),
        templates: folder.join(section.text("templates")),
    };
    section.finish();
    basics
}

/// ISO 3166-1 alpha-2; empty means none.
pub(super) fn country(section: &Section<'_>) -> Option<String> {
    let form = "a country code of two capital letters such as GB";
    let known = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
    let country = section.opt_parsed("country", form, |text| (text.is_empty() || known(text)).then(|| text.to_owned()))?;
    Some(country).filter(|c| !c.is_empty())
}

/// A name that is the name of a section, or a mistake.
pub(super) fn slug(section: &Section<'_>, name: &str) -> Option<Slug> {
    match Slug::parse(name) {
        Ok(slug) => Some(slug),
        Err(bad) => {
            section.mistake(name, format!("cannot be a name: {}", bad.reason), None);
            None
        }
    }
}

pub(super) fn hours(section: Section<'_>) -> IndexMap<Slug, Hours> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let mut all = IndexMap::new();
    for (name, inner) in section.named() {
        let mut hours = Hours::default();
        for (place, day) in DAYS.into_iter().enumerate() {
            for text in inner.texts_or_text(day) {
                match range(&text) {
                    Some((from, to)) if from < to => hours.days[place].push((from, to)),
                    // Over midnight: the rest belongs to the next day.
                    Some((from, to)) if to < from => {
                        hours.days[place].push((from, Time::MAX));
                        if to > Time::midnight() {
                            hours.days[(place + 1) % DAYS.len()].push((Time::midnight(), to));
                        }
                    }
                    _ => inner.mistake(day, format!("`{text}` must be two times, for example 09:00-17:30"), None),
                }
            }
        }
        for (day, ranges) in DAYS.into_iter().zip(&mut hours.days) {
            ranges.sort();
            if ranges.windows(2).any(|pair| pair[1].0 < pair[0].1) {
                inner.mistake(day, "has hours that overlap", None);
            }
        }
        inner.finish();
        if let Some(name) = slug(&section, name) {
            all.insert(name, hours);
        }
    }
    all
}

fn range(text: &str) -> Option<(Time, Time)> {
    let (from, to) = text.split_once('-')?;
    let clock = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        if hour.len() != 2 || minute.len() != 2 {
            return None;
        }
        Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
    };
    let to = if to.trim() == "24:00" { Time::MAX } else { clock(to)? };
    Some((clock(from)?, to))
}

pub(super) fn attributes(section: Section<'_>) -> IndexMap<Name, Type> {
    const BUILT_IN: [&str; 11] =
        ["id", "external", "phone", "email", "name", "language", "timezone", "channel", "tags", "marketing", "topics"];
    let mut all = IndexMap::new();
    for (name, node) in section.entries() {
        let Some(name) = self::name(&section, name) else { continue };
        if BUILT_IN.contains(&name.as_str()) {
            section.mistake(name.as_str(), "is an attribute that every contact has", None);
            continue;
        }
        let kind = match &node.kind {
            Kind::Text(text) => Type::parse(text),
            _ => None,
        };
        match kind {
            Some(kind) => {
                all.insert(name, kind);
            }
            None => {
                let words: Vec<&str> = Type::ALL.iter().map(|t| t.as_str()).collect();
                section.mistake(name.as_str(), format!("must be a type: one of {}", words.join(", ")), None);
            }
        }
    }
    all
}

/// Topics of marketing: a name, and a title for people.
pub(super) fn topics(section: Section<'_>) -> IndexMap<Slug, String> {
    let mut all = IndexMap::new();
    for (name, node) in section.entries() {
        let Some(topic) = slug(&section, name) else { continue };
        match &node.kind {
            Kind::Text(title) if !title.trim().is_empty() => {
                all.insert(topic, title.trim().to_owned());
            }
            _ => section.mistake(name, "must be its title for people: text that is not empty", None),
        }
    }
    if all.len() > limits::TOPICS {
        section.mistake("topics", format!("has {} topics; at most {} are kept of a contact", all.len(), limits::TOPICS), None);
    }
    all
}

fn name(section: &Section<'_>, text: &str) -> Option<Name> {
    match Name::parse(text) {
        Ok(name) => Some(name),
        Err(bad) => {
            section.mistake(text, format!("cannot be a name: {}", bad.reason), None);
            None
        }
    }
}

pub(super) fn env(section: Section<'_>) -> IndexMap<String, Value> {
    let mut all = IndexMap::new();
    for (key, node) in section.entries() {
        if name(&section, key).is_none() {
            continue;
        }
        match value(node) {
            Some(value) => {
                all.insert(key.to_owned(), value);
            }
            None => section.mistake(key, "must be text, a number, true or false, or a list or table of these", None),
        }
    }
    all
}

fn value(node: &Node) -> Option<Value> {
    Some(match &node.kind {
        Kind::Text(text) => Value::Text(text.clone()),
        Kind::Integer(n) => Value::Number(*n as f64),
        Kind::Float(n) if n.is_finite() => Value::Number(*n),
        Kind::Float(_) | Kind::Date => return None,
        Kind::Boolean(b) => Value::Bool(*b),
        Kind::List(items) => Value::List(items.iter().map(value).collect::<Option<_>>()?),
        Kind::Table(table) => Value::Map(table.iter().map(|(k, n)| value(n).map(|v| (k.clone(), v))).collect::<Option<_>>()?),
    })
}

/// Texts of the service, the project's language first.
pub(super) fn texts(section: Section<'_>, language: Language) -> SystemTexts {
    let read = |key| translations(&section, key, language);
    let texts = SystemTexts {
        opted_out: read("opted_out"),
        opted_in: read("opted_in"),
        help: read("help"),
        list_button: read("list_button"),
        stop_hint: read("stop_hint"),
    };
    for (key, label) in [("list_button", &texts.list_button)] {
        if label.iter().any(|(_, text)| text.chars().count() > crate::domain::limits::WHATSAPP_BUTTON_CHARS) {
            section.mistake(key, "is longer than the 20 characters of a WhatsApp button", None);
        }
    }
    section.finish();
    texts
}

fn translations(section: &Section<'_>, key: &'static str, language: Language) -> Vec<(Language, String)> {
    if section.is_text(key) {
        return vec![(language, section.text(key))];
    }
    let inner = section.section(key);
    let mut all = Vec::new();
    for (code, node) in inner.entries() {
        match (Language::parse(code), &node.kind) {
            (Some(of), Kind::Text(text)) if !text.trim().is_empty() => all.push((of, text.clone())),
            (Some(_), _) => inner.mistake(code, "must be text", None),
            (None, _) => inner.mistake(code, "is not a language code such as en or pt-BR", None),
        }
    }
    // The first is the fallback. A stable sort keeps the order of the file otherwise.
    all.sort_by_key(|(of, _)| (*of != language, of.base() != language.base()));
    all
}

/// What flows see of channels and apis.
pub(super) fn assemble(
    basics: &Basics,
    channels: &IndexMap<ChannelName, Channel>,
    apis: &IndexMap<Slug, ApiSettings>,
    rest: Rest,
) -> Project {
    let channel = |(name, channel): (&ChannelName, &Channel)| {
        let kind = channel.settings.kind;
        let shows = channel.settings.provider.shows(kind);
        let simulated = matches!(channel.settings.provider, ProviderSettings::Simulator(_));
        let templates_by_id = channel.settings.provider.templates_by_id(kind);
        let (country, stand_ins) = (channel.country.clone(), channel.policy.stand_ins.clone());
        let TextPolicy { smart_encoding, stop_hint } = channel.texts.clone();
        let info = ChannelInfo { kind, shows, country, simulated, templates_by_id, smart_encoding, stop_hint, stand_ins };
        (name.clone(), info)
    };
    let api =
        |(name, api): (&Slug, &ApiSettings)| (name.clone(), ApiInfo { methods: api.methods.clone(), paths: api.paths.clone() });
    Project {
        language: basics.language,
        timezone: basics.timezone.clone(),
        country: basics.country.clone(),
        channels: channels.iter().map(channel).collect(),
        apis: apis.iter().map(api).collect(),
        teams: rest.teams,
        hours: rest.hours,
        attributes: rest.attributes,
        topics: rest.topics,
        caps: rest.caps,
        marketing_hours: rest.marketing_hours,
        events: rest.events,
        event_fields: rest.event_fields,
        sources: rest.sources,
        env: rest.env,
        texts: rest.texts,
        endpoints: rest.endpoints,
        alerts: rest.alerts,
        signed: rest.signed,
        desks: rest.desks,
    }
}

/// The sections that need nothing else.
pub(super) struct Rest {
    pub events: Vec<EventName>,
    pub event_fields: IndexMap<EventName, crate::domain::shape::Shape>,
    pub sources: Vec<super::sources::SourceKind>,
    pub teams: Vec<Slug>,
    pub hours: IndexMap<Slug, Hours>,
    pub attributes: IndexMap<Name, Type>,
    pub topics: IndexMap<Slug, String>,
    pub caps: Vec<super::project::Cap>,
    pub marketing_hours: super::project::MarketingHours,
    pub env: IndexMap<String, Value>,
    pub texts: SystemTexts,
    pub endpoints: Vec<EndpointInfo>,
    pub alerts: AlertRules,
    pub signed: Vec<SignedInfo>,
    pub desks: Vec<DeskInfo>,
}
