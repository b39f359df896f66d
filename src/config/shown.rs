//! The settings as they are in force, for people: where a secret stands, only that there is one.

use super::schema::{Setting, setting};
use super::tree::{Kind, Node, Table};
use serde_json::{Map, Value, json};

/// What stands in place of a secret.
const MASK: &str = "…";

/// A tree of settings.
pub(super) fn shown(table: &Table) -> Value {
    let mut path = Vec::new();
    map(table, &mut path).into()
}

fn map<'t>(table: &'t Table, path: &mut Vec<&'t str>) -> Map<String, Value> {
    let mut shown = Map::new();
    for (name, node) in table {
        path.push(name);
        shown.insert(name.clone(), value(node, path));
        path.pop();
    }
    shown
}

fn value<'t>(node: &'t Node, path: &mut Vec<&'t str>) -> Value {
    if is_secret(path) {
        return masked(node);
    }
    match &node.kind {
        // A pointer to a secret shows nothing, wherever it stands.
        Kind::Table(table) if is_pointer(table) => MASK.into(),
        Kind::Table(table) => map(table, path).into(),
        Kind::List(items) => items.iter().map(|item| value(item, path)).collect(),
        Kind::Text(text) => without_credentials(text).into(),
        Kind::Integer(n) => json!(n),
        Kind::Float(n) => json!(n),
        Kind::Boolean(yes) => json!(yes),
        Kind::Date => Value::Null,
    }
}

/// Whether the value of a key is a secret: by the schema, and everything that flows read as `env.NAME`.
fn is_secret(path: &[&str]) -> bool {
    let is_env = path.len() > 1 && path.first() == Some(&"env");
    is_env || matches!(setting(path), Some(Setting::Secret | Setting::Secrets | Setting::SecretsByName | Setting::Headers))
}

/// The form of a value without what stands in it.
fn masked(node: &Node) -> Value {
    match &node.kind {
        Kind::List(items) => items.iter().map(masked).collect(),
        Kind::Table(table) if !is_pointer(table) => {
            table.iter().map(|(name, node)| (name.clone(), masked(node))).collect::<Map<_, _>>().into()
        }
        _ => MASK.into(),
    }
}

fn is_pointer(table: &Table) -> bool {
    table.len() == 1
        && table.first().is_some_and(|(key, node)| matches!(key.as_str(), "env" | "file") && matches!(node.kind, Kind::Text(_)))
}

/// A URL may hold a user and a password.
fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    match host.rsplit_once('@') {
        Some((credentials, _)) => format!("{scheme}://{MASK}{}", &rest[credentials.len()..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Environment, Secrets, Settings};

    #[test]
    fn everything_is_shown_but_secrets() {
        let text = "[events]\nkeys = [{ env = \"KEY\" }]\n[channels.sms]\nprovider = \"twilio\"\nkind = \"sms\"\nnumber = \"+447700900001\"\n\
                    account_sid = \"AC00000000000000000000000000000000\"\nauth_token = { env = \"TOKEN\" }\n[api.shop]\nbase_url = \"https://shop.example\"\n\
                    headers = { Authorization = { env = \"SHOP\" } }\n[env]\nsign = \"hidden-sign\"\n[store]\nurl = \"redis://ann:hidden-pass@10.0.0.5/1\"\n";
        let environment: Environment = [
            ("KEY", "hidden-key"),
            ("TOKEN", "hidden-token"),
            ("SHOP", "hidden-shop"),
            ("REPLYFLOW_EVENTS__KEYS", "hidden-keys-from-outside"),
            ("REPLYFLOW_SERVER__WORKERS", "3"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let (settings, ..) = Settings::read(text, std::path::Path::new("."), &environment, Secrets::Tolerated);
        let shown = settings.shown.to_string();
        assert!(!shown.contains("hidden"), "{shown}");
        assert_eq!(settings.shown["store"]["url"], "redis://…@10.0.0.5/1");
        assert_eq!(settings.shown["channels"]["sms"]["number"], "+447700900001");
        assert_eq!(settings.shown["channels"]["sms"]["auth_token"], "…");
        assert_eq!(settings.shown["api"]["shop"]["headers"]["Authorization"], "…");
        assert_eq!(settings.shown["server"]["workers"], "3", "what stands in the environment is in force");
        assert_eq!(settings.shown["server"]["rates"]["key"], 500, "a default");
    }
}
