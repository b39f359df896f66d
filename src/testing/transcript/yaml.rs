//! Texts and values as they are written into a test file, so that reading gives back exactly what was meant.

use crate::domain::value::Value;
use crate::flow::parse::typed;
use crate::flow::write::{double_quoted, needs_escape};

/// A text as a value of its own line: bare where that is safe, else in double quotes.
pub(super) fn text(text: &str) -> String {
    if is_bare(text) { text.to_owned() } else { quoted(text) }
}

/// A text inside a one-line map or list: bare only if it is a single simple word.
pub(super) fn word(text: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    match first && text.chars().all(simple) && typed(text).is_none() {
        true => text.to_owned(),
        false => quoted(text),
    }
}

/// A value inside one line.
pub(super) fn value(value: &Value) -> String {
    json(&value.to_json())
}

/// JSON as the one-line YAML that is read back as the same value.
pub(super) fn json(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => word(text),
        serde_json::Value::Array(items) if items.is_empty() => "[]".to_owned(),
        serde_json::Value::Array(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(", ")),
        serde_json::Value::Object(map) if map.is_empty() => "{}".to_owned(),
        serde_json::Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| format!("{}: {}", word(key), json(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        // A number of many digits is read back as text: there is no other way to write it.
        other => other.to_string(),
    }
}

/// Whether a text can stand without quotes behind a key: prose without anything that means something to YAML.
fn is_bare(text: &str) -> bool {
    let harmless = |c: char| c.is_alphanumeric() || " .,!?()/-_+€£'".contains(c);
    text.chars().next().is_some_and(char::is_alphabetic)
        && text.chars().all(harmless)
        && !text.ends_with(' ')
        && typed(text).is_none()
}

/// In double quotes, with whatever cannot be seen written as an escape.
pub(super) fn quoted(text: &str) -> String {
    double_quoted(text, is_hidden)
}

/// What a reader of the file would not see, or what YAML does not let stand in a line.
fn is_hidden(c: char) -> bool {
    needs_escape(c) || matches!(c, '\u{00A0}' | '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2065}')
}
