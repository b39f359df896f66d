//! Several of the choices: parts of a reply, each of which is one of them.

use super::choice::{Options, Shown};
use super::normalize::Normalized;
use super::{NotUnderstood, Understanding, Understood};
use crate::domain::value::Value;

/// How many may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// At least so many.
    pub min: usize,
    /// At most so many; all, if it says nothing.
    pub max: Option<usize>,
}

impl Options {
    /// A list of the chosen in the order in which they were shown, each once. `original` is the text that `text` was made
    /// of. One part that is no choice spoils the reply.
    pub fn understand_many(
        &self,
        text: &Normalized,
        original: &str,
        payload: Option<&str>,
        shown: Shown<'_>,
        bounds: Bounds,
    ) -> Understanding {
        let tapped = shown.visible.iter().copied().find(|index| payload.is_some() && self.id(*index) == payload);
        if tapped.is_none() && text.whole().is_none() {
            return NotUnderstood::because("too long to be some of the choices");
        }
        let mut chosen = Vec::new();
        let mut exact = true;
        match tapped {
            Some(index) => chosen.push(index),
            None => {
                for part in original.split([',', ';', '\n', '/', '&', '+']).filter(|part| !part.trim().is_empty()) {
                    let part = Normalized::of(part);
                    let found = self.exact(&part, None, shown).or_else(|| {
                        exact = false;
                        self.lenient(&part, shown)
                    });
                    match found {
                        Some(found) => chosen.push(found.index),
                        None => return NotUnderstood::because("a part of it is none of the choices"),
                    }
                }
            }
        }
        let in_order: Vec<usize> = shown.visible.iter().copied().filter(|index| chosen.contains(index)).collect();
        let count = in_order.len();
        if count == 0 {
            return NotUnderstood::because("nothing was written");
        }
        if count < bounds.min || bounds.max.is_some_and(|max| count > max) {
            return NotUnderstood::because(format!("{count} of the choices are too few or too many"));
        }
        let value = Value::List(in_order.into_iter().map(|index| self.value(index)).collect());
        let reason = format!("{count} of the choices");
        if exact { Understood::exact(value, reason) } else { Understood::lenient(value, reason) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;
    use crate::reply::choice::Candidate;

    #[test]
    fn parts_are_choices() {
        let candidate = |label: &str| Candidate { id: label.to_lowercase(), label: label.into(), also: vec![] };
        let options = Options::new(["Red", "Green", "Blue"].into_iter().map(candidate).collect(), Language::EN);
        let read = |text: &str| {
            let shown = Shown { visible: &[0, 1, 2], numbered: true };
            let bounds = Bounds { min: 1, max: Some(2) };
            let understood = options.understand_many(&Normalized::of(text), text, None, shown, bounds).ok()?;
            let Value::List(items) = understood.value else { panic!("no list") };
            Some((
                items.iter().filter_map(|item| item.as_text().map(str::to_owned)).collect::<Vec<_>>().join(" "),
                understood.exact,
            ))
        };
        assert_eq!(read("3, red"), Some(("red blue".into(), true)));
        assert_eq!(read("blue please; 3"), Some(("blue".into(), false)));
        assert_eq!(read("1,2,3"), None);
        assert_eq!(read("1, 4"), None);
    }
}
