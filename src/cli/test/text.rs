//! The results of tests for people.

use super::update::Updated;
use super::{File, Problem, Report};
use crate::cli::arguments::Test;
use crate::cli::render::{self, RED, Style};
use crate::cli::side_by_side::side_by_side;
use crate::testing::{CaseResult, Failure};
use std::fmt::Write as _;

const GREEN: &str = "1;32";
const YELLOW: &str = "33";
/// The width of two texts beside each other.
const WIDTH: usize = 110;

/// The whole report.
pub(super) fn report(report: &Report, updated: &Updated, test: &Test, style: Style) -> String {
    let mut out = String::new();
    for file in report.files.iter().filter(|file| !file.cases.is_empty() || file.problem.is_some()) {
        one_file(&mut out, file, style);
    }
    if test.case.is_none() {
        coverage(&mut out, report, test, style);
    }
    update(&mut out, updated, style);
    let (passed, failed) = (report.passed(), report.failed());
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let what = match failed {
        0 => style.paint(GREEN, &format!("{} passed", count(passed, "case"))),
        n => format!("{}, {passed} passed", style.paint(RED, &format!("{} failed", count(n, "case")))),
    };
    let _ = writeln!(out, "{what}: {} in {} ms", count(report.steps(), "step"), report.took.as_millis());
    out
}

fn one_file(out: &mut String, file: &File, style: Style) {
    let _ = writeln!(out, "{}", style.paint("1", &file.source.file));
    match &file.problem {
        Some(Problem::Mistakes(mistakes)) => {
            for mistake in mistakes {
                let _ = writeln!(out, "{}", render::text(mistake, Some(&file.source.text), style));
            }
        }
        Some(Problem::Flow(flow)) => {
            let _ = writeln!(out, "  the flow `{flow}` has mistakes; `replyflow check` shows them");
        }
        None => {}
    }
    for case in &file.cases {
        match &case.failure {
            None => {
                let _ = writeln!(out, "  {} {}", style.paint("32", "ok"), case.title);
            }
            Some(failure) => failed(out, file, case, failure, style),
        }
    }
    out.push('\n');
}

fn failed(out: &mut String, file: &File, case: &CaseResult, failure: &Failure, style: Style) {
    let _ = writeln!(out, "  {} {}", style.paint(RED, "FAILED"), case.title);
    let _ = writeln!(out, "{}", render::place(&file.source.file, failure.at, 1, Some(&file.source.text), style, RED));
    match &failure.difference {
        None => {
            let _ = writeln!(out, "    {}\n", failure.message.replace('\n', "\n    "));
        }
        Some(difference) => {
            let (expected, came) = (&difference.expected, &difference.came);
            let table = side_by_side(("expected", "came"), expected, came, WIDTH, style);
            let _ = writeln!(out, "\n    {}\n", table.trim_end().replace('\n', "\n    "));
        }
    }
}

/// How much of each flow was gone through, and what was not, by name.
fn coverage(out: &mut String, report: &Report, test: &Test, style: Style) {
    let below = report.below(test);
    for (name, covered) in &report.covered {
        let parts = covered.parts();
        let counts = parts.iter().filter(|(_, part)| part.total > 0);
        let counts: Vec<String> = counts.map(|(what, part)| format!("{} of {}", part.taken, many(part.total, what))).collect();
        let percent = format!("{} %", covered.percent());
        let percent = if below.contains(&name) { style.paint(RED, &percent) } else { percent };
        if !covered.is_entered() {
            let _ = writeln!(out, "{name}: {}", style.paint(YELLOW, "no test goes through it"));
            continue;
        }
        let _ = writeln!(out, "{name}: {percent}: {}", counts.join(", "));
        for (what, part) in parts {
            // Outcomes and choices of states that were never entered follow from those.
            for missed in &part.missed {
                let _ = writeln!(out, "  {} {what} {missed}", style.paint(YELLOW, "no test goes through the"));
            }
        }
    }
    if let Some(wanted) = test.coverage.filter(|_| !below.is_empty()) {
        let names: Vec<&str> = below.iter().map(|name| name.as_str()).collect();
        let _ = writeln!(out, "{}", style.paint(RED, &format!("less than {wanted} %: {}", names.join(", "))));
    }
}

fn many(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

fn update(out: &mut String, updated: &Updated, style: Style) {
    for (file, rewrite) in &updated.written {
        let place = format!("{file}:{}", rewrite.at.line);
        let _ = writeln!(out, "{} {place}", style.paint(YELLOW, "updated"));
        let table = side_by_side(("before", "now"), &rewrite.expected, &rewrite.came, WIDTH, style);
        let _ = writeln!(out, "    {}\n", table.trim_end().replace('\n', "\n    "));
    }
    for (file, at, why) in &updated.refused {
        let _ = writeln!(out, "{} {file}:{}: {why}", style.paint(RED, "not updated"), at.line);
    }
}
