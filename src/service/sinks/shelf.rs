//! Where a sink reads: in history, which keeps entries for weeks, so that a service that is down for days misses nothing and the store
//! holds nothing for it. How far each sink has come stands beside the entries, for each shard.

use crate::config::sinks::Beginning;
use crate::domain::codec;
use crate::domain::id::ContactKey;
use crate::domain::journal::{Entry, Event};
use crate::domain::time::Millis;
use crate::service::history::HistoryError;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, params};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The tables of sinks in the history file. `missed`: entries that were too old to be kept before the sink was told of them.
pub(in crate::service) const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS sink (
        name TEXT PRIMARY KEY, sent INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0, missed INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS sink_place (
        sink TEXT NOT NULL, shard INTEGER NOT NULL, time INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (sink, shard)
    ) WITHOUT ROWID;
";
/// Shards of a store at most.
const SHARDS: u8 = 64;
/// Entries that are read at once, and bytes of them.
const ENTRIES: usize = 1_000;
const BYTES: usize = 8 * 1024 * 1024;
/// How far back an entry's contact is looked at for the flow of a run or the channel of a message.
const BACK: usize = 100;
/// What is still to be told is counted up to here.
const COUNTED: i64 = 100_000;

/// The place of an entry in a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub shard: u8,
    pub time: i64,
    pub number: i64,
}

/// Entries that a sink has not been told of.
#[derive(Debug, Default)]
pub struct Unread {
    /// In the order of each shard; nothing where one cannot be read.
    pub entries: Vec<Option<Entry>>,
    /// Where each shard that was read stands after them.
    pub places: Vec<Place>,
    /// When the oldest of them happened.
    pub oldest: Option<Millis>,
    /// Entries that the sink will never be told of, since it exists.
    pub missed: u64,
    /// Shards were passed over, because this was enough.
    pub more: bool,
}

/// How a sink stands, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Rows that its service took.
    pub sent: u64,
    /// Rows that its service refused.
    pub dropped: u64,
    /// Entries that were too old before it could be told.
    pub missed: u64,
    /// Entries that it is still to be told of; at most 100,000 are counted.
    pub waiting: u64,
    /// When the oldest of them happened.
    pub oldest: Option<Millis>,
}

/// History as one sink reads it.
pub struct Shelf {
    sink: String,
    connection: Mutex<Connection>,
}

impl Shelf {
    /// Opens history for a sink; a sink that is new begins where it says.
    pub fn open(path: &Path, sink: &str, from: Beginning) -> Result<Self, HistoryError> {
        let run = || -> rusqlite::Result<Connection> {
            let mut connection = Connection::open(path)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            // A place that is forgotten in a power cut costs rows that are sent again under their ids.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.execute_batch(LAYOUT)?;
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let new = transaction.execute("INSERT OR IGNORE INTO sink (name) VALUES (?1)", [sink])? == 1;
            if new && from == Beginning::Now {
                for shard in 0..SHARDS {
                    let last = "INSERT INTO sink_place SELECT ?1, shard, time, number FROM entry WHERE shard = ?2
                                ORDER BY time DESC, number DESC LIMIT 1";
                    transaction.execute(last, params![sink, shard])?;
                }
            }
            transaction.commit()?;
            Ok(connection)
        };
        let connection = run().map_err(said)?;
        Ok(Shelf { sink: sink.to_owned(), connection: Mutex::new(connection) })
    }

    /// Forgets the sinks that are not among these.
    pub fn retain(path: &Path, names: &[&str]) -> Result<(), HistoryError> {
        let run = || -> rusqlite::Result<()> {
            let mut connection = Connection::open(path)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            connection.execute_batch(LAYOUT)?;
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let known: Vec<String> = {
                let mut all = transaction.prepare("SELECT name FROM sink")?;
                all.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
            };
            for gone in known.iter().filter(|name| !names.contains(&name.as_str())) {
                transaction.execute("DELETE FROM sink WHERE name = ?1", [gone])?;
                transaction.execute("DELETE FROM sink_place WHERE sink = ?1", [gone])?;
            }
            transaction.commit()
        };
        run().map_err(said)
    }

    /// Entries that the sink has not been told of, from this shard on.
    pub fn unread(&self, first: u8) -> Result<Unread, HistoryError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let run = || -> rusqlite::Result<Unread> {
            let mut unread = Unread::default();
            let missed: i64 = connection
                .query_row("SELECT missed FROM sink WHERE name = ?1", [&self.sink], |row| row.get(0))
                .optional()?
                .unwrap_or(0);
            unread.missed = missed.max(0).unsigned_abs();
            let places = places(&connection, &self.sink)?;
            let sql = "SELECT time, number, at, kind, body FROM entry WHERE shard = ?1 AND (time, number) > (?2, ?3)
                       ORDER BY time, number LIMIT ?4";
            let mut select = connection.prepare_cached(sql)?;
            let (mut left, mut bytes) = (ENTRIES, 0);
            for n in 0..SHARDS {
                let shard = (first + n) % SHARDS;
                let (time, number) = places.get(&shard).copied().unwrap_or((i64::MIN, i64::MIN));
                let mut rows = select.query(params![shard, time, number, left as i64])?;
                let mut last = None;
                while let Some(row) = rows.next()? {
                    let place = Place { shard, time: row.get(0)?, number: row.get(1)? };
                    let (at, kind): (i64, String) = (row.get(2)?, row.get(3)?);
                    let body = row.get_ref(4)?.as_blob().unwrap_or_default();
                    unread.oldest = Some(unread.oldest.map_or(Millis(at), |oldest| oldest.min(Millis(at))));
                    if kind == "entry" {
                        unread.entries.push(codec::decode(body).ok());
                    }
                    (last, left, bytes) = (Some(place), left - 1, bytes + body.len());
                    if bytes >= BYTES {
                        break;
                    }
                }
                unread.places.extend(last);
                if left == 0 || bytes >= BYTES {
                    unread.more = true;
                    break;
                }
            }
            Ok(unread)
        };
        run().map_err(said)
    }

    /// What was written down of a contact up to a moment, the latest first.
    pub fn before(&self, contact: ContactKey, at: Millis) -> Result<Vec<Event>, HistoryError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let run = || -> rusqlite::Result<Vec<Event>> {
            let sql = "SELECT body FROM entry WHERE contact = ?1 AND at <= ?2 AND kind = 'entry' ORDER BY at DESC LIMIT ?3";
            let mut select = connection.prepare_cached(sql)?;
            let mut rows = select.query(params![contact.as_str(), at.0, BACK as i64])?;
            let mut events = Vec::new();
            while let Some(row) = rows.next()? {
                let body = row.get_ref(0)?.as_blob().unwrap_or_default();
                events.extend(codec::decode::<Entry>(body).into_iter().flat_map(|entry| entry.events));
            }
            Ok(events)
        };
        run().map_err(said)
    }

    /// The sink was told of everything up to these places. Whoever is further stays there: two instances on one file do no harm.
    pub fn told(&self, places: &[Place], sent: u64, dropped: u64) -> Result<(), HistoryError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut run = || -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            // Nothing is left behind by one that was removed in the meantime.
            let counted = "UPDATE sink SET sent = sent + ?2, dropped = dropped + ?3 WHERE name = ?1";
            if transaction.execute(counted, params![self.sink, sent as i64, dropped as i64])? == 1 {
                let sql = "INSERT INTO sink_place VALUES (?1, ?2, ?3, ?4) ON CONFLICT (sink, shard) DO UPDATE
                           SET time = excluded.time, number = excluded.number
                           WHERE (excluded.time, excluded.number) > (sink_place.time, sink_place.number)";
                for Place { shard, time, number } in places {
                    transaction.execute(sql, params![self.sink, shard, time, number])?;
                }
            }
            transaction.commit()
        };
        run().map_err(said)
    }

    /// How a sink stands, read beside a running service; nothing if it never ran.
    pub fn standing(path: &Path, sink: &str) -> Result<Option<Standing>, HistoryError> {
        if !path.is_file() {
            return Ok(None);
        }
        let run = || -> rusqlite::Result<Option<Standing>> {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            let there = "SELECT 1 FROM sqlite_master WHERE name = 'sink'";
            if connection.query_row(there, [], |_| Ok(())).optional()?.is_none() {
                return Ok(None);
            }
            let sql = "SELECT sent, dropped, missed FROM sink WHERE name = ?1";
            let number = |row: &rusqlite::Row<'_>, at| row.get::<_, i64>(at).map(|n| n.max(0).unsigned_abs());
            let counts =
                connection.query_row(sql, [sink], |row| Ok((number(row, 0)?, number(row, 1)?, number(row, 2)?))).optional()?;
            let Some((sent, dropped, missed)) = counts else { return Ok(None) };
            let sql = "SELECT count(*), min(at) FROM
                       (SELECT at FROM entry WHERE shard = ?1 AND (time, number) > (?2, ?3) ORDER BY time, number LIMIT ?4)";
            let places = places(&connection, sink)?;
            let (mut waiting, mut oldest) = (0, None::<Millis>);
            for shard in 0..SHARDS {
                let (time, number) = places.get(&shard).copied().unwrap_or((i64::MIN, i64::MIN));
                let (n, at): (i64, Option<i64>) =
                    connection.query_row(sql, params![shard, time, number, COUNTED], |row| Ok((row.get(0)?, row.get(1)?)))?;
                waiting += n.max(0).unsigned_abs();
                oldest = [oldest, at.map(Millis)].into_iter().flatten().min();
            }
            Ok(Some(Standing { sent, dropped, missed, waiting: waiting.min(COUNTED.unsigned_abs()), oldest }))
        };
        run().map_err(said)
    }
}

/// Entries older than `before` are about to be deleted, `most` of them: those that a sink was not told of are counted.
pub(in crate::service) fn count_missed(transaction: &Transaction<'_>, before: Millis, most: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE sink SET missed = missed + (
                   SELECT count(*) FROM (SELECT shard, time, number FROM entry WHERE at < ?1 ORDER BY at LIMIT ?2) AS old
                   LEFT JOIN sink_place AS place ON place.sink = sink.name AND place.shard = old.shard
                   WHERE place.sink IS NULL OR (old.time, old.number) > (place.time, place.number))";
    transaction.prepare_cached(sql)?.execute(params![before.0, most]).map(|_| ())
}

fn places(connection: &Connection, sink: &str) -> rusqlite::Result<BTreeMap<u8, (i64, i64)>> {
    let mut all = connection.prepare_cached("SELECT shard, time, number FROM sink_place WHERE sink = ?1")?;
    all.query_map([sink], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?.collect()
}

fn said(error: rusqlite::Error) -> HistoryError {
    HistoryError(error.to_string())
}

#[cfg(test)]
mod tests;
