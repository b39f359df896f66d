//! When two places in two ways are the same: the same states, the same questions, and whatever can decide how it goes on.
//! Texts that nobody compares, ids and the clock make no difference, so that a flow has as many situations as it has places.

use super::ground::Ground;
use super::standing::{Standing, zone_of};
use crate::domain::value::Value;
use crate::engine::record::{Record, Run, Waiting};
use crate::flow::definition::Slot;
use crate::flow::expression::Scope as _;
use crate::testing::World;
use std::fmt::Write as _;
use xxhash_rust::xxh3::xxh3_128;

/// Counts above this are one: `again`, visits.
const COUNT: u32 = 60;

/// A situation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Situation {
    /// The same for the same states and counts, whatever the variables hold.
    pub place: u128,
    /// The same for the same situation.
    pub whole: u128,
    /// Where the run rests, for people.
    pub state: String,
}

/// The situation of a contact. `setting` tells contacts apart whom the flow treats differently.
pub(super) fn situation(ground: &Ground, setting: &str, world: &World, record: &Record) -> Situation {
    let mut place = String::with_capacity(128);
    let mut rest = String::with_capacity(128);
    let mut state = String::new();
    place.push_str(setting);
    for run in &record.runs {
        let own = ground.flow.is_called(&run.flow);
        if let Waiting::Delivery { errand } = &run.waiting {
            delivery(record, *errand, &mut place);
        }
        let here = run_of(ground, run, &mut place, &mut rest);
        if own && state.is_empty() {
            state = here;
        }
        if ground.hints.clock {
            // A day more or less is a difference; an hour is none, or no loop would ever close.
            let days = (world.now() - run.begun).0 / 86_400_000;
            let _ = write!(rest, "d{}", days.min(i64::from(COUNT)));
        }
    }
    for (flow, go) in record.waiting.iter().map(|w| (&w.flow, w.go)) {
        let _ = write!(place, "|w{flow}{}", go.0);
    }
    let _ = write!(place, "|c{}u{}", world.open_call().is_some(), record.unanswered.len().min(1));
    let fields = ["language", "name", "email", "timezone"];
    for (name, value) in fields.iter().filter_map(|field| record.field(field).map(|value| (*field, value))) {
        // A name is a name; the language decides which texts come.
        let shown = if name == "language" { value.to_json().to_string() } else { String::new() };
        let _ = write!(rest, "|{name}{shown}");
    }
    for (name, value) in &record.attributes {
        let _ = write!(rest, "|{name}={}", value.to_json());
    }
    let _ = write!(rest, "|t{:?}s{}", record.tags, record.stop);
    if record.consent != 0 || !record.marketing.is_empty() {
        // How much marketing came decides whether more does.
        let _ = write!(rest, "|m{}.{}", record.consent, record.marketing.len());
    }
    if !ground.hints.hours.is_empty() {
        let zone = zone_of(record, &ground.project);
        let standing = Standing { project: &ground.project, record, flow: &ground.flow, frame: None, now: world.now(), zone };
        for hours in &ground.hints.hours {
            let _ = write!(rest, "|h{:?}", standing.within_hours(hours, world.now()));
        }
    }
    let at = xxh3_128(place.as_bytes());
    rest.push_str(&place);
    Situation { place: at, whole: xxh3_128(rest.as_bytes()), state }
}

/// Writes what matters of a run; gives the name of its state.
fn run_of(ground: &Ground, run: &Run, place: &mut String, rest: &mut String) -> String {
    let mut name = String::new();
    let _ = write!(place, "|r{}k{}", run.flow, run.key.is_some());
    for frame in &run.frames {
        let _ = write!(place, "/{}:{}", frame.version, frame.state.0);
        for (state, visits) in &frame.visits {
            let _ = write!(rest, "v{}={}", state.0, (*visits).min(COUNT));
        }
        let Some(flow) = ground.catalog.version(frame.version) else { continue };
        name = match name.as_str() {
            "" => flow.state_name(frame.state).to_owned(),
            outer => format!("{outer} › {}", flow.state_name(frame.state)),
        };
        let decides = ground.decides(frame.version);
        for (slot, value) in frame.vars.iter() {
            match decides.get(usize::from(slot.0)) {
                Some(true) => variable(slot, value, rest),
                _ => {
                    let _ = write!(rest, "a{}", slot.0);
                }
            }
        }
    }
    let kind = match &run.waiting {
        Waiting::Reply(_) => 'q',
        Waiting::Paused { .. } => 'p',
        Waiting::Turn => 't',
        Waiting::Call { .. } => 'c',
        Waiting::Time { .. } => 'u',
        Waiting::Held { .. } => 'h',
        Waiting::Event { .. } => 'e',
        Waiting::Delivery { .. } => 'n',
        Waiting::Hours { .. } => 'b',
        Waiting::Digest { .. } => 'd',
        Waiting::Person { taken: None, .. } => 'o',
        Waiting::Person { .. } => 'O',
    };
    place.push(kind);
    if let Waiting::Digest { items, .. } = &run.waiting {
        // None, one, or several: what is made of them seldom asks for more.
        let _ = write!(place, "{}", items.len().min(3));
    }
    if let Some(question) = run.asked() {
        let gathered = question.gathered.as_ref().map_or(0, |gathered| 1 + gathered.files.len());
        let (wrong, silent) = (question.wrong.min(COUNT), question.silent.min(COUNT));
        let _ = write!(place, "{wrong}.{silent}.{gathered}.{}", question.awaited.is_some());
        let _ = write!(rest, "{:?}{}", question.visible, question.items.len());
        if let Some(gathered) = &question.gathered {
            // What came so far decides whether it is an answer.
            let _ = write!(rest, "g{}", gathered.text);
        }
    }
    if ground.hints.reply
        && let Some(reply) = &run.reply
    {
        let _ = write!(rest, "|{}", reply.text);
    }
    name
}

/// Writes how far a notification is that a run waits for.
fn delivery(record: &Record, errand: u64, place: &mut String) {
    let Some(errand) = record.errands.iter().find(|one| one.id == errand) else { return };
    let message = record.tracked.iter().find(|message| Some(message.effect) == errand.effect);
    let _ = write!(place, "|n{:?}{}{:?}", errand.stage, errand.next, message.map(|message| message.status));
}

fn variable(slot: Slot, value: &Value, out: &mut String) {
    let _ = write!(out, "a{}={}", slot.0, value.to_json());
}
