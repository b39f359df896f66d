//! `replyflow check --watch`

use super::{Found, Place, print};
use crate::cli::arguments::{Check, CheckFormat};
use crate::cli::render::{self, GREEN};
use crate::cli::watch::{Snapshot, heading, watch};
use crate::cli::{Project, Stop, style};
use crate::config::Secrets;
use crate::flow::diagnostic::Diagnostic;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;

/// Checks now, and again when files change. Programs get a whole document or list each time; people also what changed, with `+`
/// what is new and with `-` what is gone.
pub(super) fn follow(project: &Project, check: &Check) -> Result<(), Stop> {
    let place = Place::of(&project.load(Secrets::Tolerated)?, &check.paths)?;
    let settings = project.file();
    let folders = place.folders().into_iter().chain(settings.as_deref().and_then(Path::parent).filter(|p| p.is_dir()));
    let mut before: Option<(Found, Snapshot)> = None;
    // What kept the project from being checked, if something did: it is not said again until it is something else.
    let mut failed: Option<String> = None;
    watch(folders, || {
        let found = match Found::look(project, check) {
            Ok(found) => found,
            Err(stop) => {
                let what = Some(format!("{stop:?}"));
                let known = std::mem::replace(&mut failed, what.clone()) == what;
                return if known { Ok(()) } else { Err(stop) };
            }
        };
        let again = failed.take().is_some();
        let snapshot = Snapshot::of(&found.sources, project);
        let changes = before.as_ref().map(|(_, then)| snapshot.since(then)).unwrap_or_default();
        if before.is_some() && changes.is_empty() && !again {
            return Ok(());
        }
        match check.format {
            CheckFormat::Text => print(&round(&found, before.as_ref().map(|(found, _)| found), &changes))?,
            format => print(&found.written(format))?,
        }
        before = Some((found, snapshot));
        Ok(())
    })
}

/// One round for people.
fn round(now: &Found, before: Option<&Found>, changes: &[String]) -> String {
    let mut out = heading(changes) + "\n\n";
    let Some(before) = before else { return out + now.text(|_| false).as_str() + now.summary().as_str() };
    let known: HashSet<_> = before.diagnostics.iter().map(key).collect();
    let still: HashSet<_> = now.diagnostics.iter().map(key).collect();
    out.push_str(&now.text(|d| !known.contains(&key(d))));
    let gone: Vec<&Diagnostic> = before.diagnostics.iter().filter(|d| !still.contains(&key(d))).collect();
    for diagnostic in &gone {
        let _ = writeln!(out, "{}", style().paint(GREEN, &format!("- {}", render::short(diagnostic))));
    }
    if !gone.is_empty() {
        out.push('\n');
    }
    out + now.summary().as_str()
}

/// What makes two diagnostics the same one although lines above it came or went.
fn key(diagnostic: &Diagnostic) -> (&str, u16, &str) {
    (&diagnostic.file, diagnostic.code.0, &diagnostic.message)
}
