//! Every place that says something to the contact, with the age at which it does.

use super::ages::Age;
use super::project::{Class, Closed};
use crate::flow::definition::{Act, Action, Kind, StateId};
use crate::flow::diagnostic::At;
use crate::flow::ways::{From, Outcome, Step, To, Way, Ways};

/// What is said where the window can be closed; where another kind of channel carries it, only where it surely is.
pub(super) fn closed(
    ways: &Ways<'_>,
    ages: &[Option<Age>],
    class: Class,
    after: impl Fn(StateId, &Outcome<'_>, &Way<'_>) -> Option<Age>,
) -> Vec<Closed> {
    let (counts, instead): (fn(Age) -> bool, _) = match class {
        Class::Only => (Age::can_be_closed, None),
        Class::First(kind) => (Age::is_closed, Some(kind)),
    };
    let mut found: Vec<At> = Vec::new();
    let flow = ways.flow();
    for (id, state) in ways.states().zip(flow.states.values()) {
        let Some(age) = ages[usize::from(id.0)] else { continue };
        if counts(age) {
            found.extend(said(&state.actions));
            if matches!(&state.kind, Kind::Ask(ask) if ask.question.is_some()) {
                found.push(state.at);
            }
        }
        for (outcome, way) in ways.ways_out(id).filter(|(outcome, _)| !outcome.hears) {
            if after(id, outcome, way).is_some_and(counts) {
                found.extend(on_way(ways, way, asks(ways, id)));
            }
        }
    }
    // What an event answers is answered wherever the run is.
    if ages.last().copied().flatten().is_some_and(counts) {
        for entry in ways.entries().iter().filter(|entry| matches!(entry.from, From::Anytime(_)) && !entry.hears) {
            ways.ways_in(entry).iter().for_each(|way| found.extend(on_way(ways, way, false)));
        }
    }
    found.sort();
    found.dedup();
    if instead.is_some() {
        // The first is enough to know.
        found.truncate(1);
    }
    found.into_iter().map(|at| Closed { at, instead }).collect()
}

/// Whether a state says something when it asks again.
fn asks(ways: &Ways<'_>, id: StateId) -> bool {
    matches!(ways.flow().state(id).map(|state| &state.kind), Some(Kind::Ask(ask)) if ask.question.is_some())
}

fn on_way(ways: &Ways<'_>, way: &Way<'_>, asks: bool) -> Vec<At> {
    let mut found: Vec<At> = Vec::new();
    for (_, step) in ways.steps_back(way) {
        if let Step::Do(actions) = step {
            found.extend(said(actions));
        }
    }
    if found.is_empty() && asks && matches!(way.to, To::Again(_)) {
        found.push(way.at);
    }
    found
}

fn said(actions: &[Action]) -> impl Iterator<Item = At> {
    actions.iter().filter(|action| matches!(action.act, Act::Say(_) | Act::Notify(_))).map(|action| action.at)
}
