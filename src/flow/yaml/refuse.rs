//! What is refused, and how it is said.

use super::build::{Builder, at};
use super::slip::{bare_braces, brace_width};
use super::syntax;
use crate::domain::limits;
use crate::flow::diagnostic::{At, Code, Diagnostic};
use granit_parser::{ErrorKind, ScanError, Span};

impl Builder<'_> {
    pub(super) fn report(&mut self, code: u16, at: At, width: u32, message: impl Into<String>, help: &str) {
        self.diagnostics.push(Diagnostic {
            code: Code(code),
            file: self.file.clone(),
            at,
            width,
            message: message.into(),
            help: Some(help.to_owned()),
        });
    }

    pub(super) fn syntax_error(&mut self, error: &ScanError) {
        let mark = error.marker();
        let place = At { line: mark.line() as u32, column: mark.col() as u32 + 1 };
        if self.brace_line == place.line && place.line > 0 {
            return;
        }
        let line = self.source.lines().nth(mark.line().saturating_sub(1)).unwrap_or("");
        if let Some(column) = bare_braces(line) {
            let from = line.char_indices().nth(column).map_or(line.len(), |(byte, _)| byte);
            let (column, width) = (column as u32 + 1, brace_width(&line[from..]));
            self.braces(At { line: place.line, column }, width);
            return;
        }
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            return self.too_deep(place);
        }
        if matches!(error.kind(), ErrorKind::DirectiveDisallowed) {
            return self.report(2, place, 1, "`%` is not used in flows", "leave the line out");
        }
        let open_quote = matches!(error.kind(), ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent);
        let place = if open_quote { self.open_quote().unwrap_or(place) } else { place };
        if matches!(error.kind(), ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator)
            && let Some((open, bracket)) = self.open_bracket(place.line)
        {
            let (what, help) = match bracket {
                '{' => ("this `{` is never closed", "add the closing `}`"),
                _ => ("this `[` is never closed", "add the closing `]`"),
            };
            return self.report(1, open, 1, format!("This is not YAML: {what}"), help);
        }
        let (what, help) = syntax::explain(error.kind());
        self.report(1, place, 0, format!("This is not YAML: {what}"), help);
    }

    /// The innermost bracket that is open on this line although it was opened on one above that is indented as deep or deeper:
    /// what is written there is no part of it any more.
    fn open_bracket(&self, line: u32) -> Option<(At, char)> {
        let depth = |number: u32| {
            let text = self.source.lines().nth(number.saturating_sub(1) as usize).unwrap_or("");
            text.len() - text.trim_start_matches(' ').len()
        };
        let open = self.open.iter().rev().find(|open| open.flow)?;
        let place = at(&open.start);
        let bracket = open.start.slice(self.source).and_then(|text| text.chars().next()).unwrap_or('{');
        (place.line < line && depth(line) <= depth(place.line)).then_some((place, bracket))
    }

    /// The place of the first quote behind the last event.
    pub(super) fn open_quote(&self) -> Option<At> {
        let quote = self.last_end + self.source.get(self.last_end..)?.find(['"', '\''])?;
        let before = &self.source[..quote];
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        Some(At { line: before.matches('\n').count() as u32 + 1, column: before[line_start..].chars().count() as u32 + 1 })
    }

    pub(super) fn too_deep(&mut self, place: At) {
        self.stop = true;
        let message = format!("The file is nested deeper than {}", limits::YAML_DEPTH);
        self.report(7, place, 0, message, "give the inner part a state of its own");
    }

    pub(super) fn braces(&mut self, place: At, width: u32) {
        self.brace_line = place.line;
        self.report(
            4,
            place,
            width,
            "Put quotes around `{{ … }}`: without them YAML reads a map",
            "write the whole value in double quotes, for example \"{{ name }}\"",
        );
    }

    pub(super) fn not_used(&mut self, text: &str, what: &str, span: &Span, help: &str) {
        self.report(2, at(span), span.len() as u32, format!("`{text}` is not used in flows ({what})"), help);
    }

    /// Tabs that YAML would take, inside one-line maps that go over several lines for instance.
    pub(super) fn find_tabs(&mut self) {
        if self.diagnostics.iter().any(|d| d.message.contains(syntax::TAB)) || !self.source.contains('\t') {
            return;
        }
        let (mut offset, mut texts) = (0, std::mem::take(&mut self.long_texts).into_iter().peekable());
        for (number, line) in self.source.split('\n').enumerate() {
            let rest = line.trim_start_matches([' ', '\t']);
            let indentation = &line[..line.len() - rest.len()];
            while texts.peek().is_some_and(|t| t.end <= offset) {
                texts.next();
            }
            let inside = texts.peek().is_some_and(|t| t.start < offset && offset < t.end);
            if let Some(tab) = indentation.find('\t').filter(|_| !inside && !rest.trim_end().is_empty()) {
                let place = At { line: number as u32 + 1, column: tab as u32 + 1 };
                self.report(1, place, 1, format!("This is not YAML: {}", syntax::TAB), syntax::TAB_HELP);
                return;
            }
            offset += line.len() + 1;
        }
    }
}
