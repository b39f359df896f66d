//! Other systems that are told what happens: `[endpoints.X]`, and the callbacks that events bring along.

use super::secret::Secret;
use super::section::{Secrets, Section};
use super::server::size;
use crate::domain::hook::{CALLBACK_PREFIX, KindPattern};
use crate::domain::limits;
use crate::domain::name::Slug;
use crate::domain::time::Span;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use url::Url;
use zeroize::Zeroizing;

/// The fewest bytes of a signing secret.
const KEY_BYTES: usize = 24;

/// What requests are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Zeroizing<Vec<u8>>);

impl SigningKey {
    /// A secret as Standard Webhooks writes it (`whsec_` and base64), else the text as it is.
    pub fn parse(secret: &Secret) -> Result<Self, &'static str> {
        let key = match secret.expose().strip_prefix("whsec_") {
            Some(encoded) => STANDARD.decode(encoded).map_err(|_| "has no base64 behind `whsec_`")?,
            None => secret.expose().as_bytes().to_vec(),
        };
        if key.len() < KEY_BYTES { Err("has fewer than 24 bytes") } else { Ok(SigningKey(Zeroizing::new(key))) }
    }

    /// The bytes. The only way to them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// How requests to an endpoint are made.
#[derive(Debug, Clone)]
pub struct HookPolicy {
    /// Each signs: one, or two while one is replaced by the other.
    pub keys: Vec<SigningKey>,
    /// Whether private, loopback and link-local addresses may be reached.
    pub allow_private: bool,
    /// One attempt.
    pub timeout: Span,
    /// Requests in the air at one time.
    pub in_flight: usize,
    /// The pause before the first repetition; each next one is twice as long, up to an hour.
    pub retry_first: Span,
    /// A report that was not taken for so long fails visibly.
    pub max_age: Span,
}

/// `[endpoints.X]`.
#[derive(Debug, Clone)]
pub struct EndpointSettings {
    /// Its name.
    pub name: Slug,
    /// Where.
    pub url: String,
    /// What it wants to hear.
    pub events: Vec<KindPattern>,
    /// How.
    pub policy: HookPolicy,
}

/// `[callbacks]`.
#[derive(Debug, Clone)]
pub struct CallbackSettings {
    /// What the URL of a callback may begin with.
    pub allow: Vec<Url>,
    /// How, for each host.
    pub policy: HookPolicy,
}

impl CallbackSettings {
    /// Whether an event may bring this URL along; in words for whoever sent it if not.
    pub fn check(&self, url: &str) -> Result<(), &'static str> {
        if url.len() > limits::CALLBACK_URL_BYTES {
            return Err("is longer than 2,000 bytes");
        }
        let url = Url::parse(url).map_err(|_| "is not a URL")?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err("may hold neither a user nor a password nor `#`");
        }
        match self.allow.iter().any(|prefix| lies_under(&url, prefix)) {
            true => Ok(()),
            false => Err("lies under none of the prefixes that [callbacks] allows"),
        }
    }
}

/// Both were normalised when they were read: `..` in any spelling is gone.
fn lies_under(url: &Url, prefix: &Url) -> bool {
    let inside = url.path().strip_prefix(prefix.path());
    url.origin() == prefix.origin()
        && inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || prefix.path().ends_with('/'))
}

impl EndpointSettings {
    pub(super) fn read(name: Slug, section: Section<'_>, secrets: Secrets) -> Self {
        if name.as_str().starts_with(CALLBACK_PREFIX) {
            section.mistake("url", format!("belongs to an endpoint whose name may not begin with `{CALLBACK_PREFIX}`"), None);
        }
        let url = section.parsed("url", "a URL such as https://crm.example.com/replyflow", String::new(), |text| {
            target(text).map(|_| text.to_owned())
        });
        let mut events = Vec::new();
        for text in section.texts("events") {
            match KindPattern::parse(&text) {
                Some(pattern) => events.push(pattern),
                None => section.mistake("events", format!("`{text}` is no kind of report, for example message.* or *"), None),
            }
        }
        if events.is_empty() {
            section.mistake("events", "names nothing: the endpoint would never hear anything", None);
        }
        let policy = policy(&section, secrets, true);
        section.finish();
        EndpointSettings { name, url, events, policy }
    }
}

impl CallbackSettings {
    pub(super) fn read(section: Section<'_>, secrets: Secrets) -> Self {
        let mut allow = Vec::new();
        for text in section.texts("allow") {
            match target(&text).filter(|url| url.query().is_none()) {
                Some(url) => allow.push(url),
                None => section.mistake("allow", format!("`{text}` is not the beginning of a URL with its host"), None),
            }
        }
        let policy = policy(&section, secrets, !allow.is_empty());
        section.finish();
        CallbackSettings { allow, policy }
    }
}

/// A URL that reports may go to.
fn target(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && plain).then_some(url)
}

fn policy(section: &Section<'_>, secrets: Secrets, needs_key: bool) -> HookPolicy {
    let given = section.secrets("secrets");
    if given.len() > 2 {
        section.mistake("secrets", "are more than two: one, and a second while one is replaced by the other", None);
    }
    let mut keys = Vec::new();
    for secret in given.iter().filter(|secret| !secret.is_empty()) {
        match SigningKey::parse(secret) {
            Ok(key) => keys.push(key),
            Err(why) => {
                let help = "Draw one: echo whsec_$(openssl rand -base64 32)".to_owned();
                section.mistake("secrets", format!("a secret {why}"), Some(help));
            }
        }
    }
    if needs_key && given.is_empty() && secrets == Secrets::Required {
        section.mistake("secrets", "are missing: without one nobody can tell a report from a forged one", None);
    }
    let span = |key, instead: Span, from, to| match section.has(key) {
        true => section.span(key, from, to),
        false => {
            section.opt_text(key);
            instead
        }
    };
    HookPolicy {
        keys,
        allow_private: section.boolean("allow_private"),
        timeout: span("timeout", Span::seconds(10), Span::millis(100), Span::seconds(30)),
        in_flight: match section.has("in_flight") {
            true => size(section.number("in_flight", 1, 1_000)),
            false => {
                section.opt_text("in_flight");
                16
            }
        },
        retry_first: span("retry_first", Span::seconds(5), Span::millis(10), Span::minutes(10)),
        max_age: span("max_age", Span::hours(24), Span::seconds(1), Span::days(7)),
    }
}
