//! The file: its lock, its layout, its connections, and what its errors mean.

use crate::store::transfer::Mark;
use crate::store::{Answer, StoreError};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The layout that this release reads and writes.
const LAYOUT: i64 = 1;
/// Pages of write-ahead log after which SQLite makes a checkpoint on its own. High: the writer does it when it is idle.
const AUTOCHECKPOINT_PAGES: i64 = 16_000;
/// How long a write waits for an operator's command that writes beside the service.
const BUSY: Duration = Duration::from_secs(5);

/// How often, and how far apart, a lock is tried that somebody else holds: about two seconds.
const LOCK_TRIES: usize = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// What an error of SQLite means here.
pub fn failure(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full("the disk is full".to_owned()),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Layout("the store's file is damaged or is no store".to_owned())
        }
        Some(
            code @ (ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted
            | ErrorCode::OperationAborted
            | ErrorCode::FileLockingProtocolFailed),
        ) => StoreError::Unavailable(format!("the store's file cannot be used: {code:?}")),
        // Names of columns and codes, never values.
        _ => StoreError::Bug(format!("SQLite: {error}")),
    }
}

/// Where the store lies and who may write there.
pub struct Place {
    file: PathBuf,
    /// Held as long as this lives.
    _lock: Option<File>,
    /// Whether it is opened although a mark says that it is not to be used.
    marked_too: bool,
}

impl Place {
    /// Takes the folder for this process alone.
    pub fn take(folder: &Path) -> Answer<Self> {
        let unusable = |e: std::io::Error| StoreError::Unavailable(format!("{} cannot be used: {e}", folder.display()));
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let lock = File::options().create(true).truncate(false).write(true).open(folder.join("replyflow.lock"));
        let lock = lock.map_err(unusable)?;
        // One that stops gives it back in a moment; so does a child of this process between its birth and its program.
        let mut taken = lock.try_lock();
        for _ in 0..LOCK_TRIES {
            if !matches!(taken, Err(TryLockError::WouldBlock)) {
                break;
            }
            std::thread::sleep(LOCK_PAUSE);
            taken = lock.try_lock();
        }
        match taken {
            Ok(()) => Ok(Place { file: folder.join("replyflow.db"), _lock: Some(lock), marked_too: false }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable(format!(
                "another process has the store in {} open: stop it first, or use Redis for several instances",
                folder.display()
            ))),
            Err(TryLockError::Error(e)) => Err(unusable(e)),
        }
    }

    /// Takes the folder for a move, whatever marks say.
    pub fn take_to_move(folder: &Path) -> Answer<Self> {
        Ok(Place { marked_too: true, ..Self::take(folder)? })
    }

    /// Whether there is a store.
    pub fn has_store(folder: &Path) -> bool {
        folder.join("replyflow.db").is_file()
    }

    /// Goes beside a process that has it: for an operator's command. There must be a store already.
    pub fn beside(folder: &Path) -> Answer<Self> {
        let file = folder.join("replyflow.db");
        if !Self::has_store(folder) {
            return Err(StoreError::Unavailable(format!("there is no store in {}", folder.display())));
        }
        Ok(Place { file, _lock: None, marked_too: false })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(&self.file)
    }

    /// A connection that writes; makes the store if there is none.
    pub fn writer(&self) -> Answer<Connection> {
        let db = Connection::open(&self.file).map_err(|e| failure(&e))?;
        prepare(&db).map_err(|e| failure(&e))?;
        layout(&db)?;
        db.execute_batch(include_str!("additions.sql")).map_err(|e| failure(&e))?;
        if !self.marked_too {
            unmarked(&db)?;
        }
        Ok(db)
    }

    /// A connection that only reads.
    pub fn reader(&self) -> Answer<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&self.file, flags).map_err(|e| failure(&e))?;
        db.busy_timeout(BUSY).map_err(|e| failure(&e))?;
        db.set_prepared_statement_cache_capacity(32);
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(|e| failure(&e))?;
        Ok(db)
    }
}

fn unmarked(db: &Connection) -> Answer<()> {
    for mark in [Mark::Left, Mark::Arriving] {
        let sql = "SELECT count(*) FROM mark WHERE name = ?1";
        let there: i64 = db.query_row(sql, [mark.name()], |row| row.get(0)).map_err(|e| failure(&e))?;
        if there > 0 {
            return Err(mark.refusal());
        }
    }
    Ok(())
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY)?;
    db.set_prepared_statement_cache_capacity(128);
    // Without it SQLite plans a statement anew each time its parameters change, which costs more than running it.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    // An answer means that the disk has it.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "wal_autocheckpoint", AUTOCHECKPOINT_PAGES)?;
    db.pragma_update(None, "temp_store", "MEMORY")
}

fn layout(db: &Connection) -> Answer<()> {
    let tables: i64 =
        db.query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'table'", [], |row| row.get(0)).map_err(|e| failure(&e))?;
    if tables == 0 {
        let secret: [u8; 32] = rand::random();
        let make = || -> rusqlite::Result<()> {
            db.execute_batch("BEGIN IMMEDIATE")?;
            db.execute_batch(include_str!("schema.sql"))?;
            db.execute("INSERT INTO meta VALUES (?1, ?2)", (LAYOUT, &secret[..]))?;
            db.execute_batch("COMMIT")
        };
        return make().map_err(|e| failure(&e));
    }
    match db.query_row("SELECT layout FROM meta", [], |row| row.get::<_, i64>(0)) {
        Ok(LAYOUT) => Ok(()),
        Ok(other) => Err(StoreError::Layout(format!("its layout is {other}, this release knows {LAYOUT}"))),
        Err(_) => Err(StoreError::Layout("the file is a database, but not a store".to_owned())),
    }
}
