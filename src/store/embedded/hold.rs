//! What holds channels back.

use super::tables::{Tables, all};
use crate::store::hold::{Held, HoldKey, read};
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

    /// Ends it; whether it was there.
    pub fn unhold(&self, key: &HoldKey) -> Answer<bool> {
        Ok(self.run("DELETE FROM held WHERE name = ?1", [key.field()])? > 0)
    }
}

/// All of it.
pub fn holds(db: &Connection) -> Answer<Vec<Held>> {
    read(all(db, "SELECT name, body FROM held", [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?)
}
