//! `replyflow test --watch`

use super::update::Updated;
use super::{play_all, written};
use crate::cli::arguments::Test;
use crate::cli::check::Place;
use crate::cli::watch::{Snapshot, heading, watch};
use crate::cli::{Project, Stop};
use crate::config::Secrets;
use std::io::Write as _;
use std::path::Path;

/// Plays now, and again when a file of the project says something else than before.
pub(super) fn follow(project: &Project, test: &Test) -> Result<(), Stop> {
    let place = Place::of(&project.load(Secrets::Tolerated)?, &test.paths)?;
    let settings = project.file();
    let folders = place.folders().into_iter().chain(settings.as_deref().and_then(Path::parent).filter(|p| p.is_dir()));
    let mut before: Option<Snapshot> = None;
    watch(folders, || {
        let report = play_all(project, test)?;
        let changes = before.as_ref().map(|before| report.snapshot.since(before)).unwrap_or_default();
        if before.is_some() && changes.is_empty() {
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}\n\n{}", heading(&changes), written(&report, &Updated::default(), test)?.trim_end())?;
        out.flush()?;
        before = Some(report.snapshot);
        Ok(())
    })
}
