//! A reply as words among which every number in figures is one word, in one form: "un 7,5!" is "un 7.5".

use super::super::character::{self, Role};
use super::super::normalize::Normalized;
use super::figures::{Numeral, groups_by_blank, numeral};
use crate::domain::language::Language;

/// Why a reply is no words and numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Figures with something written to them, or a sign that joins or changes numbers.
    Joined,
    /// A number whose comma or point has two readings.
    Unclear,
    /// A number that cannot be kept.
    TooLong,
}

/// The words of a text in the form of [`super::figures::plain`].
pub(super) fn phrase(plain: &str, language: Language) -> Result<String, Trouble> {
    let mut out = String::new();
    let mut words = plain.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if !word.bytes().any(|b| b.is_ascii_digit()) {
            add(&mut out, &plain_words(word)?);
            continue;
        }
        let word = trim(word);
        if let Some(joined) = joined_by_blanks(word, &mut words, language) {
            add(&mut out, &figure(trim(&joined), language)?);
            continue;
        }
        let (number, rest) = split_after_figures(word);
        add(&mut out, &figure(number, language)?);
        add(&mut out, &plain_words(rest)?);
    }
    Ok(out)
}

fn add(out: &mut String, words: &str) {
    if !out.is_empty() && !words.is_empty() {
        out.push(' ');
    }
    out.push_str(words);
}

fn figure(text: &str, language: Language) -> Result<String, Trouble> {
    match numeral(text, language) {
        Numeral::Is(number) => Ok(number.to_string()),
        Numeral::Unclear => Err(Trouble::Unclear),
        Numeral::TooLong => Err(Trouble::TooLong),
        Numeral::None => Err(Trouble::Joined),
    }
}

/// Words without figures. Pictures among them say nothing, signs that join or change numbers do.
fn plain_words(text: &str) -> Result<String, Trouble> {
    let joins = |c: char| matches!(c, '+' | '/' | '=' | '&' | '<' | '>' | '~' | '%');
    let dash_before = text.starts_with(['-', '\u{2013}', '\u{2014}']);
    if text.contains(joins) || dash_before {
        return Err(Trouble::Joined);
    }
    // A text of its own: pictures and punctuation alone are kept by `Normalized`.
    if text.chars().all(|c| says_nothing(c) || matches!(character::role(c, None), Role::Punctuation | Role::Apostrophe)) {
        return Ok(String::new());
    }
    Ok(Normalized::of(text).as_str().to_owned())
}

fn says_nothing(c: char) -> bool {
    matches!(character::role(c, None), Role::Picture | Role::Nothing | Role::Blank)
}

/// A word without what stands around numbers in writing.
fn trim(word: &str) -> &str {
    let before = |c: char| {
        says_nothing(c) || matches!(c, '"' | '\'' | '(' | '[' | '*' | '_' | '`' | '\u{201C}' | '\u{2018}' | '\u{AB}' | '¡')
    };
    let after = |c: char| {
        says_nothing(c)
            || matches!(c, '.' | '!' | ',' | ';' | ':' | '"' | '\'' | ')' | ']' | '*' | '_' | '`')
            || matches!(c, '\u{201D}' | '\u{BB}' | '\u{2019}' | '\u{964}' | '\u{6D4}' | '\u{2026}' | '\u{3002}')
    };
    word.trim_start_matches(before).trim_end_matches(after)
}

/// "1 250", which is one number where a language groups so; elsewhere too where the second part begins with a zero.
fn joined_by_blanks<'a>(
    first: &str,
    words: &mut std::iter::Peekable<impl Iterator<Item = &'a str> + Clone>,
    language: Language,
) -> Option<String> {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let body = first.strip_prefix(['-', '+']).unwrap_or(first);
    if !digits(body) || !(1..=3).contains(&body.len()) || body.starts_with('0') {
        return None;
    }
    // Three digits, behind which only the last group has anything.
    let is_group = |word: &str| word.len() >= 3 && word.as_bytes()[..3].iter().all(u8::is_ascii_digit);
    let ends = |word: &str| !digits(word);
    let mut ahead = words.clone();
    let (mut joined, mut count, mut zero) = (first.to_owned(), 0, groups_by_blank(language));
    while let Some(word) = ahead.next_if(|word| is_group(word) && !word[3..].starts_with(|c: char| c.is_ascii_digit())) {
        zero |= word.starts_with('0');
        joined.push('\'');
        joined.push_str(word);
        count += 1;
        if ends(word) {
            break;
        }
    }
    if count == 0 || !zero {
        return None;
    }
    for _ in 0..count {
        words.next();
    }
    Some(joined)
}

/// "7,gracias" is 7 and a word: figures, a mark, letters.
fn split_after_figures(word: &str) -> (&str, &str) {
    let figures = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '\'');
    let end = word.char_indices().skip(1).find(|(_, c)| !figures(*c)).map_or(word.len(), |(at, _)| at);
    let (number, rest) = word.split_at(end);
    let marked = number.ends_with(['.', ',']) || rest.starts_with(['!', ';', ':', ')', '(', '"']);
    let letters = rest.chars().any(char::is_alphabetic) && !rest.bytes().any(|b| b.is_ascii_digit());
    if marked && letters { (trim(number), rest) } else { (word, "") }
}
