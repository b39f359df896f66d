//! Publications of flows.

use super::file::failure;
use super::tables::{Tables, all, first};
use crate::domain::id::VersionId;
use crate::domain::limits;
use crate::domain::name::Slug;
use crate::store::{Answer, Current, Kept, Publish, Published, StoreError};
use bytes::Bytes;
use rusqlite::Connection;

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Tables<'_> {
    /// Makes a version current, if nothing was published since.
    pub fn publish(&self, publish: &Publish) -> Answer<Published> {
        let Publish { name, version, base, body } = publish;
        let sql = "SELECT number, version, body FROM publication WHERE name = ?1 ORDER BY number DESC LIMIT 1";
        let last = self.first(sql, [name.as_str()], |row| {
            Ok((unsigned(row.get(0)?), VersionId(row.get::<_, i64>(1)? as u64), row.get::<_, Vec<u8>>(2)?))
        })?;
        let number = last.as_ref().map_or(0, |(number, ..)| *number);
        if last.is_some_and(|(number, id, said)| number == base + 1 && id == *version && said == body[..]) {
            return Ok(Published::Ok(number));
        }
        if number != *base {
            return Ok(Published::Stale(number));
        }
        let number = base + 1;
        self.run("INSERT OR REPLACE INTO current VALUES (?1, ?2)", (name.as_str(), version.0 as i64))?;
        let sql = "INSERT INTO publication (name, number, version, body) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, (name.as_str(), signed(number), version.0 as i64, &body[..]))?;
        let old = signed(number) - signed(limits::PUBLICATIONS as u64);
        self.run("DELETE FROM publication WHERE name = ?1 AND number <= ?2", (name.as_str(), old))?;
        Ok(Published::Ok(number))
    }
}

/// What is current, by name.
pub fn current(db: &Connection) -> Answer<Vec<Current>> {
    // One snapshot: a publication between two reads must not show.
    let snapshot = db.unchecked_transaction().map_err(|e| failure(&e))?;
    let sql = "SELECT c.name, c.version, p.number, p.version, p.body FROM current c LEFT JOIN publication p \
               ON p.name = c.name AND p.number = (SELECT max(number) FROM publication WHERE name = c.name) ORDER BY c.name";
    let rows = all(&snapshot, sql, [], |row| {
        let version = row.get::<_, i64>(1)?;
        let said = row.get::<_, Option<i64>>(3)? == Some(version);
        let number = row.get::<_, Option<i64>>(2)?.map_or(0, unsigned);
        let body = row.get::<_, Option<Vec<u8>>>(4)?.filter(|_| said).unwrap_or_default();
        Ok((row.get::<_, String>(0)?, VersionId(version as u64), number, Bytes::from(body)))
    })?;
    let parse = |(name, version, number, body): (String, VersionId, u64, Bytes)| {
        let name = Slug::parse(&name).map_err(|_| StoreError::Bug("a flow's name is no name".to_owned()))?;
        Ok(Current { name, version, number, body })
    };
    rows.into_iter().map(parse).collect()
}

/// Publications of a name, the newest first.
pub fn publications(db: &Connection, name: &Slug, before: Option<u64>, n: usize) -> Answer<Vec<Kept>> {
    let sql = "SELECT number, body FROM publication WHERE name = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3";
    let before = before.map_or(i64::MAX, signed);
    all(db, sql, (name.as_str(), before, i64::try_from(n).unwrap_or(i64::MAX)), |row| {
        Ok(Kept { number: unsigned(row.get(0)?), body: Bytes::from(row.get::<_, Vec<u8>>(1)?) })
    })
}

/// Grows with every publication.
pub fn published(db: &Connection) -> Answer<u64> {
    Ok(first(db, "SELECT max(seq) FROM publication", [], |row| row.get::<_, Option<i64>>(0))?.flatten().map_or(0, unsigned))
}
