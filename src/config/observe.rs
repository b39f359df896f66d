//! What the service lets be seen: logs, metrics, and who may send events and call webhooks.

use super::secret::Secret;
use super::section::{Secrets, Section};
use crate::domain::name::EventName;

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

/// `[events]`.
#[derive(Debug, Clone)]
pub struct EventsSettings {
    /// The bearer keys of `POST /v1/events`; none means that it refuses everybody.
    pub keys: Vec<Secret>,
    /// The names of the events that other systems send; none means that they are not known.
    pub names: Vec<EventName>,
}

/// `[webhooks]`.
#[derive(Debug, Clone)]
pub struct WebhooksSettings {
    /// What the secrets in the URLs of flows' webhooks are made from: the first makes them, all open. None means the store's own.
    pub keys: Vec<Secret>,
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
        let settings = WebhooksSettings { keys: keys(&section, secrets) };
        section.finish();
        settings
    }
}

impl EventsSettings {
    pub(super) fn read(section: Section<'_>, secrets: Secrets) -> Self {
        let mut names = Vec::new();
        for text in section.texts("names") {
            match EventName::parse(&text) {
                Ok(name) => names.push(name),
                Err(bad) => section.mistake("names", format!("`{text}` cannot be the name of an event: {}", bad.reason), None),
            }
        }
        let settings = EventsSettings { keys: keys(&section, secrets), names };
        section.finish();
        settings
    }
}

fn keys(section: &Section<'_>, secrets: Secrets) -> Vec<Secret> {
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
