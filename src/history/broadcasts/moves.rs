//! How a broadcast goes from one state to the next, and who works on it. Every change names what it found; of two who change the same thing at the same
//! time one sees that nothing was changed.

use super::{Broadcast, BroadcastState, Database, HistoryError, Statement, guarded, json};
use crate::domain::broadcast::BroadcastId;
use crate::domain::time::{Millis, Span};
use crate::history::Cell;
use crate::history::audit::{self, Act};

/// How long a broadcast is one instance's without a word from it.
pub const LEASE: Span = Span::seconds(15);

/// Moves it from a state to another one, if it is still in the first. `problem` is why it failed.
pub fn moved(id: BroadcastId, from: BroadcastState, to: BroadcastState, now: Millis, problem: Option<&str>) -> Statement {
    let sql = "UPDATE broadcast SET state = $3, changed_at = $4, problem = coalesce($5, problem),
                   begun_at = CASE WHEN $3 = 'resolving' THEN coalesce(begun_at, $4) ELSE begun_at END,
                   resolved_at = CASE WHEN $2 = 'resolving' AND $3 = 'running' THEN $4 ELSE resolved_at END,
                   ended_at = CASE WHEN $6 = 1 THEN $4 ELSE ended_at END
               WHERE id = $1 AND state = $2";
    let params: [Cell; 6] = [
        id.to_string().into(),
        from.as_str().into(),
        to.as_str().into(),
        now.into(),
        problem.into(),
        i64::from(to.is_over()).into(),
    ];
    Statement::new(sql, params)
}

/// Moves it; whether it was still in that state.
pub async fn step(
    database: &Database,
    id: BroadcastId,
    (from, to): (BroadcastState, BroadcastState),
    now: Millis,
    problem: Option<&str>,
) -> Result<bool, HistoryError> {
    let changed = database.write(vec![moved(id, from, to, now, problem)]).await?;
    Ok(changed.first() == Some(&1))
}

/// The same, and writes down who did it, in the same transaction; nothing is written if it was in another state. `chance` sets acts apart.
pub async fn step_noted(
    database: &Database,
    id: BroadcastId,
    (from, to): (BroadcastState, BroadcastState),
    now: Millis,
    (act, chance): (&Act, u64),
) -> Result<bool, HistoryError> {
    guarded::only_if(database, moved(id, from, to, now, None), vec![audit::insert(act, chance)]).await
}

/// Keeps what a broadcast that begins says from now on.
pub async fn planned(database: &Database, broadcast: &Broadcast) -> Result<(), HistoryError> {
    let sql = "UPDATE broadcast SET plan = $2 WHERE id = $1 AND state = 'scheduled'";
    let params: [Cell; 2] = [broadcast.id.to_string().into(), json(&broadcast.plan)];
    database.write(vec![Statement::new(sql, params)]).await.map(drop)
}

/// Takes a broadcast on which nobody works, or goes on with one's own. `owner` is one instance in one life.
pub async fn own(database: &Database, id: BroadcastId, owner: &str, now: Millis) -> Result<bool, HistoryError> {
    let sql = "UPDATE broadcast SET owner = $2, owned_until = $3 WHERE id = $1 AND ended_at IS NULL AND (owner = $2 OR owned_until <= $4)";
    let params: [Cell; 4] = [id.to_string().into(), owner.into(), (now + LEASE).into(), now.into()];
    Ok(database.write(vec![Statement::new(sql, params)]).await?.first() == Some(&1))
}

/// Keeps it for another while; the state in which it is, or nothing if it is somebody else's now.
pub async fn keep(
    database: &Database,
    id: BroadcastId,
    owner: &str,
    now: Millis,
) -> Result<Option<BroadcastState>, HistoryError> {
    let sql = "UPDATE broadcast SET owned_until = $3 WHERE id = $1 AND owner = $2 RETURNING state";
    let rows = database.change(Statement::new(sql, [id.to_string().into(), owner.into(), (now + LEASE).into()])).await?;
    rows.first()
        .map(|row| row.text(0).map(str::to_owned))
        .transpose()
        .map(|state| state.as_deref().and_then(BroadcastState::parse))
}

/// Gives it to whoever wants it.
pub async fn leave(database: &Database, id: BroadcastId, owner: &str) -> Result<(), HistoryError> {
    let sql = "UPDATE broadcast SET owned_until = 0 WHERE id = $1 AND owner = $2";
    database.write(vec![Statement::new(sql, [id.to_string().into(), owner.into()])]).await.map(drop)
}

/// Broadcasts that somebody should work on now: nobody does, they are neither over nor paused, and their time has come. The longest waiting first.
pub async fn waiting(database: &Database, now: Millis, most: usize) -> Result<Vec<BroadcastId>, HistoryError> {
    let sql = "SELECT id FROM broadcast WHERE ended_at IS NULL AND starts_at <= $1 AND owned_until <= $1
               AND state IN ('scheduled', 'resolving', 'running') ORDER BY starts_at LIMIT $2";
    let rows = database.read(sql, &[now.into(), most.into()]).await?;
    rows.iter()
        .map(|row| BroadcastId::parse(row.text(0)?).ok_or_else(|| HistoryError("a broadcast has no readable id".to_owned())))
        .collect()
}

/// Leaves it alone until a moment.
pub async fn leave_until(database: &Database, id: BroadcastId, owner: &str, until: Millis) -> Result<(), HistoryError> {
    let sql = "UPDATE broadcast SET owned_until = $3, owner = NULL WHERE id = $1 AND owner = $2";
    database.write(vec![Statement::new(sql, [id.to_string().into(), owner.into(), until.into()])]).await.map(drop)
}

/// Broadcasts that were cancelled, the newest first, at most so many.
pub async fn cancelled(database: &Database, most: usize) -> Result<Vec<BroadcastId>, HistoryError> {
    let sql = "SELECT id FROM broadcast WHERE state = 'cancelled' ORDER BY ended_at DESC LIMIT $1";
    let rows = database.read(sql, &[most.into()]).await?;
    Ok(rows.iter().filter_map(|row| row.text(0).ok().and_then(BroadcastId::parse)).collect())
}
