//! Who got nothing of a broadcast and why, and who had it before.

use super::pieces::places;
use super::{Cell, Database, HistoryError, Row, Statement};
use crate::domain::broadcast::{BroadcastId, Refusal};
use crate::domain::broadcast_plan::What;
use crate::domain::id::ContactKey;
use crate::domain::time::Millis;
use std::collections::HashSet;

/// Somebody who got nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub contact: ContactKey,
    /// Why.
    pub reason: Refusal,
    /// More about that.
    pub detail: Option<String>,
    /// When it was decided.
    pub at: Millis,
}

/// Writes down that somebody got nothing; what was written before stays.
pub fn skipped(id: BroadcastId, contact: ContactKey, reason: Refusal, detail: Option<&str>, at: Millis) -> Statement {
    let sql = "INSERT INTO broadcast_member (broadcast, contact, reason, detail, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    Statement::new(sql, [id.to_string().into(), contact.into(), reason.as_str().into(), detail.into(), at.into()])
}

/// Those who got nothing behind one, in the order of their keys; all, or those of one reason.
pub async fn list(
    database: &Database,
    id: BroadcastId,
    reason: Option<Refusal>,
    after: &str,
    most: usize,
) -> Result<Vec<Member>, HistoryError> {
    let mut params: Vec<Cell> = vec![id.to_string().into(), after.into(), most.into()];
    let mut sql = "SELECT contact, reason, detail, at FROM broadcast_member WHERE broadcast = $1 AND contact > $2".to_owned();
    if let Some(reason) = reason {
        params.push(reason.as_str().into());
        sql.push_str(" AND reason = $4");
    }
    sql.push_str(" ORDER BY contact LIMIT $3");
    let member = |row: &Row| {
        let odd = || HistoryError("somebody who was passed over cannot be read".to_owned());
        Ok(Member {
            contact: ContactKey::parse(row.text(0)?).ok_or_else(odd)?,
            reason: Refusal::parse(row.text(1)?).ok_or_else(odd)?,
            detail: row.opt_text(2)?.map(str::to_owned),
            at: row.at(3)?,
        })
    };
    database.read(&sql, &params).await?.iter().map(member).collect()
}

/// Which of these had it at or after a moment: were in a run of the flow, or were sent the notification; but for what one broadcast did itself.
pub async fn been(
    database: &Database,
    what: &What,
    contacts: &[ContactKey],
    since: Millis,
    but: Option<BroadcastId>,
) -> Result<HashSet<ContactKey>, HistoryError> {
    let (places, keys) = places(contacts, 4);
    let sql = match what {
        What::Flow(_) => format!(
            "SELECT DISTINCT contact FROM run WHERE contact IN ({places}) AND flow = $1 AND started_at >= $2
             AND coalesce(broadcast, '') <> $3"
        ),
        What::Notification(_) => format!(
            "SELECT DISTINCT contact FROM message WHERE contact IN ({places}) AND notification = $1 AND at >= $2 AND direction = 'out'
             AND coalesce(broadcast, '') <> $3"
        ),
    };
    let but = but.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let mut params: Vec<Cell> = vec![what.name().into(), since.into(), but.into()];
    params.extend(keys);
    keys_of(&database.read(&sql, &params).await?)
}

/// Which of these a broadcast reached already, as far as the record knows.
pub async fn had(database: &Database, id: BroadcastId, contacts: &[ContactKey]) -> Result<HashSet<ContactKey>, HistoryError> {
    let (places, keys) = places(contacts, 2);
    let sql = format!(
        "SELECT contact FROM run WHERE contact IN ({places}) AND broadcast = $1
         UNION SELECT contact FROM broadcast_member WHERE contact IN ({places}) AND broadcast = $1"
    );
    let mut params: Vec<Cell> = vec![id.to_string().into()];
    params.extend(keys);
    keys_of(&database.read(&sql, &params).await?)
}

fn keys_of(rows: &[Row]) -> Result<HashSet<ContactKey>, HistoryError> {
    let odd = || HistoryError("a contact has no key".to_owned());
    rows.iter().map(|row| ContactKey::parse(row.text(0)?).ok_or_else(odd)).collect()
}
