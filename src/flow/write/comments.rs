//! Which key or item a comment belongs to.
//!
//! A comment behind something on its line belongs to that. A comment on a line of its own belongs to the next key or item,
//! unless it is indented more than that and stands at the end of a block: then it stays there.

use super::piece::{Content, Piece, Remark};
use crate::flow::diagnostic::At;
use crate::flow::yaml::{Comment, Document, Node, Tree};

/// Puts the comments of a file where they belong. `piece` is its root without comments.
pub(super) fn attach(document: &Document, lines: &[&str], piece: &mut Piece) {
    let file = File { lines };
    for comment in &document.comments {
        if comment.trailing {
            file.behind(comment, &document.root, piece);
        } else {
            file.own_line(comment, &document.root, piece);
        }
    }
}

struct File<'f> {
    lines: &'f [&'f str],
}

/// What a comment can stand beside.
struct Child<'n> {
    start: At,
    value: &'n Node<'n>,
}

fn children<'n>(node: &'n Node<'n>) -> Vec<Child<'n>> {
    match &node.tree {
        Tree::List(items) => items.iter().map(|item| Child { start: item.at, value: item }).collect(),
        Tree::Map(entries) => entries.iter().map(|e| Child { start: e.key.at, value: &e.value }).collect(),
        _ => Vec::new(),
    }
}

fn child_of(piece: &mut Piece, index: usize) -> Option<&mut Piece> {
    match &mut piece.content {
        Content::Text { .. } => None,
        Content::List { items, .. } => items.get_mut(index),
        Content::Map { entries, .. } => entries.get_mut(index).map(|(_, piece)| piece),
    }
}

fn tail_of(piece: &mut Piece) -> Option<&mut Vec<Remark>> {
    match &mut piece.content {
        Content::Text { .. } => None,
        Content::List { tail, .. } | Content::Map { tail, .. } => Some(tail),
    }
}

fn holds_something(node: &Node) -> bool {
    match &node.tree {
        Tree::List(items) => !items.is_empty(),
        Tree::Map(entries) => !entries.is_empty(),
        _ => false,
    }
}

impl File<'_> {
    fn is_blank(&self, line: u32) -> bool {
        line > 0 && self.lines.get(line as usize - 1).is_some_and(|line| line.trim().is_empty())
    }

    fn remark(&self, comment: &Comment) -> Remark {
        Remark { text: comment.text.trim_end().to_owned(), gap: self.is_blank(comment.at.line - 1) }
    }

    /// Whether a list or map is written in lines, not in brackets.
    fn is_block(&self, node: &Node) -> bool {
        let line = self.lines.get(node.at.line as usize - 1).copied().unwrap_or("");
        let first = line.chars().nth(node.at.column as usize - 1);
        holds_something(node) && !matches!(first, Some('{' | '['))
    }

    fn above(&self, comment: &Comment, piece: &mut Piece) {
        piece.before.push(self.remark(comment));
        piece.gap = self.is_blank(comment.at.line + 1);
    }

    fn own_line(&self, comment: &Comment, node: &Node, piece: &mut Piece) {
        let children = children(node);
        let next = children.partition_point(|child| child.start <= comment.at);
        let inside = next.checked_sub(1).filter(|last| comment.at < children[*last].value.end);
        if let Some(last) = inside {
            let Some(below) = child_of(piece, last) else { return };
            return match holds_something(children[last].value) {
                true => self.own_line(comment, children[last].value, below),
                false => self.above(comment, below),
            };
        }
        // The blocks that end here, from the outside: a comment stays in the innermost that is not indented more than it.
        let least = if next < children.len() { node.at.column } else { 0 };
        let mut path = Vec::new();
        let (mut deep, mut found) = (node, None);
        let mut last = next.checked_sub(1);
        if next == children.len() && holds_something(node) {
            found = Some(0);
        }
        while let Some(index) = last {
            let Some(child) = self::children(deep).into_iter().nth(index) else { break };
            if !self.is_block(child.value) {
                break;
            }
            path.push(index);
            deep = child.value;
            if deep.at.column <= comment.at.column && deep.at.column > least {
                found = Some(path.len());
            }
            last = self::children(deep).len().checked_sub(1);
        }
        match found {
            Some(length) => {
                let ended = path[..length].iter().try_fold(piece, |piece, index| child_of(piece, *index));
                if let Some(tail) = ended.and_then(tail_of) {
                    tail.push(self.remark(comment));
                }
            }
            None => {
                if next < children.len() {
                    if let Some(below) = child_of(piece, next) {
                        self.above(comment, below);
                    }
                } else {
                    self.above(comment, piece);
                }
            }
        }
    }

    fn behind(&self, comment: &Comment, node: &Node, piece: &mut Piece) {
        let children = children(node);
        let next = children.partition_point(|child| child.start <= comment.at);
        let Some(last) = next.checked_sub(1) else {
            // Behind an opening bracket.
            return self.own_line(comment, node, piece);
        };
        let value = children[last].value;
        let inside = comment.at < value.end;
        let descends = match inside {
            true => holds_something(value) && comment.at >= value.at,
            false => self.is_block(value),
        };
        if !inside && value.end.line < comment.at.line && !self.is_block_text(value) {
            return self.own_line(comment, node, piece);
        }
        let Some(below) = child_of(piece, last) else { return };
        if descends {
            return self.behind(comment, value, below);
        }
        match below.behind {
            None => below.behind = Some(comment.text.trim_end().to_owned()),
            Some(_) => below.before.push(Remark { text: comment.text.trim_end().to_owned(), gap: false }),
        }
    }

    fn is_block_text(&self, node: &Node) -> bool {
        node.scalar().is_some_and(|s| !matches!(s.style, crate::flow::yaml::Style::Plain | crate::flow::yaml::Style::Quoted))
    }
}
