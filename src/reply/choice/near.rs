//! Which choice a text is near to: the beginning of one label and of no other, or one label with slips of the finger.

use super::{Match, Options, Shown};
use crate::reply::words::{Section, Sections};
use crate::reply::{calendar, close};

/// Letters that the beginning of a label must have.
const PREFIX_LETTERS: usize = 3;
/// Letters up to which the next choice is looked for.
pub(in crate::reply) const FAR: usize = 6;

/// What says something by itself.
const TALK: [Section; 12] = [
    Section::Yes,
    Section::No,
    Section::Polite,
    Section::Or,
    Section::And,
    Section::Doubt,
    Section::Condition,
    Section::Ordinal,
    Section::One,
    Section::Last,
    Section::Both,
    Section::All,
];

/// Words that say yes or no besides, of which a long one may be the beginning of a label.
const AGREEING: [Section; 2] = [Section::YesLenient, Section::NoLenient];
const AGREEING_LETTERS: usize = 5;

/// What a text is near to.
pub(super) enum Near {
    One(Match),
    Several,
    Nothing {
        /// The nearest, if it is not too far, and by how many letters.
        next: Option<(usize, usize)>,
    },
}

/// A key that is nearly the text.
struct Slip<'a> {
    slips: usize,
    index: usize,
    key: &'a str,
}

impl Options {
    /// The only choice that this text is the beginning of, or that it is with slips of the finger; no other may be as near.
    pub(super) fn nearest(&self, text: &str, shown: Shown<'_>) -> Near {
        let keys = self.visible_keys(shown);
        let slips = keys.iter().filter_map(|(key, index)| {
            let slips = close::slips(text, key).filter(|_| !self.says_something_else(text, key))?;
            Some(Slip { slips, index: *index, key })
        });
        let slips: Vec<Slip<'_>> = slips.collect();
        match owners(keys.iter().filter(|(key, _)| begins(key, text))).as_slice() {
            [] => self.slipped(text, &keys, &slips),
            [index] if slips.iter().all(|slip| slip.index == *index) => {
                let inside = owners(keys.iter().filter(|(key, _)| has_word_like(key, text)));
                if inside.iter().any(|other| other != index) {
                    return Near::Several;
                }
                let whole = keys.iter().any(|(key, _)| key.strip_prefix(text).is_some_and(|rest| rest.starts_with(' ')));
                if self.is_word_of_talk(text, whole) {
                    return Near::Nothing { next: None };
                }
                let reason = format!("the beginning of `{}` and of no other", self.items[*index].id);
                Near::One(Match { index: *index, reason })
            }
            _ => Near::Several,
        }
    }

    /// The only choice of which this is the first words.
    pub(super) fn only_beginning(&self, text: &str, keys: &[(&str, usize)]) -> Option<usize> {
        // A whole word of two letters is enough: "TV" for "TV installation".
        let two = close::letters(text) == 2 && !text.contains(' ');
        let begins = |key: &str| {
            let rest = key.strip_prefix(text).unwrap_or_default();
            rest.starts_with(' ') && (two || begins(key, text))
        };
        let mut found = keys.iter().filter(|(key, _)| begins(key) || has_word_like(key, text)).map(|(_, index)| *index);
        let index = found.next()?;
        let begins = keys.iter().any(|(key, other)| *other == index && begins(key));
        (begins && found.all(|other| other == index)).then_some(index)
    }

    /// Whether a text is the beginning of a later choice, or of one of its words.
    pub(super) fn begins_another(&self, text: &str, index: usize, shown: Shown<'_>) -> bool {
        let like = |key: &str| key.starts_with(text) || has_word_like(key, text);
        self.visible_keys(shown).iter().any(|(key, other)| *other != index && like(key))
    }

    fn slipped(&self, text: &str, keys: &[(&str, usize)], slips: &[Slip<'_>]) -> Near {
        let Some(best) = slips.iter().min_by_key(|slip| (slip.slips, slip.index)) else {
            return Near::Nothing { next: next(keys, text, None) };
        };
        let next = next(keys, text, Some(best.index));
        // Two labels one letter apart are told apart by that letter alone.
        let twin = keys.iter().any(|(key, index)| *index != best.index && close::one_letter_apart(key, best.key));
        let others = slips.iter().filter(|slip| slip.index != best.index).map(|slip| slip.slips);
        let other = others.chain(next.map(|(_, letters)| letters)).min();
        if twin || other.is_some_and(|other| other < (2 * best.slips).max(1)) {
            return Near::Several;
        }
        let id = &self.items[best.index].id;
        let far = match next {
            Some((other, letters)) => format!("next `{}`: {letters} letters", self.items[other].id),
            None => format!("next: more than {FAR} letters"),
        };
        let off = match best.slips {
            0 => format!("`{id}` in another spelling"),
            1 => format!("one letter off `{id}`"),
            slips => format!("{slips} letters off `{id}`"),
        };
        Near::One(Match { index: best.index, reason: format!("{off}; {far}") })
    }

    /// Every text of every shown choice.
    pub(in crate::reply) fn visible_keys(&self, shown: Shown<'_>) -> Vec<(&str, usize)> {
        let mut visible = vec![false; self.items.len()];
        for index in shown.visible.iter().filter(|index| **index < self.items.len()) {
            visible[*index] = true;
        }
        let keys = self.keys.iter().flat_map(|(text, keys)| keys.iter().map(|key| (text.as_str(), key.index)));
        keys.filter(|(_, index)| visible[*index]).collect()
    }

    /// Whether one of the words that differ is a word that means something else: "juli" is no slip for "Juni".
    pub(super) fn says_something_else(&self, text: &str, key: &str) -> bool {
        let apart = text.split(' ').count() == key.split(' ').count();
        apart && text.split(' ').zip(key.split(' ')).any(|(word, meant)| word != meant && self.is_another_word(word, meant))
    }

    fn is_another_word(&self, word: &str, meant: &str) -> bool {
        let is_name = || calendar::names(word, self.language[0]).next().is_some();
        let is_word = |sections: Sections| {
            // "confirma" is a yes, and still "Confirmar" with a slip.
            let agrees = AGREEING.into_iter().any(|section| sections.has(section)) && close::letters(word) > AGREEING_LETTERS;
            !sections.is_empty() && !agrees
        };
        self.lexicons().any(|lexicon| is_word(lexicon.sections_of(word))) || is_name() && !self.is_same_name(word, meant)
    }

    /// Whether both words name the same day of the week or month: "weds", "Wednesday".
    pub(super) fn is_same_name(&self, word: &str, meant: &str) -> bool {
        let [language] = self.language;
        calendar::names(word, language).any(|name| calendar::names(meant, language).any(|other| other == name))
    }

    /// Whether it is a phrase with a meaning of its own, which is no beginning of a label: "one", "yes", "not". One word that
    /// begins a question in English does not where another language is spoken; a longer word that turns an answer around may be
    /// the first word of a label, "cancel" or "nobody".
    fn is_word_of_talk(&self, text: &str, whole_words: bool) -> bool {
        let talk = TALK.into_iter().collect();
        let may_begin = whole_words && close::letters(text) > PREFIX_LETTERS;
        self.lexicons().enumerate().any(|(at, lexicon)| {
            let sections = lexicon.sections_of(text);
            let agrees = AGREEING.into_iter().any(|section| sections.has(section));
            let asks = at == 0 && sections.has(Section::Question);
            let turns = sections.has(Section::Not) || sections.has(Section::LeadIn);
            let short = close::letters(text) <= AGREEING_LETTERS;
            sections.meets(talk) || asks || turns && !may_begin || agrees && short
        })
    }

    /// Whether a word might be one of another choice than this, or a word near to one of its words.
    pub(super) fn is_near_another(&self, word: &str, index: usize, shown: Shown<'_>) -> bool {
        let like = |meant: &str| {
            let begins = close::letters(word) >= PREFIX_LETTERS && meant.starts_with(word);
            meant == word || begins || close::slips(word, meant).is_some() || close::distance(word, meant, 1).is_some()
        };
        self.visible_keys(shown).iter().any(|(key, other)| *other != index && key.split(' ').any(like))
    }
}

/// Whose keys these are, each once.
fn owners<'a>(keys: impl Iterator<Item = &'a (&'a str, usize)>) -> Vec<usize> {
    let mut owners: Vec<usize> = keys.map(|(_, index)| *index).collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}

/// The nearest choice but one, and by how many letters.
fn next(keys: &[(&str, usize)], text: &str, but: Option<usize>) -> Option<(usize, usize)> {
    let others = keys.iter().filter(|(_, index)| Some(*index) != but);
    let near = others.filter_map(|(key, index)| Some((close::distance(text, key, FAR)?, *index)));
    near.min().map(|(letters, index)| (index, letters))
}

/// Whether a text is the beginning of a key: at least three letters of it, or several whole words; never a part of a number.
pub(in crate::reply) fn begins(key: &str, text: &str) -> bool {
    let Some(rest) = key.strip_prefix(text).filter(|rest| !rest.is_empty()) else { return false };
    let whole_words = rest.starts_with(' ');
    let mixed = text.contains(' ') || text.chars().count() >= PREFIX_LETTERS && close::letters(text) > 0;
    let enough = close::letters(text) >= PREFIX_LETTERS || whole_words && mixed;
    // Not within a number, and not before a sign that belongs to the letter it follows.
    let cut = |c: char| c.is_alphabetic() && !close::is_mark(c);
    enough && (whole_words || rest.starts_with(cut) && !text.ends_with(|c: char| c.is_numeric()))
}

/// Whether a word of a key but its first begins with the text.
pub(super) fn has_word_like(key: &str, text: &str) -> bool {
    key.match_indices(' ').any(|(at, _)| key[at + 1..].starts_with(text))
}
