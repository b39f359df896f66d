//! How a diagnostic looks: for people with its place, the line itself, a marker and the remedy; for programs as JSON.

use crate::flow::diagnostic::{At, Diagnostic, Severity};
use crate::flow::explain::Explanation;
use serde_json::{Value, json};
use std::fmt::Write as _;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Characters of a line that are shown; of a longer one the part around the marker.
const LINE: usize = 160;
/// What a tab is shown as: it would be of another width in each terminal.
const TAB: &str = "    ";

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
/// The colour of what is well again.
pub const GREEN: &str = "1;32";
const YELLOW: &str = "1;33";
const BLUE: &str = "1;34";
const BOLD: &str = "1";

/// The lines of a text, to be asked for by number many times.
pub struct Lines<'t> {
    text: &'t str,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Counts them.
    pub fn of(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(place, _)| place + 1);
        Lines { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// A line by its number from 1.
    pub fn get(&self, number: u32) -> Option<&'t str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let rest = &self.text[*self.starts.get(index)?..];
        Some(rest.lines().next().unwrap_or(""))
    }
}

/// `error` or `warning`, and its colour.
fn severity(diagnostic: &Diagnostic) -> (&'static str, &'static str) {
    match diagnostic.code.severity() {
        Severity::Error => ("error", RED),
        Severity::Warning => ("warning", YELLOW),
    }
}

/// One diagnostic as people read it. `source` is its file's text, if it could be read.
pub fn text(diagnostic: &Diagnostic, source: Option<&str>, style: Style) -> String {
    text_on_line(diagnostic, line_of(source, diagnostic.at), style)
}

/// The same where its line was found already.
pub fn text_on_line(diagnostic: &Diagnostic, line: Option<&str>, style: Style) -> String {
    let (word, colour) = severity(diagnostic);
    let mut out = format!(
        "{}{} {}\n",
        style.paint(colour, &format!("{word}[{}]", diagnostic.code)),
        style.paint(BOLD, ":"),
        style.paint(BOLD, &harmless(&diagnostic.message))
    );
    let width = match diagnostic.width {
        0 => line.map_or(1, |line| name_width(line, diagnostic.at.column)),
        width => width as usize,
    };
    place_on_line(&mut out, &diagnostic.file, diagnostic.at, width, line, style, colour);
    out.push('\n');
    if let Some(help) = &diagnostic.help {
        let margin = " ".repeat(diagnostic.at.line.to_string().len());
        let _ = writeln!(out, "{margin} {} {} {}", style.paint(BLUE, "="), style.paint(BOLD, "help:"), harmless(help));
    }
    out
}

/// One diagnostic in one line: `error[RF104] flows/menu.yaml:3:14 There is no state …`
pub fn short(diagnostic: &Diagnostic) -> String {
    let (word, _) = severity(diagnostic);
    let place = place_name(&diagnostic.file, diagnostic.at);
    format!("{word}[{}] {place} {}", diagnostic.code, harmless(&diagnostic.message))
}

/// The characters of the name that begins in this column; one where none does.
fn name_width(line: &str, column: u32) -> usize {
    let rest = line.chars().skip((column as usize).saturating_sub(1));
    rest.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')).count().max(1)
}

fn line_of(source: Option<&str>, at: At) -> Option<&str> {
    source?.lines().nth(usize::try_from(at.line).ok()?.checked_sub(1)?)
}

fn place_name(file: &str, at: At) -> String {
    match at.line {
        0 => file.to_owned(),
        line => format!("{file}:{line}:{}", at.column.max(1)),
    }
}

/// A place with its line and a marker below what is meant; without a newline at the end.
pub fn place(file: &str, at: At, width: usize, source: Option<&str>, style: Style, colour: &str) -> String {
    let mut out = String::new();
    place_on_line(&mut out, file, at, width, line_of(source, at), style, colour);
    out
}

fn place_on_line(out: &mut String, file: &str, at: At, width: usize, line: Option<&str>, style: Style, colour: &str) {
    let number = at.line.to_string();
    let margin = " ".repeat(number.len());
    let bar = style.paint(BLUE, "|");
    let _ = write!(out, "{margin}{} {}", style.paint(BLUE, "-->"), place_name(file, at));
    if let Some(line) = line {
        let Excerpt { shown, before, width } = excerpt(line, at.column.max(1) as usize - 1, width);
        let number = style.paint(BLUE, &number);
        let marker = style.paint(colour, &"^".repeat(width));
        let _ = write!(out, "\n{margin} {bar}\n{number} {bar} {shown}\n{margin} {bar} {}{marker}", " ".repeat(before));
    }
}

/// A line as it is shown. Widths are cells of a terminal.
struct Excerpt {
    shown: String,
    /// From the beginning to the marker.
    before: usize,
    /// Of the marker.
    width: usize,
}

/// The part of a line around a marker at this character that is so many characters wide.
fn excerpt(line: &str, column: usize, width: usize) -> Excerpt {
    let line = line.trim_end();
    let length = line.chars().count();
    let column = column.min(length);
    let first = if length <= LINE { 0 } else { column.saturating_sub(LINE / 2).min(length - LINE) };
    let last = (first + LINE).min(length);
    let end = (column + width).clamp(column, last.max(column));
    let (mut shown, mut before, mut marked) = (String::new(), 0, 0);
    if first > 0 {
        shown.push('…');
        before = 1;
    }
    // A marker can only stand below whole characters as people see them; one that begins or ends within is widened.
    let mut from = 0;
    for cluster in line.graphemes(true) {
        let to = from + cluster.chars().count();
        if from >= first && to <= last {
            let piece = if cluster == "\t" { TAB.to_owned() } else { harmless(cluster) };
            let cells = piece.width();
            if to <= column {
                before += cells;
            } else if from < end {
                marked += cells;
            }
            shown.push_str(&piece);
        }
        from = to;
    }
    if last < length {
        shown.push('…');
    }
    Excerpt { shown, before, width: marked.max(1) }
}

/// A text in which nothing can move the cursor or turn the writing direction: control characters in a file must not reach
/// the terminal.
fn harmless(text: &str) -> String {
    let bad = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.contains(bad) { text.replace(bad, "\u{fffd}") } else { text.to_owned() }
}

/// All diagnostics as one JSON document.
pub fn json(diagnostics: &[Diagnostic]) -> Value {
    let one = |d: &Diagnostic| {
        json!({
            "code": d.code.to_string(),
            "severity": severity(d).0,
            "file": &*d.file,
            "line": d.at.line,
            "column": d.at.column,
            "message": d.message,
            "help": d.help,
        })
    };
    json!({ "diagnostics": diagnostics.iter().map(one).collect::<Vec<_>>() })
}

/// What `--explain` shows: what a code means, why it matters, what to do.
pub fn explanation(known: &Explanation, style: Style) -> String {
    let (word, colour) = match known.severity {
        Severity::Error => ("error", RED),
        Severity::Warning => ("warning", YELLOW),
    };
    let head = style.paint(colour, &format!("{word}[{}]", known.code));
    let mut out = format!("{head}{} {}\n", style.paint(BOLD, ":"), style.paint(BOLD, known.title));
    for (label, text) in [("", known.means), ("Why it matters: ", known.matters), ("What to do: ", known.remedy)] {
        let _ = write!(out, "\n{}", folded(&style.paint(BOLD, label), label.len(), text));
    }
    out
}

/// A paragraph in lines that people can read, after a label of this width.
fn folded(label: &str, label_width: usize, text: &str) -> String {
    const WIDTH: usize = 90;
    let (mut out, mut column) = (if label_width > 0 { label.to_owned() } else { String::new() }, label_width);
    for (number, word) in text.split(' ').enumerate() {
        let cells = word.width();
        if number > 0 && column + 1 + cells > WIDTH {
            out.push('\n');
            column = 0;
        } else if number > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += cells;
    }
    out + "\n"
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
            "error[RF104]: There is no state `offer`\n --> flows/menu.yaml:3:14\n  |\n3 |   ask: { go: offer }\n  |              ^^^^^\n  = help: Did you mean `offer_link`?\n"
        );
    }

    #[test]
    fn the_marker_stands_below_its_text_in_any_script() {
        for (line, at, width, marker) in [
            // Signs above and below letters take no cell of their own, Chinese and emoji take two, a tab is shown as four blanks.
            ("résumé: bad", "bad", 3, "        ^^^"),
            ("re\u{301}sume\u{301}: bad", "bad", 3, "        ^^^"),
            ("你好: bad", "bad", 3, "      ^^^"),
            ("a: 你好吗 b", "好", 2, "     ^^^^"),
            ("\ta: bad", "bad", 3, "       ^^^"),
            ("👩‍👩‍👧: bad", "bad", 3, "    ^^^"),
            ("สวัสดี: bad", "bad", 3, "      ^^^"),
            ("بعد: bad", "bad", 3, "     ^^^"),
            // A sign alone cannot be marked, only what it stands on.
            ("a: e\u{301}x", "\u{301}", 1, "   ^"),
        ] {
            let column = line.chars().position(|c| at.starts_with(c)).expect("there") + 1;
            let shown = text(&diagnostic(402, 1, column as u32, width), Some(line), Style::PLAIN);
            assert!(shown.starts_with("warning[RF402]"), "{shown}");
            assert_eq!(shown.lines().nth(4), Some(&*format!("  | {marker}")), "{shown}");
        }
        assert!(text(&diagnostic(402, 1, 4, 1), Some("a:\tb"), Style::PLAIN).contains("1 | a:    b\n"));
        // Of what has no width the name is marked.
        assert!(text(&diagnostic(402, 1, 3, 0), Some("  offer_link: { }"), Style::PLAIN).contains("|   ^^^^^^^^^^\n"));
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
        for bad in ["\u{1b}[2J", "\u{202e}a", "a\u{7}"] {
            let shown = text(&Diagnostic { message: bad.into(), ..diagnostic(104, 1, 1, 1) }, Some(bad), Style::PLAIN);
            assert!(shown.chars().all(|c| c == '\n' || !c.is_control()) && shown.contains('\u{fffd}'), "{shown:?}");
        }
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
