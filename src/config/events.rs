//! `[events]`: who may send events, which there are, and what their data must look like.

use super::observe::keys;
use super::secret::Secret;
use super::section::{Secrets, Section};
use super::tree::Kind;
use crate::domain::name::EventName;
use crate::domain::shape::Shape;
use crate::domain::value::Type;
use indexmap::IndexMap;

/// `[events]`.
#[derive(Debug, Clone)]
pub struct EventsSettings {
    /// The bearer keys of `POST /v1/events`; none means that it refuses everybody.
    pub keys: Vec<Secret>,
    /// The names of the events that other systems send, those with declared fields among them; none means that they are not known.
    pub names: Vec<EventName>,
    /// The data of those whose fields are declared.
    pub fields: IndexMap<EventName, Shape>,
    /// Whether an event that is not declared is refused.
    pub only_declared: bool,
}

/// How deep declared fields may be nested.
const DEPTH: usize = 8;

impl EventsSettings {
    pub(super) fn read(section: Section<'_>, secrets: Secrets) -> Self {
        let mut names: Vec<EventName> = Vec::new();
        for text in section.texts("names") {
            names.extend(name(&section, "names", &text));
        }
        let mut fields = IndexMap::new();
        let declared = section.section("fields");
        for (key, inner) in declared.named() {
            let Some(name) = name(&declared, key, key) else { continue };
            if !names.contains(&name) {
                names.push(name.clone());
            }
            fields.insert(name, Shape::map(shapes(&inner, DEPTH)));
        }
        let only_declared = section.boolean("only_declared");
        let settings = EventsSettings { keys: keys(&section, secrets), names, fields, only_declared };
        if settings.only_declared && settings.names.is_empty() {
            section.mistake("only_declared", "is true, but no event is declared: every one would be refused", None);
        }
        section.finish();
        settings
    }
}

fn name(section: &Section<'_>, key: &str, text: &str) -> Option<EventName> {
    match EventName::parse(text) {
        Ok(name) => Some(name),
        Err(bad) => {
            section.mistake(key, format!("`{text}` cannot be the name of an event: {}", bad.reason), None);
            None
        }
    }
}

/// The fields of a map.
fn shapes(section: &Section<'_>, depth: usize) -> IndexMap<String, Shape> {
    let read = |(key, _): (&str, _)| shape(section, key, depth).map(|shape| (key.to_owned(), shape));
    section.entries().into_iter().filter_map(read).collect()
}

/// One field: its type, or a table with `type`, `required`, `fields` and `of`.
fn shape(section: &Section<'_>, key: &str, depth: usize) -> Option<Shape> {
    let all = || Type::ALL.map(Type::as_str).join(", ");
    let node = section.entries().into_iter().find(|(name, _)| *name == key).map(|(_, node)| node)?;
    let Some(deeper) = depth.checked_sub(1) else {
        section.mistake(key, format!("is nested deeper than {DEPTH}"), None);
        return None;
    };
    match &node.kind {
        Kind::Text(text) => {
            let kind = Type::parse(text);
            if kind.is_none() {
                section.mistake(key, format!("`{text}` is no type; there are {}", all()), None);
            }
            kind.map(Shape::of)
        }
        Kind::Table(table) => {
            let inner = section.below(key);
            let form = format!("one of {}", all());
            let required = inner.boolean("required");
            let fields = shapes(&inner.section("fields"), deeper);
            let of = if table.contains_key("of") { shape(&inner, "of", deeper).map(Box::new) } else { None };
            let implied = match (fields.is_empty(), &of) {
                (false, _) => Some(Type::Map),
                (true, Some(_)) => Some(Type::List),
                (true, None) => None,
            };
            let kind = match (implied, inner.has("type")) {
                (Some(kind), false) => kind,
                _ => inner.parsed("type", &form, Type::Any, Type::parse),
            };
            if implied.is_some_and(|implied| implied != kind) {
                inner.mistake("type", "does not go with the others: `fields` are of a map, `of` is of a list", None);
            }
            inner.asks("of");
            inner.finish();
            Some(Shape { kind, required, fields, of })
        }
        other => {
            section.mistake(key, format!("must be a type or a table, but is {}", other.name()), None);
            None
        }
    }
}
