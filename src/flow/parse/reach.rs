//! RF118: states to which nothing leads.

use super::Reader;
use crate::flow::definition::Flow;
use crate::flow::diagnostic::Severity;
use crate::flow::ways::Ways;

impl Reader {
    /// Says which states nothing leads to. Where something else is wrong a missing way may follow from it, so then nothing is said.
    pub(super) fn unreachable_states(&mut self, flow: &Flow) {
        if self.diagnostics.iter().any(|d| d.code.severity() == Severity::Error) {
            return;
        }
        let reached = Ways::of(flow).reached();
        for ((name, state), _) in flow.states.iter().zip(reached).filter(|(_, reached)| !reached) {
            let width = name.as_str().chars().count() as u32;
            self.say(118, state.at, width, format!("Nothing leads to `{name}`"), "lead to it with `go`, or delete it");
        }
    }
}
