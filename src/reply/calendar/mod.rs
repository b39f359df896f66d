//! Days and clock times as people write them, in eleven languages. The reply is cut into tokens; a small grammar finds
//! every way to read them from the first to the last; the kinds `date`, `time` and `moment` each ask what those readings
//! mean. A token that no reading covers, or two readings that mean different things, and nothing is understood.

mod bounds;
mod clock;
mod day;
mod grammar;
mod numeric;
mod piece;
mod resolve;
mod sections;
mod span;
mod text;
mod tokens;
mod words;

pub(super) use bounds::{Bounds, Outcome, decide};
pub(super) use piece::Reading;
pub(super) use resolve::Place;
pub(super) use text::read;

use crate::domain::language::Language;
use jiff::civil::Weekday;

/// A day of the week or a month that a word names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// A day of the week.
    Weekday(Weekday),
    /// A month by its number.
    Month(i8),
}

/// The days of the week and months that a word can name in a language; an abbreviation may be two.
pub(super) fn names(word: &str, language: Language) -> impl Iterator<Item = Name> {
    words::vocabulary(language).meanings(word).iter().filter_map(|meaning| match meaning {
        sections::Meaning::Weekday(day) => Some(Name::Weekday(*day)),
        sections::Meaning::Month(month) => Some(Name::Month(*month)),
        _ => None,
    })
}

/// Days with which people begin a week, in a language.
pub(super) fn week_begins(language: Language) -> &'static [Weekday] {
    match words::vocabulary(language).habits.week_begins.as_slice() {
        [] => &[Weekday::Monday, Weekday::Sunday],
        known => known,
    }
}

#[cfg(test)]
mod tests;
