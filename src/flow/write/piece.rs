//! A file as it is written: values with the comments that belong to them.

use crate::flow::yaml::{Node, Style, Tree};

/// A value, with the comments of its key or item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Comments on lines of their own above it.
    pub before: Vec<Remark>,
    /// Whether a blank line stands between them and it.
    pub gap: bool,
    /// The comment behind it on its line, without `#`.
    pub behind: Option<String>,
    /// The value.
    pub content: Content,
}

/// A comment on a line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What follows `#`.
    pub text: String,
    /// Whether a blank line stands above it.
    pub gap: bool,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text.
    Text {
        /// As it is meant.
        text: String,
        /// How it was written.
        style: TextStyle,
    },
    /// A list.
    List {
        /// Its items.
        items: Vec<Piece>,
        /// Comments at its end.
        tail: Vec<Remark>,
    },
    /// A map.
    Map {
        /// Its entries. No key stands twice.
        entries: Vec<(String, Piece)>,
        /// Comments at its end.
        tail: Vec<Remark>,
    },
}

/// How a text was written, as far as it matters for how it is written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextStyle {
    /// Without quotes: `12`, `true`, `any` may be more than text where it stands.
    Bare,
    /// In quotes: a text whatever it looks like.
    Quoted,
    /// After `|`.
    Literal,
    /// After `>`, in these lines.
    Folded(Vec<String>),
}

impl Piece {
    /// A value without comments.
    pub fn new(content: Content) -> Self {
        Piece { before: Vec::new(), gap: false, behind: None, content }
    }

    /// A text, which stays one whatever it looks like.
    pub fn text(text: impl Into<String>) -> Self {
        Piece::new(Content::Text { text: text.into(), style: TextStyle::Quoted })
    }

    /// A number, `true`, `false`, `null`, or a word that means more than itself.
    pub fn bare(text: impl Into<String>) -> Self {
        Piece::new(Content::Text { text: text.into(), style: TextStyle::Bare })
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Piece>) -> Self {
        Piece::new(Content::List { items: items.into_iter().collect(), tail: Vec::new() })
    }

    /// A map.
    pub fn map(entries: impl IntoIterator<Item = (String, Piece)>) -> Self {
        Piece::new(Content::Map { entries: entries.into_iter().collect(), tail: Vec::new() })
    }

    /// A value that was read, without its comments. `lines` are the lines of its file.
    pub(super) fn of(node: &Node, lines: &[&str]) -> Self {
        Piece::new(match &node.tree {
            Tree::Scalar(scalar) => {
                let style = match scalar.style {
                    Style::Plain => TextStyle::Bare,
                    Style::Quoted => TextStyle::Quoted,
                    Style::Literal => TextStyle::Literal,
                    Style::Folded => TextStyle::Folded(folded(node, lines)),
                };
                Content::Text { text: scalar.text.to_string(), style }
            }
            Tree::List(items) => {
                Content::List { items: items.iter().map(|item| Piece::of(item, lines)).collect(), tail: Vec::new() }
            }
            Tree::Map(entries) => {
                let of = |entry: &crate::flow::yaml::Entry| (entry.key.text.to_string(), Piece::of(&entry.value, lines));
                Content::Map { entries: entries.iter().map(of).collect(), tail: Vec::new() }
            }
            // Refused and reported: a file with such a value is not formatted.
            Tree::Broken => Content::Text { text: String::new(), style: TextStyle::Quoted },
        })
    }

    /// Whether comments stand inside of it, or a text of several lines that stays one.
    pub(super) fn needs_lines(&self) -> bool {
        let has = |piece: &Piece| !piece.before.is_empty() || piece.behind.is_some() || piece.needs_lines();
        match &self.content {
            Content::Text { style, .. } => matches!(style, TextStyle::Literal | TextStyle::Folded(_)),
            Content::List { items, tail } => !tail.is_empty() || items.iter().any(has),
            Content::Map { entries, tail } => !tail.is_empty() || entries.iter().any(|(_, piece)| has(piece)),
        }
    }

    /// How many maps stand in one another.
    pub(super) fn depth(&self) -> usize {
        match &self.content {
            Content::Text { .. } => 0,
            Content::List { items, .. } => items.iter().map(Piece::depth).max().unwrap_or(0),
            Content::Map { entries, .. } => 1 + entries.iter().map(|(_, piece)| piece.depth()).max().unwrap_or(0),
        }
    }
}

/// The lines of a folded text as they stand in the file, without their indentation.
fn folded(node: &Node, lines: &[&str]) -> Vec<String> {
    let from = (node.at.line as usize).saturating_sub(1);
    let before: String = lines.get(from).map(|l| l.chars().take(node.at.column as usize - 1).collect()).unwrap_or_default();
    // A text begins at its first line that holds something, or at its `>`.
    let from = if before.trim().is_empty() { from } else { from + 1 };
    let rest = lines.get(from..).unwrap_or(&[]);
    let indentation = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let own = rest.iter().find(|line| !line.trim().is_empty()).map_or(0, |line| indentation(line));
    let mut kept: Vec<String> = rest
        .iter()
        .take_while(|line| line.trim().is_empty() || indentation(line) >= own)
        .map(|line| line.get(own..).unwrap_or("").trim_end().to_owned())
        .collect();
    while kept.last().is_some_and(String::is_empty) {
        kept.pop();
    }
    kept
}
