//! `number`: one number and nothing that makes it another: no unit, no range, no bound, no time of day.

mod figures;
mod phrase;

use super::normalize::Normalized;
use super::number_words::{cardinal, ordinal};
use super::words::{Lexicon, Section, lexicons};
use super::{NotUnderstood, Understanding, Understood};
use crate::domain::language::Language;
use crate::domain::value::Value;
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

/// Phrases that are taken off one reply: nobody puts more around a number.
const PHRASES: usize = 8;

/// Reads a number out of a reply. `original` is the text that `text` was made of: its one form has no decimal points.
/// The language of the contact says what a comma means.
pub fn understand(original: &str, text: &Normalized, expected: &Expected, language: Language) -> Understanding {
    let Some(whole) = text.whole() else { return NotUnderstood::because("too long to be a number") };
    if whole.is_empty() {
        return NotUnderstood::because("nothing was written");
    }
    if text.asks() || text.doubts() {
        return NotUnderstood::because("a question or a doubt");
    }
    let phrase = match phrase::phrase(&figures::plain(original), language) {
        Ok(phrase) => phrase,
        Err(Trouble::Joined) => return NotUnderstood::because("a number with something that makes it another"),
        Err(Trouble::Unclear) => return NotUnderstood::because("a number whose comma or point has two readings"),
        Err(Trouble::TooLong) => return NotUnderstood::because("a number with too many digits"),
    };
    if let Some(number) = in_figures(&phrase) {
        return bounded(number, expected, true);
    }
    let languages = [language];
    let words = lexicons(&languages);
    match among_words(&phrase, words.clone()) {
        Some(number) => bounded(number, expected, false),
        None if ordinal(whole, words).is_some() => NotUnderstood::because("a place and not a number"),
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

/// The number that is left once politeness and what introduces numbers are taken off: "7 please", "le doy un siete".
fn among_words(phrase: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<f64> {
    let mut text = phrase;
    for _ in 0..=PHRASES {
        if let Some(number) = number(text, words.clone()).or_else(|| said_twice(text, words.clone())) {
            return Some(number);
        }
        text = peel(text, words.clone())?;
    }
    None
}

/// A text without one phrase at its end or beginning that changes nothing.
fn peel(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<&str> {
    let end = [Section::Polite, Section::NumberAfter];
    let at_end = words.clone().find_map(|lexicon| end.iter().find_map(|section| lexicon.strip_end(*section, text)));
    if let Some((_, rest)) = at_end {
        return Some(rest);
    }
    let start = [Section::Article, Section::NumberBefore, Section::LeadIn, Section::Polite];
    let at_start = words.clone().flat_map(|lexicon| start.iter().filter_map(move |section| lexicon.strip_start(*section, text)));
    let (taken, rest) = at_start.max_by_key(|(taken, _)| taken.len())?;
    // "Um dois" may be one and two; an article that is no number, or one before figures, cannot be counted.
    let counts = cardinal(taken, words.clone()).is_some() && !rest.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let is_article = words.clone().any(|lexicon| lexicon.has(Section::Article, taken));
    (!counts || is_article).then_some(rest)
}

fn number(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<f64> {
    if let Some(number) = in_figures(text) {
        return Some(number);
    }
    if let Some(number) = cardinal(text, words.clone()) {
        return Some(number);
    }
    let (_, rest) = words.clone().find_map(|lexicon| lexicon.strip_start(Section::Minus, text))?;
    cardinal(rest, words).map(|number| 0.0 - number)
}

/// "5 (five)": once in figures and once in words.
fn said_twice(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<f64> {
    let same = |figures: &str, other: &str| {
        let spelled = !other.bytes().any(|b| b.is_ascii_digit());
        in_figures(figures).filter(|number| spelled && cardinal(other, words.clone()) == Some(*number))
    };
    let first = text.split_once(' ').and_then(|(first, rest)| same(first, rest));
    first.or_else(|| text.rsplit_once(' ').and_then(|(rest, last)| same(last, rest)))
}

#[cfg(test)]
mod tests;
