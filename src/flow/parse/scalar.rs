//! Scalars, typed by the key under which they stand.

use super::Reader;
use crate::domain::name::{BadName, EventName, Name, Slug};
use crate::domain::time::Span;
use crate::flow::diagnostic::At;
use crate::flow::yaml::{Key, Node, Tree};

impl Reader {
    /// A text that is no template.
    pub(super) fn plain<'n>(&mut self, node: &'n Node, name: &str, kind: &str, example: &str) -> Option<&'n str> {
        match &node.tree {
            Tree::Scalar(scalar) => Some(&scalar.text),
            _ => {
                self.must_be(node, name, kind, example);
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, node: &Node, name: &str) -> Option<bool> {
        match self.plain(node, name, "`true` or `false`", "true")? {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.must_be(node, name, "`true` or `false`", "true");
                None
            }
        }
    }

    /// `1h30m`.
    pub(super) fn duration(&mut self, node: &Node, name: &str) -> Option<Span> {
        const KIND: &str = "a duration";
        let text = self.plain(node, name, KIND, "1h30m")?;
        let span = Span::parse(text);
        if span.is_none() {
            self.must_be(node, name, KIND, "1h30m");
        }
        span
    }

    /// `10:00`.
    pub(super) fn clock(&mut self, node: &Node, name: &str) -> Option<jiff::civil::Time> {
        const KIND: &str = "a clock time";
        let text = self.plain(node, name, KIND, "10:00")?;
        let time = text.split_once(':').and_then(|(hour, minute)| {
            let digits =
                |t: &str| (t.len() <= 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<i8>().ok()).flatten();
            let minute = digits(minute).filter(|_| minute.len() == 2)?;
            jiff::civil::Time::new(digits(hour)?, minute, 0, 0).ok()
        });
        if time.is_none() {
            self.must_be(node, name, KIND, "10:00");
        }
        time
    }

    /// A whole number from `min` to `max`.
    pub(super) fn count(&mut self, node: &Node, name: &str, min: u64, max: u64) -> Option<u64> {
        let kind = format!("a whole number from {min} to {max}");
        let example = min.max(1).to_string();
        let text = self.plain(node, name, &kind, &example)?;
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse::<u64>().ok().filter(|n| digits && (min..=max).contains(n));
        if number.is_none() {
            self.must_be(node, name, &kind, &example);
        }
        number
    }

    /// A number.
    pub(super) fn number(&mut self, node: &Node, name: &str) -> Option<f64> {
        let text = self.plain(node, name, "a number", "10")?;
        let number = super::value::number(text);
        if number.is_none() {
            self.must_be(node, name, "a number", "10");
        }
        number
    }

    /// A name of a state, variable, choice, end.
    pub(super) fn name(&mut self, node: &Node, key: &str, example: &str) -> Option<Name> {
        let text = self.plain(node, key, "a name", example)?;
        self.named(Name::parse(text), node.at, node.width)
    }

    /// A name that stands as a key.
    pub(super) fn name_of_key(&mut self, key: &Key) -> Option<Name> {
        self.named(Name::parse(&key.text), key.at, key.width)
    }

    /// A slug.
    pub(super) fn slug(&mut self, node: &Node, key: &str, example: &str) -> Option<Slug> {
        let text = self.plain(node, key, "a name", example)?;
        self.named(Slug::parse(text), node.at, node.width)
    }

    /// A slug that stands as a key.
    pub(super) fn slug_of_key(&mut self, key: &Key) -> Option<Slug> {
        self.named(Slug::parse(&key.text), key.at, key.width)
    }

    /// Slugs: one or a list.
    pub(super) fn slugs(&mut self, node: &Node, key: &str, example: &str) -> Vec<Slug> {
        self.one_or_many(node).iter().filter_map(|item| self.slug(item, key, example)).collect()
    }

    /// The name of an event.
    pub(super) fn event_name(&mut self, node: &Node, key: &str) -> Option<EventName> {
        let text = self.plain(node, key, "the name of an event", "order.delivered")?;
        self.named(EventName::parse(text), node.at, node.width)
    }

    /// RF111 for what cannot be a name.
    fn named<T>(&mut self, name: Result<T, BadName>, at: At, width: u32) -> Option<T> {
        match name {
            Ok(name) => Some(name),
            Err(bad) => {
                let shown: String = bad.given.chars().take(80).collect();
                let help = match bad.what {
                    "name" => "begin with a letter; then letters, digits and `_`",
                    "slug" => "use lower case a–z, digits, `-` and `_`",
                    _ => "use letters, digits, `.`, `_` and `-`",
                };
                self.say(111, at, width, format!("`{shown}` cannot be a name: {}", bad.reason), help);
                None
            }
        }
    }
}
