//! `yes_no`: a boolean.

use super::normalize::Normalized;
use super::politeness::{once, strip};
use super::words::{Section, lexicons};
use super::{NotUnderstood, Understanding, Understood};
use crate::domain::language::Language;
use crate::domain::value::Value;

/// What the buttons of a yes-or-no question carry, yes first.
pub const PAYLOADS: [&str; 2] = ["yes", "no"];

/// Yes or no: a tapped button, the words of English and of `languages`, 1 or 2 where the answers were shown as a
/// numbered list.
pub fn understand(text: &Normalized, payload: Option<&str>, languages: &[Language], numbered: bool) -> Understanding {
    match payload {
        Some("yes") => return Understood::exact(Value::Bool(true), "tapped `yes`"),
        Some("no") => return Understood::exact(Value::Bool(false), "tapped `no`"),
        _ => {}
    }
    let Some(whole) = text.whole() else { return NotUnderstood::because("too long to be yes or no") };
    match whole {
        "1" if numbered => return Understood::exact(Value::Bool(true), "number 1 of the list, yes"),
        "2" if numbered => return Understood::exact(Value::Bool(false), "number 2 of the list, no"),
        "" => return NotUnderstood::because("nothing was written"),
        _ => {}
    }
    let words = lexicons(languages);
    let says = |text: &str, yes: Section, no: Section| {
        let (yes, no) = (words.clone().any(|l| l.has(yes, text)), words.clone().any(|l| l.has(no, text)));
        // A word that says yes in one of the languages and no in another decides nothing.
        (yes != no).then_some(yes)
    };
    if let Some(yes) = says(whole, Section::Yes, Section::No) {
        return Understood::exact(Value::Bool(yes), if yes { "a word for yes" } else { "a word for no" });
    }
    let core = once(strip(whole, words.clone()));
    for text in [whole, once(whole), core] {
        let yes = says(text, Section::Yes, Section::No).or_else(|| says(text, Section::YesLenient, Section::NoLenient));
        if let Some(yes) = yes {
            return Understood::lenient(Value::Bool(yes), if yes { "close to yes" } else { "close to no" });
        }
    }
    NotUnderstood::because("neither yes nor no")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(bool, bool)> {
        read(text, &[], false)
    }

    fn read(text: &str, languages: &[Language], numbered: bool) -> Option<(bool, bool)> {
        let understood = understand(&Normalized::of(text), None, languages, numbered).ok()?;
        match understood.value {
            Value::Bool(yes) => Some((yes, understood.exact)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn plain_words_are_exact() {
        for yes in ["yes", "YES!", "Y", " yep ", "Yeah.", "yes, please", "ｙｅｓ"] {
            assert_eq!(of(yes), Some((true, true)), "{yes}");
        }
        for no in ["no", "No.", "n", "NOPE", "no, thanks", "no thank you!"] {
            assert_eq!(of(no), Some((false, true)), "{no}");
        }
    }

    #[test]
    fn other_ways_to_say_it_are_lenient() {
        for yes in ["ok", "sure", "of course", "👍", "yes yes", "yes I do", "sure, thanks"] {
            assert_eq!(of(yes), Some((true, false)), "{yes}");
        }
        for no in ["not now", "definitely not", "👎", "no no no", "I don't"] {
            assert_eq!(of(no), Some((false, false)), "{no}");
        }
    }

    #[test]
    fn what_has_two_readings_has_none() {
        for text in [
            "",
            "yes no",
            "yes and no",
            "no problem",
            "why not",
            "not yes",
            "maybe",
            "yes but not today",
            "ok no",
            "yes 👎",
            "1",
            "2",
            "please",
            "noon",
            "yesterday",
            "never mind",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_count_where_they_were_shown() {
        assert_eq!(read("1", &[], true), Some((true, true)));
        assert_eq!(read("２.", &[], true), Some((false, true)));
        assert_eq!(read("3", &[], true), None);
    }

    #[test]
    fn the_button_decides() {
        let tapped = |payload| understand(&Normalized::of("whatever"), Some(payload), &[], false).map(|u| (u.value, u.exact));
        assert_eq!(tapped("yes"), Ok((Value::Bool(true), true)));
        assert_eq!(tapped("no"), Ok((Value::Bool(false), true)));
        assert!(tapped("maybe").is_err());
    }
}
