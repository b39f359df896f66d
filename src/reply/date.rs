//! `date`: a calendar day.

use super::calendar::{self, Bounds, Outcome, Place, Reading};
use super::normalize::Normalized;
use super::setting::Setting;
use super::{NotUnderstood, Understanding, Understood};
use crate::domain::value::Value;
use jiff::civil::Date;

/// What day is expected.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Expected {
    /// The first.
    pub min: Option<Date>,
    /// The last.
    pub max: Option<Date>,
}

/// Reads a day out of a reply. `original` is the text that `text` was made of: its one form has no points and colons.
pub fn understand(original: &str, text: &Normalized, expected: &Expected, setting: &Setting<'_>) -> Understanding {
    let Some(whole) = text.whole() else { return NotUnderstood::because("too long to be a day") };
    if whole.is_empty() {
        return NotUnderstood::because("nothing was written");
    }
    let now = setting.local_now();
    let bounds = Bounds { min: expected.min, max: expected.max };
    let place = Place { now: &now, week_begins: calendar::week_begins(setting.language), bounds };
    let outcome = |reading: &Reading| Outcome {
        values: place.dates(reading),
        others: Vec::new(),
        // "Tomorrow at 5" is a day and more.
        exact: reading.is_plain_day(),
    };
    let outcomes: Vec<_> = calendar::read(original, setting).iter().map(outcome).collect();
    match calendar::decide(&outcomes, &bounds) {
        Ok((date, true)) => Understood::exact(Value::Date(date), "a day"),
        Ok((date, false)) => Understood::lenient(Value::Date(date), "a day among other words"),
        Err(why) => NotUnderstood::because(format!("no day: {why}")),
    }
}
