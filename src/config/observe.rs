//! What the service lets be seen: logs and metrics; and who may call the webhooks of flows.

use super::project::SignedInfo;
use super::secret::Secret;
use super::section::{Secrets, Section};
use super::signed::Signed;
use crate::domain::name::{Name, Slug};
use indexmap::IndexMap;

/// `[log]`.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,replyflow::service=debug`.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[metrics]`.
#[derive(Debug, Clone)]
pub struct MetricsSettings {
    /// Whether `/metrics` exists.
    pub enabled: bool,
    /// The bearer keys that may read it; none means everybody who reaches the port.
    pub keys: Vec<Secret>,
}

/// `[webhooks]`.
#[derive(Debug, Clone)]
pub struct WebhooksSettings {
    /// What the secrets in the URLs of flows' webhooks are made from: the first makes them, all open. None means the store's own.
    pub keys: Vec<Secret>,
    /// Those whose calls are signed, by flow and name.
    pub signed: IndexMap<(Slug, Name), Signed>,
    /// The same as flows may know it.
    pub(super) named: Vec<SignedInfo>,
}

/// The shortest key that is believed to be random.
const KEY_CHARS: usize = 16;

impl LogSettings {
    pub(super) fn read(section: Section<'_>) -> Self {
        let filter = section.text("filter");
        if !filter.is_empty() && filter.parse::<tracing_subscriber::EnvFilter>().is_err() {
            let help = "For example `info` or `info,replyflow::service=debug`.".to_owned();
            section.mistake("filter", format!("`{filter}` is not a filter for logs"), Some(help));
        }
        let format = section.word("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]);
        section.finish();
        LogSettings { filter, format }
    }
}

impl MetricsSettings {
    pub(super) fn read(section: Section<'_>, secrets: Secrets) -> Self {
        let settings = MetricsSettings { enabled: section.boolean("enabled"), keys: keys(&section, secrets) };
        section.finish();
        settings
    }
}

impl WebhooksSettings {
    pub(super) fn read(section: Section<'_>, secrets: Secrets) -> Self {
        let mut signed = IndexMap::new();
        let mut known = Vec::new();
        for (flow, below) in section.section("signed").named() {
            let parsed = Slug::parse(flow);
            if let Err(bad) = &parsed {
                below.mistake("", format!("cannot be the name of a flow: {}", bad.reason), None);
            }
            for (name, inner) in below.named() {
                let line = inner.line();
                let how = Signed::read(inner, secrets);
                match (&parsed, Name::parse(name)) {
                    (Ok(flow), Ok(name)) => {
                        known.push(SignedInfo { flow: flow.clone(), name: name.clone(), line });
                        signed.insert((flow.clone(), name), how);
                    }
                    (_, Err(bad)) => below.mistake(name, format!("cannot be the name of a webhook: {}", bad.reason), None),
                    (Err(_), Ok(_)) => {}
                }
            }
        }
        let settings = WebhooksSettings { keys: keys(&section, secrets), signed, named: known };
        section.finish();
        settings
    }
}

pub(super) fn keys(section: &Section<'_>, secrets: Secrets) -> Vec<Secret> {
    let mut keys = section.secrets("keys");
    if secrets == Secrets::Required && keys.iter().any(|k| !k.is_empty() && k.expose().len() < KEY_CHARS) {
        section.mistake(
            "keys",
            format!("a key has fewer than {KEY_CHARS} characters"),
            Some("Draw one: openssl rand -hex 32".to_owned()),
        );
    }
    keys.retain(|key| !key.is_empty());
    keys
}
