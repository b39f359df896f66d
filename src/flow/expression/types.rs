//! What the checker knows about types before a flow runs. Unknown is `any`, which agrees with everything.

use super::scope::Root;
use crate::domain::value::Type;
use crate::flow::diagnostic::Code;

/// The type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Inferred {
    /// Its type; `any` when it is not known.
    pub kind: Type,
    /// Whether it can be null (RF205).
    pub nullable: bool,
}

impl Inferred {
    /// Of this type and never null.
    pub const fn of(kind: Type) -> Self {
        Inferred { kind, nullable: false }
    }

    /// Of this type, or null.
    pub const fn maybe(kind: Type) -> Self {
        Inferred { kind, nullable: true }
    }

    /// Whether a value of this type can be given to a variable of that type (RF213, RF203).
    pub fn fits(self, wanted: Type) -> bool {
        compatible(self.kind, wanted)
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// A name that is not declared (RF201); also `env.X`, `visits.STATE`, `run.x`, `reply.x`, `body` and `item` at another place.
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
            ProblemKind::UnknownName => 201,
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
