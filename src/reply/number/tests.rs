//! What is a number and what is none.

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
fn every_language_says_one_number_in_many_ways() {
    for (language, text, expected) in [
        ("en", "i'd give it an eight", 8.0),
        ("en", "we are 5", 5.0),
        ("en", "just 3 please", 3.0),
        ("en", "5 (five)", 5.0),
        ("en", "1.5 million", 1_500_000.0),
        ("en", "10 🎉", 10.0),
        ("en", "minus five", -5.0),
        ("en", "2½", 2.5),
        ("es", "un 7 por favor", 7.0),
        ("es", "le doy un ocho", 8.0),
        ("es", "somos 4 gracias", 4.0),
        ("es", "7 con 5", 7.5),
        ("es", "1.250,50", 1_250.5),
        ("es", "1,250.50", 1_250.5),
        ("es", "dos mil quinientos", 2_500.0),
        ("fr", "je mets un 8", 8.0),
        ("fr", "je mets un huit", 8.0),
        ("fr", "nous serons 4 merci", 4.0),
        ("fr", "1 250,5", 1_250.5),
        ("de", "ich gebe eine 8", 8.0),
        ("de", "eine Acht bitte", 8.0),
        ("de", "wir sind zu viert", 4.0),
        ("de", "1.250,5", 1_250.5),
        ("pt", "dou nota 9", 9.0),
        ("pt", "somos seis, obrigado", 6.0),
        ("it", "siamo in quattro", 4.0),
        ("it", "do un 9", 9.0),
        ("nl", "ik geef een 8", 8.0),
        ("nl", "we zijn met z'n vieren", 4.0),
        ("hi", "पाँच चाहिए", 5.0),
        ("hi", "hum 4 log hain", 4.0),
        ("hi", "hum 4 hain", 4.0),
        ("hi", "1,00,000", 100_000.0),
        ("ar", "نحن ٥", 5.0),
        ("ar", "٧٫٥", 7.5),
        ("ar", "خمسة من فضلك", 5.0),
        ("sw", "tuko watano", 5.0),
        ("sw", "nipe mbili tafadhali", 2.0),
        ("id", "kami 5", 5.0),
        ("id", "lima aja ya", 5.0),
        ("id", "1.250,5", 1_250.5),
    ] {
        let got = read(text, &ANY, language).map(|(number, _)| number);
        assert_eq!(got, Some(expected), "{language}: {text}");
    }
}

#[test]
fn units_are_set_aside_in_every_language() {
    for (language, text, expected) in [
        ("en", "45 kg", 45.0),
        ("en", "45kg please", 45.0),
        ("en", "£40", 40.0),
        ("en", "Rs 2500", 2_500.0),
        ("en", "₹ 12,000/-", 12_000.0),
        ("en", "80 m²", 80.0),
        ("en", "80 m2", 80.0),
        ("en", "20k", 20_000.0),
        ("en", "98%", 98.0),
        ("en", "five people", 5.0),
        ("es", "$350.50", 350.5),
        ("es", "dos mil pesos", 2_000.0),
        ("es", "dos kilos y medio", 2.5),
        ("fr", "1 234,56 €", 1_234.56),
        ("fr", "une personne", 1.0),
        ("de", "75kg bitte", 75.0),
        ("de", "25'000.-", 25_000.0),
        ("de", "3 Mio", 3_000_000.0),
        ("pt", "R$ 49,90", 49.9),
        ("pt", "R$49,90", 49.9),
        ("it", "€ 350", 350.0),
        ("nl", "acht personen", 8.0),
        ("hi", "₹2500", 2_500.0),
        ("hi", "बीस किलो", 20.0),
        ("ar", "٧٥ كيلو", 75.0),
        ("sw", "watu 4", 4.0),
        ("sw", "5000/=", 5_000.0),
        ("id", "Rp 250.000", 250_000.0),
        ("id", "500rb", 500_000.0),
        ("id", "50.000,-", 50_000.0),
    ] {
        assert_eq!(read(text, &ANY, language).map(|(number, _)| number), Some(expected), "{language}: {text}");
    }
    for (language, text) in [
        ("en", "about 12 kg"),
        ("en", "5kgx"),
        ("en", "10k to 15k"),
        ("en", "2 adults 2 kids"),
        ("en", "kg 5kg"),
        ("en", "5 kg or 6 kg"),
        ("de", "am 12.5."),
        ("de", "14 Uhr"),
        ("fr", "14h"),
        ("fr", "le 12"),
        ("it", "il 12"),
    ] {
        assert_eq!(read(text, &ANY, language), None, "{language}: {text}");
    }
}

#[test]
fn what_bounds_doubles_or_measures_is_none_in_every_language() {
    for (language, texts) in [
        (
            "en",
            &[
                "at least 3",
                "more than 5",
                "up to 4",
                "between 3 and 5",
                "3 or 4",
                "around 5",
                "like 5",
                "at 5",
                "5ish",
                "not five",
                "maybe 5",
                "a couple",
                "5, no 6",
                "five+",
                "5 each",
                "the fifth",
                "room 5",
            ][..],
        ),
        (
            "es",
            &[
                "más de 3",
                "al menos 3",
                "menos de 4",
                "entre 3 y 5",
                "3 o 4",
                "casi 10",
                "como 5",
                "unos 5",
                "a las 5",
                "son las 5",
                "no 5",
                "quizás 5",
                "un par",
                "el quinto",
                "tres o cuatro",
                "1,250",
            ],
        ),
        (
            "fr",
            &[
                "plus de 3",
                "au moins 3",
                "moins de 4",
                "entre 3 et 5",
                "3 ou 4",
                "environ 5",
                "presque 10",
                "à 5h",
                "pas 5",
                "peut-être 5",
                "une dizaine",
                "le cinquième",
                "un deux",
                "1,250",
            ],
        ),
        (
            "de",
            &[
                "mehr als 3",
                "mindestens 3",
                "über 3",
                "weniger als 4",
                "zwischen 3 und 5",
                "3 oder 4",
                "etwa 5",
                "ca. 5",
                "fast 10",
                "um 5",
                "5 Uhr",
                "nicht 5",
                "vielleicht 5",
                "ein paar",
                "der fünfte",
                "ein zwei",
                "1,250",
            ],
        ),
        (
            "pt",
            &[
                "mais de 3",
                "pelo menos 3",
                "menos de 4",
                "entre 3 e 5",
                "3 ou 4",
                "quase 10",
                "uns 5",
                "às 5",
                "não 5",
                "talvez 5",
                "o quinto",
                "um dois",
                "1,250",
            ],
        ),
        (
            "it",
            &[
                "più di 3",
                "almeno 3",
                "meno di 4",
                "tra 3 e 5",
                "3 o 4",
                "circa 5",
                "quasi 10",
                "alle 5",
                "non 5",
                "forse 5",
                "il quinto",
                "un paio",
                "1,250",
            ],
        ),
        (
            "nl",
            &[
                "meer dan 3",
                "minstens 3",
                "minder dan 4",
                "tussen 3 en 5",
                "3 of 4",
                "ongeveer 5",
                "bijna 10",
                "om 5 uur",
                "niet 5",
                "misschien 5",
                "de vijfde",
                "een paar",
                "een twee",
                "1,250",
            ],
        ),
        (
            "hi",
            &[
                "5 से अधिक",
                "5 से ज्यादा",
                "कम से कम 3",
                "3 या 4",
                "करीब 5",
                "लगभग 5",
                "5 बजे",
                "5 नहीं",
                "शायद 5",
                "पाँचवाँ",
                "kam se kam 3",
                "3 ya 4",
                "5 se zyada",
                "5 baje",
                "do teen",
                "तीन चार",
                "1.250",
            ],
        ),
        (
            "ar",
            &[
                "أكثر من 5",
                "على الأقل 3",
                "أقل من 4",
                "بين 3 و 5",
                "3 أو 4",
                "3 او 4",
                "حوالي 5",
                "تقريبا 5",
                "الساعة 5",
                "مش 5",
                "ليس 5",
                "يمكن 5",
                "الخامس",
                "كم",
                "100,250,3",
            ],
        ),
        (
            "sw",
            &[
                "zaidi ya 5",
                "angalau 3",
                "chini ya 4",
                "kati ya 3 na 5",
                "3 au 4",
                "karibu 5",
                "kama 5",
                "saa 5",
                "si 5",
                "labda 5",
                "sio tano",
                "wa tano",
                "1.250",
            ],
        ),
        (
            "id",
            &[
                "lebih dari 5",
                "minimal 3",
                "paling sedikit 3",
                "kurang dari 4",
                "antara 3 dan 5",
                "3 atau 4",
                "sekitar 5",
                "kira-kira 5",
                "jam 5",
                "bukan 5",
                "mungkin 5",
                "yang kelima",
                "ke-5",
                "1,250",
            ],
        ),
    ] {
        for text in texts.iter().chain(&["5-6", "5/10", "~5", "5+", ">3", "5 👎", "5 6", "5?", "5:30", "12/5"]) {
            assert_eq!(read(text, &ANY, language), None, "{language}: {text}");
        }
    }
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
