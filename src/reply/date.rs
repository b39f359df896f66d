//! `date`: a calendar day.

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

/// Reads a day out of a reply. `original` is the text that `text` was made of.
pub fn understand(original: &str, text: &Normalized, expected: &Expected, _setting: &Setting<'_>) -> Understanding {
    if text.whole().is_none() {
        return NotUnderstood::because("too long to be a day");
    }
    let Ok(date) = original.trim().parse::<Date>() else { return NotUnderstood::because("no day") };
    if expected.min.is_some_and(|min| date < min) {
        return NotUnderstood::because("a day before `min`");
    }
    if expected.max.is_some_and(|max| date > max) {
        return NotUnderstood::because("a day after `max`");
    }
    Understood::exact(Value::Date(date), "a day")
}
