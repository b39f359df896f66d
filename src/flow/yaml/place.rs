//! From a character of a text back to its place in the file, through quotes, escapes and folded lines.

use crate::flow::diagnostic::At;

/// Where the characters of one scalar stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Where the scalar's source begins, at its quote or indicator if it has one.
    start: At,
    shape: Shape,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// On one line, without escapes: character n stands `skip + n` further on.
    Straight { skip: u32 },
    /// The whole file.
    Same,
    /// Anything else: found by walking the source beside the text.
    Walked { raw: Box<str>, quote: Option<char>, block: bool },
}

impl Places {
    /// The places of a scalar on one line without escapes.
    pub(super) fn straight(start: At, quoted: bool) -> Self {
        Places { start, shape: Shape::Straight { skip: u32::from(quoted) } }
    }

    /// The places of a text that is a whole file.
    pub fn of_file() -> Self {
        Places { start: At { line: 1, column: 1 }, shape: Shape::Same }
    }

    /// The places of a scalar whose source is `raw` and begins at `start`.
    pub(super) fn new(start: At, raw: &str, block: bool) -> Self {
        let quote = if block { None } else { raw.chars().next().filter(|c| matches!(c, '"' | '\'')) };
        let escaped = match quote {
            Some('"') => raw.contains('\\'),
            Some(_) => raw.len() > 2 && raw[1..raw.len() - 1].contains('\''),
            None => false,
        };
        let shape = if block || escaped || raw.contains(['\n', '\r']) {
            Shape::Walked { raw: raw.into(), quote, block }
        } else {
            Shape::Straight { skip: u32::from(quote.is_some()) }
        };
        Places { start, shape }
    }

    /// The place of the character that begins at this byte of `text`, the scalar's own text.
    pub fn at(&self, text: &str, byte: usize) -> At {
        let offset = text.char_indices().take_while(|(i, _)| *i < byte).count();
        match &self.shape {
            Shape::Same => {
                let before = &text[..text.char_indices().nth(offset).map_or(text.len(), |(i, _)| i)];
                let line = before.rsplit('\n').next().unwrap_or("");
                let column = line.chars().count() as u32 + 1;
                At { line: self.start.line + before.matches('\n').count() as u32, column }
            }
            Shape::Straight { skip } => {
                At { line: self.start.line, column: self.start.column.saturating_add(*skip).saturating_add(offset as u32) }
            }
            Shape::Walked { raw, quote, block } => walk(raw, *quote, *block, self.start, text, offset),
        }
    }
}

/// Goes along the source and the text together. Both agree on everything but escapes and the white space around line
/// breaks, so a run of white space with a line break in it stands for whatever white space the text has there.
fn walk(raw: &str, quote: Option<char>, block: bool, start: At, text: &str, offset: usize) -> At {
    let mut source = Cursor { rest: raw, at: start };
    if quote.is_some() {
        source.step();
    }
    let mut text = text.chars().peekable();
    let mut passed = 0;
    // The source of a block begins at its first line that holds something.
    while block && passed < offset && text.peek() == Some(&'\n') {
        text.next();
        passed += 1;
    }
    while passed < offset && text.peek().is_some() {
        if source.space_has_break() {
            source.skip_space();
            while passed < offset && text.peek().is_some_and(|c| c.is_whitespace()) {
                text.next();
                passed += 1;
            }
            // A break that was escaped or folded away stands for no character at all.
            continue;
        }
        match (quote, source.peek()) {
            (_, None) => break,
            (Some('"'), Some('\\')) => {
                if source.escape() {
                    continue;
                }
            }
            (Some('\''), Some('\'')) => {
                source.step();
                source.step();
            }
            _ => source.step(),
        }
        text.next();
        passed += 1;
    }
    if source.space_has_break() && text.peek().is_some_and(|c| !c.is_whitespace()) {
        source.skip_space();
    }
    source.at
}

struct Cursor<'a> {
    rest: &'a str,
    at: At,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn step(&mut self) {
        if let Some(c) = self.peek() {
            self.rest = &self.rest[c.len_utf8()..];
            if c == '\n' {
                self.at = At { line: self.at.line + 1, column: 1 };
            } else {
                self.at.column += 1;
            }
        }
    }

    /// Whether white space with a line break in it begins here.
    fn space_has_break(&self) -> bool {
        let space = self.rest.len() - self.rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.rest[..space].contains('\n')
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '\r' | '\n')) {
            self.step();
        }
    }

    /// Steps over an escape; true if it is an escaped line break, which stands for nothing.
    fn escape(&mut self) -> bool {
        self.step();
        let digits = match self.peek() {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            Some('\n' | '\r') => {
                self.skip_space();
                return true;
            }
            _ => 0,
        };
        self.step();
        for _ in 0..digits {
            self.step();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use crate::flow::yaml::{Node, Tree, read};

    /// Every `@` of the text must be found where it stands in the file.
    fn check(source: &str) {
        let (document, diagnostics) = read(source, &"x.yaml".into());
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let found = places(&document.expect("a document").root);
        let mut expected = Vec::new();
        for (line, text) in source.lines().enumerate() {
            for (column, c) in text.chars().enumerate() {
                if c == '@' {
                    expected.push((line as u32 + 1, column as u32 + 1));
                }
            }
        }
        assert!(!expected.is_empty());
        assert_eq!(found, expected, "{source}");
    }

    fn places(node: &Node) -> Vec<(u32, u32)> {
        match &node.tree {
            Tree::Scalar(s) => {
                s.text.match_indices('@').map(|(byte, _)| s.places.at(&s.text, byte)).map(|at| (at.line, at.column)).collect()
            }
            Tree::List(items) => items.iter().flat_map(places).collect(),
            Tree::Map(entries) => entries.iter().flat_map(|e| places(&e.value)).collect(),
            Tree::Broken => Vec::new(),
        }
    }

    #[test]
    fn characters_are_found_through_quotes_escapes_and_folds() {
        check("a: x @ y@");
        check("a: 'x @ it''s @'");
        check(r#"a: "é\u00e9\n @ \"q\" \x41\U0001F600 @ ü@""#);
        check("a: |\n  first @\n    more @\n\n  last @\nb: >-\n  folded @\n  on @\n\n  par @ @\n");
        check("a: plain @\n  goes\n  on @ here\nb: \"x @ \\\n   y @\n\n   z@\"\n");
        check("a: [x @, 'y@', { k: \"@\" }]");
        check("हिन्दी: हि @");
    }
}
