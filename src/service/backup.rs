//! Backups of an embedded store and of a record in SQLite: copied while the service runs, put back while it does not. All of it blocks.
//!
//! The store is copied first and the record after it. What left the store's journal before the one copy is then in the other, and what
//! the record has twice it knows; the other way round a part of history could be in neither.

use crate::domain::time::Millis;
use crate::domain::value::rfc3339;
use crate::history::HistoryError;
use crate::history::restored::{Stilled, still};
use crate::store::StoreError;
use crate::store::backup::{FolderLock, STORE_FILE, check_file, copy_file, doubt_outbox, go_beyond, lock_folder, settle_log};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The form of a backup.
const FORM: u8 = 1;
/// Files of a backup.
const RECORD_FILE: &str = "history.db";
const ABOUT_FILE: &str = "backup.json";
/// What SQLite keeps beside a file. It is read into whatever file stands there, also into another one.
const LOGS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Why a backup was not made or not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A SQLite file.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The record's file.
    #[error("{0}")]
    Record(#[from] HistoryError),
    /// Another file or folder.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The same, when what was there may be set aside already, and a part of the backup be in its place.
    #[error("{0}: {1}")]
    Halfway(PathBuf, io::Error),
    /// Something is there already.
    #[error("{0} is there already")]
    There(PathBuf),
    /// It is no backup, or one of another release.
    #[error("{0} is no backup that this release reads")]
    Unknown(PathBuf),
}

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    form: u8,
    /// When the store was copied.
    pub at: String,
    /// The release that made it.
    pub release: String,
    /// Bytes of the store's copy.
    pub store: u64,
    /// Bytes of the record's copy, if it is there.
    pub record: Option<u64>,
}

/// The files of a service that are backed up.
#[derive(Debug, Clone)]
pub struct Places {
    /// The folder of the store.
    pub store: PathBuf,
    /// The record's file; nothing where it is in PostgreSQL.
    pub record: Option<PathBuf>,
}

/// What was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What was put back.
    pub about: About,
    /// Effects that wait and may have been sent since.
    pub unsure: u64,
    /// What the record would have begun by itself.
    pub stilled: Stilled,
    /// Files that were there before, by their present names.
    pub aside: Vec<PathBuf>,
}

fn at(path: &Path) -> impl Fn(io::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::File(path.clone(), error)
}

/// Waits until the disk knows what a folder holds.
fn settle_folder(folder: &Path) -> Result<(), BackupError> {
    // Elsewhere a folder cannot be opened.
    if cfg!(unix) { File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder)) } else { Ok(()) }
}

/// A folder that others may not look into: a backup has the secret and the people of a store.
fn make_folder(folder: &Path) -> Result<(), BackupError> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(at(folder))
}

/// Copies into a new folder, which is there only when it is whole.
pub fn back_up(places: &Places, into: &Path, now: Millis) -> Result<About, BackupError> {
    if into.exists() {
        return Err(BackupError::There(into.to_owned()));
    }
    let mut name = into.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = into.with_file_name(name);
    // Of a backup that was cut off. What is not ours keeps the folder there, and then it cannot be made.
    if part.is_dir() {
        remove_part(&part).map_err(at(&part))?;
    }
    make_folder(&part)?;
    // What is left of one that failed, perhaps for want of room, must not take the service's room as well.
    let about = fill(places, &part, now).inspect_err(|_| drop(remove_part(&part)))?;
    fs::rename(&part, into).map_err(at(into))?;
    settle_folder(parent(into))?;
    Ok(about)
}

fn remove_part(part: &Path) -> io::Result<()> {
    for file in [STORE_FILE, RECORD_FILE, ABOUT_FILE] {
        let _ = fs::remove_file(part.join(file));
    }
    fs::remove_dir(part)
}

fn fill(places: &Places, part: &Path, now: Millis) -> Result<About, BackupError> {
    let store = copy_file(&places.store.join(STORE_FILE), &part.join(STORE_FILE))?;
    let record = match &places.record {
        Some(file) if file.is_file() => Some(copy_file(file, &part.join(RECORD_FILE))?),
        _ => None,
    };
    let about = About { form: FORM, at: rfc3339(now), release: env!("CARGO_PKG_VERSION").to_owned(), store, record };
    let file = part.join(ABOUT_FILE);
    let text = serde_json::to_vec_pretty(&about).map_err(|e| BackupError::File(file.clone(), e.into()))?;
    fs::write(&file, text).map_err(at(&file))?;
    File::open(&file).and_then(|file| file.sync_all()).map_err(at(&file))?;
    settle_folder(part)?;
    Ok(about)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Reads what a folder says of itself, and whether it is whole.
fn checked(from: &Path) -> Result<About, BackupError> {
    let unknown = || BackupError::Unknown(from.to_owned());
    let text = fs::read(from.join(ABOUT_FILE)).map_err(|_| unknown())?;
    let about: About = serde_json::from_slice(&text).map_err(|_| unknown())?;
    if about.form != FORM {
        return Err(unknown());
    }
    check_file(&from.join(STORE_FILE))?;
    if about.record.is_some() {
        check_file(&from.join(RECORD_FILE))?;
    }
    Ok(about)
}

/// Puts a backup back. No service may have the folder. What is there is refused, or with `replace` set aside; all that waits to be sent is taken
/// as perhaps sent since, unless `nothing_sent` says that nothing was.
pub fn restore(
    places: &Places,
    from: &Path,
    now: Millis,
    (replace, nothing_sent): (bool, bool),
) -> Result<Restored, BackupError> {
    let about = checked(from)?;
    let lock: FolderLock = lock_folder(&places.store)?;
    let store = places.store.join(STORE_FILE);
    let record = places.record.as_ref().filter(|_| about.record.is_some());
    for file in [Some(&store), record].into_iter().flatten() {
        if let Some(there) = there(file).filter(|_| !replace) {
            return Err(BackupError::There(there));
        }
    }
    // Everything that can fail for want of room comes before anything is set aside.
    let fetched = fetch((from, &store, record), now, nothing_sent).inspect_err(|_| {
        for file in [Some(&store), record].into_iter().flatten() {
            let _ = fs::remove_file(beside(file));
        }
    })?;
    let (new_store, unsure, new_record, stilled) = fetched;
    let pairs = [(new_store, &store)].into_iter().chain(new_record.zip(record));
    let aside = put_in_place(pairs, now).map_err(|error| match error {
        BackupError::File(path, why) => BackupError::Halfway(path, why),
        other => other,
    })?;
    drop(lock);
    Ok(Restored { about, unsure, stilled, aside })
}

/// Sets aside what is there, and puts each new file there. Gives what was set aside.
fn put_in_place<'a>(pairs: impl Iterator<Item = (PathBuf, &'a PathBuf)>, now: Millis) -> Result<Vec<PathBuf>, BackupError> {
    let mut aside = Vec::new();
    for (new, file) in pairs {
        aside.extend(set_aside(file, now)?);
        fs::rename(&new, file).map_err(at(file))?;
        settle_folder(parent(file))?;
    }
    Ok(aside)
}

/// What is put in place: the store, how much waits in it, the record, what is paused in it.
type Fetched = (PathBuf, u64, Option<PathBuf>, Stilled);

/// Copies a backup's files beside their places, ready to be used.
fn fetch(
    (from, store, record): (&Path, &Path, Option<&PathBuf>),
    now: Millis,
    nothing_sent: bool,
) -> Result<Fetched, BackupError> {
    let new_store = fetched(&from.join(STORE_FILE), store)?;
    go_beyond(&new_store, now)?;
    let unsure = if nothing_sent { 0 } else { doubt_outbox(&new_store)? };
    let mut stilled = Stilled::default();
    let mut new_record = None;
    if let Some(record) = record {
        let new = fetched(&from.join(RECORD_FILE), record)?;
        stilled = still(&new, now)?;
        new_record = Some(new);
    }
    for new in [Some(&new_store), new_record.as_ref()].into_iter().flatten() {
        File::open(new).and_then(|new| new.sync_all()).map_err(at(new))?;
    }
    Ok((new_store, unsure, new_record, stilled))
}

/// Where a file is made that is to be put in place.
fn beside(place: &Path) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(".restored");
    place.with_file_name(name)
}

/// A copy of a backup's file beside its place.
fn fetched(file: &Path, place: &Path) -> Result<PathBuf, BackupError> {
    let new = beside(place);
    fs::create_dir_all(parent(place)).map_err(at(place))?;
    let _ = fs::remove_file(&new);
    copy_file(file, &new)?;
    Ok(new)
}

fn with(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// What is at a place: the file, or a log that it left behind.
fn there(file: &Path) -> Option<PathBuf> {
    [""].iter().chain(&LOGS).map(|end| with(file, end)).find(|path| path.exists())
}

/// Gives a file that is there, and its log, another name. A log whose file is gone goes as well.
fn set_aside(file: &Path, now: Millis) -> Result<Option<PathBuf>, BackupError> {
    if there(file).is_none() {
        return Ok(None);
    }
    // A file that is cut off from its log would have lost what stands there.
    settle_log(file);
    let aside = |at: i64| with(file, &format!(".before-{at}"));
    let free = (now.0..).find(|at| there(&aside(*at)).is_none()).unwrap_or(now.0);
    // The file itself comes last, and gives the name.
    let mut named = None;
    for end in LOGS.iter().chain(&[""]) {
        let (old, new) = (with(file, end), with(&aside(free), end));
        if old.exists() {
            fs::rename(&old, &new).map_err(at(&old))?;
            named = Some(new);
        }
    }
    Ok(named)
}
