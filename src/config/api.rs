//! The systems that flows may call. A flow names an entry, a method and a path; everything else is here.

use super::secret::Secret;
use super::section::{Secrets, Section};
use super::server::base_url;
use super::tree::Kind;
use crate::domain::limits;
use crate::domain::name::Slug;
use crate::domain::time::Span;
use base64::Engine as _;

/// `[api.X]`.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Its name in flows.
    pub name: Slug,
    /// What paths are added to, without a slash at the end.
    pub base_url: String,
    /// Headers of every request; all are treated as secrets, because some are.
    pub headers: Vec<(String, Secret)>,
    /// Methods that are allowed, in lower case; empty means all.
    pub methods: Vec<String>,
    /// Prefixes of paths that are allowed; empty means all.
    pub paths: Vec<String>,
    /// Whether private, loopback and link-local addresses may be called.
    pub allow_private: bool,
    /// One attempt, where the flow does not say.
    pub timeout: Span,
    /// When calls are not made for a while.
    pub circuit: CircuitSettings,
    /// What is called in its place for test contacts; nothing: their calls do not leave, and fail.
    pub test: Option<StandInSettings>,
}

/// `[api.X.test]`.
#[derive(Debug, Clone)]
pub struct StandInSettings {
    /// What paths are added to, without a slash at the end.
    pub base_url: String,
    /// Headers of every request, in the place of those of the api.
    pub headers: Vec<(String, Secret)>,
}

/// When an api counts as broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitSettings {
    /// After so many failures in a row; 0: never.
    pub after: u32,
    /// Then no call is made for so long.
    pub pause: Span,
}

impl Default for CircuitSettings {
    fn default() -> Self {
        CircuitSettings { after: 5, pause: Span::seconds(30) }
    }
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Headers that carry credentials: they may not stand in the file.
const SENSITIVE: [&str; 8] =
    ["authorization", "cookie", "proxy-authorization", "token", "secret", "api-key", "apikey", "password"];
/// Headers that the service sets itself.
const OURS: [&str; 5] = ["host", "content-length", "transfer-encoding", "connection", "idempotency-key"];

impl ApiSettings {
    pub(super) fn read(name: Slug, section: Section<'_>, secrets: Secrets) -> Self {
        let base = base(&section);
        let methods: Vec<String> = section.texts("methods").iter().map(|m| m.to_ascii_lowercase()).collect();
        if let Some(unknown) = methods.iter().find(|m| !METHODS.contains(&m.as_str())) {
            section.mistake("methods", format!("`{unknown}` is none of {}", METHODS.join(", ")), None);
        }
        let paths = section.texts("paths");
        if let Some(bad) = paths.iter().find(|p| !p.starts_with('/') || p.contains(['?', '#'])) {
            section.mistake("paths", format!("`{bad}` must begin with `/` and have neither `?` nor `#`"), None);
        }
        let mut headers = headers(&section);
        headers.extend(authorization(&section, secrets));
        let timeout = match section.has("timeout") {
            true => section.span("timeout", Span::millis(100), limits::CALL_TIMEOUT_MAX),
            false => {
                section.opt_text("timeout");
                limits::CALL_TIMEOUT
            }
        };
        let allow_private = section.boolean("allow_private");
        let circuit = circuit(&section);
        let test = stand_in(&section, secrets);
        section.finish();
        ApiSettings { name, base_url: base, headers, methods, paths, allow_private, timeout, circuit, test }
    }

    /// The same, as it is for test contacts; nothing if it names no stand-in.
    pub fn in_test(&self) -> Option<ApiSettings> {
        let StandInSettings { base_url, headers } = self.test.clone()?;
        Some(ApiSettings { base_url, headers, ..self.clone() })
    }
}

fn base(section: &Section<'_>) -> String {
    let base = section.text("base_url");
    match base_url(&base) {
        Ok(url) => url,
        Err(_) if base.is_empty() => base,
        Err(why) => {
            section.mistake("base_url", why, Some("For example https://shop.example.com/api".to_owned()));
            String::new()
        }
    }
}

/// `[api.X.test]`: none of the api's own credentials go there.
fn stand_in(section: &Section<'_>, secrets: Secrets) -> Option<StandInSettings> {
    let given = section.has("test");
    let inner = section.section("test");
    if !given {
        return None;
    }
    let base_url = base(&inner);
    let mut headers = headers(&inner);
    headers.extend(authorization(&inner, secrets));
    inner.finish();
    Some(StandInSettings { base_url, headers })
}

pub(super) fn circuit(section: &Section<'_>) -> CircuitSettings {
    let usual = CircuitSettings::default();
    let given = |key| {
        let given = section.has(key);
        if !given {
            section.opt_text(key);
        }
        given
    };
    CircuitSettings {
        after: match given("circuit_after") {
            true => u32::try_from(section.number("circuit_after", 0, 1_000)).unwrap_or(0),
            false => usual.after,
        },
        pause: match given("circuit_pause") {
            true => section.span("circuit_pause", Span::millis(100), Span::minutes(30)),
            false => usual.pause,
        },
    }
}

pub(super) fn headers(section: &Section<'_>) -> Vec<(String, Secret)> {
    let inner = section.section("headers");
    let mut out = Vec::new();
    for (name, node) in inner.entries() {
        let lower = name.to_ascii_lowercase();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
            inner.mistake(name, "is not the name of a header", None);
        } else if OURS.contains(&lower.as_str()) {
            inner.mistake(name, "is set by the service itself", None);
        } else {
            let value = match &node.kind {
                Kind::Text(text) if !SENSITIVE.iter().any(|word| lower.contains(word)) => Secret::new(text.as_str()),
                _ => inner.secret_of(node, &format!("{}.{name}", inner.path())),
            };
            if value.expose().contains(['\r', '\n', '\0']) || !value.expose().is_ascii() {
                inner.mistake(name, "holds characters that a header may not have", None);
            } else {
                out.push((name.to_owned(), value));
            }
        }
    }
    out
}

/// `bearer = { env = … }` or `basic = { user = …, password = { env = … } }`.
fn authorization(section: &Section<'_>, secrets: Secrets) -> Option<(String, Secret)> {
    let bearer = section.opt_secret("bearer");
    let basic = section.has("basic").then(|| {
        let inner = section.section("basic");
        let (user, password) = (inner.text("user"), inner.secret("password"));
        if user.contains(':') {
            inner.mistake("user", "may not contain `:`", None);
        }
        inner.finish();
        let pair = zeroize::Zeroizing::new(format!("{user}:{}", password.expose()));
        Secret::new(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair.as_bytes())))
    });
    if basic.is_none() {
        section.section("basic");
    }
    let value = match (bearer, basic) {
        (Some(_), Some(_)) => {
            section.mistake("basic", "and `bearer` exclude each other", None);
            return None;
        }
        (Some(token), None) if token.is_empty() && secrets == Secrets::Tolerated => return None,
        (Some(token), None) => Secret::new(format!("Bearer {}", token.expose())),
        (None, Some(basic)) => basic,
        (None, None) => return None,
    };
    Some(("Authorization".to_owned(), value))
}
