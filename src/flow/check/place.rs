//! Where the characters of a text stand in its file.

use crate::domain::language::Language;
use crate::flow::definition::Texts;
use crate::flow::diagnostic::At;
use crate::flow::yaml::{self, Node, Scalar, Tree};
use std::cell::OnceCell;
use std::sync::Arc;

/// A file whose places are asked for: only what is wrong needs one, so that the tree is read once more then. To keep the trees of all
/// files would take most of the memory that a check takes.
pub(super) struct Text<'s> {
    source: &'s str,
    root: OnceCell<Option<Node<'static>>>,
}

impl<'s> Text<'s> {
    pub fn new(source: &'s str) -> Self {
        Text { source, root: OnceCell::new() }
    }

    /// The tree of the file, as far as it could be read.
    pub fn root(&self) -> Option<&Node<'static>> {
        let read = || yaml::read(self.source, &Arc::from("")).0.map(|document| document.root.into_owned());
        self.root.get_or_init(read).as_ref()
    }

    /// The place of this byte of a text in one of its languages. Without a tree it is where the text as a whole stands.
    pub fn place(&self, texts: &Texts, language: Language, byte: usize) -> At {
        let scalar = self.root().and_then(|root| node(root, texts.at)).and_then(|node| of_language(node, language));
        scalar.map_or(texts.at, |(at, scalar)| if byte == 0 { at } else { scalar.places.at(&scalar.text, byte) })
    }

    /// The place of a key of the state that begins at this place.
    pub fn key_of(&self, state: At, key: &str) -> Option<At> {
        let Tree::Map(top) = &self.root()?.tree else { return None };
        let Tree::Map(states) = &top.iter().find(|entry| entry.key.text == "states")?.value.tree else { return None };
        let found = states.binary_search_by_key(&state, |entry| entry.key.at).ok()?;
        let Tree::Map(keys) = &states[found].value.tree else { return None };
        keys.iter().find(|entry| entry.key.text == key).map(|entry| entry.key.at)
    }

    /// The place of an item of a list at the root of a file, or of what stands there without a list around it.
    pub fn item_of(&self, key: &str, item: usize) -> Option<(At, u32)> {
        let Tree::Map(top) = &self.root()?.tree else { return None };
        let value = &top.iter().find(|entry| entry.key.text == key)?.value;
        let node = match &value.tree {
            Tree::List(items) => items.get(item)?,
            _ => value,
        };
        Some((node.at, node.width))
    }
}

/// The value that begins at this place. Values stand in the order of the file, so that the way to one is short.
fn node<'n, 's>(from: &'n Node<'s>, at: At) -> Option<&'n Node<'s>> {
    let below = match &from.tree {
        Tree::Map(entries) => {
            let after = entries.partition_point(|entry| entry.value.at <= at);
            after.checked_sub(1).and_then(|i| node(&entries[i].value, at))
        }
        Tree::List(items) => {
            let after = items.partition_point(|item| item.at <= at);
            after.checked_sub(1).and_then(|i| node(&items[i], at))
        }
        Tree::Scalar(_) | Tree::Broken => None,
    };
    below.or((from.at == at).then_some(from))
}

fn of_language<'n, 's>(node: &'n Node<'s>, language: Language) -> Option<(At, &'n Scalar<'s>)> {
    let node = match &node.tree {
        Tree::Map(entries) => {
            let exact = entries.iter().find(|entry| entry.key.text == language.as_str());
            let base = || entries.iter().find(|entry| entry.key.text.split('-').next() == Some(language.base()));
            &exact.or_else(base).or(entries.first())?.value
        }
        _ => node,
    };
    node.scalar().map(|scalar| (node.at, scalar))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::yaml::read;

    #[test]
    fn every_value_is_found_where_it_begins() {
        fn all<'n, 's>(node: &'n Node<'s>, out: &mut Vec<&'n Node<'s>>) {
            match &node.tree {
                Tree::Map(entries) => entries.iter().for_each(|entry| all(&entry.value, out)),
                Tree::List(items) => items.iter().for_each(|item| all(item, out)),
                Tree::Scalar(_) | Tree::Broken => out.push(node),
            }
        }
        let source = "a: { en: x, es: 'y' }\nb:\n  - c: |\n      z\n    d: [e, { f: g }]\n  - - h\n    - i: j\nk: \"l\"\n";
        let root = read(source, &"x.yaml".into()).0.expect("a document").root;
        let mut values = Vec::new();
        all(&root, &mut values);
        assert_eq!(values.len(), 8);
        for value in values {
            let found = node(&root, value.at).and_then(Node::scalar).map(|scalar| &*scalar.text);
            assert_eq!(found, value.scalar().map(|scalar| &*scalar.text));
        }
        assert!(node(&root, At { line: 9, column: 9 }).is_none());
    }
}
