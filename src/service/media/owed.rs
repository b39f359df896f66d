//! Files of deleted contacts that could not be deleted yet: their bucket is away or refuses us. Nothing else waits for that. The record
//! remembers them for all instances (`history::owed`); where a command deletes beside the service, and for a file that was in the air, an empty file in the
//! folder in which files are written does. Each is done again until nothing is left.

use super::Owner;
use crate::domain::time::Millis;
use crate::history::{Database, HistoryError, owed};
use crate::service::Core;
use crate::store::files::{FileError, FileStore};
use std::io::{self, ErrorKind};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How the name of a note begins; then come the beginning of the names and the time until which files count, in milliseconds.
const NOTE: &str = ".owed-";
/// A part of a file that nobody wrote to for so long is of a service that died.
const FORGOTTEN: Duration = Duration::from_secs(3_600);

/// A moment as files have it.
pub(in crate::service) fn moment(at: Millis) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0))
}

/// Notes that the files whose names begin so and that were written until then, or until now, are to be deleted. What is written later is of somebody
/// who begins anew under the same name.
pub(in crate::service) async fn owe(files: &dyn FileStore, beginning: &str, until: Option<SystemTime>) -> io::Result<()> {
    let until = until.unwrap_or_else(SystemTime::now).duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let name = format!("{NOTE}{beginning}-{until}");
    tokio::fs::create_dir_all(files.workshop()).await?;
    tokio::fs::write(files.workshop().join(name), b"").await
}

/// Why something is still owed.
#[derive(Debug, thiserror::Error)]
pub enum Unsettled {
    /// The place where files are kept does not answer, or refuses us.
    #[error(transparent)]
    Files(#[from] FileError),
    /// The record does not.
    #[error(transparent)]
    Record(#[from] HistoryError),
}

impl Core {
    /// Deletes the files of which the record says that they are owed. Says of how many contacts; an error is the last of those that could not be.
    pub async fn settle_files(&self, record: &Database) -> Result<u64, Unsettled> {
        let Some(files) = &self.settings.files else { return Ok(0) };
        let (mut settled, mut failed, mut after) = (0, None, String::new());
        loop {
            let page = owed::owed(record, &after).await?;
            let Some((last, _)) = page.last() else { break };
            after = last.to_string();
            for (contact, until) in page {
                let owner = Owner::of(&self.secret, contact);
                match files.store.delete_beginning(owner.beginning(), Some(moment(until))).await {
                    Ok(_) => {
                        owed::paid(record, contact, until).await?;
                        settled += 1;
                    }
                    // Perhaps only this one is refused.
                    Err(error) => failed = Some(error),
                }
            }
        }
        failed.map_or(Ok(settled), |error| Err(error.into()))
    }
}

/// Deletes what is owed, and parts that nobody writes any more. Says how many notes were settled; an error is of the last that could not be.
pub async fn settle(files: &dyn FileStore) -> Result<u64, FileError> {
    let mut folder = match tokio::fs::read_dir(files.workshop()).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        folder => folder?,
    };
    let (mut settled, mut failed) = (0, None);
    while let Some(file) = folder.next_entry().await? {
        let name = file.file_name();
        let Some(name) = name.to_str() else { continue };
        if let Some((beginning, until)) = name.strip_prefix(NOTE).and_then(read) {
            // Earlier notes say no time: theirs is when they were written.
            let until = match until {
                Some(until) => until,
                None => file.metadata().await?.modified()?,
            };
            match files.delete_beginning(beginning, Some(until)).await {
                Ok(_) => {
                    gone(tokio::fs::remove_file(file.path()).await)?;
                    settled += 1;
                }
                // Perhaps only this one is refused.
                Err(error) => failed = Some(error),
            }
        } else if name.starts_with('.') && name.ends_with(".part") {
            let written = file.metadata().await.and_then(|about| about.modified());
            if written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > FORGOTTEN)) {
                gone(tokio::fs::remove_file(file.path()).await)?;
            }
        }
    }
    failed.map_or(Ok(settled), Err)
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
        // Whoever was deleted writes again, under the same name, before the bucket is back.
        let anew = std::fs::File::create(folder.path().join("aaaa2.jpg")).expect("written");
        anew.set_modified(SystemTime::now() + Duration::from_secs(5)).expect("a time");
        owe(&files, "cccc", Some(SystemTime::now() - Duration::from_secs(60))).await.expect("noted");
        assert_eq!(settle(&files).await.expect("settled"), 2);
        let left = ["aaaa1.jpg", "aaaa2.jpg", "bbbb1.jpg", "cccc1.jpg", "cccc2.jpg", ".dddd-1.part", ".dddd-2.part"].map(there);
        assert_eq!(left, [false, true, true, false, true, false, true]);
        assert_eq!(settle(&files).await.expect("settled"), 0, "a note is settled once");
    }
}
