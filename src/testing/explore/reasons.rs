//! Why something was not reached, as far as it is known.

use super::reached::Reached;
use crate::domain::value::Value;
use crate::flow::definition::{Answer, Flow, Kind, StateId};
use crate::flow::expression::{Expression, ReferenceName};
use crate::flow::ways::{Step, To, Ways};

/// Why a state was not reached.
pub(super) fn state(reached: &Reached, ways: &Ways<'_>, wanted: StateId) -> String {
    let flow = ways.flow();
    let entered = |id: StateId| reached.states.contains_key(&(flow.name.to_string(), flow.state_name(id).to_owned()));
    let mut from_unreached: Vec<&str> = Vec::new();
    for id in ways.states() {
        for (outcome, way) in ways.ways_out(id).filter(|(_, way)| way.to == To::State(wanted)) {
            if !entered(id) {
                from_unreached.push(flow.state_name(id));
                continue;
            }
            let state = flow.state_name(id);
            let taken = outcome.name.is_empty()
                || reached.outcomes.contains_key(&((flow.name.to_string(), state.to_owned()), outcome.name.to_string()));
            if !taken {
                return format!("only `{}` of `{state}` leads there, which never came", outcome.name);
            }
            if let Some(why) = closed(reached, flow, &ways.steps(way)) {
                return format!("{why}, in `{state}`");
            }
        }
    }
    for entry in ways.entries() {
        for way in ways.ways_in(entry).iter().filter(|way| way.to == To::State(wanted)) {
            if let Some(why) = closed(reached, flow, &ways.steps(way)) {
                return why;
            }
        }
    }
    from_unreached.dedup();
    match from_unreached.first() {
        Some(before) => format!("only `{before}` leads there, which was not reached either"),
        None => "nothing that was tried leads there".to_owned(),
    }
}

/// The condition that keeps a way closed: the last one, as those before it must hold for it to be asked.
fn closed(reached: &Reached, flow: &Flow, steps: &[Step<'_>]) -> Option<String> {
    let asked = steps.iter().rev().find_map(|step| match step {
        Step::If(condition) => Some((*condition, true)),
        Step::IfNot(condition) => Some((*condition, false)),
        Step::UsedUp(_) | Step::Give(_) | Step::Do(_) => None,
    });
    asked.map(|(condition, wanted)| never(reached, flow, condition, wanted))
}

fn never(reached: &Reached, flow: &Flow, condition: &Expression, wanted: bool) -> String {
    let what = if wanted { "true" } else { "false" };
    let mut said = format!("`{}` was never {what} with the values tried", condition.source());
    let mut seen: Vec<String> = Vec::new();
    for reference in condition.names() {
        let ReferenceName::Variable(name) = &reference.name else { continue };
        let Some(values) = reached.values.get(&(flow.name.to_string(), name.to_string())) else { continue };
        let shown: Vec<String> = values.iter().map(short).collect();
        let one = format!("{name} was {}", shown.join(", "));
        if !shown.is_empty() && !seen.contains(&one) {
            seen.push(one);
        }
    }
    if !seen.is_empty() {
        said.push_str(&format!(" ({})", seen.join("; ")));
    }
    said
}

fn short(value: &Value) -> String {
    let text = if *value == Value::Null { "nothing".to_owned() } else { value.to_json().to_string() };
    match text.char_indices().nth(30) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// Why an outcome of a state that was entered was never taken.
pub(super) fn outcome(reached: &Reached, flow: &Flow, state: &str, outcome: &str) -> String {
    let Some(definition) = flow.states.get(state) else { return String::new() };
    match &definition.kind {
        Kind::Ask(ask) => {
            let choice = ask.answer.choices().and_then(|choices| choices.list.get(outcome));
            if let Some(condition) = choice.and_then(|choice| choice.condition.as_ref()) {
                return never(reached, flow, condition, true);
            }
            match (outcome, &ask.answer) {
                ("nomatch", answer) if answer.takes_all() => "every message is an answer".to_owned(),
                ("undelivered", _) if ask.question.is_none() => "no message is sent here".to_owned(),
                ("location" | "ok", Answer::Location) => "a place comes only over WhatsApp".to_owned(),
                ("empty", Answer::Pick(_)) => "the list was never empty".to_owned(),
                ("ok", Answer::Pick(_)) => "the list was always empty".to_owned(),
                _ => "no reply that was tried led there".to_owned(),
            }
        }
        Kind::Run(run) => format!("`{}` never came to this end", run.flow),
        Kind::Call(_) => "no answer that was tried led there".to_owned(),
        Kind::Split(_) => "no contact that was tried takes this arm".to_owned(),
        Kind::Deliver(_) => "no report that was tried led there".to_owned(),
        Kind::Wait(_) | Kind::Digest(_) | Kind::Handoff(_) | Kind::Pass(_) | Kind::End(_) => {
            "nothing that was tried led there".to_owned()
        }
    }
}
