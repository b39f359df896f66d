//! How far a broadcast is: what was handed over, and what became of its messages. Counted when somebody asks, out of indexes that hold all that is counted.

use super::{Broadcast, Database, HistoryError, Row};
use crate::domain::broadcast::Refusal;
use std::collections::BTreeMap;

/// What became of messages, and of those to whom they went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Contacts with whom it began.
    pub began: i64,
    /// Messages that wait to be sent, or of which nobody knows.
    pub waiting: i64,
    /// Messages that a provider took; with all that came further.
    pub sent: i64,
    /// Messages that arrived; with those that were read.
    pub delivered: i64,
    /// Messages that were read.
    pub read: i64,
    /// Messages that failed.
    pub failed: i64,
    /// Messages that were given up before they left: somebody cancelled it.
    pub withdrawn: i64,
    /// Contacts that wrote back.
    pub answered: i64,
}

/// How far a broadcast is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// How many contacts got nothing, by the reason.
    pub skipped: BTreeMap<&'static str, i64>,
    /// What became of all its messages.
    pub all: Tally,
    /// The same by arm, if it has arms.
    pub arms: BTreeMap<String, Tally>,
}

impl Tally {
    fn message(&mut self, status: &str, n: i64) {
        match status {
            "queued" | "unsure" => self.waiting += n,
            "failed" => self.failed += n,
            "sent" => self.sent += n,
            "delivered" => {
                self.sent += n;
                self.delivered += n;
            }
            "read" => {
                self.sent += n;
                self.delivered += n;
                self.read += n;
            }
            "withdrawn" => self.withdrawn += n,
            _ => {}
        }
    }
}

/// How far this broadcast is.
pub async fn progress(database: &Database, broadcast: &Broadcast, by_arm: bool) -> Result<Progress, HistoryError> {
    let id = [broadcast.id.to_string().into()];
    let mut found = Progress::default();
    let sql = "SELECT reason, count(*) FROM broadcast_member WHERE broadcast = $1 GROUP BY reason";
    for row in database.read(sql, &id).await? {
        if let Some(reason) = Refusal::parse(row.text(0)?) {
            found.skipped.insert(reason.as_str(), row.int(1)?);
        }
    }
    let sql = "SELECT status, count(*) FROM message WHERE broadcast = $1 AND direction = 'out' GROUP BY status";
    for row in database.read(sql, &id).await? {
        found.all.message(row.text(0)?, row.int(1)?);
    }
    let one = |rows: Vec<Row>| rows.first().map_or(Ok(0), |row| row.int(0));
    found.all.began = one(database.read("SELECT count(*) FROM run WHERE broadcast = $1", &id).await?)?;
    let sql = "SELECT count(DISTINCT contact) FROM message WHERE broadcast = $1 AND direction = 'in'";
    found.all.answered = one(database.read(sql, &id).await?)?;
    if !by_arm {
        return Ok(found);
    }
    for row in database.read("SELECT arm, count(*) FROM run WHERE broadcast = $1 GROUP BY arm", &id).await? {
        found.arms.entry(row.text(0)?.to_owned()).or_default().began = row.int(1)?;
    }
    let sql = "SELECT r.arm, m.status, count(*) FROM message m JOIN run r ON r.contact = m.contact AND r.id = m.run
               WHERE m.broadcast = $1 AND m.direction = 'out' GROUP BY r.arm, m.status";
    for row in database.read(sql, &id).await? {
        found.arms.entry(row.text(0)?.to_owned()).or_default().message(row.text(1)?, row.int(2)?);
    }
    let sql = "SELECT r.arm, count(DISTINCT m.contact) FROM message m JOIN run r ON r.contact = m.contact AND r.id = m.run
               WHERE m.broadcast = $1 AND m.direction = 'in' GROUP BY r.arm";
    for row in database.read(sql, &id).await? {
        found.arms.entry(row.text(0)?.to_owned()).or_default().answered = row.int(1)?;
    }
    Ok(found)
}
