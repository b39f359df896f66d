//! Schedules: what begins broadcasts again and again. Whoever moves one on makes its broadcast in the same transaction, so each time is made once, by
//! whichever instance comes first.

use super::{
    Audience, Broadcast, Cell, ContactKey, Database, HistoryError, Mode, Plan, Row, Statement, cells, guarded, json, packed, read,
};
use crate::domain::broadcast::BroadcastId;
use crate::domain::schedule::{Next, Rule};
use crate::domain::time::Millis;
use jiff::civil::Date;

/// A schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Its name for machines.
    pub id: String,
    /// Whether its broadcasts reach people.
    pub mode: Mode,
    /// Its name for people, and of each broadcast.
    pub name: String,
    /// When it was made.
    pub created_at: Millis,
    /// Who made it.
    pub created_by: String,
    /// When it was changed last.
    pub changed_at: Millis,
    /// Since when it makes none.
    pub paused_at: Option<Millis>,
    /// When it makes broadcasts.
    pub rule: Rule,
    /// What contacts get.
    pub plan: Plan,
    /// For whom.
    pub audience: Audience,
    /// Its next time.
    pub next: Option<Next>,
    /// When it made a broadcast last.
    pub last_at: Option<Millis>,
    /// That broadcast.
    pub last_broadcast: Option<BroadcastId>,
    /// Times that were left out because the service was down too long.
    pub missed: i64,
}

const COLUMNS: &str = "id, mode, name, created_at, created_by, changed_at, paused_at, rule, plan, audience, next_at, next_date, last_at, \
                       last_broadcast, missed";

impl Schedule {
    fn of(row: &Row) -> Result<Self, HistoryError> {
        let odd = |what: &str| HistoryError(format!("a schedule has no readable {what}"));
        let date = row.opt_text(11)?.map(|text| text.parse::<Date>().map_err(|_| odd("day"))).transpose()?;
        Ok(Schedule {
            id: row.text(0)?.to_owned(),
            mode: Mode::parse(row.text(1)?).ok_or_else(|| odd("mode"))?,
            name: row.text(2)?.to_owned(),
            created_at: row.at(3)?,
            created_by: row.text(4)?.to_owned(),
            changed_at: row.at(5)?,
            paused_at: row.opt_at(6)?,
            rule: read(row.text(7)?, "rule")?,
            plan: read(row.text(8)?, "plan")?,
            audience: read(row.text(9)?, "audience")?,
            next: row.opt_at(10)?.zip(date).map(|(at, date)| Next { at, date }),
            last_at: row.opt_at(12)?,
            last_broadcast: row.opt_text(13)?.and_then(BroadcastId::parse),
            missed: row.int(14)?,
        })
    }
}

/// One schedule.
pub async fn find(database: &Database, id: &str) -> Result<Option<Schedule>, HistoryError> {
    let sql = format!("SELECT {COLUMNS} FROM schedule WHERE id = $1");
    database.read(&sql, &[id.into()]).await?.first().map(Schedule::of).transpose()
}

/// Schedules, the newest first, behind one, at most so many.
pub async fn list(
    database: &Database,
    mode: Mode,
    after: Option<&(i64, String)>,
    most: usize,
) -> Result<Vec<Schedule>, HistoryError> {
    let mut params: Vec<Cell> = vec![most.into(), mode.as_str().into()];
    let mut sql = format!("SELECT {COLUMNS} FROM schedule WHERE mode = $2");
    if let Some((at, id)) = after {
        params.extend([Cell::Int(*at), id.into()]);
        sql.push_str(" AND (created_at, id) < ($3, $4)");
    }
    sql.push_str(" ORDER BY created_at DESC, id DESC LIMIT $1");
    database.read(&sql, &params).await?.iter().map(Schedule::of).collect()
}

/// How many there are.
pub async fn count(database: &Database) -> Result<i64, HistoryError> {
    let rows = database.read("SELECT count(*) FROM schedule", &[]).await?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Schedules whose time has come, the longest waiting first.
pub async fn due(database: &Database, now: Millis, most: usize) -> Result<Vec<Schedule>, HistoryError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM schedule WHERE next_at IS NOT NULL AND paused_at IS NULL AND next_at <= $1 ORDER BY next_at LIMIT $2"
    );
    database.read(&sql, &[now.into(), most.into()]).await?.iter().map(Schedule::of).collect()
}

fn next_cells(next: Option<Next>) -> [Cell; 2] {
    [next.map(|next| next.at).into(), next.map(|next| next.date.to_string()).into()]
}

/// Makes a schedule; one of this name stays as it is.
pub fn insert(schedule: &Schedule, listed: Option<&[ContactKey]>) -> Statement {
    let sql = "INSERT INTO schedule (id, mode, name, created_at, created_by, changed_at, rule, plan, audience, listed, next_at, next_date)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING";
    let mut params: Vec<Cell> = vec![
        schedule.id.clone().into(),
        schedule.mode.as_str().into(),
        schedule.name.clone().into(),
        schedule.created_at.into(),
        schedule.created_by.clone().into(),
        schedule.changed_at.into(),
        json(&schedule.rule),
        json(&schedule.plan),
        json(&schedule.audience),
        listed.map(packed).into(),
    ];
    params.extend(next_cells(schedule.next));
    Statement::new(sql, params)
}

/// Changes a schedule that was last changed at that time; `listed` are its contacts from now on if they were named anew.
pub fn update(schedule: &Schedule, before: Millis, listed: Option<&[ContactKey]>) -> Statement {
    let sql =
        "UPDATE schedule SET name = $3, changed_at = $4, rule = $5, plan = $6, audience = $7, listed = CASE WHEN $12 = 1 THEN coalesce($8, listed) END,
                   next_at = $9, next_date = $10, paused_at = $11
               WHERE id = $1 AND changed_at = $2";
    let mut params: Vec<Cell> = vec![
        schedule.id.clone().into(),
        before.into(),
        schedule.name.clone().into(),
        schedule.changed_at.into(),
        json(&schedule.rule),
        json(&schedule.plan),
        json(&schedule.audience),
        listed.map(packed).into(),
    ];
    params.extend(next_cells(schedule.next));
    params.push(schedule.paused_at.into());
    // Of those who were named before nothing is kept when nobody is named any more.
    params.push(i64::from(matches!(schedule.audience, Audience::Listed(_))).into());
    Statement::new(sql, params)
}

/// Ends a schedule. What it made goes on.
pub fn delete(id: &str) -> Statement {
    Statement::new("DELETE FROM schedule WHERE id = $1", [id.into()])
}

/// Moves a schedule on to its next time, if nobody else did, and makes the broadcast of this one, unless it is left out. Whether this was the first to do so.
pub async fn advance(
    database: &Database,
    schedule: &Schedule,
    next: Option<Next>,
    made: Option<&Broadcast>,
    missed: i64,
) -> Result<bool, HistoryError> {
    let Some(now) = schedule.next else { return Ok(false) };
    let mut then = Vec::with_capacity(1);
    if let Some(broadcast) = made {
        let sql = "INSERT INTO broadcast (id, mode, name, schedule, created_at, created_by, state, changed_at, plan, audience, listed, starts_at)
                   SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), id, CAST($5 AS BIGINT), CAST($6 AS TEXT), CAST($7 AS TEXT),
                       CAST($8 AS BIGINT), CAST($9 AS TEXT), CAST($10 AS TEXT), listed, CAST($11 AS BIGINT)
                   FROM schedule WHERE id = $4 ON CONFLICT (id) DO NOTHING";
        let mut params = cells(broadcast, None);
        // Its contacts are those of the schedule.
        params.remove(10);
        params[3] = schedule.id.clone().into();
        then.push(Statement::new(sql, params));
    }
    let sql = "UPDATE schedule SET next_at = $3, next_date = $4, last_at = coalesce($5, last_at), last_broadcast = coalesce($6, last_broadcast),
                   missed = missed + $7
               WHERE id = $1 AND next_at = $2 AND paused_at IS NULL AND changed_at = $8";
    let mut params: Vec<Cell> = vec![schedule.id.clone().into(), now.at.into()];
    params.extend(next_cells(next));
    params.extend([
        made.map(|broadcast| broadcast.created_at).into(),
        made.map(|broadcast| broadcast.id.to_string()).into(),
        missed.into(),
        schedule.changed_at.into(),
    ]);
    // As it was when it was read: whoever changes it at its time finds it either before or after.
    guarded::only_if(database, Statement::new(sql, params), then).await
}
