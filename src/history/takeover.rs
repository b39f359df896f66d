//! What releases kept that only copied the journal is taken over: entry by entry through the same door as new ones, in their order, a part at a
//! time. Each part leaves the old table in the transaction that takes it in, so it can be broken off anywhere and goes on.

use super::cell::{Cell, Statement};
use super::error::HistoryError;
use super::feed::{Kept, Writer, by_place, read_entry};
use super::project::Place;

/// Entries of one part.
const PART: i64 = 500;

impl Writer {
    /// Entries that are still to be taken over; at most 1,000,000 are counted.
    pub async fn to_take_over(&self) -> Result<u64, HistoryError> {
        let sql = "SELECT count(*) FROM (SELECT 1 AS one FROM entry_before LIMIT 1000000) AS old";
        let rows = self.database().read(sql, &[]).await?;
        Ok(rows.first().map(|row| row.int(0)).transpose()?.unwrap_or(0).unsigned_abs())
    }

    /// Takes over one part. False when nothing is left.
    pub async fn take_over(&self) -> Result<bool, HistoryError> {
        let sql = "SELECT shard, time, number, at, contact, kind, body FROM entry_before ORDER BY shard, time, number LIMIT $1";
        let rows = self.database().read(sql, &[PART.into()]).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            let shard = u8::try_from(row.int(0)?).unwrap_or(0);
            let place = Place { shard, time: row.int(1)?, number: row.int(2)? };
            let (at, body) = (row.at(3)?, row.bytes(6)?.to_vec());
            items.push(match row.text(5)? {
                "overflow" => {
                    let contact = row.opt_text(4)?.unwrap_or_default().to_owned();
                    Kept { place, contact, token: by_place(place), at, kind: "overflow", body, entry: None }
                }
                _ => read_entry(place, body, at),
            });
        }
        let Some(Place { shard, time, number }) = items.last().map(|item| item.place) else { return Ok(false) };
        let sql = "DELETE FROM entry_before WHERE (shard, time, number) <= ($1, $2, $3)";
        let params: [Cell; 3] = [shard.into(), time.into(), number.into()];
        self.put(items, Some(Statement::new(sql, params))).await?;
        Ok(true)
    }
}
