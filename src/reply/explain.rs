//! What was considered and how near it was, for those who ask why a reply was understood as it was.

use super::choice::{FAR, Options, Shown, begins};
use super::normalize::Normalized;
use super::{close, politeness};
use std::fmt;

/// One thing that was considered: a choice or a reading, and how near it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// The id of a choice, or the name of a reading.
    pub what: String,
    /// How near it was: "label, 2 letters apart".
    pub how: String,
}

impl Options {
    /// Every shown choice, the nearest first, and how near the text came to it.
    pub fn considered(&self, text: &Normalized, payload: Option<&str>, shown: Shown<'_>) -> Vec<Considered> {
        let found = self.exact(text, payload, shown).or_else(|| self.lenient(text, shown).ok());
        let core = politeness::cores(text.as_str(), self.lexicons()).last().map_or(text.as_str(), |core| core.text);
        let keys = self.visible_keys(shown);
        let consider = |index: usize| {
            let what = self.id(index)?.to_owned();
            if let Some(found) = found.as_ref().filter(|found| found.index == index) {
                return Some((0, Considered { what, how: found.reason.clone() }));
            }
            let near = keys.iter().filter(|(_, of)| *of == index).map(|(key, _)| Nearness::of(core, key)).min();
            let near = near.unwrap_or(Nearness::Far);
            Some((near.rank(), Considered { what, how: near.to_string() }))
        };
        let mut considered: Vec<(usize, Considered)> = shown.visible.iter().copied().filter_map(consider).collect();
        considered.sort_by_key(|(rank, _)| *rank);
        considered.into_iter().map(|(_, considered)| considered).collect()
    }
}

/// How near a text is to one of the texts that choose something, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    Same,
    Beginning,
    Slips(usize),
    ShortBeginning(usize),
    Letters(usize),
    Far,
}

impl Nearness {
    fn of(text: &str, key: &str) -> Self {
        if text == key {
            return Nearness::Same;
        }
        if begins(key, text) {
            return Nearness::Beginning;
        }
        if let Some(slips) = close::slips(text, key) {
            return Nearness::Slips(slips);
        }
        if !text.is_empty() && key.starts_with(text) {
            return Nearness::ShortBeginning(close::letters(text));
        }
        close::distance(text, key, FAR).map_or(Nearness::Far, Nearness::Letters)
    }

    fn rank(self) -> usize {
        match self {
            Nearness::Same => 1,
            Nearness::Beginning | Nearness::Slips(_) | Nearness::ShortBeginning(_) => 2,
            Nearness::Letters(letters) => 2 + letters,
            Nearness::Far => 3 + FAR,
        }
    }
}

impl fmt::Display for Nearness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Nearness::Same => f.write_str("the same text, but not alone or not the only one"),
            Nearness::Beginning => f.write_str("the beginning of it, but not of it alone"),
            Nearness::Slips(1) => f.write_str("one letter off, but not enough to tell"),
            Nearness::Slips(slips) => write!(f, "{slips} letters off, but not enough to tell"),
            Nearness::ShortBeginning(letters) => write!(f, "the beginning of it, {letters} letters: too short"),
            Nearness::Letters(1) => f.write_str("one letter apart"),
            Nearness::Letters(letters) => write!(f, "{letters} letters apart"),
            Nearness::Far => write!(f, "more than {FAR} letters apart"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;
    use crate::reply::choice::Candidate;

    fn considered(labels: &[&str], text: &str) -> Vec<String> {
        let candidate = |label: &&str| Candidate { id: label.to_lowercase(), label: (*label).into(), also: vec![] };
        let options = Options::new(labels.iter().map(candidate).collect(), Language::EN);
        let visible: Vec<usize> = (0..options.len()).collect();
        let considered = options.considered(&Normalized::of(text), None, Shown { visible: &visible, numbered: true });
        considered.into_iter().map(|c| format!("{}: {}", c.what, c.how)).collect()
    }

    #[test]
    fn the_nearest_comes_first() {
        let labels = ["Red", "Green", "Grey"];
        let expected = ["grey: the label of `grey`", "red: 2 letters apart", "green: 2 letters apart"];
        assert_eq!(considered(&labels, "grey"), expected);
        let expected = [
            "green: the beginning of it, but not of it alone",
            "grey: one letter off, but not enough to tell",
            "red: 2 letters apart",
        ];
        assert_eq!(considered(&labels, "gree"), expected);
        let expected = ["green: the beginning of it, 2 letters: too short", "grey: the beginning of it, 2 letters: too short"];
        assert_eq!(considered(&labels, "gr")[..2], expected);
        assert_eq!(considered(&labels, "elephants, please")[2], "grey: more than 6 letters apart");
    }
}
