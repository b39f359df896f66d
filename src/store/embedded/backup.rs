//! Copies of SQLite files while others write to them, and what a copy needs before it is used again. All of it blocks.

use super::file::{Place, failure};
use crate::domain::time::Millis;
use crate::store::{Answer, StoreError};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// The name of a store's file in its folder.
pub const STORE_FILE: &str = "replyflow.db";

/// How long somebody else's write is waited for.
const BUSY: Duration = Duration::from_secs(30);

/// A folder that no service can have while this lives.
pub struct FolderLock(#[expect(dead_code, reason = "held as long as it lives")] Place);

/// Takes a store's folder, with or without a store in it.
pub fn lock_folder(folder: &Path) -> Answer<FolderLock> {
    Place::take(folder).map(FolderLock)
}

fn read_only(file: &Path) -> Answer<Connection> {
    if !file.is_file() {
        return Err(StoreError::Unavailable(format!("there is no file {}", file.display())));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(file, flags).map_err(|e| failure(&e))?;
    db.busy_timeout(BUSY).map_err(|e| failure(&e))?;
    Ok(db)
}

fn writable(file: &Path) -> Answer<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags).map_err(|e| failure(&e))
}

/// Writes what stands in the log of a file that nobody has open into the file, as far as that goes: then it has no log.
pub fn settle_log(file: &Path) {
    // What cannot be settled stays beside it, as it is.
    if let Ok(db) = writable(file) {
        let _ = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

/// Writes a file as it is at one moment into a new one, without what was deleted, and waits until the disk has it. Others go on writing to the
/// first one meanwhile; the log of their changes grows until this ends. Gives the size of the copy.
pub fn copy_file(file: &Path, into: &Path) -> Answer<u64> {
    let unusable = |e: std::io::Error| StoreError::Unavailable(format!("{} cannot be written: {e}", into.display()));
    let name = into.to_str().ok_or_else(|| StoreError::Unavailable("the name of the copy is no text".to_owned()))?;
    read_only(file)?.execute("VACUUM INTO ?1", [name]).map_err(|e| failure(&e))?;
    let copy = File::open(into).map_err(unusable)?;
    copy.sync_all().map_err(unusable)?;
    Ok(copy.metadata().map_err(unusable)?.len())
}

/// Reads a file through: whether it is whole.
pub fn check_file(file: &Path) -> Answer<()> {
    let db = read_only(file)?;
    let said = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0)).map_err(|e| failure(&e))?;
    if said == "ok" { Ok(()) } else { Err(StoreError::Layout(format!("{} is damaged", file.display()))) }
}

/// Has the journal of a store's copy go on after all that was in it since the copy was made: what remembers places there takes what comes for new.
pub fn go_beyond(file: &Path, now: Millis) -> Answer<()> {
    let db = writable(file)?;
    let sql = "CREATE TABLE IF NOT EXISTS journal_base (one INTEGER PRIMARY KEY CHECK (one = 1), time INTEGER NOT NULL);
               INSERT OR IGNORE INTO journal_base VALUES (1, 0);";
    db.execute_batch(sql).map_err(|e| failure(&e))?;
    db.execute("UPDATE journal_base SET time = max(time + 1, ?1)", [now.0]).map_err(|e| failure(&e)).map(drop)
}

/// Marks in a copy of a store that everything which waits to be sent may have been sent since the copy was made. Gives how much that is.
pub fn doubt_outbox(file: &Path) -> Answer<u64> {
    let db = writable(file)?;
    db.execute("UPDATE outbox SET state = 'u' WHERE state <> 'u'", []).map_err(|e| failure(&e))?;
    let waits: i64 = db.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0)).map_err(|e| failure(&e))?;
    Ok(waits.unsigned_abs())
}
