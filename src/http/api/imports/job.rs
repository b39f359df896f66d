//! An import in the database: how far it is, and what became of each row. Nothing of what a row says is kept there.

use super::super::contacts::Refused;
use super::batch::Stopped;
use crate::domain::id::ContactKey;
use crate::domain::time::Millis;
use crate::domain::value::rfc3339;
use crate::history::{Cell, Database, HistoryError, Row, Statement};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use utoipa::ToSchema;

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A contact began with it.
    Created(ContactKey),
    /// It said something new of a contact.
    Changed(ContactKey),
    /// All of it was known.
    Same(ContactKey),
    /// It cannot be taken as it is.
    Refused(Problem),
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Which field.
    pub field: String,
    /// Why.
    pub reason: String,
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Problem { field: refused.field.to_owned(), reason: refused.reason }
    }
}

/// The words for outcomes, as the table and callers have them.
pub const RESULTS: [&str; 4] = ["created", "changed", "same", "refused"];

impl Outcome {
    /// Its word.
    pub fn word(&self) -> &'static str {
        RESULTS[self.place()]
    }

    fn place(&self) -> usize {
        match self {
            Outcome::Created(_) => 0,
            Outcome::Changed(_) => 1,
            Outcome::Same(_) => 2,
            Outcome::Refused(_) => 3,
        }
    }

    /// Whose row it is.
    pub fn contact(&self) -> Option<ContactKey> {
        match self {
            Outcome::Created(key) | Outcome::Changed(key) | Outcome::Same(key) => Some(*key),
            Outcome::Refused(_) => None,
        }
    }
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Import)]
pub struct Job {
    /// Its id: under it the same file goes on where it was cut off.
    pub id: String,
    /// `running`, `done`, or `tried` of one that changed nothing.
    pub state: String,
    /// When it began.
    pub created_at: String,
    /// Who began it.
    #[schema(required)]
    pub created_by: Option<String>,
    /// Rows that are done.
    pub rows: i64,
    /// Of them: contacts that began.
    pub created: i64,
    /// Contacts of which something new is known.
    pub changed: i64,
    /// Contacts of which all was known.
    pub same: i64,
    /// Rows that could not be taken.
    pub refused: i64,
}

/// A row of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ImportRow)]
pub struct JobRow {
    /// Its number; the first below the names is 1.
    pub row: i64,
    /// `created`, `changed`, `same` or `refused`.
    pub result: String,
    /// Whose it is.
    #[schema(required)]
    pub contact: Option<String>,
    /// Which field is wrong.
    #[schema(required)]
    pub field: Option<String>,
    /// What is wrong with it.
    #[schema(required)]
    pub reason: Option<String>,
}

const COLUMNS: &str = "id, state, created_at, created_by, done, created, changed, skipped, failed";

/// A job, if there is one.
pub async fn find(db: &Database, id: &str) -> Result<Option<Job>, HistoryError> {
    let sql = format!("SELECT {COLUMNS} FROM import_job WHERE id = $1");
    db.read(&sql, &[id.into()]).await?.first().map(job).transpose()
}

/// Jobs, the newest first, behind a place: those whose ids begin so, or those whose ids do not.
pub async fn list(
    db: &Database,
    (beginning, so): (&str, bool),
    before: Option<(i64, String)>,
    count: usize,
) -> Result<Vec<(i64, Job)>, HistoryError> {
    let (at, id) = before.unwrap_or((i64::MAX, String::new()));
    let sql = format!(
        "SELECT {COLUMNS} FROM import_job WHERE (created_at < $1 OR (created_at = $1 AND id > $2)) \
         AND (CASE WHEN substr(id, 1, {}) = $4 THEN 1 ELSE 0 END) = CAST($5 AS BIGINT) ORDER BY created_at DESC, id LIMIT $3",
        beginning.len()
    );
    let rows = db.read(&sql, &[at.into(), id.into(), count.into(), beginning.into(), so.into()]).await?;
    rows.iter().map(|row| Ok((row.int(2)?, job(row)?))).collect()
}

fn job(row: &Row) -> Result<Job, HistoryError> {
    Ok(Job {
        id: row.text(0)?.to_owned(),
        state: row.text(1)?.to_owned(),
        created_at: rfc3339(row.at(2)?),
        created_by: row.opt_text(3)?.map(str::to_owned),
        rows: row.int(4)?,
        created: row.int(5)?,
        changed: row.int(6)?,
        same: row.int(7)?,
        refused: row.int(8)?,
    })
}

/// Begins a job; one that is there stays as it is.
pub async fn begin(db: &Database, id: &str, by: &str, state: &str, now: Millis) -> Result<(), HistoryError> {
    const SQL: &str =
        "INSERT INTO import_job (id, created_at, created_by, state) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
    db.write(vec![Statement::new(SQL, vec![id.into(), now.into(), by.into(), state.into()])]).await.map(drop)
}

/// Rows that were decided already, from this number to that one: their number, what becomes of them, and the hash of what they say.
pub async fn decided(db: &Database, job: &str, from: i64, to: i64) -> Result<Vec<(i64, Outcome, Option<i64>)>, HistoryError> {
    const SQL: &str =
        "SELECT n, result, contact, problem, mark FROM import_row WHERE job = $1 AND n >= $2 AND n <= $3 ORDER BY n";
    let rows = db.read(SQL, &[job.into(), from.into(), to.into()]).await?;
    let read = |row: &Row| Ok((row.int(0)?, outcome(row.text(1)?, row.opt_text(2)?, row.opt_text(3)?), row.opt_int(4)?));
    rows.iter().map(read).collect()
}

fn outcome(result: &str, contact: Option<&str>, problem: Option<&str>) -> Outcome {
    let gone = || Outcome::Refused(Problem { field: "contact".to_owned(), reason: "was deleted since".to_owned() });
    let key = contact.and_then(ContactKey::parse);
    match result {
        "created" => key.map_or_else(gone, Outcome::Created),
        "changed" => key.map_or_else(gone, Outcome::Changed),
        "same" => key.map_or_else(gone, Outcome::Same),
        _ => Outcome::Refused(problem_of(problem)),
    }
}

fn problem_of(text: Option<&str>) -> Problem {
    let read = text.and_then(|text| serde_json::from_str(text).ok());
    read.unwrap_or(Problem { field: "row".to_owned(), reason: "was refused".to_owned() })
}

/// Writes down what becomes of rows, before it becomes so. Fails if somebody else did.
pub async fn decide(db: &Database, job: &str, rows: &[(i64, Outcome, i64)]) -> Result<(), HistoryError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut sql = String::from("INSERT INTO import_row (job, n, result, contact, problem, mark) VALUES ");
    let mut params: Vec<Cell> = vec![job.into()];
    for (place, (n, outcome, mark)) in rows.iter().enumerate() {
        let at = params.len();
        let comma = if place == 0 { "" } else { ", " };
        let _ = write!(sql, "{comma}($1, ${}, ${}, ${}, ${}, ${})", at + 1, at + 2, at + 3, at + 4, at + 5);
        params.extend([(*n).into(), outcome.word().into(), outcome.contact().into(), problem_cell(outcome), (*mark).into()]);
    }
    db.write(vec![Statement { sql: sql.into(), params }]).await.map(drop)
}

fn problem_cell(outcome: &Outcome) -> Cell {
    match outcome {
        Outcome::Refused(problem) => serde_json::to_string(problem).unwrap_or_default().into(),
        _ => Cell::Null,
    }
}

const JOB: &str = "UPDATE import_job SET done = $2, created = created + $3, changed = changed + $4, skipped = skipped + $5, \
                   failed = failed + $6 WHERE id = $1 AND done < $2";

/// What was decided is done, up to this row; `corrected` are rows of which something else became.
pub async fn done(db: &Database, job: &str, rows: &[(i64, Outcome)], corrected: &[(i64, Outcome)]) -> Result<(), HistoryError> {
    let Some((last, _)) = rows.last() else { return Ok(()) };
    let mut counts = [0i64; RESULTS.len()];
    for (n, outcome) in rows {
        let outcome = corrected.iter().find(|(other, _)| other == n).map_or(outcome, |(_, outcome)| outcome);
        counts[outcome.place()] += 1;
    }
    const ROW: &str = "UPDATE import_row SET result = $3, contact = $4, problem = $5 WHERE job = $1 AND n = $2";
    let again = |(n, outcome): &(i64, Outcome)| {
        let cells = vec![job.into(), (*n).into(), outcome.word().into(), outcome.contact().into(), problem_cell(outcome)];
        Statement::new(ROW, cells)
    };
    let mut statements: Vec<Statement> = corrected.iter().map(again).collect();
    let mut params: Vec<Cell> = vec![job.into(), (*last).into()];
    params.extend(counts.map(Cell::from));
    statements.push(Statement::new(JOB, params));
    db.write(statements).await.map(drop)
}

/// What became of rows that are done, and name no contact: their number, result, what is wrong, and the hash of what they say. Written at once.
pub async fn told(db: &Database, job: &str, rows: &[(i64, &'static str, Option<Problem>, i64)]) -> Result<(), HistoryError> {
    let Some((last, ..)) = rows.last() else { return Ok(()) };
    let mut sql = String::from("INSERT INTO import_row (job, n, result, contact, problem, mark) VALUES ");
    let (mut params, mut counts): (Vec<Cell>, _) = (vec![job.into()], [0i64; RESULTS.len()]);
    for (place, (n, result, problem, mark)) in rows.iter().enumerate() {
        let at = params.len();
        let comma = if place == 0 { "" } else { ", " };
        let _ = write!(sql, "{comma}($1, ${}, ${}, NULL, ${}, ${})", at + 1, at + 2, at + 3, at + 4);
        let problem = problem.as_ref().map_or(Cell::Null, |problem| serde_json::to_string(problem).unwrap_or_default().into());
        params.extend([(*n).into(), (*result).into(), problem, (*mark).into()]);
        if let Some(count) = RESULTS.iter().position(|word| word == result).and_then(|place| counts.get_mut(place)) {
            *count += 1;
        }
    }
    let mut all: Vec<Cell> = vec![job.into(), (*last).into()];
    all.extend(counts.map(Cell::from));
    db.write(vec![Statement { sql: sql.into(), params }, Statement::new(JOB, all)]).await.map(drop)
}

/// The file is at its end.
async fn finish(db: &Database, job: &str, state: &str, rows: i64) -> Result<(), HistoryError> {
    const SQL: &str = "UPDATE import_job SET state = $2, total = $3 WHERE id = $1";
    db.write(vec![Statement::new(SQL, vec![job.into(), state.into(), rows.into()])]).await.map(drop)
}

/// The file of a job was read to its end, after so many rows. `whole` is how many it had when it was at its end before: then nothing is done anew,
/// and one that has fewer rows now is another file.
pub async fn at_end(db: &Database, job: &str, (tried, whole): (bool, Option<i64>), rows: i64) -> Result<(), Stopped> {
    match whole {
        Some(whole) if whole != rows => Err(Stopped::Other(rows + 1)),
        Some(_) => Ok(()),
        None => Ok(finish(db, job, if tried { "tried" } else { "done" }, rows).await?),
    }
}

/// Rows of a job behind a number, all or those with one result.
pub async fn rows(db: &Database, job: &str, result: Option<&str>, after: i64, count: usize) -> Result<Vec<JobRow>, HistoryError> {
    const SQL: &str = "SELECT n, result, contact, problem FROM import_row WHERE job = $1 AND n > $2 AND ($3 = '' OR result = $3) ORDER BY n LIMIT $4";
    let read = db.read(SQL, &[job.into(), after.into(), result.unwrap_or("").into(), count.into()]).await?;
    let shown = |row: &Row| {
        let problem = row.opt_text(3)?.map(|text| problem_of(Some(text)));
        Ok(JobRow {
            row: row.int(0)?,
            result: row.text(1)?.to_owned(),
            contact: row.opt_text(2)?.map(str::to_owned),
            field: problem.as_ref().map(|problem| problem.field.clone()),
            reason: problem.map(|problem| problem.reason),
        })
    };
    read.iter().map(shown).collect()
}
