//! Files of deleted contacts that could not be deleted yet: their bucket is away or refuses us. Nothing else waits for that. Each is noted as an empty file
//! in the folder in which files are written, so that this instance goes on with it also after a restart, and done again until nothing is left.

use crate::store::files::{FileError, FileStore};
use std::io::{self, ErrorKind};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How the name of a note begins; then come the beginning of the names and, if there is one, the time until which files count, in milliseconds.
const NOTE: &str = ".owed-";
/// A part of a file that nobody wrote to for so long is of a service that died.
const FORGOTTEN: Duration = Duration::from_secs(3_600);

/// Notes that all files whose names begin so are to be deleted, or those that were written until then.
pub(in crate::service) async fn owe(files: &dyn FileStore, beginning: &str, until: Option<SystemTime>) -> io::Result<()> {
    let millis = until.map(|at| at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis());
    let name = millis.map_or_else(|| format!("{NOTE}{beginning}"), |millis| format!("{NOTE}{beginning}-{millis}"));
    tokio::fs::create_dir_all(files.workshop()).await?;
    tokio::fs::write(files.workshop().join(name), b"").await
}

/// Deletes what is owed, and parts that nobody writes any more. Says how many notes were settled; an error is of the first that could not be.
pub async fn settle(files: &dyn FileStore) -> Result<u64, FileError> {
    let mut folder = match tokio::fs::read_dir(files.workshop()).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        folder => folder?,
    };
    let mut settled = 0;
    while let Some(file) = folder.next_entry().await? {
        let name = file.file_name();
        let Some(name) = name.to_str() else { continue };
        if let Some((beginning, until)) = name.strip_prefix(NOTE).and_then(read) {
            files.delete_beginning(beginning, until).await?;
            gone(tokio::fs::remove_file(file.path()).await)?;
            settled += 1;
        } else if name.starts_with('.') && name.ends_with(".part") {
            let written = file.metadata().await.and_then(|about| about.modified());
            if written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > FORGOTTEN)) {
                gone(tokio::fs::remove_file(file.path()).await)?;
            }
        }
    }
    Ok(settled)
}

fn read(note: &str) -> Option<(&str, Option<SystemTime>)> {
    match note.split_once('-') {
        None => Some((note, None)),
        Some((beginning, millis)) => Some((beginning, Some(UNIX_EPOCH + Duration::from_millis(millis.parse().ok()?)))),
    }
    .filter(|(beginning, _)| !beginning.is_empty())
}

/// Somebody else may have been faster.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::files::FolderStore;

    #[tokio::test]
    async fn what_is_owed_is_deleted_later_and_parts_of_the_dead_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = FolderStore::new(folder.path().to_owned());
        let there = |name: &str| folder.path().join(name).exists();
        let write = |name: &str, age: u64| {
            let file = std::fs::File::create(folder.path().join(name)).expect("written");
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).expect("a time");
        };
        for name in ["aaaa1.jpg", "bbbb1.jpg", "cccc1.jpg", ".dddd-1.part"] {
            write(name, 7_200);
        }
        write("cccc2.jpg", 0);
        write(".dddd-2.part", 0);
        owe(&files, "aaaa", None).await.expect("noted");
        owe(&files, "cccc", Some(SystemTime::now() - Duration::from_secs(60))).await.expect("noted");
        assert_eq!(settle(&files).await.expect("settled"), 2);
        let left = ["aaaa1.jpg", "bbbb1.jpg", "cccc1.jpg", "cccc2.jpg", ".dddd-1.part", ".dddd-2.part"].map(there);
        assert_eq!(left, [false, true, false, true, false, true]);
        assert_eq!(settle(&files).await.expect("settled"), 0, "a note is settled once");
    }
}
