//! What the checker knows about types before a flow runs. Unknown is `any`, which agrees with everything.

use super::scope::Root;
use crate::domain::value::{Type, Value};
use crate::flow::diagnostic::Code;
use indexmap::IndexMap;
use std::sync::Arc;

/// The type of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inferred {
    /// Its type; `any` when it is not known.
    pub kind: Type,
    /// Whether it can be null (RF205).
    pub nullable: bool,
    /// What more is known of it.
    pub detail: Detail,
}

/// The most texts and fields that are kept of what is one thing or another.
const TEXTS: usize = 200;

/// What is known beyond the type. It is known for what cannot come from outside: answers, results of sub-flows, constants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// Nothing.
    Unknown,
    /// A text that is one of these: the answer to a choice, the arm of a split.
    Among(Arc<[Box<str>]>),
    /// A list of such items.
    Items(Arc<Inferred>),
    /// A map with these fields and no others.
    Fields(Arc<IndexMap<Box<str>, Inferred>>),
    /// A map with these fields and perhaps others: it comes from outside.
    Open(Arc<IndexMap<Box<str>, Inferred>>),
}

impl Inferred {
    /// Of this type and never null.
    pub const fn of(kind: Type) -> Self {
        Inferred { kind, nullable: false, detail: Detail::Unknown }
    }

    /// Of this type, or null.
    pub const fn maybe(kind: Type) -> Self {
        Inferred { kind, nullable: true, detail: Detail::Unknown }
    }

    /// A text that is one of these.
    pub fn among<'n>(texts: impl IntoIterator<Item = &'n str>) -> Self {
        let texts = texts.into_iter().map(Box::from).collect();
        Inferred { detail: Detail::Among(texts), ..Inferred::of(Type::Text) }
    }

    /// A list of such items.
    pub fn list(item: Inferred) -> Self {
        Inferred { detail: Detail::Items(Arc::new(item)), ..Inferred::of(Type::List) }
    }

    /// A map with these fields and no others.
    pub fn map<'n>(fields: impl IntoIterator<Item = (&'n str, Inferred)>) -> Self {
        let fields = fields.into_iter().map(|(name, field)| (name.into(), field)).collect();
        Inferred { detail: Detail::Fields(Arc::new(fields)), ..Inferred::of(Type::Map) }
    }

    /// A map with these fields and perhaps others.
    pub fn open_map<'n>(fields: impl IntoIterator<Item = (&'n str, Inferred)>) -> Self {
        let fields = fields.into_iter().map(|(name, field)| (name.into(), field)).collect();
        Inferred { detail: Detail::Open(Arc::new(fields)), ..Inferred::of(Type::Map) }
    }

    /// The type of a value that is written in a flow.
    pub fn constant(value: &Value) -> Self {
        match value {
            Value::Text(text) => Inferred::among([text.as_str()]),
            Value::List(items) => match items.iter().map(Inferred::constant).reduce(Inferred::or) {
                Some(item) => Inferred::list(item),
                None => Inferred::of(Type::List),
            },
            Value::Map(map) => Inferred::map(map.iter().map(|(name, value)| (name.as_str(), Inferred::constant(value)))),
            other => other.kind().map_or(Inferred::maybe(Type::Any), Inferred::of),
        }
    }

    /// The same, or null.
    pub fn or_null(self) -> Self {
        Inferred { nullable: true, ..self }
    }

    /// What is one or the other.
    pub fn or(self, other: Inferred) -> Self {
        let nullable = self.nullable || other.nullable;
        let kind = if self.kind == other.kind { self.kind } else { Type::Any };
        let detail = if kind == Type::Any { Detail::Unknown } else { self.detail.or(other.detail) };
        Inferred { kind, nullable, detail }
    }

    /// Whether a value of this type can be given to a variable of that type (RF213, RF203).
    pub fn fits(&self, wanted: Type) -> bool {
        compatible(self.kind, wanted)
    }

    /// Whether values of these types can be equal.
    pub fn can_equal(&self, other: &Inferred) -> bool {
        match (&self.detail, &other.detail) {
            (Detail::Among(a), Detail::Among(b)) => a.iter().any(|text| b.contains(text)),
            _ => compatible(self.kind, other.kind),
        }
    }
}

impl Detail {
    fn or(self, other: Detail) -> Detail {
        match (self, other) {
            (Detail::Among(a), Detail::Among(b)) if a == b => Detail::Among(a),
            // What is one of very many is as good as any, and must not cost more with each that is added.
            (Detail::Among(a), Detail::Among(b)) if a.len() + b.len() > TEXTS => Detail::Unknown,
            (Detail::Among(a), Detail::Among(b)) => {
                let more = b.iter().filter(|text| !a.contains(*text));
                Detail::Among(a.iter().chain(more).cloned().collect())
            }
            (Detail::Items(a), Detail::Items(b)) if a == b => Detail::Items(a),
            (Detail::Items(a), Detail::Items(b)) => Detail::Items(Arc::new((*a).clone().or((*b).clone()))),
            (Detail::Open(a), Detail::Open(b)) if a == b => Detail::Open(a),
            (Detail::Fields(a), Detail::Fields(b)) if a == b => Detail::Fields(a),
            (Detail::Fields(a), Detail::Fields(b)) if a.len() + b.len() > TEXTS => Detail::Unknown,
            (Detail::Fields(a), Detail::Fields(b)) => {
                let mut fields: IndexMap<Box<str>, Inferred> = IndexMap::with_capacity(a.len());
                for name in a.keys().chain(b.keys().filter(|name| !a.contains_key(*name))) {
                    let field = match (a.get(name), b.get(name)) {
                        (Some(a), Some(b)) => a.clone().or(b.clone()),
                        (Some(only), None) | (None, Some(only)) => only.clone().or_null(),
                        (None, None) => continue,
                    };
                    fields.insert(name.clone(), field);
                }
                Detail::Fields(Arc::new(fields))
            }
            _ => Detail::Unknown,
        }
    }
}

/// Whether values of these types can ever be equal.
pub fn compatible(a: Type, b: Type) -> bool {
    let plain = |t| if matches!(t, Type::Phone | Type::Email) { Type::Text } else { t };
    a == Type::Any || b == Type::Any || plain(a) == plain(b)
}

/// What is known where an expression stands.
pub trait TypeEnv {
    /// The type of a variable; `None`: it is not declared (RF201).
    fn variable(&self, name: &str) -> Option<Inferred>;

    /// Whether this root may be read here, and what it is as a whole. `now`, `today`, `visits` and `hours` are legal everywhere and not asked for.
    fn root(&self, root: Root) -> RootType;

    /// One field of a root: an attribute of the contact, an entry of `env`, a state after `visits`, an entry of `hours`.
    /// Asked only for roots that are legal here.
    fn member(&self, root: Root, field: &str) -> MemberType;

    /// The names of variables, for "did you mean".
    fn variables(&self) -> Vec<&str>;
}

/// Whether a root may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootType {
    /// Yes; as a whole it has this type.
    Known(Inferred),
    /// Not at this place: `event` outside of `start` and `anytime` (RF208), `body` outside of `save`, `item` outside of `pick`.
    NotHere,
}

/// Whether a root has a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberType {
    /// Yes, of this type.
    Known(Inferred),
    /// No; these are the ones that there are, for "did you mean".
    Unknown(Vec<String>),
}

/// The kinds of mistakes that types show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// A variable that is not declared (RF201).
    UnknownVariable,
    /// A field that is not there (RF201); also `env.X`, `visits.STATE`, `run.x`, `reply.x`, `body` and `item` at another place.
    UnknownName,
    /// Types that are never equal, or that an operator cannot take (RF206).
    Types,
    /// A function that cannot take a value of this type (RF207).
    Argument,
    /// `event` outside of `start` and `anytime` (RF208).
    EventNotHere,
    /// A reserved name used in a way that it is not meant for (RF209).
    Reserved,
    /// `contact.x` is not an attribute (RF211).
    UnknownAttribute,
    /// `hours.x` is not configured (RF505).
    UnknownHours,
    /// `visits.x` is not a state (RF104).
    UnknownState,
}

impl ProblemKind {
    /// The code under which the checker shows it.
    pub fn code(self) -> Code {
        Code(match self {
            ProblemKind::UnknownVariable | ProblemKind::UnknownName => 201,
            ProblemKind::Types => 206,
            ProblemKind::Argument => 207,
            ProblemKind::EventNotHere => 208,
            ProblemKind::Reserved => 209,
            ProblemKind::UnknownAttribute => 211,
            ProblemKind::UnknownHours => 505,
            ProblemKind::UnknownState => 104,
        })
    }
}

/// A mistake that types show. Offset and length are bytes within the expression's source; from a text, within the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TypeProblem {
    /// What kind of mistake.
    pub kind: ProblemKind,
    /// One sentence.
    pub message: String,
    /// Where it begins.
    pub offset: usize,
    /// How long it is.
    pub length: usize,
    /// What to do.
    pub help: Option<String>,
}
