//! Outcomes that the state itself does not decide: trouble that the built-in takes (RF121), `again` of `defaults` where nothing is asked
//! (RF108). Sub-flows that run each other in a circle (RF123).

use super::super::place::Text;
use super::super::{Report, World};
use super::{key_place, place};
use crate::flow::definition::{Flow, Kind, StateId, Trouble};
use crate::flow::ways::{Decided, Outcome, To, Ways};

/// Checks the outcomes of every state.
pub(super) fn check(text: &Text<'_>, ways: &Ways<'_>, world: &World<'_>, report: &mut Report) {
    let flow = ways.flow();
    for id in ways.states() {
        for outcome in ways.outcomes(id).iter().filter(|outcome| outcome.decided == Decided::BuiltIn) {
            built_in(ways, id, outcome, report);
        }
        asks_nothing(ways, id, world, report);
    }
    circle(text, flow, world, report);
}

/// RF121: what the built-in does, in words.
fn built_in(ways: &Ways<'_>, id: StateId, outcome: &Outcome<'_>, report: &mut Report) {
    let Some(trouble) = outcome.trouble else { return };
    let flow = ways.flow();
    let end = format!("ends as `{}`", trouble.built_in_end());
    let asks_again = ways.ways_of(outcome).iter().any(|way| matches!(way.to, To::Again(_)));
    let does = match (trouble, flow.state(id).map(|state| &state.kind)) {
        (Trouble::NoMatch, _) if asks_again => format!("the question is asked twice more, then the run {end}"),
        (Trouble::Silence, Some(Kind::Ask(ask))) => format!("after {} the run {end}", ask.troubles.silence_after(&flow.defaults)),
        (Trouble::Silence, Some(Kind::Wait(wait))) => {
            format!("after {} the run {end}", wait.troubles.silence_after(&flow.defaults))
        }
        (Trouble::Silence, Some(Kind::Handoff(handoff))) => {
            let after = handoff.troubles.silence_after(&flow.defaults);
            format!("if nobody has taken it after {after} the run {end}")
        }
        (Trouble::Failed, _) => format!("operators are alerted and the run {end}"),
        _ => format!("the run {end}"),
    };
    let (at, width) = place(flow, id);
    let message =
        format!("`{trouble}` of `{}` is decided by the built-in: {does}", flow.state_name(id), trouble = trouble.as_str());
    let example = match trouble {
        Trouble::NoMatch => "{ again: 1, end: not_understood }",
        Trouble::Silence => "{ after: 4h, end: silent }",
        Trouble::Undelivered => "{ end: undelivered }",
        Trouble::Failed => "{ alert: …, end: failed }",
    };
    let help = format!("decide it here, or once for the flow: `defaults: {{ {}: {example} }}`", trouble.as_str());
    report.add(121, at, width, message, help);
}

/// RF108: `again` of `defaults`, taken by a state that has no question to ask again. The run would fail there.
fn asks_nothing(ways: &Ways<'_>, id: StateId, world: &World<'_>, report: &mut Report) {
    let flow = ways.flow();
    match flow.state(id).map(|state| &state.kind) {
        Some(Kind::Ask(_)) => return,
        // Whether a sub-flow that is not known can end so is not known either.
        Some(Kind::Run(run)) if world.subs.get(run.flow.as_str()).is_none() => return,
        _ => {}
    }
    for outcome in ways.outcomes(id).iter().filter(|outcome| outcome.decided == Decided::Defaults) {
        if ways.ways_of(outcome).iter().any(|way| matches!(way.to, To::Again(_))) {
            let (at, width) = place(flow, id);
            let (state, name) = (flow.state_name(id), &outcome.name);
            let message = format!("`again` is for questions; `{state}` asks nothing, and its `{name}` is decided by `defaults`");
            report.add(108, at, width, message, format!("decide `{name}` in this state, without `again`"));
        }
    }
}

/// RF123, at the first flow of the circle in the order of names.
fn circle(text: &Text<'_>, flow: &Flow, world: &World<'_>, report: &mut Report) {
    for circle in world.subs.circles().iter().filter(|circle| circle.first() == Some(&flow.name)) {
        let names: Vec<String> = circle.iter().map(|name| format!("`{name}`")).collect();
        let runs = |id: &StateId| match flow.state(*id).map(|state| &state.kind) {
            Some(Kind::Run(run)) => world.flow(run.flow.as_str()).is_some_and(|inner| Some(&inner.name) == circle.get(1)),
            _ => false,
        };
        let (at, width) = (0..flow.states.len())
            .map(|i| StateId(i as u16))
            .find(runs)
            .map_or_else(Default::default, |id| key_place(text, flow, id, &["run"]));
        let message = format!("Sub-flows call each other: {}", names.join(" → "));
        report.add(123, at, width, message, "let one of them lead back to a state of its own with `go` instead of `run`");
    }
}
