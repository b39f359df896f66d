//! `moment`: a day and a clock time, or a span from now.

use super::calendar::{self, Bounds, Place};
use super::normalize::Normalized;
use super::setting::Setting;
use super::{NotUnderstood, Understanding, Understood};
use crate::domain::time::Millis;
use crate::domain::value::Value;

/// What moment is expected.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Expected {
    /// The earliest.
    pub min: Option<Millis>,
    /// The latest.
    pub max: Option<Millis>,
}

/// Reads a moment out of a reply. `original` is the text that `text` was made of: its one form has no points and colons.
pub fn understand(original: &str, text: &Normalized, expected: &Expected, setting: &Setting<'_>) -> Understanding {
    let Some(whole) = text.whole() else { return NotUnderstood::because("too long to be a moment") };
    if whole.is_empty() {
        return NotUnderstood::because("nothing was written");
    }
    let now = setting.local_now();
    let bounds = Bounds { min: expected.min.map(|min| min.0), max: expected.max.map(|max| max.0) };
    let any_day = Bounds { min: None, max: None };
    let place = Place { now: &now, week_begins: calendar::week_begins(setting.language), bounds: any_day };
    let readings = calendar::read(original, setting);
    let ahead = readings.iter().filter(|reading| !readings.iter().any(|other| reading.looks_back_from(other)));
    let outcomes: Vec<_> = ahead
        .map(|reading| {
            let mut outcome = place.moments(reading);
            // One word is yesterday and tomorrow in Hindi: here the coming one, unless `max` leaves only the other.
            let behind = readings.iter().filter(|other| other.looks_back_from(reading));
            outcome.others.extend(behind.flat_map(|other| place.moments(other).values));
            outcome
        })
        .collect();
    match calendar::decide(&outcomes, &bounds) {
        Ok((moment, true)) => Understood::exact(Value::Moment(Millis(moment)), "a moment"),
        Ok((moment, false)) => Understood::lenient(Value::Moment(Millis(moment)), "a moment among other words"),
        Err(why) => NotUnderstood::because(format!("no moment: {why}")),
    }
}
