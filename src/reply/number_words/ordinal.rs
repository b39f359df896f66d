//! Places in words and figures: "the second one", "2nd", "wa pili".

use super::super::words::{Lexicon, Section};
use super::cardinal;

/// The place that a normalised text names and nothing else. Nothing where two of the languages name different places.
pub(in crate::reply) fn ordinal(text: &str, lexicons: impl Iterator<Item = &'static Lexicon>) -> Option<u32> {
    let mut places = lexicons.filter_map(|lexicon| of(text, lexicon));
    let place = places.next()?;
    places.all(|other| other == place).then_some(place)
}

fn of(text: &str, lexicon: &'static Lexicon) -> Option<u32> {
    let bare = |text| place(text, lexicon);
    if let Some(place) = bare(text) {
        return Some(place);
    }
    let mut text = text;
    while let Some((_, rest)) = lexicon.strip_start(Section::OrdinalBefore, text) {
        text = rest;
        if let Some(place) = bare(text) {
            return Some(place);
        }
    }
    let (_, before) = lexicon.strip_end(Section::OrdinalAfter, text)?;
    bare(before)
}

fn place(text: &str, lexicon: &'static Lexicon) -> Option<u32> {
    let listed = lexicon.number(Section::Ordinal, text);
    listed.or_else(|| with_prefix(text, lexicon)).or_else(|| with_suffix(text, lexicon))
}

/// "ke-2", "kelima", "wa tatu".
fn with_prefix(text: &str, lexicon: &'static Lexicon) -> Option<u32> {
    let apart = lexicon.strip_start(Section::OrdinalPrefix, text).map(|(_, rest)| rest);
    let ends = || text.char_indices().skip(1).map(|(at, _)| at).take(4);
    let rests = || ends().filter(|at| lexicon.has(Section::OrdinalPrefix, &text[..*at])).map(|at| text[at..].trim_start());
    apart.into_iter().chain(rests()).find_map(|rest| whole(rest, lexicon))
}

/// "2nd", "२रा"; in Hindi also behind a number in words.
fn with_suffix(text: &str, lexicon: &'static Lexicon) -> Option<u32> {
    let starts = text.char_indices().rev().map(|(at, _)| at).take(5);
    let mut stems = starts.filter(|at| lexicon.has(Section::OrdinalSuffix, &text[*at..])).map(|at| text[..at].trim_end());
    let figures = |stem: &str| stem.bytes().all(|b| b.is_ascii_digit());
    stems.find_map(|stem| {
        let fits = figures(stem) || lexicon.has(Section::Rule, "suffix after words");
        fits.then(|| whole(stem, lexicon)).flatten()
    })
}

fn whole(text: &str, lexicon: &'static Lexicon) -> Option<u32> {
    let number = cardinal(text, std::iter::once(lexicon))?;
    (number.fract() == 0.0 && (1.0..=9_999.0).contains(&number)).then_some(number as u32)
}
