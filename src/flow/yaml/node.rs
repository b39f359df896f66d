//! The tree of a file.

use super::place::Places;
use crate::flow::diagnostic::At;
use std::borrow::Cow;

/// A file that was read. Texts are parts of the file wherever they stand there as they are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document<'s> {
    /// What stands in it.
    pub root: Node<'s>,
    /// Its comments in the order of the file.
    pub comments: Vec<Comment>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Where its `#` stands.
    pub at: At,
    /// What follows `#`.
    pub text: String,
    /// Whether it stands behind something on its line, not on a line of its own.
    pub trailing: bool,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node<'s> {
    /// Where it begins.
    pub at: At,
    /// Its characters on its first line; 0 for a list or map of several lines.
    pub width: u32,
    /// Where it ends: behind its last character, its closing quote or its closing bracket.
    pub end: At,
    /// What it is.
    pub tree: Tree<'s>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree<'s> {
    /// A text.
    Scalar(Scalar<'s>),
    /// A list.
    List(Vec<Node<'s>>),
    /// A map, in the order of the file. No key stands twice.
    Map(Vec<Entry<'s>>),
    /// Something that was refused and reported; whoever meets it says nothing more.
    Broken,
}

/// An entry of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'s> {
    /// Its key.
    pub key: Key<'s>,
    /// Its value.
    pub value: Node<'s>,
}

/// A key and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key<'s> {
    /// The text of the key.
    pub text: Cow<'s, str>,
    /// Where it stands.
    pub at: At,
    /// Its characters.
    pub width: u32,
}

/// Whether two keys are the same. Most are told apart by their lengths and first letters, without a call.
pub fn same_key(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.as_bytes().first() == other.as_bytes().first() && one == other
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Bare.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// After `|`.
    Literal,
    /// After `>`.
    Folded,
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar<'s> {
    /// As it is meant: escapes resolved, lines folded.
    pub text: Cow<'s, str>,
    /// How it is written.
    pub style: Style,
    /// Where each of its characters stands in the file.
    pub places: Places,
}

impl Scalar<'_> {
    /// Whether it is written without quotes.
    pub fn is_plain(&self) -> bool {
        self.style == Style::Plain
    }
}

impl<'s> Node<'s> {
    /// The text, if it is one.
    pub fn scalar(&self) -> Option<&Scalar<'s>> {
        match &self.tree {
            Tree::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Whether it was refused and reported already.
    pub fn is_broken(&self) -> bool {
        matches!(self.tree, Tree::Broken)
    }

    /// The same without the file.
    pub fn into_owned(self) -> Node<'static> {
        let Node { at, width, end, tree } = self;
        let tree = match tree {
            Tree::Scalar(Scalar { text, style, places }) => {
                Tree::Scalar(Scalar { text: text.into_owned().into(), style, places })
            }
            Tree::List(items) => Tree::List(items.into_iter().map(Node::into_owned).collect()),
            Tree::Map(entries) => Tree::Map(entries.into_iter().map(Entry::into_owned).collect()),
            Tree::Broken => Tree::Broken,
        };
        Node { at, width, end, tree }
    }
}

impl Entry<'_> {
    fn into_owned(self) -> Entry<'static> {
        let Key { text, at, width } = self.key;
        Entry { key: Key { text: text.into_owned().into(), at, width }, value: self.value.into_owned() }
    }
}
