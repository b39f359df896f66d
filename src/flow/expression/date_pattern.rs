//! A subset of the date patterns of Unicode (LDML): `d MMM, HH:mm`.
//!
//! `y` `yy` `yyyy` · `M` `MM` `MMM` `MMMM` (`L` alike) · `d` `dd` · `E` `EEE` `EEEE` · `H` `HH` `h` `hh` · `m` `mm` · `s` `ss`
//! · `a` · a text in quotes · everything that is no letter. Other letters are refused, not copied.

use super::locale::Names;
use jiff::civil::{Date, Time};
use std::fmt::Write as _;

/// A pattern, compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DatePattern(Box<[Part]>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Day(Width),
    Clock(Width),
}

/// A letter and how often it stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Width(char, usize);

impl DatePattern {
    /// Reads a pattern; the error completes a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts: Vec<Part> = Vec::new();
        let literal = |parts: &mut Vec<Part>, c: char| match parts.last_mut() {
            Some(Part::Literal(text)) => text.push(c),
            _ => parts.push(Part::Literal(c.to_string())),
        };
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c == '\'' {
                // Two quotes are one, inside and outside of a quoted text.
                if chars.next_if_eq(&'\'').is_some() {
                    literal(&mut parts, '\'');
                    continue;
                }
                loop {
                    match chars.next() {
                        Some('\'') if chars.next_if_eq(&'\'').is_some() => literal(&mut parts, '\''),
                        Some('\'') => break,
                        Some(inside) => literal(&mut parts, inside),
                        None => return Err(format!("a quoted text in the pattern `{text}` is not closed")),
                    }
                }
                continue;
            }
            if !c.is_ascii_alphabetic() {
                literal(&mut parts, c);
                continue;
            }
            let mut count = 1;
            while chars.next_if_eq(&c).is_some() {
                count += 1;
            }
            parts.push(match (c, count) {
                ('y', 1 | 2 | 4) | ('M' | 'L', 1..=4) | ('d', 1 | 2) | ('E', 1..=4) => Part::Day(Width(c, count)),
                ('H' | 'h' | 'm' | 's', 1 | 2) | ('a', 1) => Part::Clock(Width(c, count)),
                _ => {
                    let unknown = c.to_string().repeat(count);
                    return Err(format!(
                        "`{unknown}` is no part of a date; there are y yy yyyy M MM MMM MMMM d dd EEE EEEE H HH h hh m mm s ss a, and letters in quotes"
                    ));
                }
            });
        }
        Ok(DatePattern(parts.into()))
    }

    /// Writes a day, a time, or both. The error completes a sentence: a part that is asked for is not there.
    pub fn write(&self, date: Option<Date>, time: Option<Time>, names: &Names) -> Result<String, &'static str> {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Day(width) => write_day(*width, date.ok_or("a time has no day")?, names, &mut out),
                Part::Clock(width) => write_clock(*width, time.ok_or("a date has no time of day")?, names, &mut out),
            }
        }
        Ok(out)
    }
}

fn write_day(Width(letter, count): Width, date: Date, names: &Names, out: &mut String) {
    let month = (date.month() as usize).saturating_sub(1) % 12;
    let weekday = date.weekday().to_monday_zero_offset() as usize % 7;
    match (letter, count) {
        ('y', 2) => pad(i64::from(date.year()).rem_euclid(100), 2, out),
        ('y', width) => pad(i64::from(date.year()), width, out),
        ('M' | 'L', 4) => out.push_str(names.months[month]),
        ('M' | 'L', 3) => out.push_str(names.months_short[month]),
        ('M' | 'L', width) => pad(i64::from(date.month()), width, out),
        ('E', 4) => out.push_str(names.days[weekday]),
        ('E', _) => out.push_str(names.days_short[weekday]),
        (_, width) => pad(i64::from(date.day()), width, out),
    }
}

fn write_clock(Width(letter, width): Width, time: Time, names: &Names, out: &mut String) {
    match letter {
        'H' => pad(i64::from(time.hour()), width, out),
        'h' => pad(i64::from((time.hour() + 11) % 12 + 1), width, out),
        'm' => pad(i64::from(time.minute()), width, out),
        's' => pad(i64::from(time.second()), width, out),
        _ => out.push_str(names.halves[usize::from(time.hour() >= 12)]),
    }
}

fn pad(n: i64, width: usize, out: &mut String) {
    // Writing to a String does not fail.
    let _ = write!(out, "{n:0width$}");
}

#[cfg(test)]
mod tests {
    use super::super::locale::locale;
    use super::*;
    use crate::domain::language::Language;
    use jiff::civil::{date, time};

    fn write(pattern: &str, language: &str) -> String {
        let names = locale(Language::parse(language).expect("a language")).names;
        let pattern = DatePattern::parse(pattern).expect("a pattern");
        pattern.write(Some(date(2026, 3, 2)), Some(time(18, 5, 9, 0)), names).expect("both are there")
    }

    #[test]
    fn patterns_are_written_in_the_language() {
        for (pattern, language, expected) in [
            ("d MMM, HH:mm", "en", "2 Mar, 18:05"),
            ("EEEE d MMMM yyyy", "es", "lunes 2 marzo 2026"),
            ("EEE dd.MM.yy", "de", "Mo. 02.03.26"),
            ("d MMM", "hi", "2 मार्च"),
            ("d MMMM", "ar", "2 مارس"),
            ("h:mm a", "en", "6:05 PM"),
            ("hh:mm:ss a", "nl", "06:05:09 p.m."),
            ("d 'de' MMMM", "pt", "2 de março"),
            ("h 'o''clock'", "en", "6 o'clock"),
            ("H''mm", "en", "18'05"),
            ("M/d/y", "xx", "3/2/2026"),
            ("EEEE", "sw", "Jumatatu"),
            ("LLLL", "id", "Maret"),
            ("d MMM", "fr", "2 mars"),
            ("EEEE", "it", "lunedì"),
        ] {
            assert_eq!(write(pattern, language), expected, "{pattern} in {language}");
        }
    }

    #[test]
    fn midnight_and_noon_are_twelve() {
        let names = locale(Language::EN).names;
        let pattern = DatePattern::parse("h a").expect("a pattern");
        assert_eq!(pattern.write(None, Some(time(0, 0, 0, 0)), names).as_deref(), Ok("12 AM"));
        assert_eq!(pattern.write(None, Some(time(12, 0, 0, 0)), names).as_deref(), Ok("12 PM"));
        assert!(pattern.write(Some(date(2026, 1, 1)), None, names).is_err());
        assert!(DatePattern::parse("d").expect("a pattern").write(None, Some(time(0, 0, 0, 0)), names).is_err());
    }

    #[test]
    fn unknown_letters_are_refused() {
        for bad in ["D", "YYYY", "yyy", "MMMMM", "ddd", "Z", "'open", "d x"] {
            assert!(DatePattern::parse(bad).is_err(), "{bad}");
        }
    }
}
