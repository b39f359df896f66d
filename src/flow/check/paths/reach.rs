//! RF118: states to which nothing leads.

use super::super::Report;
use crate::flow::ways::Ways;

/// The end of a sub-flow that it does not have (RF115): its way leads nowhere, and what follows is not said.
const NO_SUCH_END: u16 = 115;

/// Says which states nothing leads to. Whether there are any.
pub(super) fn check(ways: &Ways<'_>, report: &mut Report) -> bool {
    if report.found.iter().any(|found| found.code.0 == NO_SUCH_END) {
        return false;
    }
    let reached = ways.reached();
    let mut some = false;
    for ((name, state), _) in ways.flow().states.iter().zip(reached).filter(|(_, reached)| !reached) {
        let width = name.as_str().chars().count() as u32;
        report.add(118, state.at, width, format!("Nothing leads to `{name}`"), "lead to it with `go`, or delete it");
        some = true;
    }
    some
}
