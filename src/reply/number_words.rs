//! Numbers in words and figures, as they stand in a normalised text.

use super::words::{Lexicon, Section};

/// Words of the longest number that is looked for.
const WORDS: usize = 16;

/// A number at the beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Read<'a> {
    /// The number.
    pub value: f64,
    /// What follows it, without the blank between.
    pub rest: &'a str,
}

/// The longest number in words or plain figures with which a normalised text begins.
pub(super) fn begin<'a>(text: &'a str, lexicons: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<Read<'a>> {
    let ends = text.match_indices(' ').map(|(at, _)| at).chain([text.len()]).take(WORDS).collect::<Vec<_>>();
    ends.into_iter().rev().find_map(|end| {
        let value = number(&text[..end], lexicons.clone())?;
        Some(Read { value, rest: text[end..].trim_start() })
    })
}

/// The number that a normalised text is from its first word to its last, in words or plain figures.
pub(super) fn cardinal(text: &str, lexicons: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<f64> {
    begin(text, lexicons).filter(|read| read.rest.is_empty()).map(|read| read.value)
}

/// The place that a normalised text names: "second", "2nd".
pub(super) fn ordinal(text: &str, mut lexicons: impl Iterator<Item = &'static Lexicon>) -> Option<u32> {
    lexicons.find_map(|lexicon| lexicon.number(Section::Ordinal, text))
}

fn number(text: &str, mut lexicons: impl Iterator<Item = &'static Lexicon>) -> Option<f64> {
    if !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    lexicons.find_map(|lexicon| read(text, lexicon))
}

/// The number that these words are, and nothing else: "twenty one", "a hundred and five".
fn read(text: &str, lexicon: &Lexicon) -> Option<f64> {
    let mut words: Vec<&str> = text.split(' ').take(8).collect();
    let minus = words.first().is_some_and(|word| lexicon.has(Section::Minus, word));
    if minus {
        words.remove(0);
    }
    let hundred = words.iter().position(|word| lexicon.has(Section::Hundred, word));
    let number = match hundred {
        None => below_hundred(&words, lexicon)?,
        Some(at) => {
            let times = match &words[..at] {
                // "a hundred" comes here without its article, which was taken off as a lead-in.
                [] | ["a"] => 1,
                [word] => lexicon.number(Section::One, word).filter(|n| (1..=9).contains(n))?,
                _ => return None,
            };
            let rest = match &words[at + 1..] {
                [and, rest @ ..] if lexicon.has(Section::And, and) && !rest.is_empty() => below_hundred(rest, lexicon)?,
                [] => 0,
                rest => below_hundred(rest, lexicon)?,
            };
            times * 100 + rest
        }
    };
    Some(if minus { -f64::from(number) } else { f64::from(number) } + 0.0)
}

fn below_hundred(words: &[&str], lexicon: &Lexicon) -> Option<u32> {
    match words {
        [word] => lexicon.number(Section::One, word).or_else(|| lexicon.number(Section::Ten, word)),
        [ten, one] => {
            let one = lexicon.number(Section::One, one).filter(|n| (1..=9).contains(n))?;
            Some(lexicon.number(Section::Ten, ten)? + one)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::words::{lexicon, lexicons};

    #[test]
    fn a_number_is_found_at_the_beginning() {
        let begin = |text| begin(text, lexicons(&[])).map(|read| (read.value, read.rest));
        assert_eq!(begin("twenty one hours"), Some((21.0, "hours")));
        assert_eq!(begin("2 hours"), Some((2.0, "hours")));
        assert_eq!(begin("five"), Some((5.0, "")));
        assert_eq!(begin("hours"), None);
        assert_eq!(begin(""), None);
        assert_eq!(cardinal("twenty one", lexicons(&[])), Some(21.0));
        assert_eq!(cardinal("21 hours", lexicons(&[])), None);
        assert_eq!(ordinal("second", lexicons(&[])), Some(2));
    }

    #[test]
    fn numbers_in_words_are_read_whole_or_not_at_all() {
        let english = lexicon("en").expect("English is shipped");
        for (text, expected) in [
            ("zero", 0.0),
            ("one", 1.0),
            ("twelve", 12.0),
            ("twenty", 20.0),
            ("twenty one", 21.0),
            ("ninety nine", 99.0),
            ("hundred", 100.0),
            ("a hundred", 100.0),
            ("one hundred", 100.0),
            ("one hundred and five", 105.0),
            ("nine hundred ninety nine", 999.0),
            ("minus five", -5.0),
        ] {
            assert_eq!(read(text, english), Some(expected), "{text}");
        }
        for text in [
            "",
            "and",
            "one two",
            "twenty twelve",
            "twenty zero",
            "one or two",
            "ten hundred",
            "hundred and",
            "hundred hundred",
            "five point five",
            "minus",
            "two hundreds",
            "half",
            "one hundred and five and six",
        ] {
            assert_eq!(read(text, english), None, "{text}");
        }
    }
}
