//! What stands around an address that shows by itself where it begins and ends: a phone number, an email address.

use super::character::says_nothing;
use super::normalize::Normalized;
use super::phrases::Grammar;
use super::words::{Lexicon, Section};

/// Words before an address, not all of them known, of which the last announces it: "ask for me at".
const WORDS_BEFORE: usize = 5;
/// Letters of the one word that is not known behind an address: "mate", "kkk". Fewer may belong to it: "co uk".
const UNKNOWN_LETTERS: std::ops::RangeInclusive<usize> = 3..=12;

/// What turns an address around or makes it uncertain.
const TROUBLE: [Section; 5] = [Section::Not, Section::Or, Section::Doubt, Section::Condition, Section::Question];

/// The phrases that announce an address, and those that follow one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Announced {
    /// Before it.
    pub before: Section,
    /// After it.
    pub after: Section,
}

impl Announced {
    /// Whether nothing stands around an address that makes it another, or none.
    pub(super) fn allows(self, before: &str, after: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> bool {
        let (first, last) = (Normalized::of(before.trim_matches(BRACKETS)), Normalized::of(after.trim_matches(BRACKETS)));
        let known = |text: &Normalized, section: Section| {
            let grammar = [(section, 0), (Section::LeadIn, 0), (Section::Polite, 0)];
            let read = |text: &str| Grammar(&grammar).read(text, words.clone(), |_, _, _| true).any(|_| true);
            text.as_str().chars().all(says_nothing) || read(text.as_str())
        };
        let (known_before, known_after) = (known(&first, self.before), known(&last, self.after));
        if known_before && known_after {
            return true;
        }
        let trouble = |text: &Normalized| {
            TROUBLE.iter().any(|section| words.clone().any(|lexicon| lexicon.occurs(*section, text.as_str())))
        };
        (known_before || !trouble(&first) && self.announces(before, &first, words.clone()))
            && (known_after || !trouble(&last) && is_one_word(last.as_str(), words.clone()))
    }

    /// Whether it is asked; a question mark behind a further word only asks for a nod: "ana@example.com ok?".
    pub(super) fn asks(self, text: &Normalized, after: &str) -> bool {
        text.asks() && !after.contains(char::is_alphabetic)
    }

    /// Whether the words before an address, which are not all known, end as those do that announce one.
    fn announces(self, text: &str, words_before: &Normalized, words: impl Iterator<Item = &'static Lexicon> + Clone) -> bool {
        let count = words_before.words().count();
        let Some(last) = words_before.words().last() else { return false };
        let marked = text.trim_end().ends_with([':', '=', '-', '\u{2013}', '\u{FF1A}']);
        let ends_so = |lexicon: &Lexicon| lexicon.phrases(self.before).any(|phrase| phrase.rsplit(' ').next() == Some(last));
        let letters = !words_before.as_str().contains(|c: char| c.is_numeric());
        // A single word may be the beginning of the address: "ana perez@example.com".
        letters && count <= WORDS_BEFORE && (marked || count > 1 && words.clone().any(ends_so))
    }
}

/// What may stand around an address in writing.
const BRACKETS: [char; 7] = ['<', '>', ' ', '(', ')', '[', ']'];

/// One unknown word, politeness before it aside: "merci vilmal".
fn is_one_word(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> bool {
    let mut text = text;
    while let Some((_, rest)) = words.clone().find_map(|lexicon| lexicon.strip_start(Section::Polite, text)) {
        text = rest;
    }
    text.chars().all(char::is_alphabetic) && UNKNOWN_LETTERS.contains(&text.chars().count())
}
