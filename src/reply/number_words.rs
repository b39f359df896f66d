//! Numbers in words from zero to nine hundred and ninety-nine, as English builds them.

use super::words::{Lexicon, Section};

/// The number that these words are, and nothing else: "twenty one", "a hundred and five".
pub(super) fn read(text: &str, lexicon: &Lexicon) -> Option<f64> {
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
    use crate::reply::words::lexicon;

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
