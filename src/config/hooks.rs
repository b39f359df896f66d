//! Other systems that are told what happens: `[endpoints.X]`, and the callbacks that events bring along.

use super::fence;
use super::secret::Secret;
use super::section::{Secrets, Section};
use super::server::size;
use crate::domain::alert::ALERT_PREFIX;
use crate::domain::hook::{CALLBACK_PREFIX, DESK_PREFIX, KindPattern};
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
    /// A URL that an event may bring along, in the one form that it has; in words for whoever sent it if it may not.
    pub fn check(&self, url: &str) -> Result<Url, &'static str> {
        const LONG: &str = "is longer than 2,000 bytes";
        if url.len() > limits::CALLBACK_URL_BYTES {
            return Err(LONG);
        }
        let url = Url::parse(url).map_err(|_| "is not a URL")?;
        // Other scripts are written out, so that it may be longer than it was.
        if url.as_str().len() > limits::CALLBACK_URL_BYTES {
            return Err(LONG);
        }
        if fence::leads_out(url.path()) {
            return Err("leads out of where it begins");
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err("may hold neither a user nor a password nor `#`");
        }
        match self.allow.iter().any(|prefix| lies_under(&url, prefix)) {
            true => Ok(url),
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
        for prefix in [CALLBACK_PREFIX, ALERT_PREFIX, DESK_PREFIX] {
            if name.as_str().starts_with(prefix) {
                section.mistake("url", format!("belongs to an endpoint whose name may not begin with `{prefix}`"), None);
            }
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
        let policy = policy(&section, secrets, Some("url"));
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
        let policy = policy(&section, secrets, (!allow.is_empty()).then_some("allow"));
        section.finish();
        CallbackSettings { allow, policy }
    }
}

/// A URL that reports may go to.
pub(super) fn target(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && plain).then_some(url)
}

fn policy(section: &Section<'_>, secrets: Secrets, signed: Option<&str>) -> HookPolicy {
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
    if let Some(key) = signed.filter(|_| given.is_empty() && secrets == Secrets::Required) {
        section.mistake(key, "needs `secrets`: without one nobody can tell a report from a forged one", None);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Settings};
    use std::path::Path;

    const ENDPOINT: &str = r#"
[endpoints.crm]
url = "https://crm.example.com/"
events = ["message.*"]
secrets = [{ env = "SIGNING" }, { env = "WHSEC" }]
in_flight = 4
max_age = "2h"

[callbacks]
allow = ["https://shop.example.com/hooks/"]
secrets = [{ env = "SIGNING" }]
"#;

    fn load(text: &str) -> (Settings, Vec<String>) {
        let secrets = [
            ("KEY", "0123456789abcdef"),
            ("SIGNING", "0123456789abcdef01234567"),
            ("WHSEC", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ];
        let environment: Environment = secrets.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (settings, mistakes, _) = Settings::read(text, Path::new("/p"), &environment, Secrets::Required);
        let said = mistakes.iter().map(|m| format!("{}: {}", m.key, m.message)).collect();
        (settings, said)
    }

    #[test]
    fn an_endpoint_is_read_with_what_is_not_said() {
        let (settings, mistakes) = load(ENDPOINT);
        assert_eq!(mistakes, Vec::<String>::new());
        let crm = &settings.endpoints["crm"].policy;
        assert_eq!((crm.keys.len(), crm.in_flight, crm.max_age), (2, 4, Span::hours(2)));
        assert_eq!((crm.timeout, crm.retry_first, crm.allow_private), (Span::seconds(10), Span::seconds(5), false));
        assert_eq!(crm.keys[1].expose().len(), 24, "whsec_ is base64");
        assert_eq!(format!("{:?}", crm.keys), "[SigningKey(…), SigningKey(…)]");
        let known = &settings.project.endpoints[0];
        assert!(known.wants("message.read") && !known.wants("handoff.opened"));
        assert_eq!(settings.callbacks.policy.max_age, Span::hours(24));
    }

    #[test]
    fn a_callback_lies_under_an_allowed_prefix() {
        let (settings, _) = load(ENDPOINT);
        let check = |url: &str| settings.callbacks.check(url).map(String::from);
        assert_eq!(check("https://shop.example.com/hooks/a?b=c").as_deref(), Ok("https://shop.example.com/hooks/a?b=c"));
        for spelling in [
            "https://shop.example.com:0443/hooks/a",
            "https://sh%6fp.example.com/hooks/a",
            "https://SHOP.exam\tple.com/hooks/a",
            "https:/shop.example.com/hooks/a",
            "https:\\\\shop.example.com\\hooks\\x\\..\\a",
        ] {
            assert_eq!(check(spelling).as_deref(), Ok("https://shop.example.com/hooks/a"), "{spelling}");
        }
        for refused in [
            "https://shop.example.com/hooks",
            "https://shop.example.com/hooks/../admin",
            "https://shop.example.com/hooks/%2e%2e/admin",
            "https://shop.example.com/hooks/..%2fadmin",
            "https://shop.example.com/hooks/a%2f%2e%2e%2f%2e%2e%2fadmin",
            "https://shop.example.com/hooks/..%252fadmin",
            "https://shop.example.com/hooks/..%5Cadmin",
            "https://shop.example.com.evil.example/hooks/a",
            "https://shop.example.com@evil.example/hooks/a",
            "https://u:p@shop.example.com/hooks/a",
            "https://shop.example.com/hooks/a#b",
            "https://shop.example.com:444/hooks/a",
            "http://shop.example.com/hooks/a",
            "shop.example.com/hooks/a",
            "",
        ] {
            assert!(check(refused).is_err(), "{refused}");
        }
        let long = |n: usize| format!("https://shop.example.com/hooks/{}", "a".repeat(n - 31));
        assert!(check(&long(limits::CALLBACK_URL_BYTES)).is_ok());
        assert!(
            check(&format!("https://shop.example.com/hooks/{}", "\u{fc}".repeat(900))).is_err(),
            "six bytes each when written out"
        );
        assert!(check(&long(limits::CALLBACK_URL_BYTES + 1)).is_err());
    }

    #[test]
    fn each_mistake_is_told() {
        for (from, to, expected) in [
            ("url = ", "urls = ", "endpoints.crm.url: is missing"),
            ("https://crm", "ftp://crm", "endpoints.crm.url: `ftp://crm.example.com/` must be a URL"),
            ("SIGNING", "KEY", "endpoints.crm.secrets: a secret has fewer than 24 bytes"),
            ("secrets", "secret", "endpoints.crm.url: needs `secrets`"),
            ("{ env = \"WHSEC\" }", "{ env = \"WHSEC\" }, { env = \"WHSEC\" }", "endpoints.crm.secrets: are more than two"),
            ("message.*", "message*", "endpoints.crm.events: `message*` is no kind of report"),
            ("\"message.*\"", "", "endpoints.crm.events: names nothing"),
            ("in_flight = 4", "in_flight = 0", "endpoints.crm.in_flight: must be a whole number from 1 to 1000"),
            ("crm]", "callback-x]", "endpoints.callback-x.url: belongs to an endpoint whose name may not"),
            ("crm]", "alert-x]", "endpoints.alert-x.url: belongs to an endpoint whose name may not"),
            ("secrets = [{ env = \"SIGNING\" }]", "", "callbacks.allow: needs `secrets`"),
            ("https://shop", "shop", "callbacks.allow: `shop.example.com/hooks/` is not the beginning of a URL"),
        ] {
            let (_, said) = load(&ENDPOINT.replacen(from, to, 1));
            assert!(said.iter().any(|m| m.starts_with(expected)), "{expected}\n{said:#?}");
        }
    }
}
