//! Reads, on connections of their own: a long one never holds the writer.

use super::file::failure;
use super::records::{FAILED, read_failed};
use super::tables::{ALIAS, MOVING, all, first, read_contact, read_effect, read_entry, read_lane, read_set};
use crate::domain::id::{ContactKey, Token, VersionId};
use crate::domain::time::{Millis, Span};
use crate::store::{
    Answer, Depths, FailedItem, FailedKey, Finding, FindingLevel, Inspection, JournalId, JournalItem, JournalRecord, LaneKey,
    Look, Outgoing, Overdue, Place, Ready, Record, StopMask, StoreError, WorkSet,
};
use bytes::Bytes;
use rusqlite::Connection;

fn count(n: Option<i64>) -> u64 {
    n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

fn limit(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// What is due, and the next time that is not.
pub fn look(db: &Connection, now: Millis, sets: &[WorkSet]) -> Answer<Look> {
    let mut look = Look { now, ready: Vec::new(), next: None };
    let min = |sql: &str, name: &str| first(db, sql, (name, now.0), |row| row.get::<_, Option<i64>>(0)).map(Option::flatten);
    let mut place = |due: Option<i64>, later: Option<i64>, ready: &dyn Fn(Millis) -> Ready| {
        look.ready.extend(due.map(|since| ready(Millis(since))));
        let next = later.map(Millis);
        look.next = look.next.into_iter().chain(next).min();
    };
    let contacts = |side: &str| format!("SELECT min(attend) FROM contact WHERE attend {side} ?2 AND ?1 = ''");
    place(min(&contacts("<="), "")?, min(&contacts(">"), "")?, &|since| Ready::Contacts { shard: 0, since });
    for set in sets {
        let name = set.to_string();
        let lanes = |side: &str| format!("SELECT min(due) FROM lane WHERE work = ?1 AND due {side} ?2");
        let ready = |since| Ready::Work { shard: 0, set: set.clone(), since };
        place(min(&lanes("<="), &name)?, min(&lanes(">"), &name)?, &ready);
    }
    Ok(look)
}

/// What was due before a moment, the oldest first.
pub fn overdue(db: &Connection, sets: &[WorkSet], before: Millis, n: usize) -> Answer<Vec<Overdue>> {
    let sql = "SELECT id, attend FROM contact WHERE attend < ?1 ORDER BY attend, id LIMIT ?2";
    let mut overdue = all(db, sql, (before.0, limit(n)), |row| {
        Ok(Overdue { since: Millis(row.get(1)?), contact: read_contact(row, 0)?, lane: None })
    })?;
    for set in sets {
        let sql = "SELECT id, due FROM lane WHERE work = ?1 AND due < ?2 ORDER BY due, id LIMIT ?3";
        overdue.extend(all(db, sql, (set.to_string(), before.0, limit(n)), |row| {
            let LaneKey { contact, lane } = read_lane(row, 0)?;
            Ok(Overdue { since: Millis(row.get(1)?), contact, lane: Some((lane, set.clone())) })
        })?);
    }
    overdue.sort();
    overdue.truncate(n);
    Ok(overdue)
}

/// Entries of the journal.
pub fn journal(db: &Connection, after: JournalId, n: usize) -> Answer<Vec<JournalItem>> {
    let sql = "SELECT seq, contact, class, id, at, body, (SELECT time FROM journal_base) FROM journal \
               WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let after = i64::try_from(after.number).unwrap_or(i64::MAX);
    all(db, sql, (after, limit(n)), |row| {
        let id = JournalId { time: count(row.get(6)?), number: row.get::<_, i64>(0)?.unsigned_abs() };
        let record = match row.get::<_, Option<String>>(1)? {
            None => JournalRecord::Entry(Bytes::from(row.get::<_, Vec<u8>>(5)?)),
            Some(_) => JournalRecord::Overflow { contact: read_contact(row, 1)?, entry: read_entry(row, 2)? },
        };
        Ok(JournalItem { id, record })
    })
}

/// A subscriber's cursor.
pub fn cursor(db: &Connection, subscriber: &str) -> Answer<JournalId> {
    let at = first(db, "SELECT seq FROM cursor WHERE name = ?1", [subscriber], |row| row.get::<_, i64>(0))?;
    let time = first(db, "SELECT time FROM journal_base", [], |row| row.get::<_, i64>(0))?;
    Ok(JournalId { time: count(time), number: count(at) })
}

/// What failed since then, oldest first, and whether there is more.
pub fn failed(db: &Connection, since: Millis, n: usize) -> Answer<(Vec<FailedItem>, bool)> {
    let sql = format!("SELECT {FAILED} FROM failed WHERE at >= ?1 ORDER BY at, id LIMIT ?2");
    let mut items: Vec<FailedItem> = all(db, &sql, (since.0, limit(n.saturating_add(1))), read_failed)?;
    let more = items.len() > n;
    items.truncate(n);
    Ok((items, more))
}

/// What failed of one contact.
pub fn failed_of(db: &Connection, contact: ContactKey) -> Answer<Vec<FailedKey>> {
    let sql = format!("SELECT {FAILED} FROM failed WHERE contact = ?1 ORDER BY at, id");
    let items: Vec<FailedItem> = all(db, &sql, [contact.as_str()], read_failed)?;
    Ok(items.into_iter().map(|item| item.key).collect())
}

/// A version's content.
pub fn version(db: &Connection, id: VersionId) -> Answer<Option<Bytes>> {
    let sql = "SELECT content FROM version WHERE id = ?1";
    Ok(first(db, sql, [id.0 as i64], |row| row.get::<_, Vec<u8>>(0))?.map(Bytes::from))
}

/// Live runs on a version.
pub fn live(db: &Connection, id: VersionId) -> Answer<i64> {
    Ok(first(db, "SELECT n FROM live WHERE version = ?1", [id.0 as i64], |row| row.get(0))?.unwrap_or(0))
}

/// Work sets that ever held something.
pub fn work_sets(db: &Connection) -> Answer<Vec<WorkSet>> {
    let mut sets = all(db, "SELECT name FROM works", [], |row| read_set(row, 0))?;
    sets.sort();
    Ok(sets)
}

/// Where somebody opted out whose contact was deleted.
pub fn suppressed(db: &Connection, address: ContactKey) -> Answer<StopMask> {
    let sql = "SELECT stop FROM suppressed WHERE hash = ?1";
    Ok(first(db, sql, [address.as_str()], |row| row.get::<_, u8>(0))?.map_or(StopMask::NONE, StopMask::from_bits))
}

/// The secret.
pub fn secret(db: &Connection) -> Answer<Vec<u8>> {
    let secret = first(db, "SELECT secret FROM meta", [], |row| row.get(0))?;
    secret.ok_or_else(|| StoreError::Layout("the store has no secret".to_owned()))
}

/// Lanes that wait in each of these sets.
pub fn waiting(db: &Connection, sets: &[WorkSet]) -> Answer<Vec<u64>> {
    let of = |set: &WorkSet| {
        let n = first(db, "SELECT count(*) FROM lane WHERE work = ?1", [set.to_string()], |row| row.get::<_, Option<i64>>(0))?;
        Ok(count(n.flatten()))
    };
    sets.iter().map(of).collect()
}

/// How much waits where.
pub fn depths(db: &Connection, now: Millis) -> Answer<Depths> {
    let number = |sql: &str| first(db, sql, [], |row| row.get::<_, Option<i64>>(0)).map(|n| count(n.flatten()));
    let mut work = Vec::new();
    for set in work_sets(db)? {
        let sql = "SELECT count(*) FROM lane WHERE work = ?1";
        let n = first(db, sql, [set.to_string()], |row| row.get::<_, Option<i64>>(0))?;
        work.push((set, count(n.flatten())));
    }
    // What broadcasts send may be held back for days.
    let oldest = "SELECT min(t) FROM (SELECT min(attend) AS t FROM contact WHERE attend IS NOT NULL \
                  UNION ALL SELECT min(due) FROM lane WHERE work NOT LIKE '%:bulk')";
    let oldest = first(db, oldest, [], |row| row.get::<_, Option<i64>>(0))?.flatten().map_or(now, Millis);
    Ok(Depths {
        attention: number("SELECT count(*) FROM contact WHERE attend IS NOT NULL")?,
        work,
        journal_entries: number("SELECT count(*) FROM journal")?,
        journal_bytes: number("SELECT sum(length(body)) FROM journal")?,
        failed: number("SELECT count(*) FROM failed")?,
        lag: Span((now - oldest).0.max(0)),
    })
}

/// Everything about one contact.
pub fn inspect(db: &Connection, contact: ContactKey) -> Answer<Option<Inspection>> {
    // One snapshot: a commit between two of these reads must not show.
    let snapshot = db.unchecked_transaction().map_err(|e| failure(&e))?;
    let key = contact.as_str();
    let sql = "SELECT flag, tries, stop, token, record, attend FROM contact WHERE id = ?1";
    let record = first(&snapshot, sql, [key], |row| {
        let record = Record {
            held: row.get::<_, i64>(0)? == super::tables::HELD,
            tries: row.get(1)?,
            stop: StopMask::from_bits(row.get(2)?),
            token: Token(row.get::<_, i64>(3)? as u64),
            blob: Bytes::from(row.get::<_, Vec<u8>>(4)?),
        };
        Ok((record, row.get::<_, Option<i64>>(5)?.map(Millis), row.get::<_, i64>(0)?))
    })?;
    let Some((mut record, attention, flag)) = record else { return Ok(None) };
    let place = match flag {
        ALIAS => {
            let to = std::str::from_utf8(&std::mem::take(&mut record.blob)).ok().and_then(ContactKey::parse);
            Place::Moved(to.ok_or_else(|| StoreError::Bug("an alias that leads nowhere".to_owned()))?)
        }
        MOVING => {
            let sql = "SELECT target FROM moving WHERE contact = ?1";
            let to = first(&snapshot, sql, [key], |row| read_contact(row, 0))?;
            Place::Moving(to.ok_or_else(|| StoreError::Bug("a contact that moves nowhere".to_owned()))?)
        }
        _ => Place::Here,
    };
    let sql = "SELECT class, id, at, body FROM mailbox WHERE contact = ?1 ORDER BY seq";
    let mailbox = all(&snapshot, sql, [key], |row| read_entry(row, 0))?;
    let sql = "SELECT id, work, state, attempt, body FROM outbox WHERE lane = ?1 ORDER BY seq";
    let lane = all(&snapshot, sql, [key], |row| {
        let state = super::leaving::state_of(&row.get::<_, String>(2)?);
        let body = Bytes::from(row.get::<_, Vec<u8>>(4)?);
        Ok(Outgoing { id: read_effect(row, 0)?, set: read_set(row, 1)?, state, attempts: row.get(3)?, body })
    })?;
    let sql = "SELECT effect FROM awaited WHERE contact = ?1 ORDER BY effect";
    let awaited = all(&snapshot, sql, [key], |row| read_effect(row, 0))?;
    Ok(Some(Inspection { place, record, mailbox, attention, lane, awaited }))
}

/// What an engineer should know.
pub fn check(db: &Connection) -> Answer<Vec<Finding>> {
    let damage = first(db, "PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))?.unwrap_or_default();
    let finding = |name, good: bool, fine: String, bad: String, remedy: &str| {
        let level = if good { FindingLevel::Fine } else { FindingLevel::Error };
        let remedy = if good { String::new() } else { remedy.to_owned() };
        Finding { name, level, message: if good { fine } else { bad }, remedy }
    };
    let mode = first(db, "PRAGMA journal_mode", [], |row| row.get::<_, String>(0))?.unwrap_or_default();
    let version = rusqlite::version();
    let layout = first(db, "SELECT layout FROM meta", [], |row| row.get::<_, i64>(0))?.unwrap_or_default();
    let message = format!("the store is in SQLite {version}, layout {layout}");
    Ok(vec![
        Finding { name: "layout", level: FindingLevel::Fine, message, remedy: String::new() },
        finding(
            "integrity",
            damage == "ok",
            format!("SQLite {version} finds no damage in the file"),
            format!("SQLite {version} finds damage in the file"),
            "Stop the service, keep a copy of the folder, restore the last backup.",
        ),
        finding(
            "persistence",
            mode == "wal",
            "every answer waits for an fsync: nothing is lost in a power cut, if the disk keeps its word".to_owned(),
            format!("the journal mode is {mode}"),
            "Stop everything that opens the file and start the service again.",
        ),
    ])
}
