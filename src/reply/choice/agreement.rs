//! Yes and no where one label says yes and one says no.

use super::{Match, Options, Shown};
use crate::domain::value::Value;
use crate::reply::normalize::Normalized;
use crate::reply::words::Section;
use crate::reply::yes_no;

impl Options {
    /// "nope" where the choices are "Yes, book it" and "No, thanks".
    pub(super) fn yes_or_no(&self, text: &Normalized, shown: Shown<'_>) -> Option<Match> {
        let Value::Bool(said) = yes_no::understand(text, None, &self.language, false).ok()?.value else { return None };
        let (mut whole, mut first) = ([const { Vec::new() }; 2], [const { Vec::new() }; 2]);
        for index in shown.visible.iter().copied() {
            let label = Normalized::of(self.label(index)?);
            let says = |section| self.lexicons().any(|lexicon| lexicon.begins(section, label.as_str()) > 0);
            match (says(Section::Yes), says(Section::No)) {
                (true, false) => first[1].push(index),
                (false, true) => first[0].push(index),
                _ => {}
            }
            if let Ok(understood) = yes_no::understand(&label, None, &self.language, false)
                && let Value::Bool(yes) = understood.value
            {
                whole[usize::from(yes)].push(index);
            }
        }
        let both = first.iter().all(|indices| indices.len() == 1);
        let index = match whole[usize::from(said)].as_slice() {
            [index] if first[usize::from(said)].iter().all(|other| other == index) => *index,
            _ if both => first[usize::from(said)][0],
            _ => return None,
        };
        let word = if said { "yes" } else { "no" };
        Some(Match { index, reason: format!("a word for {word}, as the label of `{}`", self.items[index].id) })
    }
}
