//! `time`: a time of day.

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

/// Reads a time of day out of a reply. `original` is the text that `text` was made of.
pub fn understand(original: &str, text: &Normalized, expected: &Expected, _setting: &Setting<'_>) -> Understanding {
    if text.whole().is_none() {
        return NotUnderstood::because("too long to be a time");
    }
    let Ok(time) = original.trim().parse::<Time>() else { return NotUnderstood::because("no time") };
    if expected.min.is_some_and(|min| time < min) {
        return NotUnderstood::because("a time before `min`");
    }
    if expected.max.is_some_and(|max| time > max) {
        return NotUnderstood::because("a time after `max`");
    }
    Understood::exact(Value::Time(time), "a time")
}
