//! Where the characters of a text stand in its file.

use crate::domain::language::Language;
use crate::flow::definition::Texts;
use crate::flow::diagnostic::At;
use crate::flow::yaml::{Node, Scalar, Tree};

/// The place of this byte of a text in one of its languages. Without a tree it is where the text as a whole stands.
pub(super) fn place(root: Option<&Node>, texts: &Texts, language: Language, byte: usize) -> At {
    let scalar = root.and_then(|root| node(root, texts.at)).and_then(|node| of_language(node, language));
    scalar.map_or(texts.at, |(at, scalar)| if byte == 0 { at } else { scalar.places.at(&scalar.text, byte) })
}

/// The place of a key of the state that begins at this place.
pub(super) fn key_of(root: Option<&Node>, state: At, key: &str) -> Option<At> {
    let Tree::Map(top) = &root?.tree else { return None };
    let Tree::Map(states) = &top.iter().find(|entry| entry.key.text == "states")?.value.tree else { return None };
    let found = states.binary_search_by_key(&state, |entry| entry.key.at).ok()?;
    let Tree::Map(keys) = &states[found].value.tree else { return None };
    keys.iter().find(|entry| entry.key.text == key).map(|entry| entry.key.at)
}

/// The place of an item of a list at the root of a file, or of what stands there without a list around it.
pub(super) fn item_of(root: Option<&Node>, key: &str, item: usize) -> Option<(At, u32)> {
    let Tree::Map(top) = &root?.tree else { return None };
    let value = &top.iter().find(|entry| entry.key.text == key)?.value;
    let node = match &value.tree {
        Tree::List(items) => items.get(item)?,
        _ => value,
    };
    Some((node.at, node.width))
}

/// The value that begins at this place. Values stand in the order of the file, so that the way to one is short.
fn node(from: &Node, at: At) -> Option<&Node> {
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

fn of_language(node: &Node, language: Language) -> Option<(At, &Scalar)> {
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
        fn all<'n>(node: &'n Node, out: &mut Vec<&'n Node>) {
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
