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
    circles: Vec<Vec<Slug>>,
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
        Self::with_ways(flows).0
    }

    /// The same with the ways of each flow among the others, inner ones first; of those that run each other in a circle there are none.
    pub fn with_ways(flows: &BTreeMap<Slug, Arc<Flow>>) -> (Self, Vec<Ways<'_>>) {
        let list: Vec<&Flow> = flows.values().map(|flow| &**flow).collect();
        let (alone, circles) = inner_first(&list);
        let mut subs = Subs { by_name: BTreeMap::new(), circles };
        let mut all = Vec::with_capacity(alone.len());
        for flow in alone {
            let ways = Ways::among(flow, &subs);
            let sub = Sub::of(&ways);
            all.push(ways);
            for name in flow.was.iter().filter(|name| !flows.contains_key(*name)).chain([&flow.name]) {
                subs.by_name.insert(name.to_string(), sub.clone());
            }
        }
        (subs, all)
    }

    /// The flows that run each other in a circle: of each circle a shortest way from its first flow in the order of names back to it.
    pub fn circles(&self) -> &[Vec<Slug>] {
        &self.circles
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
                // Ends are few, and ways to them many: a name is copied once.
                match self.ends.get_mut(name) {
                    Some(end) => end.waits &= waited,
                    None => drop(self.ends.insert(name.to_owned(), End { waits: waited })),
                }
            }
            To::Again(_) => {}
        }
    }
}

/// The flows in an order in which sub-flows come before what runs them, without those that run each other in a circle, which
/// are given apart. The list is in the order of names.
fn inner_first<'f>(list: &[&'f Flow]) -> (Vec<&'f Flow>, Vec<Vec<Slug>>) {
    let mut places: BTreeMap<&Slug, usize> = BTreeMap::new();
    // A flow that has a name now goes before one that had it.
    for (place, flow) in list.iter().enumerate() {
        flow.was.iter().for_each(|was| {
            places.entry(was).or_insert(place);
        });
    }
    places.extend(list.iter().enumerate().map(|(place, flow)| (&flow.name, place)));
    let runs = |flow: &Flow| runs(flow).filter_map(|name| places.get(name)).map(|place| StateId(*place as u16)).collect();
    let runs: Vec<Vec<StateId>> = list.iter().map(|flow| runs(flow)).collect();
    let next = |at: StateId| runs[usize::from(at.0)].iter().copied();
    let (mut alone, mut circles) = (Vec::new(), Vec::new());
    for part in super::components(list.len(), next).iter() {
        let Some(first) = part.iter().min().copied() else { continue };
        let within = |at: StateId| next(at).filter(|to| part.contains(to)).collect::<Vec<_>>().into_iter();
        match super::shortest_way(list.len(), first, first, within) {
            Some(way) => circles.push(way.iter().map(|at| list[usize::from(at.0)].name.clone()).collect()),
            None => alone.extend(list.get(usize::from(first.0)).copied()),
        }
    }
    circles.sort();
    (alone, circles)
}

/// The flows that a flow runs.
fn runs(flow: &Flow) -> impl Iterator<Item = &Slug> {
    flow.states.values().filter_map(|state| match &state.kind {
        Kind::Run(run) => Some(&run.flow),
        _ => None,
    })
}
