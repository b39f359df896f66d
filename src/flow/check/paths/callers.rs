//! Who runs a flow as a sub-flow, and what for.

use crate::domain::name::{Name, Slug};
use crate::domain::value::Value;
use crate::flow::definition::{Flow, Kind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The flows of a project that others run.
#[derive(Debug, Default)]
pub(in super::super) struct Callers {
    by_flow: BTreeMap<Slug, Caller>,
}

/// All flows together that run one.
#[derive(Debug)]
pub(super) struct Caller {
    /// The variables that each of them gives.
    pub given: Vec<Name>,
    /// Whether one keeps the result: all variables of the flow.
    pub kept: bool,
}

impl Callers {
    /// Of these flows; a former name stands for the flow that has it no more, unless another has it now.
    pub fn of(flows: &BTreeMap<Slug, Arc<Flow>>) -> Self {
        let mut former: BTreeMap<&Slug, &Slug> = BTreeMap::new();
        for flow in flows.values() {
            former.extend(flow.was.iter().map(|was| (was, &flow.name)));
        }
        let mut by_flow: BTreeMap<Slug, Caller> = BTreeMap::new();
        for state in flows.values().flat_map(|flow| flow.states.values()) {
            let Kind::Run(run) = &state.kind else { continue };
            let name =
                if flows.contains_key(&run.flow) { &run.flow } else { former.get(&run.flow).copied().unwrap_or(&run.flow) };
            let given = run.with.iter().filter(|(_, value)| value.constant() != Some(&Value::Null)).map(|(name, _)| name);
            match by_flow.get_mut(name) {
                Some(caller) => {
                    let given: Vec<&Name> = given.collect();
                    caller.given.retain(|name| given.contains(&name));
                    caller.kept |= state.save.is_some();
                }
                None => {
                    drop(by_flow.insert(name.clone(), Caller { given: given.cloned().collect(), kept: state.save.is_some() }))
                }
            }
        }
        Callers { by_flow }
    }

    /// Who runs this flow, if any does.
    pub(super) fn get(&self, flow: &Slug) -> Option<&Caller> {
        self.by_flow.get(flow)
    }
}
