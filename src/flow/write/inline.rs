//! What stands on one line, and what does not.

use super::piece::{Content, Piece, TextStyle};
use super::scalar::{key, scalar};
use super::{WIDTH, below, item_of};
use crate::flow::keys::{Kind, Lines};

/// The deepest map in a map in a map that people still read on one line.
const DEPTH: usize = 3;

/// The value on one line, if it belongs there; `column` (from 0) is where it begins.
pub(super) fn inline(piece: &Piece, kind: &'static Kind, column: usize) -> Option<String> {
    if let Content::Text { text, style } = &piece.content {
        return match style {
            TextStyle::Bare | TextStyle::Quoted => Some(scalar(text, style, kind, false)),
            TextStyle::Literal | TextStyle::Folded(_) => None,
        };
    }
    if piece.needs_lines() || piece.depth() > DEPTH {
        return None;
    }
    let mut out = String::new();
    let room = WIDTH.checked_sub(column)?;
    (flow(piece, kind, &mut out) && out.chars().count() <= room).then_some(out)
}

/// Writes a value in brackets; false if it belongs into lines.
fn flow(piece: &Piece, kind: &'static Kind, out: &mut String) -> bool {
    match &piece.content {
        Content::Text { text, style } => {
            out.push_str(&scalar(text, style, kind, true));
            true
        }
        Content::List { items, .. } => {
            let item = item_of(kind);
            if !items.is_empty() && in_lines(item) {
                return false;
            }
            out.push('[');
            for (index, piece) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                if !flow(piece, item, out) {
                    return false;
                }
            }
            out.push(']');
            true
        }
        Content::Map { entries, .. } if entries.is_empty() => {
            out.push_str("{}");
            true
        }
        Content::Map { entries, .. } => {
            let map = kind.of_map(&entries.iter().map(|(key, _)| key.as_str()));
            if !may_be_inline(map, piece, entries.len()) {
                return false;
            }
            for (index, (name, piece)) in entries.iter().enumerate() {
                out.push_str(if index == 0 { "{ " } else { ", " });
                out.push_str(&key(name, true));
                out.push_str(": ");
                if !flow(piece, below(map, name), out) {
                    return false;
                }
            }
            out.push_str(" }");
            true
        }
    }
}

/// Whether the items of a list are read one below the other: steps, ways, messages.
fn in_lines(item: &'static Kind) -> bool {
    match item {
        Kind::Map(place) => place.lines == Lines::Block,
        Kind::Either(kinds) => kinds.iter().any(|kind| matches!(kind, Kind::Texts) || in_lines(kind)),
        _ => false,
    }
}

fn may_be_inline(map: Option<&'static Kind>, piece: &Piece, entries: usize) -> bool {
    match lines_of(map) {
        Lines::Block | Lines::Apart => false,
        Lines::Flat => piece.depth() == 1,
        Lines::Small => entries <= 2 && piece.depth() <= 2,
        Lines::Fit => true,
    }
}

/// How a map of this kind is written.
pub(super) fn lines_of(map: Option<&'static Kind>) -> Lines {
    match map {
        Some(Kind::Map(place)) => place.lines,
        Some(Kind::Named(named)) => named.lines,
        _ => Lines::Fit,
    }
}
