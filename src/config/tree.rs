//! Settings as a tree in which every value knows where it was given: the shipped defaults, the project's file above them, the
//! environment above both.

use super::mistake::{Mistake, Place};
use indexmap::IndexMap;
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

/// The environment as it was at the start. Secrets are looked up here too.
pub type Environment = BTreeMap<String, String>;

/// A value and where it was given.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub kind: Kind,
    pub place: Place,
}

/// A table: names to values, in the order of the file.
pub(super) type Table = IndexMap<String, Node>;

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
    /// A TOML date: used nowhere.
    Date,
}

impl Kind {
    /// For messages.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Text(_) => "text",
            Kind::Integer(_) => "a whole number",
            Kind::Float(_) => "a number",
            Kind::Boolean(_) => "true or false",
            Kind::List(_) => "a list",
            Kind::Table(_) => "a table",
            Kind::Date => "a date",
        }
    }
}

/// Reads a file. What cannot be read is reported, the rest is there all the same.
pub(super) fn parse(text: &str, place: impl Fn(u32) -> Place, mistakes: &mut Vec<Mistake>) -> Table {
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
    let line = |offset: usize| u32::try_from(starts.partition_point(|s| *s <= offset)).unwrap_or(u32::MAX);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| line(span.start));
        mistakes.push(Mistake {
            place: place(at),
            key: String::new(),
            message: format!("this is not TOML: {}", error.message().lines().next().unwrap_or("")),
            help: None,
        });
    }
    convert_table(table.get_ref(), &|offset| place(line(offset)))
}

fn convert_table(table: &DeTable<'_>, place: &dyn Fn(usize) -> Place) -> Table {
    let convert = |(key, value): (&toml::Spanned<std::borrow::Cow<'_, str>>, &toml::Spanned<DeValue<'_>>)| {
        // The key's place, not the value's: a list may begin lines below its name.
        (key.get_ref().to_string(), Node { kind: convert(value.get_ref(), place), place: place(key.span().start) })
    };
    table.iter().map(convert).collect()
}

fn convert(value: &DeValue<'_>, place: &dyn Fn(usize) -> Place) -> Kind {
    match value {
        DeValue::String(text) => Kind::Text(text.to_string()),
        DeValue::Integer(n) => match i64::from_str_radix(&n.as_str().replace('_', ""), n.radix()) {
            Ok(n) => Kind::Integer(n),
            Err(_) => Kind::Float(f64::INFINITY),
        },
        DeValue::Float(n) => Kind::Float(n.as_str().replace('_', "").parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(b) => Kind::Boolean(*b),
        DeValue::Datetime(_) => Kind::Date,
        DeValue::Array(items) => Kind::List(
            items.iter().map(|item| Node { kind: convert(item.get_ref(), place), place: place(item.span().start) }).collect(),
        ),
        DeValue::Table(table) => Kind::Table(convert_table(table, place)),
    }
}

/// Puts `above` over `below`: tables are merged, everything else is replaced.
pub(super) fn merge(below: &mut Table, above: Table) {
    for (key, node) in above {
        match (below.get_mut(&key), node) {
            (Some(Node { kind: Kind::Table(old), place }), Node { kind: Kind::Table(new), place: at }) => {
                *place = at;
                merge(old, new);
            }
            (Some(old), node) => *old = node,
            (None, node) => {
                below.insert(key, node);
            }
        }
    }
}

/// What the name of an overriding variable begins with.
pub(super) const PREFIX: &str = "REPLYFLOW_";

/// `REPLYFLOW_SERVER__LISTEN` overrides `server.listen`. Names are compared without case, `-` and `_` alike. Variables with the
/// prefix but without `__` are none of ours: they belong to the command line.
pub(super) fn override_from(table: &mut Table, environment: &Environment) {
    for (name, value) in environment {
        let Some(path) = name.strip_prefix(PREFIX).filter(|path| path.contains("__")) else { continue };
        let parts: Vec<&str> = path.split("__").collect();
        if parts.iter().all(|part| !part.is_empty()) {
            put(table, &parts, Node { kind: Kind::Text(value.clone()), place: Place::Environment(name.clone()) });
        }
    }
}

fn put(table: &mut Table, path: &[&str], node: Node) {
    let Some((first, rest)) = path.split_first() else { return };
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let key = table.keys().find(|key| plain(key) == plain(first)).cloned().unwrap_or_else(|| first.to_ascii_lowercase());
    if rest.is_empty() {
        table.insert(key, node);
        return;
    }
    let place = node.place.clone();
    let entry = table.entry(key).or_insert_with(|| Node { kind: Kind::Table(Table::new()), place: place.clone() });
    if !matches!(entry.kind, Kind::Table(_)) {
        *entry = Node { kind: Kind::Table(Table::new()), place };
    }
    if let Kind::Table(inner) = &mut entry.kind {
        put(inner, rest, node);
    }
}
