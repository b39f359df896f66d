//! Numbers in words, language by language.

mod spelled;

use super::grammar::Rules;
use super::*;
use crate::reply::normalize::Normalized;
use crate::reply::words::{Section, lexicon, lexicons};
use proptest::prelude::*;
use spelled::spelled;

const LANGUAGES: [&str; 11] = ["en", "es", "fr", "de", "pt", "it", "nl", "hi", "ar", "sw", "id"];

fn number(text: &str, language: &str) -> Option<f64> {
    cardinal(Normalized::of(text).as_str(), lexicon(language).into_iter())
}

fn place(text: &str, language: &str) -> Option<u32> {
    ordinal(Normalized::of(text).as_str(), lexicon(language).into_iter())
}

#[test]
fn a_number_is_found_at_the_beginning() {
    let begin = |text| begin(text, lexicons(&[])).map(|read| (read.value, read.rest));
    assert_eq!(begin("twenty one hours"), Some((21.0, "hours")));
    assert_eq!(begin("2 hours"), Some((2.0, "hours")));
    assert_eq!(begin("two and a half hours"), Some((2.5, "hours")));
    assert_eq!(begin("two and three"), Some((2.0, "and three")));
    assert_eq!(begin("five six"), Some((5.0, "six")));
    assert_eq!(begin("five"), Some((5.0, "")));
    for none in ["hours", "", "fivefold", "and five", "point five"] {
        assert_eq!(begin(none), None, "{none}");
    }
    assert_eq!(cardinal("21 hours", lexicons(&[])), None);
}

#[test]
fn every_language_reads_every_number_that_it_writes() {
    for language in LANGUAGES {
        for expected in 0..10_000 {
            let text = spelled(language, expected);
            assert_eq!(number(&text, language), Some(f64::from(expected)), "{language}: {text}");
        }
    }
}

#[test]
fn the_rules_in_the_files_are_known() {
    let names = [&Rules::NAMES[..], &["suffix after words"]].concat();
    for language in LANGUAGES {
        let lexicon = lexicon(language).expect("a shipped language");
        assert!(lexicon.phrases(Section::Rule).all(|rule| names.contains(&rule)), "{language}");
    }
}

#[test]
fn people_write_numbers_in_many_ways() {
    for (language, text, expected) in [
        ("en", "a dozen", None),
        ("en", "two dozen", Some(24.0)),
        ("en", "half a dozen", Some(6.0)),
        ("en", "twentyfive", Some(25.0)),
        ("en", "fourty two", Some(42.0)),
        ("en", "fifteen hundred", Some(1_500.0)),
        ("en", "two million three hundred thousand", Some(2_300_000.0)),
        ("en", "5 thousand", Some(5_000.0)),
        ("en", "two point five", Some(2.5)),
        ("en", "two point zero five", Some(2.05)),
        ("en", "one and a half", Some(1.5)),
        ("en", "half", Some(0.5)),
        ("es", "treintaycinco", Some(35.0)),
        ("es", "cien mil", Some(100_000.0)),
        ("es", "dos coma cinco", Some(2.5)),
        ("es", "dos coma veinticinco", Some(2.25)),
        ("es", "uno y medio", Some(1.5)),
        ("es", "un millón y medio", Some(1_500_000.0)),
        ("es", "treinta cinco", None),
        ("fr", "quatre-vingt-dix-sept", Some(97.0)),
        ("fr", "septante-deux", Some(72.0)),
        ("fr", "nonante et un", Some(91.0)),
        ("fr", "mille neuf cent quatre-vingt-quatre", Some(1_984.0)),
        ("fr", "sept virgule cinq", Some(7.5)),
        ("fr", "deux et demi", Some(2.5)),
        ("de", "ein und zwanzig", Some(21.0)),
        ("de", "fuenfunddreissig", Some(35.0)),
        ("de", "zwei Komma fünf", Some(2.5)),
        ("de", "anderthalb", Some(1.5)),
        ("de", "zweieinhalb", Some(2.5)),
        ("de", "eine Million", Some(1_000_000.0)),
        ("de", "neunzehnhundert", Some(1_900.0)),
        ("pt", "mil e quinhentos", Some(1_500.0)),
        ("pt", "dois vírgula cinco", Some(2.5)),
        ("pt", "três e meio", Some(3.5)),
        ("it", "ventitre", Some(23.0)),
        ("it", "centootto", Some(108.0)),
        ("it", "centomila", Some(100_000.0)),
        ("it", "due virgola cinque", Some(2.5)),
        ("it", "uno e mezzo", Some(1.5)),
        ("nl", "eenentwintig", Some(21.0)),
        ("nl", "twee en twintig", Some(22.0)),
        ("nl", "anderhalf", Some(1.5)),
        ("nl", "drie en een half", Some(3.5)),
        ("nl", "zeven komma vijf", Some(7.5)),
        ("hi", "पांच", Some(5.0)),
        ("hi", "paanch", Some(5.0)),
        ("hi", "pachees", Some(25.0)),
        ("hi", "do sau pachas", Some(250.0)),
        ("hi", "ढाई सौ", Some(250.0)),
        ("hi", "डेढ़ लाख", Some(150_000.0)),
        ("hi", "साढ़े तीन", Some(3.5)),
        ("hi", "सवा सौ", Some(125.0)),
        ("hi", "2 lakh", Some(200_000.0)),
        ("hi", "दो दशमलव पाँच", Some(2.5)),
        ("ar", "واحد وعشرين", Some(21.0)),
        ("ar", "خمس", Some(5.0)),
        ("ar", "تلاتة", Some(3.0)),
        ("ar", "اتنين", Some(2.0)),
        ("ar", "خمستاشر", Some(15.0)),
        ("ar", "مية وخمسين", Some(150.0)),
        ("ar", "خمسة وعشرين ألف", Some(25_000.0)),
        ("ar", "ثلاثة ونص", Some(3.5)),
        ("ar", "سبعة فاصلة خمسة", Some(7.5)),
        ("sw", "mia mbili", Some(200.0)),
        ("sw", "mia na tano", Some(105.0)),
        ("sw", "elfu tatu mia tano", Some(3_500.0)),
        ("sw", "elfu ishirini na tano", Some(25_000.0)),
        ("sw", "mbili na nusu", Some(2.5)),
        ("sw", "wawili", Some(2.0)),
        ("id", "dua puluh lima ribu", Some(25_000.0)),
        ("id", "duabelas", Some(12.0)),
        ("id", "dua setengah", Some(2.5)),
        ("id", "tujuh koma lima", Some(7.5)),
    ] {
        assert_eq!(number(text, language), expected, "{language}: {text}");
    }
}

#[test]
fn words_that_make_no_number_are_none() {
    for (language, text) in [
        ("en", "and"),
        ("en", "one two"),
        ("en", "twenty twelve"),
        ("en", "twenty zero"),
        ("en", "one or two"),
        ("en", "ten hundred"),
        ("en", "hundred and"),
        ("en", "hundred hundred"),
        ("en", "minus"),
        ("en", "two hundreds"),
        ("en", "a thousand and a half"),
        ("en", "one hundred and five and six"),
        ("en", "thousand million"),
        ("en", "someone"),
        ("es", "dos tres"),
        ("es", "veinte y"),
        ("fr", "vingt douze"),
        ("de", "zwanzig fünf"),
        ("de", "undzwanzig"),
        ("pt", "vinte cinco"),
        ("nl", "twintig vijf"),
        ("hi", "तीन चार"),
        ("hi", "साढ़े"),
        ("ar", "عشرين خمسة"),
        ("sw", "ishirini tano"),
        ("id", "lima enam"),
    ] {
        assert_eq!(number(text, language), None, "{language}: {text}");
    }
}

#[test]
fn places_have_words_and_endings() {
    for (language, text, expected) in [
        ("en", "second", 2),
        ("en", "the 2nd one", 2),
        ("en", "21st", 21),
        ("es", "la segunda", 2),
        ("es", "2º", 2),
        ("es", "la 3ra opción", 3),
        ("fr", "le deuxième", 2),
        ("fr", "2e", 2),
        ("fr", "1ère", 1),
        ("de", "der zweite", 2),
        ("de", "das Dritte", 3),
        ("de", "2te", 2),
        ("pt", "a segunda opção", 2),
        ("pt", "2ª", 2),
        ("it", "il terzo", 3),
        ("it", "la 1ª", 1),
        ("nl", "de tweede", 2),
        ("nl", "2e", 2),
        ("hi", "दूसरा", 2),
        ("hi", "doosra wala", 2),
        ("hi", "2रा", 2),
        ("hi", "पाँचवाँ", 5),
        ("ar", "الثاني", 2),
        ("ar", "الخيار الثاني", 2),
        ("ar", "التالت", 3),
        ("sw", "wa pili", 2),
        ("sw", "ya tatu", 3),
        ("sw", "la kwanza", 1),
        ("id", "kedua", 2),
        ("id", "yang ke-2", 2),
        ("id", "pertama", 1),
    ] {
        assert_eq!(place(text, language), Some(expected), "{language}: {text}");
    }
    for (language, text) in
        [("en", "two"), ("en", "2"), ("en", "2nd hand"), ("es", "dos"), ("de", "zwei"), ("hi", "दो"), ("ar", "اثنين")]
    {
        assert_eq!(place(text, language), None, "{language}: {text}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC{0,40}|([a-zéüß]{1,6}|five|und|20|و|एक| ){0,12}") {
        let text = Normalized::of(&text);
        for language in LANGUAGES {
            let words = || lexicon(language).into_iter();
            if let Some(read) = begin(text.as_str(), words()) {
                prop_assert!(text.as_str().ends_with(read.rest) && read.value.is_finite());
            }
            ordinal(text.as_str(), words());
        }
    }
}
