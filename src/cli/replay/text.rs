//! What came of a replay, for people.

use super::journal::Journal;
use super::mask::masked;
use crate::cli::render::Style;
use crate::cli::side_by_side::side_by_side;
use crate::flow::definition::Flow;
use crate::testing::replay::{Item, Played, Report};
use std::fmt::Write as _;

const BOLD: &str = "1";
const DIM: &str = "2";
const WIDTH: usize = 100;

pub(super) fn report(report: &Report, journal: &Journal, flow: &Flow, style: Style) -> String {
    let mut out = String::new();
    let Report { conversations, same, different, .. } = report;
    if *conversations == 0 {
        return format!("No conversation of `{}` is among the {} of the journal.\n", flow.name, many(journal.entries, "entry"));
    }
    let head = format!("{} of {}", many(*conversations, "conversation"), flow.name);
    let _ = writeln!(out, "{}", style.paint(BOLD, &head));
    let _ = writeln!(out, "{same:>8}  the same");
    let _ = writeln!(out, "{different:>8}  different");
    if report.not_played() > 0 {
        let _ = writeln!(out, "{:>8}  not replayable:", report.not_played());
        for (why, n) in &report.unplayable {
            let _ = writeln!(out, "          {n} {why}");
        }
    }
    if journal.unreadable > 0 {
        let _ = writeln!(out, "{:>8}  entries were not read: dropped inputs, or of another release", journal.unreadable);
    }
    let groups = report.groups();
    if groups.is_empty() {
        return out;
    }
    let width =
        |title: &str, of: &dyn Fn(usize) -> usize| (0..groups.len()).map(of).chain([title.chars().count()]).max().unwrap_or(0);
    let whats: Vec<String> = groups.iter().map(|group| group.what.to_string()).collect();
    let what = width("what", &|i| whats[i].chars().count());
    let place = width("where", &|i| groups[i].place.chars().count());
    let _ = writeln!(out, "\n{}", style.paint(BOLD, &format!("{:what$}  {:place$}  conversations", "what", "where")));
    for (group, name) in groups.iter().zip(&whats) {
        let example = &group.example;
        let line = format!("{name:what$}  {:place$}  {:>13}", group.place, group.conversations);
        let _ = writeln!(out, "{line}   {}", style.paint(DIM, &format!("such as {}", example.number)));
        let (recorded, draft) = (masked(&example.recorded), masked(&example.draft));
        for line in side_by_side(("recorded", "draft"), nothing(&recorded), nothing(&draft), WIDTH - 4, style).lines() {
            let _ = writeln!(out, "    {line}");
        }
        let _ = writeln!(out);
    }
    let _ = writeln!(out, "--show N shows one of them, --save N TITLE keeps it as a test.");
    out
}

/// One conversation, side by side.
pub(super) fn conversation(played: &Played, style: Style) -> String {
    let mut out = format!("{}\n", style.paint(BOLD, &format!("Conversation {}", played.number)));
    match &played.outcome {
        Err(why) => {
            let _ = writeln!(out, "It is not replayable: it is one of those that {why}.");
        }
        Ok(outcome) => {
            let said = |items: &[Item]| {
                let lines: Vec<String> = items.iter().filter_map(Item::line).collect();
                masked(&lines.join("\n")).into_owned()
            };
            out.push_str(&side_by_side(("recorded", "draft"), &said(&outcome.recorded), &said(&outcome.draft), WIDTH, style));
            let n = outcome.differences.len();
            let _ = writeln!(out, "\n{}", if n == 0 { "The same.".to_owned() } else { many(n, "difference") });
            for difference in &outcome.differences {
                let _ = writeln!(out, "  {} · {}", difference.what, difference.place);
            }
        }
    }
    out
}

fn nothing(text: &str) -> &str {
    if text.is_empty() { "(nothing)" } else { text }
}

fn many(n: usize, what: &str) -> String {
    match (n, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        _ => format!("{n} {what}s"),
    }
}
