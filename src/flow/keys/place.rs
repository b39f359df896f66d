//! What the table is made of.

use super::later::LATER;
use crate::flow::yaml::same_key;

/// A map with known keys.
pub struct Place {
    /// Its name in the JSON Schema: `state`.
    pub name: &'static str,
    /// What the map is, with its article: `a state`.
    pub of: &'static str,
    /// One sentence about it.
    pub doc: &'static str,
    /// Its keys in the order in which they are written.
    pub keys: &'static [Key],
    /// Keys that people choose, beside the known ones.
    pub others: Option<&'static Others>,
    /// Which keys belong together.
    pub rules: &'static [Rule],
    /// How it is written.
    pub lines: Lines,
}

/// A key.
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What stands under it.
    pub kind: &'static Kind,
    /// Whether it must be there.
    pub required: bool,
    /// What holds without it, as it would be written.
    pub default: Option<&'static str>,
    /// One sentence about it.
    pub doc: &'static str,
}

/// Keys that people choose in a map that has known keys too.
pub struct Others {
    /// What they are and what stands under them.
    pub named: &'static Named,
    /// Whether they are written before the known keys.
    pub first: bool,
}

/// A map whose keys people choose. Their order is kept.
pub struct Named {
    /// What keys can be.
    pub keys: KeyForm,
    /// What stands under each.
    pub value: &'static Kind,
    /// How it is written.
    pub lines: Lines,
}

/// What keys that people choose can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// A name: state, variable, choice, arm.
    Name,
    /// A name, or `contact.NAME`.
    Destination,
    /// An outcome: a name, or a status such as `404` or `4xx`.
    Outcome,
    /// A call as tests write it: `GET shop/orders/*`.
    Request,
    /// Any text.
    Text,
}

/// Which keys of a place belong together.
pub enum Rule {
    /// Exactly one of these.
    ExactlyOne(&'static [&'static str]),
    /// At most one of these.
    AtMostOne(&'static [&'static str]),
    /// At least one of these.
    AtLeastOne(&'static [&'static str]),
    /// The first only beside one of the others.
    Needs(&'static str, &'static [&'static str]),
    /// The first beside none of the others.
    Without(&'static str, &'static [&'static str]),
}

/// How a map is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// Always one line for each key.
    Block,
    /// The same, with a blank line between entries of several lines.
    Apart,
    /// On one line if it fits and holds no other map.
    Flat,
    /// On one line if it fits, has at most two keys, and those hold no more than one map.
    Small,
    /// On one line if it fits.
    Fit,
}

/// What stands under a key.
pub enum Kind {
    /// A text without `{{ }}`.
    Plain,
    /// A text with `{{ }}`.
    Template,
    /// An expression.
    Condition,
    /// The name of a variable, choice, end.
    Name,
    /// The name of a state of this flow.
    State,
    /// The name of a flow, notification, channel, api, team, tag.
    Slug,
    /// The name of an event.
    EventName,
    /// `en`, `pt-BR`.
    Language,
    /// `1h30m`.
    Duration,
    /// `2026-03-02T18:00:00Z`.
    Instant,
    /// `10:00`.
    Clock,
    /// A number.
    Number,
    /// A whole number between two.
    Count(u64, u64),
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Word(&'static [Word]),
    /// A value: what is not quoted may be more than text.
    Value,
    /// A text, or a map of languages to texts.
    Texts,
    /// A text in which bare `any` and `nothing` mean more than the word.
    Expected,
    /// A map with known keys.
    Map(&'static Place),
    /// A map whose keys people choose.
    Named(&'static Named),
    /// A list.
    List(&'static Kind),
    /// One, or a list.
    Many(&'static Kind),
    /// One of several.
    Either(&'static [Kind]),
}

/// A word with what it means.
#[derive(Debug, Clone, Copy)]
pub struct Word(pub &'static str, pub &'static str);

/// A key with its kind and meaning.
pub(super) const fn key(name: &'static str, kind: &'static Kind, doc: &'static str) -> Key {
    Key { name, kind, required: false, default: None, doc }
}

impl Key {
    pub(super) const fn required(mut self) -> Key {
        self.required = true;
        self
    }

    pub(super) const fn default(mut self, default: &'static str) -> Key {
        self.default = Some(default);
        self
    }
}

impl Place {
    /// What places have unless they say otherwise.
    pub(super) const DEFAULT: Place = Place { name: "", of: "", doc: "", keys: &[], others: None, rules: &[], lines: Lines::Fit };

    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| same_key(key.name, name))
    }

    /// Whether it has this key.
    pub fn knows(&self, name: &str) -> bool {
        self.key(name).is_some()
    }

    /// Whether a key that it does not have may come in a later version (RF008).
    pub fn is_later(&self, key: &str) -> bool {
        LATER.contains(&(self.name, key))
    }

    /// The names of all keys.
    pub fn names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }
}

impl Kind {
    /// The place of a map with these keys, or what stands under the keys that people chose for it.
    pub fn of_map<'k>(&'static self, keys: &(impl Iterator<Item = &'k str> + Clone)) -> Option<&'static Kind> {
        match self {
            Kind::Map(_) | Kind::Named(_) | Kind::Texts | Kind::Value => Some(self),
            Kind::Many(item) => item.of_map(keys),
            Kind::Either(kinds) => {
                let known = |kind: &&Kind| match kind {
                    Kind::Map(place) => keys.clone().any(|key| place.key(key).is_some()),
                    _ => false,
                };
                let maps = || kinds.iter().filter_map(|kind| kind.of_map(keys));
                let open = |kind: &&Kind| matches!(kind, Kind::Named(_) | Kind::Texts | Kind::Value);
                maps().find(known).or_else(|| maps().find(open)).or_else(|| maps().next())
            }
            _ => None,
        }
    }

    /// What the items of a list are.
    pub fn of_list(&'static self) -> Option<&'static Kind> {
        match self {
            Kind::List(item) | Kind::Many(item) => Some(item),
            Kind::Value => Some(self),
            Kind::Either(kinds) => kinds.iter().find_map(Kind::of_list),
            _ => None,
        }
    }

    /// What a text is.
    pub fn of_text(&'static self) -> Option<&'static Kind> {
        match self {
            Kind::Map(_) | Kind::Named(_) | Kind::List(_) => None,
            Kind::Many(item) => item.of_text(),
            Kind::Either(kinds) => kinds.iter().find_map(Kind::of_text),
            _ => Some(self),
        }
    }
}
