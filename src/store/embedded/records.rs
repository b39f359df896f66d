//! Subscribers, what failed, versions: writes.

use super::tables::{ALIAS, HELD, OPEN, Tables, member, read_contact, read_lane, read_set};
use crate::domain::id::{ContactKey, VersionId};
use crate::domain::input::Class;
use crate::domain::time::Millis;
use crate::store::{Advance, Advanced, Answer, Entry, FailedBody, FailedItem, FailedKey, JournalId, LaneKey, WorkSet};
use rusqlite::Row;

/// The columns that `read_failed` reads.
pub const FAILED: &str = "contact, at, lane, work, attempt, class, id, accepted, body";

/// Something that failed, by its name within the store.
pub fn read_failed(row: &Row<'_>) -> rusqlite::Result<FailedItem> {
    let (contact, at) = (read_contact(row, 0)?, Millis(row.get(1)?));
    let id: String = row.get(6)?;
    let unreadable = || rusqlite::Error::FromSqlConversionFailure(6, rusqlite::types::Type::Text, "no id".into());
    if row.get::<_, Option<String>>(2)?.is_some() {
        let effect = crate::domain::id::EffectId::parse(&id).ok_or_else(unreadable)?;
        let body = row.get::<_, Vec<u8>>(8)?.into();
        let body = FailedBody::Effect { lane: read_lane(row, 2)?, set: read_set(row, 3)?, attempts: row.get(4)?, body };
        return Ok(FailedItem { key: FailedKey::Effect(contact, effect), at, body });
    }
    let entry = Entry {
        class: if row.get::<_, i64>(5)? == 0 { Class::Normal } else { Class::Priority },
        id: id.strip_prefix(contact.as_str()).and_then(crate::domain::id::InputId::parse).ok_or_else(unreadable)?,
        accepted_at: Millis(row.get(7)?),
        body: row.get::<_, Vec<u8>>(8)?.into(),
    };
    Ok(FailedItem { key: FailedKey::Input(contact, entry.id), at, body: FailedBody::Input(entry) })
}

impl Tables<'_> {
    /// Moves a subscriber's cursor.
    pub fn advance(&self, advance: &Advance) -> Answer<Advanced> {
        let sql = "SELECT seq FROM cursor WHERE name = ?1";
        let at = self.first(sql, [&advance.subscriber], |row| row.get::<_, i64>(0))?.unwrap_or(0);
        let number = |id: JournalId| i64::try_from(id.number).unwrap_or(i64::MAX);
        let (from, to) = (number(advance.from), number(advance.to));
        // Where it goes already is a repeat whose answer was lost.
        if at != from && at != to {
            return Ok(Advanced::Stale(JournalId { time: 0, number: at.unsigned_abs() }));
        }
        self.run("INSERT OR REPLACE INTO cursor VALUES (?1, ?2)", (&advance.subscriber, to))?;
        if advance.guard {
            self.run("DELETE FROM journal WHERE seq < ?1", [to])?;
        }
        Ok(Advanced::Ok)
    }

    /// An operator's retry.
    pub fn failed_retry(&self, key: FailedKey, journal: &[u8]) -> Answer<bool> {
        let (contact, id) = (key.contact(), key.field());
        let sql = format!("SELECT {FAILED} FROM failed WHERE id = ?1 AND contact = ?2");
        let Some(item) = self.first(&sql, (&id, contact.as_str()), read_failed)? else { return Ok(false) };
        let back = match item.body {
            FailedBody::Effect { lane, set, body, .. } => self.effect_again(lane, &set, &id, &body)?,
            FailedBody::Input(entry) => self.input_again(contact, &entry)?,
        };
        if back {
            self.run("DELETE FROM failed WHERE id = ?1", [&id])?;
            self.journal(journal)?;
        }
        Ok(back)
    }

    /// To the end of its lane, as a fresh, sure attempt.
    fn effect_again(&self, lane: LaneKey, set: &WorkSet, id: &str, body: &[u8]) -> Answer<bool> {
        let lane_name = member(lane);
        let busy = self.first("SELECT 1 FROM outbox WHERE lane = ?1 LIMIT 1", [&lane_name], |_| Ok(()))?.is_some();
        let sql = "INSERT INTO outbox (lane, id, work, state, attempt, who, body) VALUES (?1, ?2, ?3, 'q', 0, -1, ?4)";
        self.run(sql, (&lane_name, id, set.to_string(), body))?;
        if !busy {
            self.place(lane, set, self.now, false)?;
        }
        Ok(true)
    }

    /// To the end of the mailbox.
    fn input_again(&self, contact: ContactKey, entry: &Entry) -> Answer<bool> {
        let Some(header) = self.header(contact)?.filter(|header| header.flag != ALIAS) else { return Ok(false) };
        let before = self.mailbox_len(contact)?;
        self.push_input(contact, entry)?;
        if header.flag == OPEN && before == 0 || header.flag == HELD && entry.class == Class::Priority {
            self.attend(contact, Some(self.now), false)?;
        }
        Ok(true)
    }

    /// An operator forgets it.
    pub fn failed_drop(&self, key: FailedKey, journal: &[u8]) -> Answer<bool> {
        let (contact, id) = (key.contact(), key.field());
        let there = self.run("DELETE FROM failed WHERE id = ?1 AND contact = ?2", (id, contact.as_str()))? == 1;
        if there {
            self.journal(journal)?;
        }
        Ok(there)
    }

    /// Stores a version.
    pub fn put_version(&self, id: VersionId, content: &[u8]) -> Answer<()> {
        self.run("INSERT OR REPLACE INTO version VALUES (?1, ?2)", (id.0 as i64, content)).map(|_| ())
    }

    /// What the process before this one had taken: its claims lapse at once, its attempts are unsure.
    pub fn lapse(&self) -> Answer<()> {
        self.run("UPDATE contact SET attend = ?1, leased = 0 WHERE leased = 1", [self.now.0])?;
        self.run("UPDATE request SET until = ?1 WHERE answer IS NULL", [self.now.0])?;
        self.run("UPDATE outbox SET state = 'u' WHERE state IN ('s', 'v')", [])?;
        self.run("UPDATE lane SET due = ?1, leased = 0, ticket = 0 WHERE leased = 1", [self.now.0]).map(|_| ())
    }
}
