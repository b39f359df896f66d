//! `--update`: texts that were meant to change are written into the test files.

use super::File;
use crate::cli::Stop;
use crate::cli::replace_file::replace_file;
use crate::flow::diagnostic::At;
use crate::testing::rewrite::{NotWritten, Rewrite, rewrite};

/// What was written, and what was not.
#[derive(Default)]
pub(super) struct Updated {
    /// Texts in their files.
    pub written: Vec<(String, Rewrite)>,
    /// Places that stay as they are, and why.
    pub refused: Vec<(String, At, NotWritten)>,
}

/// Writes what cases that passed otherwise said differently. What a failed case said is left alone: nobody knows yet
/// whether it was meant.
pub(super) fn write(files: &[File]) -> Result<Updated, Stop> {
    let mut updated = Updated::default();
    for file in files {
        let passed = file.cases.iter().filter(|case| case.failure.is_none());
        let wanted: Vec<Rewrite> = passed.flat_map(|case| case.rewrites.iter().cloned()).collect();
        if wanted.is_empty() {
            continue;
        }
        let name = &file.source.file;
        let (text, written, refused) = rewrite(&file.source.text, &wanted);
        if !written.is_empty() {
            replace_file(&file.path, &text)
                .map_err(|e| Stop::with_hint(format!("{name} cannot be written: {e}"), "Nothing was changed in it."))?;
        }
        updated.written.extend(written.into_iter().map(|rewrite| (name.clone(), rewrite)));
        updated.refused.extend(refused.into_iter().map(|(at, why)| (name.clone(), at, why)));
    }
    Ok(updated)
}
