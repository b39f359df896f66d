//! How mistakes are said.

use super::Reader;
use crate::flow::diagnostic::{At, Code, Diagnostic};
use crate::flow::yaml::{Key, Node};

/// The longest message.
const MESSAGE_CHARS: usize = 400;

impl Reader {
    /// Says a mistake at a place.
    pub(super) fn say(&mut self, code: u16, at: At, width: u32, message: impl Into<String>, help: impl Into<String>) {
        let mut message = message.into();
        // A whole text where a name should be would make a message that nobody reads.
        if let Some((cut, _)) = message.char_indices().nth(MESSAGE_CHARS) {
            message.truncate(cut);
            message.push('…');
        }
        self.diagnostics.push(Diagnostic {
            code: Code(code),
            file: self.file.clone(),
            at,
            width,
            message,
            help: Some(help.into()),
        });
    }

    /// Says a mistake about a key.
    pub(super) fn say_key(&mut self, code: u16, key: &Key, message: impl Into<String>, help: impl Into<String>) {
        self.say(code, key.at, key.width, message, help);
    }

    /// Says a mistake about a value, unless the value was refused already.
    pub(super) fn say_node(&mut self, code: u16, node: &Node, message: impl Into<String>, help: impl Into<String>) {
        if !node.is_broken() {
            self.say(code, node.at, node.width, message, help);
        }
    }

    /// RF103: the value of `name` is not of the type that it must have.
    pub(super) fn must_be(&mut self, node: &Node, name: &str, kind: &str, example: &str) {
        let message = format!("`{name}` must be {kind}, for example `{example}`");
        self.say_node(103, node, message, format!("write {kind}, for example `{example}`"));
    }

    /// RF103: a key that must be there is not.
    pub(super) fn missing(&mut self, at: At, width: u32, of: &str, name: &str, example: &str) {
        self.say(103, at, width, format!("`{name}` of {of} must be given, for example `{example}`"), format!("add `{example}`"));
    }

    /// The name that was probably meant.
    pub(super) fn nearest<'a>(&mut self, given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let length = given.chars().count();
        if length > 64 || self.suggestions == 0 {
            return None;
        }
        self.suggestions -= 1;
        let allowed = (length / 3).clamp(1, 3);
        let folded = given.to_lowercase();
        names
            .into_iter()
            .filter(|name| name.chars().count().abs_diff(length) <= allowed)
            .map(|name| (strsim::damerau_levenshtein(&folded, &name.to_lowercase()), name))
            .filter(|(distance, _)| *distance <= allowed)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, name)| name)
    }

    /// RF104, RF301 and the like: a name that does not exist, with the nearest or some of those that do.
    pub(super) fn unknown(&mut self, message: String, given: &str, names: &[&str]) -> (String, String) {
        match self.nearest(given, names.iter().copied()) {
            Some(name) => (format!("{message}; did you mean `{name}`?"), format!("write `{name}`")),
            None => {
                let mut shown: Vec<String> = names.iter().take(8).map(|n| format!("`{n}`")).collect();
                if names.len() > 8 {
                    shown.push("…".to_owned());
                }
                let help =
                    if shown.is_empty() { "there are none yet".to_owned() } else { format!("there are {}", shown.join(", ")) };
                (message, help)
            }
        }
    }
}
