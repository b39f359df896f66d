//! Runs, the newest first, and one of them.

use super::moment;
use super::select::Select;
use crate::domain::id::{ContactKey, RunId};
use crate::domain::mode::Mode;
use crate::domain::time::Millis;
use crate::history::{Cell, Database, HistoryError, Row};
use serde::Serialize;
use utoipa::ToSchema;

/// A run as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RunShown {
    /// Its id.
    pub id: String,
    /// The contact.
    pub contact: String,
    /// Its flow.
    pub flow: String,
    /// The version of its flow.
    pub version: String,
    /// The key that it began with.
    pub key: Option<String>,
    /// The channel over which it began.
    pub channel: Option<String>,
    /// The contact's language when it began.
    pub language: Option<String>,
    /// The arm of the first split that it came through: `SPLIT/ARM`.
    pub arm: Option<String>,
    /// When it began.
    #[serde(serialize_with = "moment::at")]
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Millis,
    /// What began it.
    pub reason: Option<String>,
    /// The broadcast that began it.
    pub broadcast: Option<String>,
    /// The run that it took up again.
    pub continues: Option<String>,
    /// Where it is, or was when it ended.
    pub state: Option<String>,
    /// Since when.
    #[serde(serialize_with = "moment::maybe")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub state_since: Option<Millis>,
    /// What it waits for.
    pub waits: Option<String>,
    /// When it ended.
    #[serde(serialize_with = "moment::maybe")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Millis>,
    /// Its result; `opted_out`, `expired`, `interrupted` and `failed` are the service's own.
    pub end: Option<String>,
    /// Why it ended.
    pub end_reason: Option<String>,
}

const COLUMNS: &str = "r.id, r.contact, r.flow, r.version, r.key, r.channel, r.language, r.arm, r.started_at, r.reason, \
     r.continues, r.state, r.state_since, r.waits, r.ended_at, r.\"end\", r.end_reason, r.broadcast";

impl RunShown {
    /// The names of its fields, for tables.
    pub const FIELDS: [&str; 18] = [
        "id",
        "contact",
        "flow",
        "version",
        "key",
        "channel",
        "language",
        "arm",
        "started_at",
        "reason",
        "broadcast",
        "continues",
        "state",
        "state_since",
        "waits",
        "ended_at",
        "end",
        "end_reason",
    ];

    fn of(row: &Row) -> Result<Self, HistoryError> {
        // What is not known is kept as an empty text where it is counted by.
        let text = |i| row.opt_text(i).map(|text| text.filter(|text| !text.is_empty()).map(str::to_owned));
        Ok(RunShown {
            id: row.text(0)?.to_owned(),
            contact: row.text(1)?.to_owned(),
            flow: row.text(2)?.to_owned(),
            version: row.text(3)?.to_owned(),
            key: text(4)?,
            channel: text(5)?,
            language: text(6)?,
            arm: text(7)?,
            started_at: row.at(8)?,
            reason: text(9)?,
            continues: text(10)?,
            state: text(11)?,
            state_since: row.opt_at(12)?,
            waits: text(13)?,
            ended_at: row.opt_at(14)?,
            end: text(15)?,
            end_reason: text(16)?,
            broadcast: text(17)?,
        })
    }

    /// Where a page goes on after it.
    pub fn place(&self) -> RunPlace {
        (self.started_at.0, self.id.clone(), self.contact.clone())
    }
}

/// The last run of a page: when it began, its id, its contact.
pub type RunPlace = (i64, String, String);

/// Which runs.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Live or test.
    pub mode: Mode,
    /// Of this contact.
    pub contact: Option<ContactKey>,
    /// Of this flow.
    pub flow: Option<String>,
    /// Of this version.
    pub version: Option<String>,
    /// That are under way in this state.
    pub state: Option<String>,
    /// Whether they are under way.
    pub open: Option<bool>,
    /// That ended so.
    pub end: Option<String>,
    /// That this broadcast began.
    pub broadcast: Option<String>,
    /// That began with this key.
    pub key: Option<String>,
    /// That began from this moment on.
    pub since: Option<Millis>,
    /// That began before this moment.
    pub until: Option<Millis>,
}

/// The runs after a place, at most so many, the newest first.
pub async fn runs(
    database: &Database,
    filter: &RunFilter,
    after: Option<&RunPlace>,
    limit: usize,
) -> Result<Vec<RunShown>, HistoryError> {
    select(filter, after, limit).rows(database).await?.iter().map(RunShown::of).collect()
}

pub(super) fn select(filter: &RunFilter, after: Option<&RunPlace>, limit: usize) -> Select {
    let mut select = Select::new(&format!("SELECT {COLUMNS} FROM run r"));
    select
        .and_mode("r.mode", filter.mode)
        .and_if("r.contact = ?", filter.contact)
        .and_if("r.flow = ?", filter.flow.as_ref())
        .and_if("r.version = ?", filter.version.as_ref())
        .and_if("r.ended_at IS NULL AND r.state = ?", filter.state.as_ref())
        .and_if("r.\"end\" = ?", filter.end.as_ref())
        .and_if("r.key = ?", filter.key.as_ref())
        .and_if("r.broadcast = ?", filter.broadcast.as_ref())
        .and_if("r.started_at >= ?", filter.since)
        .and_if("r.started_at < ?", filter.until);
    match filter.open {
        Some(true) => select.and("r.ended_at IS NULL", []),
        Some(false) => select.and("r.ended_at IS NOT NULL", []),
        None => &mut select,
    };
    if let Some((at, id, contact)) = after {
        select.and(
            "r.started_at <= ? AND (r.started_at < ? OR r.id < ? OR (r.id = ? AND r.contact < ?))",
            [Cell::Int(*at), Cell::Int(*at), id.into(), id.into(), contact.into()],
        );
    }
    select.put(" ORDER BY r.started_at DESC, r.id DESC, r.contact DESC LIMIT ?", [limit.into()]);
    select
}

/// The run of this id, if there is one.
pub async fn run(database: &Database, mode: Mode, id: RunId) -> Result<Option<RunShown>, HistoryError> {
    let rows = one(mode, id).rows(database).await?;
    rows.first().map(RunShown::of).transpose()
}

pub(super) fn one(mode: Mode, id: RunId) -> Select {
    let mut select = Select::new(&format!("SELECT {COLUMNS} FROM run r"));
    select.and("r.id = ?", [id.into()]).and_mode("r.mode", mode).put(" LIMIT 1", []);
    select
}

/// A run to ask for.
#[cfg(test)]
pub(super) fn tests_shown() -> RunShown {
    let cells = (0..18).map(|i| match i {
        8 => Cell::Int(1),
        12 | 14 => Cell::Null,
        _ => Cell::Text("x".to_owned()),
    });
    RunShown::of(&Row(cells.collect())).expect("a run")
}
