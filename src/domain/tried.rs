//! What would have left for a test contact, as the journal tells it: nothing of it did.

use super::id::EffectId;
use super::limits::TRIED_BYTES;
use serde::{Deserialize, Serialize};

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TriedKind {
    /// A message to its provider or its mail server.
    Message,
    /// A call of a flow.
    Call,
    /// A report to an endpoint or a callback.
    Report,
    /// Alerts for teams.
    Alert,
    /// A task at a desk.
    Desk,
}

impl TriedKind {
    /// All of them.
    pub const ALL: [TriedKind; 5] = [TriedKind::Message, TriedKind::Call, TriedKind::Report, TriedKind::Alert, TriedKind::Desk];

    /// As it is written in tables and parameters.
    pub fn as_str(self) -> &'static str {
        match self {
            TriedKind::Message => "message",
            TriedKind::Call => "call",
            TriedKind::Report => "report",
            TriedKind::Alert => "alert",
            TriedKind::Desk => "desk",
        }
    }

    /// Reads what `as_str` gives.
    pub fn parse(text: &str) -> Option<Self> {
        TriedKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What would have left. Secrets are masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// The effect.
    pub effect: EffectId,
    /// What it is.
    pub kind: TriedKind,
    /// `POST` and so on; `SMTP` for a mail, nothing where it goes to no other system.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub method: String,
    /// Whither.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// The path there, without its query.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Headers; of those that can be a secret only the name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// Whether there was more of the body than is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Whether it went to a stand-in that the configuration names for test.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
}

/// What stands in the place of a secret.
pub const MASK: &str = "••••••";
/// Headers whose values are shown: no credential stands in them.
const SHOWN: [&str; 8] = [
    "content-type",
    "accept",
    "user-agent",
    "idempotency-key",
    "webhook-id",
    "webhook-timestamp",
    "x-twilio-idempotency-token",
    "date",
];

impl Tried {
    /// Something that goes to no other system.
    pub fn within(effect: EffectId, kind: TriedKind, body: String) -> Self {
        let (method, host, path) = (String::new(), String::new(), String::new());
        let mut tried = Tried { effect, kind, method, host, path, headers: Vec::new(), body, cut: false, left: false };
        tried.bound();
        tried
    }

    /// A request. `secrets` are masked wherever they stand.
    pub fn request<'h>(
        effect: EffectId,
        kind: TriedKind,
        (method, url): (&str, &str),
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
        body: &[u8],
        secrets: &[&str],
    ) -> Self {
        let (host, path) = place(url);
        let headers = headers.into_iter().map(|(name, value)| {
            let shown = SHOWN.iter().any(|shown| name.eq_ignore_ascii_case(shown));
            (name.to_owned(), if shown { masked(value, secrets) } else { MASK.to_owned() })
        });
        let mut tried = Tried {
            effect,
            kind,
            method: method.to_owned(),
            host,
            path: masked(&path, secrets),
            headers: headers.collect(),
            body: masked(&String::from_utf8_lossy(body), secrets),
            cut: false,
            left: false,
        };
        tried.bound();
        tried
    }

    fn bound(&mut self) {
        if self.body.len() > TRIED_BYTES {
            let cut = (0..=TRIED_BYTES).rev().find(|i| self.body.is_char_boundary(*i)).unwrap_or(0);
            self.body.truncate(cut);
            self.cut = true;
        }
    }
}

/// Host, with its port if it names one, and path.
fn place(url: &str) -> (String, String) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or("");
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    // Who logs in stands before the host.
    let host = host.rsplit('@').next().unwrap_or("");
    (host.to_owned(), path.to_owned())
}

/// A short word is no secret, and would hide half of the text.
const SHORTEST: usize = 6;

fn masked(text: &str, secrets: &[&str]) -> String {
    let long = secrets.iter().filter(|secret| secret.len() >= SHORTEST);
    long.fold(text.to_owned(), |text, secret| text.replace(*secret, MASK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Token;

    #[test]
    fn what_can_be_a_secret_is_not_shown() {
        let headers = [("Authorization", "Basic abc"), ("Content-Type", "text/plain"), ("X-Key", "k")];
        let url = "https://user:password@shop.example:8443/v1/s3cret-in-path?token=s3cret-in-path";
        let tried = Tried::request(
            Token(1).effect(0),
            TriedKind::Call,
            ("POST", url),
            headers,
            b"a=s3cret-in-path&b=1",
            &["s3cret-in-path", "b"],
        );
        assert_eq!((tried.host.as_str(), tried.path), ("shop.example:8443", format!("/v1/{MASK}")));
        assert_eq!(tried.body, format!("a={MASK}&b=1"));
        let shown: Vec<&str> = tried.headers.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(shown, [MASK, "text/plain", MASK]);
        assert_eq!(place("https://shop.example"), ("shop.example".to_owned(), "/".to_owned()));
    }

    #[test]
    fn a_long_body_is_cut_between_letters() {
        let tried = Tried::within(Token(1).effect(0), TriedKind::Alert, "é".repeat(TRIED_BYTES));
        assert!(tried.cut && tried.body.len() <= TRIED_BYTES && tried.body.ends_with('é'));
    }
}
