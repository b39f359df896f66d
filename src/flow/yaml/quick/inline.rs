//! What stands on one line: lists and maps in brackets, texts with and without quotes.

use super::{KEY_BYTES, Quick, is_flow_sign, is_new};
use crate::flow::yaml::node::{Entry, Key, Node, Scalar, Style, Tree};
use crate::flow::yaml::place::Places;
use std::collections::HashSet;

impl<'s> Quick<'s> {
    /// A list or map on one line, and where it ends.
    pub(super) fn flow(&mut self, start: usize, depth: usize) -> Option<(Node<'s>, usize)> {
        self.count(depth)?;
        let at = self.at(start);
        let is_map = self.byte(start) == b'{';
        let close = if is_map { b'}' } else { b']' };
        if is_map && self.byte(start + 1) == b'{' {
            return None;
        }
        let (first_entry, first_item) = (self.entries.len(), self.items.len());
        let mut seen = HashSet::new();
        let mut place = self.skip_blanks(start + 1);
        while self.byte(place) != close || self.entries.len() + self.items.len() > first_entry + first_item {
            if is_map {
                let (node, colon) = self.plain(place, true)?;
                let Tree::Scalar(Scalar { text, .. }) = node.tree else { return None };
                let key = Key { text, at: node.at, width: node.width };
                let colon = self.skip_blanks(colon);
                let good = self.byte(colon) == b':' && key.text.len() <= KEY_BYTES && key.text != "<<";
                if !good || !is_new(&key, &self.entries[first_entry..], &mut seen) {
                    return None;
                }
                let (value, end) = self.in_flow(self.skip_blanks(colon + 1), depth)?;
                self.entries.push(Entry { key, value });
                place = self.skip_blanks(end);
            } else {
                let (item, end) = self.in_flow(place, depth)?;
                self.items.push(item);
                place = self.skip_blanks(end);
            }
            match self.byte(place) {
                b',' => place = self.skip_blanks(place + 1),
                byte if byte == close => break,
                _ => return None,
            }
            // A comma behind the last entry.
            if self.byte(place) == close {
                return None;
            }
        }
        let end = self.at(place + 1);
        let tree = match is_map {
            true => Tree::Map(self.entries.drain(first_entry..).collect()),
            false => Tree::List(self.items.drain(first_item..).collect()),
        };
        Some((Node { at, width: end.column - at.column, end, tree }, place + 1))
    }

    /// A value in a list or map on one line.
    fn in_flow(&mut self, start: usize, depth: usize) -> Option<(Node<'s>, usize)> {
        match self.byte(start) {
            b'{' | b'[' => self.flow(start, depth + 1),
            b'"' | b'\'' => self.quoted(start),
            _ => {
                let (node, end) = self.plain(start, true)?;
                (self.byte(self.skip_blanks(end)) != b':').then_some((node, end))
            }
        }
    }

    /// A text without quotes, and where it ends. In a one-line map it ends before a colon too, which makes it a key.
    pub(super) fn plain(&mut self, start: usize, flow: bool) -> Option<(Node<'s>, usize)> {
        self.count(0)?;
        if !self.begins_plain(start, flow) {
            return None;
        }
        let mut place = start;
        loop {
            match self.byte(place) {
                b'\n' if flow => return None,
                b'\n' => break,
                b':' => match self.byte(place + 1) {
                    b' ' if flow => break,
                    b' ' | b'\n' => return None,
                    next if flow && is_flow_sign(next) => return None,
                    _ => {}
                },
                b'#' if self.bytes[place - 1] == b' ' && flow => return None,
                b'#' if self.bytes[place - 1] == b' ' => break,
                b',' | b']' | b'}' if flow => break,
                b'[' | b'{' if flow => return None,
                _ => {}
            }
            place = self.ordinary(place + 1);
        }
        let source: &'s str = self.source;
        let text = source[start..place].trim_end_matches(' ');
        let at = self.at(start);
        let end = self.at(start + text.len());
        let scalar = Scalar { text: text.into(), style: Style::Plain, places: Places::straight(at, false) };
        Some((Node { at, width: end.column - at.column, end, tree: Tree::Scalar(scalar) }, start + text.len()))
    }

    /// A text in quotes, and where it ends. Escapes that are not common are left to the parser.
    pub(super) fn quoted(&mut self, start: usize) -> Option<(Node<'s>, usize)> {
        self.count(0)?;
        let quote = self.byte(start);
        let (mut place, mut special) = (start + 1, false);
        loop {
            match self.byte(place) {
                b'\n' => return None,
                b'\\' if quote == b'"' => {
                    if !matches!(self.byte(place + 1), b'"' | b'\\' | b'n') {
                        return None;
                    }
                    (place, special) = (place + 2, true);
                }
                byte if byte == quote && quote == b'\'' && self.byte(place + 1) == b'\'' => (place, special) = (place + 2, true),
                byte if byte == quote => break,
                _ => place = self.ordinary(place + 1),
            }
        }
        let source: &'s str = self.source;
        let raw = &source[start..=place];
        let inner = &raw[1..raw.len() - 1];
        let at = self.at(start);
        let end = self.at(place + 1);
        let (text, places) = match special {
            false => (inner.into(), Places::straight(at, true)),
            true if quote == b'\'' => (inner.replace("''", "'").into(), Places::new(at, raw, false)),
            true => (unescaped(inner).into(), Places::new(at, raw, false)),
        };
        let scalar = Scalar { text, style: Style::Quoted, places };
        Some((Node { at, width: end.column - at.column, end, tree: Tree::Scalar(scalar) }, place + 1))
    }
}

/// `\"`, `\\` and `\n` as what they stand for.
fn unescaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some(c) => out.push(c),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}
