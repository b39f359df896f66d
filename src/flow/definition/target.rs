//! Where outcomes lead: targets, steps in place, conditional ways, troubles.

use super::{Action, FileMap, StateId};
use crate::domain::name::Name;
use crate::domain::time::Span;
use crate::flow::diagnostic::At;
use crate::flow::expression::Expression;

/// The ordinary outcomes of a kind.
#[derive(Debug, Clone, Default)]
pub struct Outcomes {
    /// By name: a choice, `ok`, `404`, `4xx`, `yes`, an end.
    pub named: FileMap<String, Target>,
    /// Every other ordinary outcome.
    pub other: Option<Target>,
}

impl Outcomes {
    /// Where an ordinary outcome leads.
    pub fn get(&self, name: &str) -> Option<&Target> {
        self.named.get(name).or(self.other.as_ref())
    }
}

/// The troubles that every kind knows by the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trouble {
    /// A reply that is no answer.
    NoMatch,
    /// No reply, no event.
    Silence,
    /// A message that did not reach the contact.
    Undelivered,
    /// A call or sub-flow that failed.
    Failed,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Trouble; 4] = [Trouble::NoMatch, Trouble::Silence, Trouble::Undelivered, Trouble::Failed];
    /// How often the built-in asks again after a reply that is no answer.
    pub const BUILT_IN_AGAIN: u32 = 2;
    /// Silence where nobody says how long it takes.
    pub const BUILT_IN_SILENCE: Span = Span::hours(24);

    /// Its name in a file and in the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Trouble::NoMatch => "nomatch",
            Trouble::Silence => "silence",
            Trouble::Undelivered => "undelivered",
            Trouble::Failed => "failed",
        }
    }

    /// The trouble of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.as_str() == name)
    }

    /// The end to which it leads where neither the state nor the flow decides it.
    pub const fn built_in_end(self) -> &'static str {
        match self {
            Trouble::NoMatch => "not_understood",
            Trouble::Silence => "silent",
            Trouble::Undelivered => "undelivered",
            Trouble::Failed => "failed",
        }
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

impl Troubles {
    /// Where this trouble leads, if it is decided here.
    pub fn target(&self, trouble: Trouble) -> Option<&Target> {
        match trouble {
            Trouble::NoMatch => self.nomatch.as_ref(),
            Trouble::Silence => self.silence.as_ref().and_then(|silence| silence.target.as_ref()),
            Trouble::Undelivered => self.undelivered.as_ref(),
            Trouble::Failed => self.failed.as_ref(),
        }
    }

    /// After how long nothing is silence: as the state says, else the flow, else the built-in.
    pub fn silence_after(&self, defaults: &Troubles) -> Span {
        let after = |troubles: &Troubles| troubles.silence.as_ref().and_then(|silence| silence.after);
        let span = after(self).or_else(|| after(defaults)).unwrap_or(Trouble::BUILT_IN_SILENCE);
        // Time must pass, or an alarm would find itself in the past.
        span.max(Span::millis(1))
    }
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
