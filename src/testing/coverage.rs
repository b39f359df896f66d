//! Which states, outcomes and choices the cases went through.

use crate::domain::journal::Event;
use crate::domain::value::Value;
use crate::flow::definition::{Answer, Flow, Kind, Save, State, StateId};
use crate::flow::ways::{Decided, Outcome, Ways};
use std::collections::BTreeSet;

/// What was seen, over all cases of all scripts.
#[derive(Debug, Default)]
pub struct Coverage {
    entered: BTreeSet<(String, String)>,
    left: BTreeSet<(String, String, String)>,
}

/// What no case went through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// States that were never entered.
    pub states: Vec<String>,
    /// `state: outcome` that were never taken, of states that were entered.
    pub outcomes: Vec<String>,
    /// How many of each there are.
    pub total_states: usize,
    /// How many outcomes are decided in the flow.
    pub total_outcomes: usize,
}

impl Coverage {
    /// Notes what a case's journal shows.
    pub fn note<'e>(&mut self, journal: impl IntoIterator<Item = &'e Event>) {
        let mut flow_of = std::collections::HashMap::new();
        let mut last_left = None;
        for event in journal {
            match event {
                Event::Entered { run, flow, state } => {
                    flow_of.insert((*run, state.clone()), flow.clone());
                    self.entered.insert((flow.to_string(), state.to_string()));
                }
                Event::Left { run, state, outcome, .. } => {
                    if let Some(flow) = flow_of.get(&(*run, state.clone())) {
                        self.left.insert((flow.to_string(), state.to_string(), outcome.clone()));
                        last_left = Some((*run, flow.to_string(), state.to_string()));
                    }
                }
                // What was saved of `choices`: its outcome does not say which.
                Event::Set { run, value: Value::List(values), .. } => {
                    let Some((_, flow, state)) = last_left.as_ref().filter(|(of, ..)| of == run) else { continue };
                    let chosen = values.iter().filter(|value| matches!(value, Value::Choice { .. }));
                    let ids = chosen.filter_map(Value::as_text).map(str::to_owned);
                    self.left.extend(ids.map(|id| (flow.clone(), state.clone(), id)));
                }
                _ => {}
            }
        }
    }

    /// What of a flow no case went through.
    pub fn missed(&self, flow: &Flow) -> Missed {
        let mut missed = Missed { states: Vec::new(), outcomes: Vec::new(), total_states: 0, total_outcomes: 0 };
        let ways = Ways::of(flow);
        for (id, (name, state)) in ways.states().zip(&flow.states) {
            missed.total_states += 1;
            let entered = self.entered.contains(&(flow.name.to_string(), name.to_string()));
            if !entered {
                missed.states.push(name.to_string());
            }
            for outcome in outcomes(&ways, id, state) {
                missed.total_outcomes += 1;
                let taken = self.left.contains(&(flow.name.to_string(), name.to_string(), outcome.clone()));
                if entered && !taken {
                    missed.outcomes.push(format!("{name}: {outcome}"));
                }
            }
        }
        missed
    }
}

/// The outcomes that a state decides by name, each choice and each arm that weighs something.
fn outcomes(ways: &Ways<'_>, id: StateId, state: &State) -> Vec<String> {
    let split = |name: &str| match &state.kind {
        Kind::Split(split) => split.arms.iter().any(|(arm, weight)| arm.as_str() == name && *weight > 0),
        _ => false,
    };
    let choice = matches!(&state.kind, Kind::Ask(ask) if matches!(ask.answer, Answer::Choice(_)));
    let named = |outcome: &&Outcome<'_>| match &state.kind {
        Kind::Split(_) => split(&outcome.name),
        _ => outcome.decided == Decided::State && !outcome.name.is_empty() || choice && outcome.trouble.is_none(),
    };
    let mut all: Vec<String> = ways.outcomes(id).iter().filter(named).map(|outcome| outcome.name.to_string()).collect();
    // The outcome of several choices does not say which; what is saved does, unless it is masked.
    if let Kind::Ask(ask) = &state.kind
        && let Answer::Choices(several) = &ask.answer
        && !state.private
        && matches!(state.save, Some(Save::Whole(_)))
    {
        all.extend(several.of.list.keys().map(ToString::to_string));
    }
    all
}
