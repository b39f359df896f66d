//! What is said of a publication at a terminal.

use crate::cli::arguments::Publish;
use crate::cli::render::{self, Style};
use crate::domain::name::Slug;
use crate::domain::publication::OldRuns;
use crate::service::release::Released;
use crate::service::review::{LiveRuns, Review};
use std::fmt::Write as _;

/// Where a service publishes its folder by itself.
pub(super) const FOLDER: &str = "The services of this project also publish their folder by themselves ([publish] from = \"folder\"): what changes there \
                                 goes live over what is published here.";

/// Of a version that could not be published any more.
pub(super) fn unsound(flow: &Slug) -> String {
    format!("That version of `{flow}` has these mistakes beside what runs now: publishing it anew would be refused.")
}

/// Texts that are shown before and after.
const TEXTS: usize = 20;

/// One flow, before it is published.
pub(super) fn step(review: Option<&Review>, flow: &Slug, command: &Publish, style: Style) -> String {
    let mut out = String::new();
    let Some(review) = review else {
        let _ = writeln!(out, "{}  no run begins any more", style.paint("1", flow.as_str()));
        return out;
    };
    let before = review.before.map_or_else(|| "new".to_owned(), |before| before.to_string());
    let share = command.share.map_or_else(String::new, |share| format!(", for {share} of new runs"));
    let _ = writeln!(out, "{}  {before} → {}{share}", style.paint("1", flow.as_str()), review.after);
    match &review.difference {
        None if review.before.is_none() => out.push_str("  It was never published.\n"),
        None => out.push_str("  The version before cannot be read; what changes is not known.\n"),
        Some(difference) if difference.is_empty() => out.push_str("  Nothing changes for customers.\n"),
        Some(difference) => {
            for sentence in &difference.sentences {
                let _ = writeln!(out, "  - {}", sentence.text);
            }
            for text in difference.texts.iter().take(TEXTS) {
                let _ = writeln!(out, "    {}", text.place);
                let line = |text: &Option<String>| text.as_deref().unwrap_or("").replace('\n', " ⏎ ");
                if text.before.is_some() {
                    let _ = writeln!(out, "      {} {}", style.paint(render::RED, "-"), line(&text.before));
                }
                if text.after.is_some() {
                    let _ = writeln!(out, "      {} {}", style.paint(render::GREEN, "+"), line(&text.after));
                }
            }
            if difference.texts.len() > TEXTS {
                let _ = writeln!(out, "    … {} more texts; --format json has all", difference.texts.len() - TEXTS);
            }
        }
    }
    live(&mut out, review, command);
    for warning in &review.warnings {
        let _ = writeln!(out, "  {} {}: {}", style.paint("1;33", warning.code), warning.message, warning.help);
    }
    out
}

fn live(out: &mut String, review: &Review, command: &Publish) {
    let older: Vec<&LiveRuns> = review.live.iter().filter(|live| live.version != review.after).collect();
    let n: i64 = older.iter().map(|live| live.runs).sum();
    for live in &review.live {
        let states: Vec<String> = live.states.iter().map(|(state, n)| format!("{state} {n}")).collect();
        let states = if states.is_empty() { String::new() } else { format!(" ({})", states.join(", ")) };
        let of = if live.version == review.after { " already" } else { "" };
        let _ = writeln!(out, "  {} on {}{of}{states}", runs(live.runs), live.version);
    }
    if n > 0 && command.share.is_none() {
        let what = match command.runs {
            OldRuns::Stay => "stay on their version",
            OldRuns::Move => "go over at their next state",
            OldRuns::End => "end now, as `interrupted`",
        };
        let _ = writeln!(out, "  Runs of other versions {what}.");
    }
}

fn runs(n: i64) -> String {
    if n == 1 { "1 live run".to_owned() } else { format!("{n} live runs") }
}

/// One flow, after it was published.
pub(super) fn done(flow: &Slug, released: &Released, style: Style) -> String {
    let said = &released.said;
    let what = match (said.retired, said.trial) {
        (true, _) => "begins no more runs".to_owned(),
        (false, Some(trial)) => format!("runs on {} for {} of new runs", trial.version, trial.share),
        (false, None) => format!("runs on {}", said.whole),
    };
    format!("{} {what} (publication {})", style.paint("1", flow.as_str()), released.number)
}
