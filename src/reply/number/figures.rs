//! A number in figures: its sign, its groups, its decimals.

use super::super::character;
use crate::domain::language::Language;

/// Digits that a double holds exactly.
const DIGITS: usize = 15;

/// What a text is as a number in figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Numeral {
    /// None.
    None,
    /// This number.
    Is(f64),
    /// A number whose comma or point has two readings.
    Unclear,
    /// A number that cannot be kept.
    TooLong,
}

/// How a language writes its numbers where it is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Writing {
    /// The sign between thousands; the other begins the decimals. Nothing where neither is usual, or both are.
    groups: Option<char>,
    /// "2,5" is a number: everywhere but where a comma groups. There it is rather two numbers.
    comma_begins_decimals: bool,
    /// Thousands are parted by blanks too, which are mostly typed as plain ones: 1 250.
    blanks_group: bool,
    /// "12.5." is a day.
    points_end_dates: bool,
}

impl Writing {
    /// The region of the language goes before the country of the channel.
    pub(super) fn of(language: Language, country: Option<&str>) -> Self {
        let country = language.region().or(country).unwrap_or_default().to_ascii_uppercase();
        let base = language.base();
        let groups = match (base, country.as_str()) {
            ("es", "MX" | "US" | "PR" | "DO" | "GT" | "HN" | "SV" | "NI" | "PA" | "PE") => Some(','),
            ("ar", "MA" | "DZ" | "TN" | "LY" | "MR") => Some('.'),
            ("de" | "it" | "fr", "CH" | "LI") | ("fr", "CA") | ("en", "ZA") => None,
            (
                "en" | "hi" | "sw" | "ar" | "bn" | "ta" | "te" | "mr" | "gu" | "kn" | "ml" | "pa" | "ur" | "th" | "zh" | "ja"
                | "ko" | "he",
                _,
            ) => Some(','),
            ("es" | "fr" | "de" | "pt" | "it" | "nl" | "id" | "tr" | "vi" | "da" | "el", _) => Some('.'),
            _ => None,
        };
        Writing {
            groups,
            comma_begins_decimals: groups != Some(',') || base == "ar",
            blanks_group: groups != Some(','),
            points_end_dates: matches!(base, "de" | "da" | "nb" | "fi" | "cs" | "sk" | "pl" | "hu"),
        }
    }

    /// Whether "12.5." is a day.
    pub(super) fn points_end_dates(self) -> bool {
        self.points_end_dates
    }

    /// Whether thousands are parted by blanks too.
    pub(super) fn has_blanks(self) -> bool {
        self.blanks_group
    }
}

/// Digits of any script as ASCII, full width and keycaps aside. Powers and circled digits stay: they are no plain number.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let after_digit = out.ends_with(|c: char| c.is_ascii_digit());
        match c {
            '\u{FE0F}' | '\u{20E3}' => {}
            _ if character::is_invisible(c) => {}
            '\u{1F51F}' => out.push_str("10"),
            '\u{FF01}'..='\u{FF5E}' => out.extend(char::from_u32(c as u32 - 0xFEE0)),
            '\u{1D7CE}'..='\u{1D7FF}' => out.extend(char::from_digit((c as u32 - 0x1D7CE) % 10, 10)),
            '\u{2212}' => out.push('-'),
            '\u{66B}' => out.push('.'),
            '\u{60C}' => out.push(','),
            '\u{66C}' | '\u{2019}' | '\u{A0}' | '\u{202F}' | '\u{2009}' if after_digit => out.push('\''),
            '\u{3000}' | '\u{A0}' | '\u{202F}' | '\u{2009}' => out.push(' '),
            '\u{BD}' => out.push_str(if after_digit { ".5" } else { "0.5" }),
            '\u{BC}' => out.push_str(if after_digit { ".25" } else { "0.25" }),
            '\u{BE}' => out.push_str(if after_digit { ".75" } else { "0.75" }),
            _ => out.push(character::digit(c).unwrap_or(c)),
        }
    }
    out
}

/// A text that is a number in figures and nothing else.
pub(super) fn numeral(text: &str, writing: Writing) -> Numeral {
    let (negative, body) = match text.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digit = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_digit());
    let known = body.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'\''));
    if !known || !digit(body.bytes().next_back()) || !(digit(body.bytes().next()) || body.starts_with('.')) {
        return Numeral::None;
    }
    let (integer, decimals) = match split_decimals(body, writing) {
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
fn split_decimals(body: &str, writing: Writing) -> Split<'_> {
    let count = |sign: char| body.matches(sign).count();
    let (points, commas, others) = (count('.'), count(','), count('\''));
    let grouped = |text| if is_grouped(text) { Split::Into(text, "") } else { Split::None };
    match (points, commas) {
        (0, 0) => grouped(body),
        (1, 0) | (0, 1) => {
            let sign = if points == 1 { '.' } else { ',' };
            let Some((integer, decimals)) = body.split_once(sign) else { return Split::None };
            if others > 0 {
                let fine = is_grouped(integer) && !decimals.contains('\'');
                return if fine { Split::Into(integer, decimals) } else { Split::None };
            }
            let may_group = decimals.len() == 3 && (1..=3).contains(&integer.len()) && !integer.starts_with('0');
            match (may_group, writing.groups == Some(sign)) {
                (true, true) => Split::Into(body, ""),
                (true, false) => Split::Unclear,
                // "1,5" in English is rather two numbers.
                (false, _) if sign == ',' && !writing.comma_begins_decimals => Split::None,
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
