//! What is understood only leniently: around a choice, in every language, nearly.

use super::*;

fn in_language(language: &str, labels: &[&str]) -> Options {
    let candidate = |(at, label): (usize, &&str)| Candidate { id: format!("c{}", at + 1), label: (*label).into(), also: vec![] };
    Options::new(labels.iter().enumerate().map(candidate).collect(), Language::parse(language).expect("a language"))
}

#[test]
fn every_language_has_its_places_and_what_stands_around_a_choice() {
    for (language, labels, second, spoiled) in [
        (
            "es",
            ["Tarjeta", "Efectivo"],
            &["la segunda", "opción 2", "la última", "con efectivo por favor"][..],
            &["efectivo no"][..],
        ),
        ("fr", ["Carte", "Espèces"], &["le deuxième", "le 2", "la dernière", "en espèces svp"], &["pas le 2", "à 2h"]),
        ("de", ["Karte", "Barzahlung"], &["die zweite", "nr 2", "die letzte", "bitte Barzahlung"], &["nicht die 2", "um 2"]),
        ("pt", ["Cartão", "Dinheiro"], &["a segunda", "opção 2", "a última", "pode ser o dinheiro"], &["não 2", "às 2"]),
        ("it", ["Carta", "Contanti"], &["la seconda", "opzione 2", "l'ultima", "pago in contanti"], &["non la 2", "alle 2"]),
        ("nl", ["Kaart", "Contant"], &["de tweede", "optie 2", "de laatste", "doe maar contant"], &["niet 2", "om 2"]),
        ("hi", ["कार्ड", "नकद"], &["दूसरा वाला", "2 नंबर", "आखिरी वाला", "नकद चाहिए"], &["2 नहीं", "2 बजे"]),
        ("ar", ["البطاقة", "النقود"], &["الثاني", "رقم ٢", "الأخير", "نقود لو سمحت"], &["مش 2", "الساعة 2"]),
        ("sw", ["Kadi", "Taslimu"], &["ya pili", "namba 2", "ya mwisho", "nataka taslimu"], &["si 2", "saa 2"]),
        ("id", ["Kartu", "Tunai"], &["yang kedua", "no 2", "yang terakhir", "tunai aja kak"], &["bukan 2", "jam 2"]),
    ] {
        let options = in_language(language, &labels);
        for text in second {
            assert_eq!(read(&options, text, true).map(|(id, _)| id).as_deref(), Some("c2"), "{language}: {text}");
        }
        for text in spoiled {
            assert_eq!(read(&options, text, true), None, "{language}: {text}");
        }
    }
}

#[test]
fn a_beginning_chooses_if_it_is_the_only_one() {
    let options = options(&[
        ("s", "Standard delivery", &[]),
        ("e", "Express delivery", &[]),
        ("c", "Cancel it", &[]),
        ("t", "TV set", &[]),
    ]);
    for (text, id) in
        [("stand", "s"), ("exp", "e"), ("express", "e"), ("cancel", "c"), ("tv please", "t"), ("the express one", "e")]
    {
        assert_eq!(lenient(&options, text).as_deref(), Some(id), "{text}");
    }
    for text in ["ex", "delivery", "deli", "can you", "it", "expired", "express or standard", "express costs what"] {
        assert_eq!(read(&options, text, true), None, "{text}");
    }
    let numbered = in_language("en", &["Plan 12", "Size 36 to 38", "500 MB pack"]);
    assert_eq!(read(&numbered, "plan 1", true), None, "never a part of a number");
    assert_eq!(lenient(&numbered, "500mb").as_deref(), Some("c3"));
    assert_eq!(lenient(&numbered, "size 36").as_deref(), Some("c2"));
}

#[test]
fn slips_are_never_another_word_and_never_as_near_to_another() {
    let days = in_language("en", &["Monday", "Tuesday", "Thursday"]);
    for (text, id) in
        [("mondey", "c1"), ("tusday", "c2"), ("thurday", "c3"), ("weds", ""), ("thu", "c3"), ("sunday", ""), ("today", "")]
    {
        assert_eq!(lenient(&days, text).unwrap_or_default(), id, "{text}");
    }
    let months = in_language("de", &["Juni", "August"]);
    assert_eq!(read(&months, "juli", true), None);
    assert_eq!(lenient(&months, "agust").as_deref(), Some("c2"));
    let plans = in_language("en", &["Plan A", "Plan B", "Group 1"]);
    for text in ["plan c", "plam", "group 2", "plan"] {
        assert_eq!(read(&plans, text, true), None, "{text}");
    }
}

#[test]
fn one_unknown_word_may_stand_before_a_label_and_none_after_it() {
    let towns = in_language("sw", &["Kisumu", "Nakuru"]);
    assert_eq!(lenient(&towns, "natembelea kisumu").as_deref(), Some("c1"));
    for text in ["kisumu imejaa", "sipendi kisumu", "kisumu nakuru", "natembelea marafiki kisumu"] {
        assert_eq!(read(&towns, text, true), None, "{text}");
    }
    let colours = in_language("en", &["Blue", "Black"]);
    for text in ["dark blue", "after blue", "blue sucks", "blue or black", "not blue", "is blue available", "blue?"] {
        assert_eq!(read(&colours, text, true), None, "{text}");
    }
}

#[test]
fn the_reason_says_how_near_the_next_choice_was() {
    let reason = |text: &str| {
        let options = payment();
        options
            .lenient(&Normalized::of(text), Shown { visible: &[0, 1, 2], numbered: true })
            .map_or_else(|why| why, |found| found.reason)
    };
    assert_eq!(reason("cush"), "one letter off `cod`; next `link`: 4 letters");
    assert_eq!(reason("talk"), "the beginning of `human` and of no other");
    assert_eq!(reason("cuhs"), "none of the choices; nearest `cod`: 2 letters");
    assert_eq!(reason("not cash"), "it says no to something");
    assert_eq!(reason("cash or pay"), "it leaves two possibilities");
}

proptest! {
    #[test]
    fn two_labels_are_never_one_choice(at in 0usize..3, other in 0usize..3, between in " |, | and | or | not | / |\n") {
        let labels = ["Red", "Green", "Blue"];
        let options = in_language("en", &labels);
        let text = format!("{}{between}{}", labels[at], labels[other]);
        prop_assert!(at == other || read(&options, &text, true).is_none(), "{}", text);
    }

    #[test]
    fn case_and_punctuation_change_nothing(text in "(cash|pay|2|please|on delivery|talk|not|ok| ){1,5}", mark in "[.!,;:()\"]{0,3}") {
        let options = payment();
        let id = |text: &str| read(&options, text, true);
        prop_assert_eq!(id(&format!("{mark} {}{mark}", text.to_uppercase())), id(&text));
    }
}

/// The work is bounded: without that, this test would not end.
#[test]
fn long_replies_to_a_thousand_choices_are_read_to_an_end() {
    let labels: Vec<String> = (0..1_000).map(|i| format!("choice {} of the list", "abcdefghij".repeat(1 + i % 5))).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let options = in_language("en", &labels);
    for word in ["choice ", "choice abcdefghij of the list ", "of the ", "abcdefghik "] {
        let long: String = word.chars().cycle().take(1_500).collect();
        let short: String = word.chars().cycle().take(120).collect();
        assert_eq!(read(&options, &long, true), None, "{word}");
        assert_eq!(read(&options, &short, true), None, "{word}");
    }
}

#[test]
fn a_place_may_be_called_what_stands_in_the_list() {
    let of = |labels: &[&str], language: &str, text: &str| {
        let candidate = |label: &&str| Candidate { id: (*label).into(), label: (*label).into(), also: vec![] };
        let language = Language::parse(language).expect("a language");
        lenient(&Options::new(labels.iter().map(candidate).collect(), language), text)
    };
    let streets = ["Long Street", "Bree Street", "Main Road"];
    assert_eq!(of(&streets, "en", "the second address"), Some("Bree Street".into()));
    assert_eq!(of(&streets, "fr", "la troisième adresse"), Some("Main Road".into()));
    assert_eq!(of(&streets, "de", "die letzte adresse"), Some("Main Road".into()));
    // A word of a label is no word for the list.
    assert_eq!(of(&["Home address", "Work", "Neighbour"], "en", "the second address"), None);
    assert_eq!(of(&streets, "en", "not the second address"), None);
    assert_eq!(of(&streets, "en", "the fourth address"), None);
}
