//! Brings a tree into the order in which it is written, and compares two trees.

use super::inline::inline;
use super::piece::{Content, Piece, Remark, TextStyle};
use super::scalar::{means_more, needs_escape};
use super::{below, item_of};
use crate::flow::keys::{Kind, Place};

/// The tree of a file in the order of the table, with comments where they can stand.
pub(super) fn arrange(mut piece: Piece, place: &'static Place, keep_folds: bool) -> Piece {
    let mut above = std::mem::take(&mut piece.before);
    if let Content::Map { entries, .. } = &mut piece.content {
        sort(entries, Some(place));
        for (key, piece) in entries.iter_mut() {
            let kind = place.key(key).map_or(&Kind::Value, |key| key.kind);
            arranged(piece, kind, 2, keep_folds);
        }
        // What stands above the root stands above its first key.
        if let Some((_, first)) = entries.first_mut().filter(|_| !above.is_empty()) {
            above.append(&mut first.before);
            first.before = above;
        }
    }
    piece
}

/// `indent`: where the items or keys in it will stand.
fn arranged(piece: &mut Piece, kind: &'static Kind, indent: usize, keep_folds: bool) {
    match &mut piece.content {
        Content::Text { text, style } => {
            let kept = match style {
                TextStyle::Literal => true,
                TextStyle::Folded(_) => keep_folds && !text.starts_with([' ', '\n']),
                _ => return,
            };
            let lines = text.strip_suffix('\n').unwrap_or(text);
            let odd = lines.is_empty()
                || lines.starts_with('\n')
                || lines.ends_with('\n')
                || text.chars().any(|c| c != '\n' && needs_escape(c))
                || text.lines().any(|line| line.ends_with(' '));
            if odd || !kept {
                *style = TextStyle::Quoted;
            }
        }
        Content::List { items, .. } => {
            let item = item_of(kind);
            for piece in items {
                arranged(piece, item, indent + 2, keep_folds);
                lift(piece, item, indent + 2);
            }
        }
        Content::Map { entries, .. } => {
            let map = kind.of_map(&entries.iter().map(|(key, _)| key.as_str()));
            if let Some(Kind::Map(place)) = map {
                sort(entries, Some(place));
            }
            for (key, piece) in entries {
                arranged(piece, below(map, key), indent + 2, keep_folds);
            }
        }
    }
}

/// Known keys in the order of the table; keys that people chose before or after them, in the order of the file.
fn sort(entries: &mut [(String, Piece)], place: Option<&'static Place>) {
    let Some(place) = place else { return };
    let chosen = if place.others.is_some_and(|others| others.first) { 0 } else { usize::MAX };
    entries.sort_by_key(|(key, _)| place.keys.iter().position(|known| known.name == key).map_or(chosen, |index| index + 1));
}

/// Nothing can stand between a dash and what follows it: comments of an item's first key stand above the dash, and so does
/// what stood behind an item that now takes several lines.
fn lift(piece: &mut Piece, kind: &'static Kind, column: usize) {
    let first = match &mut piece.content {
        Content::Text { .. } => return,
        Content::List { items, .. } => items.first_mut(),
        Content::Map { entries, .. } => entries.first_mut().map(|(_, piece)| piece),
    };
    let (mut lifted, gap) = match first {
        Some(first) => (std::mem::take(&mut first.before), std::mem::take(&mut first.gap)),
        None => (Vec::new(), false),
    };
    piece.gap = if lifted.is_empty() { piece.gap } else { gap };
    piece.before.append(&mut lifted);
    if piece.behind.is_some() && inline(piece, kind, column).is_none() {
        piece.before.extend(piece.behind.take().map(|text| Remark { text, gap: false }));
    }
}

/// Whether what was written is read as what was meant.
pub(super) fn same(meant: &Piece, read: &Piece, place: &'static Place) -> bool {
    let (Content::Map { entries: a, tail: x }, Content::Map { entries: b, tail: y }) = (&meant.content, &read.content) else {
        return false;
    };
    let kind = |key: &str| place.key(key).map_or(&Kind::Value, |key| key.kind);
    a.len() == b.len()
        && texts(x) == texts(y)
        && a.iter().zip(b).all(|((one, a), (other, b))| one == other && alike(a, b, kind(one)))
}

fn texts(remarks: &[Remark]) -> Vec<&str> {
    remarks.iter().map(|remark| remark.text.as_str()).collect()
}

fn alike(a: &Piece, b: &Piece, kind: &'static Kind) -> bool {
    if texts(&a.before) != texts(&b.before) || a.behind != b.behind {
        return false;
    }
    match (&a.content, &b.content) {
        (Content::Text { text: one, style: a }, Content::Text { text: other, style: b }) => {
            let bare = |style: &TextStyle| *style == TextStyle::Bare && means_more(one, kind);
            one == other && bare(a) == bare(b)
        }
        (Content::List { items: a, tail: x }, Content::List { items: b, tail: y }) => {
            a.len() == b.len() && texts(x) == texts(y) && a.iter().zip(b).all(|(a, b)| alike(a, b, item_of(kind)))
        }
        (Content::Map { entries: a, tail: x }, Content::Map { entries: b, tail: y }) => {
            let map = kind.of_map(&a.iter().map(|(key, _)| key.as_str()));
            a.len() == b.len()
                && texts(x) == texts(y)
                && a.iter().zip(b).all(|((one, a), (other, b))| one == other && alike(a, b, below(map, one)))
        }
        _ => false,
    }
}
