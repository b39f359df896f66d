//! `yes_no`: a boolean. The whole message must say one of both and nothing else: whatever could turn it around, a condition,
//! a doubt, a question back, a second thought, holds words that stand in no section, and so it is not understood.

use super::normalize::Normalized;
use super::phrases::{Bits, Grammar, POLITENESS};
use super::politeness::strip;
use super::words::{Lexicon, Section, Sections, lexicons};
use super::{NotUnderstood, Understanding, Understood};
use crate::domain::language::Language;
use crate::domain::value::Value;
use std::borrow::Cow;

/// What the buttons of a yes-or-no question carry, yes first.
pub const PAYLOADS: [&str; 2] = ["yes", "no"];

const YES: Bits = 1;
const NO: Bits = 2;
/// What goes with yes only: "that works".
const WITH_YES: Bits = 4;
/// What goes with no only: "not today".
const WITH_NO: Bits = 8;

const GRAMMAR: Grammar<'static> = Grammar(&[
    (Section::Yes, YES),
    (Section::YesLenient, YES),
    (Section::No, NO),
    (Section::NoLenient, NO),
    (Section::BesideYes, WITH_YES),
    (Section::BesideNo, WITH_NO),
    (Section::Beside, 0),
    (Section::Polite, 0),
]);

/// What says neither.
const BESIDE: Grammar<'static> = Grammar(&[(Section::Beside, 0), (Section::Polite, 0)]);

/// Where a slip in a long word is forgiven.
const SLIPS: [Section; 8] = [
    Section::Yes,
    Section::YesLenient,
    Section::No,
    Section::NoLenient,
    Section::BesideYes,
    Section::BesideNo,
    Section::Beside,
    Section::Polite,
];

/// Yes or no: a tapped button, the words of English and of `languages`, 1 or 2 where the answers were shown as a
/// numbered list.
pub fn understand(text: &Normalized, payload: Option<&str>, languages: &[Language], numbered: bool) -> Understanding {
    match payload {
        Some("yes") => return Understood::exact(Value::Bool(true), "tapped `yes`"),
        Some("no") => return Understood::exact(Value::Bool(false), "tapped `no`"),
        _ => {}
    }
    let Some(whole) = text.whole() else { return NotUnderstood::because("too long to be yes or no") };
    if whole.is_empty() {
        return NotUnderstood::because("nothing was written");
    }
    if text.asks() {
        return NotUnderstood::because("a question, neither yes nor no");
    }
    if text.doubts() {
        return NotUnderstood::because("a doubt, neither yes nor no");
    }
    let words = lexicons(languages);
    if numbered && let Some((yes, exact)) = number_of_list(whole, words.clone()) {
        let reason = if yes { "number 1 of the list, yes" } else { "number 2 of the list, no" };
        return if exact { Understood::exact(Value::Bool(yes), reason) } else { Understood::lenient(Value::Bool(yes), reason) };
    }
    let said = say(whole, words.clone()).or_else(|| {
        // "✅ thanks": beside words the picture is no word.
        let only_polite = POLITENESS.read(whole, words.clone(), |_, _, _| true).has(0);
        (only_polite && text.agrees()).then_some(true)
    });
    let Some(yes) = said else { return NotUnderstood::because(why_not(whole, words)) };
    if !yes && text.agrees() {
        return NotUnderstood::because("a word for no beside a picture for yes");
    }
    let core = strip(whole, words.clone());
    if words.clone().any(|lexicon| lexicon.has(if yes { Section::Yes } else { Section::No }, core)) {
        return Understood::exact(Value::Bool(yes), if yes { "a word for yes" } else { "a word for no" });
    }
    Understood::lenient(Value::Bool(yes), if yes { "says yes and nothing else" } else { "says no and nothing else" })
}

/// What a text says with all its words.
fn say(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<bool> {
    let text = if text.contains(char::is_alphanumeric) {
        GRAMMAR.respell(text, &SLIPS, words.clone())
    } else {
        // Of pictures only those count that say something: "👍 🔥".
        let speaks = |word: &&str| words.clone().any(|lexicon| lexicon.sections_of_word(word) != Sections::default());
        Cow::Owned(text.split(' ').filter(speaks).collect::<Vec<_>>().join(" "))
    };
    let core = strip(&text, words.clone());
    for whole in [&*text, core] {
        if let Some(answer) = phrase_says(whole, words.clone()) {
            return answer;
        }
        // What only stands beside answers is none, even where a word of it would be one: "i am sorry", "makasih ya".
        if whole.len() == text.len() && BESIDE.read(&text, words.clone(), |_, _, _| true).has(0) {
            return None;
        }
    }
    if begins_a_question(core, words.clone()) || is_open(&text, words.clone()) {
        return None;
    }
    let ends = Ends::of(core, &text);
    let readings = GRAMMAR.read(&text, words.clone(), |section, from, to| {
        let decides = matches!(section, Section::Yes | Section::YesLenient);
        let first = text[from..to].split(' ').next().unwrap_or_default();
        let condition = || words.clone().any(|lexicon| lexicon.has(Section::Condition, first));
        !decides || ends.hold(from) || !condition()
    });
    let yes = readings.any(|bits| bits & YES != 0 && bits & (NO | WITH_NO) == 0);
    let no = readings.any(|bits| bits & NO != 0 && bits & (YES | WITH_YES) == 0);
    (yes != no).then_some(yes)
}

/// What a phrase that stands in a file says, whatever its parts would: nothing if it only stands beside answers, or if one of
/// two languages says the contrary of the other.
fn phrase_says(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<Option<bool>> {
    let stands = |sections: &[Section]| words.clone().any(|lexicon| sections.iter().any(|section| lexicon.has(*section, text)));
    match (stands(&[Section::Yes, Section::YesLenient]), stands(&[Section::No, Section::NoLenient])) {
        (false, false) => stands(&[Section::Beside, Section::BesideYes, Section::BesideNo]).then_some(None),
        (yes, no) => Some((yes != no).then_some(yes)),
    }
}

/// Whether a text begins as questions do, with two words at least: "is it" asks, "is" may be a part of much.
fn begins_a_question(text: &str, mut words: impl Iterator<Item = &'static Lexicon>) -> bool {
    words.any(|lexicon| {
        let phrase = lexicon.strip_start(Section::Question, text).map(|(phrase, _)| phrase);
        phrase.is_some_and(|phrase| phrase.contains(' ')) || (text.contains(' ') && lexicon.has(Section::Question, text))
    })
}

/// Whether a doubt or a condition of several words stands in a text, whose words could each be something else: "bisa jadi".
fn is_open(text: &str, mut words: impl Iterator<Item = &'static Lexicon> + Clone) -> bool {
    let all = words.clone();
    let starts = || std::iter::once(0).chain(text.match_indices(' ').map(|(at, _)| at + 1));
    words.any(|lexicon| {
        starts().any(|from| {
            let mut phrases = lexicon.at_start(&text[from..]);
            phrases.any(|(length, sections)| {
                let phrase = &text[from..from + length];
                let open = sections.has(Section::Doubt) || sections.has(Section::Condition);
                open && phrase.contains(' ') && phrase_says(phrase, all.clone()).is_none()
            })
        })
    })
}

/// The first and the last word of a text, again and again where they are repeated. Only there "si" is Spanish for yes: in the
/// midst it is an if.
struct Ends {
    first_to: usize,
    last_from: usize,
}

impl Ends {
    fn of(core: &str, text: &str) -> Self {
        let from = text.find(core).unwrap_or(0);
        let mut ends = Ends { first_to: from, last_from: from + core.len() };
        if let Some(first) = core.split(' ').next() {
            let repeated = core.split(' ').take_while(|word| *word == first).count();
            ends.first_to = from + repeated * (first.len() + 1);
        }
        if let Some(last) = core.rsplit(' ').next() {
            let repeated = core.rsplit(' ').take_while(|word| *word == last).count();
            ends.last_from = (from + core.len() + 1).saturating_sub(repeated * (last.len() + 1));
        }
        ends
    }

    fn hold(&self, from: usize) -> bool {
        from < self.first_to || from >= self.last_from
    }
}

/// The answer that 1 or 2 means, and whether that is all of the message: "2", "option 2", "the second", "2. No".
fn number_of_list(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<(bool, bool)> {
    let answer = |number: &str| match number {
        "1" => Some(true),
        "2" => Some(false),
        _ => None,
    };
    if let Some(yes) = answer(text) {
        return Some((yes, true));
    }
    let core = strip(text, words.clone());
    let core = words.clone().find_map(|lexicon| lexicon.strip_start(Section::Place, core)).map_or(core, |(_, rest)| rest);
    if let Some((number, rest)) = core.split_once(' ')
        && let Some(yes) = answer(number)
    {
        return (say(rest, words) == Some(yes)).then_some((yes, false));
    }
    let in_words = |lexicon: &Lexicon| lexicon.number(Section::Ordinal, core).or_else(|| lexicon.number(Section::One, core));
    let yes = answer(core).or_else(|| match words.clone().find_map(in_words)? {
        1 => Some(true),
        2 => Some(false),
        _ => None,
    })?;
    Some((yes, false))
}

/// Why nothing was understood, as far as the sections tell.
fn why_not(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> &'static str {
    let occurs = |section: Section| words.clone().any(|lexicon| lexicon.occurs(section, text));
    if occurs(Section::Doubt) {
        "a doubt, neither yes nor no"
    } else if occurs(Section::Condition) {
        "a condition, neither yes nor no"
    } else if occurs(Section::Yes) || occurs(Section::No) {
        "yes or no, and something that could turn it around"
    } else {
        "neither yes nor no"
    }
}

#[cfg(test)]
mod tests;
