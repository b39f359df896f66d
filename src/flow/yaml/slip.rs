//! Slips that YAML itself does not see, or sees as something else: where exactly they are.

use crate::flow::diagnostic::At;

/// The column (from 0, in characters) of a `{{` that stands in no quotes.
pub(super) fn bare_braces(line: &str) -> Option<usize> {
    let (mut quote, mut before) = (None, ' ');
    let mut chars = line.chars().enumerate().peekable();
    while let Some((column, c)) = chars.next() {
        match quote {
            Some('"') if c == '\\' => drop(chars.next()),
            Some(q) if c == q => quote = None,
            Some(_) => {}
            // A quote opens only where a value can begin; elsewhere it is an apostrophe.
            None if matches!(c, '"' | '\'') && matches!(before, ' ' | '[' | '{' | ',') => quote = Some(c),
            None if c == '#' && before == ' ' => return None,
            None if c == '{' && chars.peek().is_some_and(|(_, next)| *next == '{') => return Some(column),
            None => {}
        }
        before = c;
    }
    None
}

/// How many characters from `{{`, with which this begins, to its `}}`. Not looked for further than a line is long for people.
pub(super) fn brace_width(text: &str) -> u32 {
    let mut before = ' ';
    for (passed, c) in text.chars().take(200).enumerate() {
        match c {
            '\n' => break,
            '}' if before == '}' => return passed as u32 + 1,
            _ => before = c,
        }
    }
    2
}

/// The place of the comma before a key that begins at this byte.
pub(super) fn comma_before(source: &str, key_start: usize, key_at: At) -> At {
    let before = source.get(..key_start).unwrap_or("");
    let Some(comma) = before.rfind(',') else { return key_at };
    let between = &before[comma..];
    let breaks = between.matches('\n').count() as u32;
    if breaks == 0 {
        let column = key_at.column.saturating_sub(between.chars().count() as u32).max(1);
        return At { line: key_at.line, column };
    }
    let line_start = before[..comma].rfind('\n').map_or(0, |n| n + 1);
    At { line: key_at.line - breaks, column: before[line_start..comma].chars().count() as u32 + 1 }
}
