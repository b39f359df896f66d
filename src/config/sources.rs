//! `[sources.NAME]`: analytics services whose webhooks become events, and where in what they send the contact is.

use super::read_project::slug;
use super::schema::Setting::{self, Paths, Text, TextOrTexts, Word};
use super::secret::Secret;
use super::section::{Secrets, Section};
use super::tree::Kind;
use crate::domain::channel::ChannelKind;
use crate::domain::mode::Mode;
use crate::domain::name::{Name, Slug};
use crate::domain::value::Type;
use indexmap::IndexMap;

/// What a section may hold, for the schema.
pub(super) const SETTINGS: &[(&str, Setting)] = &[
    ("kind", Word(&["mixpanel", "segment", "amplitude"])),
    ("mode", Word(&["live", "test"])),
    ("user", Text),
    ("password", Setting::Secret),
    ("keys", Setting::Secrets),
    ("secrets", Setting::Secrets),
    ("phone", TextOrTexts),
    ("email", TextOrTexts),
    ("id", TextOrTexts),
    ("name", TextOrTexts),
    ("language", TextOrTexts),
    ("attributes", Paths),
];

/// One service that sends.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Its name in the URL.
    pub name: Slug,
    /// Which service.
    pub kind: SourceKind,
    /// Whose contacts it tells of.
    pub mode: Mode,
    /// User and password of basic authentication; both or neither.
    pub basic: Option<(String, Secret)>,
    /// Bearer keys.
    pub keys: Vec<Secret>,
    /// The secrets with which it signs.
    pub secrets: Vec<Secret>,
    /// Where the contact is.
    pub contact: ContactPaths,
}

/// Which service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// Mixpanel's cohort webhook.
    Mixpanel,
    /// Segment's Webhooks (Actions).
    Segment,
    /// Amplitude's cohort and event webhooks.
    Amplitude,
}

impl SourceKind {
    /// As operators write it; also what names of its events begin with.
    pub fn as_str(self) -> &'static str {
        match self {
            SourceKind::Mixpanel => "mixpanel",
            SourceKind::Segment => "segment",
            SourceKind::Amplitude => "amplitude",
        }
    }

    /// The events that it sends. A name that ends with a full stop is the beginning of those that people named.
    pub fn events(self) -> &'static [&'static str] {
        match self {
            SourceKind::Mixpanel => &["mixpanel.cohort.entered", "mixpanel.cohort.left"],
            SourceKind::Segment => &["segment.track.", "segment.identify", "segment.page", "segment.screen", "segment.group"],
            SourceKind::Amplitude => {
                &["amplitude.cohort.entered", "amplitude.cohort.left", "amplitude.event.", "amplitude.identify"]
            }
        }
    }

    /// Whether it sends this event.
    pub fn sends(self, name: &str) -> bool {
        let is = |event: &&str| match event.strip_suffix('.') {
            Some(_) => name.len() > event.len() && name.starts_with(*event),
            None => name == *event,
        };
        self.events().iter().any(is)
    }
}

/// Where in one item the contact is: paths such as `traits.phone`; the first that leads to something counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContactPaths {
    /// The phone number.
    pub phone: Vec<String>,
    /// The email address.
    pub email: Vec<String>,
    /// The id in your own systems.
    pub id: Vec<String>,
    /// The name.
    pub name: Vec<String>,
    /// The language.
    pub language: Vec<String>,
    /// Attributes of the contact that are brought up to date.
    pub attributes: IndexMap<Name, Vec<String>>,
    /// What the contact consents to.
    pub consent: ConsentPaths,
}

/// Where in one item it says what the contact consents to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConsentPaths {
    /// Whether they agreed to marketing on every kind of channel.
    pub marketing: Option<String>,
    /// The same for one kind.
    pub kinds: Vec<(ChannelKind, String)>,
    /// When they said so.
    pub at: Option<String>,
}

impl ConsentPaths {
    fn read(section: Section<'_>) -> Self {
        let kinds = ChannelKind::ALL.into_iter().filter_map(|kind| Some((kind, section.opt_text(kind.as_str())?)));
        let paths = ConsentPaths { marketing: section.opt_text("marketing"), kinds: kinds.collect(), at: section.opt_text("at") };
        section.finish();
        paths
    }
}

fn usual(kind: SourceKind) -> [&'static [&'static str]; 5] {
    match kind {
        SourceKind::Mixpanel => [
            &["phone_number", "phone", "$phone"],
            &["email", "$email"],
            &["mixpanel_distinct_id"],
            &["name", "$name", "first_name"],
            &["language"],
        ],
        SourceKind::Segment => [
            &["traits.phone", "context.traits.phone", "properties.phone"],
            &["traits.email", "context.traits.email", "properties.email"],
            &["userId"],
            &["traits.name", "traits.firstName", "context.traits.name", "context.traits.firstName"],
            &["traits.language", "context.traits.language"],
        ],
        SourceKind::Amplitude => [
            &["user_properties.phone", "user_properties.phone_number"],
            &["user_properties.email"],
            &["user_id"],
            &["user_properties.name"],
            &["user_properties.language"],
        ],
    }
}

pub(super) fn sources(
    section: Section<'_>,
    attributes: &IndexMap<Name, Type>,
    secrets: Secrets,
) -> IndexMap<Slug, SourceSettings> {
    let mut all = IndexMap::new();
    for (name, inner) in section.named() {
        let Some(name) = slug(&section, name) else { continue };
        all.insert(name.clone(), SourceSettings::read(name, inner, attributes, secrets));
    }
    all
}

impl SourceSettings {
    fn read(name: Slug, section: Section<'_>, attributes: &IndexMap<Name, Type>, secrets: Secrets) -> Self {
        let kinds = [SourceKind::Mixpanel, SourceKind::Segment, SourceKind::Amplitude].map(|kind| (kind.as_str(), kind));
        let kind = section.word("kind", &kinds);
        let mode = match section.has("mode") {
            true => section.word("mode", &Mode::ALL.map(|mode| (mode.as_str(), mode))),
            false => {
                section.opt_text("mode");
                Mode::Live
            }
        };
        let paths = |key, usual: &[&str]| match section.has(key) {
            true => section.texts_or_text(key),
            false => {
                section.opt_text(key);
                usual.iter().map(|path| (*path).to_owned()).collect()
            }
        };
        let [phone, email, id, contact_name, language] = usual(kind);
        let inner = section.section("attributes");
        let mut read = IndexMap::new();
        for (attribute, node) in inner.entries() {
            let Some((known, _)) = attributes.get_key_value(attribute) else {
                inner.mistake(attribute, "is not in [attributes]", None);
                continue;
            };
            match &node.kind {
                Kind::Text(path) => drop(read.insert(known.clone(), vec![path.clone()])),
                _ => inner.mistake(attribute, "must be a path such as traits.plan", None),
            }
        }
        let contact = ContactPaths {
            phone: paths("phone", phone),
            email: paths("email", email),
            id: paths("id", id),
            name: paths("name", contact_name),
            language: paths("language", language),
            attributes: read,
            consent: ConsentPaths::read(section.section("consent")),
        };
        let (user, password) = (section.opt_text("user"), section.opt_secret("password"));
        let basic = match (user, password) {
            (Some(user), Some(password)) if !password.is_empty() => Some((user, password)),
            (None, None) => None,
            _ => {
                if secrets == Secrets::Required {
                    section.mistake("user", "and `password` go together", None);
                }
                None
            }
        };
        let list = |key| {
            let mut list = section.secrets(key);
            list.retain(|secret| !secret.is_empty());
            list
        };
        let settings = SourceSettings { name, kind, mode, basic, keys: list("keys"), secrets: list("secrets"), contact };
        if !settings.secrets.is_empty() && kind != SourceKind::Segment {
            section.mistake("secrets", "are for Segment; the others sign nothing", None);
        }
        section.finish();
        settings
    }
}
