//! What the program understands is what the shipped file, the schema and the examples of providers say.

use super::{PROJECT, environment};
use crate::config::*;

/// Every key that the program understands is in the shipped file, in its section, with a comment or a value.
#[test]
fn the_defaults_document_every_key() {
    let examples = providers::PROVIDERS.iter().map(|entry| entry.example);
    let mut known = std::collections::BTreeSet::new();
    let desk = "[desks.d]\nkind = \"zendesk\"\n";
    let stand_in = "[api.a.test]\nbase_url = \"https://a.example\"\n[api.a.test.basic]\nuser = \"a\"\n";
    for text in examples.chain([PROJECT, desk, stand_in]) {
        known.extend(Settings::read(text, Path::new("/p"), &environment(), Secrets::Tolerated).2);
    }
    // The names of an event's fields are chosen by people.
    known.retain(|key| !key.starts_with("events.fields."));
    let mut section = String::new();
    let mut documented: std::collections::BTreeSet<String> = schema_channels::settings_of_channels()
        .into_iter()
        .filter(|(.., line)| !line.is_empty())
        .flat_map(|(table, key, ..)| [format!("{table}.{key}"), table])
        .collect();
    for line in DEFAULTS.lines() {
        let line = line.trim_start_matches(['#', ' ']);
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
            let parts: Vec<&str> = name.split('.').collect();
            section = match parts.as_slice() {
                ["webhooks", "signed", _, _] => "webhooks.signed.*.*".to_owned(),
                [
                    first @ ("channels" | "api" | "endpoints" | "sources" | "sinks" | "desks" | "teams" | "hours"),
                    _,
                    rest @ ..,
                ] => [&[*first, "*"], rest].concat().join("."),
                parts => parts.join("."),
            };
        } else if let Some((key, _)) = line.split_once(" = ") {
            documented.insert(format!("{section}.{key}"));
        }
    }
    let sections = |key: &str| DEFAULTS.contains(&format!("[{key}]")) || DEFAULTS.contains(&format!("[{key}."));
    let of_section = |key: &str| sections(&key.replace("api.*", "api.shop").replace("sources.*", "sources.growth"));
    let missing: Vec<_> = known.iter().filter(|key| !documented.contains(*key) && !of_section(key)).collect();
    assert!(missing.is_empty(), "not documented: {missing:?}");
    assert!(known.len() > 70, "{}", known.len());
}

/// Every provider says what it needs, and its example is enough.
#[test]
fn examples_of_providers_are_read_as_they_stand() {
    for entry in providers::PROVIDERS {
        let text = format!("[server]\npublic_url = \"https://replies.example.com\"\n{}", entry.example);
        let (settings, mistakes, _) = Settings::read(&text, Path::new("/p"), &environment(), Secrets::Tolerated);
        assert!(mistakes.is_empty(), "{}: {mistakes:?}", entry.name);
        let channel = settings.channels.values().next().unwrap_or_else(|| panic!("{}: no channel", entry.name));
        assert_eq!(channel.provider.entry().name, entry.name);
        assert!(entry.kinds.contains(&channel.kind), "{}", entry.name);
    }
}

/// A key means the same kind of thing whoever has it.
#[test]
fn providers_agree_on_what_their_keys_are() {
    for entry in providers::PROVIDERS {
        for (key, setting, _) in entry.keys() {
            let path: Vec<&str> = ["channels", "x"].into_iter().chain(key.split('.')).collect();
            let first = schema::setting(&path).expect("a setting");
            assert_eq!(format!("{setting:?}"), format!("{first:?}"), "{}: {key}", entry.name);
        }
    }
}

/// The schema has the settings that the program reads, each with what the shipped file says about it, and no other.
#[test]
fn the_schema_has_every_setting() {
    fn keys(schema: &serde_json::Value, path: &str, out: &mut std::collections::BTreeSet<String>) {
        for (key, below) in schema["properties"].as_object().into_iter().flatten() {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            if below.get("properties").is_none() && below["additionalProperties"].get("properties").is_none() {
                assert!(
                    below["description"].as_str().is_some_and(|d| d.len() > 3)
                        || path.starts_with("hours.")
                        || path == "teams.*.title",
                    "{path}"
                );
            }
            keys(below, &path, out);
            out.insert(path);
        }
        if let Some(named) = schema.get("additionalProperties").filter(|s| s.get("properties").is_some()) {
            keys(named, &format!("{path}.*"), out);
        }
    }
    let (mut described, mut known) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    keys(&crate::config::schema(), "", &mut described);
    let examples = providers::PROVIDERS.iter().map(|entry| entry.example);
    let desk = "[desks.d]\nkind = \"zendesk\"\n";
    let prices = "[channels.m]\nprovider = \"simulator\"\nkind = \"sms\"\n[prices.m]\ncurrency = \"EUR\"\n";
    let stand_in = "[api.a.test]\nbase_url = \"https://a.example\"\n[api.a.test.basic]\nuser = \"a\"\n";
    for text in examples.chain([PROJECT, desk, prices, stand_in]) {
        known.extend(Settings::read(text, Path::new("/p"), &environment(), Secrets::Tolerated).2);
    }
    known.retain(|key: &String| !key.starts_with("events.fields."));
    assert_eq!(described, known);
}
