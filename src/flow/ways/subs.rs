//! What flows need to know of their sub-flows: the ends, and whether every way to one waits.

use super::{To, Ways};
use crate::domain::name::Slug;
use crate::flow::definition::{Flow, Kind, StateId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The flows of a project, as far as those that run them need to know.
#[derive(Debug, Default)]
pub struct Subs {
    by_name: BTreeMap<String, Sub>,
}

/// One flow as others run it.
#[derive(Debug, Default, Clone)]
pub struct Sub {
    /// Its ends that some way from `begin` reaches, by name; also those that are built in.
    pub ends: BTreeMap<String, End>,
}

/// An end of a flow as others run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Whether every way from `begin` to it waits.
    pub waits: bool,
}

impl Subs {
    /// What is known of these flows. Of those that run each other in a circle nothing is.
    pub fn of(flows: &BTreeMap<Slug, Arc<Flow>>) -> Self {
        let mut subs = Subs::default();
        for flow in inner_first(flows) {
            let sub = Sub::of(&Ways::among(flow, &subs));
            for name in flow.was.iter().filter(|name| !flows.contains_key(*name)).chain([&flow.name]) {
                subs.by_name.insert(name.to_string(), sub.clone());
            }
        }
        subs
    }

    /// What is known of a flow, by its name or a former one.
    pub fn get(&self, flow: &str) -> Option<&Sub> {
        self.by_name.get(flow)
    }
}

impl Sub {
    fn of(ways: &Ways<'_>) -> Self {
        let mut sub = Sub::default();
        // From `begin` alone: what leads in elsewhere begins a run of its own, except `anytime`, which comes after something waited.
        let mut seen = vec![[false; 2]; ways.flow().states.len()];
        let mut open = vec![(ways.flow().begin, false)];
        for entry in ways.entries().iter().filter(|entry| matches!(entry.from, super::From::Anytime(_))) {
            for way in ways.ways_in(entry) {
                sub.follow(way.to, true, &mut open);
            }
        }
        while let Some((state, waited)) = open.pop() {
            let Some(known) = seen.get_mut(usize::from(state.0)).map(|known| &mut known[usize::from(waited)]) else { continue };
            if std::mem::replace(known, true) {
                continue;
            }
            for (outcome, way) in ways.ways_out(state) {
                sub.follow(way.to, waited || outcome.waits, &mut open);
            }
        }
        sub
    }

    fn follow(&mut self, to: To<'_>, waited: bool, open: &mut Vec<(StateId, bool)>) {
        match to {
            To::State(id) => open.push((id, waited)),
            To::End(name) => {
                let end = self.ends.entry(name.to_owned()).or_insert(End { waits: true });
                end.waits &= waited;
            }
            To::Again(_) => {}
        }
    }
}

/// The flows in an order in which sub-flows come before what runs them, without those that run each other in a circle.
fn inner_first(flows: &BTreeMap<Slug, Arc<Flow>>) -> Vec<&Flow> {
    let list: Vec<&Flow> = flows.values().map(|flow| &**flow).collect();
    let place = |name: &Slug| {
        let place = flows.keys().position(|known| known == name);
        place.or_else(|| list.iter().position(|flow| flow.was.contains(name)))
    };
    let runs: Vec<Vec<StateId>> =
        list.iter().map(|flow| runs(flow).filter_map(&place).map(|i| StateId(i as u16)).collect()).collect();
    let parts = super::components(list.len(), |at| runs[usize::from(at.0)].iter().copied());
    let alone = |part: &Vec<StateId>| match part.as_slice() {
        [one] if !runs[usize::from(one.0)].contains(one) => list.get(usize::from(one.0)).copied(),
        _ => None,
    };
    parts.iter().filter_map(alone).collect()
}

/// The flows that a flow runs.
fn runs(flow: &Flow) -> impl Iterator<Item = &Slug> {
    flow.states.values().filter_map(|state| match &state.kind {
        Kind::Run(run) => Some(&run.flow),
        _ => None,
    })
}
