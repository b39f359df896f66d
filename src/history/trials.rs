//! Test contacts as the record knows them, for those who delete them, and what is left of tests when they are gone.

use super::cell::{Cell, Statement};
use super::database::Database;
use super::error::HistoryError;
use crate::domain::id::ContactKey;
use crate::domain::time::{Millis, Span};

/// Contacts of one page.
const PAGE: i64 = 100;
/// A contact whose clock was moved can have changed in a time that is still to come.
const AHEAD: Span = Span::minutes(10);

/// How far somebody has come: when a contact changed last, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(i64, String);

impl Default for Place {
    /// Before the first.
    fn default() -> Self {
        Place(i64::MIN, String::new())
    }
}

/// All that belong to test, after a place; with those whom a simulator plays.
pub async fn all(database: &Database, after: &Place) -> Result<Vec<(Place, ContactKey)>, HistoryError> {
    let sql =
        "SELECT changed_at, id FROM contact WHERE mode = 'test' AND (changed_at, id) > ($1, $2) ORDER BY changed_at, id LIMIT $3";
    page(database, sql, vec![after.0.into(), after.1.as_str().into(), PAGE.into()]).await
}

/// Test contacts, after a place, of whom nothing new is known since a moment; whether nothing happened their own record says.
pub async fn quiet(
    database: &Database,
    before: Millis,
    now: Millis,
    after: &Place,
) -> Result<Vec<(Place, ContactKey)>, HistoryError> {
    let sql = "SELECT changed_at, id FROM contact WHERE mode = 'test' AND simulated = 0 AND (changed_at, id) > ($1, $2)
               AND (changed_at < $4 OR changed_at > $5) ORDER BY changed_at, id LIMIT $3";
    let (before, ahead) = (before.into(), (now + AHEAD).into());
    page(database, sql, vec![after.0.into(), after.1.as_str().into(), PAGE.into(), before, ahead]).await
}

async fn page(database: &Database, sql: &str, params: Vec<Cell>) -> Result<Vec<(Place, ContactKey)>, HistoryError> {
    let mut found = Vec::new();
    for row in database.read(sql, &params).await? {
        let place = Place(row.int(0)?, row.text(1)?.to_owned());
        let contact = ContactKey::parse(&place.1).ok_or_else(|| HistoryError("a contact has no key".to_owned()))?;
        found.push((place, contact));
    }
    Ok(found)
}

/// Contacts and broadcasts of test that the record still knows.
pub async fn left(database: &Database) -> Result<u64, HistoryError> {
    let sql = "SELECT (SELECT count(*) FROM contact WHERE mode = 'test') + (SELECT count(*) FROM broadcast WHERE mode = 'test')";
    let rows = database.read(sql, &[]).await?;
    Ok(rows.first().map(|row| row.int(0)).transpose()?.unwrap_or(0).unsigned_abs())
}

/// What is no contact's: counts of runs, schedules, imports, broadcasts. A broadcast on which somebody works is cancelled and goes the next time.
pub fn rest(now: Millis) -> Vec<Statement> {
    let plain = [
        "DELETE FROM schedule WHERE mode = 'test'",
        "DELETE FROM figure WHERE mode = 'test'",
        "DELETE FROM figure_day WHERE mode = 'test'",
        "DELETE FROM figure_total WHERE mode = 'test'",
        "DELETE FROM import_row WHERE job LIKE 'test-%'",
        "DELETE FROM import_job WHERE id LIKE 'test-%'",
    ];
    let over = [
        "UPDATE broadcast SET state = 'cancelled', changed_at = $1, ended_at = $1 WHERE mode = 'test' AND ended_at IS NULL",
        "DELETE FROM broadcast_piece WHERE broadcast IN (SELECT id FROM broadcast WHERE mode = 'test' AND owned_until <= $1)",
        "DELETE FROM broadcast_member WHERE broadcast IN (SELECT id FROM broadcast WHERE mode = 'test' AND owned_until <= $1)",
        "DELETE FROM broadcast WHERE mode = 'test' AND owned_until <= $1",
    ];
    let plain = plain.into_iter().map(|sql| Statement::new(sql, []));
    plain.chain(over.into_iter().map(|sql| Statement::new(sql, [now.into()]))).collect()
}
