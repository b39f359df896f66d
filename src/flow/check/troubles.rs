//! Silence needs a time: RF601. A wait that outlives the flow: RF602.

use super::Report;
use crate::flow::definition::{Flow, Kind, Silence, State, Target, WaitFor};
use crate::flow::diagnostic::At;
use crate::flow::parse::Reading;

/// Checks the troubles of every state.
pub(super) fn check(reading: &Reading<Flow>, flow: &Flow, report: &mut Report) {
    let default_after = flow.defaults.silence.as_ref().and_then(|s| s.after);
    // An `after` that is there and is no duration was said.
    let refused = reading.diagnostics.iter().any(|d| d.code.0 == 103 && d.message.starts_with("`after`"));
    let mut silence = |silence: Option<&Silence>, at: At| {
        if !refused && silence.is_some_and(|s| s.after.is_none()) && default_after.is_none() {
            let help = "write how long to wait: `silence: { after: 24h, … }`";
            report.add(601, at, 0, "`silence` without `after`, here and in `defaults`", help);
        }
    };
    for state in flow.states.values() {
        match &state.kind {
            Kind::Ask(ask) => silence(ask.troubles.silence.as_ref(), state.at),
            Kind::Wait(wait) => silence(wait.troubles.silence.as_ref(), state.at),
            Kind::Handoff(handoff) => silence(handoff.troubles.silence.as_ref(), state.at),
            _ => {}
        }
    }
    if let Some(only) = &flow.defaults.silence
        && only.after.is_none()
        && !refused
    {
        // The default's own time is missing: whether that matters depends on the states that rely on it.
        let relies = flow.states.values().find(|state| match &state.kind {
            Kind::Ask(ask) => ask.troubles.silence.is_none(),
            Kind::Handoff(handoff) => handoff.troubles.silence.is_none(),
            _ => false,
        });
        if let Some(state) = relies {
            let help = "write it in `defaults`: `silence: { after: 24h, … }`";
            let at = match &only.target {
                Some(Target::Step(step)) => step.at,
                _ => state.at,
            };
            report.add(601, at, 0, "`silence` without `after`, here and in `defaults`", help);
        }
    }
    for state in flow.states.values() {
        longer_than_the_flow(state, flow, report);
    }
}

/// RF602: what takes longer than the flow lives.
fn longer_than_the_flow(state: &State, flow: &Flow, report: &mut Report) {
    let (what, span, at) = match &state.kind {
        Kind::Wait(wait) => match &wait.until {
            WaitFor::For(span) => ("A wait", *span, wait.at),
            _ => return,
        },
        Kind::Digest(digest) => ("A digest", digest.window, digest.at),
        Kind::Deliver(deliver) => ("A delivery within", deliver.within, deliver.at),
        Kind::Handoff(handoff) => match handoff.troubles.silence.as_ref().and_then(|silence| silence.after) {
            Some(after) => ("A handoff", after, handoff.at),
            None => return,
        },
        _ => return,
    };
    if span > flow.expires {
        let of = if what.ends_with("within") { "" } else { " of" };
        let message = format!("{what}{of} {span} is longer than the flow lives (`expires: {}`)", flow.expires);
        report.add(602, at, 0, message, "raise `expires`, or wait less");
    }
}
