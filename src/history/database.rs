//! One type for both databases. SQL is written once, with `$1`, `$2` …; what a statement needs beside that differs in few words, for which
//! `Dialect` is asked.

use super::cell::{Cell, Row, Statement};
use super::error::HistoryError;
use super::postgres::Postgres;
use super::sqlite::Sqlite;
use crate::config::history::{HistoryBackend, HistoryConfig};
use std::sync::Arc;
use std::time::Duration;

/// What takes longer is given up: a read, or a transaction of a server, which may also say nothing any more.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite in a file.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl Dialect {
    /// Its name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::Sqlite => "SQLite",
            Dialect::Postgres => "PostgreSQL",
        }
    }
}

/// A transaction in rounds, each of which may depend on the answers to the one before. Pure: both databases drive it the same way.
pub trait Work: Send {
    /// The first round. Called again when a transaction had to be given up and is begun anew.
    fn begin(&mut self) -> Round;
    /// The next round.
    fn next(&mut self, answers: Answers) -> Result<Round, HistoryError>;
}

/// What a round does. Its statements are sent together and done in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Round {
    /// Statements whose rows are wanted: queries, and changes with `RETURNING`.
    Read(Vec<Statement>),
    /// Statements that change something.
    Write(Vec<Statement>),
    /// Nothing is left to do: commit.
    Done,
}

/// What a round gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Answers {
    /// The rows of each statement.
    Rows(Vec<Vec<Row>>),
    /// How many rows each statement changed.
    Changed(Vec<u64>),
}

impl Answers {
    /// The rows of each statement; none of a round that only wrote.
    pub fn rows(self) -> Vec<Vec<Row>> {
        match self {
            Answers::Rows(rows) => rows,
            Answers::Changed(_) => Vec::new(),
        }
    }

    /// How many rows each statement changed or gave.
    pub fn changed(self) -> Vec<u64> {
        match self {
            Answers::Rows(rows) => rows.iter().map(|rows| rows.len() as u64).collect(),
            Answers::Changed(changed) => changed,
        }
    }
}

/// The database of the record. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Database(Driver);

#[derive(Clone)]
enum Driver {
    Sqlite(Arc<Sqlite>),
    Postgres(Arc<Postgres>),
}

impl Database {
    /// Opens it and brings its tables to what this release knows. A PostgreSQL server that cannot be reached now is an error.
    pub async fn open(config: &HistoryConfig) -> Result<Self, HistoryError> {
        match &config.backend {
            HistoryBackend::Sqlite { file } => Self::open_file(file).await,
            HistoryBackend::Postgres(settings) => Ok(Database(Driver::Postgres(Arc::new(Postgres::open(settings, true).await?)))),
        }
    }

    /// Opens it as it is, for a command beside the service: nothing is made and no table is changed.
    pub async fn open_beside(config: &HistoryConfig) -> Result<Self, HistoryError> {
        match &config.backend {
            HistoryBackend::Sqlite { file } => {
                let file = file.clone();
                let open = tokio::task::spawn_blocking(move || Sqlite::open_beside(&file));
                let opened = open.await.map_err(|e| HistoryError(e.to_string()))??;
                Ok(Database(Driver::Sqlite(Arc::new(opened))))
            }
            HistoryBackend::Postgres(settings) => {
                Ok(Database(Driver::Postgres(Arc::new(Postgres::open(settings, false).await?))))
            }
        }
    }

    /// A SQLite file, made if it is not there.
    pub async fn open_file(file: &std::path::Path) -> Result<Self, HistoryError> {
        let file = file.to_owned();
        let open = tokio::task::spawn_blocking(move || Sqlite::open(&file));
        let opened = open.await.map_err(|e| HistoryError(e.to_string()))??;
        Ok(Database(Driver::Sqlite(Arc::new(opened))))
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        match &self.0 {
            Driver::Sqlite(_) => Dialect::Sqlite,
            Driver::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Reads, on connections of its own: no write waits for it.
    pub async fn read(&self, sql: &str, params: &[Cell]) -> Result<Vec<Row>, HistoryError> {
        match &self.0 {
            Driver::Sqlite(sqlite) => sqlite.read(sql, params).await,
            Driver::Postgres(postgres) => postgres.read(sql, params).await,
        }
    }

    /// Reads what is found by its key: long reads are not in its way.
    pub async fn look_up(&self, sql: &str, params: &[Cell]) -> Result<Vec<Row>, HistoryError> {
        match &self.0 {
            Driver::Sqlite(sqlite) => sqlite.look_up(sql, params).await,
            Driver::Postgres(postgres) => postgres.read(sql, params).await,
        }
    }

    /// Does statements in one transaction; gives how many rows each of them changed.
    pub async fn write(&self, statements: Vec<Statement>) -> Result<Vec<u64>, HistoryError> {
        let done = self.transact(Once { round: Some(Round::Write(statements)), answers: None }).await?;
        Ok(done.answers.map(Answers::changed).unwrap_or_default())
    }

    /// Does one statement that changes something and gives rows: `… RETURNING id`.
    pub async fn change(&self, statement: Statement) -> Result<Vec<Row>, HistoryError> {
        let done = self.transact(Once { round: Some(Round::Read(vec![statement])), answers: None }).await?;
        Ok(done.answers.map(Answers::rows).unwrap_or_default().pop().unwrap_or_default())
    }

    /// Writes its file anew, so that nothing is left on the disk of what was deleted. PostgreSQL does that by itself in its own time.
    pub async fn compact(&self) -> Result<(), HistoryError> {
        match &self.0 {
            Driver::Sqlite(sqlite) => sqlite.compact().await,
            Driver::Postgres(_) => Ok(()),
        }
    }

    /// Does a transaction in rounds and gives it back when it is committed.
    pub async fn transact<W: Work + 'static>(&self, work: W) -> Result<W, HistoryError> {
        match &self.0 {
            Driver::Sqlite(sqlite) => sqlite.transact(work).await,
            Driver::Postgres(postgres) => postgres.transact(work).await,
        }
    }
}

/// A transaction of one round.
struct Once {
    round: Option<Round>,
    answers: Option<Answers>,
}

impl Work for Once {
    fn begin(&mut self) -> Round {
        self.answers = None;
        self.round.clone().unwrap_or(Round::Done)
    }

    fn next(&mut self, answers: Answers) -> Result<Round, HistoryError> {
        self.answers = Some(answers);
        Ok(Round::Done)
    }
}
