//! RF603: waits for a moment that can be past when they begin, so that they end at once. Only where nobody can have meant it so: a clock time
//! of the same day, what is not later than now, and so long before a moment that comes from outside, if nothing in the flow compares that moment with the
//! present.

use super::super::Report;
use super::place;
use crate::flow::definition::{Flow, Kind, StateId, WaitFor};
use crate::flow::expression::{Expression, ReferenceName, Root};
use crate::flow::expressions::each_expression;
use crate::flow::ways::{Step, Ways};
use std::collections::HashSet;

/// Checks the waits of a flow.
pub(super) fn check(ways: &Ways<'_>, report: &mut Report) {
    let flow = ways.flow();
    let mut compared: Option<HashSet<&str>> = None;
    for (id, state) in ways.states().zip(flow.states.values()) {
        let Kind::Wait(wait) = &state.kind else { continue };
        let (what, help) = match &wait.until {
            WaitFor::Days { days: 0, at: Some(clock) } if !is_timely(ways, id, *clock) => {
                let help =
                    "write `days: 1` for the next day, or lead here only where `now` is early enough: `if: now in hours.…`";
                (format!("{} of the same day", clock.strftime("%H:%M")), help)
            }
            WaitFor::Until(moment) => {
                let Some(expression) = moment.single() else { continue };
                if expression.is_not_later_than_now() {
                    (expression.source().to_owned(), "write a later moment, for example `{{ now + 1h }}`, or leave the wait out")
                } else if expression.is_so_long_before() {
                    let compared = compared.get_or_insert_with(|| with_the_present(flow));
                    if variables(expression).any(|name| compared.contains(name)) {
                        continue;
                    }
                    (expression.source().to_owned(), "ask before whether there is time: `if: … > now` leads here, `else` past it")
                } else {
                    continue;
                }
            }
            _ => continue,
        };
        let (at, width) = place(flow, id);
        let message = format!("This wait begins before its moment: `{what}` can be in the past");
        report.add(603, at, width, format!("{message}, and then it ends at once"), help);
    }
}

/// Whether a clock time of the day is still to come wherever the wait begins: after a wait for an earlier one, or a condition on the time.
fn is_timely(ways: &Ways<'_>, id: StateId, clock: jiff::civil::Time) -> bool {
    let by_time = |condition: &Expression| {
        condition.names().iter().any(|reference| match &reference.name {
            ReferenceName::Root(root) | ReferenceName::Member(root, _) => matches!(root, Root::Now | Root::Hours),
            ReferenceName::Variable(_) => false,
        })
    };
    let mut ways_in = ways.states().flat_map(|from| ways.ways_out(from).map(move |(_, way)| (Some(from), way)));
    let entries = ways.entries().iter().flat_map(|entry| ways.ways_in(entry)).map(|way| (None, way));
    ways_in.by_ref().chain(entries).filter(|(_, way)| way.to.state() == Some(id)).all(|(from, way)| {
        let earlier = match from.and_then(|from| ways.flow().state(from)).map(|state| &state.kind) {
            Some(Kind::Wait(wait)) => {
                matches!(wait.until, WaitFor::Days { at: Some(before), .. } if before < clock && wait.hours.is_none())
            }
            _ => false,
        };
        let asked = |step: Step<'_>| matches!(step, Step::If(condition) | Step::IfNot(condition) if by_time(condition));
        earlier || ways.steps_back(way).any(|(_, step)| asked(step))
    })
}

/// The variables that some expression of the flow reads together with the present.
fn with_the_present(flow: &Flow) -> HashSet<&str> {
    let mut found = HashSet::new();
    each_expression(flow, &mut |expression| {
        let present = expression.names().iter().any(|r| matches!(r.name, ReferenceName::Root(Root::Now | Root::Today)));
        if present || expression.source().contains("days_until") {
            found.extend(
                variables(expression).filter_map(|name| flow.variables.get_key_value(name)).map(|(name, _)| name.as_str()),
            );
        }
    });
    found
}

fn variables(expression: &Expression) -> impl Iterator<Item = &str> {
    expression.names().iter().filter_map(|reference| match &reference.name {
        ReferenceName::Variable(name) => Some(&**name),
        _ => None,
    })
}
