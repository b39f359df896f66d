//! The settings that only some providers have, for the configuration's schema: each says its own.

use super::providers::{PROVIDERS, ProviderEntry};
use super::schema::Setting;

/// Every one of them once, whoever has it first: its table, its key, what it is, and a line about it.
pub(super) fn settings_of_channels() -> Vec<(String, &'static str, &'static Setting, &'static str)> {
    let mut all: Vec<(String, &str, &Setting, &str)> = Vec::new();
    for (path, setting, line) in PROVIDERS.iter().flat_map(ProviderEntry::keys) {
        let (table, key) = match path.rsplit_once('.') {
            Some((table, key)) => (format!("channels.*.{table}"), key),
            None => ("channels.*".to_owned(), *path),
        };
        if !all.iter().any(|(known, name, ..)| *known == table && *name == key) {
            all.push((table, key, setting, line));
        }
    }
    all
}

/// What the key at this place of a channel is.
pub(super) fn setting_of_channel(path: &[&str]) -> Option<&'static Setting> {
    let is_it = |of: &str| of.split('.').eq(path.iter().copied());
    PROVIDERS.iter().flat_map(ProviderEntry::keys).find(|(of, ..)| is_it(of)).map(|(_, setting, _)| setting)
}
