//! What holds channels and flows back.

use super::tables::{Tables, all};
use crate::store::hold::{Held, HoldKey, Judgement, read};
use crate::store::{Answer, StoreError};
use bytes::Bytes;
use rusqlite::Connection;

impl Tables<'_> {
    /// Keeps it if nothing is kept under this name; whether this very one stands now.
    pub fn hold(&self, key: &HoldKey, body: &Bytes) -> Answer<bool> {
        let name = key.field();
        self.run("INSERT OR IGNORE INTO held VALUES (?1, ?2)", (&name, &body[..]))?;
        let stands = self.first("SELECT body FROM held WHERE name = ?1", [&name], |row| row.get::<_, Vec<u8>>(0))?;
        let stands = stands.ok_or_else(|| StoreError::Bug("what was kept is not there".to_owned()))?;
        Ok(stands == body[..])
    }

    /// Begins or ends it, if nothing later was said; whether this is the latest.
    pub fn judge(&self, said: &Judgement) -> Answer<bool> {
        let (name, mark) = (said.key.field(), said.mark());
        if self.mark(&said.key)?.is_some_and(|last| last > mark) {
            return Ok(false);
        }
        self.put_mark(&said.key, mark)?;
        match &said.body {
            Some(body) => self.run("INSERT OR IGNORE INTO held VALUES (?1, ?2)", (&name, &body[..]))?,
            None => self.run("DELETE FROM held WHERE name = ?1", [&name])?,
        };
        Ok(true)
    }

    /// Ends it; whether it was there.
    pub fn unhold(&self, key: &HoldKey) -> Answer<bool> {
        let there = self.run("DELETE FROM held WHERE name = ?1", [key.field()])? > 0;
        if let Some(last) = self.mark(key)?.filter(|_| there) {
            self.put_mark(key, last.saturating_add(1))?;
        }
        Ok(there)
    }

    fn mark(&self, key: &HoldKey) -> Answer<Option<i64>> {
        let found = self.first("SELECT body FROM held WHERE name = ?1", [key.mark()], |row| row.get::<_, Vec<u8>>(0))?;
        Ok(found.and_then(|text| String::from_utf8(text).ok()?.parse().ok()))
    }

    fn put_mark(&self, key: &HoldKey, mark: i64) -> Answer<()> {
        self.run("INSERT OR REPLACE INTO held VALUES (?1, ?2)", (key.mark(), mark.to_string().into_bytes())).map(drop)
    }
}

/// All of it.
pub fn holds(db: &Connection) -> Answer<Vec<Held>> {
    read(all(db, "SELECT name, body FROM held", [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?)
}
