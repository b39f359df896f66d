//! What an entry of the journal means for an analytics service: none, one or several rows. Names are of `domain::happening`.

use super::Row;
use super::background::Background;
use super::properties::{Properties, content, said};
use crate::config::sinks::Includes;
use crate::domain::id::EffectId;
use crate::domain::journal::{AttemptOutcome, Entry, Event};
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::name::Slug;
use crate::domain::way::Step;
use sha2::{Digest, Sha256};

/// What happened in one event: its name, the properties, and what it is the same by, unless that is its place.
struct Happened<'a> {
    name: &'static str,
    properties: Properties<'a>,
    /// A step of a message: told once, however often it is reported.
    step_of: Option<EffectId>,
}

/// The rows of an entry that are wanted by name. `background` must know what the entry speaks of, the entry itself included.
pub fn rows(entry: &Entry, background: &Background, include: &Includes, wanted: impl Fn(&str) -> bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, event) in entry.events.iter().enumerate() {
        let Some(Happened { name, properties, step_of }) = happened(event, Properties::new(background, include)) else {
            continue;
        };
        if !wanted(name) {
            continue;
        }
        let contact = entry.contact.as_str();
        let id = match step_of {
            Some(effect) => id_of(&[contact, &effect.to_string(), name]),
            None => id_of(&[contact, &entry.token.to_string(), &index.to_string(), name]),
        };
        rows.push(Row { id, name, contact: entry.contact, at: entry.at, properties: properties.map });
    }
    rows
}

/// 32 hexadecimal digits of a hash. Mixpanel's ids have at most 36 characters.
fn id_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(&hash.finalize()[..16])
}

fn happened<'a>(event: &Event, of: Properties<'a>) -> Option<Happened<'a>> {
    let is = |name, properties| Some(Happened { name, properties, step_of: None });
    match event {
        Event::Received { channel, from, text, content: came, decision, .. } => {
            let of = of.with("channel", channel.as_str()).with("content", content(came));
            is("message.received", of.word("decision", decision).text(text).address(from))
        }
        Event::Sent { effect, run, channel, kind, to, content, notification, system } => {
            let of = of.with("message", effect.to_string()).with("channel", channel.as_str()).medium(*kind);
            let of = of.with("notification", notification.as_ref().map(Slug::as_str)).with("system", system.as_deref());
            is("message.queued", of.maybe_run(run.as_ref()).text(said(content)).address(to))
        }
        Event::Attempted { effect, outcome, provider_id, .. } => attempted(*effect, *outcome, provider_id.is_some(), of),
        Event::Reported { effect, status, reason, code, .. } => {
            let name = match status {
                DeliveryStatus::Delivered => "message.delivered",
                DeliveryStatus::Read => "message.read",
                DeliveryStatus::Failed => "message.failed",
                // That the provider took it is known from its answer.
                DeliveryStatus::Queued | DeliveryStatus::Sent => return None,
            };
            Some(step(name, *effect, *reason, of.with("code", code.as_deref())))
        }
        Event::RunStarted { run, flow, version, continues, .. } => {
            let of = of.with("flow", flow.as_str()).with("version", version.to_string());
            is("run.started", of.with("continued", continues.is_some()).run(run))
        }
        Event::RunEnded { run, flow, end, .. } => {
            is("run.ended", of.with("flow", flow.as_str()).with("outcome", end.as_str()).run(run))
        }
        Event::Entered { run, flow, state } => {
            is("state.entered", of.with("flow", flow.as_str()).with("state", state.as_str()).run(run))
        }
        Event::Left { run, state, outcome, .. } => {
            is("state.left", of.with("state", state.as_str()).with("outcome", outcome.as_str()).run(run))
        }
        Event::Set { run, name, value } => is("answer.saved", of.with("variable", name.as_str()).value(name, value).run(run)),
        Event::Tagged { run, added, removed } => {
            is("contact.tagged", of.with("added", words(added)).with("removed", words(removed)).run(run))
        }
        Event::Called { run, api, method, .. } => {
            is("call.made", of.with("api", api.as_str()).with("method", method.as_str()).run(run))
        }
        Event::CallEnded { effect, outcome, attempts, took, .. } => is("call.ended", {
            let of = of.with("outcome", outcome.as_str()).with("attempts", *attempts).with("took_ms", *took);
            of.call(effect)
        }),
        Event::EventReceived { event, decision, data, .. } => {
            is("event.received", of.with("event", event.as_str()).word("decision", decision).fields(data.as_ref()))
        }
        Event::WebhookReceived { flow, name, decision, data, .. } => {
            let of = of.with("flow", flow.as_str()).with("webhook", name.as_str()).word("decision", decision);
            is("webhook.received", of.fields(data.as_ref()))
        }
        Event::Emitted { run, event, data } => is("event.emitted", of.with("event", event.as_str()).fields(Some(data)).run(run)),
        Event::OptedOut { kind, how } => is("contact.opted_out", of.medium(*kind).with("how", how.as_str())),
        Event::OptedIn { kind, how } => is("contact.opted_in", of.medium(*kind).with("how", how.as_str())),
        Event::AddressDead { kind, reason, code } => {
            is("contact.unreachable", of.medium(*kind).word("reason", reason).with("code", code.as_deref()))
        }
        Event::HandoffOpened(opened) => {
            let of = of.with("team", opened.to.as_str()).text(opened.note.as_deref().unwrap_or(""));
            is("handoff.opened", of.run(&opened.run))
        }
        Event::HandoffTaken(taken) => is("handoff.taken", of.run(&taken.run)),
        Event::PersonWrote(wrote) => is("handoff.message", of.with("sent", wrote.effect.is_some()).maybe_run(wrote.run.as_ref())),
        Event::HandoffClosed(closed) => {
            let of = of.with("team", closed.to.as_str()).with("outcome", closed.outcome.as_str());
            is("handoff.closed", of.text(closed.note.as_deref().unwrap_or("")).run(&closed.run))
        }
        Event::Alert { run, say, to, level } => {
            let of = of.word("level", level).with("team", to.as_ref().map(Slug::as_str));
            is("alert.raised", of.text(say).maybe_run(run.as_ref()))
        }
        Event::Way(way) => {
            let name = match way.step {
                Step::Held { .. } => "notification.held",
                Step::Skipped => "notification.skipped",
                Step::MovedOn => "notification.moved_on",
                Step::Arrived => "notification.arrived",
                Step::UsedUp => "notification.used_up",
                Step::Dropped => "notification.dropped",
                // Whom it goes to has a row of their own.
                Step::Passed | Step::Came => return None,
            };
            let of = of.with("notification", way.notification.as_str());
            is(name, of.with("message", way.effect.map(|effect| effect.to_string())).run(&way.run))
        }
        Event::SetAside { .. } => is("input.set_aside", of),
        // What only operators and engineers act on, and what other rows already say.
        Event::Overflow { .. }
        | Event::Switched { .. }
        | Event::Note { .. }
        | Event::Forgotten
        | Event::TimeMoved { .. }
        | Event::ContactChanged { .. }
        | Event::Consent(_)
        | Event::Profile(_)
        | Event::Merged { .. }
        | Event::TookIn { .. }
        | Event::Tried(_)
        | Event::Channel(_)
        | Event::Flow(_)
        | Event::Begun { .. }
        | Event::Halted { .. }
        | Event::Moved(_)
        | Event::Skipped(_)
        | Event::Hooked { .. } => None,
    }
}

fn words(tags: &[Slug]) -> Vec<&str> {
    tags.iter().map(Slug::as_str).collect()
}

/// The end of an attempt. Calls and reports to other systems or teams are attempts too, but of effects that are no messages.
fn attempted(effect: EffectId, outcome: AttemptOutcome, named: bool, of: Properties<'_>) -> Option<Happened<'_>> {
    match outcome {
        // Only a provider gives a message a name of its own.
        AttemptOutcome::Accepted if of.is_message(&effect) || (named && of.is_unknown(&effect)) => {
            Some(step("message.sent", effect, None, of))
        }
        AttemptOutcome::Failed { reason } if of.is_message(&effect) => Some(step("message.failed", effect, Some(reason), of)),
        AttemptOutcome::Unsure if of.is_message(&effect) => Some(step("message.failed", effect, None, of.with("unsure", true))),
        _ => None,
    }
}

fn step<'a>(name: &'static str, effect: EffectId, reason: Option<FailureReason>, of: Properties<'a>) -> Happened<'a> {
    Happened { name, properties: of.word("reason", &reason).message(&effect), step_of: Some(effect) }
}
