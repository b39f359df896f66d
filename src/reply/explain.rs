//! What was considered and how near it was, for those who ask why a reply was understood as it was.

use super::choice::{Options, Shown};
use super::normalize::Normalized;

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
        let found = self.exact(text, payload, shown).or_else(|| self.lenient(text, shown));
        let mut considered = Vec::new();
        for index in shown.visible.iter().copied() {
            let Some(what) = self.id(index).map(str::to_owned) else { continue };
            match &found {
                Some(found) if found.index == index => considered.insert(0, Considered { what, how: found.reason.clone() }),
                _ => considered.push(Considered { what, how: "nothing in common".to_owned() }),
            }
        }
        considered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;
    use crate::reply::choice::Candidate;

    #[test]
    fn the_nearest_comes_first() {
        let candidate = |label: &str| Candidate { id: label.to_lowercase(), label: label.into(), also: vec![] };
        let options = Options::new(["Red", "Green"].into_iter().map(candidate).collect(), Language::EN);
        let shown = Shown { visible: &[0, 1], numbered: true };
        let considered = options.considered(&Normalized::of("green"), None, shown);
        let what: Vec<&str> = considered.iter().map(|c| c.what.as_str()).collect();
        assert_eq!(what, ["green", "red"]);
    }
}
