//! One of several choices: by the tapped button, by number in the list, by label, by `also`.

mod collision;

pub use collision::Collision;

use super::normalize::Normalized;
use super::politeness::cores;
use super::words::{Lexicon, Section, lexicons};
use super::{NotUnderstood, Understanding, Understood, close, politeness};
use crate::domain::language::Language;
use crate::domain::value::Value;
use std::collections::HashMap;

/// One choice as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its id, and the payload of its button.
    pub id: String,
    /// What the contact sees, in the contact's language.
    pub label: String,
    /// What else chooses it.
    pub also: Vec<String>,
}

/// The choices of a question in one language, made ready once, so that a reply costs little.
#[derive(Debug, Clone)]
pub struct Options {
    items: Vec<Item>,
    keys: HashMap<String, Vec<Key>>,
    language: [Language; 1],
}

/// How the choices were shown.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The shown choices, by their index in the candidates, in the order in which the contact saw them.
    pub visible: &'a [usize],
    /// Whether the contact saw a number before each: a numbered menu, not buttons.
    pub numbered: bool,
}

/// A choice that a reply made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its index in the candidates.
    pub index: usize,
    /// Which rule matched, in one line; holds nothing that the contact wrote.
    pub reason: String,
}

#[derive(Debug, Clone)]
struct Item {
    id: String,
    label: String,
    /// The number with which its label begins.
    leading: Option<u32>,
    /// The same in words: "Two tickets".
    leading_word: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    Label,
    Also,
    /// The label without its signs, or an `also` without them: only where nothing else matches.
    WithoutSigns,
}

#[derive(Debug, Clone, Copy)]
struct Key {
    index: usize,
    rule: Rule,
}

/// What a text chooses among the shown choices.
enum Found {
    Nothing,
    One(usize, String),
    Several,
    /// A number that could be a place or the beginning of a label.
    UnclearNumber,
    /// A number that is no place.
    NoSuchNumber,
}

impl Options {
    /// Makes choices ready; `language` is that of the labels, whose polite words are known too.
    pub fn new(candidates: Vec<Candidate>, language: Language) -> Self {
        let mut keys: HashMap<String, Vec<Key>> = HashMap::new();
        let mut add = |text: String, index: usize, rule: Rule| {
            let entry = keys.entry(text).or_default();
            match entry.iter_mut().find(|key| key.index == index) {
                Some(key) => key.rule = key.rule.min(rule),
                None => entry.push(Key { index, rule }),
            }
        };
        let mut items = Vec::with_capacity(candidates.len());
        for (index, candidate) in candidates.into_iter().enumerate() {
            let label = Normalized::of(&candidate.label);
            let leading = leading_number(&label);
            let first = label.words().next().unwrap_or_default();
            let leading_word = lexicons(&[language]).find_map(|lexicon| lexicon.number(Section::One, first));
            let also = candidate.also.iter().map(|also| (Normalized::of(also), Rule::Also));
            for (text, rule) in std::iter::once((label, Rule::Label)).chain(also) {
                if let Some(plain) = text.without_signs() {
                    add(plain, index, Rule::WithoutSigns);
                }
                if let Some(whole) = text.whole().filter(|whole| !whole.is_empty()) {
                    add(whole.to_owned(), index, rule);
                }
            }
            items.push(Item { id: candidate.id, label: candidate.label, leading, leading_word });
        }
        Options { items, keys, language: [language] }
    }

    /// How many choices there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The id of a choice.
    pub fn id(&self, index: usize) -> Option<&str> {
        self.items.get(index).map(|item| item.id.as_str())
    }

    /// The label of a choice.
    pub fn label(&self, index: usize) -> Option<&str> {
        self.items.get(index).map(|item| item.label.as_str())
    }

    /// The choice as a value.
    pub fn value(&self, index: usize) -> Value {
        match self.items.get(index) {
            Some(item) => Value::Choice { id: item.id.clone(), label: item.label.clone() },
            None => Value::Null,
        }
    }

    /// First exactly, then leniently; the answer says which it was.
    pub fn understand(&self, text: &Normalized, payload: Option<&str>, shown: Shown<'_>) -> Understanding {
        if let Some(found) = self.exact(text, payload, shown) {
            return Understood::exact(self.value(found.index), found.reason);
        }
        if let Some(found) = self.lenient(text, shown) {
            return Understood::lenient(self.value(found.index), found.reason);
        }
        NotUnderstood::because(self.why_not(text, shown))
    }

    /// By the tapped button, or by the whole message being a number of the list, a label or an `also`.
    pub fn exact(&self, text: &Normalized, payload: Option<&str>, shown: Shown<'_>) -> Option<Match> {
        if let Some(payload) = payload {
            let tapped = shown.visible.iter().copied().find(|index| self.id(*index) == Some(payload));
            if let Some(index) = tapped {
                return Some(Match { index, reason: format!("tapped `{payload}`") });
            }
        }
        match self.find(text.whole()?, shown) {
            Found::One(index, reason) => Some(Match { index, reason }),
            _ => None,
        }
    }

    /// By what is left without politeness, a place in words ("the second one"), or a label with one slip.
    pub fn lenient(&self, text: &Normalized, shown: Shown<'_>) -> Option<Match> {
        let whole = text.whole()?;
        // Several readings of the message as it stands are not made one by reading it less closely.
        if !matches!(self.find(whole, shown), Found::Nothing) {
            return None;
        }
        let cores = cores(whole, self.lexicons());
        for core in &cores {
            // A phrase that is a choice itself was no politeness: "ok, cash" with a choice "OK".
            if !matches!(self.find(core.taken, shown), Found::Nothing) {
                return None;
            }
            match self.find(core.text, shown) {
                Found::One(index, reason) => return Some(Match { index, reason: format!("politeness aside, {reason}") }),
                Found::Nothing => {}
                _ => return None,
            }
        }
        let core = cores.last().map_or(whole, |core| core.text);
        self.place_in_words(whole, shown).or_else(|| self.with_one_slip(core, shown))
    }

    fn lexicons(&self) -> impl Iterator<Item = &'static Lexicon> + Clone + '_ {
        lexicons(&self.language)
    }

    fn find(&self, text: &str, shown: Shown<'_>) -> Found {
        let by_text = match self.by_text(text, shown) {
            Found::Nothing => self.by_line(text, shown),
            found => found,
        };
        let number = bare_number(text).or_else(|| self.number_of_place(text));
        let Some(number) = number else { return by_text };
        let place = (number as usize).checked_sub(1).and_then(|place| shown.visible.get(place)).copied();
        let place = place.filter(|index| *index < self.items.len());
        match (by_text, place) {
            (Found::One(index, reason), None) => Found::One(index, reason),
            (Found::One(index, reason), Some(place)) if index == place => Found::One(index, reason),
            // "7" is the label "7" of a button, unless the contact also saw another choice with the number 7.
            (Found::One(index, reason), Some(_)) if !shown.numbered && self.is_typed(text, index) => Found::One(index, reason),
            (Found::One(..) | Found::Several, Some(_)) => Found::UnclearNumber,
            (Found::Nothing, None) => Found::NoSuchNumber,
            (Found::Nothing, Some(place)) if self.is_clear(number, place, shown) => {
                Found::One(place, format!("number {number} of the list, `{}`", self.items[place].id))
            }
            (Found::Nothing, Some(_)) => Found::UnclearNumber,
            (other, _) => other,
        }
    }

    /// By label or `also`; what is typed with its signs goes before what is typed without.
    fn by_text(&self, text: &str, shown: Shown<'_>) -> Found {
        let Some(keys) = self.keys.get(text) else { return Found::Nothing };
        let visible = || keys.iter().filter(|key| shown.visible.contains(&key.index));
        let strong = visible().any(|key| key.rule != Rule::WithoutSigns);
        let mut counted = visible().filter(|key| !strong || key.rule != Rule::WithoutSigns);
        match (counted.next(), counted.next()) {
            (None, _) => Found::Nothing,
            (Some(_), Some(_)) => Found::Several,
            (Some(key), None) => {
                let how = match key.rule {
                    Rule::Label => "the label of",
                    Rule::Also => "`also` of",
                    Rule::WithoutSigns => "signs aside, the label of",
                };
                Found::One(key.index, format!("{how} `{}`", self.items[key.index].id))
            }
        }
    }

    /// A line of the list as it stands there: "2. Cash on delivery".
    fn by_line(&self, text: &str, shown: Shown<'_>) -> Found {
        let Some((number, rest)) = text.split_once(' ') else { return Found::Nothing };
        let place = bare_number(number).and_then(|n| (n as usize).checked_sub(1)).and_then(|at| shown.visible.get(at));
        match (self.by_text(rest, shown), place) {
            (Found::One(index, reason), Some(place)) if index == *place => Found::One(index, format!("number and {reason}")),
            _ => Found::Nothing,
        }
    }

    fn is_typed(&self, text: &str, index: usize) -> bool {
        let keys = self.keys.get(text).into_iter().flatten();
        keys.into_iter().any(|key| key.index == index && key.rule != Rule::WithoutSigns)
    }

    /// "option 2": the number behind a word that announces a place.
    fn number_of_place(&self, text: &str) -> Option<u32> {
        let (word, rest) = text.split_once(' ')?;
        self.lexicons().find(|lexicon| lexicon.has(Section::Place, word))?;
        bare_number(rest)
    }

    /// Whether a bare number can only mean the place: no other label begins with it ("2 tickets" in the first place), and
    /// where no numbers were shown, no label begins with a number other than its place.
    fn is_clear(&self, number: u32, place: usize, shown: Shown<'_>) -> bool {
        let figures = |index: usize| self.items.get(index).and_then(|item| item.leading);
        let words = |index: usize| self.items.get(index).and_then(|item| item.leading_word).filter(|_| !shown.numbered);
        let others = || shown.visible.iter().copied().filter(|index| *index != place);
        if others().any(|index| figures(index) == Some(number) || words(index) == Some(number)) {
            return false;
        }
        let own = figures(place) == Some(number);
        let elsewhere = |(at, index): (usize, &usize)| figures(*index).is_some_and(|n| n as usize != at + 1);
        own || shown.numbered || !shown.visible.iter().enumerate().any(elsewhere)
    }

    /// "two", "option two", "the second one".
    fn place_in_words(&self, text: &str, shown: Shown<'_>) -> Option<Match> {
        let text = politeness::strip(text, self.lexicons());
        let after_place = text.split_once(' ').filter(|(word, _)| self.lexicons().any(|l| l.has(Section::Place, word)));
        let word = after_place.map_or(text, |(_, rest)| rest);
        let number = self.lexicons().find_map(|l| l.number(Section::One, word).or_else(|| l.number(Section::Ordinal, word)))?;
        match self.find(&number.to_string(), shown) {
            // "first" is no place where another choice is called "First class".
            Found::One(index, _) if self.is_word_of_another(word, index, shown) => None,
            Found::One(index, reason) => Some(Match { index, reason: format!("in words, {reason}") }),
            _ => None,
        }
    }

    fn is_word_of_another(&self, text: &str, index: usize, shown: Shown<'_>) -> bool {
        let shares = |key: &str| key.split(' ').any(|word| word != "the" && text.split(' ').any(|typed| typed == word));
        let others = |keys: &[Key]| keys.iter().any(|key| key.index != index && shown.visible.contains(&key.index));
        self.keys.iter().any(|(key, keys)| others(keys) && shares(key))
    }

    fn with_one_slip(&self, text: &str, shown: Shown<'_>) -> Option<Match> {
        if self.lexicons().any(|lexicon| lexicon.occurs(Section::Not, text)) {
            return None;
        }
        let mut found: Option<usize> = None;
        for (key, entries) in &self.keys {
            if !close::is_slip(text, key) {
                continue;
            }
            for entry in entries.iter().filter(|entry| shown.visible.contains(&entry.index)) {
                if found.is_some_and(|other| other != entry.index) {
                    return None;
                }
                found = Some(entry.index);
            }
        }
        found.map(|index| Match { index, reason: format!("one letter aside, the label or `also` of `{}`", self.items[index].id) })
    }

    fn why_not(&self, text: &Normalized, shown: Shown<'_>) -> &'static str {
        let Some(whole) = text.whole() else { return "too long to be one of the choices" };
        match self.find(whole, shown) {
            Found::NoSuchNumber => "a number that is none of the choices",
            Found::UnclearNumber => "a number that could mean two of the choices",
            Found::Several => "two of the choices match",
            Found::Nothing | Found::One(..) if whole.is_empty() => "nothing was written",
            Found::Nothing | Found::One(..) => "none of the choices",
        }
    }
}

/// A text that is a number and nothing else, small enough for a place.
fn bare_number(text: &str) -> Option<u32> {
    let digits = text.len() <= 6 && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// The number with which a label begins, signs aside; one too large for a place counts as the largest.
fn leading_number(label: &Normalized) -> Option<u32> {
    let word = label.words().find(|word| word.chars().any(char::is_alphanumeric))?;
    let digits = word.trim_start_matches('-');
    let end = digits.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
    if end == 0 {
        return None;
    }
    let negative = digits.len() < word.len();
    Some(if negative { u32::MAX } else { digits[..end].parse().unwrap_or(u32::MAX) })
}

#[cfg(test)]
mod tests;
