//! Where live runs are: how many in which state of which flow. Counted through an index of those under way, a page at a time.

use super::select::Select;
use crate::domain::mode::Mode;
use crate::history::{Database, HistoryError, Row};
use serde::Serialize;
use utoipa::ToSchema;

/// A state and how many live runs are in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StateCount {
    /// The flow.
    pub flow: String,
    /// The state.
    pub state: String,
    /// Live runs that are in it: so many contacts, if none is in the flow twice.
    pub runs: i64,
}

/// Which.
#[derive(Debug, Clone, Default)]
pub struct StateFilter {
    /// Of contacts of this mode.
    pub mode: Mode,
    /// Of this flow.
    pub flow: Option<String>,
}

/// The last of a page: its flow and its state.
pub type StatePlace = (String, String);

impl StateCount {
    /// The names of its fields, for tables.
    pub const FIELDS: [&str; 3] = ["flow", "state", "runs"];

    /// Where a page goes on after it.
    pub fn place(&self) -> StatePlace {
        (self.flow.clone(), self.state.clone())
    }

    fn of(row: &Row) -> Result<Self, HistoryError> {
        Ok(StateCount { flow: row.text(0)?.to_owned(), state: row.text(1)?.to_owned(), runs: row.int(2)? })
    }
}

/// States in which runs are, after a place, at most so many, by flow and name.
pub async fn states(
    database: &Database,
    filter: &StateFilter,
    after: Option<&StatePlace>,
    limit: usize,
) -> Result<Vec<StateCount>, HistoryError> {
    select(filter, after, limit).rows(database).await?.iter().map(StateCount::of).collect()
}

pub(super) fn select(filter: &StateFilter, after: Option<&StatePlace>, limit: usize) -> Select {
    let mut select = Select::new("SELECT r.flow, r.state, COUNT(*) FROM run r");
    select
        .and("r.ended_at IS NULL", [])
        .and("r.state IS NOT NULL", [])
        .and_mode("r.mode", filter.mode)
        .and_if("r.flow = ?", filter.flow.as_ref());
    if let Some((flow, state)) = after {
        select.and("(r.flow > ? OR (r.flow = ? AND r.state > ?))", [flow.into(), flow.into(), state.into()]);
    }
    select.put(" GROUP BY r.flow, r.state ORDER BY r.flow, r.state LIMIT ?", [limit.into()]);
    select
}
