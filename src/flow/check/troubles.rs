//! Silence needs a time: RF601. What outlives the flow: RF602.

use super::{Report, World};
use crate::domain::time::Span;
use crate::flow::definition::{Deliver, Flow, Kind, Silence, State, Target, Troubles, WaitFor};
use crate::flow::diagnostic::At;
use crate::flow::parse::Reading;

/// Checks the troubles of every state.
pub(super) fn check(reading: &Reading<Flow>, flow: &Flow, world: &World<'_>, report: &mut Report) {
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
    let mut by_default = default_after;
    for state in flow.states.values() {
        if let Some(long) = lasting(state, &mut by_default, flow, world) {
            longer_than_the_flow(&long, flow, report);
        }
    }
}

/// Something that takes its time.
struct Long {
    /// `A wait of 45d`.
    what: String,
    /// How long it takes at least, if nothing else ends it.
    span: Span,
    at: At,
}

/// What of a state takes its time: its kind, and its silence. A silence whose time is that of `defaults` is looked at once: it is taken away.
fn lasting(state: &State, by_default: &mut Option<Span>, flow: &Flow, world: &World<'_>) -> Option<Long> {
    let of = |what: &str, span: Span, at: At| Some(Long { what: format!("{what} of {span}"), span, at });
    let mut silence = |troubles: &Troubles, what: &str, at: At| {
        let own = troubles.silence.as_ref().and_then(|silence| silence.after);
        let span = match (own, *by_default) {
            (Some(own), _) => own,
            (None, Some(all)) if all > flow.expires => by_default.take()?,
            (None, _) => return None,
        };
        of(what, span, at)
    };
    match &state.kind {
        Kind::Ask(ask) => silence(&ask.troubles, "A silence", state.at),
        Kind::Wait(wait) => match &wait.until {
            WaitFor::For(span) => of("A wait", *span, wait.at),
            // The first and the last day may be short, and one of them has an hour less where clocks change.
            WaitFor::Days { days, at } => {
                let whole = if at.is_some() { days.saturating_sub(1) } else { *days };
                let span = Span((Span::days(i64::from(whole)).0 - Span::hours(1).0).max(0));
                Some(Long { what: format!("A wait of {days} days"), span, at: wait.at })
            }
            WaitFor::Until(_) => None,
            WaitFor::Event { .. } => silence(&wait.troubles, "A wait", wait.at),
        },
        Kind::Digest(digest) => of("A digest", digest.window, digest.at),
        Kind::Deliver(deliver) => of_delivery(deliver, flow, world),
        Kind::Handoff(handoff) => silence(&handoff.troubles, "A handoff", handoff.at),
        _ => None,
    }
}

/// Each place of the route has its time: that of the notification, and the last one that of `deliver`.
fn of_delivery(deliver: &Deliver, flow: &Flow, world: &World<'_>) -> Option<Long> {
    let (at, within) = (deliver.at, deliver.within);
    let notification = world.notifications.get(&deliver.notify.name)?;
    let places = if notification.route.is_empty() { flow.channels.len() } else { notification.route.len() };
    let before = Span(notification.within.unwrap_or(within).0.saturating_mul(places.saturating_sub(1) as i64));
    let span = Span(before.0.saturating_add(within.0));
    let what = match places {
        0 | 1 => format!("A delivery within {within}"),
        _ => format!("A delivery that takes {span} by all {places} places of its route"),
    };
    Some(Long { what, span, at })
}

/// RF602: what takes longer than the flow lives.
fn longer_than_the_flow(Long { what, span, at }: &Long, flow: &Flow, report: &mut Report) {
    if *span > flow.expires {
        let message = format!("{what} is longer than the flow lives (`expires: {}`)", flow.expires);
        report.add(602, *at, 0, message, "raise `expires`, or wait less");
    }
}
