//! What of an input the journal keeps beside its name, so that a conversation can be played again: nothing that a flow calls
//! private, nothing large.

use super::record::{Run, Waiting};
use super::turn::TurnError;
use super::turning::Turning;
use super::weight::value_bytes;
use crate::domain::input::{CallOutcome, Event};
use crate::domain::limits;
use crate::domain::name::Name;
use crate::domain::value::Value;
use crate::flow::catalog::StartRef;
use crate::flow::definition::{AnytimeTrigger, Flow, Kind, Save, Slot, State, WaitFor};
use indexmap::IndexMap;

/// What is kept of the answer to a call.
pub(super) fn answer(flow: &Flow, state: &State, outcome: &CallOutcome) -> Option<Box<CallOutcome>> {
    let fits = match outcome {
        CallOutcome::Answered { body, .. } => value_bytes(body) <= limits::JOURNAL_VALUE_BYTES,
        CallOutcome::Failed { .. } => true,
    };
    (fits && !is_private(flow, state)).then(|| Box::new(outcome.clone()))
}

/// What is kept of data.
pub(super) fn data(data: &Value, private: bool) -> Option<Value> {
    (!private && value_bytes(data) <= limits::JOURNAL_VALUE_BYTES).then(|| data.clone())
}

/// What is kept of values that are given by name.
pub(super) fn values(flow: &Flow, with: &[(Name, Value)]) -> Option<IndexMap<Name, Value>> {
    let private = |name: &Name| flow.variables.get(name).is_some_and(|variable| variable.private);
    let bytes: usize = with.iter().map(|(name, value)| name.as_str().len() + value_bytes(value)).sum();
    let kept = bytes <= limits::JOURNAL_VALUE_BYTES && !with.iter().any(|(name, _)| private(name));
    kept.then(|| with.iter().cloned().collect())
}

/// Whether an entry of `start` puts something into a private variable.
pub(super) fn is_private_start(entry: &StartRef) -> bool {
    entry.start().with.iter().any(|(slot, _)| is_private_slot(&entry.published.flow, *slot))
}

/// Whether what a state receives is private.
pub(super) fn is_private(flow: &Flow, state: &State) -> bool {
    state.private
        || match &state.save {
            None => false,
            Some(Save::Whole(slot)) => is_private_slot(flow, *slot),
            Some(Save::Parts(parts)) => parts.iter().any(|(slot, _)| is_private_slot(flow, *slot)),
        }
}

fn is_private_slot(flow: &Flow, slot: Slot) -> bool {
    flow.variables.get_index(slot.0 as usize).is_some_and(|(_, variable)| variable.private)
}

impl Turning<'_> {
    /// What is kept of an event: nothing if anything that may take it is private, whoever takes it in the end.
    pub(super) fn kept_of_event(&self, event: &Event) -> Result<Option<Value>, TurnError> {
        let mut private = self.catalog.starts_by_event(&event.name).iter().any(is_private_start);
        for run in &self.rec.runs {
            private |= self.takes_privately(run, event)?;
        }
        Ok(data(&event.data, private))
    }

    fn takes_privately(&self, run: &Run, event: &Event) -> Result<bool, TurnError> {
        if matches!(run.waiting, Waiting::Event { .. } | Waiting::Digest { .. }) {
            let (flow, _, state) = self.state(run)?;
            let awaited = |kind: &Kind| match kind {
                Kind::Wait(wait) => matches!(&wait.until, WaitFor::Event { name, .. } if *name == event.name),
                Kind::Digest(digest) => digest.event == event.name,
                _ => false,
            };
            if awaited(&state.kind) && is_private(flow, state) {
                return Ok(true);
            }
        }
        for depth in 0..run.frames.len() {
            let flow = self.flow(run, depth)?;
            let private = flow.anytime.iter().any(|entry| match &entry.trigger {
                AnytimeTrigger::Event { name, with, .. } if *name == event.name => {
                    with.iter().any(|(slot, _)| is_private_slot(flow, *slot))
                }
                _ => false,
            });
            if private {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
