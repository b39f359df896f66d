//! Reading one section of the configuration: every getter reports what is wrong and goes on with something harmless, so that
//! all mistakes are found in one pass.

use super::mistake::{Mistake, Place};
use super::secret::Secret;
use super::tree::{Environment, Kind, Node, Table};
use crate::domain::time::Span;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Whether secrets must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// For the service: a missing one is a mistake.
    Required,
    /// For commands that send nothing: a missing one is empty.
    Tolerated,
}

/// The largest file that a secret is read from.
const SECRET_BYTES: u64 = 64 * 1024;

/// What all sections share.
pub(super) struct Book<'a> {
    pub environment: &'a Environment,
    /// What relative paths of secrets are relative to.
    pub folder: &'a Path,
    pub secrets: Secrets,
    pub mistakes: RefCell<Vec<Mistake>>,
    /// Every key that any section asked for, by pattern: `channels.*.number`. Compared with the shipped defaults in a test.
    pub known: RefCell<BTreeSet<String>>,
}

/// One table that is being read.
pub(super) struct Section<'a> {
    book: &'a Book<'a>,
    table: Option<&'a Table>,
    path: String,
    pattern: String,
    place: Place,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    /// The whole tree.
    pub fn root(book: &'a Book<'a>, table: &'a Table) -> Self {
        let place = Place::File(0);
        Section { book, table: Some(table), path: String::new(), pattern: String::new(), place, asked: RefCell::default() }
    }

    fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn note(&self, key: &'static str) {
        self.asked.borrow_mut().push(key);
        let dot = if self.pattern.is_empty() { "" } else { "." };
        self.book.known.borrow_mut().insert(format!("{}{dot}{key}", self.pattern));
    }

    /// Reports a mistake at a key.
    pub fn mistake(&self, key: &str, message: impl Into<String>, help: Option<String>) {
        let place = self.table.and_then(|t| t.get(key)).map_or_else(|| self.place.clone(), |node| node.place.clone());
        self.report(place, self.key(key), message.into(), help);
    }

    fn report(&self, place: Place, key: String, message: String, help: Option<String>) {
        self.book.mistakes.borrow_mut().push(Mistake { place, key, message, help });
    }

    fn node(&self, key: &'static str) -> Option<&'a Node> {
        self.note(key);
        self.table?.get(key)
    }

    /// The line of the project's file on which it begins; 1 if it is not from there.
    pub fn line(&self) -> u32 {
        match self.place {
            Place::File(line) => line.max(1),
            Place::Environment(_) | Place::Default => 1,
        }
    }

    /// Whether the key is given.
    pub fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|t| t.contains_key(key))
    }

    fn child(&self, key: &str, pattern: &str, node: Option<&'a Node>) -> Section<'a> {
        let table = node.and_then(|node| match &node.kind {
            Kind::Table(table) => Some(table),
            other => {
                let message = format!("must be a table, but is {}", other.name());
                self.report(node.place.clone(), self.key(key), message, None);
                None
            }
        });
        let dot = if self.pattern.is_empty() { "" } else { "." };
        Section {
            book: self.book,
            table,
            path: self.key(key),
            pattern: format!("{}{dot}{pattern}", self.pattern),
            // What only the defaults have lacks something where the project's file says that it is used.
            place: node.map(|n| &n.place).filter(|place| **place != Place::Default).unwrap_or(&self.place).clone(),
            asked: RefCell::default(),
        }
    }

    /// A section below this one; one without keys if it is not given.
    pub fn section(&self, key: &'static str) -> Section<'a> {
        let node = self.node(key);
        self.child(key, key, node)
    }

    /// The sections below this one by names that people chose.
    pub fn named(&self) -> Vec<(&'a str, Section<'a>)> {
        let Some(table) = self.table else { return Vec::new() };
        table.iter().map(|(name, node)| (name.as_str(), self.child(name, "*", Some(node)))).collect()
    }

    /// The section of this name that somebody chose.
    pub fn below(&self, name: &str) -> Section<'a> {
        self.child(name, "*", self.table.and_then(|table| table.get(name)))
    }

    /// Says that a key is read by other means.
    pub fn asks(&self, key: &'static str) {
        self.note(key);
    }

    /// The plain values of this section by names that people chose.
    pub fn entries(&self) -> Vec<(&'a str, &'a Node)> {
        self.table.map(|t| t.iter().map(|(k, n)| (k.as_str(), n)).collect()).unwrap_or_default()
    }

    /// Text, if it is given.
    pub fn opt_text(&self, key: &'static str) -> Option<String> {
        let node = self.node(key)?;
        match &node.kind {
            Kind::Text(text) => Some(text.clone()),
            other => {
                self.mistake(key, format!("must be text, but is {}", other.name()), None);
                None
            }
        }
    }

    /// Text that must be given.
    pub fn text(&self, key: &'static str) -> String {
        if !self.has(key) {
            self.note(key);
            self.mistake(key, "is missing", None);
            return String::new();
        }
        let text = self.opt_text(key);
        if text.as_deref() == Some("") {
            self.mistake(key, "is empty", None);
        }
        text.unwrap_or_default()
    }

    /// Text that is read by `parse`; `form` says what it must be, with an example.
    pub fn opt_parsed<T>(&self, key: &'static str, form: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.opt_text(key)?;
        let value = parse(&text);
        if value.is_none() {
            self.mistake(key, format!("`{text}` must be {form}"), None);
        }
        value
    }

    /// The same for what must be given; `instead` is what goes on after a mistake.
    pub fn parsed<T>(&self, key: &'static str, form: &str, instead: T, parse: impl Fn(&str) -> Option<T>) -> T {
        if !self.has(key) {
            self.note(key);
            self.mistake(key, format!("is missing; it is {form}"), None);
            return instead;
        }
        self.opt_parsed(key, form, parse).unwrap_or(instead)
    }

    /// One of a closed list of words.
    pub fn opt_word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.opt_text(key)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let all: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let help = nearest(&text, words.iter().map(|(word, _)| *word)).map(|word| format!("Did you mean `{word}`?"));
            self.mistake(key, format!("`{text}` is none of {}", all.join(", ")), help);
        }
        found
    }

    /// The same for what must be given.
    pub fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> T {
        if !self.has(key) {
            self.note(key);
            let all: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.mistake(key, format!("is missing; it is one of {}", all.join(", ")), None);
            return words[0].1;
        }
        self.opt_word(key, words).unwrap_or(words[0].1)
    }

    /// `true` or `false`; `false` if it is not given.
    pub fn boolean(&self, key: &'static str) -> bool {
        let Some(node) = self.node(key) else { return false };
        match (&node.kind, &node.place) {
            (Kind::Boolean(b), _) => *b,
            (Kind::Text(text), Place::Environment(_)) if text == "true" || text == "false" => text == "true",
            (other, _) => {
                self.mistake(key, format!("must be true or false, but is {}", other.name()), None);
                false
            }
        }
    }

    /// A whole number between two bounds.
    pub fn number(&self, key: &'static str, from: i64, to: i64) -> i64 {
        let given = match self.node(key).map(|node| (&node.kind, &node.place)) {
            Some((Kind::Integer(n), _)) => Some(*n),
            Some((Kind::Text(text), Place::Environment(_))) => text.trim().parse().ok(),
            Some(_) | None => None,
        };
        match given {
            Some(n) if (from..=to).contains(&n) => n,
            _ => {
                self.mistake(key, format!("must be a whole number from {from} to {to}"), None);
                from
            }
        }
    }

    /// An elapsed time between two bounds: `10s`, `1h30m`.
    pub fn span(&self, key: &'static str, from: Span, to: Span) -> Span {
        let parse = |text: &str| Span::parse(text).filter(|span| (from..=to).contains(span));
        self.parsed(key, &format!("a duration from {from} to {to}, for example 30s or 1h30m"), from, parse)
    }

    /// A size in bytes between two bounds: `512KiB`, `64MiB`, `1GiB`.
    pub fn bytes(&self, key: &'static str, from: u64, to: u64) -> u64 {
        let parse = |text: &str| parse_bytes(text).filter(|n| (from..=to).contains(n));
        let form = format!("a size from {} to {}, for example 512KiB or 64MiB", show_bytes(from), show_bytes(to));
        self.parsed(key, &form, from, parse)
    }

    /// A list of texts; from the environment with commas between them.
    pub fn texts(&self, key: &'static str) -> Vec<String> {
        let Some(node) = self.node(key) else { return Vec::new() };
        match (&node.kind, &node.place) {
            (Kind::List(items), _) => {
                let texts: Option<Vec<String>> = items
                    .iter()
                    .map(|item| match &item.kind {
                        Kind::Text(text) => Some(text.clone()),
                        _ => None,
                    })
                    .collect();
                if texts.is_none() {
                    self.mistake(key, "must be a list of texts", None);
                }
                texts.unwrap_or_default()
            }
            (Kind::Text(text), Place::Environment(_)) => {
                text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
            }
            (other, _) => {
                self.mistake(key, format!("must be a list of texts, but is {}", other.name()), None);
                Vec::new()
            }
        }
    }

    /// The same, where one text may stand for a list of one.
    pub fn texts_or_text(&self, key: &'static str) -> Vec<String> {
        if self.is_text(key) { vec![self.text(key)] } else { self.texts(key) }
    }

    /// Whether a missing secret is no mistake.
    pub fn tolerates(&self) -> bool {
        self.book.secrets == Secrets::Tolerated
    }

    /// Whether text stands there.
    pub fn is_text(&self, key: &str) -> bool {
        self.table.and_then(|t| t.get(key)).is_some_and(|node| matches!(node.kind, Kind::Text(_)))
    }

    /// The section's own name: `api.shop.headers`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A secret, if it is given.
    pub fn opt_secret(&self, key: &'static str) -> Option<Secret> {
        let node = self.node(key)?;
        Some(self.secret_of(node, &self.key(key)))
    }

    /// A secret that must be given.
    pub fn secret(&self, key: &'static str) -> Secret {
        if !self.has(key) {
            self.note(key);
            let help = format!("Write {key} = {{ env = \"NAME\" }} or {{ file = \"path\" }}.");
            self.mistake(key, "is missing", Some(help));
        }
        self.opt_secret(key).unwrap_or_else(|| Secret::new(""))
    }

    /// Several secrets.
    pub fn secrets(&self, key: &'static str) -> Vec<Secret> {
        let Some(node) = self.node(key) else { return Vec::new() };
        match &node.kind {
            Kind::List(items) => items.iter().map(|item| self.secret_of(item, &self.key(key))).collect(),
            _ => vec![self.secret_of(node, &self.key(key))],
        }
    }

    /// The secret that a value points to. The value itself is never repeated in a message.
    pub fn secret_of(&self, node: &Node, key: &str) -> Secret {
        let wrong = |message: String, help: Option<String>| {
            self.report(node.place.clone(), key.to_owned(), message, help);
            Secret::new("")
        };
        let form = || Some("Write { env = \"NAME\" } or { file = \"path\" } instead.".to_owned());
        match &node.kind {
            Kind::Text(text) if matches!(node.place, Place::Environment(_)) => Secret::new(text.as_str()),
            Kind::Table(table) if table.len() == 1 => match table.first().map(|(k, n)| (k.as_str(), &n.kind)) {
                Some(("env", Kind::Text(name))) => match self.book.environment.get(name) {
                    Some(value) if !value.is_empty() => Secret::new(value.as_str()),
                    _ if self.book.secrets == Secrets::Tolerated => Secret::new(""),
                    Some(_) => wrong(format!("the environment variable `{name}` is empty"), None),
                    None => wrong(format!("there is no environment variable `{name}`"), None),
                },
                Some(("file", Kind::Text(path))) => match read_secret(&self.book.folder.join(path)) {
                    Ok(secret) => secret,
                    Err(_) if self.book.secrets == Secrets::Tolerated => Secret::new(""),
                    Err(why) => wrong(format!("the file `{path}` {why}"), None),
                },
                _ => wrong("is neither { env = \"NAME\" } nor { file = \"path\" }".to_owned(), None),
            },
            Kind::Text(_) => wrong("a secret may not stand in this file".to_owned(), form()),
            _ => wrong("must say where the secret is".to_owned(), form()),
        }
    }

    /// Reports the keys that nobody asked for.
    pub fn finish(self) {
        let Some(table) = self.table else { return };
        let asked = self.asked.borrow();
        for (key, node) in table {
            if asked.iter().any(|known| known == key) {
                continue;
            }
            let help = match nearest(key, asked.iter().copied()) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => {
                    let mut all = asked.clone();
                    all.sort_unstable();
                    all.dedup();
                    format!("There are: {}.", all.join(", "))
                }
            };
            self.report(node.place.clone(), self.key(key), "is not a setting".to_owned(), Some(help));
        }
    }
}

/// The nearest of some words, if one is near.
pub(super) fn nearest<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let near = |other: &str| strsim::damerau_levenshtein(&word.to_lowercase(), other);
    let (distance, best) = words.into_iter().map(|other| (near(other), other)).min()?;
    (distance <= (word.chars().count() / 3).max(1)).then_some(best)
}

fn read_secret(path: &PathBuf) -> Result<Secret, &'static str> {
    let size = std::fs::metadata(path).map_err(|_| "cannot be read")?.len();
    if size > SECRET_BYTES {
        return Err("is too large for a secret");
    }
    let text = std::fs::read_to_string(path).map_err(|_| "cannot be read as text")?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err("is empty") } else { Ok(Secret::new(text)) }
}

fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let n: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "B" | "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    n.checked_mul(unit)
}

fn show_bytes(n: u64) -> String {
    for (unit, size) in [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if n >= size && n.is_multiple_of(size) {
            return format!("{}{unit}", n / size);
        }
    }
    format!("{n}B")
}
