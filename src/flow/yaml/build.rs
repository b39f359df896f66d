//! From the parser's events to the tree, without recursion, in time linear in the size of the file.

use super::node::{Comment, Document, Entry, Key, Node, Scalar, Style, Tree};
use super::place::Places;
use super::slip::{brace_width, comma_before};
use crate::domain::limits;
use crate::flow::diagnostic::{At, Diagnostic};
use granit_parser::{Event, Parser, Placement, ScalarStyle, Span, StructureStyle};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Reads a file. Without a document there is at least one diagnostic; with one there may be some.
pub fn read<'s>(source: &'s str, file: &Arc<str>) -> (Option<Document<'s>>, Vec<Diagnostic>) {
    if source.len() <= limits::FILE_BYTES
        && let Some(document) = super::quick::read(source)
    {
        return (Some(document), Vec::new());
    }
    read_by_parser(source, file)
}

/// The same for any file, also one that is wrong.
pub(super) fn read_by_parser<'s>(source: &'s str, file: &Arc<str>) -> (Option<Document<'s>>, Vec<Diagnostic>) {
    let mut builder = Builder::new(source, file.clone());
    if source.len() > limits::FILE_BYTES {
        let size = format!("The file is larger than {} KiB", limits::FILE_BYTES / 1024);
        builder.report(7, At { line: 1, column: 1 }, 0, size, "split it: a sub-flow with `run`, longer texts as notifications");
        return (None, builder.diagnostics);
    }
    let root = builder.run();
    builder.find_tabs();
    let mut diagnostics = builder.diagnostics;
    diagnostics.sort_by_key(|d| d.at);
    (root.map(|root| Document { root, comments: builder.comments }), diagnostics)
}

/// A list or map that is not closed yet.
pub(super) struct Open<'a> {
    pub(super) start: Span,
    pub(super) flow: bool,
    kind: OpenKind<'a>,
}

enum OpenKind<'a> {
    List(Vec<Node<'a>>),
    Map {
        entries: Vec<Entry<'a>>,
        seen: HashMap<Cow<'a, str>, u32>,
        key: Option<PendingKey<'a>>,
        cut: bool,
    },
    /// Below something that was refused: read past.
    Skipped,
}

struct PendingKey<'a> {
    key: Key<'a>,
    end: usize,
    /// The key stands twice, is a merge key, or no text: its value is read past.
    refused: bool,
}

pub(super) struct Builder<'a> {
    pub(super) source: &'a str,
    pub(super) file: Arc<str>,
    pub(super) diagnostics: Vec<Diagnostic>,
    comments: Vec<Comment>,
    pub(super) open: Vec<Open<'a>>,
    root: Option<Node<'a>>,
    nodes: usize,
    /// Byte ranges of texts that go over several lines: tabs in them are theirs.
    pub(super) long_texts: Vec<Range<usize>>,
    /// The last line on which `{{` without quotes was reported: what YAML says about that line follows from it.
    pub(super) brace_line: u32,
    /// Where the last event ended: a quote that is never closed stands behind it.
    pub(super) last_end: usize,
    /// Stop: a limit was passed, or a second document begins.
    pub(super) stop: bool,
}

pub(super) fn at(span: &Span) -> At {
    At { line: span.start.line() as u32, column: span.start.col() as u32 + 1 }
}

fn end_of(span: &Span) -> At {
    At { line: span.end.line() as u32, column: span.end.col() as u32 + 1 }
}

fn start_byte(span: &Span) -> usize {
    span.start.byte_offset().unwrap_or(0)
}

fn end_byte(span: &Span) -> usize {
    span.end.byte_offset().unwrap_or(0)
}

impl<'a> Builder<'a> {
    fn new(source: &'a str, file: Arc<str>) -> Self {
        Builder {
            source,
            file,
            diagnostics: Vec::new(),
            comments: Vec::new(),
            open: Vec::new(),
            root: None,
            nodes: 0,
            long_texts: Vec::new(),
            brace_line: 0,
            last_end: 0,
            stop: false,
        }
    }

    fn run(&mut self) -> Option<Node<'a>> {
        let options = granit_parser::options! {
            disallow_directives: true,
            emit_anchor_events: true,
            emit_unresolved_aliases: true,
            max_buffered_comment_events: limits::YAML_NODES,
            flow_nesting_limit: limits::YAML_DEPTH * 2,
            block_nesting_limit: limits::YAML_DEPTH * 2,
        };
        let mut documents = 0;
        for next in Parser::new_from_str_with_options(self.source, options) {
            match next {
                Ok((Event::DocumentStart(..), span)) => {
                    documents += 1;
                    if documents > 1 {
                        self.report(2, at(&span), 3, "A second document is not used in flows", "put it into a file of its own");
                        break;
                    }
                }
                Ok((event, span)) => self.event(event, &span),
                Err(error) => {
                    self.syntax_error(&error);
                    return None;
                }
            }
            if self.stop {
                return None;
            }
        }
        if self.root.is_none() {
            self.report(
                6,
                At { line: 1, column: 1 },
                0,
                "The file is empty",
                "begin it with `flow:`, `notification:` or `test:` and a name",
            );
        }
        self.root.take()
    }

    fn event(&mut self, event: Event<'a>, span: &Span) {
        if let (Some(_), Some(tag)) = (event.tag(), span.tag_span()) {
            let text = tag.slice(self.source).unwrap_or("!").to_owned();
            self.not_used(&text, "tag", &tag, "leave the tag out: the key decides the type of its value");
        }
        self.last_end = end_byte(span).max(self.last_end);
        match event {
            Event::Comment(text, placement) => self.comments.push(Comment {
                at: at(span),
                text: text.into_owned(),
                trailing: matches!(placement, Placement::Right),
            }),
            Event::Anchor(_, name) => {
                self.not_used(
                    &format!("&{name}"),
                    "anchor",
                    span,
                    "write the value out, or make it a state or a notification of its own",
                );
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let text = span.slice(self.source).unwrap_or("*").to_owned();
                self.not_used(&text, "alias", span, "write the value out; put quotes around a text that begins with `*`");
                self.count(span);
                self.place(Node { at: at(span), width: span.len() as u32, end: end_of(span), tree: Tree::Broken }, span);
            }
            Event::Scalar(text, style, ..) => {
                self.count(span);
                self.scalar(text, style, span);
            }
            Event::SequenceStart(style, ..) => self.begin(OpenKind::List(Vec::new()), style, span),
            Event::MappingStart(style, ..) => {
                let kind = OpenKind::Map { entries: Vec::new(), seen: HashMap::new(), key: None, cut: false };
                self.begin(kind, style, span);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            _ => {}
        }
    }

    fn count(&mut self, span: &Span) {
        self.nodes += 1;
        if self.nodes > limits::YAML_NODES && !self.stop {
            self.stop = true;
            let message = format!("The file has more than {} values", limits::YAML_NODES);
            self.report(7, at(span), 0, message, "split it: a sub-flow with `run`, longer texts as notifications");
        }
    }

    fn skipping(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Skipped, .. }))
    }

    fn begin(&mut self, kind: OpenKind<'a>, style: StructureStyle, span: &Span) {
        self.count(span);
        if self.open.len() >= limits::YAML_DEPTH {
            return self.too_deep(at(span));
        }
        let flow = matches!(style, StructureStyle::Flow);
        let kind = if self.skipping() {
            OpenKind::Skipped
        } else if flow && self.source[start_byte(span)..].starts_with("{{") {
            self.braces(at(span), brace_width(&self.source[start_byte(span)..]));
            OpenKind::Skipped
        } else if self.awaits_key() {
            self.report(
                2,
                at(span),
                1,
                "A list or map as a key is not used in flows",
                "write a text as the key, in quotes if it begins with `[` or `{`",
            );
            OpenKind::Skipped
        } else {
            kind
        };
        self.open.push(Open { start: *span, flow, kind });
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Map { key: None, .. }, .. }))
    }

    fn end(&mut self, span: &Span) {
        let Some(open) = self.open.pop() else { return };
        let one_line = open.start.start.line() == span.end.line() && open.flow;
        let width = if one_line { span.end.col().saturating_sub(open.start.start.col()) as u32 } else { 0 };
        let tree = match open.kind {
            OpenKind::List(items) => Tree::List(items),
            OpenKind::Map { entries, .. } => Tree::Map(entries),
            OpenKind::Skipped => Tree::Broken,
        };
        let whole = Span::new(open.start.start, span.end);
        // YAML ends a block where the next thing begins; it is over behind its last value.
        let last = match &tree {
            _ if open.flow => None,
            Tree::List(items) => items.last().map(|item| item.end),
            Tree::Map(entries) => entries.last().map(|entry| entry.value.end),
            _ => None,
        };
        let end = last.unwrap_or_else(|| end_of(span));
        self.place(Node { at: at(&open.start), width, end, tree }, &whole);
    }

    fn scalar(&mut self, text: Cow<'a, str>, style: ScalarStyle, span: &Span) {
        if self.skipping() {
            return;
        }
        let raw = span.slice(self.source).unwrap_or("");
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        if raw.contains('\n') {
            self.long_texts.push(start_byte(span)..end_byte(span));
        }
        let first = raw.lines().next().unwrap_or("");
        let width = first.trim_end().chars().count() as u32;
        let empty = style == Style::Plain && raw.is_empty();
        if self.awaits_key() {
            return self.key(text, empty, span, width);
        }
        let tree = if empty && !self.empty(span) {
            Tree::Broken
        } else {
            let places = Places::new(at(span), raw, matches!(style, Style::Literal | Style::Folded));
            Tree::Scalar(Scalar { text: if empty { Cow::default() } else { text }, style, places })
        };
        self.place(Node { at: at(span), width, end: end_of(span), tree }, span);
    }

    /// A value that is not there. Says so, unless it follows from something that was said; the answer is always "broken".
    fn empty(&mut self, span: &Span) -> bool {
        let leave_out = "leave the key out or give it a value";
        let Some(open) = self.open.last_mut() else { return false };
        match &mut open.kind {
            OpenKind::Map { entries, key: Some(pending), cut, .. } => {
                let colon = self.source[pending.end..].trim_start_matches([' ', '\t']).starts_with(':');
                let text_before = entries.last().and_then(|e| e.value.scalar()).is_some_and(Scalar::is_plain);
                if open.flow && !colon && (*cut || text_before) {
                    // `{ say: Sorry, not now }`: the text goes on, but YAML took the comma for the end.
                    let said = std::mem::replace(cut, true);
                    pending.refused = true;
                    let (key_at, key) = (pending.key.at, pending.key.text.clone());
                    if !said {
                        let comma = comma_before(self.source, pending.end.saturating_sub(key.len()), key_at);
                        self.report(
                            5,
                            comma,
                            1,
                            "The text ends at this comma; put quotes around it",
                            "write the whole text in double quotes",
                        );
                    }
                    return false;
                }
                if pending.refused {
                    return false;
                }
                let (key_at, width, name) = (pending.key.at, pending.key.width, pending.key.text.clone());
                self.report(6, key_at, width, format!("`{name}` is empty; {leave_out}"), leave_out);
            }
            OpenKind::List(_) => {
                let place = At { line: span.start.line() as u32, column: (span.start.col() as u32 + 1).saturating_sub(1).max(1) };
                self.report(
                    6,
                    place,
                    1,
                    "This item is empty; leave it out or give it a value",
                    "leave the item out or give it a value",
                );
            }
            _ => {}
        }
        false
    }

    fn key(&mut self, text: Cow<'a, str>, empty: bool, span: &Span, width: u32) {
        let place = at(span);
        let mut refused = empty;
        if empty {
            self.report(1, place, 0, "This is not YAML: a key is missing before `:`", "write `key: value`");
        } else if text == "<<" {
            self.not_used("<<", "merge key", span, "write the keys out");
            refused = true;
        }
        let Some(Open { kind: OpenKind::Map { seen, key, .. }, .. }) = self.open.last_mut() else { return };
        let first = seen.get(&text).copied();
        if first.is_none() {
            seen.insert(text.clone(), place.line);
        }
        let pending = Key { text, at: place, width };
        let twice = first
            .filter(|_| !refused)
            .map(|line| (format!("The key `{}` stands here twice; the first is on line {line}", pending.text), width));
        *key = Some(PendingKey { key: pending, end: end_byte(span), refused: refused || twice.is_some() });
        if let Some((message, width)) = twice {
            self.report(3, place, width, message, "remove one of them, or put both into one");
        }
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, node: Node<'a>, span: &Span) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { kind: OpenKind::List(items), .. }) => items.push(node),
            Some(Open { kind: OpenKind::Map { entries, key, .. }, .. }) => match key.take() {
                Some(PendingKey { key, refused: false, .. }) => entries.push(Entry { key, value: node }),
                Some(_) => {}
                // A list, map or alias where a key should be: reported already; its value is read past.
                None => {
                    let placeholder = Key { text: Cow::default(), at: node.at, width: 0 };
                    *key = Some(PendingKey { key: placeholder, end: end_byte(span), refused: true });
                }
            },
            Some(Open { kind: OpenKind::Skipped, .. }) => {}
        }
    }
}
