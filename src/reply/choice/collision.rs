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
}

impl Options {
    /// Which texts choose two of these: typed labels, `also`, and the numbers of a list in which all are shown.
    pub fn collisions(&self) -> Vec<Collision> {
        let mut found = Vec::new();
        for (text, keys) in &self.keys {
            let typed: Vec<usize> = keys.iter().filter(|key| key.rule <= Rule::Also).map(|key| key.index).collect();
            for pair in typed.windows(2) {
                found.push(Collision { first: pair[0], second: pair[1], text: text.clone() });
            }
            let place = bare_number(text).and_then(|n| (n as usize).checked_sub(1)).filter(|place| *place < self.len());
            if let (Some(place), Some(index)) = (place, typed.first().copied())
                && !typed.contains(&place)
            {
                found.push(Collision { first: index.min(place), second: index.max(place), text: text.clone() });
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
            for (b, second) in texts[i + 1..].iter().filter(|(_, second)| second != first) {
                if close::one_letter_apart(a, b) {
                    found.push((*first, *second, (*a).to_owned(), (*b).to_owned()));
                }
            }
        }
        found
    }
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
        assert_eq!(options(&[("Pay now", &["pay noww"]), ("Room 12345", &[]), ("Room 12346", &[])]).near(), []);
    }
}
