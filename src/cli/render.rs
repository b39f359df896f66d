//! How a diagnostic looks: for people with its place, the line itself, a marker and the remedy; for programs as JSON.

use crate::flow::diagnostic::{At, Diagnostic, Severity};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Characters of a line that are shown; of a longer one the part around the marker.
const LINE: usize = 160;

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    colour: bool,
}

impl Style {
    /// No colours: for pipes and files.
    pub const PLAIN: Style = Style { colour: false };

    /// Colours if the output is a terminal and nobody asked for none (<https://no-color.org>).
    pub fn of(is_terminal: bool, no_color: bool) -> Self {
        Style { colour: is_terminal && !no_color }
    }

    /// A text in a colour (an SGR code).
    pub fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The colour of what is wrong.
pub const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const BLUE: &str = "1;34";
const BOLD: &str = "1";

/// One diagnostic as people read it. `source` is its file's text, if it could be read.
pub fn text(diagnostic: &Diagnostic, source: Option<&str>, style: Style) -> String {
    let (word, colour) = match diagnostic.code.severity() {
        Severity::Error => ("error", RED),
        Severity::Warning => ("warning", YELLOW),
    };
    let mut out = format!(
        "{}{} {}\n",
        style.paint(colour, &format!("{word}[{}]", diagnostic.code)),
        style.paint(BOLD, ":"),
        style.paint(BOLD, &diagnostic.message)
    );
    let width = diagnostic.width.max(1) as usize;
    out.push_str(&place(&diagnostic.file, diagnostic.at, width, source, style, colour));
    out.push('\n');
    if let Some(help) = &diagnostic.help {
        let margin = " ".repeat(diagnostic.at.line.to_string().len());
        let _ = writeln!(out, "{margin} {} {help}", style.paint(BLUE, "="));
    }
    out
}

/// A place with its line and a marker below what is meant; without a newline at the end.
pub fn place(file: &str, at: At, width: usize, source: Option<&str>, style: Style, colour: &str) -> String {
    let number = at.line.to_string();
    let margin = " ".repeat(number.len());
    let bar = style.paint(BLUE, "|");
    let name = match at.line {
        0 => file.to_owned(),
        line => format!("{file}:{line}:{}", at.column.max(1)),
    };
    let mut out = format!("{margin}{} {name}", style.paint(BLUE, "-->"));
    let line = source.and_then(|s| s.lines().nth(usize::try_from(at.line).ok()?.checked_sub(1)?));
    if let Some(line) = line {
        let (shown, before, width) = excerpt(line, at.column.max(1) as usize - 1, width);
        let number = style.paint(BLUE, &number);
        let marker = style.paint(colour, &"^".repeat(width));
        let _ = write!(out, "\n{margin} {bar}\n{number} {bar} {shown}\n{margin} {bar} {before}{marker}");
    }
    out
}

/// The line as it is shown, what stands before the marker, and how wide the marker is. All are terminal cells.
fn excerpt(line: &str, column: usize, width: usize) -> (String, String, usize) {
    let chars: Vec<char> = line.trim_end().chars().collect();
    let column = column.min(chars.len());
    let first = if chars.len() <= LINE { 0 } else { column.saturating_sub(LINE / 2).min(chars.len() - LINE) };
    let last = (first + LINE).min(chars.len());
    // A control character in a file must not reach the terminal.
    let plain = |c: char| if c == '\t' || !c.is_control() { c } else { '\u{fffd}' };
    let cut = |from: usize| if from > 0 { "…" } else { "" };
    let shown: String = chars[first..last].iter().copied().map(plain).collect();
    let shown = format!("{}{shown}{}", cut(first), cut(chars.len() - last));
    let mut before = " ".repeat(usize::from(first > 0));
    for c in &chars[first..column.max(first)] {
        match c {
            '\t' => before.push('\t'),
            c => before.push_str(&" ".repeat(cells(*c))),
        }
    }
    let end = (column + width).min(last);
    let marked: usize = chars.get(column..end).map_or(0, |part| part.iter().map(|c| cells(*c)).sum());
    (shown, before, marked.max(1))
}

/// Cells of a terminal that a character takes: combining marks none, East Asian wide characters and emoji two.
fn cells(c: char) -> usize {
    match c {
        c if unicode_normalization::char::is_combining_mark(c) => 0,
        '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' => 2,
        '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}' => 2,
        '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// All diagnostics as one JSON document.
pub fn json(diagnostics: &[Diagnostic]) -> Value {
    let one = |d: &Diagnostic| {
        let severity = match d.code.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        json!({
            "code": d.code.to_string(),
            "severity": severity,
            "file": &*d.file,
            "line": d.at.line,
            "column": d.at.column,
            "width": d.width,
            "message": d.message,
            "help": d.help,
        })
    };
    json!({ "diagnostics": diagnostics.iter().map(one).collect::<Vec<_>>() })
}

/// `2 errors, 1 warning in 4 files`.
pub fn summary(errors: usize, warnings: usize, files: usize, style: Style) -> String {
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let files = count(files, "file");
    match (errors, warnings) {
        (0, 0) => style.paint("1;32", &format!("{files} checked, nothing to complain about")),
        (0, w) => format!("{} in {files}", style.paint(YELLOW, &count(w, "warning"))),
        (e, 0) => format!("{} in {files}", style.paint(RED, &count(e, "error"))),
        (e, w) => format!("{}, {} in {files}", style.paint(RED, &count(e, "error")), style.paint(YELLOW, &count(w, "warning"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::diagnostic::Code;

    fn diagnostic(code: u16, line: u32, column: u32, width: u32) -> Diagnostic {
        Diagnostic {
            code: Code(code),
            file: "flows/menu.yaml".into(),
            at: At { line, column },
            width,
            message: "There is no state `offer`".into(),
            help: Some("Did you mean `offer_link`?".into()),
        }
    }

    #[test]
    fn people_see_the_line_and_a_marker() {
        let source = "flow: menu\nstates:\n  ask: { go: offer }\n";
        let shown = text(&diagnostic(104, 3, 14, 5), Some(source), Style::PLAIN);
        assert_eq!(
            shown,
            "error[RF104]: There is no state `offer`\n --> flows/menu.yaml:3:14\n  |\n3 |   ask: { go: offer }\n  |              ^^^^^\n  = Did you mean `offer_link`?\n"
        );
    }

    #[test]
    fn the_marker_stands_below_its_text_in_any_script() {
        let line = "हिन्दी 你好 x\ty: bad";
        let column = line.chars().position(|c| c == 'b').expect("there") + 1;
        let shown = text(&diagnostic(402, 1, column as u32, 3), Some(line), Style::PLAIN);
        assert!(shown.starts_with("warning[RF402]"), "{shown}");

        let marks = "हिन्दी".chars().filter(|c| unicode_normalization::char::is_combining_mark(*c)).count();
        let cells = "हिन्दी".chars().count() - marks + 1 + 4 + 2;
        assert!(shown.contains(&format!("| {}\t   ^^^\n", " ".repeat(cells))), "{shown}");
    }

    #[test]
    fn long_lines_are_cut_around_the_marker_and_places_beyond_the_file_do_no_harm() {
        let line = format!("{}here{}", "a".repeat(500), "b".repeat(500));
        let shown = text(&diagnostic(104, 1, 501, 4), Some(&line), Style::PLAIN);
        assert!(shown.lines().all(|l| l.chars().count() < LINE + 20), "{shown}");
        let lines: Vec<&str> = shown.lines().collect();
        let place = lines[3].find("here").map(|byte| lines[3][..byte].chars().count());
        assert_eq!(place, lines[4].find('^').map(|byte| lines[4][..byte].chars().count()));
        for (line, column) in [(0, 0), (9, 9), (1, 5_000), (1, 0)] {
            assert!(!text(&diagnostic(104, line, column, 0), Some("x"), Style::PLAIN).is_empty());
        }
        assert!(!text(&diagnostic(104, 1, 1, 1), Some("\u{1b}[2J"), Style::PLAIN).contains('\u{1b}'));
    }

    #[test]
    fn programs_get_json() {
        let value = json(&[diagnostic(104, 3, 14, 5)]);
        assert_eq!(value["diagnostics"][0]["code"], "RF104");
        assert_eq!(value["diagnostics"][0]["severity"], "error");
        assert_eq!(value["diagnostics"][0]["line"], 3);
        assert_eq!(json(&[])["diagnostics"], json!([]));
    }

    #[test]
    fn colours_only_where_they_are_wanted() {
        assert!(text(&diagnostic(104, 1, 1, 1), None, Style::of(true, false)).contains('\u{1b}'));
        for style in [Style::of(false, false), Style::of(true, true), Style::PLAIN] {
            assert!(!text(&diagnostic(104, 1, 1, 1), None, style).contains('\u{1b}'));
        }
        assert_eq!(summary(2, 1, 4, Style::PLAIN), "2 errors, 1 warning in 4 files");
        assert_eq!(summary(0, 0, 1, Style::PLAIN), "1 file checked, nothing to complain about");
    }
}
