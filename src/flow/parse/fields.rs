//! A map with known keys.

use super::Reader;
use crate::flow::diagnostic::At;
use crate::flow::keys::Place;
use crate::flow::yaml::{Entry, Key, Node, Tree, same_key};

/// The entries of a map whose keys were checked.
pub(super) struct Fields<'n> {
    /// Where the map, or the key above it, stands.
    pub at: At,
    /// The characters of what stands there.
    pub width: u32,
    place: &'static Place,
    /// All of them, also those that were refused, which are not given.
    entries: &'n [Entry<'n>],
    /// Whether a key was refused that could have been any: then nothing is said about what is missing.
    pub refused: bool,
}

impl<'n> Fields<'n> {
    /// The entry of this key.
    pub fn entry(&self, name: &str) -> Option<&'n Entry<'n>> {
        // What is asked for must be in the table, or the schema and the formatter would not know it.
        debug_assert!(self.place.key(name).is_some(), "`{name}` is not a key of {}", self.place.of);
        self.entries.iter().find(|e| same_key(&e.key.text, name))
    }

    /// The value of this key.
    pub fn get(&self, name: &str) -> Option<&'n Node<'n>> {
        self.entry(name).map(|e| &e.value)
    }

    /// The entries whose keys are among these, in the order of the file.
    pub fn among(&self, names: &[&str]) -> Vec<&'n Entry<'n>> {
        let named = |key: &str| names.iter().any(|name| same_key(name, key));
        self.entries.iter().filter(|e| named(&e.key.text) && self.place.knows(&e.key.text)).collect()
    }

    /// The entry that counts where several of these stand beside each other, which is a mistake: the first of the names, so
    /// that a file in another order is understood alike.
    pub fn first_among(&self, names: &[&str]) -> Option<&'n Entry<'n>> {
        let named = |name: &&str| self.entries.iter().find(|e| same_key(name, &e.key.text) && self.place.knows(&e.key.text));
        names.iter().find_map(named)
    }

    /// Whether it has this key.
    pub fn has(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    /// The same map, said to stand at this key.
    pub fn at_key(mut self, key: &Key) -> Self {
        (self.at, self.width) = (key.at, key.width);
        self
    }
}

impl Reader {
    /// The entries of a map that has these keys. A key that is unknown (RF101), or that only a later version may have (RF008), is said and left out.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node<'n>,
        name: &str,
        example: &str,
        place: &'static Place,
    ) -> Option<Fields<'n>> {
        let entries = self.entries(node, name, example)?;
        let mut fields = Fields { at: node.at, width: node.width, place, entries, refused: false };
        for entry in entries {
            let key = &entry.key;
            if place.knows(&key.text) {
                continue;
            }
            fields.refused = true;
            if place.is_later(&key.text) {
                self.later(key, place.of);
            } else {
                let message = format!("`{}` is not a key of {}", key.text, place.of);
                let (message, help) = self.unknown(message, &key.text, &place.names());
                self.say_key(101, key, message, help);
            }
        }
        Some(fields)
    }

    /// RF008: a key that only a later version may have.
    fn later(&mut self, key: &Key, of: &str) {
        self.say_key(
            8,
            key,
            format!("`{}` of {of} is not in this version", key.text),
            "leave it out; docs/flow-format.md lists what runs",
        );
    }

    /// The entries of a map with any keys.
    pub(super) fn entries<'n>(&mut self, node: &'n Node<'n>, name: &str, example: &str) -> Option<&'n [Entry<'n>]> {
        match &node.tree {
            Tree::Map(entries) => Some(entries),
            _ => {
                self.must_be(node, name, "a map", example);
                None
            }
        }
    }

    /// The items of a list.
    pub(super) fn items<'n>(&mut self, node: &'n Node<'n>, name: &str, example: &str) -> Option<&'n [Node<'n>]> {
        match &node.tree {
            Tree::List(items) => Some(items),
            _ => {
                self.must_be(node, name, "a list", example);
                None
            }
        }
    }

    /// The items of a list, or one item without a list around it.
    pub(super) fn one_or_many<'n>(&mut self, node: &'n Node<'n>) -> &'n [Node<'n>] {
        match &node.tree {
            Tree::List(items) => items,
            _ => std::slice::from_ref(node),
        }
    }
}
