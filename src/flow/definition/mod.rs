//! A flow as it runs: what the reader makes of a YAML file and what the engine works on. Closed enums; names are resolved
//! to indexes where the engine follows them. A published version never changes, so the indexes of states and variables
//! (their order in the file) are part of the stored record's format.

mod action;
mod chosen;
mod notification;
mod question;
mod start;
mod state;
mod target;

pub use action::*;
pub use chosen::{Chosen, choose};
pub use notification::*;
pub use question::*;
pub use start::*;
pub use state::*;
pub use target::*;

use super::diagnostic::At;
use super::expression::ValueTemplate;
use crate::domain::id::VersionId;
use crate::domain::language::Language;
use crate::domain::name::{ChannelName, Name, Slug};
use crate::domain::time::Span;
use crate::domain::value::Type;
use indexmap::IndexMap;
use std::sync::Arc;

/// A map in the order of its file. Its keys come from the operators' own files: a quick hash serves better than one that withstands
/// strangers.
pub type FileMap<K, V> = IndexMap<K, V, foldhash::fast::FixedState>;

/// The place of a state in `Flow::states`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct StateId(pub u16);

/// The place of a variable in `Flow::variables`: needs, then own variables, then saved ones, each in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Slot(pub u16);

/// One version of a flow, with the notifications that it names.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Its name; equals the file's.
    pub name: Slug,
    /// The hash of its content.
    pub version: VersionId,
    /// For people.
    pub title: Option<String>,
    /// Former names.
    pub was: Vec<Slug>,
    /// The first is the fallback for a text that lacks one.
    pub languages: Vec<Language>,
    /// Where it listens and in which order it speaks first; the project's channels if the file names none.
    pub channels: Vec<ChannelName>,
    /// Needs, own and saved variables.
    pub variables: FileMap<Name, Variable>,
    /// What begins a run.
    pub starts: Vec<Start>,
    /// What is answered wherever the run is.
    pub anytime: Vec<Anytime>,
    /// The first state.
    pub begin: StateId,
    /// What trouble leads to where a state does not say.
    pub defaults: Troubles,
    /// A reply to a question that is no longer open.
    pub late: Late,
    /// Whether a keyword of another flow may take over while this one waits for a reply.
    pub interruptible: bool,
    /// The longest life of a run.
    pub expires: Span,
    /// The states in the order of the file.
    pub states: FileMap<Name, State>,
    /// The notifications that the flow names, as they were when it was published.
    pub notifications: FileMap<Slug, Arc<Notification>>,
}

impl Flow {
    /// The state at this place.
    pub fn state(&self, id: StateId) -> Option<&State> {
        self.states.get_index(id.0 as usize).map(|(_, state)| state)
    }

    /// The name of the state at this place.
    pub fn state_name(&self, id: StateId) -> &str {
        self.states.get_index(id.0 as usize).map_or("?", |(name, _)| name.as_str())
    }

    /// Whether this is its name or was one.
    pub fn is_called(&self, name: &Slug) -> bool {
        self.name == *name || self.was.contains(name)
    }

    /// The slot of a variable.
    pub fn slot(&self, name: &str) -> Option<Slot> {
        self.variables.get_index_of(name).map(|i| Slot(i as u16))
    }
}

/// A variable of a flow.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its type; `any` where the file does not say.
    pub kind: Type,
    /// Where it comes from.
    pub origin: Origin,
    /// Masked in journal and exports.
    pub private: bool,
    /// Where it is declared.
    pub at: At,
}

/// Where a variable comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// `needs`: given by the start, else this default.
    Need {
        /// The default; without one the start must give it.
        default: Option<ValueTemplate>,
    },
    /// `vars`: begins with this value.
    Own(ValueTemplate),
    /// `save`: empty until then.
    Saved,
}

/// A reply to a question that is no longer open.
#[derive(Debug, Clone)]
pub enum Late {
    /// It goes to the inbox, in the journal.
    Inbox,
    /// It is ignored, in the journal.
    Ignore,
    /// It is answered, and may take the run up again.
    Target(LateTarget),
}

/// What a flow does about a late reply.
#[derive(Debug, Clone)]
pub struct LateTarget {
    /// How long after its question was closed a reply counts as late; afterwards as one with nothing waiting.
    pub within: Span,
    /// What is said and done first.
    pub actions: Vec<Action>,
    /// The state at which the run is taken up again, with its variables as they were.
    pub go: Option<StateId>,
}
