//! The suppression list.

use super::tables::{Tables, all, first, read_contact};
use crate::domain::id::ContactKey;
use crate::domain::limits;
use crate::store::{Answer, ListChange, ListChanged, ListItem, ListMark};
use bytes::Bytes;
use rusqlite::Connection;

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Tables<'_> {
    /// Changes what the list has of an address, if it has what the caller read.
    pub fn list_change(&self, change: &ListChange) -> Answer<ListChanged> {
        let key = change.address.as_str();
        let was = find(self.db, change.address)?;
        if was == change.now {
            return Ok(ListChanged::Ok);
        }
        if was != change.was {
            return Ok(ListChanged::Other(was));
        }
        let Some(body) = &change.now else {
            self.run("DELETE FROM listed WHERE address = ?1", [key])?;
            return Ok(ListChanged::Ok);
        };
        let (last, n) = self
            .first("SELECT number, n FROM list_mark", [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?
            .unwrap_or_default();
        if was.is_none() && usize::try_from(n).unwrap_or(0) >= limits::SUPPRESSIONS {
            return Ok(ListChanged::Full);
        }
        self.run("UPDATE list_mark SET number = ?1", [last + 1])?;
        let sql = "INSERT INTO listed (address, number, body) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (address) DO UPDATE SET number = excluded.number, body = excluded.body";
        self.run(sql, (key, last + 1, &body[..]))?;
        Ok(ListChanged::Ok)
    }
}

/// What the list has of an address.
pub fn find(db: &Connection, address: ContactKey) -> Answer<Option<Bytes>> {
    let sql = "SELECT body FROM listed WHERE address = ?1";
    first(db, sql, [address.as_str()], |row| Ok(Bytes::from(row.get::<_, Vec<u8>>(0)?)))
}

/// What the list has, the last change first.
pub fn page(db: &Connection, before: Option<u64>, n: usize) -> Answer<Vec<ListItem>> {
    let sql = "SELECT number, address, body FROM listed WHERE number < ?1 ORDER BY number DESC LIMIT ?2";
    all(db, sql, (before.map_or(i64::MAX, signed), signed(n as u64)), |row| {
        let body = Bytes::from(row.get::<_, Vec<u8>>(2)?);
        Ok(ListItem { number: unsigned(row.get(0)?), address: read_contact(row, 1)?, body })
    })
}

/// Addresses that were changed after a number.
pub fn after(db: &Connection, after: u64, n: usize) -> Answer<Vec<(u64, ContactKey)>> {
    let sql = "SELECT number, address FROM listed WHERE number > ?1 ORDER BY number LIMIT ?2";
    all(db, sql, (signed(after), signed(n as u64)), |row| Ok((unsigned(row.get(0)?), read_contact(row, 1)?)))
}

/// How far the list has come. One file loses nothing that it gave out, so its number says all.
pub fn mark(db: &Connection) -> Answer<ListMark> {
    let number = first(db, "SELECT number FROM list_mark", [], |row| row.get::<_, i64>(0))?.map_or(0, unsigned);
    Ok(ListMark { number, bits: 0 })
}
