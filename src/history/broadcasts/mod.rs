//! Broadcasts in SQL: the truth about who is to get what and how far that is. What became of each message is in `message`, as of any other.
//!
//! | part | what it does | file |
//! |---|---|---|
//! | `Broadcast` | one of them, found, listed, made | here |
//! | guarded | changes that hang on one row | `guarded` |
//! | moves | from one state to the next, and whose it is | `moves` |
//! | pieces | its contacts, some hundred together | `pieces` |
//! | members | who got nothing, and why; who had it before | `members` |
//! | progress | what became of it so far | `progress` |
//! | schedules | what begins broadcasts again and again | `schedules` |

mod guarded;
pub mod members;
pub mod moves;
pub mod pieces;
pub mod progress;
pub mod schedules;

pub use guarded::only_if;

use super::cell::{Cell, Row, Statement};
use super::database::Database;
use super::error::HistoryError;
use crate::domain::broadcast::BroadcastId;
use crate::domain::broadcast_plan::{Audience, Plan};
use crate::domain::broadcast_state::BroadcastState;
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::time::Millis;

/// A broadcast.
#[derive(Debug, Clone, PartialEq)]
pub struct Broadcast {
    /// Its name for machines.
    pub id: BroadcastId,
    /// Whether it reaches people.
    pub mode: Mode,
    /// Its name for people.
    pub name: String,
    /// The schedule that made it.
    pub schedule: Option<String>,
    /// When it was made.
    pub created_at: Millis,
    /// Who made it.
    pub created_by: String,
    /// Where it stands.
    pub state: BroadcastState,
    /// Since when it stands there.
    pub changed_at: Millis,
    /// What contacts get.
    pub plan: Plan,
    /// For whom it is.
    pub audience: Audience,
    /// When it begins.
    pub starts_at: Millis,
    /// When it began to find out who gets it: what the durations of its query count from.
    pub begun_at: Option<Millis>,
    /// Since when all its contacts are known.
    pub resolved_at: Option<Millis>,
    /// When it was over.
    pub ended_at: Option<Millis>,
    /// Why it cannot be done.
    pub problem: Option<String>,
    /// The last contact that was looked at while it was found out who gets it.
    pub place: Option<String>,
    /// Its contacts, as far as they are known.
    pub total: i64,
    /// In so many pieces.
    pub pieces: i64,
    /// Contacts to whose mailbox it was handed over.
    pub fed: i64,
    /// Contacts that were passed over before that: held out, or been before.
    pub held: i64,
    /// Contacts that were not there any more.
    pub gone: i64,
}

const COLUMNS: &str = "id, mode, name, schedule, created_at, created_by, state, changed_at, plan, audience, starts_at, begun_at, resolved_at, \
                       ended_at, problem, place, total, pieces, fed, held, gone";

impl Broadcast {
    /// One that was just made.
    pub fn new(id: BroadcastId, mode: Mode, name: String, (plan, audience): (Plan, Audience), starts_at: Millis) -> Self {
        Broadcast {
            id,
            mode,
            name,
            schedule: None,
            created_at: starts_at,
            created_by: String::new(),
            state: BroadcastState::Scheduled,
            changed_at: starts_at,
            plan,
            audience,
            starts_at,
            begun_at: None,
            resolved_at: None,
            ended_at: None,
            problem: None,
            place: None,
            total: 0,
            pieces: 0,
            fed: 0,
            held: 0,
            gone: 0,
        }
    }

    fn of(row: &Row) -> Result<Self, HistoryError> {
        let odd = |what: &str| HistoryError(format!("a broadcast has no readable {what}"));
        Ok(Broadcast {
            id: BroadcastId::parse(row.text(0)?).ok_or_else(|| odd("id"))?,
            mode: Mode::parse(row.text(1)?).ok_or_else(|| odd("mode"))?,
            name: row.text(2)?.to_owned(),
            schedule: row.opt_text(3)?.map(str::to_owned),
            created_at: row.at(4)?,
            created_by: row.text(5)?.to_owned(),
            state: BroadcastState::parse(row.text(6)?).ok_or_else(|| odd("state"))?,
            changed_at: row.at(7)?,
            plan: read(row.text(8)?, "plan")?,
            audience: read(row.text(9)?, "audience")?,
            starts_at: row.at(10)?,
            begun_at: row.opt_at(11)?,
            resolved_at: row.opt_at(12)?,
            ended_at: row.opt_at(13)?,
            problem: row.opt_text(14)?.map(str::to_owned),
            place: row.opt_text(15)?.map(str::to_owned),
            total: row.int(16)?,
            pieces: row.int(17)?,
            fed: row.int(18)?,
            held: row.int(19)?,
            gone: row.int(20)?,
        })
    }
}

/// What was written as JSON.
fn read<T: serde::de::DeserializeOwned>(text: &str, what: &str) -> Result<T, HistoryError> {
    serde_json::from_str(text).map_err(|error| HistoryError(format!("a {what} cannot be read: {error}")))
}

fn json(value: &impl serde::Serialize) -> Cell {
    // Plans and rules hold nothing that JSON cannot say.
    serde_json::to_string(value).unwrap_or_default().into()
}

/// What became of the contacts of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Handed over.
    pub fed: usize,
    /// Passed over.
    pub held: usize,
    /// Not there any more.
    pub gone: usize,
}

/// Keys as they are kept together: 16 bytes each.
pub fn packed(contacts: &[ContactKey]) -> Vec<u8> {
    contacts.iter().flat_map(|contact| contact.to_bytes()).collect()
}

/// Keys that were kept together.
pub fn unpacked(bytes: &[u8]) -> Vec<ContactKey> {
    let (keys, _) = bytes.as_chunks::<16>();
    keys.iter().map(|key| ContactKey::from_bytes(*key)).collect()
}

/// One broadcast.
pub async fn find(database: &Database, id: BroadcastId) -> Result<Option<Broadcast>, HistoryError> {
    let sql = format!("SELECT {COLUMNS} FROM broadcast WHERE id = $1");
    let rows = database.read(&sql, &[id.to_string().into()]).await?;
    rows.first().map(Broadcast::of).transpose()
}

/// Which broadcasts are looked for.
#[derive(Debug, Clone, Default)]
pub struct BroadcastFilter {
    /// Of which mode.
    pub mode: Mode,
    /// In which state.
    pub state: Option<BroadcastState>,
    /// Made by which schedule.
    pub schedule: Option<String>,
    /// After this one in the list.
    pub after: Option<(i64, String)>,
}

/// Broadcasts, the newest first, at most so many.
pub async fn list(database: &Database, filter: &BroadcastFilter, most: usize) -> Result<Vec<Broadcast>, HistoryError> {
    let mut params: Vec<Cell> = vec![most.into(), filter.mode.as_str().into()];
    let mut sql = format!("SELECT {COLUMNS} FROM broadcast WHERE mode = $2");
    if let Some(state) = filter.state {
        params.push(state.as_str().into());
        sql.push_str(&format!(" AND state = ${}", params.len()));
    }
    if let Some(schedule) = &filter.schedule {
        params.push(schedule.into());
        sql.push_str(&format!(" AND schedule = ${}", params.len()));
    }
    if let Some((at, id)) = &filter.after {
        params.extend([Cell::Int(*at), id.into()]);
        sql.push_str(&format!(" AND (created_at, id) < (${}, ${})", params.len() - 1, params.len()));
    }
    sql.push_str(" ORDER BY created_at DESC, id DESC LIMIT $1");
    database.read(&sql, &params).await?.iter().map(Broadcast::of).collect()
}

/// How many are not over.
pub async fn live(database: &Database) -> Result<i64, HistoryError> {
    let rows = database.read("SELECT count(*) FROM broadcast WHERE ended_at IS NULL", &[]).await?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Makes a broadcast; one of this name stays as it is. `listed` are its contacts if they were named one by one.
pub fn insert(broadcast: &Broadcast, listed: Option<&[ContactKey]>) -> Statement {
    let sql = "INSERT INTO broadcast (id, mode, name, schedule, created_at, created_by, state, changed_at, plan, audience, listed, starts_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING";
    Statement::new(sql, cells(broadcast, listed))
}

fn cells(broadcast: &Broadcast, listed: Option<&[ContactKey]>) -> Vec<Cell> {
    vec![
        broadcast.id.to_string().into(),
        broadcast.mode.as_str().into(),
        broadcast.name.clone().into(),
        broadcast.schedule.clone().into(),
        broadcast.created_at.into(),
        broadcast.created_by.clone().into(),
        broadcast.state.as_str().into(),
        broadcast.changed_at.into(),
        json(&broadcast.plan),
        json(&broadcast.audience),
        listed.map(packed).into(),
        broadcast.starts_at.into(),
    ]
}

/// The contacts that were named one by one.
pub async fn listed(database: &Database, id: BroadcastId) -> Result<Vec<ContactKey>, HistoryError> {
    let rows = database.read("SELECT listed FROM broadcast WHERE id = $1", &[id.to_string().into()]).await?;
    match rows.first() {
        Some(row) => Ok(row.opt_bytes(0)?.map(unpacked).unwrap_or_default()),
        None => Ok(Vec::new()),
    }
}
