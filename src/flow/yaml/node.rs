//! The tree of a file.

use super::place::Places;
use crate::flow::diagnostic::At;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What stands in it.
    pub root: Node,
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
pub struct Node {
    /// Where it begins.
    pub at: At,
    /// Its characters on its first line; 0 for a list or map of several lines.
    pub width: u32,
    /// Where it ends: behind its last character, its closing quote or its closing bracket.
    pub end: At,
    /// What it is.
    pub tree: Tree,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// A text.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file. No key stands twice.
    Map(Vec<Entry>),
    /// Something that was refused and reported; whoever meets it says nothing more.
    Broken,
}

/// An entry of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: Key,
    /// Its value.
    pub value: Node,
}

/// A key and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The text of the key.
    pub text: String,
    /// Where it stands.
    pub at: At,
    /// Its characters.
    pub width: u32,
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
pub struct Scalar {
    /// As it is meant: escapes resolved, lines folded.
    pub text: String,
    /// How it is written.
    pub style: Style,
    /// Where each of its characters stands in the file.
    pub places: Places,
}

impl Scalar {
    /// Whether it is written without quotes.
    pub fn is_plain(&self) -> bool {
        self.style == Style::Plain
    }
}

impl Node {
    /// The text, if it is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.tree {
            Tree::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Whether it was refused and reported already.
    pub fn is_broken(&self) -> bool {
        matches!(self.tree, Tree::Broken)
    }
}
