//! `number`: one number and nothing that makes it another: no range, no bound, no time of day. A unit
//! is set aside: "12 kg" is 12.

mod around;
mod figures;
mod phrase;

use super::normalize::Normalized;
use super::number_words::ordinal;
use super::words::{Section, lexicons};
use super::{NotUnderstood, Setting, Understanding, Understood};
use crate::domain::value::Value;
use figures::Writing;
use phrase::Trouble;

/// What number is expected.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Expected {
    /// Smallest.
    pub min: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
    /// Without decimals.
    pub whole: bool,
}

/// Reads a number out of a reply. `original` is the text that `text` was made of: its one form has no decimal points.
/// The language of the contact and the country say what a comma means.
pub fn understand(original: &str, text: &Normalized, expected: &Expected, setting: &Setting<'_>) -> Understanding {
    let Some(whole) = text.whole() else { return NotUnderstood::because("too long to be a number") };
    if whole.is_empty() {
        return NotUnderstood::because("nothing was written");
    }
    if text.asks() || text.doubts() {
        return NotUnderstood::because("a question or a doubt");
    }
    let languages = [setting.language];
    let words = lexicons(&languages);
    let is_unit = |text: &str| {
        let sections = [Section::Unit, Section::UnitBefore, Section::Scale];
        words.clone().any(|lexicon| sections.iter().any(|section| lexicon.has(*section, text)))
    };
    let writing = Writing::of(setting.language, setting.country);
    let phrase = match phrase::phrase(&figures::plain(original), writing, is_unit) {
        Ok(phrase) => phrase,
        Err(Trouble::Joined) => return NotUnderstood::because("a number with something that makes it another"),
        Err(Trouble::Unclear) => return NotUnderstood::because("a number whose comma or point has two readings"),
        Err(Trouble::TooLong) => return NotUnderstood::because("a number with too many digits"),
    };
    if let Some(number) = in_figures(&phrase) {
        return bounded(number, expected, true);
    }
    if words.clone().any(|lexicon| lexicon.occurs(Section::Bound, &phrase)) {
        return NotUnderstood::because("a bound, a guess or a time of day");
    }
    if ordinal(whole, words.clone()).is_some() {
        return NotUnderstood::because("a place and not a number");
    }
    match around::number(&phrase, words) {
        Some(number) => bounded(number, expected, false),
        None => NotUnderstood::because("not one number and nothing else"),
    }
}

fn bounded(number: f64, expected: &Expected, exact: bool) -> Understanding {
    if expected.whole && number.fract() != 0.0 {
        return NotUnderstood::because("a number with decimals where a whole one is expected");
    }
    if expected.min.is_some_and(|min| number < min) {
        return NotUnderstood::because("a number below `min`");
    }
    if expected.max.is_some_and(|max| number > max) {
        return NotUnderstood::because("a number above `max`");
    }
    match exact {
        true => Understood::exact(Value::Number(number), "a number"),
        false => Understood::lenient(Value::Number(number), "a number, in words or among polite words"),
    }
}

/// A phrase that is one number in figures.
fn in_figures(phrase: &str) -> Option<f64> {
    let figures = !phrase.contains(' ') && phrase.bytes().any(|b| b.is_ascii_digit());
    figures.then(|| phrase.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
