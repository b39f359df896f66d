//! A provider that its data describes: `NAME.toml` beside `NAME.json` has channels as an operator writes them, the environment that
//! they name, and what the vectors need besides.

use super::{str_of, vectors};
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::name::ChannelName;
use replyflow::provider::{Adapter, Route, Routes};
use serde::Deserialize;
use serde_json::Value;
use std::fs;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    channels: toml::Table,
    vectors: How,
}

/// How the vectors use the channels.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct How {
    /// The key of the channel that the `secret` or `public_key` of a signature vector stands for.
    secret: Option<String>,
    /// The header with a signature: what has one is verified before it is decoded.
    signature: Option<String>,
    /// Whether whatever is changed in the body of a signed request is seen.
    #[serde(default)]
    covers: bool,
    /// The environment.
    #[serde(default)]
    env: Environment,
    /// `digits`: `expect` has phone numbers without `+`.
    phones: Option<String>,
    /// Keys that are left out of both bodies of a send before they are compared.
    #[serde(default)]
    without: Vec<String>,
    /// Vectors that need another channel, or further keys.
    #[serde(default, rename = "use")]
    uses: Vec<Use>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Use {
    /// `send/legacy-*`: a list and names.
    of: String,
    /// The channel; else the first.
    channel: Option<String>,
    /// The key for `secret`, where it is another one.
    secret: Option<String>,
    /// Further keys of it.
    #[serde(default)]
    set: toml::Table,
    /// The URL to which the channel has reports sent.
    callback: Option<String>,
}

/// The provider of a file.
pub struct Described {
    channels: toml::Table,
    how: How,
    /// Whether what comes are forms, of which a part is a form too.
    pub forms: bool,
}

/// A channel with the others beside it.
pub struct Chosen {
    pub adapter: Adapter,
    pub kind: ChannelKind,
    here: Route,
    all: Vec<(Route, Adapter)>,
}

impl Chosen {
    pub fn routes(&self) -> Routes {
        self.adapter.routes(self.here.clone(), self.all.iter().map(|(route, adapter)| (route.clone(), adapter)))
    }
}

impl Described {
    pub fn read(text: &str, data: &Value) -> Self {
        let Text { channels, vectors: how } =
            toml::from_str(text).unwrap_or_else(|e| panic!("{}: {e}", str_of(data, "provider")));
        let coming = vectors(data, "inbound").iter().chain(vectors(data, "status"));
        let forms = coming.clone().any(|v| str_of(v, "content_type").contains("form-urlencoded"));
        Described { channels, how, forms }
    }

    fn rule(&self, list: &str, vector: Option<&Value>) -> Option<&Use> {
        let place = format!("{list}/{}", str_of(vector?, "name"));
        self.how.uses.iter().find(|rule| fits(&rule.of, &place))
    }

    /// The channel that a vector is about, with another secret if the vector has one.
    pub fn chosen(&self, list: &str, vector: Option<&Value>, secret: Option<&str>) -> Chosen {
        let rule = self.rule(list, vector);
        let first = || self.channels.keys().next().cloned().expect("a channel");
        let name = rule.and_then(|rule| rule.channel.clone()).unwrap_or_else(first);
        let key = rule.and_then(|rule| rule.secret.as_ref()).or(self.how.secret.as_ref());
        self.loaded(&name, rule.map(|rule| rule.set.clone()).unwrap_or_default(), key.zip(secret))
    }

    /// Every channel as it is written.
    pub fn every(&self) -> Vec<Chosen> {
        self.channels.keys().map(|name| self.loaded(name, toml::Table::new(), None)).collect()
    }

    fn loaded(&self, name: &str, set: toml::Table, secret: Option<(&String, &str)>) -> Chosen {
        let mut environment = self.how.env.clone();
        let mut channels = self.channels.clone();
        let channel = channels.get_mut(name).and_then(toml::Value::as_table_mut).expect("a table");
        channel.extend(set);
        if let Some((key, secret)) = secret {
            environment.insert("VECTOR".to_owned(), secret.to_owned());
            let value = match channel.get(key) {
                Some(toml::Value::String(_)) => toml::Value::String(secret.to_owned()),
                _ => toml::Table::from_iter([("env".to_owned(), "VECTOR".into())]).into(),
            };
            channel.insert(key.clone(), value);
        }
        let server = toml::Table::from_iter([("public_url".to_owned(), "https://hooks.example.org".into())]);
        let text = toml::Table::from_iter([("server".to_owned(), server.into()), ("channels".to_owned(), channels.into())]);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("replyflow.toml");
        fs::write(&path, toml::to_string(&text).expect("TOML")).expect("written");
        let settings = Settings::load(Some(&path), &environment, Secrets::Required).unwrap_or_else(|wrong| panic!("{wrong}"));
        let name = ChannelName::parse(name).expect("a name");
        let route = |name: &ChannelName, kind| Route { channel: name.clone(), kind };
        let all: Vec<(Route, Adapter)> =
            settings.channels.iter().map(|(name, c)| (route(name, c.kind), Adapter::new(&c.provider))).collect();
        let (here, adapter) = all.iter().find(|(route, _)| route.channel == name).cloned().expect("the channel");
        Chosen { adapter, kind: here.kind, here, all }
    }

    pub fn callback(&self, list: &str, vector: &Value) -> Option<&str> {
        self.rule(list, Some(vector))?.callback.as_deref()
    }

    pub fn signature(&self) -> Option<&str> {
        self.how.signature.as_deref()
    }

    pub fn covers(&self) -> bool {
        self.how.covers
    }

    pub fn has_digits(&self) -> bool {
        self.how.phones.as_deref() == Some("digits")
    }

    pub fn without(&self) -> &[String] {
        &self.how.without
    }

    /// What must not be read anywhere; what is as short as a word may stand in any text.
    pub fn secrets(&self) -> Vec<String> {
        self.how.env.values().filter(|value| value.len() >= 6).cloned().collect()
    }
}

/// Whether a text is what a pattern with `*` says.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text
            .strip_prefix(before)
            .is_some_and(|rest| (0..=rest.len()).any(|at| rest.is_char_boundary(at) && fits(after, &rest[at..]))),
    }
}
