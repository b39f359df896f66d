//! `replyflow media move`: files of the folder go into the bucket.

use super::arguments::Media;
use super::{Project, Stop};
use crate::app::open_files;
use crate::config::Secrets;
use crate::service::media::{is_name, type_of};
use std::path::PathBuf;
use std::time::Duration;

/// For one file: 100 MiB over a slow line.
const PATIENCE: Duration = Duration::from_secs(600);

pub(super) fn run(project: &Project, command: &Media) -> Result<(), Stop> {
    let Media::Move = command;
    super::runtime()?.block_on(moved(project))
}

async fn moved(project: &Project) -> Result<(), Stop> {
    let settings = project.load(Secrets::Required)?;
    if settings.media.bucket.is_none() {
        return Err(Stop::with_hint("files are kept in the folder", "Set media.store = \"s3\" and [media.s3] first."));
    }
    let files = open_files(&settings).map_err(Stop::failed)?;
    let mut count = 0_u64;
    for (path, name) in names(&settings.store.media).map_err(Stop::failed)? {
        files.keep(&path, &name, type_of(&name), PATIENCE).await.map_err(|error| {
            Stop::with_hint(format!("{error}, after {count} files"), "What was moved stays moved; the same command goes on.")
        })?;
        count += 1;
    }
    println!("{count} files are in the bucket.");
    Ok(())
}

/// The whole files of the folder.
fn names(folder: &std::path::Path) -> std::io::Result<Vec<(PathBuf, String)>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str().filter(|name| is_name(name)) {
            all.push((entry.path(), name.to_owned()));
        }
    }
    Ok(all)
}
