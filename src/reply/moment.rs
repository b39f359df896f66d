//! `moment`: a day and a clock time, or a span from now.

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

/// Reads a moment out of a reply. `original` is the text that `text` was made of.
pub fn understand(original: &str, text: &Normalized, expected: &Expected, setting: &Setting<'_>) -> Understanding {
    if text.whole().is_none() {
        return NotUnderstood::because("too long to be a moment");
    }
    let local = original.trim().parse::<jiff::civil::DateTime>().ok();
    let zoned = local.and_then(|local| setting.zone.to_ambiguous_zoned(local).unambiguous().ok());
    let Some(moment) = zoned.map(|zoned| Millis(zoned.timestamp().as_millisecond())) else {
        return NotUnderstood::because("no moment");
    };
    if expected.min.is_some_and(|min| moment < min) {
        return NotUnderstood::because("a moment before `min`");
    }
    if expected.max.is_some_and(|max| moment > max) {
        return NotUnderstood::because("a moment after `max`");
    }
    Understood::exact(Value::Moment(moment), "a moment")
}
