//! `time`: a time of day.

use super::calendar::{self, Bounds, Place};
use super::normalize::Normalized;
use super::setting::Setting;
use super::{NotUnderstood, Understanding, Understood};
use crate::domain::value::Value;
use jiff::civil::Time;

/// What time is expected.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Expected {
    /// The earliest.
    pub min: Option<Time>,
    /// The latest.
    pub max: Option<Time>,
}

/// Reads a time of day out of a reply. `original` is the text that `text` was made of: its one form has no colons.
pub fn understand(original: &str, text: &Normalized, expected: &Expected, setting: &Setting<'_>) -> Understanding {
    let Some(whole) = text.whole() else { return NotUnderstood::because("too long to be a time") };
    if whole.is_empty() {
        return NotUnderstood::because("nothing was written");
    }
    let now = setting.local_now();
    let bounds = Bounds { min: expected.min, max: expected.max };
    let any_day = Bounds { min: None, max: None };
    let place = Place { now: &now, week_begins: calendar::week_begins(setting.language), bounds: any_day };
    let outcomes: Vec<_> = calendar::read(original, setting).iter().map(|reading| place.times(reading)).collect();
    match calendar::decide(&outcomes, &bounds) {
        Ok((time, true)) => Understood::exact(Value::Time(time), "a time"),
        Ok((time, false)) => Understood::lenient(Value::Time(time), "a time among other words"),
        Err(why) => NotUnderstood::because(format!("no time: {why}")),
    }
}
