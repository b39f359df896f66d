//! JSON Schema of the files of the format, made from the table of keys. Draft 7: the newest that editors' YAML servers know.
//!
//! A schema says less than the reader (it knows no other part of the file) and never more: what the reader takes, it takes.

use super::keys::{Key, KeyForm, Kind, Named, Place, Rule, Word, places};
use serde_json::{Map, Value, json};

/// What a letter, and then a letter, digit or `_`, cannot be. Said by what is excluded, so that each dialect of regular
/// expressions takes letters of every script.
const NAME: &str = r"^[^\x00-@\[-`{-\x7f][^\x00-/:-@\[-^`{-\x7f]{0,63}$";
const SLUG: &str = "^[a-z0-9_-]{1,64}$";
const LANGUAGE: &str = "^[a-z]{2,3}(-[A-Z]{2})?$";
const DURATION: &str = "^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";

/// The schema of a file whose root is this place.
pub fn of(root: &'static Place) -> Value {
    let definitions: Map<String, Value> =
        places(&[root]).into_iter().map(|place| (place.name.to_owned(), place_schema(place))).collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": format!("Replyflow: {}", root.of),
        "description": root.doc,
        "allOf": [{ "$ref": format!("#/definitions/{}", root.name) }],
        "definitions": definitions,
    })
}

fn place_schema(place: &'static Place) -> Value {
    let properties: Map<String, Value> = place.keys.iter().map(|key| (key.name.to_owned(), key_schema(key))).collect();
    let required: Vec<&str> = place.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object",
        "description": place.doc,
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if let Some(others) = place.others {
        // Known keys are names too, so the pattern holds for all of them.
        schema["additionalProperties"] = kind_schema(others.named.value);
        if let Some(pattern) = pattern_of(others.named.keys) {
            schema["propertyNames"] = json!({ "pattern": pattern });
        }
    }
    if !place.rules.is_empty() {
        schema["allOf"] = place.rules.iter().map(rule_schema).collect();
    }
    schema
}

fn key_schema(key: &Key) -> Value {
    let mut schema = kind_schema(key.kind);
    // Beside `$ref` nothing else is read.
    if schema.get("$ref").is_some() {
        schema = json!({ "allOf": [schema] });
    }
    schema["description"] = key.doc.into();
    if let Some(default) = key.default {
        schema["default"] = match key.kind {
            Kind::Boolean | Kind::Count(..) | Kind::Number => default.parse().unwrap_or(Value::Null),
            _ => default.into(),
        };
    }
    schema
}

fn rule_schema(rule: &Rule) -> Value {
    let each = |keys: &[&str]| -> Vec<Value> { keys.iter().map(|key| json!({ "required": [key] })).collect() };
    match rule {
        Rule::ExactlyOne(keys) => json!({ "oneOf": each(keys) }),
        Rule::AtLeastOne(keys) => json!({ "anyOf": each(keys) }),
        Rule::AtMostOne(keys) => {
            let mut ways = each(keys);
            ways.push(json!({ "not": { "anyOf": each(keys) } }));
            json!({ "oneOf": ways })
        }
        Rule::Needs(key, keys) => json!({ "if": { "required": [key] }, "then": { "anyOf": each(keys) } }),
        Rule::Without(key, keys) => json!({ "if": { "required": [key] }, "then": { "not": { "anyOf": each(keys) } } }),
    }
}

/// A text. Whatever stands there is one, also if YAML takes it for a number.
fn text() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

fn kind_schema(kind: &'static Kind) -> Value {
    match kind {
        Kind::Plain | Kind::Template | Kind::Expected | Kind::Condition => text(),
        Kind::Name | Kind::State => json!({ "type": "string", "pattern": NAME }),
        Kind::Slug => json!({ "type": ["string", "number"], "pattern": SLUG }),
        Kind::EventName => json!({ "type": ["string", "number"], "pattern": "^[A-Za-z0-9._-]{1,64}$" }),
        Kind::Language => json!({ "type": "string", "pattern": LANGUAGE }),
        Kind::Duration => json!({ "type": "string", "pattern": DURATION, "minLength": 2 }),
        Kind::Instant => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]" }),
        Kind::Clock => json!({ "type": "string", "pattern": "^[0-9]{1,2}:[0-9]{2}$" }),
        Kind::Number => json!({ "type": ["number", "string"], "pattern": "^-?[0-9]+(\\.[0-9]+)?$" }),
        Kind::Count(min, max) => {
            let mut schema = json!({ "type": ["integer", "string"], "pattern": "^[0-9]+$", "minimum": min });
            if *max < u64::MAX {
                schema["maximum"] = json!(max);
            }
            schema
        }
        Kind::Boolean => json!({ "type": ["boolean", "string"], "pattern": "^(true|false)$" }),
        Kind::Word(words) => word_schema(words),
        Kind::Value => json!({}),
        Kind::Texts => json!({ "anyOf": [
            text(),
            {
                "type": "object",
                "description": "A text for each language.",
                "propertyNames": { "pattern": LANGUAGE },
                "additionalProperties": text(),
                "minProperties": 1,
            },
        ] }),
        Kind::Map(place) => json!({ "$ref": format!("#/definitions/{}", place.name) }),
        Kind::Named(named) => named_schema(named),
        Kind::List(item) => json!({ "type": "array", "items": kind_schema(item) }),
        Kind::Many(item) => {
            json!({ "anyOf": [kind_schema(item), { "type": "array", "items": kind_schema(item) }] })
        }
        Kind::Either(kinds) => json!({ "anyOf": kinds.iter().map(kind_schema).collect::<Vec<_>>() }),
    }
}

fn word_schema(words: &[Word]) -> Value {
    json!({
        "enum": words.iter().map(|word| word.0).collect::<Vec<_>>(),
        "markdownEnumDescriptions": words.iter().map(|word| word.1).collect::<Vec<_>>(),
    })
}

fn named_schema(named: &'static Named) -> Value {
    let mut schema = json!({ "type": "object", "additionalProperties": kind_schema(named.value) });
    if let Some(pattern) = pattern_of(named.keys) {
        schema["propertyNames"] = json!({ "pattern": pattern });
    }
    schema
}

fn pattern_of(keys: KeyForm) -> Option<String> {
    let name = NAME.trim_start_matches('^').trim_end_matches('$');
    match keys {
        KeyForm::Name => Some(NAME.to_owned()),
        KeyForm::Destination => Some(format!("^(contact\\.)?{name}$")),
        KeyForm::Outcome => Some(format!("^([1-5](xx|[0-9]{{2}})|{name})$")),
        KeyForm::Request => Some("^(GET|POST|PUT|PATCH|DELETE) +[a-z0-9_-]{1,64}/".to_owned()),
        KeyForm::Text => None,
    }
}
