//! What several choices are understood from, and what they are not.

use super::*;
use crate::domain::language::Language;
use crate::reply::choice::Candidate;
use proptest::prelude::*;

fn options(labels: &[&str], language: &str) -> Options {
    let candidate = |label: &&str| Candidate { id: label.to_lowercase(), label: (*label).into(), also: vec![] };
    Options::new(labels.iter().map(candidate).collect(), Language::parse(language).expect("a language"))
}

/// The ids, and whether it was exact.
fn read_within(options: &Options, text: &str, bounds: Bounds) -> Result<(Vec<String>, bool), String> {
    let visible: Vec<usize> = (0..options.len()).collect();
    let shown = Shown { visible: &visible, numbered: true };
    let understood = options.understand_many(&Normalized::of(text), text, None, shown, bounds).map_err(|not| not.reason)?;
    let Value::List(items) = understood.value else { panic!("no list") };
    let id = |item: &Value| item.as_text().map(str::to_owned).expect("a choice");
    Ok((items.iter().map(id).collect(), understood.exact))
}

fn read(options: &Options, text: &str) -> Option<String> {
    read_within(options, text, Bounds { min: 1, max: None }).ok().map(|(ids, _)| ids.join(" "))
}

#[test]
fn parts_are_read_like_choices() {
    let colours = options(&["Red", "Green", "Blue", "Violet"], "en");
    for text in [
        "1,3",
        "1, 3",
        "3 1",
        "1 3",
        "1;3",
        "red/blue",
        "1\n3",
        "1 and 3",
        "1 & 3",
        "1+3",
        "1️⃣ 3️⃣",
        "1️⃣3️⃣",
        "red, blue",
        "Red and blue",
        "blue red",
        "red / 3",
        "1. Red\n3. Blue",
        "- red\n- blue",
        "1) red 3) blue",
        "1, 3, 1",
        "1 and 3 please",
        "red, blue, thanks",
        "i'd like red and blue",
        "the first and the third",
        "first, third",
        "option 1 and option 3",
        "red, bluee",
        "red - blue",
        "1 - red, 3 - blue",
        "Red. Blue.",
        "one and three",
        "red plus blue",
        "1/3/1",
    ] {
        assert_eq!(read(&colours, text).as_deref(), Some("red blue"), "{text}");
    }
}

#[test]
fn exact_only_if_every_part_is() {
    let colours = options(&["Red", "Green", "Blue", "Violet"], "en");
    let exact = |text: &str| read_within(&colours, text, Bounds { min: 1, max: None }).map(|(_, exact)| exact);
    for text in ["1,3", "1-3-1", "1 3", "red, 3", "red and blue"] {
        assert_eq!(exact(text), Ok(true), "{text}");
    }
    for text in ["1, 3 please", "first, 3", "violett, 3", "all"] {
        assert_eq!(exact(text), Ok(false), "{text}");
    }
}

#[test]
fn one_bad_part_spoils_all() {
    let colours = options(&["Red", "Green", "Blue", "Violet"], "en");
    for text in [
        "",
        ",",
        "1, 5",
        "1, 0",
        "13",
        "1-3",
        "1/3",
        "red to blue",
        "1 - 3",
        "1 to 3",
        "1.3",
        "1:3",
        "1 or 3",
        "red or blue",
        "not 1",
        "1 not 3",
        "1, 3?",
        "1 and maybe 3",
        "red but not blue",
        "all except 2",
        "all but blue",
        "none",
        "none of them",
        "1 if it is free",
        "red, yellow",
        "2 red",
        "the first 3",
        "last 2",
        "first two",
        "red, blue and something",
        "how about 1 and 3",
        "both",
        "1 3 pm",
        "$1, 3",
        "1,2 kg",
        "is red, blue possible",
    ] {
        assert_eq!(read(&colours, text), None, "{text}");
    }
}

#[test]
fn all_and_both_are_counted() {
    let three = options(&["Red", "Green", "Blue"], "en");
    for text in ["all", "All of them!", "all three", "everything please", "1, 2 and 3"] {
        assert_eq!(read(&three, text).as_deref(), Some("red green blue"), "{text}");
    }
    assert_eq!(read(&three, "both"), None);
    assert_eq!(read(&three, "all four"), None);
    let two = options(&["Red", "Green"], "en");
    assert_eq!(read(&two, "both please").as_deref(), Some("red green"));
    let own = options(&["Red", "Green", "All"], "en");
    assert_eq!(read(&own, "all").as_deref(), Some("all"));
    for (language, all, both) in [
        ("es", "todas", "las dos"),
        ("fr", "toutes", "les deux"),
        ("de", "alle", "beide"),
        ("pt", "todos", "os dois"),
        ("it", "tutti", "entrambi"),
        ("nl", "allemaal", "allebei"),
        ("hi", "सब", "दोनों"),
        ("ar", "الكل", "كلاهما"),
        ("sw", "zote", "zote mbili"),
        ("id", "semua", "keduanya"),
    ] {
        assert_eq!(read(&options(&["A", "B", "C"], language), all).as_deref(), Some("a b c"), "{all}");
        assert_eq!(read(&options(&["A", "B"], language), both).as_deref(), Some("a b"), "{both}");
        assert_eq!(read(&options(&["A", "B", "C"], language), both), None, "{both}");
    }
}

#[test]
fn and_in_every_language() {
    for (language, text) in [
        ("es", "1 y 3"),
        ("es", "la 1 y la 3"),
        ("fr", "1 et 3"),
        ("de", "1 und 3"),
        ("pt", "1 e 3"),
        ("it", "1 e 3"),
        ("nl", "1 en 3"),
        ("hi", "1 और 3"),
        ("hi", "1 aur 3"),
        ("ar", "1 و 3"),
        ("ar", "1 و3"),
        ("ar", "١،٣"),
        ("sw", "1 na 3"),
        ("id", "1 dan 3"),
    ] {
        assert_eq!(read(&options(&["A1", "B1", "C1"], language), text).as_deref(), Some("a1 c1"), "{text}");
    }
}

#[test]
fn labels_that_hold_separators_are_wholes() {
    let food = options(&["Salt and pepper", "Red, hot", "Fish & chips", "Chips"], "en");
    assert_eq!(read(&food, "salt and pepper, chips").as_deref(), Some("salt and pepper chips"));
    assert_eq!(read(&food, "red, hot and fish & chips").as_deref(), Some("red, hot fish & chips"));
    let both = options(&["Red", "Hot", "Red, hot"], "en");
    assert_eq!(read(&both, "red, hot and 1"), None, "two readings");
}

#[test]
fn too_few_or_too_many_are_none() {
    let colours = options(&["Red", "Green", "Blue"], "en");
    let bounds = Bounds { min: 2, max: Some(2) };
    assert!(read_within(&colours, "1, 2", bounds).is_ok());
    assert_eq!(read_within(&colours, "1", bounds), Err("1 of the choices, at least 2 are asked for".into()));
    assert_eq!(read_within(&colours, "all", bounds), Err("3 of the choices, at most 2 are asked for".into()));
    assert_eq!(read_within(&colours, "1, 1", bounds), Err("1 of the choices, at least 2 are asked for".into()));
}

#[test]
fn a_tapped_button_is_one() {
    let colours = options(&["Red", "Green"], "en");
    let shown = Shown { visible: &[0, 1], numbered: false };
    let tapped = colours.understand_many(&Normalized::of("x"), "x", Some("green"), shown, Bounds { min: 1, max: None });
    assert_eq!(tapped.map(|u| (u.value, u.reason)), Ok((Value::List(vec![colours.value(1)]), "tapped `green`".into())));
}

proptest! {
    #[test]
    fn any_set_can_be_chosen_by_its_numbers(chosen in proptest::collection::btree_set(1usize..10, 1..9), separator in "[,;\n ]|, | and | & ") {
        let labels: Vec<String> = ('a'..='i').map(|c| format!("{c}xyz{c}")).collect();
        let options = options(&labels.iter().map(String::as_str).collect::<Vec<_>>(), "en");
        let text = chosen.iter().map(usize::to_string).collect::<Vec<_>>().join(&separator);
        let expected = chosen.iter().map(|n| labels[n - 1].clone()).collect::<Vec<_>>().join(" ");
        prop_assert_eq!(read(&options, &text), Some(expected.clone()));
        let by_label = chosen.iter().map(|n| labels[n - 1].clone()).collect::<Vec<_>>().join(&separator);
        prop_assert_eq!(read(&options, &by_label), Some(expected));
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,60}|(please|and|not|two|red|1|2|, |-|\n| |،|و3|all ){0,10}") {
        let options = options(&["Red", "Green and blue", "Blue, 2"], "ar");
        let _ = read(&options, &text);
    }
}

#[test]
fn numbers_joined_without_blanks_and_all_with_their_number() {
    let days = options(&["Lunes", "Martes", "Miércoles", "Jueves"], "es");
    assert_eq!(read(&days, "1y3").as_deref(), Some("lunes miércoles"));
    assert_eq!(read(&days, "1x3"), None, "what joins nothing");
    assert_eq!(read(&days, "1y9"), None, "a number that is none");
    let subjects = options(&["Hesabu", "Kiswahili", "Kiingereza", "Sayansi"], "sw");
    assert_eq!(read(&subjects, "yote manne").as_deref(), Some("hesabu kiswahili kiingereza sayansi"));
    assert_eq!(read(&subjects, "yote matatu"), None, "not so many");
}
