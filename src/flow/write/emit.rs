//! The lines of a file.

use super::inline::{inline, lines_of};
use super::piece::{Content, Piece, Remark, TextStyle};
use super::scalar::key;
use super::{below, item_of};
use crate::flow::keys::{Kind, Lines, Place};

/// The whole file. The tree is arranged already.
pub(super) fn document(piece: &Piece, place: &'static Place) -> String {
    let mut out = String::new();
    remarks(&piece.before, 0, true, &mut out);
    if let Content::Map { entries, tail } = &piece.content {
        map(entries, tail, Shape { map: file_kind(place), indent: 0 }, &mut out);
    }
    out
}

/// The kind of a file's root.
fn file_kind(place: &'static Place) -> Option<&'static Kind> {
    static FILES: [Kind; 3] =
        [Kind::Map(&crate::flow::keys::FLOW), Kind::Map(&crate::flow::keys::NOTIFICATION), Kind::Map(&crate::flow::keys::TEST)];
    FILES.iter().find(|kind| matches!(kind, Kind::Map(other) if std::ptr::eq(*other, place)))
}

#[derive(Clone, Copy)]
struct Shape {
    map: Option<&'static Kind>,
    indent: usize,
}

fn spaces(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn remarks(remarks: &[Remark], indent: usize, first: bool, out: &mut String) {
    for (index, remark) in remarks.iter().enumerate() {
        if remark.gap && !(first && index == 0) {
            out.push('\n');
        }
        spaces(indent, out);
        out.push('#');
        out.push_str(&remark.text);
        out.push('\n');
    }
}

fn behind(piece: &Piece, out: &mut String) {
    if let Some(text) = &piece.behind {
        out.push_str("  #");
        out.push_str(text);
    }
    out.push('\n');
}

/// The entries of a map, each on lines of its own. The first begins where `out` ends if something stands on its line already.
fn map(entries: &[(String, Piece)], tail: &[Remark], shape: Shape, out: &mut String) {
    let apart = lines_of(shape.map) == Lines::Apart;
    let mut long_before = false;
    for (index, (name, piece)) in entries.iter().enumerate() {
        let mut body = String::new();
        let on_line = index == 0 && !out.is_empty() && !out.ends_with('\n');
        entry(name, piece, below(shape.map, name), shape.indent, on_line, &mut body);
        let long = body.lines().nth(1).is_some();
        if apart && index > 0 && (long || long_before) {
            out.push('\n');
        }
        long_before = long;
        remarks(&piece.before, shape.indent, true, out);
        if piece.gap && !piece.before.is_empty() {
            out.push('\n');
        }
        out.push_str(&body);
    }
    remarks(tail, shape.indent, false, out);
}

fn entry(name: &str, piece: &Piece, kind: &'static Kind, indent: usize, on_line: bool, out: &mut String) {
    if !on_line {
        spaces(indent, out);
    }
    let name = key(name, false);
    out.push_str(&name);
    out.push(':');
    let column = indent + name.chars().count() + 2;
    if let Some(line) = inline(piece, kind, column) {
        out.push(' ');
        out.push_str(&line);
        return behind(piece, out);
    }
    match &piece.content {
        Content::Text { text, style } => block_text(text, style, piece, indent, out),
        Content::List { items, tail } => {
            behind(piece, out);
            list(items, tail, item_of(kind), indent + 2, out);
        }
        Content::Map { entries, tail } => {
            behind(piece, out);
            let of = kind.of_map(&entries.iter().map(|(key, _)| key.as_str()));
            map(entries, tail, Shape { map: of, indent: indent + 2 }, out);
        }
    }
}

/// The items of a list, each on lines of its own.
fn list(items: &[Piece], tail: &[Remark], kind: &'static Kind, indent: usize, out: &mut String) {
    for (index, piece) in items.iter().enumerate() {
        let on_line = index == 0 && !out.ends_with('\n');
        if !on_line {
            remarks(&piece.before, indent, index == 0, out);
            if piece.gap && !piece.before.is_empty() {
                out.push('\n');
            }
            spaces(indent, out);
        }
        out.push_str("- ");
        if let Some(line) = inline(piece, kind, indent + 2) {
            out.push_str(&line);
            behind(piece, out);
            continue;
        }
        match &piece.content {
            Content::Text { text, style } => {
                out.pop();
                block_text(text, style, piece, indent, out);
            }
            Content::List { items, tail } => list(items, tail, item_of(kind), indent + 2, out),
            Content::Map { entries, tail } => {
                let of = kind.of_map(&entries.iter().map(|(key, _)| key.as_str()));
                map(entries, tail, Shape { map: of, indent: indent + 2 }, out);
            }
        }
    }
    remarks(tail, indent, false, out);
}

/// A text after `|` or `>`.
fn block_text(text: &str, style: &TextStyle, piece: &Piece, indent: usize, out: &mut String) {
    out.push(' ');
    out.push(if matches!(style, TextStyle::Folded(_)) { '>' } else { '|' });
    if text.starts_with(' ') {
        out.push('2');
    }
    if !text.ends_with('\n') {
        out.push('-');
    }
    behind(piece, out);
    let own: Vec<&str> = match style {
        TextStyle::Folded(lines) => lines.iter().map(String::as_str).collect(),
        _ => text.strip_suffix('\n').unwrap_or(text).split('\n').collect(),
    };
    for line in own {
        if !line.is_empty() {
            spaces(indent + 2, out);
            out.push_str(line);
        }
        out.push('\n');
    }
}
