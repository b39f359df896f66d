//! The words of which numbers are made, found in a text: parted by blanks or written as one word.

use super::super::words::{Lexicon, Section, Sections};

/// Words of the longest number: nobody writes a longer one.
const TOKENS: usize = 24;
/// Bytes of the longest number that is written as one word.
const GLUED: usize = 80;

/// A word, or a few, that numbers are made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Below a hundred, as it stands: seven, seventeen.
    One(u32),
    /// A multiple of ten that others may join: twenty.
    Ten(u32),
    /// A hundred, or what makes hundreds of the number before it.
    Hundred,
    /// Several hundreds, thousands or millions in one word: doscientos, seribu.
    Hundreds(u32),
    /// What makes thousands or more of the number beside it: thousand, lakh, dozen.
    Scale(u32),
    /// And.
    And,
    /// What stands before decimals.
    Point,
    /// Quarters that stand alone or before a scale: half is two, डेढ़ is six.
    Quarters(u32),
    /// Quarters behind a number: and a half.
    AndQuarters(u32),
    /// Quarters announced before a number: साढ़े.
    QuartersAnd(u32),
    /// Figures.
    Figure(f64),
}

/// A part of a number, and where in the text it ends if another word begins there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Token {
    pub kind: Kind,
    pub end: Option<usize>,
}

/// As many parts of a number as stand at the beginning of a text.
pub(super) fn tokens(text: &str, lexicon: &Lexicon) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() && tokens.len() < TOKENS {
        let rest = &text[at..];
        let word = rest.split(' ').next().unwrap_or(rest);
        if let Some(figure) = figure(word) {
            tokens.push(Token { kind: Kind::Figure(figure), end: Some(at + word.len()) });
            at += word.len() + 1;
        } else if let Some((kind, length)) = phrase(rest, lexicon) {
            tokens.push(Token { kind, end: Some(at + length) });
            at += length + 1;
        } else if let Some((and, kind, length)) = after_glued_and(rest, word, lexicon) {
            tokens.push(Token { kind: Kind::And, end: None });
            tokens.push(Token { kind, end: Some(at + and + length) });
            at += and + length + 1;
        } else if let Some(kinds) = glued(word, lexicon) {
            tokens.extend(kinds.into_iter().map(|kind| Token { kind, end: None }));
            at += word.len() + 1;
            if let Some(last) = tokens.last_mut() {
                last.end = Some(at - 1);
            }
        } else {
            break;
        }
    }
    tokens
}

/// A word in figures, with decimals behind a point where the caller left them.
fn figure(word: &str) -> Option<f64> {
    let figures = word.len() <= 20 && word.starts_with(|c: char| c.is_ascii_digit());
    let known = word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    (figures && known).then(|| word.parse().ok()).flatten()
}

/// The longest phrase of a number at the beginning of a text.
fn phrase(text: &str, lexicon: &Lexicon) -> Option<(Kind, usize)> {
    let longest = lexicon.at_start(text).filter(|(_, sections)| of_number(*sections).is_some()).last();
    longest.and_then(|(length, sections)| Some((kind(of_number(sections)?, &text[..length], lexicon)?, length)))
}

/// What a word or a part of one is, by itself.
fn piece(text: &str, lexicon: &Lexicon) -> Option<Kind> {
    phrase(text, lexicon).map(|(kind, _)| kind)
}

/// The section as which a phrase counts in a number.
fn of_number(sections: Sections) -> Option<Section> {
    SECTIONS.iter().copied().find(|section| sections.has(*section))
}

/// A phrase with the word for "and" written to it: "وعشرين".
fn after_glued_and(text: &str, word: &str, lexicon: &Lexicon) -> Option<(usize, Kind, usize)> {
    let ends = word.char_indices().skip(1).map(|(at, _)| at).take(4);
    ends.filter(|at| lexicon.has(Section::And, &word[..*at])).find_map(|at| {
        let (kind, length) = phrase(&text[at..], lexicon)?;
        Some((at, kind, length))
    })
}

/// The parts of a number that is written as one word, each as long as it can be.
fn glued(word: &str, lexicon: &Lexicon) -> Option<Vec<Kind>> {
    if word.len() > GLUED {
        return None;
    }
    // For each byte the piece that begins there and lets the word be read to its end, found from behind.
    let mut pieces: Vec<Option<(usize, Kind)>> = vec![None; word.len() + 1];
    for from in (0..word.len()).rev().filter(|at| word.is_char_boundary(*at)) {
        let reaches_end = |to: &usize| *to == word.len() || pieces[*to].is_some();
        let mut ends = (from + 1..=word.len()).rev().filter(|to| word.is_char_boundary(*to)).filter(reaches_end);
        pieces[from] = ends.find_map(|to| Some((to, piece(word.get(from..to)?, lexicon)?)));
    }
    let mut kinds = Vec::new();
    let mut at = 0;
    while at < word.len() {
        let (to, kind) = pieces[at]?;
        kinds.push(kind);
        at = to;
    }
    Some(kinds)
}

/// Of a phrase that stands in several the first counts.
const SECTIONS: [Section; 10] = [
    Section::One,
    Section::Ten,
    Section::Hundred,
    Section::Hundreds,
    Section::Scale,
    Section::AndQuarters,
    Section::QuartersAnd,
    Section::Quarters,
    Section::And,
    Section::Point,
];

fn kind(section: Section, phrase: &str, lexicon: &Lexicon) -> Option<Kind> {
    let number = lexicon.number(section, phrase)?;
    Some(match section {
        Section::One => Kind::One(number),
        Section::Ten => Kind::Ten(number),
        Section::Hundred => Kind::Hundred,
        Section::Hundreds => Kind::Hundreds(number),
        Section::Scale => Kind::Scale(number),
        Section::And => Kind::And,
        Section::Point => Kind::Point,
        Section::Quarters => Kind::Quarters(number),
        Section::AndQuarters => Kind::AndQuarters(number),
        Section::QuartersAnd => Kind::QuartersAnd(number),
        _ => return None,
    })
}
