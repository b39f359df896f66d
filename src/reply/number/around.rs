//! One number and around it only what changes nothing: "7 please", "le doy un siete", "5 (five)".

use super::super::number_words::{self, Read, cardinal};
use super::super::phrases::Grammar;
use super::super::words::{Lexicon, Section, Sections};

/// What may stand before a number.
const BEFORE: [Section; 5] = [Section::Article, Section::NumberBefore, Section::UnitBefore, Section::LeadIn, Section::Polite];
/// What may stand after one.
const AFTER: Grammar<'static> = Grammar(&[(Section::Unit, 0), (Section::NumberAfter, 0), (Section::Polite, 0)]);

/// All of that and the words of numbers, in which a letter that was held down is forgiven.
const WORDS: Grammar<'static> = Grammar(&[
    (Section::Article, 0),
    (Section::NumberBefore, 0),
    (Section::NumberAfter, 0),
    (Section::LeadIn, 0),
    (Section::Polite, 0),
    (Section::One, 0),
    (Section::Ten, 0),
    (Section::Hundred, 0),
    (Section::Hundreds, 0),
    (Section::Scale, 0),
    (Section::And, 0),
    (Section::Minus, 0),
    (Section::Point, 0),
    (Section::Quarters, 0),
    (Section::AndQuarters, 0),
    (Section::QuartersAnd, 0),
]);
/// Where a slip in a long word is forgiven.
const SLIPS: [Section; 3] = [Section::One, Section::Ten, Section::Hundreds];

/// The number of a text in the form of [`super::phrase::phrase`].
pub(super) fn number(phrase: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<f64> {
    let in_words = read(phrase, words.clone());
    in_words.or_else(|| read(&WORDS.respell(phrase, &SLIPS, words.clone()), words))
}

fn read(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<f64> {
    // Where a number may begin: behind each row of phrases that may stand before one.
    let mut starts = vec![0];
    let mut next = 0;
    while let Some(start) = starts.get(next).copied() {
        if let Some((number, rest)) = at_start(&text[start..], words.clone()) {
            if is_after(rest, words.clone()) {
                return Some(number);
            }
            if let Some(quarters) = quarters_behind_unit(rest, words.clone()).filter(|_| number.fract() == 0.0) {
                return Some(number + quarters);
            }
        }
        for end in before(&text[start..], words.clone()) {
            if !starts.contains(&(start + end)) {
                starts.push(start + end);
            }
        }
        next += 1;
    }
    None
}

fn is_after(rest: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> bool {
    rest.is_empty() || AFTER.read(rest, words, |_, _, _| true).any(|_| true)
}

/// "Dos kilos y medio": what is added behind the unit.
fn quarters_behind_unit(rest: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<f64> {
    let phrases = |text, section| {
        let of_lexicon = move |lexicon: &'static Lexicon| {
            lexicon.at_start(text).filter(move |(_, sections)| sections.has(section)).map(move |(length, _)| (lexicon, length))
        };
        words.clone().flat_map(of_lexicon).collect::<Vec<_>>()
    };
    phrases(rest, Section::Unit).into_iter().find_map(|(_, unit)| {
        let behind = rest.get(unit + 1..)?;
        let (lexicon, length) = phrases(behind, Section::AndQuarters).into_iter().max_by_key(|(_, length)| *length)?;
        let quarters = lexicon.number(Section::AndQuarters, &behind[..length])?;
        is_after(behind[length..].trim_start(), words.clone()).then_some(f64::from(quarters) / 4.0)
    })
}

/// Where what follows a phrase that may stand before a number begins.
fn before(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Vec<usize> {
    let among = BEFORE.into_iter().collect::<Sections>();
    let mut ends = Vec::new();
    for lexicon in words.clone() {
        for (length, sections) in lexicon.at_start(text).filter(|(_, sections)| sections.meets(among)) {
            let phrase = &text[..length];
            let Some(rest) = text.get(length + 1..) else { continue };
            // An article alone makes a day or a clock time of the figures behind it: "il 12", "le 12".
            let day = words.clone().any(|lexicon| lexicon.has(Section::NotBeforeNumber, phrase));
            // "Um dois" counts one, two; "um oito" is an eight.
            let one_less = |next: Read<'_>| cardinal(phrase, words.clone()).is_some_and(|number| number + 1.0 == next.value);
            let counts = !in_figures(rest) && number_words::begin(rest, words.clone()).is_some_and(one_less);
            if !day && (!counts || sections.has(Section::Article)) {
                ends.push(length + 1);
            }
        }
    }
    ends
}

/// The number with which a text begins, with its sign, which may be said twice: in figures and in words.
fn at_start(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<(f64, &str)> {
    let first = text.split(' ').next().unwrap_or(text);
    let signed = first.strip_prefix('-').filter(|figures| figures.starts_with(|c: char| c.is_ascii_digit()));
    let minus = words.clone().find_map(|lexicon| lexicon.strip_start(Section::Minus, text)).map(|(_, rest)| rest);
    let body = minus.or_else(|| signed.map(|_| &text[1..])).unwrap_or(text);
    let Read { value, rest } = number_words::begin(body, words.clone())?;
    let number = if minus.is_some() || signed.is_some() { 0.0 - value } else { value };
    let again = number_words::begin(rest, words).filter(|again| again.value == value);
    match again {
        Some(again) if in_figures(body) != in_figures(rest) => Some((number, again.rest)),
        _ => Some((number, rest)),
    }
}

fn in_figures(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}
