//! What the walk has gone through: states, outcomes, choices, with the first way to each.

use super::ground::Ground;
use super::walk::Way;
use crate::domain::id::RunId;
use crate::domain::journal::Event;
use crate::domain::value::Value;
use crate::engine::record::Record;
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};

/// Values of one variable that are remembered, to be shown where a condition never held.
const VALUES: usize = 6;

/// A flow and a state.
pub(super) type Place = (String, String);

/// What was gone through.
#[derive(Debug, Default)]
pub(super) struct Reached {
    pub states: IndexMap<Place, Way>,
    /// Outcomes, choices that were made among several too.
    pub outcomes: IndexMap<(Place, String), Way>,
    /// From which state to which.
    steps: BTreeSet<(Place, String, Place)>,
    /// Values that variables had, by flow and variable.
    pub values: BTreeMap<Place, Vec<Value>>,
}

impl Reached {
    /// Notes what the journal of one move shows; whether some of it is new.
    pub(super) fn note(&mut self, ground: &Ground, before: &Record, journal: &[Event], way: Way) -> bool {
        let mut flow_of: Vec<((RunId, String), String)> = Vec::new();
        for run in &before.runs {
            for frame in &run.frames {
                if let Some(flow) = ground.catalog.version(frame.version) {
                    flow_of.push(((run.id, flow.state_name(frame.state).to_owned()), flow.name.to_string()));
                }
            }
        }
        let mut new = false;
        let mut left: Option<(RunId, Place, String)> = None;
        for event in journal {
            match event {
                Event::Entered { run, flow, state } => {
                    let place = (flow.to_string(), state.to_string());
                    flow_of.push(((*run, place.1.clone()), place.0.clone()));
                    if let Some((_, from, outcome)) = left.take() {
                        new |= self.steps.insert((from, outcome, place.clone()));
                    }
                    new |= !self.states.contains_key(&place);
                    self.states.entry(place).or_insert(way);
                }
                Event::Left { run, state, outcome, .. } => {
                    let key = (*run, state.to_string());
                    let Some((_, flow)) = flow_of.iter().rev().find(|(known, _)| *known == key) else { continue };
                    let place = (flow.clone(), state.to_string());
                    let taken = (place.clone(), outcome.clone());
                    new |= !self.outcomes.contains_key(&taken);
                    self.outcomes.entry(taken).or_insert(way);
                    left = Some((*run, place, outcome.clone()));
                }
                Event::Set { run, name, value } => {
                    let Some((_, place, _)) = left.as_ref().filter(|(of, ..)| of == run) else { continue };
                    let place = place.clone();
                    let values = self.values.entry((place.0.clone(), name.clone())).or_default();
                    if values.len() < VALUES && !values.contains(value) {
                        values.push(value.clone());
                    }
                    let Value::List(chosen) = value else { continue };
                    for id in chosen.iter().filter(|one| matches!(one, Value::Choice { .. })).filter_map(Value::as_text) {
                        self.outcomes.entry((place.clone(), id.to_owned())).or_insert(way);
                    }
                }
                _ => {}
            }
        }
        new
    }
}
