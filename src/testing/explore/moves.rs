//! What can happen next where a contact stands: replies and their absence, results of calls, events, time.

use super::ground::{By, Ground, Move, Setting};
use super::hints::{Hint, Spot};
use super::replies::{self, Asked};
use super::standing::{Standing, zone_of};
use super::values::{self, Known};
use crate::domain::limits;
use crate::domain::message::DeliveryStatus;
use crate::domain::name::EventName;
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::engine::record::{Question, Record, Run, Waiting};
use crate::flow::definition::{AnytimeTrigger, Call, Flow, Kind, Late, Trigger, WaitFor};
use crate::testing::World;
use crate::testing::fake_http::FakeAnswer;
use crate::testing::script::{PersonDoes, Step, UserSays};

/// What is written where nothing is asked.
pub(super) const GREETING: &str = "Hello?";
/// Messages in a minute that leave room below the contact's limit.
const ROOM: u32 = limits::CONTACT_MESSAGES_PER_MINUTE - 4;

/// The run that is looked at: the one that a person has, else the one whose question is open, else the one of the flow, else any.
pub(super) fn foremost<'r>(record: &'r Record, ground: &Ground) -> Option<&'r Run> {
    let open = record.runs.iter().find(|run| run.is_with_person());
    let open = open.or_else(|| record.runs.iter().find(|run| run.question().is_some()));
    open.or_else(|| record.runs.iter().find(|run| ground.flow.is_called(&run.flow))).or(record.runs.first())
}

/// A message of the contact.
fn says(text: &str) -> Step {
    user(UserSays { text: Some(text.to_owned()), ..UserSays::default() })
}

pub(super) fn user(says: UserSays) -> Step {
    Step::User { all: Some(says), by_kind: Vec::new() }
}

/// Everything that can happen next, in a fixed order. Empty where nothing can.
pub(super) fn moves(ground: &Ground, setting: &Setting, world: &World, record: &Record) -> Vec<Move> {
    if let Some(open) = world.open_call() {
        let waits = record.runs.iter().find(|run| matches!(run.waiting, Waiting::Call { .. }));
        return waits.map(|run| answers(ground, setting, world, record, run, open.attempts())).unwrap_or_default();
    }
    let mut out = Vec::new();
    let Some(run) = foremost(record, ground) else {
        if matches!(ground.flow.late, Late::Target(_)) && !record.unanswered.is_empty() {
            out.push(Move::of(By::Contact, vec![says(GREETING)]));
        }
        return out;
    };
    let Some(flow) = ground.catalog.version(run.frame().version) else { return out };
    let Some((state, definition)) = flow.states.get_index(usize::from(run.frame().state.0)) else { return out };
    let standing = standing(setting, world, record, run, flow);
    let variable = |name: &str| flow.slot(name).and_then(|slot| run.frame().vars.get(slot).cloned());
    let contact = |name: &str| record.field(name);
    let known = Known {
        variable: &variable,
        contact: &contact,
        phone: &setting.phone,
        key: run.key.as_deref(),
        now: world.now(),
        zone: &standing.zone,
    };
    match (&run.waiting, &definition.kind) {
        (Waiting::Reply(question), Kind::Ask(ask)) => {
            let gathering = question.gathered.is_some();
            if !gathering {
                let last = world.last.as_ref();
                let asked = Asked {
                    ask,
                    question,
                    state: state.as_str(),
                    standing: &standing,
                    known: &known,
                    hints: &ground.hints,
                    last,
                };
                for reply in replies::replies(&asked) {
                    let mut steps = pause(world, record, question);
                    steps.push(user(reply.says));
                    out.push(Move { means: reply.means, ..Move::of(By::Contact, steps) });
                }
                if question.awaited.is_some() && world.last.as_ref().map(|last| last.effect) == question.awaited {
                    out.push(Move::of(By::Elsewhere, vec![Step::Status(DeliveryStatus::Failed)]));
                }
            }
            out.extend(until(world, run.alarm()));
        }
        (Waiting::Event { .. }, Kind::Wait(wait)) => {
            if let WaitFor::Event { name, key, .. } = &wait.until {
                let key = key.as_ref().and_then(|key| key.render(&standing).ok());
                let known = Known { key: key.as_deref().or(run.key.as_deref()), ..known };
                for data in awaited(ground, flow, state.as_str(), name, key.as_deref(), &known) {
                    out.push(Move::event(ground, record, name, data));
                }
            }
            out.extend(until(world, run.alarm()));
        }
        (Waiting::Digest { items, .. }, Kind::Digest(digest)) => {
            let key = digest.key.as_ref().and_then(|key| key.render(&standing).ok()).filter(|key| !key.is_empty());
            let known = Known { key: key.as_deref().or(run.key.as_deref()), ..known };
            for data in awaited(ground, flow, state.as_str(), &digest.event, run.key.as_deref(), &known) {
                // One whose contact a start cannot read is refused where it comes in.
                if ground.catalog.event_contacts(&ground.project, &digest.event, &data, None).is_err() {
                    continue;
                }
                out.push(Move::event(ground, record, &digest.event, data));
            }
            if !items.is_empty() {
                out.extend(until(world, run.alarm()));
            }
        }
        (Waiting::Person { taken, .. }, Kind::Handoff(_)) => {
            let person = |does| Move::of(By::Elsewhere, vec![Step::Person(does)]);
            out.push(person(PersonDoes::Resolves(Some("Done".to_owned()))));
            out.push(person(PersonDoes::Resolves(None)));
            if taken.is_none() {
                out.extend(until(world, run.alarm()));
            }
        }
        (Waiting::Delivery { .. }, Kind::Deliver(deliver)) => {
            // Its message left, or is held until its hours.
            let left = world.last.as_ref().and_then(|last| record.tracked.iter().find(|one| one.effect == last.effect));
            if let Some(message) = left {
                let report = |status| Move::of(By::Elsewhere, vec![Step::Status(status)]);
                out.extend(reports(message.status, deliver.until).map(report));
                if message.status == DeliveryStatus::Queued {
                    // In a case it is reported delivered before anything else happens.
                    return out;
                }
            }
            out.extend(world.next_moment().and_then(|next| until(world, next)));
        }
        _ => out.extend(world.next_moment().and_then(|next| until(world, next))),
    }
    anytime(ground, record, run, &known, &mut out);
    let waits = matches!(run.waiting, Waiting::Time { .. } | Waiting::Held { .. } | Waiting::Event { .. });
    if waits && ground.flow.is_called(&run.flow) {
        out.push(Move::of(By::Contact, vec![says(GREETING)]));
    }
    out
}

/// What can still be reported of a message of which this is known, first what is waited for.
fn reports(known: DeliveryStatus, wanted: DeliveryStatus) -> impl Iterator<Item = DeliveryStatus> {
    let others = [DeliveryStatus::Delivered, DeliveryStatus::Sent, DeliveryStatus::Failed];
    let all = [wanted].into_iter().chain(others.into_iter().filter(move |other| *other != wanted));
    all.filter(move |status| status.rank() > known.rank())
}

fn standing<'s>(setting: &'s Setting, world: &World, record: &'s Record, run: &'s Run, flow: &'s Flow) -> Standing<'s> {
    let zone = zone_of(record, &setting.project);
    Standing { project: &setting.project, record, flow, frame: Some(run.frame()), now: world.now(), zone }
}

/// Time passes up to a moment.
fn until(world: &World, moment: Millis) -> Option<Move> {
    let span = moment - world.now();
    (span.0 >= 0).then(|| Move::of(By::Time, vec![Step::Wait(span.max(Span::millis(0)))]))
}

/// A minute, where more messages in this one would be too many.
fn pause(world: &World, record: &Record, question: &Question) -> Vec<Step> {
    let minute = Span::minutes(1);
    let crowded = record.rate.1 >= ROOM && world.now() - record.rate.0 < minute;
    if crowded && question.until > world.now() + minute { vec![Step::Wait(minute)] } else { Vec::new() }
}

/// What an api may answer: the outcomes that the state names, and none.
fn answers(ground: &Ground, setting: &Setting, world: &World, record: &Record, run: &Run, attempts: usize) -> Vec<Move> {
    let Some(flow) = ground.catalog.version(run.frame().version) else { return Vec::new() };
    let Some((state, definition)) = flow.states.get_index(usize::from(run.frame().state.0)) else { return Vec::new() };
    let Kind::Call(call) = &definition.kind else { return Vec::new() };
    let standing = standing(setting, world, record, run, flow);
    let variable = |name: &str| flow.slot(name).and_then(|slot| run.frame().vars.get(slot).cloned());
    let contact = |name: &str| record.field(name);
    let known = Known {
        variable: &variable,
        contact: &contact,
        phone: &setting.phone,
        key: None,
        now: world.now(),
        zone: &standing.zone,
    };
    let asked = ground.hints.at(&flow.name, Spot::Result(state.to_string()));
    let bodies = if asked.is_empty() { vec![Value::Null] } else { values::variants(&asked, &known) };
    let mut out = Vec::new();
    let mut answer = |status: u16, body: &Value| {
        let answer = FakeAnswer::Answer { status, body: body.clone(), delay: Span(0) };
        out.push(Move::answered(answer, attempts));
    };
    for status in statuses(call) {
        if (200..300).contains(&status) {
            bodies.iter().for_each(|body| answer(status, body));
        } else {
            // What is refused seldom has a body, and seldom one that decides.
            answer(status, &Value::Null);
            bodies.iter().take(1).filter(|body| **body != Value::Null).for_each(|body| answer(status, body));
        }
    }
    out.push(Move::answered(FakeAnswer::Refused, attempts));
    out
}

/// A status for each outcome that a call names, the good one first.
fn statuses(call: &Call) -> Vec<u16> {
    let names: Vec<&str> = call.outcomes.named.keys().map(String::as_str).collect();
    let taken = |status: u16| names.contains(&status.to_string().as_str());
    let mut found: Vec<u16> = (200..300).find(|status| !taken(*status)).filter(|_| !names.contains(&"2xx")).into_iter().collect();
    for name in &names {
        let status = match name.strip_suffix("xx").and_then(|class| class.parse::<u16>().ok()) {
            Some(class) => (class * 100..class * 100 + 100).find(|status| !taken(*status)),
            None => name.parse().ok(),
        };
        found.extend(status.filter(|status| !found.contains(status)));
    }
    found
}

/// Data of an event that a run waits for: what the wait reads and what the flow's other entries for it read.
fn awaited(ground: &Ground, flow: &Flow, state: &str, event: &EventName, key: Option<&str>, known: &Known<'_>) -> Vec<Value> {
    let starts =
        flow.starts.iter().enumerate().filter(|(_, start)| matches!(&start.trigger, Trigger::Event(name) if name == event));
    let anytime = flow
        .anytime
        .iter()
        .enumerate()
        .filter(|(_, entry)| matches!(&entry.trigger, AnytimeTrigger::Event { name, .. } if name == event));
    let mut spots = vec![Spot::Result(state.to_owned())];
    spots.extend(starts.map(|(i, _)| Spot::Start(i)));
    spots.extend(anytime.map(|(i, _)| Spot::Anytime(i)));
    let asked: Vec<_> = spots.into_iter().flat_map(|spot| ground.hints.at(&flow.name, spot)).collect();
    let keyed = asked.iter().any(|(_, hints)| hints.contains(&Hint::Key));
    let mut found = values::variants(&asked, known);
    for data in &mut found {
        if !matches!(data, Value::Map(_)) {
            *data = Value::Map(indexmap::IndexMap::new());
        }
        if let (Value::Map(map), Some(key), false) = (data, key, keyed) {
            map.insert("key".to_owned(), Value::text(key));
        }
    }
    found.dedup();
    found
}

/// What the flows that a run is in answer wherever it is.
fn anytime(ground: &Ground, record: &Record, run: &Run, known: &Known<'_>, out: &mut Vec<Move>) {
    for frame in run.frames.iter().rev() {
        let Some(flow) = ground.catalog.version(frame.version) else { continue };
        let variable = |name: &str| flow.slot(name).and_then(|slot| frame.vars.get(slot).cloned());
        let contact = |name: &str| record.field(name);
        for (i, entry) in flow.anytime.iter().enumerate() {
            match &entry.trigger {
                // What the contact writes is for the person alone.
                AnytimeTrigger::Command(_) | AnytimeTrigger::Keyword(_) if record.is_with_person() => {}
                AnytimeTrigger::Command(command) => out.push(Move::of(By::Contact, vec![says(command.as_str())])),
                AnytimeTrigger::Keyword(words) => {
                    out.extend(words.first().map(|word| Move::of(By::Contact, vec![says(&keyword(word))])));
                }
                AnytimeTrigger::Event { name, .. } => {
                    let known = Known { variable: &variable, contact: &contact, ..*known };
                    let asked = ground.hints.at(&flow.name, Spot::Anytime(i));
                    for data in event_data(&asked, &known) {
                        out.push(Move::event(ground, record, name, data));
                    }
                }
            }
        }
    }
}

/// What a person writes for a keyword; `*` is something behind it.
pub(super) fn keyword(word: &str) -> String {
    word.replace('*', "A1")
}

/// Data of an event; one that nothing is read from is an empty map.
pub(super) fn event_data(asked: &[(&Vec<Box<str>>, &[Hint])], known: &Known<'_>) -> Vec<Value> {
    let mut found = values::variants(asked, known);
    for data in &mut found {
        if !matches!(data, Value::Map(_)) {
            *data = Value::Map(indexmap::IndexMap::new());
        }
    }
    found.dedup();
    found
}
