//! A flow as a list of facts, each with its place, a path within it in words, and what it says. Two versions are compared fact by fact, so
//! whatever a flow holds must be told here. How it is written in the file does not show: two files of one meaning have the same facts.

use crate::domain::name::Name;
use crate::flow::definition::{Flow, Slot, StateId, Texts};
use crate::flow::expression::{Expression, Template, ValueTemplate};
use indexmap::IndexMap;
use serde::Serialize;

/// What a fact is about. Its order is that of the sentences: what changes most for customers first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A state.
    State,
    /// The choices of a question.
    Choice,
    /// What a state does.
    Kind,
    /// Where an outcome leads.
    Way,
    /// How long something takes.
    Time,
    /// What a contact reads.
    Text,
    /// A variable.
    Variable,
    /// What begins or moves a run.
    Trigger,
    /// Where the flow listens and speaks.
    Channel,
    /// A notification.
    Notification,
    /// What is done beside.
    Action,
    /// Anything else.
    Other,
}

/// Where a fact stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    Flow,
    Variable(String),
    Start(String),
    Anytime(String),
    Defaults,
    Late,
    State(String),
    Notification(String),
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub topic: Topic,
    pub value: String,
}

/// A fact's name: its place and the path to it.
pub(super) type Key = (Place, String);

/// Between the parts of a path.
pub(super) const WITHIN: &str = " › ";

/// All facts of a flow, in the order of its file.
pub(super) fn of(flow: &Flow, names: &[String]) -> IndexMap<Key, Fact> {
    let mut facts = Facts { flow, names, place: Place::Flow, path: Vec::new(), all: IndexMap::new() };
    facts.flow();
    facts.all
}

/// Facts while they are collected.
pub(super) struct Facts<'a> {
    pub flow: &'a Flow,
    /// What each state is called, by its place.
    names: &'a [String],
    place: Place,
    path: Vec<String>,
    all: IndexMap<Key, Fact>,
}

impl<'a> Facts<'a> {
    /// Everything inside is told of this place.
    pub fn at(&mut self, place: Place, tell: impl FnOnce(&mut Self)) {
        let before = (std::mem::replace(&mut self.place, place), std::mem::take(&mut self.path));
        tell(self);
        (self.place, self.path) = before;
    }

    /// Everything inside is told below this part of the path.
    pub fn within(&mut self, part: impl Into<String>, tell: impl FnOnce(&mut Self)) {
        self.path.push(part.into());
        tell(self);
        self.path.pop();
    }

    /// One fact. A second one of the same name is numbered.
    pub fn put(&mut self, part: &str, topic: Topic, value: impl Into<String>) {
        let mut path = self.path.join(WITHIN);
        if !part.is_empty() {
            if !path.is_empty() {
                path.push_str(WITHIN);
            }
            path.push_str(part);
        }
        let mut key = (self.place.clone(), path);
        if self.all.contains_key(&key) {
            let path = std::mem::take(&mut key.1);
            for n in 2.. {
                key.1 = format!("{path} {n}");
                if !self.all.contains_key(&key) {
                    break;
                }
            }
        }
        self.all.insert(key, Fact { topic, value: value.into() });
    }

    pub fn maybe(&mut self, part: &str, topic: Topic, value: Option<String>) {
        if let Some(value) = value {
            self.put(part, topic, value);
        }
    }

    pub fn template(&mut self, part: &str, topic: Topic, template: Option<&Template>) {
        self.maybe(part, topic, template.map(|template| template.source().to_owned()));
    }

    pub fn condition(&mut self, part: &str, topic: Topic, condition: Option<&Expression>) {
        self.maybe(part, topic, condition.map(|condition| condition.source().to_owned()));
    }

    pub fn value(&mut self, part: &str, topic: Topic, template: Option<&ValueTemplate>) {
        self.maybe(part, topic, template.map(value));
    }

    /// A text in each of its languages.
    pub fn texts(&mut self, part: &str, texts: Option<&Texts>) {
        for (language, template) in texts.into_iter().flat_map(|texts| &texts.by_language) {
            self.put(&format!("{part} ({language})"), Topic::Text, template.source());
        }
    }

    /// What a state is called.
    pub fn state_name(&self, id: StateId) -> &'a str {
        self.names.get(usize::from(id.0)).map_or("?", String::as_str)
    }

    /// What a variable is called.
    pub fn variable(&self, slot: Slot) -> String {
        let found: Option<(&Name, _)> = self.flow.variables.get_index(usize::from(slot.0));
        found.map_or_else(|| "?".to_owned(), |(name, _)| name.to_string())
    }
}

/// A value to be computed, as one line.
pub(super) fn value(template: &ValueTemplate) -> String {
    match template {
        ValueTemplate::Constant(value) => value.to_json().to_string(),
        ValueTemplate::Text(template) => template.source().to_owned(),
        ValueTemplate::List(items) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
        ValueTemplate::Map(entries) => {
            let entries = entries.iter().map(|(name, inner)| format!("{name}: {}", value(inner)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Names as one line.
pub(super) fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
