//! Where outcomes lead: targets, steps in place, conditional ways, troubles.

use super::{Action, StateId};
use crate::domain::name::Name;
use crate::domain::time::Span;
use crate::flow::diagnostic::At;
use crate::flow::expression::Expression;
use indexmap::IndexMap;

/// The ordinary outcomes of a kind.
#[derive(Debug, Clone, Default)]
pub struct Outcomes {
    /// By name: a choice, `ok`, `404`, `4xx`, `yes`, an end.
    pub named: IndexMap<String, Target>,
    /// Every other ordinary outcome.
    pub other: Option<Target>,
}

impl Outcomes {
    /// Where an ordinary outcome leads.
    pub fn get(&self, name: &str) -> Option<&Target> {
        self.named.get(name).or(self.other.as_ref())
    }
}

/// What trouble leads to, as far as it is decided here.
#[derive(Debug, Clone, Default)]
pub struct Troubles {
    /// A reply that is no answer.
    pub nomatch: Option<Target>,
    /// No reply, no event.
    pub silence: Option<Silence>,
    /// A message that did not reach the contact.
    pub undelivered: Option<Target>,
    /// A call or sub-flow that failed.
    pub failed: Option<Target>,
}

/// What silence leads to. `after` may stand in the state while the target stands in `defaults`, and the other way round.
#[derive(Debug, Clone)]
pub struct Silence {
    /// How long after the question.
    pub after: Option<Span>,
    /// Where it leads.
    pub target: Option<Target>,
}

/// Where an outcome leads.
#[derive(Debug, Clone)]
pub enum Target {
    /// A state.
    State(StateId),
    /// A step in place.
    Step(Box<Step>),
    /// The first that holds; the last may be an `else`.
    Ways(Vec<Way>),
}

/// A step in place: actions, then on.
#[derive(Debug, Clone)]
pub struct Step {
    /// In order.
    pub actions: Vec<Action>,
    /// Where it leads.
    pub then: Then,
    /// Where it stands.
    pub at: At,
}

/// Where a step leads.
#[derive(Debug, Clone)]
pub enum Then {
    /// On.
    Go(Target),
    /// The run is over.
    End(Name),
    /// At most `times` more the question, with the step's message in place of its text; afterwards `or`, without the step's actions.
    Again {
        /// How often more.
        times: u32,
        /// When it is used up.
        or: Box<AgainOr>,
    },
}

/// What follows when `again` is used up.
#[derive(Debug, Clone)]
pub enum AgainOr {
    /// On.
    Go(Target),
    /// The run is over.
    End(Name),
}

/// One conditional way.
#[derive(Debug, Clone)]
pub struct Way {
    /// `None` is `else`.
    pub condition: Option<Expression>,
    /// Where it leads.
    pub target: Target,
    /// Where it stands.
    pub at: At,
}
