//! A record that is put back from a copy: what it would begin by itself stays still until a person lets it go on, because what came of it since
//! the copy was made is not known.

use super::error::HistoryError;
use crate::domain::time::Millis;
use rusqlite::Connection;
use std::path::Path;

/// What was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stilled {
    /// Broadcasts that were not over.
    pub broadcasts: usize,
    /// Schedules.
    pub schedules: usize,
}

/// Pauses broadcasts and schedules in a SQLite file that nobody has open. Blocks.
pub fn still(file: &Path, now: Millis) -> Result<Stilled, HistoryError> {
    let db = Connection::open(file)?;
    let sql = "UPDATE broadcast SET state = 'paused', changed_at = ?1 WHERE state IN ('scheduled', 'resolving', 'running')";
    let broadcasts = db.execute(sql, [now.0])?;
    let schedules = db.execute("UPDATE schedule SET paused_at = ?1, changed_at = ?1 WHERE paused_at IS NULL", [now.0])?;
    Ok(Stilled { broadcasts, schedules })
}
