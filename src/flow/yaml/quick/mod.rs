//! The common case, read directly: block maps and lists, one-line maps and lists, texts on one line, comments. It is several
//! times faster than the parser, which has to be ready for everything. Whatever is not surely that case, and whatever is wrong,
//! makes it give up, and the file is read by the parser; where both read a file, they agree to the last place (see the tests).

mod inline;

use super::node::{Comment, Document, Entry, Key, Node, Tree, same_key};
use crate::domain::limits;
use crate::flow::diagnostic::At;
use std::borrow::Cow;
use std::collections::HashSet;

/// Maps of so few entries are searched for a key that stands twice; of more a set is kept.
const FEW: usize = 12;
/// The parser takes longer keys only in some places.
const KEY_BYTES: usize = 1_000;
/// Bytes that may end a text, or mean something else than themselves in it.
const SIGNS: [bool; 256] = {
    let mut signs = [false; 256];
    let list = b":#,[]{}\"'\\";
    let mut i = 0;
    while i < list.len() {
        signs[list[i] as usize] = true;
        i += 1;
    }
    signs
};

/// Reads a file, or gives up.
pub(super) fn read(source: &str) -> Option<Document<'_>> {
    if !is_plain(source.as_bytes()) {
        return None;
    }
    let mut quick = Quick {
        source,
        bytes: source.as_bytes(),
        line: Line::default(),
        next: 0,
        number: 0,
        ascii: true,
        known: (0, 0),
        comments: Vec::new(),
        entries: Vec::new(),
        items: Vec::new(),
        nodes: 0,
    };
    if !quick.advance()? || quick.line.indent() != 0 {
        return None;
    }
    let root = quick.map(0, 1)?;
    quick.line.is_end().then_some(Document { root, comments: quick.comments })
}

/// Whether the file has none of the characters that YAML treats in a way of its own: tabs, carriage returns, other controls,
/// the line breaks of Unicode, marks of byte order.
fn is_plain(bytes: &[u8]) -> bool {
    const CHUNK: usize = 256;
    let odd = |byte: u8| (byte < b' ' && byte != b'\n') || byte == 0x7f;
    bytes.chunks(CHUNK).enumerate().all(|(number, chunk)| {
        // Without a way out within, so that many bytes are looked at in one step.
        let controls = chunk.iter().fold(false, |found, byte| found | odd(*byte));
        let from = number * CHUNK;
        // No other byte begins one of these, and none of these bytes is a later one of a character.
        let may = |byte: &u8| matches!(byte, 0xc2 | 0xe2 | 0xef);
        !controls && (chunk.is_ascii() || chunk.iter().enumerate().all(|(i, byte)| !may(byte) || !is_special(&bytes[from + i..])))
    })
}

/// Whether a character of these begins here.
fn is_special(bytes: &[u8]) -> bool {
    match bytes {
        [0xc2, second, ..] => *second < 0xa0,
        [0xe2, 0x80, third, ..] => matches!(third, 0xa8 | 0xa9),
        [0xef, 0xbb, 0xbf, ..] => true,
        [0xef, 0xbf, third, ..] => *third >= 0xbe,
        _ => false,
    }
}

/// A line that holds something: byte offsets.
#[derive(Clone, Copy, Default)]
struct Line {
    start: usize,
    content: usize,
    end: usize,
}

impl Line {
    /// Blanks before its content, which are also columns.
    fn indent(self) -> usize {
        self.content - self.start
    }

    /// Stands behind the last line.
    fn is_end(self) -> bool {
        self.content == self.end
    }
}

struct Quick<'s> {
    source: &'s str,
    bytes: &'s [u8],
    line: Line,
    /// Where the line after it begins.
    next: usize,
    /// Its number.
    number: u32,
    /// Whether each of its bytes is a character.
    ascii: bool,
    /// A byte of the line and its column, to count on from.
    known: (usize, u32),
    comments: Vec<Comment>,
    /// Entries of maps that are not closed yet, those of inner ones behind those of outer ones: a map that is closed takes
    /// as much room as it needs.
    entries: Vec<Entry<'s>>,
    /// The same for items of lists.
    items: Vec<Node<'s>>,
    nodes: usize,
}

impl<'s> Quick<'s> {
    /// Goes to the next line that holds something. False: there is none.
    fn advance(&mut self) -> Option<bool> {
        while self.next < self.bytes.len() {
            let start = self.next;
            let end = self.source[start..].find('\n').map_or(self.bytes.len(), |length| start + length);
            let content = start + self.bytes[start..end].iter().take_while(|byte| **byte == b' ').count();
            self.line = Line { start, content, end };
            (self.next, self.number, self.known) = (end + 1, self.number + 1, (start, 1));
            self.ascii = self.bytes[start..end].is_ascii();
            match self.bytes.get(content..end) {
                None | Some([]) => {}
                Some([b'#', ..]) => self.comment(content, false),
                // A mark of a document, or a directive.
                Some([b'-', b'-', b'-', ..] | [b'.', b'.', b'.', ..] | [b'%', ..]) if content == start => return None,
                Some(_) => return Some(true),
            }
        }
        self.line = Line { start: self.bytes.len(), content: self.bytes.len(), end: self.bytes.len() };
        Some(false)
    }

    fn comment(&mut self, byte: usize, trailing: bool) {
        let at = self.at(byte);
        self.comments.push(Comment { at, text: self.source[byte + 1..self.line.end].to_owned(), trailing });
    }

    /// The place of a byte of this line.
    fn at(&mut self, byte: usize) -> At {
        if self.ascii {
            return At { line: self.number, column: (byte - self.line.start) as u32 + 1 };
        }
        let (from, column) = if byte >= self.known.0 { self.known } else { (self.line.start, 1) };
        // Characters are counted by their first bytes.
        let more = self.bytes[from..byte].iter().filter(|byte| (**byte & 0xc0) != 0x80).count();
        self.known = (byte, column + more as u32);
        At { line: self.number, column: self.known.1 }
    }

    /// What stands at a byte of this line; a line break at its end.
    fn byte(&self, place: usize) -> u8 {
        if place < self.line.end { self.bytes[place] } else { b'\n' }
    }

    /// The first byte from here on that is no blank.
    fn skip_blanks(&self, mut place: usize) -> usize {
        while self.byte(place) == b' ' {
            place += 1;
        }
        place
    }

    /// The first byte from here on that may mean something in a text; the end of the line.
    fn ordinary(&self, place: usize) -> usize {
        let rest = self.bytes.get(place..self.line.end).unwrap_or_default();
        place + rest.iter().position(|byte| SIGNS[usize::from(*byte)]).unwrap_or(rest.len())
    }

    fn count(&mut self, depth: usize) -> Option<()> {
        self.nodes += 1;
        (self.nodes < limits::YAML_NODES && depth < limits::YAML_DEPTH).then_some(())
    }

    /// Whether an item of a list begins here.
    fn is_item(&self, place: usize) -> bool {
        self.byte(place) == b'-' && matches!(self.byte(place + 1), b' ' | b'\n')
    }

    /// A block map whose first key stands in this line, behind so many columns.
    fn map(&mut self, column: usize, depth: usize) -> Option<Node<'s>> {
        self.count(depth)?;
        let at = self.at(self.line.start + column);
        let first = self.entries.len();
        let mut seen = HashSet::new();
        loop {
            let (key, colon) = self.key(self.line.start + column)?;
            if !is_new(&key, &self.entries[first..], &mut seen) {
                return None;
            }
            let value = self.value(colon + 1, column, depth)?;
            self.entries.push(Entry { key, value });
            if self.line.is_end() || self.line.indent() < column {
                break;
            }
            if self.line.indent() > column {
                return None;
            }
        }
        let entries: Vec<Entry<'s>> = self.entries.drain(first..).collect();
        let end = entries.last()?.value.end;
        Some(Node { at, width: 0, end, tree: Tree::Map(entries) })
    }

    /// The key that begins here, and its colon.
    fn key(&mut self, start: usize) -> Option<(Key<'s>, usize)> {
        self.count(0)?;
        let colon = self.colon(start)?;
        let source: &'s str = self.source;
        let text = source[start..colon].trim_end_matches(' ');
        if text.is_empty() || text.len() > KEY_BYTES || text == "<<" {
            return None;
        }
        let at = self.at(start);
        let width = self.at(start + text.len()).column - at.column;
        Some((Key { text: text.into(), at, width }, colon))
    }

    /// The colon that makes what begins here a key.
    fn colon(&self, start: usize) -> Option<usize> {
        if !self.begins_plain(start, false) {
            return None;
        }
        let mut place = start;
        loop {
            match self.byte(place) {
                b'\n' => return None,
                b':' if matches!(self.byte(place + 1), b' ' | b'\n') => return Some(place),
                b'#' if self.bytes[place - 1] == b' ' => return None,
                _ => place = self.ordinary(place + 1),
            }
        }
    }

    /// Whether a text without quotes can begin here.
    fn begins_plain(&self, place: usize, flow: bool) -> bool {
        match self.byte(place) {
            b'-' => match self.byte(place + 1) {
                b' ' | b'\n' => false,
                next => !flow || !is_flow_sign(next),
            },
            b'\n' | b' ' | b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' => false,
            b'\'' | b'"' | b'%' | b'@' | b'`' => false,
            _ => true,
        }
    }

    /// The value behind a colon, of a map at this column. Ends on the next line that holds something.
    fn value(&mut self, from: usize, column: usize, depth: usize) -> Option<Node<'s>> {
        let start = self.skip_blanks(from);
        if !matches!(self.byte(start), b'\n' | b'#') {
            return self.inline(start, column, depth);
        }
        if self.byte(start) == b'#' {
            self.comment(start, true);
        }
        if !self.advance()? {
            return None;
        }
        let (indent, content) = (self.line.indent(), self.line.content);
        match self.is_item(content) {
            true if indent > column => self.list(indent, depth + 1),
            true if indent == column => {
                // To YAML a list that is not indented begins with its first value.
                let mut list = self.list(indent, depth + 1)?;
                if let Tree::List(items) = &list.tree {
                    list.at = items.first()?.at;
                }
                Some(list)
            }
            false if indent > column => self.map(indent, depth + 1),
            _ => None,
        }
    }

    /// A value that begins in this line and ends in it. What follows may not belong to it.
    fn inline(&mut self, start: usize, column: usize, depth: usize) -> Option<Node<'s>> {
        let (node, end) = match self.byte(start) {
            b'{' | b'[' => self.flow(start, depth + 1)?,
            b'"' | b'\'' => self.quoted(start)?,
            _ => self.plain(start, false)?,
        };
        let behind = self.skip_blanks(end);
        match self.byte(behind) {
            b'\n' => {}
            b'#' if behind > end => self.comment(behind, true),
            _ => return None,
        }
        self.advance()?;
        (self.line.is_end() || self.line.indent() <= column).then_some(node)
    }

    /// A block list whose first item stands in this line, behind so many columns.
    fn list(&mut self, column: usize, depth: usize) -> Option<Node<'s>> {
        self.count(depth)?;
        let at = self.at(self.line.start + column);
        let first = self.items.len();
        loop {
            let start = self.skip_blanks(self.line.content + 1);
            let inner = start - self.line.start;
            let is_map = !matches!(self.byte(start), b'{' | b'[' | b'"' | b'\'') && self.colon(start).is_some();
            let item = if is_map { self.map(inner, depth + 1)? } else { self.inline(start, column, depth)? };
            self.items.push(item);
            if self.line.is_end() || self.line.indent() < column || !self.is_item(self.line.content) {
                break;
            }
            if self.line.indent() > column {
                return None;
            }
        }
        let items: Vec<Node<'s>> = self.items.drain(first..).collect();
        let end = items.last()?.end;
        Some(Node { at, width: 0, end, tree: Tree::List(items) })
    }
}

fn is_flow_sign(byte: u8) -> bool {
    matches!(byte, b',' | b'[' | b']' | b'{' | b'}')
}

/// Whether no entry has this key yet.
fn is_new<'s>(key: &Key<'s>, entries: &[Entry<'s>], seen: &mut HashSet<Cow<'s, str>>) -> bool {
    let key = &key.text;
    let has = |entries: &[Entry<'s>]| entries.iter().any(|entry| same_key(&entry.key.text, key));
    match entries.len() {
        0..FEW => !has(entries),
        FEW => {
            // From here on a set is asked, which begins with this key; those before it are compared with once more.
            seen.insert(key.clone());
            !has(entries)
        }
        _ => seen.insert(key.clone()) && !has(&entries[..FEW]),
    }
}
