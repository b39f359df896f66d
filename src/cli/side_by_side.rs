//! Two texts beside each other, line by line: what belongs together stands in one row, what differs is marked.

use super::render::{RED, Style};
use similar::{DiffOp, TextDiff};
use std::fmt::Write as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The narrowest and the widest column.
const COLUMN: (usize, usize) = (24, 60);
const GREEN: &str = "1;32";

/// Both texts in two columns below their titles, in lines of at most `width` cells. Rows are marked `│` where both agree,
/// `~` where they differ, `<` and `>` where only one has the line.
pub(super) fn side_by_side(titles: (&str, &str), left: &str, right: &str, width: usize, style: Style) -> String {
    let (left, right): (Vec<&str>, Vec<&str>) = (left.lines().collect(), right.lines().collect());
    let longest = left.iter().chain(&right).map(|line| line.width()).max().unwrap_or(0);
    let column = (width.saturating_sub(3) / 2).min(longest).clamp(COLUMN.0, COLUMN.1);
    let mut rows = Rows { column, style, out: String::new() };
    rows.row((titles.0, None), '│', (titles.1, None));
    for op in TextDiff::from_slices(&left, &right).ops() {
        match *op {
            DiffOp::Equal { old_index, new_index, len } => {
                for i in 0..len {
                    rows.row((left[old_index + i], None), '│', (right[new_index + i], None));
                }
            }
            DiffOp::Delete { old_index, old_len, .. } => rows.both(&left[old_index..old_index + old_len], &[]),
            DiffOp::Insert { new_index, new_len, .. } => rows.both(&[], &right[new_index..new_index + new_len]),
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                rows.both(&left[old_index..old_index + old_len], &right[new_index..new_index + new_len]);
            }
        }
    }
    rows.out
}

struct Rows {
    column: usize,
    style: Style,
    out: String,
}

impl Rows {
    /// Lines that differ, as far as both sides have any.
    fn both(&mut self, left: &[&str], right: &[&str]) {
        for i in 0..left.len().max(right.len()) {
            match (left.get(i), right.get(i)) {
                (Some(left), Some(right)) => self.row((left, Some(RED)), '~', (right, Some(GREEN))),
                (Some(left), None) => self.row((left, Some(RED)), '<', ("", None)),
                (None, right) => self.row(("", None), '>', (right.copied().unwrap_or(""), Some(GREEN))),
            }
        }
    }

    fn row(&mut self, left: (&str, Option<&str>), mark: char, right: (&str, Option<&str>)) {
        let (lefts, rights) = (wrap(left.0, self.column), wrap(right.0, self.column));
        for i in 0..lefts.len().max(rights.len()) {
            let (l, r) = (lefts.get(i).map_or("", String::as_str), rights.get(i).map_or("", String::as_str));
            let padding = " ".repeat(self.column.saturating_sub(l.width()));
            let paint = |text: &str, colour: Option<&str>| match colour {
                Some(colour) if !text.is_empty() => self.style.paint(colour, text),
                _ => text.to_owned(),
            };
            let line = format!("{}{padding} {mark} {}", paint(l, left.1), paint(r, right.1));
            let _ = writeln!(self.out, "{}", line.trim_end());
        }
    }
}

/// A line in pieces of at most `width` cells, broken at spaces where there are any. Control characters are made visible.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let (mut lines, mut current) = (Vec::new(), String::new());
    for word in line.split_inclusive(' ') {
        let word: String = word.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        if !current.is_empty() && current.width() + word.trim_end().width() > width {
            lines.push(std::mem::take(&mut current));
        }
        for c in word.chars() {
            if current.width() + c.width().unwrap_or(0) > width && c != ' ' {
                lines.push(std::mem::take(&mut current));
            }
            current.push(c);
        }
    }
    lines.push(current);
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(left: &str, right: &str) -> String {
        side_by_side(("expected", "came"), left, right, 60, Style::PLAIN)
    }

    #[test]
    fn lines_that_belong_together_stand_in_one_row() {
        let shown = of("Hello!\n1 Hours\n2 Order\nBye", "Hello!\n1 Opening hours\n2 Order");
        let rows: Vec<String> = shown.lines().map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(rows, ["expected │ came", "Hello! │ Hello!", "1 Hours ~ 1 Opening hours", "2 Order │ 2 Order", "Bye <"]);
    }

    #[test]
    fn long_lines_are_wrapped_and_columns_stay_columns() {
        let long = "a sentence that is much longer than its column, and averyveryveryveryverylongwordbehindit";
        let shown = of(long, "हिन्दी में एक वाक्य\u{1b}[2J");
        let places: Vec<Option<usize>> = shown.lines().map(|l| l.find(['│', '~']).map(|i| l[..i].width())).collect();
        assert!(places.windows(2).all(|pair| pair[0] == pair[1] && pair[0].is_some()), "{shown}");
        assert!(!shown.contains('\u{1b}') && shown.lines().all(|l| l.width() <= 62), "{shown}");
    }

    #[test]
    fn colours_only_where_something_differs() {
        let shown = side_by_side(("a", "b"), "same\nold", "same\nnew", 60, Style::of(true, false));
        let lines: Vec<&str> = shown.lines().collect();
        assert!(!lines[1].contains('\u{1b}') && lines[2].contains("\u{1b}[1;31mold") && lines[2].contains("\u{1b}[1;32mnew"));
    }
}
