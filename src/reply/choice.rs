//! One of several choices: by the tapped button, by number in the list, by label, by `also`; and leniently by what people
//! write around these, by a place in words, by the beginning of a label, with slips of the finger.

mod agreement;
mod collision;
mod near;
mod phrase;
mod place;
mod reading;
mod spelling;

pub use collision::Collision;
pub(super) use near::{FAR, begins};
pub(super) use reading::Means;

use super::character::{Role, role};
use super::normalize::Normalized;
use super::words::{Lexicon, Section, lexicons};
use super::{NotUnderstood, Understanding, Understood, number_words, politeness};
use crate::domain::language::Language;
use crate::domain::value::Value;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// One choice as it is given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
    /// Nothing that strangers write is put into it: a quick hash serves.
    keys: HashMap<String, Vec<Key>, FixedState>,
    /// Words of the longest key.
    longest: usize,
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

/// Which of the texts of a choice a text is; the earlier goes before the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    Label,
    Also,
    /// The label or an `also` without its signs, or the picture of the label alone: only where nothing above matches.
    WithoutSigns,
    /// Without what people write around an answer: "pay" for "I want to pay". Only leniently.
    Core,
}

#[derive(Debug, Clone, Copy)]
struct Key {
    index: usize,
    rule: Rule,
    /// It is a question itself: "What do I owe?"
    asks: bool,
}

/// Why a text is exactly a choice.
#[derive(Debug, Clone, Copy)]
enum How {
    Text(Rule),
    /// Its line of the list.
    Line(Rule),
    Number(u32),
}

/// What a text chooses among the shown choices.
enum Found {
    Nothing,
    One(usize, How),
    Several,
    /// A number that could be a place or the beginning of a label.
    UnclearNumber,
    /// A number that is no place.
    NoSuchNumber,
}

impl Options {
    /// Makes choices ready; `language` is that of the labels, whose words are known besides the English ones.
    pub fn new(candidates: Vec<Candidate>, language: Language) -> Self {
        let mut options =
            Options { items: Vec::with_capacity(candidates.len()), keys: HashMap::default(), longest: 0, language: [language] };
        for (index, candidate) in candidates.into_iter().enumerate() {
            let label = Normalized::of(&candidate.label);
            let first = label.words().next().unwrap_or_default();
            let leading_word = number_words::cardinal(first, options.lexicons()).and_then(as_place);
            let leading = leading_number(&label);
            if let Some(picture) = picture(&candidate.label) {
                options.add(picture, Key { index, rule: Rule::WithoutSigns, asks: false });
            }
            options.add_all(&label, index, Rule::Label);
            for also in &candidate.also {
                options.add_all(&Normalized::of(also), index, Rule::Also);
            }
            options.items.push(Item { id: candidate.id, label: candidate.label, leading, leading_word });
        }
        options
    }

    fn add_all(&mut self, text: &Normalized, index: usize, rule: Rule) {
        let asks = text.asks();
        if let Some(plain) = text.without_signs() {
            self.add(plain, Key { index, rule: Rule::WithoutSigns, asks });
        }
        let Some(whole) = text.whole().filter(|whole| !whole.is_empty()) else { return };
        if let Some(respelled) = spelling::respelled(whole, self.language[0]) {
            self.add(respelled, Key { index, rule: Rule::Core, asks });
        }
        let core = politeness::cores(whole, self.lexicons()).last().map_or(whole, |core| core.text);
        if core.len() < whole.len() {
            let core = core.to_owned();
            self.add(core, Key { index, rule: Rule::Core, asks });
        }
        self.add(whole.to_owned(), Key { index, rule, asks });
    }

    fn add(&mut self, text: String, key: Key) {
        self.longest = self.longest.max(text.split(' ').count());
        let entry = self.keys.entry(text).or_default();
        match entry.iter_mut().find(|known| known.index == key.index) {
            Some(known) => *known = Key { rule: known.rule.min(key.rule), asks: known.asks || key.asks, ..key },
            None => entry.push(key),
        }
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
        match self.lenient(text, shown) {
            Ok(found) => Understood::lenient(self.value(found.index), found.reason),
            Err(reason) => NotUnderstood::because(reason),
        }
    }

    /// By the tapped button, or by the whole message being a number of the list, a label or an `also`.
    pub fn exact(&self, text: &Normalized, payload: Option<&str>, shown: Shown<'_>) -> Option<Match> {
        if let Some(index) = self.tapped(payload, shown) {
            return Some(Match { index, reason: format!("tapped `{}`", self.items[index].id) });
        }
        let whole = text.whole()?;
        match self.find(whole, shown) {
            // "cash?" asks about it.
            Found::One(index, _) if text.asks() && !self.is_asked_by(whole, index) || text.doubts() => None,
            Found::One(index, how) => Some(Match { index, reason: self.reason(index, how) }),
            _ => None,
        }
    }

    /// The choice whose button was tapped.
    pub(super) fn tapped(&self, payload: Option<&str>, shown: Shown<'_>) -> Option<usize> {
        let payload = payload?;
        shown.visible.iter().copied().find(|index| self.id(*index) == Some(payload))
    }

    /// English words and those of the labels' language.
    pub(super) fn lexicons(&self) -> impl Iterator<Item = &'static Lexicon> + Clone + '_ {
        lexicons(&self.language)
    }

    fn reason(&self, index: usize, how: How) -> String {
        let id = self.items.get(index).map_or("?", |item| item.id.as_str());
        let text = |rule| match rule {
            Rule::Label => "the label of",
            Rule::Also => "`also` of",
            Rule::WithoutSigns => "signs aside, the label of",
            Rule::Core => "in other words, the label of",
        };
        match how {
            How::Text(rule) => format!("{} `{id}`", text(rule)),
            How::Line(rule) => format!("number and {} `{id}`", text(rule)),
            How::Number(number) => format!("number {number} of the list, `{id}`"),
        }
    }

    fn find(&self, text: &str, shown: Shown<'_>) -> Found {
        let by_text = match self.by_text(text, shown, Rule::WithoutSigns) {
            Found::Nothing => self.by_line(text, shown),
            found => found,
        };
        let Some(number) = bare_number(text) else {
            let explicit = matches!(by_text, Found::Nothing).then(|| self.number_of_place(text)).flatten();
            return explicit.map_or(by_text, |number| self.by_announced_place(number, shown));
        };
        let place = place(number, shown).filter(|index| *index < self.items.len());
        match (by_text, place) {
            (Found::One(index, how), None) => Found::One(index, how),
            (Found::One(index, how), Some(place)) if index == place => Found::One(index, how),
            // "7" is the label "7" of a button, unless the contact also saw another choice with the number 7.
            (Found::One(index, how), Some(_)) if !shown.numbered && self.is_typed(text, index) => Found::One(index, how),
            (Found::One(..) | Found::Several, Some(_)) => Found::UnclearNumber,
            (Found::Nothing, Some(_)) if self.numbers_elsewhere(number, shown) => Found::UnclearNumber,
            (Found::Nothing, Some(place)) => Found::One(place, How::Number(number)),
            (Found::Nothing, None) => Found::NoSuchNumber,
            (other, _) => other,
        }
    }

    /// By label or `also`; what is typed with its signs goes before what is typed without.
    fn by_text(&self, text: &str, shown: Shown<'_>, up_to: Rule) -> Found {
        let Some(keys) = self.keys.get(text) else { return Found::Nothing };
        let visible = || keys.iter().filter(|key| key.rule <= up_to && shown.visible.contains(&key.index));
        let rank = |key: &Key| key.rule.max(Rule::Also);
        let Some(best) = visible().map(rank).min() else { return Found::Nothing };
        let mut counted = visible().filter(|key| rank(key) == best);
        match (counted.next(), counted.next()) {
            (Some(key), None) => Found::One(key.index, How::Text(key.rule)),
            (Some(_), Some(_)) => Found::Several,
            (None, _) => Found::Nothing,
        }
    }

    /// A line of the list as it stands there: "2. Cash on delivery".
    fn by_line(&self, text: &str, shown: Shown<'_>) -> Found {
        let Some((number, rest)) = text.split_once(' ') else { return Found::Nothing };
        let Some(place) = bare_number(number).and_then(|number| place(number, shown)) else { return Found::Nothing };
        match self.by_text(rest, shown, Rule::WithoutSigns) {
            Found::One(index, How::Text(rule)) if index == place => Found::One(index, How::Line(rule)),
            _ => Found::Nothing,
        }
    }

    /// "option 2": only another label that begins with this number makes that unclear.
    fn by_announced_place(&self, number: u32, shown: Shown<'_>) -> Found {
        match self.by_place(number, shown) {
            Found::One(place, _) if self.is_number_of_another(number, place, shown) => Found::UnclearNumber,
            found => found,
        }
    }

    fn is_number_of_another(&self, number: u32, place: usize, shown: Shown<'_>) -> bool {
        let begins = |item: &Item| item.leading == Some(number);
        shown.visible.iter().any(|index| *index != place && self.items.get(*index).is_some_and(begins))
    }

    /// A number that can only be a place: "the second one".
    fn by_place(&self, number: u32, shown: Shown<'_>) -> Found {
        match place(number, shown).filter(|index| *index < self.items.len()) {
            Some(place) => Found::One(place, How::Number(number)),
            None => Found::NoSuchNumber,
        }
    }

    fn is_typed(&self, text: &str, index: usize) -> bool {
        let keys = self.keys.get(text).into_iter().flatten();
        keys.into_iter().any(|key| key.index == index && key.rule <= Rule::Also)
    }

    fn is_asked_by(&self, text: &str, index: usize) -> bool {
        self.keys.get(text).into_iter().flatten().any(|key| key.index == index && key.asks)
    }

    /// "option 2": the number behind a word that announces a place.
    fn number_of_place(&self, text: &str) -> Option<u32> {
        let rest = self.lexicons().find_map(|lexicon| lexicon.strip_start(Section::Place, text)).map(|(_, rest)| rest)?;
        bare_number(rest)
    }

    /// Whether a bare number might mean something else than a place: labels begin with numbers that are not their places; or,
    /// where no numbers were shown, another label with this one in words.
    fn numbers_elsewhere(&self, number: u32, shown: Shown<'_>) -> bool {
        shown.visible.iter().enumerate().filter_map(|(at, index)| Some((at + 1, self.items.get(*index)?))).any(|(at, item)| {
            item.leading.is_some_and(|leading| leading as usize != at)
                || !shown.numbered && item.leading_word == Some(number) && number as usize != at
        })
    }
}

/// The choice at a place of the list.
fn place(number: u32, shown: Shown<'_>) -> Option<usize> {
    shown.visible.get((number as usize).checked_sub(1)?).copied()
}

/// A number that can be a place.
fn as_place(number: f64) -> Option<u32> {
    (number.fract() == 0.0 && (0.0..1e6).contains(&number)).then_some(number as u32)
}

/// The pictures of a label that has words besides: "Good 😀" may be chosen by its face.
fn picture(label: &str) -> Option<String> {
    let is_picture = |c: &char| *c as u32 >= 0x2190 && matches!(role(*c, None), Role::Picture | Role::Sign);
    let pictures = Normalized::of(&label.chars().filter(is_picture).collect::<String>());
    (!pictures.is_empty()).then(|| pictures.as_str().to_owned())
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
