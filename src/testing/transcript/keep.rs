//! A conversation put into a test file, and whether it passes there.

use super::Transcript;
use super::append::{AppendError, Appended, append, file_of};
use crate::config::project::Project;
use crate::flow::catalog::Catalog;
use crate::flow::definition::Kind;
use crate::testing::coverage::Coverage;
use crate::testing::play::{Texts, play};
use crate::testing::read::read_script;
use std::sync::Arc;

/// Seeds that are tried until each `split` takes the arm that was taken.
const SEEDS: u64 = 256;

/// A test file with a conversation as its last case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The file with the case.
    pub file: Appended,
    /// What fails when the case is played, with its line.
    pub failure: Option<(u32, String)>,
}

/// Puts a conversation into a test file, or into a new one, and plays it there against these flows.
pub fn keep(
    source: Option<&str>,
    transcript: &Transcript,
    title: &str,
    catalog: &Arc<Catalog>,
    project: &Arc<Project>,
) -> Result<Kept, AppendError> {
    let kept = |transcript: &Transcript| {
        let file = match source {
            Some(source) => append(source, transcript, title)?,
            None => file_of(transcript, title),
        };
        let failure = failure(&file, transcript, catalog, project);
        Ok(Kept { file, failure })
    };
    let first = kept(transcript)?;
    let flow = catalog.current(transcript.flow.as_str());
    let splits = flow.is_some_and(|flow| flow.states.values().any(|state| matches!(state.kind, Kind::Split(_))));
    if first.failure.is_none() || !splits {
        return Ok(first);
    }
    for seed in 0..SEEDS {
        let seeded = kept(&Transcript { seed: Some(seed), ..transcript.clone() })?;
        if seeded.failure.is_none() {
            return Ok(seeded);
        }
    }
    Ok(first)
}

fn failure(file: &Appended, transcript: &Transcript, catalog: &Arc<Catalog>, project: &Arc<Project>) -> Option<(u32, String)> {
    let (script, found) = read_script(&file.source, "test", &[transcript.flow.as_str()]);
    let Some(mut script) = script else {
        let first = found.first()?;
        return Some((first.at.line, first.message.clone()));
    };
    script.cases.retain(|case| case.title == file.title);
    let results = play(&script, catalog, project, Texts::Compared, &mut Coverage::default());
    let failure = results.into_iter().find_map(|result| result.failure)?;
    Some((failure.at.line, failure.message))
}
