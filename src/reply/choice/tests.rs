//! What a choice is understood from, and what it is not.

mod lenient;

use super::*;
use proptest::prelude::*;

fn options(choices: &[(&str, &str, &[&str])]) -> Options {
    let candidate = |(id, label, also): &(&str, &str, &[&str])| Candidate {
        id: (*id).into(),
        label: (*label).into(),
        also: also.iter().map(|text| (*text).to_owned()).collect(),
    };
    Options::new(choices.iter().map(candidate).collect(), Language::EN)
}

fn payment() -> Options {
    options(&[("link", "Pay now", &["pay", "send link"]), ("cod", "Cash on delivery", &["cash"]), ("human", "Talk to us", &[])])
}

fn all(options: &Options) -> Vec<usize> {
    (0..options.len()).collect()
}

/// The id, and whether it was exact.
fn read(options: &Options, text: &str, numbered: bool) -> Option<(String, bool)> {
    let shown = Shown { visible: &all(options), numbered };
    let understood = options.understand(&Normalized::of(text), None, shown).ok()?;
    understood.value.as_text().map(|id| (id.to_owned(), understood.exact))
}

fn exact(options: &Options, text: &str) -> Option<String> {
    read(options, text, true).filter(|(_, exact)| *exact).map(|(id, _)| id)
}

fn lenient(options: &Options, text: &str) -> Option<String> {
    read(options, text, true).filter(|(_, exact)| !exact).map(|(id, _)| id)
}

fn why_not(options: &Options, text: &str) -> String {
    let shown = Shown { visible: &all(options), numbered: true };
    options.understand(&Normalized::of(text), None, shown).expect_err("no match").reason
}

#[test]
fn numbers_labels_and_also_are_exact() {
    let options = payment();
    for text in [
        "2",
        "2.",
        "#2",
        "(2)",
        "2)",
        "２",
        "٢",
        "२",
        "2️⃣",
        "option 2",
        "Number 2",
        "Cash on delivery",
        "CASH ON DELIVERY!",
        "cash",
        "Cásh",
        "02",
    ] {
        assert_eq!(exact(&options, text).as_deref(), Some("cod"), "{text}");
    }
    let Ok(understood) = options.understand(&Normalized::of("cash"), None, Shown { visible: &[0, 1, 2], numbered: true }) else {
        panic!("no match")
    };
    assert_eq!(understood.value, Value::Choice { id: "cod".into(), label: "Cash on delivery".into() });
    assert_eq!(understood.reason, "`also` of `cod`");
}

#[test]
fn a_tapped_button_decides() {
    let options = payment();
    let tap = |text: &str, payload, visible: &[usize]| {
        let shown = Shown { visible, numbered: false };
        options.exact(&Normalized::of(text), Some(payload), shown).map(|found| (found.index, found.reason))
    };
    assert_eq!(tap("Pay now", "cod", &[0, 1, 2]), Some((1, "tapped `cod`".into())));
    // A button of another question: what it says still counts.
    assert_eq!(tap("Pay now", "other", &[0, 1, 2]), Some((0, "the label of `link`".into())));
    assert_eq!(tap("Something", "other", &[0, 1, 2]), None);
    assert_eq!(tap("Something", "cod", &[0, 2]), None, "not shown");
}

#[test]
fn politeness_places_in_words_and_slips_are_lenient() {
    let options = payment();
    for text in [
        "cash please",
        "please cash",
        "I'd like cash, thanks",
        "ok, cash on delivery please",
        "2 please",
        "two",
        "option two",
        "the second one",
        "second",
        "cash on delivary",
        "option 2 please",
    ] {
        assert_eq!(lenient(&options, text).as_deref(), Some("cod"), "{text}");
    }
}

#[test]
fn nothing_is_guessed() {
    let options = payment();
    for text in [
        "",
        "0",
        "4",
        "-2",
        "~2",
        "2+",
        "2.5",
        "1/2",
        "2-3",
        "1 2",
        "1 and 2",
        "cash or link",
        "not 2",
        "not cash",
        "no cash",
        "2 👎",
        "cash ❌",
        "cod",
        "link",
        "is cash possible",
        "four",
        "please",
        "ok",
        "$2",
        "2%",
        "22",
        "1000000000000",
        "1 cash",
        "2 pay now",
        "4 cash",
    ] {
        assert_eq!(read(&options, text, true), None, "{text}");
        assert_eq!(read(&options, text, false), None, "{text}");
    }
    assert_eq!(why_not(&options, "4"), "a number that is none of the choices");
    assert_eq!(why_not(&options, "what?"), "it asks a question");
    assert_eq!(why_not(&options, "elephants and trees"), "none of the choices");
    assert_eq!(why_not(&options, " "), "nothing was written");
}

#[test]
fn two_choices_that_match_are_none() {
    let options = options(&[("a", "Monday", &["later"]), ("b", "Tuesday", &["later"]), ("ok", "OK", &[]), ("now", "Now", &[])]);
    assert_eq!(read(&options, "later", true), None);
    assert_eq!(why_not(&options, "later"), "two of the choices match");
    assert_eq!(read(&options, "ok now", true), None, "the politeness is a choice itself");
    assert_eq!(lenient(&options, "well, now"), Some("now".into()));
}

#[test]
fn only_shown_choices_count_and_places_are_theirs() {
    let options = payment();
    let read = |text: &str, visible: &[usize]| {
        let shown = Shown { visible, numbered: true };
        options.exact(&Normalized::of(text), None, shown).map(|found| found.index)
    };
    assert_eq!(read("2", &[0, 2]), Some(2));
    assert_eq!(read("3", &[0, 2]), None);
    assert_eq!(read("cash", &[0, 2]), None);
    assert_eq!(read("1", &[2, 0]), Some(2));
    assert_eq!(read("1", &[]), None);
    assert_eq!(read("1", &[9]), None, "an index that is no choice");
}

#[test]
fn labels_that_begin_with_other_numbers_make_a_bare_number_unclear() {
    let tickets = options(&[("b", "2 tickets", &[]), ("a", "1 ticket", &[])]);
    for text in ["1", "2", "option 2"] {
        assert_eq!(read(&tickets, text, true), None, "{text}");
        assert_eq!(read(&tickets, text, false), None, "{text}");
    }
    assert_eq!(why_not(&tickets, "2"), "a number that could mean two of the choices");
    assert_eq!(exact(&tickets, "2 tickets").as_deref(), Some("b"));
    for (text, id) in [("option 3", "c"), ("the second one", "b")] {
        let three = options(&[("a", "5 tickets", &[]), ("b", "10 tickets", &[]), ("c", "20 tickets", &[])]);
        assert_eq!(read(&three, text, true).map(|(id, _)| id).as_deref(), Some(id), "{text}: says that it is a place");
    }
    let slots = options(&[("a", "18:00", &[]), ("b", "19:00", &[])]);
    for text in ["1", "18", "one", "18:30"] {
        assert_eq!(read(&slots, text, true), None, "{text}");
        assert_eq!(read(&slots, text, false), None, "{text}");
    }
    assert_eq!(read(&slots, "18:00", false), Some(("a".into(), true)));
    let same = options(&[("a", "1 ticket", &[]), ("b", "2 tickets", &[]), ("c", "4 tickets", &[])]);
    for text in ["2", "3", "4"] {
        assert_eq!(read(&same, text, true), None, "{text}");
    }
    let inside = options(&[("a", "Plan 7", &[]), ("b", "Plan 1", &[])]);
    assert_eq!(read(&inside, "1", true), Some(("a".into(), true)), "no label begins with a number");
    let own = options(&[("a", "1 ticket", &[]), ("b", "2 tickets", &[]), ("c", "A group", &[])]);
    assert_eq!(read(&own, "3", true), Some(("c".into(), true)), "the labels begin with their own places");
}

#[test]
fn places_in_words_give_way_to_labels_with_these_words() {
    let classes = options(&[("eco", "Economy", &[]), ("first", "First class", &[])]);
    assert_eq!(read(&classes, "first", true), None);
    assert_eq!(read(&classes, "the first one", true), None);
    assert_eq!(lenient(&classes, "the second one"), Some("first".into()));
    let tickets = options(&[("b", "Two tickets", &[]), ("a", "One ticket", &[])]);
    for text in ["one", "two"] {
        assert_eq!(read(&tickets, text, true), None, "{text}");
    }
    assert_eq!(read(&tickets, "2", true), Some(("a".into(), true)), "the contact saw the numbers");
    assert_eq!(read(&tickets, "2", false), None);
    let ways = options(&[("one", "One way", &[]), ("both", "Round trip", &[])]);
    assert_eq!(lenient(&ways, "one"), Some("one".into()));
    assert_eq!(read(&ways, "1", false), Some(("one".into(), true)));
}

#[test]
fn labels_that_are_numbers() {
    let years = options(&[
        ("a", "18", &[]),
        ("b", "<18", &[]),
        ("c", "-5", &[]),
        ("d", "$20", &[]),
        ("e", "€20", &[]),
        ("f", "50%", &[]),
    ]);
    for (text, id) in [("18", "a"), ("<18", "b"), ("-5", "c"), ("$20", "d"), ("€ 20", "e"), ("50 %", "f"), ("50", "f")] {
        assert_eq!(exact(&years, text).as_deref(), Some(id), "{text}");
    }
    assert_eq!(read(&years, "20", true), None);
    let down = options(&[("two", "2", &[]), ("one", "1", &[])]);
    assert_eq!(read(&down, "2", true), None);
    assert_eq!(read(&down, "2", false), Some(("two".into(), true)), "no numbers were shown but the labels");
    let amounts = options(&[("a", "5", &[]), ("b", "10", &[]), ("c", "20", &[])]);
    assert_eq!(read(&amounts, "10", true), Some(("b".into(), true)), "a label, and no place");
    assert_eq!(read(&amounts, "2", true), None);
    let scale = options(&[("a", "1", &[]), ("b", "2", &[]), ("c", "3", &[])]);
    assert_eq!(read(&scale, "2", true), Some(("b".into(), true)));
}

#[test]
fn pictures_in_labels_may_be_left_out() {
    let options = options(&[("good", "👍 Good", &[]), ("bad", "👎 Bad", &[]), ("no", "❌ Cancel it", &[])]);
    assert_eq!(exact(&options, "good").as_deref(), Some("good"));
    assert_eq!(exact(&options, "bad").as_deref(), Some("bad"));
    assert_eq!(exact(&options, "👎 bad").as_deref(), Some("bad"));
    assert_eq!(exact(&options, "cancel it").as_deref(), Some("no"));
    assert_eq!(exact(&options, "👎").as_deref(), Some("bad"), "the picture alone");
    assert_eq!(read(&options, "good 👎", true), None);
}

#[test]
fn labels_of_every_script() {
    let options = options(&[("a", "अभी भुगतान करें", &[]), ("b", "कैश ऑन डिलीवरी", &[]), ("c", "Señal", &[]), ("d", "現金", &[])]);
    assert_eq!(exact(&options, "कैश ऑन डिलीवरी").as_deref(), Some("b"));
    assert_eq!(read(&options, "केश ऑन डिलीवरी", true), None, "another vowel sign is another word");
    assert_eq!(exact(&options, "senal").as_deref(), Some("c"));
    assert_eq!(exact(&options, "現金。").as_deref(), Some("d"));
}

#[test]
fn a_label_that_says_no_can_be_chosen() {
    let options = options(&[("now", "Now", &[]), ("not", "Not now", &[]), ("never", "Never", &[])]);
    assert_eq!(exact(&options, "not now").as_deref(), Some("not"));
    assert_eq!(lenient(&options, "not now please").as_deref(), Some("not"));
    assert_eq!(lenient(&options, "ok not now").as_deref(), Some("not"));
    assert_eq!(read(&options, "not never", true), None);
}

#[test]
fn a_slip_that_could_be_two_is_none() {
    let options = options(&[("a", "Mainz", &[]), ("b", "Maine", &[])]);
    assert_eq!(read(&options, "main", true), None);
    assert_eq!(read(&options, "mainy", true), None);
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-zé]{1,8}( [A-Za-z0-9$👍]{1,5}){0,2}", "[0-9]{1,2}( tickets|:00)?", "\\PC{1,12}"]
}

proptest! {
    #[test]
    fn what_is_shown_can_be_chosen_by_its_label(labels in proptest::collection::vec(label(), 1..8), numbered: bool) {
        let candidates = labels.iter().enumerate();
        let candidate = |(i, label): (usize, &String)| Candidate { id: format!("c{i}"), label: label.clone(), also: vec![] };
        let options = Options::new(candidates.map(candidate).collect(), Language::EN);
        if !options.collisions().is_empty() {
            return Ok(());
        }
        for (index, label) in labels.iter().enumerate() {
            let normal = Normalized::of(label);
            if normal.is_empty() {
                continue;
            }
            let shown = Shown { visible: &all(&options), numbered };
            let found = options.exact(&normal, None, shown).map(|found| found.index);
            prop_assert_eq!(found, Some(index), "{}", label);
        }
    }

    #[test]
    fn what_is_shown_can_be_chosen_by_its_number(labels in proptest::collection::vec("[A-Za-zé]{1,8}( [A-Za-z0-9]{1,5}){0,2}", 1..12)) {
        let candidates = labels.iter().enumerate();
        let candidate = |(i, label): (usize, &String)| Candidate { id: format!("c{i}"), label: label.clone(), also: vec![] };
        let options = Options::new(candidates.map(candidate).collect(), Language::EN);
        // "One way" beside buttons without numbers makes a bare 1 unclear.
        if options.items.iter().any(|item| item.leading_word.is_some()) {
            return Ok(());
        }
        for index in 0..labels.len() {
            for numbered in [true, false] {
                let shown = Shown { visible: &all(&options), numbered };
                let found = options.exact(&Normalized::of(&format!("{}.", index + 1)), None, shown).map(|found| found.index);
                prop_assert_eq!(found, Some(index));
            }
        }
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,60}|(please|ok|not|two|option|cash|2|thanks| ){0,8}", payload in proptest::option::of("[a-z]{0,5}")) {
        let options = payment();
        let shown = Shown { visible: &[2, 0], numbered: true };
        if let Ok(understood) = options.understand(&Normalized::of(&text), payload.as_deref(), shown) {
            prop_assert!(!understood.reason.is_empty() && !understood.reason.contains('\n'));
        }
    }
}

#[test]
fn the_longest_replies_are_read_like_any_other() {
    use crate::domain::limits::REPLY_CHARS;
    let options = payment();
    for word in ["ok ", "please ", "not ", "2 ", "a", "1️⃣", "👎", "the second ", "'", "-", "\u{301}", "cash ", "\u{FDFA}"]
    {
        let long: String = word.chars().cycle().take(REPLY_CHARS).collect();
        assert_eq!(read(&options, &long, true), None, "{word}");
    }
    let fits = format!("{}cash", " ".repeat(REPLY_CHARS - 4));
    assert_eq!(exact(&options, &fits).as_deref(), Some("cod"));
    let over = format!(" {fits}");
    assert_eq!(read(&options, &over, true), None);
    assert_eq!(why_not(&options, &over), "too long to be one of the choices");
}
