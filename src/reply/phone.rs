//! `phone`: one phone number, as E.164.

use super::announced::Announced;
use super::normalize::Normalized;
use super::words::{Section, lexicons};
use super::{NotUnderstood, Understanding, Understood, character};
use crate::domain::language::Language;
use crate::domain::phone::{PhoneProblem, parse_assigned_phone};
use crate::domain::value::Value;

const AROUND: Announced = Announced { before: Section::PhoneBefore, after: Section::PhoneAfter };

/// Reads a phone number. `country` (`GB`) is that of numbers written without one.
pub fn understand(original: &str, text: &Normalized, country: Option<&str>, language: Language) -> Understanding {
    let Some(whole) = text.whole() else { return NotUnderstood::because("too long to be a phone number") };
    if whole.is_empty() {
        return NotUnderstood::because("nothing was written");
    }
    let plain = plain(original);
    let Some((before, number, after)) = parts(&plain) else { return NotUnderstood::because("not a phone number") };
    if text.doubts() || AROUND.asks(text, after) {
        return NotUnderstood::because("a question or a doubt");
    }
    if !AROUND.allows(before, after, lexicons(&[language])) {
        return NotUnderstood::because("not one phone number and nothing else");
    }
    let alone = !before.chars().chain(after.chars()).any(char::is_alphanumeric);
    match read(number, country) {
        Ok(phone) if alone => Understood::exact(Value::text(phone), "a phone number"),
        Ok(phone) => Understood::lenient(Value::text(phone), "a phone number among words that announce it"),
        Err(problem) => NotUnderstood::because(problem.to_string()),
    }
}

/// Digits of every script, full width and keycaps as ASCII; dashes and blanks of every kind as the usual ones.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{FE0F}' | '\u{20E3}' => {}
            _ if character::is_invisible(c) => {}
            '\u{1F51F}' => out.push_str("10"),
            '\u{FF01}'..='\u{FF5E}' => out.extend(char::from_u32(c as u32 - 0xFEE0)),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push('-'),
            '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{3000}' | '\t' => out.push(' '),
            _ => out.push(character::digit(c).unwrap_or(c)),
        }
    }
    out
}

/// What stands before the number, the number, and what stands after it. Nothing where more than one could be meant.
fn parts(plain: &str) -> Option<(&str, &str, &str)> {
    let digit = |c: char| c.is_ascii_digit();
    let first = plain.find(digit)?;
    let last = plain.rfind(digit)?;
    // The sign for abroad and the brackets belong to it.
    let from = plain[..first].trim_end_matches(['+', '(', ' ']).len();
    let from = from + plain[from..].len() - plain[from..].trim_start().len();
    let number = &plain[from..=last];
    let within = |c: char| digit(c) || matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '+');
    let signs = number.matches('+').count();
    let one = number.chars().all(within) && signs <= 1 && (signs == 0 || number.trim_start_matches(['(', ' ']).starts_with('+'));
    let (before, after) = (&plain[..from], &plain[last + 1..]);
    // Letters for digits: "1-800-FLOWERS", "O79 456".
    let letters = before.ends_with(char::is_alphabetic) || after.trim_start_matches('-').starts_with(char::is_alphabetic);
    (one && !letters).then_some((before, number, after))
}

/// As it is written, else with what stands for the "+" in half of the world, or in the countries of +1.
fn read(number: &str, country: Option<&str>) -> Result<String, PhoneProblem> {
    let first = parse_assigned_phone(number, country);
    let abroad = || ["00", "011"].iter().find_map(|prefix| number.strip_prefix(prefix));
    let again = || parse_assigned_phone(&format!("+{}", abroad()?.trim_start_matches([' ', '-'])), None).ok();
    match first {
        Ok(phone) => Ok(phone.as_str().to_owned()),
        Err(problem) => again().map(|phone| phone.as_str().to_owned()).ok_or(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str, country: Option<&str>, language: &str) -> Result<(String, bool), String> {
        let language = Language::parse(language).expect("a language");
        let understood = understand(text, &Normalized::of(text), country, language).map_err(|not| not.reason)?;
        Ok((understood.value.as_text().unwrap_or_default().to_owned(), understood.exact))
    }

    #[test]
    fn one_number_in_many_hands() {
        for (text, country) in [
            ("+34 612 34 56 78", None),
            ("612345678", Some("ES")),
            ("612-34-56-78", Some("ES")),
            ("(612) 345 678", Some("ES")),
            ("0034 612 345 678", Some("ES")),
            ("0034612345678", None),
            ("011 34 612 345 678", Some("US")),
            ("34 612 345 678", Some("ES")),
            ("٦١٢٣٤٥٦٧٨", Some("ES")),
            ("६१२३४५६७८", Some("ES")),
            ("６１２３４５６７８", Some("ES")),
            ("6️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", Some("ES")),
            ("\u{202A}+34 612\u{A0}345\u{2011}678\u{202C}", None),
            ("\"612 345 678.\"", Some("ES")),
            ("📱 612345678", Some("ES")),
            ("612345678 👍", Some("ES")),
        ] {
            assert_eq!(of(text, country, "es"), Ok(("+34612345678".into(), true)), "{text}");
        }
        assert_eq!(of("+44 (0) 20 7946 0018", None, "en"), Ok(("+442079460018".into(), true)));
        assert_eq!(of("(415) 555-0100", Some("US"), "en"), Ok(("+14155550100".into(), true)));
        // Numbers for films and tests belong to nobody, and are good for tests.
        assert_eq!(of("07700 900123", Some("GB"), "en"), Ok(("+447700900123".into(), true)));
    }

    #[test]
    fn words_that_announce_it_are_set_aside_in_every_language() {
        for (text, country, language, expected) in [
            ("my number is 415 555 0100, thanks", "US", "en", "+14155550100"),
            ("tel: +1 415 555 0100", "GB", "en", "+14155550100"),
            ("tel:+14155550100", "GB", "en", "+14155550100"),
            ("es el 612 345 678", "ES", "es", "+34612345678"),
            ("hola, mi número es 612345678 gracias", "ES", "es", "+34612345678"),
            ("mon numéro c'est le 06 12 34 56 78", "FR", "fr", "+33612345678"),
            ("meine Nummer ist 0151 23456789", "DE", "de", "+4915123456789"),
            ("meu número é (11) 91234-5678", "BR", "pt", "+5511912345678"),
            ("il mio numero è 312 345 6789", "IT", "it", "+393123456789"),
            ("mijn nummer is 06 12345678", "NL", "nl", "+31612345678"),
            ("मेरा नंबर 98765 43210 है", "IN", "hi", "+919876543210"),
            ("mera number hai 9876543210", "IN", "hi", "+919876543210"),
            ("رقمي ٠١٠٠١٢٣٤٥٦٧", "EG", "ar", "+201001234567"),
            ("namba yangu ni 0712 345678", "KE", "sw", "+254712345678"),
            ("nomor saya 0812-3456-7890", "ID", "id", "+6281234567890"),
        ] {
            assert_eq!(of(text, Some(country), language), Ok((expected.into(), false)), "{text}");
        }
    }

    #[test]
    fn the_reason_says_why_and_nothing_of_the_number() {
        for (text, country, why) in [
            ("", Some("US"), "nothing was written"),
            ("I have none", Some("US"), "not a phone number"),
            ("415 555 0100 or 415 555 0101", Some("US"), "not a phone number"),
            ("415 555 0100, 415 555 0101", Some("US"), "not a phone number"),
            ("415 555 0100\n415 555 0101", Some("US"), "not a phone number"),
            ("+1 415 555 0100 +1 415 555 0101", Some("US"), "not a phone number"),
            ("415 555 0100 ext 5", Some("US"), "not a phone number"),
            ("1-800-FLOWERS", Some("US"), "not a phone number"),
            ("415 555 0100 after 5pm", Some("US"), "not a phone number"),
            ("415 555 0100 in the evening", Some("US"), "not one phone number and nothing else"),
            ("415 555 0100 maybe", Some("US"), "not one phone number and nothing else"),
            ("not 415 555 0100", Some("US"), "not one phone number and nothing else"),
            ("is it 415 555 0100?", Some("US"), "a question or a doubt"),
            ("415 555 0100", None, "a phone number without its country"),
            ("415 555", Some("US"), "too short for a phone number of its country"),
            ("415 555 01000", Some("US"), "too long for a phone number of its country"),
            ("911", Some("US"), "too short for a phone number of its country"),
            ("+999 1234567", Some("US"), "no country has this calling code"),
            ("111 555 0100", Some("US"), "no such number in its country"),
        ] {
            assert_eq!(of(text, country, "en"), Err(why.into()), "{text}");
        }
        let long = "1".repeat(crate::domain::limits::REPLY_CHARS + 1);
        assert_eq!(of(&long, Some("US"), "en"), Err("too long to be a phone number".into()));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_read_is_read_again(text in "\\PC{0,40}|[+0-9 ().-]{0,24}|[a-z ]{0,9}[0-9 ]{6,14}") {
            for country in [None, Some("US"), Some("DE")] {
                if let Ok((phone, _)) = of(&text, country, "de") {
                    prop_assert_eq!(of(&phone, country, "de"), Ok((phone, true)));
                }
            }
        }
    }
}
