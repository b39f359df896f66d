//! How much was written down of a contact: what goes with them.

use super::database::Database;
use super::error::HistoryError;
use crate::domain::id::ContactKey;
use serde::Serialize;
use utoipa::ToSchema;

/// How much was written down of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Written {
    /// Messages in both directions.
    pub messages: u64,
    /// Runs, with their steps, values and calls.
    pub runs: u64,
    /// What else happened.
    pub happenings: u64,
    /// What they agreed to and did not.
    pub consent: u64,
}

/// How much is written down of this contact by now.
pub async fn written_of(database: &Database, contact: ContactKey) -> Result<Written, HistoryError> {
    let sql = "SELECT (SELECT count(*) FROM message WHERE contact = $1), (SELECT count(*) FROM run WHERE contact = $1),
                      (SELECT count(*) FROM happening WHERE contact = $1), (SELECT count(*) FROM consent_event WHERE contact = $1)";
    let rows = database.read(sql, &[contact.into()]).await?;
    let Some(row) = rows.first() else { return Ok(Written::default()) };
    let count = |i| row.int(i).map(i64::unsigned_abs);
    Ok(Written { messages: count(0)?, runs: count(1)?, happenings: count(2)?, consent: count(3)? })
}
