//! Numbers in words and figures, as they stand in a normalised text: "twenty one", "vingt et un", "einundzwanzig".
//!
//! The words stand in `words/LANGUAGE/numbers.txt`; [`token`] finds them in a text, [`grammar`] puts them together.

mod grammar;
mod ordinal;
mod token;

use super::words::Lexicon;
use grammar::Reader;
pub(super) use ordinal::ordinal;

/// A number at the beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Read<'a> {
    /// The number.
    pub value: f64,
    /// What follows it, without the blank between.
    pub rest: &'a str,
}

/// The longest number in words or figures with which a normalised text begins. Nothing where two of the languages read the
/// same words as different numbers.
pub(super) fn begin<'a>(text: &'a str, lexicons: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<Read<'a>> {
    let mut longest: Option<(f64, usize)> = None;
    let mut unclear = false;
    for (value, end) in lexicons.filter_map(|lexicon| read(text, lexicon)) {
        match longest {
            Some((_, known)) if known > end => {}
            Some((other, known)) if known == end => unclear |= other != value,
            _ => {
                longest = Some((value, end));
                unclear = false;
            }
        }
    }
    let (value, end) = longest.filter(|_| !unclear)?;
    Some(Read { value, rest: text[end..].trim_start() })
}

/// The number that a normalised text is from its first word to its last, in words or figures.
pub(super) fn cardinal(text: &str, lexicons: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<f64> {
    begin(text, lexicons).filter(|read| read.rest.is_empty()).map(|read| read.value)
}

/// The number at the beginning of a text in one language, and the byte at which it ends.
fn read(text: &str, lexicon: &Lexicon) -> Option<(f64, usize)> {
    let tokens = token::tokens(text, lexicon);
    Reader::new(&tokens, lexicon).read()
}

#[cfg(test)]
mod tests;
