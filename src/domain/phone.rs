//! Phone numbers as people and other systems write them, read into E.164.

use super::address::E164;
use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumberFormat, Region, ValidationError};

/// Characters of a number with everything that people write around it; a longer text is none.
const CHARS: usize = 64;

/// Why a text is no phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneProblem {
    /// No phone number at all.
    #[error("not a phone number")]
    NotANumber,
    /// Written without its country, and none was given.
    #[error("a phone number without its country")]
    NoCountry,
    /// No country has this code.
    #[error("no country has this calling code")]
    UnknownCountry,
    /// Not a country code such as `GB`.
    #[error("the given country is not known")]
    BadCountry,
    /// No number of this country is as short.
    #[error("too short for a phone number of its country")]
    TooShort,
    /// No number of this country is as long.
    #[error("too long for a phone number of its country")]
    TooLong,
    /// As long as numbers of this country, but its plan has none that begins so.
    #[error("no such number in its country")]
    NotAssigned,
}

/// Beginnings that the plan of a country keeps free for films and tests, and that the library takes for none.
const FOR_TESTS: [&str; 1] = ["+447700900"];

/// Reads a phone number; `country` (`GB`) is that of numbers written without one.
///
/// A number passes if its country has numbers of that length. Whether it was ever given to somebody is not asked: plans of
/// numbers change more often than programs, and numbers for tests were never given to anybody. What would be left out of
/// the result is refused: letters, an extension.
pub fn parse_phone(text: &str, country: Option<&str>) -> Result<E164, PhoneProblem> {
    let text = text.trim();
    if text.chars().count() > CHARS {
        return Err(PhoneProblem::TooLong);
    }
    if text.chars().any(char::is_alphabetic) {
        return Err(PhoneProblem::NotANumber);
    }
    let region = country.map(region).transpose()?;
    let number = PHONE_NUMBER_UTIL.parse(text, region).map_err(|error| match error {
        ParseError::InvalidCountryCode if region.is_none() && !text.starts_with(['+', '\u{FF0B}']) => PhoneProblem::NoCountry,
        ParseError::InvalidCountryCode => PhoneProblem::UnknownCountry,
        ParseError::NotANumber(_) => PhoneProblem::NotANumber,
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => PhoneProblem::TooShort,
        ParseError::TooLongNsn => PhoneProblem::TooLong,
    })?;
    if number.extension.is_some() {
        return Err(PhoneProblem::NotANumber);
    }
    match PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number) {
        Ok(NumberLengthType::IsPossible) => {}
        Ok(NumberLengthType::IsPossibleLocalOnly) => return Err(PhoneProblem::TooShort),
        Err(ValidationError::TooLong) => return Err(PhoneProblem::TooLong),
        Err(ValidationError::InvalidCountryCode) => return Err(PhoneProblem::UnknownCountry),
        Err(ValidationError::TooShort | ValidationError::InvalidLength) => return Err(PhoneProblem::TooShort),
    }
    E164::parse(&PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164)).ok_or(PhoneProblem::NotANumber)
}

/// Reads a phone number as [`parse_phone`] does, and asks besides that the plan of its country has such numbers: what a
/// person typed by hand is sooner wrong than new.
pub fn parse_assigned_phone(text: &str, country: Option<&str>) -> Result<E164, PhoneProblem> {
    let phone = parse_phone(text, country)?;
    if FOR_TESTS.iter().any(|beginning| phone.as_str().starts_with(beginning)) {
        return Ok(phone);
    }
    let number = PHONE_NUMBER_UTIL.parse(phone.as_str(), None).map_err(|_| PhoneProblem::NotANumber)?;
    if PHONE_NUMBER_UTIL.is_valid_number(&number) { Ok(phone) } else { Err(PhoneProblem::NotAssigned) }
}

/// The country of a number in E.164, if it is one's: `GB`. Of a number of several countries the main one.
pub fn country_of(phone: &str) -> Option<String> {
    let number = PHONE_NUMBER_UTIL.parse(phone, None).ok()?;
    let region = PHONE_NUMBER_UTIL.get_region_for_number(&number);
    let main = || PHONE_NUMBER_UTIL.get_region_for_country_code(number.country_code);
    // A number that was never given to anybody has no country of its own.
    let region = region.or_else(main)?;
    Some(region.to_string()).filter(|country| country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()))
}

/// Whether this is a country that has phone numbers: `GB`.
pub fn is_country(country: &str) -> bool {
    region(country).is_ok()
}

fn region(country: &str) -> Result<Region, PhoneProblem> {
    let known = country.to_ascii_uppercase().parse::<Region>().ok();
    known.filter(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(*region).is_some()).ok_or(PhoneProblem::BadCountry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    struct File {
        e164: Vec<Case>,
    }
    #[derive(serde::Deserialize)]
    struct Case {
        input: String,
        default_region: Option<String>,
        e164: Option<String>,
        possible: Option<bool>,
    }

    fn read(text: &str, country: Option<&str>) -> Result<String, PhoneProblem> {
        parse_phone(text, country).map(|phone| phone.as_str().to_owned())
    }

    #[test]
    fn the_e164_vectors_hold() {
        let source = include_str!("../../tests/data/providers/sms_encoding.json");
        let cases = serde_json::from_str::<File>(source).expect("the vectors").e164;
        assert!(cases.len() >= 11);
        for case in cases {
            let expected = case.e164.filter(|_| case.possible == Some(true));
            let got = read(&case.input, case.default_region.as_deref());
            assert_eq!(got.clone().ok(), expected, "{}: {got:?}", case.input);
        }
    }

    #[test]
    fn each_problem_has_its_name() {
        for (text, country, problem) in [
            ("07700 900123", None, PhoneProblem::NoCountry),
            ("+999 123456789", None, PhoneProblem::UnknownCountry),
            ("07700 900123", Some("XX"), PhoneProblem::BadCountry),
            ("07700 900123", Some("Britain"), PhoneProblem::BadCountry),
            ("hello", Some("GB"), PhoneProblem::NotANumber),
            ("", Some("GB"), PhoneProblem::NotANumber),
            ("1-800-FLOWERS", Some("US"), PhoneProblem::NotANumber),
            ("07700 900123 ext. 5", Some("GB"), PhoneProblem::NotANumber),
            ("78787", Some("US"), PhoneProblem::TooShort),
            ("+1 415 555 26711", None, PhoneProblem::TooLong),
        ] {
            assert_eq!(read(text, country), Err(problem), "{text}");
        }
        let long = "1".repeat(CHARS + 1);
        assert_eq!(read(&long, Some("US")), Err(PhoneProblem::TooLong));
    }

    #[test]
    fn ways_of_writing_are_one_number() {
        for text in [
            "+447700900123",
            "+44 7700 900123",
            "0044 7700 900 123",
            "(07700) 900-123",
            "＋４４７７００９００１２３",
            "  07700900123 ",
        ] {
            assert_eq!(read(text, Some("gb")), Ok("+447700900123".into()), "{text}");
        }
        assert!(is_country("IN") && is_country("de") && !is_country("XX") && !is_country(""));
    }

    #[test]
    fn what_is_typed_by_hand_must_be_in_the_plan_of_its_country() {
        assert_eq!(read("111 555 0100", Some("US")), Ok("+11115550100".into()));
        let typed = |text, country| parse_assigned_phone(text, Some(country)).map(|phone| phone.as_str().to_owned());
        assert_eq!(typed("111 555 0100", "US"), Err(PhoneProblem::NotAssigned));
        assert_eq!(typed("415 555 0100", "US"), Ok("+14155550100".into()));
        assert_eq!(typed("07700 900123", "GB"), Ok("+447700900123".into()));
        assert_eq!(typed("415 555", "US"), Err(PhoneProblem::TooShort));
    }

    #[test]
    fn a_problem_says_nothing_of_the_number() {
        let problem = parse_phone("+999 123456789", None).expect_err("no such country");
        assert_eq!(problem.to_string(), "no country has this calling code");
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,70}|[+0-9 ()#;=.-]{0,40}") {
            for country in [None, Some("GB"), Some("US"), Some("\u{e9}")] {
                if let Ok(phone) = parse_phone(&text, country) {
                    prop_assert_eq!(parse_phone(phone.as_str(), None), Ok(phone));
                }
            }
        }
    }
}
