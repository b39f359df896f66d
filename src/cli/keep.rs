//! Keeping a conversation as a case of a test file.

use super::Stop;
use super::replace_file::replace_file;
use crate::config::project::Project;
use crate::flow::catalog::Catalog;
use crate::testing::transcript::{self, Kept, Transcript};
use std::path::PathBuf;
use std::sync::Arc;

/// Where a case goes.
pub(super) struct Where {
    /// The test file; it need not exist yet.
    pub file: PathBuf,
}

/// What is done with a case that does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failing {
    /// It is kept, and that it fails is said: it shows what a draft does otherwise.
    Said,
    /// It is not kept.
    Refused,
}

/// Writes a conversation into a test file and says where it is.
pub(super) fn keep(
    place: &Where,
    transcript: &Transcript,
    title: &str,
    catalog: &Arc<Catalog>,
    project: &Arc<Project>,
    failing: Failing,
) -> Result<String, Stop> {
    let file = place.file.display();
    if transcript.is_empty() {
        return Err(Stop::failed("nothing was said yet that could be kept"));
    }
    let source = match std::fs::read_to_string(&place.file) {
        Ok(source) => Some(source),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(Stop::failed(format!("{file}: {error}"))),
    };
    let kept = transcript::keep(source.as_deref(), transcript, title, catalog, project);
    let Kept { file: appended, failure } = kept.map_err(|why| Stop::failed(format!("{file}: {why}")))?;
    if let (Some((line, why)), Failing::Refused) = (&failure, failing) {
        let lost = transcript.lost.first().map(|lost| format!(" ({lost})")).unwrap_or_default();
        return Err(Stop::failed(format!("not kept: as a test it would fail on line {line}: {why}{lost}")));
    }
    if appended.source.len() > crate::domain::limits::FILE_BYTES {
        return Err(Stop::failed(format!("{file} would be larger than a file may be")));
    }
    replace_file(&place.file, &appended.source).map_err(|error| Stop::failed(format!("{file}: {error}")))?;
    let mut said = format!("kept as \"{}\" in {file}:{}", appended.title, appended.line);
    if appended.title != title {
        said.push_str(&format!("; there is another \"{title}\""));
    }
    transcript.lost.iter().for_each(|lost| said.push_str(&format!("\nnot in it: {lost}")));
    if let Some((line, why)) = failure {
        said.push_str(&format!("\nagainst the draft it fails on line {line}: {why}"));
    }
    Ok(said)
}
