//! A reply as words among which every number in figures is one word, in one form: "un 7,5!" is "un 7.5".

use super::super::character::{self, Role};
use super::super::normalize::Normalized;
use super::figures::{Numeral, Writing, numeral};

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

/// The words of a text in the form of [`super::figures::plain`]. What is written to figures must be a word of which
/// `is_unit` knows that it may be: "75kg", "20k".
pub(super) fn phrase(plain: &str, writing: Writing, is_unit: impl Fn(&str) -> bool) -> Result<String, Trouble> {
    let mut out = String::new();
    let mut words = plain.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let figures_inside = word.bytes().any(|b| b.is_ascii_digit());
        // "m2" is a unit although it has a figure.
        let unit = || Some(Normalized::of(word)).filter(|unit| is_unit(unit.as_str()));
        if let Some(unit) = unit() {
            add(&mut out, unit.as_str());
        } else if !figures_inside {
            add(&mut out, &plain_words(word)?);
        } else if let Some(joined) = joined_by_blanks(trim(word), &mut words, writing) {
            add(&mut out, &figure(without_price_ending(trim(&joined)), writing)?);
        } else {
            if writing.points_end_dates() && is_date(word) {
                return Err(Trouble::Joined);
            }
            let (before, number, after) = units_apart(without_price_ending(trim(word)), &is_unit);
            add(&mut out, &before);
            add(&mut out, &figure(trim(number), writing)?);
            add(&mut out, &after);
        }
    }
    Ok(out)
}

fn add(out: &mut String, words: &str) {
    if !out.is_empty() && !words.is_empty() {
        out.push(' ');
    }
    out.push_str(words);
}

fn figure(text: &str, writing: Writing) -> Result<String, Trouble> {
    match numeral(text, writing) {
        Numeral::Is(number) => Ok(number.to_string()),
        Numeral::Unclear => Err(Trouble::Unclear),
        Numeral::TooLong => Err(Trouble::TooLong),
        Numeral::None => Err(Trouble::Joined),
    }
}

/// Words without figures. Pictures among them say nothing, signs that join or change numbers do.
fn plain_words(text: &str) -> Result<String, Trouble> {
    let joins = |c: char| matches!(c, '+' | '/' | '=' | '&' | '<' | '>' | '~');
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
    writing: Writing,
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
    let (mut joined, mut count, mut zero) = (first.to_owned(), 0, writing.has_blanks());
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

/// "7,gracias" and "75kg" are a number and a word behind it, "Rs2500" is one with a word before it. What cannot be parted
/// stays with the number, which it spoils.
fn units_apart(word: &str, is_unit: impl Fn(&str) -> bool) -> (String, &str, String) {
    let whole = (String::new(), word, String::new());
    let Some(first) = word.find(|c: char| c.is_ascii_digit()) else { return whole };
    let figures = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '\'');
    let from = word[..first].trim_end_matches(['-', '+', '.']).len();
    let to = word[first..].find(|c| !figures(c)).map_or(word.len(), |end| first + end);
    let (before, number, after) = (&word[..from], &word[from..to], &word[to..]);
    let unit = |text: &str| Some(Normalized::of(text).as_str().to_owned()).filter(|unit| is_unit(unit));
    let before = match before {
        "" => Some(String::new()),
        text => unit(text),
    };
    let marked = number.ends_with(['.', ',']) || after.starts_with(['!', ';', ':', ')', '(', '"', '-']);
    let after = match after {
        "" => Some(String::new()),
        text if text.bytes().any(|b| b.is_ascii_digit()) => unit(text),
        text => unit(text).or_else(|| plain_words(text.trim_start_matches('-')).ok().filter(|text| marked && !text.is_empty())),
    };
    match (before, after) {
        (Some(before), Some(after)) => (before, number, after),
        _ => whole,
    }
}

/// "5000/=", "25.-": what ends a price changes nothing.
fn without_price_ending(word: &str) -> &str {
    let ended =
        ["/=", "/-", ",-", ".-", ",--", ".--", ",\u{2013}", ".\u{2013}"].iter().find_map(|ending| word.strip_suffix(ending));
    ended.filter(|rest| rest.ends_with(|c: char| c.is_ascii_digit())).unwrap_or(word)
}

/// "12.5.": a day and a month, each with its point.
fn is_date(word: &str) -> bool {
    let parts: Vec<&str> = word.trim_end_matches([',', '!', ')']).split('.').collect();
    let short = |part: &&str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    matches!(parts.as_slice(), [day, month, ""] if short(day) && short(month))
}
