//! What the shipped configuration file says of each key, for the schema.

use super::DEFAULTS;
use serde_json::Value;
use std::collections::BTreeMap;

/// What the shipped file says about a key.
pub(super) struct Documented {
    /// In words.
    pub description: String,
    /// What it is if nobody says.
    pub default: Option<Value>,
}

/// Every key of the shipped file, by section and name.
pub(super) fn documented() -> BTreeMap<String, Documented> {
    let mut all: BTreeMap<String, Documented> = BTreeMap::new();
    let (mut section, mut comment, mut after_key) = (String::new(), Vec::new(), false);
    for line in DEFAULTS.lines() {
        let bare = line.trim_start_matches('#').trim();
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name) {
            let parts: Vec<&str> = name.split('.').collect();
            section = match parts.as_slice() {
                ["webhooks", "signed", _, _] => "webhooks.signed.*.*".to_owned(),
                [
                    first @ ("channels" | "api" | "endpoints" | "sources" | "sinks" | "desks" | "teams" | "hours" | "prices"),
                    _,
                    rest @ ..,
                ] => [&[*first, "*"], rest].concat().join("."),
                parts => parts.join("."),
            };
            comment.clear();
            continue;
        }
        let pair = bare.split_once(" = ").filter(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        match pair {
            Some((key, value)) => {
                let (value, behind) = match value.split_once("  # ").or_else(|| value.split_once(" # ")) {
                    Some((value, behind)) => (value.trim(), Some(behind.trim().to_owned())),
                    None => (value, None),
                };
                let description = behind.unwrap_or_else(|| comment.join(" "));
                let default = (!line.starts_with('#')).then(|| default(value)).flatten();
                all.entry(format!("{section}.{key}")).or_insert(Documented { description, default });
                after_key = true;
            }
            None => {
                if after_key || bare.is_empty() {
                    comment.clear();
                }
                after_key = false;
                if line.starts_with('#') && !bare.is_empty() {
                    comment.push(bare);
                }
            }
        }
    }
    all
}

/// A value of the shipped file as JSON.
fn default(value: &str) -> Option<Value> {
    let table: toml::Table = format!("x = {value}").parse().ok()?;
    serde_json::to_value(table.get("x")?).ok()
}
