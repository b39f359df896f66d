//! Loops: those that never wait (RF119), that have no way out (RF120), that ask without a limit (RF122), that call again and again (RF503).

use super::super::Report;
use super::super::place::Text;
use super::{key_place, place, shown};
use crate::flow::definition::{Act, Call, CallBody, Destination, Kind, Save, Slot, State, StateId, Trouble, WaitFor};
use crate::flow::expression::{Expression, ReferenceName, Root};
use crate::flow::ways::{From, Outcome, Step, To, Way, Ways, components, shortest_way};
use std::collections::{BTreeSet, HashSet};

/// Checks the loops of a flow.
pub(super) fn check(text: &Text<'_>, ways: &Ways<'_>, report: &mut Report) {
    let restless = never_wait(ways, report);
    never_end(ways, &restless, report);
    ask_without_limit(text, ways, report);
    call_again(ways, report);
}

/// The states of a flow and some of its ways, going round.
struct Loop {
    /// In the order of the file.
    states: Vec<StateId>,
    /// From the first back to it.
    way: Vec<StateId>,
}

/// The parts of a flow that go round on the ways that count.
fn loops(ways: &Ways<'_>, counts: impl Fn(StateId, &Outcome<'_>, &Way<'_>) -> bool) -> Vec<Loop> {
    let flow = ways.flow();
    // All that follow, state by state, and where those of each end.
    let mut next: Vec<StateId> = Vec::new();
    let mut ends: Vec<usize> = Vec::with_capacity(flow.states.len());
    for id in ways.states() {
        let counted =
            ways.ways_out(id).filter(|(_, way)| way.to.state().is_some()).filter(|(outcome, way)| counts(id, outcome, way));
        next.extend(counted.filter_map(|(_, way)| way.to.state()));
        ends.push(next.len());
    }
    let to = |at: StateId| {
        let at = usize::from(at.0);
        next[if at == 0 { 0 } else { ends[at - 1] }..ends[at]].iter().copied()
    };
    let mut found: Vec<Loop> = Vec::new();
    for part in components(flow.states.len(), to).iter() {
        let Some(first) = part.iter().copied().min() else { continue };
        if part.len() == 1 && !to(first).any(|id| id == first) {
            continue;
        }
        let mut states = part.to_vec();
        states.sort();
        let within: HashSet<StateId> = states.iter().copied().collect();
        let inside = |at: StateId| to(at).filter(|id| within.contains(id)).collect::<Vec<_>>().into_iter();
        if let Some(way) = shortest_way(flow.states.len(), first, first, inside) {
            found.push(Loop { states, way });
        }
    }
    found.sort_by_key(|one| one.way[0]);
    found
}

/// RF119. Gives the loops, for which nothing else is said.
fn never_wait(ways: &Ways<'_>, report: &mut Report) -> Vec<Loop> {
    let found = loops(ways, |_, outcome, _| !outcome.waits);
    for one in &found {
        let (at, width) = place(ways.flow(), one.way[0]);
        let message = format!("{} goes round without waiting", shown(ways.flow(), &one.way));
        report.add(119, at, width, message, "put a question or a `wait` into the loop, or lead out of it");
    }
    found
}

/// RF120: said once for each part of a flow that cannot be left, at its first state.
fn never_end(ways: &Ways<'_>, restless: &[Loop], report: &mut Report) {
    let flow = ways.flow();
    let size = flow.states.len();
    // From the ends back. An entry of `anytime` is a way of each state that waits.
    let mut before: Vec<(StateId, StateId)> = Vec::new();
    let mut ends = vec![false; size];
    let mut open: Vec<StateId> = Vec::new();
    for id in ways.states() {
        for (_, way) in ways.ways_out(id) {
            match way.to {
                To::State(to) => before.push((to, id)),
                To::End(_) if !std::mem::replace(&mut ends[usize::from(id.0)], true) => open.push(id),
                To::End(_) | To::Again(_) => {}
            }
        }
    }
    before.sort();
    before.dedup();
    let anytime = ways.entries().iter().filter(|entry| matches!(entry.from, From::Anytime(_)));
    let left: Vec<To<'_>> = anytime.flat_map(|entry| ways.ways_in(entry)).map(|way| way.to).collect();
    let mut leads_out = left.iter().any(|to| matches!(to, To::End(_)));
    loop {
        while let Some(id) = open.pop() {
            leads_out |= left.contains(&To::State(id));
            let first = before.partition_point(|(to, _)| *to < id);
            for (_, from) in before[first..].iter().take_while(|(to, _)| *to == id) {
                if !std::mem::replace(&mut ends[usize::from(from.0)], true) {
                    open.push(*from);
                }
            }
        }
        let mut waits =
            ways.states().filter(|id| leads_out && !ends[usize::from(id.0)] && ways.outcomes(*id).iter().any(|o| o.waits));
        let Some(next) = waits.next() else { break };
        ends[usize::from(next.0)] = true;
        open.push(next);
    }
    // What only leads into such a part follows from it, and so does a loop that never waits.
    let stuck = |id: &StateId| !ends[usize::from(id.0)];
    let quiet: HashSet<StateId> = restless.iter().flat_map(|one| one.states.iter().copied()).collect();
    if ends.iter().all(|ends| *ends) {
        return;
    }
    for part in components(size, |at| ways.next(at).filter(|to| usize::from(to.0) < size)).iter() {
        let mut part = part.to_vec();
        part.sort();
        let closed = part.iter().all(|id| stuck(id) && ways.next(*id).all(|to| part.binary_search(&to).is_ok()));
        let Some(first) = part.first().copied().filter(|first| closed && !quiet.contains(first)) else { continue };
        let (at, width) = place(flow, first);
        let message = format!("From `{}` no way leads to an end", flow.state_name(first));
        let help = "end it somewhere: `end: NAME` under an outcome, or in `anytime`; until then a run lives until `expires`";
        report.add(120, at, width, message, help);
    }
}

/// RF122: troubles that lead back to their question, without a condition on the way.
fn ask_without_limit(text: &Text<'_>, ways: &Ways<'_>, report: &mut Report) {
    let flow = ways.flow();
    let asks = |outcome: &Outcome<'_>| matches!(outcome.trouble, Some(trouble) if trouble != Trouble::Failed);
    let counts = |id: StateId, outcome: &Outcome<'_>, way: &Way<'_>| {
        let goes_on = match flow.state(id).map(|state| &state.kind) {
            Some(Kind::Ask(_) | Kind::Run(_)) => asks(outcome),
            // Something else decides when, or which way.
            Some(Kind::Wait(wait)) => !matches!(wait.until, WaitFor::Event { .. }) || outcome.trouble.is_some(),
            Some(Kind::Handoff(_)) => outcome.trouble.is_some(),
            Some(Kind::Call(call)) => outcome.trouble.is_none() && call.outcomes.named.keys().all(|name| name == "ok"),
            _ => true,
        };
        goes_on && !ways.steps_back(way).any(|(_, step)| matches!(step, Step::If(_) | Step::IfNot(_)))
    };
    for one in loops(ways, counts) {
        let within: BTreeSet<StateId> = one.states.iter().copied().collect();
        let trouble = |id: &StateId| {
            let back = |(outcome, way): &(&Outcome<'_>, &Way<'_>)| {
                asks(outcome) && counts(*id, outcome, way) && way.to.state().is_some_and(|to| within.contains(&to))
            };
            let waits_for_reply = matches!(flow.state(*id).map(|state| &state.kind), Some(Kind::Ask(_) | Kind::Run(_)));
            ways.ways_out(*id).find(back).filter(|_| waits_for_reply).map(|(outcome, _)| outcome)
        };
        let Some((id, outcome)) = one.states.iter().find_map(|id| Some((*id, trouble(id)?))) else { continue };
        let (at, width) = key_place(text, flow, id, &["go", &outcome.name]);
        let inside = |at: StateId| {
            let counted = ways.ways_out(at).filter(move |(outcome, way)| counts(at, outcome, way));
            counted.filter_map(|(_, way)| way.to.state()).filter(|to| within.contains(to)).collect::<Vec<_>>().into_iter()
        };
        let way = shortest_way(flow.states.len(), id, id, inside).unwrap_or(one.way);
        let message = format!("This loop asks without a limit: {}, each time by `{}`", shown(flow, &way), outcome.name);
        let help = format!("give `again` a number: `{}: {{ again: 2, end: … }}`", outcome.name);
        report.add(122, at, width, message, help);
    }
}

/// RF503: the same request in each turn of a loop in which neither a reply nor time nor an event comes.
fn call_again(ways: &Ways<'_>, report: &mut Report) {
    let flow = ways.flow();
    let counts = |id: StateId, outcome: &Outcome<'_>, _: &Way<'_>| {
        !outcome.waits || matches!(flow.state(id).map(|state| &state.kind), Some(Kind::Call(_)))
    };
    for one in loops(ways, counts) {
        let within: BTreeSet<StateId> = one.states.iter().copied().collect();
        let states: Vec<&State> = one.states.iter().filter_map(|id| flow.state(*id)).collect();
        let (mut written, mut counted) = (BTreeSet::new(), BTreeSet::new());
        let mut limited = false;
        for state in &states {
            match &state.save {
                Some(Save::Whole(slot)) => drop(written.insert(*slot)),
                Some(Save::Parts(parts)) => written.extend(parts.iter().map(|(slot, _)| *slot)),
                None => {}
            }
            counted.extend(set_by(state.actions.iter().map(|action| &action.act)));
        }
        let mut conditions: Vec<&Expression> = Vec::new();
        for id in &one.states {
            for (_, way) in ways.ways_out(*id).filter(|(_, way)| way.to.state().is_some_and(|to| within.contains(&to))) {
                for (_, step) in ways.steps_back(way) {
                    match step {
                        Step::If(condition) | Step::IfNot(condition) => conditions.push(condition),
                        Step::Do(actions) => counted.extend(set_by(actions.iter().map(|action| &action.act))),
                        Step::Give(_) | Step::UsedUp(_) => {}
                    }
                }
            }
        }
        // A count, or a moment, ends it.
        for condition in conditions {
            limited |= condition.names().iter().any(|reference| match &reference.name {
                ReferenceName::Variable(name) => flow.slot(name).is_some_and(|slot| counted.contains(&slot)),
                ReferenceName::Root(root) | ReferenceName::Member(root, _) => {
                    matches!(root, Root::Visits | Root::Now | Root::Today | Root::Hours)
                }
            });
        }
        written.extend(counted);
        for (id, state) in one.states.iter().zip(states) {
            let Kind::Call(call) = &state.kind else { continue };
            let changes = request(call).any(|name| flow.slot(name).is_some_and(|slot| written.contains(&slot)));
            if !limited && !changes {
                let (at, width) = place(flow, *id);
                let message = format!("`{}` is called again by every turn of this loop: {}", call.api, shown(flow, &one.way));
                report.add(503, at, width, message, "put a `wait` into the loop, or lead out of it");
            }
        }
    }
}

/// The variables that actions give a value.
fn set_by<'a>(acts: impl Iterator<Item = &'a Act>) -> impl Iterator<Item = Slot> {
    acts.flat_map(|act| if let Act::Set(pairs) = act { pairs.as_slice() } else { &[] }).filter_map(|(to, _)| match to {
        Destination::Variable(slot) => Some(*slot),
        Destination::Contact(_) => None,
    })
}

/// The variables of which a request is made.
fn request(call: &Call) -> impl Iterator<Item = &str> {
    let mut all: Vec<&Expression> = call.path.expressions().map(|(_, e)| e).collect();
    for (_, text) in call.query.iter().chain(&call.headers) {
        all.extend(text.expressions().map(|(_, e)| e));
    }
    match &call.body {
        CallBody::Empty => {}
        CallBody::Json(value) => all.extend(value.expressions()),
        CallBody::Form(fields) => all.extend(fields.iter().flat_map(|(_, text)| text.expressions()).map(|(_, e)| e)),
        CallBody::Text(text) => all.extend(text.expressions().map(|(_, e)| e)),
    }
    all.into_iter().flat_map(|expression| expression.names()).filter_map(|reference| match &reference.name {
        ReferenceName::Variable(name) => Some(&**name),
        _ => None,
    })
}
