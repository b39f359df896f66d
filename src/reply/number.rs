//! `number`: one number and nothing that makes it another: no unit, no range, no bound, no time of day.

use super::normalize::Normalized;
use super::words::{Section, lexicons};
use super::{NotUnderstood, Understanding, Understood, character, number_words, politeness};
use crate::domain::language::Language;
use crate::domain::value::Value;

/// What number is expected.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Expected {
    /// Smallest.
    pub min: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
    /// Without decimals.
    pub whole: bool,
}

/// Digits that a double holds exactly.
const DIGITS: usize = 15;

/// Reads a number out of a reply. `original` is the text that `text` was made of: its one form has no decimal points.
/// The language of the contact says what a comma means.
pub fn understand(original: &str, text: &Normalized, expected: &Expected, language: Language) -> Understanding {
    let Some(whole) = text.whole() else { return NotUnderstood::because("too long to be a number") };
    if whole.is_empty() {
        return NotUnderstood::because("nothing was written");
    }
    let plain: String = original.chars().flat_map(plain_digits).collect();
    match numeral(trim(&plain), language) {
        Numeral::Is(number) => return bounded(number, expected, true),
        Numeral::Unclear => return NotUnderstood::because("a number whose comma or point has two readings"),
        Numeral::TooLong => return NotUnderstood::because("a number with too many digits"),
        Numeral::None => {}
    }
    if let Some(number) = among_polite_words(&plain, language) {
        return match number {
            Numeral::Is(number) => bounded(number, expected, false),
            _ => NotUnderstood::because("a number whose comma or point has two readings"),
        };
    }
    let languages = [language];
    let core = politeness::strip_lead_in(whole, lexicons(&languages));
    if number_words::ordinal(core, lexicons(&languages)).is_some() {
        return NotUnderstood::because("a place and not a number");
    }
    let (minus, words) = match lexicons(&languages).find_map(|lexicon| lexicon.strip_start(Section::Minus, core)) {
        Some((_, words)) => (true, words),
        None => (false, core),
    };
    // Figures were read above, with their signs.
    let in_words = !whole.bytes().any(|b| b.is_ascii_digit());
    match number_words::cardinal(words, lexicons(&languages)).filter(|_| in_words) {
        Some(number) if minus => bounded(0.0 - number, expected, false),
        Some(number) => bounded(number, expected, false),
        None => NotUnderstood::because("not one number and nothing else"),
    }
}

fn bounded(number: f64, expected: &Expected, exact: bool) -> Understanding {
    if expected.whole && number.fract() != 0.0 {
        return NotUnderstood::because("a number with decimals where a whole one is expected");
    }
    if expected.min.is_some_and(|min| number < min) {
        return NotUnderstood::because("a number below `min`");
    }
    if expected.max.is_some_and(|max| number > max) {
        return NotUnderstood::because("a number above `max`");
    }
    match exact {
        true => Understood::exact(Value::Number(number), "a number"),
        false => Understood::lenient(Value::Number(number), "a number, in words or among polite words"),
    }
}

/// What a text is as a number.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Numeral {
    None,
    Is(f64),
    Unclear,
    TooLong,
}

/// One word that is a number, and around it only what changes nothing: "7 please".
fn among_polite_words(plain: &str, language: Language) -> Option<Numeral> {
    let mut numbers = plain.split_whitespace().enumerate().filter(|(_, word)| word.bytes().any(|b| b.is_ascii_digit()));
    let (at, number) = numbers.next()?;
    if numbers.next().is_some() {
        return None;
    }
    // What joins or turns numbers is no mere punctuation: "- 5", "5 / please".
    let joins = |word: &str| {
        !word.contains(char::is_alphanumeric) && word.contains(['-', '+', '/', ':', '=', '&', '\u{2013}', '\u{2014}'])
    };
    if plain.split_whitespace().any(joins) {
        return None;
    }
    let around: Vec<&str> = plain.split_whitespace().enumerate().map(|(i, word)| if i == at { "0" } else { word }).collect();
    let around = Normalized::of(&around.join(" "));
    let languages = [language];
    if politeness::strip_lead_in(around.as_str(), lexicons(&languages)) != "0" {
        return None;
    }
    match numeral(trim(number), language) {
        Numeral::None | Numeral::TooLong => None,
        number => Some(number),
    }
}

/// Digits of any script as ASCII, full width and keycaps aside. Fractions and powers stay: they are no plain number.
fn plain_digits(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        '\u{FE0F}' | '\u{20E3}' | '\u{200B}'..='\u{200F}' | '\u{2066}'..='\u{2069}' => (None, None),
        '\u{1F51F}' => (Some('1'), Some('0')),
        '\u{FF01}'..='\u{FF5E}' => (char::from_u32(c as u32 - 0xFEE0), None),
        '\u{1D7CE}'..='\u{1D7FF}' => (char::from_digit((c as u32 - 0x1D7CE) % 10, 10), None),
        '\u{2212}' => (Some('-'), None),
        '\u{66B}' => (Some('.'), None),
        '\u{66C}' | '\u{2019}' | '\u{A0}' | '\u{202F}' | '\u{2009}' => (Some('\''), None),
        '\u{3000}' => (Some(' '), None),
        _ => (character::digit(c).or(Some(c)), None),
    };
    first.into_iter().chain(second)
}

/// A text without what stands around numbers in writing.
fn trim(text: &str) -> &str {
    let before = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(' | '[' | '*' | '_' | '\u{201C}' | '\u{AB}');
    let after = |c: char| {
        c.is_whitespace()
            || matches!(c, '.' | '!' | '?' | ',' | ';' | ':' | '"' | '\'' | ')' | ']' | '*' | '_' | '\u{201D}' | '\u{BB}')
    };
    text.trim_start_matches(before).trim_end_matches(after)
}

/// Languages in which a comma groups thousands and a point begins the decimals.
const COMMA_GROUPS: [&str; 16] = ["en", "hi", "bn", "ta", "te", "mr", "gu", "kn", "ml", "pa", "ur", "th", "zh", "ja", "ko", "he"];
/// Languages in which a point groups thousands and a comma begins the decimals.
const POINT_GROUPS: [&str; 8] = ["de", "it", "nl", "id", "tr", "vi", "da", "el"];

/// A text that is a number in figures and nothing else.
fn numeral(text: &str, language: Language) -> Numeral {
    let (negative, body) = match text.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digit = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_digit());
    let known = body.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'\''));
    if !known || !digit(body.bytes().next_back()) || !(digit(body.bytes().next()) || body.starts_with('.')) {
        return Numeral::None;
    }
    let (integer, decimals) = match split_decimals(body, language) {
        Split::Into(integer, decimals) => (integer, decimals),
        Split::Unclear => return Numeral::Unclear,
        Split::None => return Numeral::None,
    };
    let digits: String = integer.bytes().filter(u8::is_ascii_digit).map(char::from).collect();
    let significant = digits.trim_start_matches('0');
    if significant.len() + decimals.len() > DIGITS {
        return Numeral::TooLong;
    }
    match format!("0{significant}.{decimals}0").parse::<f64>() {
        Ok(number) if negative && number != 0.0 => Numeral::Is(-number),
        Ok(number) => Numeral::Is(number),
        Err(_) => Numeral::None,
    }
}

enum Split<'a> {
    None,
    Unclear,
    Into(&'a str, &'a str),
}

/// Finds where the decimals begin, if they do, and whether the groups before are groups.
fn split_decimals(body: &str, language: Language) -> Split<'_> {
    let base = language.base();
    let count = |sign: char| body.matches(sign).count();
    let (points, commas, others) = (count('.'), count(','), count('\''));
    let grouped = |text| if is_grouped(text) { Split::Into(text, "") } else { Split::None };
    match (points, commas) {
        (0, 0) => grouped(body),
        (1, 0) | (0, 1) => {
            let sign = if points == 1 { '.' } else { ',' };
            let Some((integer, decimals)) = body.split_once(sign) else { return Split::None };
            if others > 0 {
                let fine = is_grouped(integer) && !decimals.contains('\'') && sign == '.';
                return if fine { Split::Into(integer, decimals) } else { Split::None };
            }
            let may_group = decimals.len() == 3 && (1..=3).contains(&integer.len()) && !integer.starts_with('0');
            let groups = if sign == ',' { COMMA_GROUPS.contains(&base) } else { POINT_GROUPS.contains(&base) };
            match (may_group, groups) {
                (true, true) => Split::Into(body, ""),
                (true, false) => Split::Unclear,
                // "1,5" in English is rather two numbers.
                (false, _) if sign == ',' && COMMA_GROUPS.contains(&base) => Split::None,
                (false, _) => Split::Into(integer, decimals),
            }
        }
        (0, _) | (_, 0) => grouped(body),
        // Both: the last is the decimal sign and stands once.
        (_, _) => {
            let decimal = if body.rfind('.') > body.rfind(',') { '.' } else { ',' };
            let Some((integer, decimals)) = body.rsplit_once(decimal) else { return Split::None };
            if is_grouped(integer) && !integer.contains(decimal) && others == 0 {
                Split::Into(integer, decimals)
            } else {
                Split::None
            }
        }
    }
}

/// Digits alone, or in groups of three by one sign; with commas also as in India: the last of three, those before of two.
fn is_grouped(text: &str) -> bool {
    let Some(sign) = text.chars().find(|c| !c.is_ascii_digit()) else { return !text.is_empty() };
    let groups: Vec<&str> = text.split(sign).collect();
    let digits = groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_digit()));
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else { return false };
    let inner = |size: usize| groups[1..groups.len() - 1].iter().all(|group| group.len() == size);
    let fits = (1..=3).contains(&first.len()) && inner(3) || sign == ',' && (1..=2).contains(&first.len()) && inner(2);
    digits && last.len() == 3 && !first.starts_with('0') && fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANY: Expected = Expected { min: None, max: None, whole: false };

    fn read(text: &str, expected: &Expected, language: &str) -> Option<(f64, bool)> {
        let language = Language::parse(language).expect("a language");
        let understood = understand(text, &Normalized::of(text), expected, language).ok()?;
        understood.value.as_number().map(|number| (number, understood.exact))
    }

    fn of(text: &str) -> Option<(f64, bool)> {
        read(text, &ANY, "en")
    }

    #[test]
    fn figures_are_exact() {
        for (text, expected) in [
            ("7", 7.0),
            (" 7. ", 7.0),
            ("7!", 7.0),
            ("\"7\"", 7.0),
            ("*7*", 7.0),
            ("007", 7.0),
            ("0", 0.0),
            ("-0", 0.0),
            ("-5", -5.0),
            ("−5", -5.0),
            ("+5", 5.0),
            ("7.5", 7.5),
            (".5", 0.5),
            ("0.125", 0.125),
            ("1,000", 1_000.0),
            ("1,234,567.89", 1_234_567.89),
            ("1,00,000", 100_000.0),
            ("1'000", 1_000.0),
            ("1\u{202F}000", 1_000.0),
            ("1.234,5", 1_234.5),
            ("1.234.567", 1_234_567.0),
            ("٧", 7.0),
            ("१२", 12.0),
            ("７", 7.0),
            ("7️⃣", 7.0),
            ("🔟", 10.0),
            ("999999999999999", 999_999_999_999_999.0),
        ] {
            assert_eq!(of(text), Some((expected, true)), "{text}");
        }
    }

    #[test]
    fn words_and_politeness_are_lenient() {
        for (text, expected) in [
            ("7 please", 7.0),
            ("7, thanks!", 7.0),
            ("I'd like 4 please", 4.0),
            ("It's a 7", 7.0),
            ("7.5 please", 7.5),
            ("seven", 7.0),
            ("Twenty-one", 21.0),
            ("a hundred please", 100.0),
        ] {
            assert_eq!(of(text), Some((expected, false)), "{text}");
        }
    }

    #[test]
    fn what_is_more_or_less_than_one_number_is_none() {
        for text in [
            "",
            "?",
            "abc",
            "5-6",
            "5 - 6",
            "5 to 6",
            "5/10",
            "5 out of 10",
            "5 or 6",
            "5 6",
            "5, 6",
            "1,5",
            "1,2,3",
            "1.2.3",
            "12.12.2026",
            "5:30",
            "5pm",
            "5 pm",
            "5 kg",
            "5kg",
            "5%",
            "$5",
            "5€",
            "5 stars",
            "~5",
            "about 5",
            ">5",
            "<5",
            "5+",
            "at least 5",
            "not 5",
            "- 5",
            "--5",
            "5-",
            "1e5",
            "0x10",
            "½",
            "1½",
            "5²",
            "②",
            "5 👎",
            "5 please 6",
            "one two",
            "five or six",
            "NaN",
            "inf",
            "infinity",
            "1 000",
            "2nd",
            "#5",
            "1.500",
            "1,50,00",
            "0,500",
            "01,000",
            "1'00",
            "9999999999999999",
            "0.1234567890123456",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn the_language_says_what_a_comma_means() {
        assert_eq!(read("7,5", &ANY, "es"), Some((7.5, true)));
        assert_eq!(read("7.5", &ANY, "es"), Some((7.5, true)));
        assert_eq!(read("1.500", &ANY, "de"), Some((1_500.0, true)));
        assert_eq!(read("1.500", &ANY, "es"), None);
        assert_eq!(read("1,500", &ANY, "es"), None);
        assert_eq!(read("1,500", &ANY, "de"), None);
        assert_eq!(read("1,500", &ANY, "hi"), Some((1_500.0, true)));
        assert_eq!(read("7 por favor", &ANY, "es-MX"), Some((7.0, false)));
    }

    #[test]
    fn bounds_hold_at_the_bound_and_beside_it() {
        let score = Expected { min: Some(0.0), max: Some(10.0), whole: true };
        assert_eq!(read("0", &score, "en"), Some((0.0, true)));
        assert_eq!(read("10", &score, "en"), Some((10.0, true)));
        assert_eq!(read("10.0", &score, "en"), Some((10.0, true)));
        for text in ["11", "-1", "9.5", "10.01", "eleven"] {
            assert_eq!(read(text, &score, "en"), None, "{text}");
        }
        let why = |text: &str| understand(text, &Normalized::of(text), &score, Language::EN).expect_err("no match").reason;
        assert_eq!(why("11"), "a number above `max`");
        assert_eq!(why("-1"), "a number below `min`");
        assert_eq!(why("9.5"), "a number with decimals where a whole one is expected");
        assert_eq!(why("1.500"), "a number whose comma or point has two readings");
        assert_eq!(why("my name"), "not one number and nothing else");
    }

    proptest! {
        #[test]
        fn every_number_is_read_as_it_is_written(whole in -999_999_999i64..999_999_999, cents in 0u8..100) {
            let exact = |text: String| of(&text).map(|(number, _)| number);
            prop_assert_eq!(exact(whole.to_string()), Some(whole as f64));
            let text = format!("{whole}.{cents:02}");
            prop_assert_eq!(exact(text.clone()), text.parse::<f64>().ok().map(|n| n + 0.0));
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,40}|[-+0-9.,' ]{0,20}") {
            for language in ["en", "es", "de"] {
                read(&text, &ANY, language);
            }
        }
    }
}
