//! What is a number and what is none.

mod languages;

use super::*;
use crate::domain::language::Language;
use crate::domain::time::Millis;
use crate::reply::normalize::Normalized;
use proptest::prelude::*;

const ANY: Expected = Expected { min: None, max: None, whole: false };

fn read(text: &str, expected: &Expected, language: &str) -> Option<(f64, bool)> {
    let (language, country) = language.split_once('/').map_or((language, None), |(language, country)| (language, Some(country)));
    let language = Language::parse(language).expect("a language");
    let understood = within(text, expected, language, country).ok()?;
    understood.value.as_number().map(|number| (number, understood.exact))
}

fn within(text: &str, expected: &Expected, language: Language, country: Option<&str>) -> Understanding {
    let setting = Setting { language, country, zone: &jiff::tz::TimeZone::UTC, now: Millis(0) };
    understand(text, &Normalized::of(text), expected, &setting)
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
        "5²",
        "5 👎",
        "5 please 6",
        "one two",
        "five or six",
        "NaN",
        "inf",
        "infinity",
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
    assert_eq!(read("1.500", &ANY, "es"), Some((1_500.0, true)));
    assert_eq!(read("1,500", &ANY, "es-MX"), Some((1_500.0, true)));
    assert_eq!(read("1.500", &ANY, "es-MX"), None);
    assert_eq!(read("1.500", &ANY, "fr"), Some((1_500.0, true)));
    assert_eq!(read("1,500", &ANY, "fr"), None);
    assert_eq!(read("1,500", &ANY, "es/MX"), Some((1_500.0, true)));
    assert_eq!(read("1.500", &ANY, "es/MX"), None);
    assert_eq!(read("1.500", &ANY, "de/CH"), None);
    assert_eq!(read("1,500", &ANY, "ar/EG"), Some((1_500.0, true)));
    assert_eq!(read("1.500", &ANY, "ar/MA"), Some((1_500.0, true)));
    assert_eq!(read("1 500", &ANY, "fr"), Some((1_500.0, true)));
    assert_eq!(read("1\u{202F}500,5", &ANY, "fr"), Some((1_500.5, true)));
    assert_eq!(read("1 500", &ANY, "en"), None);
    assert_eq!(read("10 000", &ANY, "en"), Some((10_000.0, true)));
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
    let why = |text: &str| within(text, &score, Language::EN, None).expect_err("no match").reason;
    assert_eq!(why("11"), "a number above `max`");
    assert_eq!(why("-1"), "a number below `min`");
    assert_eq!(why("9.5"), "a number with decimals where a whole one is expected");
    assert_eq!(why("1.500"), "a number whose comma or point has two readings");
    assert_eq!(why("my name"), "not one number and nothing else");
}

#[test]
fn figures_of_any_script_are_read_back() {
    for (zero, language) in [('٠', "ar"), ('۰', "ar"), ('०', "hi"), ('০', "en"), ('０', "de"), ('๐', "en"), ('𝟎', "en")]
    {
        for number in [0, 7, 10, 42, 305, 9_999, 123_456_789] {
            let own = |c: char| char::from_u32(zero as u32 + c.to_digit(10).unwrap_or(0)).unwrap_or(c);
            let text: String = number.to_string().chars().map(own).collect();
            assert_eq!(read(&text, &ANY, language), Some((f64::from(number), true)), "{text}");
        }
    }
    assert_eq!(read("1️⃣0️⃣", &ANY, "en"), Some((10.0, true)));
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
        for language in ["en", "es", "fr", "de", "hi", "ar"] {
            read(&text, &ANY, language);
        }
    }
}
