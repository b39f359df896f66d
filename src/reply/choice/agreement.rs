//! Yes and no where one label says yes and one says no.

use super::{Match, Options, Shown};
use crate::domain::value::Value;
use crate::reply::normalize::Normalized;
use crate::reply::words::Section;
use crate::reply::yes_no;

impl Options {
    /// "nope" where the choices are "Yes, book it" and "No, thanks". A label must begin with the word itself: nobody knows
    /// whether a yes means "Keep it" or "Cancel it". "No preference" says no only beside a label that says yes.
    pub(super) fn yes_or_no(&self, text: &Normalized, shown: Shown<'_>) -> Option<Match> {
        let says = |text: &Normalized| match yes_no::understand(text, None, &self.language, false).ok()?.value {
            Value::Bool(yes) => Some(yes),
            _ => None,
        };
        let said = says(text)?;
        let mut labels = [const { Vec::new() }; 2];
        for index in shown.visible.iter().copied() {
            let label = Normalized::of(self.label(index)?);
            let begins = |section| self.lexicons().any(|lexicon| lexicon.begins(section, label.as_str()) > 0);
            match (begins(Section::Yes), begins(Section::No)) {
                (true, false) => labels[1].push((index, label)),
                (false, true) => labels[0].push((index, label)),
                _ => {}
            }
        }
        let [(index, label)] = labels[usize::from(said)].as_slice() else { return None };
        // "quero" says yes, and begins "Quero remarcar".
        if self.begins_another(text.as_str(), *index, shown) {
            return None;
        }
        let clear = labels[usize::from(!said)].len() == 1 || says(label) == Some(said);
        let word = if said { "yes" } else { "no" };
        let reason = format!("a word for {word}, as the label of `{}`", self.items[*index].id);
        clear.then_some(Match { index: *index, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;
    use crate::reply::choice::Candidate;

    fn read(labels: &[&str], text: &str) -> Option<usize> {
        let candidate = |label: &&str| Candidate { id: label.to_lowercase(), label: (*label).into(), also: vec![] };
        let options = Options::new(labels.iter().map(candidate).collect(), Language::EN);
        let visible: Vec<usize> = (0..labels.len()).collect();
        let shown = Shown { visible: &visible, numbered: true };
        let text = Normalized::of(text);
        let lenient = || options.lenient(&text, shown).ok();
        options.exact(&text, None, shown).or_else(lenient).map(|found| found.index)
    }

    #[test]
    fn yes_and_no_choose_labels_that_say_so() {
        let labels = ["Yes, book it", "No, thanks", "Call me"];
        for (text, expected) in [("yep", Some(0)), ("sure", Some(0)), ("no", Some(1)), ("nope", Some(1)), ("maybe", None)] {
            assert_eq!(read(&labels, text), expected, "{text}");
        }
        for labels in [&["Keep it", "Cancel it"][..], &["Yes, today", "Yes, tomorrow"], &["Yesterday", "Today"]] {
            for text in ["yes", "no", "sure", "nope"] {
                assert_eq!(read(labels, text), None, "{labels:?}: {text}");
            }
        }
        assert_eq!(read(&["Morning", "No preference"], "no"), None);
        assert_eq!(read(&["Morning", "No"], "nope"), Some(1));
    }
}
