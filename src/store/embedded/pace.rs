//! What a channel sends in a day, and to one contact.

use super::tables::Tables;
use crate::domain::time::{Millis, Span};
use crate::store::pace::{HOUR, HOURS};
use crate::store::{Answer, LaneKey, Spend, Spent, StoreError, WorkSet};

impl Tables<'_> {
    /// One message of a channel's day, counted by the hour.
    pub fn spend(&self, spend: &Spend) -> Answer<Spent> {
        let (channel, hour) = (spend.channel.as_str(), self.now.0.div_euclid(HOUR));
        self.run("DELETE FROM spent WHERE channel = ?1 AND hour <= ?2", (channel, hour - HOURS))?;
        let sql = "SELECT coalesce(sum(n), 0), coalesce(sum(CASE WHEN hour >= ?2 - 1 THEN n ELSE 0 END), 0), coalesce(min(hour), ?2) \
                   FROM spent WHERE channel = ?1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?, row.get::<_, i64>(2)?));
        let row = super::tables::first(self.db, sql, (channel, hour), read)?;
        let (used, recent, oldest) = row.ok_or_else(|| StoreError::Bug("a sum without a row".to_owned()))?;
        if spend.back {
            self.run("UPDATE spent SET n = n - 1 WHERE channel = ?1 AND hour = (SELECT max(hour) FROM spent WHERE channel = ?1 AND n > 0)", [channel])?;
            return Ok(Spent { granted: false, used: used.saturating_sub(1), recent: recent.saturating_sub(1), again: Span(0) });
        }
        if used >= spend.most {
            let again = Span(((oldest + HOURS) * HOUR - self.now.0).max(0));
            return Ok(Spent { granted: false, used, recent, again });
        }
        let sql = "INSERT INTO spent VALUES (?1, ?2, 1) ON CONFLICT (channel, hour) DO UPDATE SET n = n + 1";
        self.run(sql, (channel, hour))?;
        Ok(Spent { granted: true, used: used + 1, recent: recent + 1, again: Span(0) })
    }

    /// Counts one more message to the contact of a lane; where there is no room, from when there is. Elsewhere nothing is counted.
    pub fn paced(&self, lane: LaneKey, set: &WorkSet) -> Answer<Option<Millis>> {
        let Some(pair) = self.settings.pair_of(lane.lane, set) else { return Ok(None) };
        let contact = lane.contact.as_str();
        let paid = self.first("SELECT paid FROM paced WHERE contact = ?1", [contact], |row| row.get::<_, i64>(0))?;
        match pair.next(Millis(paid.unwrap_or(0)), self.now) {
            Ok(paid) => self.run("INSERT OR REPLACE INTO paced VALUES (?1, ?2)", (contact, paid.0)).map(|_| None),
            Err(room) => Ok(Some(room)),
        }
    }

    /// Forgets what is paid back.
    pub fn prune_paced(&self) -> Answer<()> {
        self.run("DELETE FROM paced WHERE paid < ?1", [self.now.0]).map(|_| ())
    }
}
