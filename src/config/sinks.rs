//! `[sinks.NAME]`: analytics services that are told what happens in conversations, and what of it.

use super::read_project::slug;
use super::schema::Setting::{self, Duration, Text, Texts, Whole, Word};
use super::secret::Secret;
use super::section::{Secrets, Section};
use crate::domain::happening::HAPPENINGS;
use crate::domain::hook::KindPattern;
use crate::domain::name::{Name, Slug};
use crate::domain::time::Span;
use indexmap::IndexMap;
use url::Url;

/// What a section may hold, for the schema.
pub(super) const SETTINGS: &[(&str, Setting)] = &[
    ("kind", Word(&["mixpanel", "segment", "amplitude"])),
    ("key", Setting::Secret),
    ("project_id", Text),
    ("user", Text),
    ("password", Setting::Secret),
    ("base_url", Text),
    ("events", Texts(&[])),
    ("identity", Word(&["hash", "external", "contact"])),
    ("secret", Setting::Secret),
    ("include", Texts(&[])),
    ("from", Word(&["now", "start"])),
    ("batch", Whole),
    ("timeout", Duration),
    ("retry_first", Duration),
];

/// One service that is told.
#[derive(Debug, Clone)]
pub struct SinkSettings {
    /// Its name: what its place in the journal is remembered by.
    pub name: Slug,
    /// Which service.
    pub kind: SinkKind,
    /// What it knows us by.
    pub access: Access,
    /// Where its API is, without a slash at the end.
    pub base_url: String,
    /// What it is told.
    pub events: Vec<KindPattern>,
    /// What it knows a contact by.
    pub identity: Identity,
    /// What the hash of a contact is keyed with; without one with the store's own secret.
    pub secret: Option<Secret>,
    /// What is told beside names and numbers.
    pub include: Includes,
    /// Where a new one begins.
    pub from: Beginning,
    /// Rows of one request at most.
    pub batch: usize,
    /// One request.
    pub timeout: Span,
    /// The pause before the first repetition; each next one is twice as long, up to a minute.
    pub retry_first: Span,
}

/// Which service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkKind {
    /// Mixpanel's `/import`.
    Mixpanel,
    /// Segment's HTTP Tracking API.
    Segment,
    /// Amplitude's HTTP V2 API.
    Amplitude,
}

impl SinkKind {
    /// As operators write it.
    pub fn as_str(self) -> &'static str {
        match self {
            SinkKind::Mixpanel => "mixpanel",
            SinkKind::Segment => "segment",
            SinkKind::Amplitude => "amplitude",
        }
    }

    fn usual_url(self) -> &'static str {
        match self {
            SinkKind::Mixpanel => "https://api.mixpanel.com",
            SinkKind::Segment => "https://api.segment.io",
            SinkKind::Amplitude => "https://api2.amplitude.com",
        }
    }

    /// Rows that a request may hold; Segment takes 2,500, Mixpanel and Amplitude 2,000.
    fn most(self) -> usize {
        match self {
            SinkKind::Mixpanel => 2_000,
            SinkKind::Segment => 2_500,
            SinkKind::Amplitude => 1_000,
        }
    }
}

/// What a service knows us by.
#[derive(Debug, Clone)]
pub enum Access {
    /// A project token, write key or API key.
    Key(Secret),
    /// A service account of Mixpanel.
    Account {
        /// The project.
        project: String,
        /// Its name.
        user: String,
        /// Its password.
        password: Secret,
    },
}

/// What a service knows a contact by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// A keyed hash that nobody else can make.
    Hash,
    /// The contact's id in your own systems; where there is none, the hash.
    External,
    /// The contact's name in the journal and in reports to other systems.
    Contact,
}

/// Where a new sink begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// With what happens from now on.
    Now,
    /// With all that history still has.
    Start,
}

/// What is told beside names and numbers. Nothing of it is told unless it is named here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Includes {
    /// Texts of messages, as the journal keeps them.
    pub text: bool,
    /// Phone numbers and email addresses.
    pub address: bool,
    /// Values that are saved or set, by their names in the journal: `plan`, `contact.plan`.
    pub values: Vec<String>,
    /// Fields of events' data.
    pub fields: Vec<String>,
}

impl Includes {
    fn add(&mut self, word: &str) -> bool {
        let named = |name: &str| Name::parse(name).is_ok();
        match (word, word.split_once('.')) {
            ("text", _) => self.text = true,
            ("address", _) => self.address = true,
            (_, Some(("variables", name))) if named(name) => self.values.push(name.to_owned()),
            (_, Some(("contact", name))) if named(name) => self.values.push(word.to_owned()),
            (_, Some(("event", name))) if named(name) => self.fields.push(name.to_owned()),
            _ => return false,
        }
        true
    }
}

pub(super) fn sinks(section: Section<'_>, secrets: Secrets) -> IndexMap<Slug, SinkSettings> {
    let mut all = IndexMap::new();
    for (name, inner) in section.named() {
        let Some(name) = slug(&section, name) else { continue };
        all.insert(name.clone(), SinkSettings::read(name, inner, secrets));
    }
    all
}

impl SinkSettings {
    fn read(name: Slug, section: Section<'_>, secrets: Secrets) -> Self {
        let kinds = [SinkKind::Mixpanel, SinkKind::Segment, SinkKind::Amplitude].map(|kind| (kind.as_str(), kind));
        let kind = section.word("kind", &kinds);
        let access = access(&section, kind, secrets);
        let base_url = section.opt_parsed("base_url", "a URL such as https://api-eu.mixpanel.com", base_url);
        let words = [("hash", Identity::Hash), ("external", Identity::External), ("contact", Identity::Contact)];
        let identity = section.opt_word("identity", &words).unwrap_or(Identity::Hash);
        let secret = section.opt_secret("secret").filter(|secret| !secret.is_empty());
        if secret.as_ref().is_some_and(|secret| secret.expose().len() < 16) {
            section.mistake("secret", "has fewer than 16 characters", Some("Draw one: openssl rand -hex 32".to_owned()));
        }
        let mut include = Includes::default();
        for word in section.texts("include") {
            if !include.add(&word) {
                let message = format!("`{word}` is none of text, address, variables.NAME, contact.NAME, event.NAME");
                section.mistake("include", message, None);
            }
        }
        let from = section.opt_word("from", &[("now", Beginning::Now), ("start", Beginning::Start)]);
        let span = |key, instead: Span, from, to| match section.has(key) {
            true => section.span(key, from, to),
            false => {
                section.asks(key);
                instead
            }
        };
        let most = kind.most();
        let batch = match section.has("batch") {
            true => super::server::size(section.number("batch", 1, i64::try_from(most).unwrap_or(1))),
            false => {
                section.asks("batch");
                most
            }
        };
        let settings = SinkSettings {
            name,
            kind,
            access,
            base_url: base_url.unwrap_or_else(|| kind.usual_url().to_owned()),
            events: events(&section),
            identity,
            secret,
            include,
            from: from.unwrap_or(Beginning::Now),
            batch,
            timeout: span("timeout", Span::seconds(30), Span::millis(100), Span::minutes(2)),
            retry_first: span("retry_first", Span::seconds(2), Span::millis(10), Span::minutes(1)),
        };
        section.finish();
        settings
    }
}

/// What it is told: all, if nothing is said.
fn events(section: &Section<'_>) -> Vec<KindPattern> {
    if !section.has("events") {
        section.asks("events");
        return KindPattern::parse("*").into_iter().collect();
    }
    let mut events = Vec::new();
    for text in section.texts("events") {
        match KindPattern::parse(&text).filter(|pattern| HAPPENINGS.iter().any(|(name, _)| pattern.matches(name))) {
            Some(pattern) => events.push(pattern),
            None => {
                let help = "docs/integrations.md lists the names; message.* means all that begin so, * all.".to_owned();
                section.mistake("events", format!("`{text}` is nothing that happens"), Some(help));
            }
        }
    }
    if events.is_empty() {
        section.mistake("events", "names nothing: the service would never be told anything", None);
    }
    events
}

fn access(section: &Section<'_>, kind: SinkKind, secrets: Secrets) -> Access {
    let (project, user) = (section.opt_text("project_id"), section.opt_text("user"));
    let (password, key) = (section.opt_secret("password"), section.opt_secret("key"));
    let required = secrets == Secrets::Required;
    match (project, user, password, key) {
        (Some(project), Some(user), Some(password), None) if kind == SinkKind::Mixpanel => {
            Access::Account { project, user, password }
        }
        (None, None, None, Some(key)) => Access::Key(key),
        (None, None, None, None) => {
            if required {
                let help = "Write key = { env = \"NAME\" }: a project token, a write key, or an API key.".to_owned();
                section.mistake("key", "is missing", Some(help));
            }
            Access::Key(Secret::new(""))
        }
        (_, _, _, key) => {
            let message = match kind {
                SinkKind::Mixpanel => "and a service account (`project_id`, `user` and `password` together) exclude each other",
                SinkKind::Segment | SinkKind::Amplitude => "is all that this service wants: no project_id, user or password",
            };
            section.mistake("key", message, None);
            Access::Key(key.unwrap_or_else(|| Secret::new("")))
        }
    }
}

fn base_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && plain).then(|| text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Settings};
    use std::path::Path;

    #[test]
    fn nothing_of_a_person_is_told_unless_it_is_said() {
        let text = r#"
[sinks.product]
kind = "mixpanel"
project_id = "2195193"
user = "u"
password = { env = "KEY" }
base_url = "https://api-eu.mixpanel.com/"
batch = 500
include = ["text", "variables.plan", "contact.vip", "event.amount"]
[sinks.web]
kind = "segment"
key = { env = "KEY" }
"#;
        let environment: Environment = [("KEY".to_owned(), "0123456789abcdef".to_owned())].into_iter().collect();
        let (settings, mistakes, _) = Settings::read(text, Path::new("/p"), &environment, Secrets::Required);
        assert_eq!(mistakes, Vec::new());
        let product = &settings.sinks["product"];
        assert!(matches!(&product.access, Access::Account { project, .. } if project == "2195193"));
        assert_eq!((product.base_url.as_str(), product.batch), ("https://api-eu.mixpanel.com", 500));
        assert!(product.include.text && !product.include.address);
        assert_eq!(
            (&product.include.values[..], &product.include.fields[..]),
            (&["plan".into(), "contact.vip".into()][..], &["amount".into()][..])
        );
        let web = &settings.sinks["web"];
        assert_eq!((web.base_url.as_str(), web.batch, web.identity), ("https://api.segment.io", 2_500, Identity::Hash));
        assert!(web.include == Includes::default() && web.from == Beginning::Now);
        assert!(web.events[0].matches("message.received"));
        assert!(!format!("{settings:?}").contains("0123456789abcdef"));
    }
}
