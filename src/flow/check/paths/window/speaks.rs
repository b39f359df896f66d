//! Every place that says something to the contact, with the age at which it does.

use super::ages::Age;
use super::carried::{Carried, Look};
use super::project::Closed;
use crate::flow::definition::{Act, Action, Kind, Notify, Say, State, StateId};
use crate::flow::diagnostic::At;
use crate::flow::ways::{From, Outcome, Step, To, Way, Ways};

/// What is said with a window that can be closed; where another kind of channel carries it, only where it surely is.
pub(super) fn closed(
    ways: &Ways<'_>,
    ages: &[Option<Age>],
    look: Look<'_>,
    after: impl Fn(StateId, &Outcome<'_>, &Way<'_>) -> Option<Age>,
) -> Vec<Closed> {
    let mut found = Found { look, closed: Vec::new() };
    for (id, state) in ways.states().zip(ways.flow().states.values()) {
        let Some(age) = ages[usize::from(id.0)] else { continue };
        said(&state.actions).for_each(|said| found.look(said, age));
        of_kind(state).into_iter().for_each(|said| found.look(said, age));
        for (outcome, way) in ways.ways_out(id).filter(|(outcome, _)| !outcome.hears) {
            if let Some(age) = after(id, outcome, way) {
                on_way(ways, way, question(ways, id)).into_iter().for_each(|said| found.look(said, age));
            }
        }
    }
    // What an event answers is answered wherever the run is.
    if let Some(age) = ages.last().copied().flatten() {
        for entry in ways.entries().iter().filter(|entry| matches!(entry.from, From::Anytime(_)) && !entry.hears) {
            let all = ways.ways_in(entry).iter().flat_map(|way| on_way(ways, way, None));
            all.for_each(|said| found.look(said, age));
        }
    }
    let mut found = found.closed;
    found.sort_by_key(|closed| closed.at);
    found.dedup_by_key(|closed| closed.at);
    // That another channel carries it is enough to know once.
    let mut seen = false;
    found.retain(|closed| closed.instead.is_none() || !std::mem::replace(&mut seen, true));
    found
}

/// Something that is said: where, and with which notification.
#[derive(Clone, Copy)]
struct Said<'f> {
    at: At,
    notify: Option<&'f Notify>,
}

struct Found<'a> {
    look: Look<'a>,
    closed: Vec<Closed>,
}

impl Found<'_> {
    fn look(&mut self, said: Said<'_>, age: Age) {
        // Whether somebody else ever wrote, nobody can know here.
        let elsewhere = said.notify.is_some_and(|notify| notify.to.is_some());
        if !elsewhere && !age.can_be_closed() {
            return;
        }
        let at = said.at;
        match self.look.carried(said.notify) {
            Carried::Anyway => {}
            Carried::Not(lacking) => {
                let notify = said.notify.filter(|_| !lacking.is_empty()).map(|notify| notify.name.clone());
                self.closed.push(Closed { at, instead: None, unapproved: notify.map(|name| (name, lacking)) });
            }
            Carried::By(kind) if elsewhere || age.is_closed() => {
                self.closed.push(Closed { at, instead: Some(kind), unapproved: None })
            }
            Carried::By(_) => {}
        }
    }
}

/// What the kind of a state says on entering it.
fn of_kind(state: &State) -> Option<Said<'_>> {
    let at = state.at;
    match &state.kind {
        Kind::Ask(ask) => match ask.question.as_ref()? {
            Say::Message(_) => Some(Said { at, notify: None }),
            Say::Notify(notify) => Some(Said { at, notify: Some(notify) }),
        },
        Kind::Deliver(deliver) => Some(Said { at, notify: Some(&deliver.notify) }),
        Kind::Handoff(handoff) => handoff.say.as_ref().map(|_| Said { at, notify: None }),
        _ => None,
    }
}

/// What a state says when it asks again.
fn question<'f>(ways: &Ways<'f>, id: StateId) -> Option<Said<'f>> {
    ways.flow().state(id).filter(|state| matches!(state.kind, Kind::Ask(_))).and_then(of_kind)
}

fn on_way<'f>(ways: &Ways<'f>, way: &Way<'f>, question: Option<Said<'f>>) -> Vec<Said<'f>> {
    let mut found: Vec<Said<'f>> = Vec::new();
    for (_, step) in ways.steps_back(way) {
        if let Step::Do(actions) = step {
            found.extend(said(actions));
        }
    }
    if found.is_empty() && matches!(way.to, To::Again(_)) {
        found.extend(question.map(|said| Said { at: way.at, ..said }));
    }
    found
}

fn said(actions: &[Action]) -> impl Iterator<Item = Said<'_>> {
    actions.iter().filter_map(|action| match &action.act {
        Act::Say(_) => Some(Said { at: action.at, notify: None }),
        Act::Notify(notify) => Some(Said { at: action.at, notify: Some(notify) }),
        _ => None,
    })
}
