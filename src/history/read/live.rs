//! What is written down now: entries of the journal after a place, in the order of each shard, which is the only order that
//! there is. A place holds how far each shard is, so that whoever was cut off goes on without a gap and without hearing
//! anything twice.

use super::select::Select;
use crate::domain::codec;
use crate::domain::id::RunId;
use crate::domain::journal::{Entry, Event};
use crate::domain::mode::Mode;
use crate::history::{Cell, Database, HistoryError, Row};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Entries that are read at once of one shard.
pub const BATCH: usize = 200;
/// Shards that a place may name: one that was made up must not make a statement without end.
const SHARDS: usize = 256;

/// How far somebody has listened: each shard, and of the entry after one of those places so many events.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LivePlace(BTreeMap<u8, Mark>, Option<(u8, Mark, usize)>);

/// How far they have in one shard: the time and the number of the last entry.
type Mark = (i64, i64);

impl LivePlace {
    /// As it travels; opaque.
    pub fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(rmp_serde::to_vec(self).unwrap_or_default())
    }

    /// Reads what `write` gave.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        rmp_serde::from_slice::<LivePlace>(&bytes).ok().filter(|place| place.0.len() <= SHARDS)
    }

    /// After this entry.
    pub fn pass(&mut self, heard: &Heard) {
        self.0.insert(heard.shard, heard.mark);
        self.1 = None;
    }

    /// After so many events of this entry.
    pub fn pass_events(&mut self, heard: &Heard, events: usize) {
        self.1 = Some((heard.shard, heard.mark, events));
    }

    /// How many events of this entry are passed.
    pub fn passed_of(&self, heard: &Heard) -> usize {
        self.1.filter(|(shard, mark, _)| (*shard, *mark) == (heard.shard, heard.mark)).map_or(0, |(_, _, events)| events)
    }
}

/// An entry that was written down.
#[derive(Debug, Clone)]
pub struct Heard {
    shard: u8,
    mark: Mark,
    /// Whether its contact was live or test; nothing if nobody knows.
    pub mode: Option<Mode>,
    /// The entry; nothing if this release cannot read it, or if it says nothing any more.
    pub entry: Option<Entry>,
}

/// The shards of which there is something, by as many steps through the index.
const PRESENT: &str = "WITH RECURSIVE present (shard) AS (
        SELECT MIN(e.shard) FROM entry e
        UNION ALL SELECT (SELECT MIN(e.shard) FROM entry e WHERE e.shard > p.shard) FROM present p WHERE p.shard IS NOT NULL
    )
    SELECT p.shard FROM present p WHERE p.shard IS NOT NULL";

/// Where everything that is there ends: what comes after it is news.
pub async fn newest(database: &Database) -> Result<LivePlace, HistoryError> {
    let mut place = LivePlace::default();
    for row in database.read(PRESENT, &[]).await? {
        let mut last = Select::new("SELECT e.shard, e.time, e.number FROM entry e");
        last.and("e.shard = ?", [row.int(0)?.into()]).put(" ORDER BY e.shard DESC, e.time DESC, e.number DESC LIMIT 1", []);
        for row in last.rows(database).await? {
            place.0.insert(shard(&row)?, (row.int(1)?, row.int(2)?));
        }
    }
    Ok(place)
}

/// What was written down after a place: of each shard in order, at most `BATCH` entries of each.
pub async fn heard(database: &Database, place: &LivePlace) -> Result<Vec<Heard>, HistoryError> {
    let present = database.read(PRESENT, &[]).await?;
    let marks = present.iter().map(|row| shard(row).map(|shard| (shard, place.0.get(&shard).copied().unwrap_or(BEGINNING))));
    let marks = marks.collect::<Result<Vec<_>, _>>()?;
    if marks.is_empty() {
        return Ok(Vec::new());
    }
    let mut heard = Vec::new();
    for row in select(&marks).rows(database).await? {
        let entry = match row.text(3)? {
            "entry" => codec::decode_in::<Entry>(row.bytes(5)?).ok().map(|(_, entry)| entry),
            _ => None,
        };
        let mode = Mode::parse(row.text(4)?);
        heard.push(Heard { shard: shard(&row)?, mark: (row.int(1)?, row.int(2)?), mode, entry });
    }
    heard.sort_by_key(|one| (one.shard, one.mark));
    Ok(heard)
}

/// Before the first entry of a shard.
const BEGINNING: Mark = (i64::MIN, i64::MIN);

pub(super) fn select(marks: &[(u8, Mark)]) -> Select {
    let mut select = Select::new("");
    for (i, (shard, (time, number))) in marks.iter().enumerate() {
        // An index over all three is entered at the place.
        select.put(
            &format!(
                "{}SELECT * FROM (SELECT e.shard, e.time, e.number, e.kind, e.mode, e.body
                  FROM entry e WHERE e.shard = ? AND e.time >= ? AND (e.time > ? OR e.number > ?)
                  ORDER BY e.shard, e.time, e.number LIMIT ?) x{shard}",
                if i == 0 { "" } else { " UNION ALL " }
            ),
            [Cell::from(*shard), Cell::Int(*time), Cell::Int(*time), Cell::Int(*number), BATCH.into()],
        );
    }
    select
}

fn shard(row: &Row) -> Result<u8, HistoryError> {
    u8::try_from(row.int(0)?).map_err(|_| HistoryError("a shard beyond 255".to_owned()))
}

/// The flows of runs, as far as they are known; asked once for each.
#[derive(Debug, Default)]
pub struct RunFlows(HashMap<(String, RunId), Option<String>>);

/// Flows that are remembered.
const FLOWS: usize = 10_000;

impl RunFlows {
    /// The flow of an event's run, as the event itself or the record says.
    pub async fn of(&mut self, database: &Database, entry: &Entry, event: &Event) -> Result<Option<String>, HistoryError> {
        let Some(run) = event.run() else {
            return Ok(match event {
                Event::Begun { flow, .. } | Event::WebhookReceived { flow, .. } => Some(flow.to_string()),
                _ => None,
            });
        };
        let key = (entry.contact.to_string(), run);
        if let Event::RunStarted { flow, .. } | Event::RunEnded { flow, .. } = event {
            return Ok(Some(self.0.entry(key).or_insert_with(|| Some(flow.to_string())).clone().unwrap_or_default()));
        }
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        if self.0.len() >= FLOWS {
            self.0.clear();
        }
        let mut select = Select::new("SELECT r.flow FROM run r");
        select.and("r.contact = ? AND r.id = ?", [entry.contact.into(), run.into()]);
        let rows = select.rows(database).await?;
        let flow = rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()?;
        self.0.insert(key, flow.clone());
        Ok(flow)
    }
}

macro_rules! kinds {
    ($($event:ident => $kind:literal),* $(,)?) => {
        /// What events are called here and in the journal.
        pub const KINDS: &[&str] = &[$($kind),*];

        /// What an event is called.
        pub fn kind_of(event: &Event) -> &'static str {
            match event {
                $(Event::$event { .. } => $kind),*
            }
        }
    };
}

kinds! {
    Received => "received",
    EventReceived => "event_received",
    WebhookReceived => "webhook_received",
    RunStarted => "run_started",
    Entered => "entered",
    Left => "left",
    Set => "set",
    Tagged => "tagged",
    RunEnded => "run_ended",
    Sent => "sent",
    Called => "called",
    CallEnded => "call_ended",
    Emitted => "emitted",
    Alert => "alert",
    OptedOut => "opted_out",
    OptedIn => "opted_in",
    AddressDead => "address_dead",
    Attempted => "attempted",
    Switched => "switched",
    Reported => "reported",
    SetAside => "set_aside",
    Overflow => "overflow",
    Note => "note",
    Forgotten => "forgotten",
    TimeMoved => "time_moved",
    ContactChanged => "contact_changed",
    Begun => "begun",
    Halted => "halted",
    HandoffOpened => "handoff_opened",
    HandoffTaken => "handoff_taken",
    PersonWrote => "person_wrote",
    HandoffClosed => "handoff_closed",
    Hooked => "hooked",
    Way => "way",
    Consent => "consent",
    Profile => "profile",
    Moved => "moved",
    Skipped => "skipped",
    Merged => "merged",
    TookIn => "took_in",
    Tried => "tried",
    Channel => "channel",
    Flow => "flow",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_travels_and_one_that_was_made_up_is_none() {
        let heard = |shard, number| Heard { shard, mark: (5, number), mode: Some(Mode::Live), entry: None };
        let mut place = LivePlace::default();
        place.pass(&heard(3, 7));
        place.pass_events(&heard(9, 1), 2);
        let again = LivePlace::read(&place.write()).expect("read");
        assert_eq!((again.passed_of(&heard(9, 1)), again.passed_of(&heard(9, 2)), &again), (2, 0, &place));
        place.pass(&heard(9, 1));
        assert_eq!(place.passed_of(&heard(9, 1)), 0);
        for bad in ["", "x", "kA", "////"] {
            assert_eq!(LivePlace::read(bad), None, "{bad}");
        }
    }
}
