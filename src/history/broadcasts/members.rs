//! Who got nothing of a broadcast and why, and who had it before.

use super::pieces::places;
use super::{Cell, Database, HistoryError, Row, Statement};
use crate::domain::broadcast::{BroadcastId, Refusal};
use crate::domain::broadcast_plan::What;
use crate::domain::id::ContactKey;
use crate::domain::name::Slug;
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

/// Which of these had it at or after a moment: were in a run of the flow, by any of its names, or were sent the notification; but for what one broadcast
/// did itself, and for what did not leave: it failed, or was withdrawn.
pub async fn been(
    database: &Database,
    (what, called): (&What, &[Slug]),
    contacts: &[ContactKey],
    since: Millis,
    but: Option<BroadcastId>,
) -> Result<HashSet<ContactKey>, HistoryError> {
    let names: Vec<String> = (3..3 + called.len()).map(|n| format!("${n}")).collect();
    let names = names.join(", ");
    let (places, keys) = places(contacts, 3 + called.len());
    let sql = match what {
        What::Flow(_) => format!(
            "SELECT DISTINCT r.contact FROM run r WHERE r.contact IN ({places}) AND r.flow IN ({names}) AND r.started_at >= $1
             AND coalesce(r.broadcast, '') <> $2
             AND NOT (r.broadcast IS NOT NULL
                 AND EXISTS (SELECT 1 FROM message m WHERE m.broadcast = r.broadcast AND m.contact = r.contact AND m.run = r.id
                     AND m.direction = 'out' AND m.status = 'withdrawn')
                 AND NOT EXISTS (SELECT 1 FROM message m WHERE m.broadcast = r.broadcast AND m.contact = r.contact AND m.run = r.id
                     AND m.direction = 'out' AND m.status IN ('queued', 'unsure', 'sent', 'delivered', 'read')))"
        ),
        What::Notification(_) => format!(
            "SELECT DISTINCT contact FROM message WHERE contact IN ({places}) AND notification IN ({names}) AND at >= $1 AND direction = 'out'
             AND status NOT IN ('failed', 'withdrawn') AND coalesce(broadcast, '') <> $2"
        ),
    };
    let but = but.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let mut params: Vec<Cell> = vec![since.into(), but.into()];
    params.extend(called.iter().map(|name| Cell::from(name.as_str())));
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
