//! What an expression can read while it is evaluated. The engine implements `Scope`; nothing here reads a clock.

use crate::domain::language::Language;
use crate::domain::time::Millis;
use crate::domain::value::{Type, Value};
use std::borrow::Cow;
use std::fmt;

/// The reserved names: what an expression reads besides variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Root {
    /// `contact.x`
    Contact,
    /// `event`, in `start` and `anytime`.
    Event,
    /// `reply.x`
    Reply,
    /// `env.X`
    Env,
    /// `run.x`
    Run,
    /// The present moment.
    Now,
    /// The present day in the contact's zone.
    Today,
    /// `visits.STATE`
    Visits,
    /// The item of a list, in `label` of `pick`.
    Item,
    /// `hours.NAME`, only after `in`.
    Hours,
    /// The result of a state's kind, in `save`.
    Body,
}

impl Root {
    /// Every root, in the order of the documentation.
    pub const ALL: [Root; 11] = [
        Root::Contact,
        Root::Event,
        Root::Reply,
        Root::Env,
        Root::Run,
        Root::Now,
        Root::Today,
        Root::Visits,
        Root::Item,
        Root::Hours,
        Root::Body,
    ];

    /// As operators write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Root::Contact => "contact",
            Root::Event => "event",
            Root::Reply => "reply",
            Root::Env => "env",
            Root::Run => "run",
            Root::Now => "now",
            Root::Today => "today",
            Root::Visits => "visits",
            Root::Item => "item",
            Root::Hours => "hours",
            Root::Body => "body",
        }
    }

    /// Reads what `as_str` writes.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "contact" => Root::Contact,
            "event" => Root::Event,
            "reply" => Root::Reply,
            "env" => Root::Env,
            "run" => Root::Run,
            "now" => Root::Now,
            "today" => Root::Today,
            "visits" => Root::Visits,
            "item" => Root::Item,
            "hours" => Root::Hours,
            "body" => Root::Body,
            _ => return None,
        })
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Words of the language itself. Like the roots they cannot be names of variables.
pub const KEYWORDS: [&str; 9] = ["and", "or", "not", "in", "if", "else", "true", "false", "null"];

/// Whether a variable may not be called so (RF209).
pub fn is_reserved(name: &str) -> bool {
    Root::parse(name).is_some() || KEYWORDS.contains(&name)
}

/// What an expression reads. `now` and `today` come from `now()` and `timezone()`; they are never asked for as roots.
pub trait Scope {
    /// The variable of this name. `None`: there is no such variable, which is an error; one without a value is `Value::Null`.
    fn variable(&self, name: &str) -> Option<Cow<'_, Value>>;

    /// A whole root: `event`, `body`, `item`, `reply`, `contact` … `None`: it has no value here, which is an error.
    fn root(&self, root: Root) -> Option<Cow<'_, Value>>;

    /// One field of a root, without building the whole: `contact.x`, `env.X`, `run.x`, `reply.x`, `visits.STATE`.
    /// `None`: no such field, which is null (0 for `visits`).
    fn member(&self, root: Root, field: &str) -> Option<Cow<'_, Value>> {
        self.root(root).and_then(|value| super::access::field(value, field))
    }

    /// Whether this moment is inside `hours.NAME`. `None`: there are no such hours.
    fn within_hours(&self, hours: &str, at: Millis) -> Option<bool>;

    /// The present moment: an argument of the turn.
    fn now(&self) -> Millis;

    /// The contact's zone, else the project's.
    fn timezone(&self) -> &jiff::tz::TimeZone;

    /// The language in which numbers and dates are written.
    fn language(&self) -> Language;

    /// Something that is not an error but that the journal should show.
    fn note(&self, _note: Note<'_>) {}
}

/// What an evaluation did that its author may not expect. Contains no value: it goes into the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note<'a> {
    /// The part of the expression that is meant.
    pub source: &'a str,
    /// What happened.
    pub kind: NoteKind,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKind {
    /// A comparison of different types, which is false (true for `!=`); `None` is nothing.
    DifferentTypes(Option<Type>, Option<Type>),
    /// A text that is no date, number or moment, so that the result is null.
    Unreadable(&'static str),
    /// A field of something that has no fields, which is null.
    NoFields(Type),
}

impl fmt::Display for Note<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |t: Option<Type>| t.map_or("nothing", Type::as_str);
        match self.kind {
            NoteKind::DifferentTypes(left, right) => {
                write!(f, "`{}` compares {} with {}", self.source, name(left), name(right))
            }
            NoteKind::Unreadable(what) => write!(f, "`{}` could not be read as {what}", self.source),
            NoteKind::NoFields(kind) => write!(f, "`{}` asks for a field of a {kind}", self.source),
        }
    }
}
