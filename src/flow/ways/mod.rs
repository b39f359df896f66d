//! A flow as a graph: from each state the ways out, and the ways in. Made once from the definition; whoever asks where a flow can go
//! (the checker, the coverage of tests, the drawing, the explorer) asks here and walks no targets of its own.
//!
//! ```text
//! entries ─▶ way ─▶ state ─▶ outcome ─▶ way ─▶ state / end / the question once more
//!                              │           └ steps: conditions and actions on the way, in order
//!                              └ nomatch, silence, yes, 404 …: as the journal names it
//! ```
//!
//! One outcome has one way, or several where a list of conditions or `again` stands below it. Steps are kept as a tree (each knows the
//! one before it), so that a long list of conditions costs no more than it is long.

mod build;
mod cycles;
mod subs;
#[cfg(test)]
mod tests;

pub use cycles::{Parts, components, shortest_way};
pub use subs::{Sub, Subs};

use super::definition::{Action, Anytime, Flow, LateTarget, Slot, Start, StateId, Trouble};
use super::diagnostic::At;
use super::expression::{Expression, ValueTemplate};
use crate::domain::time::Span;
use std::borrow::Cow;
use std::ops::Range;

/// Every way through one flow.
#[derive(Debug)]
pub struct Ways<'f> {
    flow: &'f Flow,
    entries: Vec<Entry<'f>>,
    /// Which outcomes each state has.
    states: Vec<Range<usize>>,
    outcomes: Vec<Outcome<'f>>,
    ways: Vec<Way<'f>>,
    steps: Vec<Link<'f>>,
}

/// Where a run comes into the flow, or comes in anew.
#[derive(Debug, Clone)]
pub struct Entry<'f> {
    /// What leads in.
    pub from: From<'f>,
    /// Whether the contact has just written: a keyword, a message, a late reply.
    pub hears: bool,
    ways: Range<usize>,
}

/// What leads into a flow.
#[derive(Debug, Clone, Copy)]
pub enum From<'f> {
    /// `begin`: as a sub-flow.
    Begin,
    /// An entry of `start`.
    Start(&'f Start),
    /// An entry of `anytime`: from any state that waits.
    Anytime(&'f Anytime),
    /// `late` with `go`.
    Late(&'f LateTarget),
}

/// One outcome of a state. A state without a kind, and one that ends, has exactly one, without a name.
#[derive(Debug, Clone)]
pub struct Outcome<'f> {
    /// As the journal names it: `yes`, `ok`, `404`, `nomatch`, an arm, an end of a sub-flow. Empty for a state without a kind. Where the ends of a
    /// sub-flow are not known, those that are not named are together `else`.
    pub name: Cow<'f, str>,
    /// The trouble that it is; none for an ordinary outcome.
    pub trouble: Option<Trouble>,
    /// Who decides where it leads.
    pub decided: Decided,
    /// Whether time or something from outside always lies between the state's beginning and this outcome. `empty` of a `pick`, and what a state
    /// without a kind does, follow in the same turn.
    pub waits: bool,
    /// Whether the contact has written when it comes: every answer, right or wrong.
    pub hears: bool,
    /// Whether it has a result that `save` keeps: every ordinary outcome but `empty` of a `pick`, no trouble.
    pub saves: bool,
    ways: Range<usize>,
}

/// Who decides where an outcome leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// The state, by name.
    State,
    /// The state, under `else` or by a `go` for all.
    Else,
    /// `defaults` of the flow.
    Defaults,
    /// Nobody: what is built in. See `Trouble::built_in_end`.
    BuiltIn,
}

/// One way of an outcome or entry: what is done and asked on it, and where it leads.
#[derive(Debug, Clone)]
pub struct Way<'f> {
    /// Where it leads.
    pub to: To<'f>,
    /// The shortest time between the beginning of the state (for `again`: of the question) and this way, without time that the contact's other
    /// runs take.
    pub least: Span,
    /// The longest; none if nothing bounds it but the life of the run. The ways of sub-flows have no bound here.
    pub most: Option<Span>,
    /// Where its last part stands in the file; the state, where that is only a name.
    pub at: At,
    last: Option<u32>,
}

/// Where a way leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To<'f> {
    /// A state.
    State(StateId),
    /// An end of the flow.
    End(&'f str),
    /// The open question once more: at most so often under this count, without a limit only for `again: true` in `anytime`.
    Again(Option<u32>),
}

/// What lies on a way.
#[derive(Debug, Clone, Copy)]
pub enum Step<'f> {
    /// The condition holds.
    If(&'f Expression),
    /// It does not; a condition above it in the same list.
    IfNot(&'f Expression),
    /// `with` of a start or of an event in `anytime`.
    Give(&'f [(Slot, ValueTemplate)]),
    /// Actions.
    Do(&'f [Action]),
    /// `again` was used up: it was asked so often more.
    UsedUp(u32),
}

/// A step with the one before it, which always stands before it in the list.
#[derive(Debug, Clone, Copy)]
struct Link<'f> {
    before: Option<u32>,
    step: Step<'f>,
}

impl<'f> Ways<'f> {
    /// The ways of a flow as far as its own file says: the ends of sub-flows are those that it names.
    pub fn of(flow: &'f Flow) -> Self {
        Self::among(flow, &Subs::default())
    }

    /// The ways of a flow among others: the outcomes of `run` are the ends of that flow.
    pub fn among(flow: &'f Flow, subs: &Subs) -> Self {
        build::build(flow, subs)
    }

    /// The flow.
    pub fn flow(&self) -> &'f Flow {
        self.flow
    }

    /// Where runs come in: `begin` first, then each start, each entry of `anytime`, `late`, in the order of the file.
    pub fn entries(&self) -> &[Entry<'f>] {
        &self.entries
    }

    /// The ways of an entry.
    pub fn ways_in(&self, entry: &Entry<'f>) -> &[Way<'f>] {
        &self.ways[entry.ways.clone()]
    }

    /// The outcomes of a state: ordinary ones in the order of its kind, then trouble.
    pub fn outcomes(&self, state: StateId) -> &[Outcome<'f>] {
        self.states.get(state.0 as usize).map_or(&[], |range| &self.outcomes[range.clone()])
    }

    /// The ways of an outcome.
    pub fn ways_of(&self, outcome: &Outcome<'f>) -> &[Way<'f>] {
        &self.ways[outcome.ways.clone()]
    }

    /// The ways out of a state, each with its outcome.
    pub fn ways_out(&self, state: StateId) -> impl Iterator<Item = (&Outcome<'f>, &Way<'f>)> {
        self.outcomes(state).iter().flat_map(|outcome| self.ways_of(outcome).iter().map(move |way| (outcome, way)))
    }

    /// The states that follow a state, one for each way that leads to one.
    pub fn next(&self, state: StateId) -> impl Iterator<Item = StateId> {
        self.ways_out(state).filter_map(|(_, way)| way.to.state())
    }

    /// What lies on a way, in order.
    pub fn steps(&self, way: &Way<'f>) -> Vec<Step<'f>> {
        let mut steps: Vec<Step<'f>> = self.steps_back(way).map(|(_, step)| step).collect();
        steps.reverse();
        steps
    }

    /// The same from its end, each with its place among all steps of the flow: a step that ways share has one place, and what is
    /// before it a smaller one.
    pub fn steps_back(&self, way: &Way<'f>) -> impl Iterator<Item = (usize, Step<'f>)> {
        let mut next = way.last;
        std::iter::from_fn(move || {
            let place = next? as usize;
            let link = self.steps.get(place)?;
            next = link.before;
            Some((place, link.step))
        })
    }

    /// Every step of the flow by its place: the place of the one before it, and the step.
    pub fn all_steps(&self) -> impl Iterator<Item = (Option<usize>, Step<'f>)> {
        self.steps.iter().map(|link| (link.before.map(|place| place as usize), link.step))
    }

    /// How many steps lie on all ways together.
    pub fn count_steps(&self) -> usize {
        self.steps.len()
    }

    /// Every state.
    pub fn states(&self) -> impl Iterator<Item = StateId> + use<> {
        (0..self.states.len()).map(|i| StateId(i as u16))
    }

    /// For each state whether anything leads to it, from where a run begins.
    pub fn reached(&self) -> Vec<bool> {
        let mut reached = vec![false; self.states.len()];
        let mut open: Vec<StateId> = Vec::new();
        let see = |id: StateId, open: &mut Vec<StateId>, reached: &mut [bool]| {
            if let Some(seen) = reached.get_mut(id.0 as usize).filter(|seen| !**seen) {
                *seen = true;
                open.push(id);
            }
        };
        for entry in &self.entries {
            self.ways_in(entry).iter().filter_map(|way| way.to.state()).for_each(|id| see(id, &mut open, &mut reached));
        }
        while let Some(state) = open.pop() {
            self.next(state).for_each(|id| see(id, &mut open, &mut reached));
        }
        reached
    }
}

impl To<'_> {
    /// The state, if it leads to one.
    pub fn state(self) -> Option<StateId> {
        match self {
            To::State(id) => Some(id),
            To::End(_) | To::Again(_) => None,
        }
    }
}
