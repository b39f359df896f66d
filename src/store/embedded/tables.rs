//! What all operations share: one batch's view of the tables, and how rows become types.

use super::file::failure;
use crate::domain::id::{ContactKey, EffectId, InputId, Token};
use crate::domain::input::Class;
use crate::domain::time::{Millis, Span};
use crate::store::{Answer, Claim, Entry, Lane, LaneKey, Record, StopMask, StoreError, StoreSettings, WorkSet};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use std::cell::Cell;

/// `contact.flag`.
pub const OPEN: i64 = 0;
/// A call is pending.
pub const HELD: i64 = 1;
/// About to be moved into another contact.
pub const MOVING: i64 = 2;
/// Part of another contact.
pub const ALIAS: i64 = 3;

/// The tables inside the writer's transaction.
pub struct Tables<'a> {
    /// The connection.
    pub db: &'a Connection,
    /// The time of the batch.
    pub now: Millis,
    /// Leases and caps.
    pub settings: &'a StoreSettings,
    /// The last ticket that was given.
    pub tickets: &'a Cell<i64>,
}

/// A contact's row without its record.
pub struct Header {
    /// `contact.flag`.
    pub flag: i64,
    /// The version.
    pub token: Token,
    /// Claims since the last commit.
    pub tries: i64,
    /// Who claimed last.
    pub claimer: i64,
    /// Opt-outs.
    pub stop: StopMask,
}

impl Tables<'_> {
    /// Runs a statement; says how many rows it changed.
    pub fn run(&self, sql: &str, params: impl Params) -> Answer<usize> {
        self.db.prepare_cached(sql).and_then(|mut s| s.execute(params)).map_err(|e| failure(&e))
    }

    /// The first row, if there is one.
    pub fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Answer<Option<T>> {
        first(self.db, sql, params, read)
    }

    /// All rows.
    pub fn all<T>(&self, sql: &str, params: impl Params, read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Answer<Vec<T>> {
        all(self.db, sql, params, read)
    }

    /// A contact's row without its record.
    pub fn header(&self, contact: ContactKey) -> Answer<Option<Header>> {
        let sql = "SELECT flag, token, tries, claimer, stop FROM contact WHERE id = ?1";
        self.first(sql, [contact.as_str()], |row| {
            Ok(Header {
                flag: row.get(0)?,
                token: Token(row.get::<_, i64>(1)? as u64),
                tries: row.get(2)?,
                claimer: row.get(3)?,
                stop: StopMask::from_bits(row.get(4)?),
            })
        })
    }

    /// A contact's record.
    pub fn blob(&self, contact: ContactKey) -> Answer<Bytes> {
        let sql = "SELECT record FROM contact WHERE id = ?1";
        Ok(self.first(sql, [contact.as_str()], |row| row.get::<_, Vec<u8>>(0))?.map_or_else(Bytes::new, Bytes::from))
    }

    /// Where an alias leads.
    pub fn target(&self, contact: ContactKey) -> Answer<ContactKey> {
        let blob = self.blob(contact)?;
        let key = std::str::from_utf8(&blob).ok().and_then(ContactKey::parse);
        key.ok_or_else(|| StoreError::Bug("an alias that leads nowhere".to_owned()))
    }

    /// Inputs that lie in the mailbox.
    pub fn mailbox_len(&self, contact: ContactKey) -> Answer<usize> {
        let sql = "SELECT count(*) FROM mailbox WHERE contact = ?1";
        Ok(self.first(sql, [contact.as_str()], |row| row.get::<_, i64>(0))?.map_or(0, |n| usize::try_from(n).unwrap_or(0)))
    }

    /// Puts an input into the mailbox.
    pub fn push_input(&self, contact: ContactKey, entry: &Entry) -> Answer<()> {
        let sql = "INSERT INTO mailbox (contact, class, id, at, body) VALUES (?1, ?2, ?3, ?4, ?5)";
        let row = (contact.as_str(), class_number(entry.class), entry.id.0 as i64, entry.accepted_at.0, &entry.body[..]);
        self.run(sql, row).map(|_| ())
    }

    /// The first inputs that may be processed now: any when open, only priority while a call is pending.
    pub fn hand(&self, contact: ContactKey, held: bool) -> Answer<Vec<Entry>> {
        let sql = "SELECT class, id, at, body FROM mailbox WHERE contact = ?1 AND class >= ?2 ORDER BY seq LIMIT ?3";
        let k = i64::try_from(self.settings.claim_inputs).unwrap_or(i64::MAX);
        self.all(sql, (contact.as_str(), i64::from(held), k), |row| read_entry(row, 0))
    }

    /// Leases a contact and gives what the claimer needs.
    pub fn claim_now(&self, contact: ContactKey, header: &Header) -> Answer<Claim> {
        self.attend(contact, Some(self.now + self.settings.claim_lease), true)?;
        let held = header.flag == HELD;
        let tries = u8::try_from(header.tries).unwrap_or(9).min(9);
        let record = Record { held, tries, stop: header.stop, token: header.token, blob: self.blob(contact)? };
        Ok(Claim { now: self.now, record, inputs: self.hand(contact, held)? })
    }

    /// When somebody must look at a contact.
    pub fn attend(&self, contact: ContactKey, at: Option<Millis>, leased: bool) -> Answer<()> {
        let sql = "UPDATE contact SET attend = ?2, leased = ?3 WHERE id = ?1";
        self.run(sql, (contact.as_str(), at.map(|at| at.0), leased)).map(|_| ())
    }

    /// Appends to the journal.
    pub fn journal(&self, body: &[u8]) -> Answer<()> {
        self.run("INSERT INTO journal (body) VALUES (?1)", [body]).map(|_| ())
    }

    /// Places a lane in its set.
    pub fn place(&self, lane: LaneKey, set: &WorkSet, due: Millis, leased: bool) -> Answer<()> {
        let sql = "INSERT INTO lane (id, work, due, leased, ticket) VALUES (?1, ?2, ?3, ?4, 0) \
                   ON CONFLICT (id) DO UPDATE SET work = excluded.work, due = excluded.due, leased = excluded.leased, ticket = 0";
        self.run(sql, (member(lane), set.to_string(), due.0, leased)).map(|_| ())
    }

    /// A time that has passed for message ids.
    pub fn forgotten(&self) -> i64 {
        (self.now - Span(self.settings.dedupe_ttl.0)).0
    }

    /// Forgets old message ids, a bounded number at once.
    pub fn prune(&self) -> Answer<()> {
        let sql =
            "DELETE FROM seen WHERE (contact, hash) IN (SELECT contact, hash FROM seen WHERE at < ?1 ORDER BY at LIMIT 5000)";
        self.run(sql, [self.forgotten()]).map(|_| ())
    }
}

/// The first row of a query, if there is one.
pub fn first<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Answer<Option<T>> {
    db.prepare_cached(sql).and_then(|mut s| s.query_row(params, read).optional()).map_err(|e| failure(&e))
}

/// All rows of a query.
pub fn all<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Answer<Vec<T>> {
    let rows = || db.prepare_cached(sql)?.query_map(params, read)?.collect::<rusqlite::Result<Vec<T>>>();
    rows().map_err(|e| failure(&e))
}

/// `mailbox.class`.
pub fn class_number(class: Class) -> i64 {
    match class {
        Class::Normal => 0,
        Class::Priority => 1,
    }
}

/// class, id, at, body from this column on.
pub fn read_entry(row: &Row<'_>, column: usize) -> rusqlite::Result<Entry> {
    Ok(Entry {
        class: if row.get::<_, i64>(column)? == 0 { Class::Normal } else { Class::Priority },
        id: InputId(row.get::<_, i64>(column + 1)? as u64),
        accepted_at: Millis(row.get(column + 2)?),
        body: Bytes::from(row.get::<_, Vec<u8>>(column + 3)?),
    })
}

fn unreadable(column: usize, what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, what.into())
}

/// A contact's key.
pub fn read_contact(row: &Row<'_>, column: usize) -> rusqlite::Result<ContactKey> {
    ContactKey::parse(&row.get::<_, String>(column)?).ok_or_else(|| unreadable(column, "no contact's key"))
}

/// A work set.
pub fn read_set(row: &Row<'_>, column: usize) -> rusqlite::Result<WorkSet> {
    WorkSet::parse(&row.get::<_, String>(column)?).ok_or_else(|| unreadable(column, "no work set"))
}

/// An effect's id.
pub fn read_effect(row: &Row<'_>, column: usize) -> rusqlite::Result<EffectId> {
    EffectId::parse(&row.get::<_, String>(column)?).ok_or_else(|| unreadable(column, "no effect's id"))
}

/// A lane.
pub fn read_lane(row: &Row<'_>, column: usize) -> rusqlite::Result<LaneKey> {
    let text: String = row.get(column)?;
    let (contact, own) = text.split_once(':').map_or((&text[..], None), |(c, e)| (c, Some(e)));
    let lane = match own {
        None => Some(Lane::Contact),
        Some(effect) => EffectId::parse(effect).map(Lane::Own),
    };
    let key = ContactKey::parse(contact).zip(lane).map(|(contact, lane)| LaneKey { contact, lane });
    key.ok_or_else(|| unreadable(column, "no lane"))
}

/// A lane's name.
pub fn member(lane: LaneKey) -> String {
    match lane.lane {
        Lane::Contact => lane.contact.to_string(),
        Lane::Own(effect) => format!("{}:{effect}", lane.contact),
    }
}
