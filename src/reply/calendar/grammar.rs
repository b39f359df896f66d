//! What is known about a reply before its pieces are sought: its tokens, what their phrases mean, and the numbers in it.

use super::sections::Meaning;
use super::tokens::{Kind, Token, key, tokens};
use super::words::{Match, Vocabulary, matches};
use crate::reply::number_words::cardinal;
use crate::reply::words::Lexicon;

/// Arabic writes "and" as the first letter of the next word.
const AND: &str = "\u{648}";

/// Words of the longest number: "twenty-one", "vinte e cinco".
const NUMBER_WORDS: usize = 4;

/// A number, in figures or in words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    /// The number.
    pub value: u32,
    /// Its figures; none if it is in words.
    pub figures: usize,
    /// The token after it.
    pub end: usize,
}

/// A reply, prepared.
#[derive(Debug)]
pub(super) struct Grammar {
    pub tokens: Vec<Token>,
    meanings: Vec<Vec<Match>>,
    numbers: Vec<Option<Number>>,
    /// "5:30" in figures is the clock of 24 hours.
    pub clock_24: bool,
    /// Some hours may be counted from six.
    pub six: bool,
    /// The month stands before the day.
    pub month_first: bool,
    /// English has no "5.3." for a day.
    pub english: bool,
}

impl Grammar {
    /// Prepares a reply; nothing if it has too many tokens, or asks.
    pub fn of(original: &str, vocabularies: &[&Vocabulary], lexicons: &[&'static Lexicon]) -> Option<Self> {
        let mut tokens = tokens(original)?;
        split_and(&mut tokens, vocabularies, lexicons);
        let meanings = matches(&tokens, vocabularies);
        let numbers = (0..tokens.len()).map(|at| number(&tokens, at, lexicons)).collect();
        let six = vocabularies.iter().any(|vocabulary| vocabulary.has(Meaning::SixHours));
        Some(Grammar { tokens, meanings, numbers, clock_24: false, six, month_first: false, english: false })
    }

    /// The number that begins at a token.
    pub fn number(&self, at: usize) -> Option<Number> {
        self.numbers.get(at).copied().flatten()
    }

    /// Every value that `pick` finds in what the phrase at a token means, with the token after it.
    pub fn all<T>(&self, at: usize, pick: impl Fn(Meaning) -> Option<T>) -> Vec<(T, usize)> {
        let here = self.meanings.get(at).into_iter().flatten();
        here.filter_map(|found| pick(found.meaning).map(|value| (value, found.end))).collect()
    }

    /// The first of them.
    pub fn one<T>(&self, at: usize, pick: impl Fn(Meaning) -> Option<T>) -> Option<(T, usize)> {
        self.all(at, pick).into_iter().next()
    }

    /// The token after a phrase that means just this.
    pub fn end_of(&self, at: usize, wanted: Meaning) -> Option<usize> {
        self.one(at, |meaning| (meaning == wanted).then_some(())).map(|(_, end)| end)
    }

    /// The token after such phrases, however many stand there.
    pub fn past(&self, mut at: usize, wanted: impl Fn(Meaning) -> bool) -> usize {
        while let Some(((), end)) = self.one(at, |meaning| wanted(meaning).then_some(())) {
            at = end;
        }
        at
    }

    /// Whether a sign stands at a token, glued to what is before it.
    pub fn sign(&self, at: usize, sign: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(sign))
    }

    /// Whether a token follows the one before without a blank.
    pub fn glued(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.glued)
    }

    /// A year of four figures.
    pub fn full_year(&self, at: usize) -> Option<(i16, usize)> {
        let number = self.number(at).filter(|number| number.figures == 4 && (1_900..=2_100).contains(&number.value))?;
        Some((number.value as i16, number.end))
    }
}

fn number(tokens: &[Token], at: usize, lexicons: &[&'static Lexicon]) -> Option<Number> {
    let first = tokens.get(at)?;
    match first.kind {
        Kind::Number(value) => return Some(Number { value, figures: first.text.len(), end: at + 1 }),
        Kind::Sign(_) => return None,
        Kind::Word => {}
    }
    let mut text = String::new();
    let mut end = at;
    let mut found = None;
    for _ in 0..NUMBER_WORDS {
        if end > at && tokens.get(end).is_some_and(|token| token.is('-') && token.glued) {
            end += 1;
        }
        let Some(token) = tokens.get(end).filter(|token| token.kind == Kind::Word) else { break };
        if end > at && !text.ends_with(AND) {
            text.push(' ');
        }
        text.push_str(&token.text);
        end += 1;
        if let Some(value) = whole(&text, lexicons) {
            found = Some(Number { value, figures: 0, end });
        }
    }
    found
}

fn whole(text: &str, lexicons: &[&'static Lexicon]) -> Option<u32> {
    let value = cardinal(text, lexicons.iter().copied())?;
    (value.fract() == 0.0 && (0.0..=9_999.0).contains(&value)).then_some(value as u32)
}

/// Parts "and" from the number that it is written with: "وعشر دقائق".
fn split_and(tokens: &mut Vec<Token>, vocabularies: &[&Vocabulary], lexicons: &[&'static Lexicon]) {
    let mut at = 0;
    while at < tokens.len() {
        let rest = tokens[at].text.strip_prefix(AND).filter(|rest| rest.chars().count() > 2).map(str::to_owned);
        let known =
            |word: &str| vocabularies.iter().any(|vocabulary| vocabulary.knows(&key(word))) || whole(word, lexicons).is_some();
        if let Some(rest) = rest.filter(|rest| known(rest) && !known(&tokens[at].text)) {
            let mut inner = super::tokens::tokens(&rest).unwrap_or_default();
            if let [word] = inner.as_mut_slice() {
                word.glued = false;
                let glued = tokens[at].glued;
                let and = Token { kind: Kind::Word, text: AND.to_owned(), key: AND.to_owned(), glued };
                tokens.splice(at..=at, [and, word.clone()]);
            }
        }
        at += 1;
    }
}
