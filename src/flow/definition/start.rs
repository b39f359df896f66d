//! What begins a run and what is answered wherever a run is: `start`, `anytime`.

use super::{Action, Slot, StateId, Target};
use crate::domain::name::{ChannelName, EventName, Name};
use crate::flow::diagnostic::At;
use crate::flow::expression::{Expression, Template, ValueTemplate};
pub use crate::reply::command::Command;

/// One entry of `start`.
#[derive(Debug, Clone)]
pub struct Start {
    /// What begins the run.
    pub trigger: Trigger,
    /// Only if this holds.
    pub condition: Option<Expression>,
    /// The channels on which a keyword or message counts.
    pub channels: Vec<ChannelName>,
    /// Who the event is about; required with `event` and `webhook`.
    pub contact: Option<ContactTemplate>,
    /// At most one live run of this flow for each key; without it, for each contact.
    pub key: Option<Template>,
    /// A second start for a key that has a live run.
    pub repeat: Repeat,
    /// The contact has an open question of another run.
    pub busy: Busy,
    /// Values for needs and own variables.
    pub with: Vec<(Slot, ValueTemplate)>,
    /// The first state.
    pub go: StateId,
    /// Where it stands.
    pub at: At,
}

/// What begins a run.
#[derive(Debug, Clone)]
pub enum Trigger {
    /// An event.
    Event(EventName),
    /// Anything that is sent to the webhook of this name.
    Webhook(Name),
    /// A whole message that is one of these.
    Keyword(Vec<String>),
    /// Any message that nothing else wants.
    AnyMessage,
}

/// Who an event is about, as templates over the event.
#[derive(Debug, Clone, Default)]
pub struct ContactTemplate {
    /// A phone in any form that the project's country can read.
    pub phone: Option<Template>,
    /// An email.
    pub email: Option<Template>,
    /// The caller's own id.
    pub id: Option<Template>,
    /// The name to take over.
    pub name: Option<Template>,
    /// The language to take over.
    pub language: Option<Template>,
}

/// A second start for a key that has a live run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It is ignored.
    Ignore,
    /// The live run ends as `interrupted` and a new one begins.
    Restart,
    /// Both live.
    Another,
}

/// What a start does while the contact has an open question of another run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Busy {
    /// Begins when the other run no longer waits for a reply.
    Wait,
    /// The other question is put aside, and asked again when this run no longer waits for a reply.
    Pause,
    /// The other run ends as `interrupted`.
    Replace,
    /// Does nothing.
    Skip,
}

/// One entry of `anytime`.
#[derive(Debug, Clone)]
pub struct Anytime {
    /// What it answers.
    pub trigger: AnytimeTrigger,
    /// Only if this holds.
    pub condition: Option<Expression>,
    /// What happens.
    pub target: AnytimeTarget,
    /// Where it stands.
    pub at: At,
}

/// What an entry of `anytime` answers.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "read once and kept behind an Arc; none is moved on the hot path")]
pub enum AnytimeTrigger {
    /// An event; with `key` only the run that began with that key, with `contact` only that contact's.
    Event {
        /// Its name.
        name: EventName,
        /// Who it is about; else the contact that the event names.
        contact: Option<ContactTemplate>,
        /// The run's key.
        key: Option<Template>,
        /// Values for variables, set before the target.
        with: Vec<(Slot, ValueTemplate)>,
    },
    /// A whole message that is one of these.
    Keyword(Vec<String>),
    /// A command word.
    Command(Command),
}

/// Where an entry of `anytime` leads.
#[derive(Debug, Clone)]
pub enum AnytimeTarget {
    /// Like anywhere else.
    Target(Target),
    /// `again: true`: the actions, then the open question once more.
    AskAgain(Vec<Action>),
}
