//! Why a step did not hold: one sentence, and where two texts differ, both of them.

use crate::domain::journal::Event;
use crate::domain::way::Step;
use crate::flow::diagnostic::At;

/// Why a step did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// In words.
    pub message: String,
    /// The texts, where the step expected another one.
    pub difference: Option<Difference>,
}

/// What was expected beside what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The text or part that was expected, or indented JSON.
    pub expected: String,
    /// What came instead.
    pub came: String,
    /// Where the expected text stands, if what came could be written in its place.
    pub at: Option<At>,
}

impl Mismatch {
    /// Two texts that differ.
    pub(super) fn of(message: String, expected: &str, came: &str, at: Option<At>) -> Self {
        let difference = Difference { expected: expected.to_owned(), came: came.to_owned(), at };
        Mismatch { message, difference: Some(difference) }
    }
}

impl From<String> for Mismatch {
    fn from(message: String) -> Self {
        Mismatch { message, difference: None }
    }
}

impl From<&str> for Mismatch {
    fn from(message: &str) -> Self {
        Mismatch::from(message.to_owned())
    }
}

/// That a message was expected, and why a notification did not leave, if one did not since something came last.
pub(super) fn none_came<'e>(events: impl DoubleEndedIterator<Item = &'e Event>) -> String {
    let came = |event: &&Event| matches!(event, Event::Received { .. } | Event::EventReceived { .. } | Event::Begun { .. });
    let since: Vec<&Event> = events.rev().take_while(|event| !came(event)).collect();
    let way = |of: fn(&Step) -> bool| {
        since.iter().find_map(|event| match event {
            Event::Way(way) if of(&way.step) => Some(way),
            _ => None,
        })
    };
    let why = way(|step| *step == Step::Skipped).or_else(|| way(|step| matches!(step, Step::UsedUp | Step::Held { .. })));
    let why =
        why.map_or_else(String::new, |way| format!(": the notification `{}` did not leave: {}", way.notification, way.reason));
    format!("expected a message, none came{why}")
}
