//! What the checker must know of choices: which texts choose two of them, and which nearly do.

use super::{Options, Rule, bare_number};
use crate::reply::close;

/// Two choices that the same text chooses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collision {
    /// The index of the one.
    pub first: usize,
    /// The index of the other.
    pub second: usize,
    /// The text in its one form.
    pub text: String,
    /// It is the number of the one in a list and a text of the other: no collision where no numbers are shown.
    pub by_number: bool,
}

impl Options {
    /// Which texts choose two of these: typed labels, `also`, and the numbers of a list in which all are shown.
    pub fn collisions(&self) -> Vec<Collision> {
        let mut found = Vec::new();
        for (text, keys) in &self.keys {
            let typed: Vec<usize> = keys.iter().filter(|key| key.rule <= Rule::Also).map(|key| key.index).collect();
            for pair in typed.windows(2) {
                found.push(Collision { first: pair[0], second: pair[1], text: text.clone(), by_number: false });
            }
            let place = bare_number(text).and_then(|n| (n as usize).checked_sub(1)).filter(|place| *place < self.len());
            if let (Some(place), Some(index)) = (place, typed.first().copied())
                && !typed.contains(&place)
            {
                let (first, second) = (index.min(place), index.max(place));
                found.push(Collision { first, second, text: text.clone(), by_number: true });
            }
        }
        found.sort();
        found
    }

    /// Texts of two choices that differ by one letter, so that a slip of the finger chooses the other.
    pub fn near(&self) -> Vec<(usize, usize, String, String)> {
        let mut texts: Vec<(&str, usize)> = Vec::new();
        for (text, keys) in &self.keys {
            texts.extend(keys.iter().filter(|key| key.rule <= Rule::Also).map(|key| (text.as_str(), key.index)));
        }
        texts.sort_by_key(|(text, index)| (*index, *text));
        let mut found = Vec::new();
        for (i, (a, first)) in texts.iter().enumerate() {
            for (b, second) in texts[i + 1..].iter().filter(|(b, second)| second != first && may_be_near(a, b)) {
                if close::one_letter_apart(a, b) && !self.says_something_else(a, b) {
                    found.push((*first, *second, (*a).to_owned(), (*b).to_owned()));
                }
            }
        }
        found
    }
}

/// Whether two texts may be one letter apart, as far as a glance tells: all but a few bytes are the same at both ends.
fn may_be_near(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    // Signs beyond ASCII may be written in two ways.
    if !a.is_ascii() || !b.is_ascii() {
        return true;
    }
    let shorter = a.len().min(b.len());
    let begin = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    // Two letters that are swapped.
    a.len().abs_diff(b.len()) <= 1 && begin + end + 2 >= shorter
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;
    use crate::reply::choice::Candidate;

    fn options(choices: &[(&str, &[&str])]) -> Options {
        let candidate = |(label, also): &(&str, &[&str])| Candidate {
            id: label.to_lowercase(),
            label: (*label).into(),
            also: also.iter().map(|text| (*text).to_owned()).collect(),
        };
        Options::new(choices.iter().map(candidate).collect(), Language::EN)
    }

    fn collisions(choices: &[(&str, &[&str])]) -> Vec<(usize, usize, String)> {
        options(choices).collisions().into_iter().map(|c| (c.first, c.second, c.text)).collect()
    }

    #[test]
    fn what_chooses_two_is_found() {
        let found = collisions(&[("Yes", &["ok"]), ("No", &["OK!"]), ("Later", &["yés", "2"])]);
        assert_eq!(found, [(0, 1, "ok".into()), (0, 2, "yes".into()), (1, 2, "2".into())]);
        let thrice = collisions(&[("A", &["x"]), ("B", &["x"]), ("C", &["x"])]);
        assert_eq!(thrice, [(0, 1, "x".into()), (1, 2, "x".into())]);
    }

    #[test]
    fn what_chooses_one_is_no_collision() {
        assert_eq!(collisions(&[("Pay now", &["pay", "PAY"]), ("Cash", &[]), ("Talk to us", &[])]), []);
        // Each can be typed with its sign.
        assert_eq!(collisions(&[("$20", &[]), ("€20", &[])]), []);
        // Numbers that stand at their own places, or at none.
        assert_eq!(collisions(&[("1", &[]), ("2", &[]), ("30", &[])]), []);
        assert_eq!(collisions(&[]), []);
    }

    #[test]
    fn a_number_that_is_the_place_of_another_is_a_collision() {
        assert_eq!(collisions(&[("2", &[]), ("One", &[])]), [(0, 1, "2".into())]);
        assert_eq!(collisions(&[("2", &[])]), []);
    }

    #[test]
    fn texts_one_letter_apart_are_found_across_choices_only() {
        assert_eq!(options(&[("Mainz", &["Mainy"]), ("Maine", &[])]).near().len(), 2);
        // Months are what they are.
        let juni = Candidate { id: "a".into(), label: "Juni".into(), also: Vec::new() };
        let juli = Candidate { id: "b".into(), label: "Juli".into(), also: Vec::new() };
        assert_eq!(Options::new(vec![juni, juli], Language::parse("de").expect("a language")).near(), []);
        assert_eq!(options(&[("Cofirm", &[]), ("Confirm", &[]), ("Confrim", &[])]).near().len(), 2);
        assert_eq!(options(&[("Pay now", &["pay noww"]), ("Room 12345", &[]), ("Room 12346", &[])]).near(), []);
    }
}
