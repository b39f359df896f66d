//! Where a sink reads: in history, which keeps entries for weeks, so that a service that is down for days misses nothing and the store
//! holds nothing for it. How far each sink has come stands beside the entries, for each shard.

use crate::config::sinks::Beginning;
use crate::domain::codec;
use crate::domain::id::ContactKey;
use crate::domain::journal::{Entry, Event};
use crate::domain::mode::Mode;
use crate::domain::time::Millis;
use crate::history::{Answers, Cell, Database, HistoryError, Round, Row, Statement, Work};

/// Shards of a store at most.
const SHARDS: u8 = 64;
/// Entries that are read at once, and bytes of them.
const ENTRIES: usize = 1_000;
const PAGE: usize = 200;
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
    database: Database,
}

/// Shards in which something is that a sink was not told of, with the place that it stands at in each.
const NEWS: &str = "WITH RECURSIVE shards (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM shards WHERE n < 63)
    SELECT shards.n, coalesce(place.time, -1), coalesce(place.number, -1) FROM shards
    LEFT JOIN sink_place AS place ON place.sink = $1 AND place.shard = shards.n
    WHERE EXISTS (SELECT 1 FROM entry WHERE entry.shard = shards.n
                  AND (entry.time, entry.number) > (coalesce(place.time, -1), coalesce(place.number, -1)))
    ORDER BY shards.n";

impl Shelf {
    /// Opens history for a sink; a sink that is new begins where it says.
    pub async fn open(database: &Database, sink: &str, from: Beginning) -> Result<Self, HistoryError> {
        let opening = Opening { sink: sink.to_owned(), from, asked: false };
        database.transact(opening).await?;
        Ok(Shelf { sink: sink.to_owned(), database: database.clone() })
    }

    /// Forgets the sinks that are not among these.
    pub async fn retain(database: &Database, names: &[&str]) -> Result<(), HistoryError> {
        let mut gone = Vec::new();
        for row in &database.read("SELECT name FROM sink", &[]).await? {
            let name = row.text(0)?;
            if !names.contains(&name) {
                gone.push(Statement::new("DELETE FROM sink WHERE name = $1", [name.into()]));
                gone.push(Statement::new("DELETE FROM sink_place WHERE sink = $1", [name.into()]));
            }
        }
        if !gone.is_empty() {
            database.write(gone).await?;
        }
        Ok(())
    }

    /// Entries that the sink has not been told of, from this shard on.
    pub async fn unread(&self, first: u8) -> Result<Unread, HistoryError> {
        let mut unread = Unread::default();
        let missed = self.database.read("SELECT missed FROM sink WHERE name = $1", &[self.sink.as_str().into()]).await?;
        unread.missed = missed.first().map(|row| row.int(0)).transpose()?.unwrap_or(0).max(0).unsigned_abs();
        let mut news = news(&self.database, &self.sink).await?;
        // Those before the first come last.
        let split = news.partition_point(|place| place.shard < first);
        news.rotate_left(split);
        let sql = "SELECT time, number, at, kind, body FROM entry WHERE shard = $1 AND (time, number) > ($2, $3)
                   ORDER BY time, number LIMIT $4";
        let (mut left, mut bytes) = (ENTRIES, 0);
        for from in news {
            let (shard, mut last) = (from.shard, from);
            loop {
                let page = left.min(PAGE);
                let params: [Cell; 4] = [shard.into(), last.time.into(), last.number.into(), page.into()];
                let rows = self.database.read(sql, &params).await?;
                let read = rows.len();
                for row in &rows {
                    last = Place { shard, time: row.int(0)?, number: row.int(1)? };
                    let at = row.at(2)?;
                    unread.oldest = Some(unread.oldest.map_or(at, |oldest| oldest.min(at)));
                    (left, bytes) = (left - 1, bytes + row.bytes(4)?.len());
                }
                unread.entries.extend(decoded(rows).await?);
                if read < page || left == 0 || bytes >= BYTES {
                    break;
                }
            }
            unread.places.push(last);
            if left == 0 || bytes >= BYTES {
                unread.more = true;
                break;
            }
        }
        Ok(unread)
    }

    /// What was written down of a contact up to a moment, the latest first.
    pub async fn before(&self, contact: ContactKey, at: Millis) -> Result<Vec<Event>, HistoryError> {
        let sql = "SELECT body FROM entry WHERE contact = $1 AND at <= $2 AND kind = 'entry' ORDER BY at DESC LIMIT $3";
        let rows = self.database.read(sql, &[contact.into(), at.into(), BACK.into()]).await?;
        let mut events = Vec::new();
        for row in &rows {
            events.extend(codec::decode::<Entry>(row.bytes(0)?).into_iter().flat_map(|entry| entry.events));
        }
        Ok(events)
    }

    /// The sink was told of everything up to these places. Whoever is further stays there: two instances on one database do no harm.
    pub async fn told(&self, places: &[Place], sent: u64, dropped: u64) -> Result<(), HistoryError> {
        // Whoever is told twice, because a stop came in between, counts once: the places say whether it was done.
        let counted = "UPDATE sink SET sent = sent + $2, dropped = dropped + $3 WHERE name = $1 AND NOT EXISTS
                           (SELECT 1 FROM sink_place WHERE sink_place.sink = $1 AND shard = $4 AND (time, number) >= ($5, $6))";
        let Place { shard, time, number } =
            places.first().copied().unwrap_or(Place { shard: 0, time: i64::MAX, number: i64::MAX });
        let params: [Cell; 6] =
            [self.sink.as_str().into(), sent.into(), dropped.into(), shard.into(), time.into(), number.into()];
        let mut statements = vec![Statement::new(counted, params)];
        // Nothing is left behind by one that was removed in the meantime.
        let sql = "INSERT INTO sink_place (sink, shard, time, number)
                   SELECT name, CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT) FROM sink WHERE name = $1
                   ON CONFLICT (sink, shard) DO UPDATE SET time = excluded.time, number = excluded.number
                   WHERE (excluded.time, excluded.number) > (sink_place.time, sink_place.number)";
        for Place { shard, time, number } in places {
            let params: [Cell; 4] = [self.sink.as_str().into(), (*shard).into(), (*time).into(), (*number).into()];
            statements.push(Statement::new(sql, params));
        }
        self.database.write(statements).await.map(|_| ())
    }

    /// How a sink stands, read beside a running service; nothing if it never ran.
    pub async fn standing(database: &Database, sink: &str) -> Result<Option<Standing>, HistoryError> {
        let rows = database.read("SELECT sent, dropped, missed FROM sink WHERE name = $1", &[sink.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let number = |i| row.int(i).map(|n| n.max(0).unsigned_abs());
        let mut standing = Standing { sent: number(0)?, dropped: number(1)?, missed: number(2)?, waiting: 0, oldest: None };
        let sql = "SELECT count(*), min(at) FROM
                   (SELECT at FROM entry WHERE shard = $1 AND (time, number) > ($2, $3) ORDER BY time, number LIMIT $4) AS waiting";
        for Place { shard, time, number } in news(database, sink).await? {
            let rows = database.read(sql, &[shard.into(), time.into(), number.into(), COUNTED.into()]).await?;
            let Some(row) = rows.first() else { continue };
            standing.waiting += row.int(0)?.max(0).unsigned_abs();
            standing.oldest = [standing.oldest, row.opt_at(1)?].into_iter().flatten().min();
        }
        standing.waiting = standing.waiting.min(COUNTED.unsigned_abs());
        Ok(Some(standing))
    }
}

async fn news(database: &Database, sink: &str) -> Result<Vec<Place>, HistoryError> {
    let rows = database.read(NEWS, &[sink.into()]).await?;
    let place = |row: &Row| {
        let shard = u8::try_from(row.int(0)?).unwrap_or(0);
        Ok(Place { shard, time: row.int(1)?, number: row.int(2)? })
    };
    rows.iter().map(place).collect()
}

/// What rows say, as (…, kind, body), apart from the threads that serve.
async fn decoded(rows: Vec<Row>) -> Result<Vec<Option<Entry>>, HistoryError> {
    let work = move || -> Result<Vec<Option<Entry>>, HistoryError> {
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            // Of test contacts nothing is told, and nothing of them could be read here.
            if row.text(3)? == "entry" && codec::mode_of(row.bytes(4)?) == Mode::Live {
                entries.push(codec::decode(row.bytes(4)?).ok());
            }
        }
        Ok(entries)
    };
    tokio::task::spawn_blocking(work).await.map_err(|e| HistoryError(e.to_string()))?
}

/// A sink that is new begins at the end of each shard, if it is to tell only what happens from now on.
struct Opening {
    sink: String,
    from: Beginning,
    asked: bool,
}

impl Work for Opening {
    fn begin(&mut self) -> Round {
        self.asked = false;
        let sql = "INSERT INTO sink (name) VALUES ($1) ON CONFLICT DO NOTHING";
        Round::Write(vec![Statement::new(sql, [self.sink.as_str().into()])])
    }

    fn next(&mut self, answers: Answers) -> Result<Round, HistoryError> {
        let is_new = !std::mem::replace(&mut self.asked, true) && answers.changed() == [1];
        if !is_new || self.from == Beginning::Start {
            return Ok(Round::Done);
        }
        let sql = "INSERT INTO sink_place (sink, shard, time, number)
                   SELECT sink.name, entry.shard, entry.time, entry.number FROM entry JOIN sink ON sink.name = $1 WHERE entry.shard = $2
                   ORDER BY entry.time DESC, entry.number DESC LIMIT 1";
        let shards = (0..SHARDS).map(|shard| Statement::new(sql, [self.sink.as_str().into(), shard.into()]));
        Ok(Round::Write(shards.collect()))
    }
}

#[cfg(test)]
mod tests;
