//! SQLite: one thread writes, many transactions in one commit; readers have connections of their own. No async thread ever waits for the disk.

use super::cell::{Cell, Row, Statement};
use super::database::{Answers, Dialect, LONGEST, Round, Work};
use super::error::HistoryError;
use super::interrupt::Interrupt;
use super::schema;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OpenFlags};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// Transactions of one commit.
const GROUP: usize = 64;
/// Transactions that wait for the thread.
const WAITING: usize = 1_024;
/// Readers at one time; more wait.
const READERS: usize = 4;
/// Pages of 4 KiB in the log before they are moved into the file.
const AUTOCHECKPOINT_PAGES: i64 = 8_000;
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 256;

/// An open file.
pub(super) struct Sqlite {
    path: PathBuf,
    jobs: Option<mpsc::SyncSender<Box<dyn Job>>>,
    idle: Mutex<Vec<Connection>>,
    readers: Arc<Semaphore>,
    /// A reader of its own for what is looked up by its key, so that long reads are not in the way.
    at_once: Arc<Semaphore>,
    longest: Duration,
}

/// A transaction on its way through the thread.
trait Job: Send {
    /// Does it; false: its changes must be undone. May be called again after everything was undone.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells whoever waits for it.
    fn answer(self: Box<Self>, committed: Result<(), HistoryError>);
}

struct Waiting<W> {
    work: Option<W>,
    result: Result<(), HistoryError>,
    reply: oneshot::Sender<Result<W, HistoryError>>,
}

impl<W: Work> Job for Waiting<W> {
    fn run(&mut self, connection: &Connection) -> bool {
        if let Some(work) = &mut self.work {
            let panicked = |_| Err(HistoryError::unfit("a transaction panicked"));
            self.result = catch_unwind(AssertUnwindSafe(|| drive(work, connection))).unwrap_or_else(panicked);
        }
        self.result.is_ok()
    }

    fn answer(self: Box<Self>, committed: Result<(), HistoryError>) {
        let Waiting { work, result, reply } = *self;
        let done = committed.and(result).and_then(|()| work.ok_or_else(gone));
        // Nobody may be waiting any more; what was written stands all the same.
        let _ = reply.send(done);
    }
}

impl Sqlite {
    /// Opens or makes the file and brings its tables up to date. Blocks.
    pub(super) fn open(path: &Path) -> Result<Self, HistoryError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| HistoryError(format!("{}: {}", folder.display(), e.kind())))?;
        }
        let writer = writer(path)?;
        let (jobs, inbox) = mpsc::sync_channel(WAITING);
        let file = path.to_owned();
        let work = move || write_all(&file, Some(writer), &inbox);
        std::thread::Builder::new().name("history".to_owned()).spawn(work).map_err(|e| HistoryError(e.to_string()))?;
        Ok(Sqlite::of(path, Some(jobs)))
    }

    /// Opens a file as it is, beside the service. Blocks.
    pub(super) fn open_beside(path: &Path) -> Result<Self, HistoryError> {
        if !path.is_file() {
            return Err(HistoryError(format!("there is no file {}", path.display())));
        }
        let reader = reader(path)?;
        let version = version_of(&reader)?;
        if version != schema::VERSION {
            return Err(other_version(path, version));
        }
        Ok(Sqlite::of(path, None))
    }

    fn of(path: &Path, jobs: Option<mpsc::SyncSender<Box<dyn Job>>>) -> Self {
        let (readers, at_once) = (Arc::new(Semaphore::new(READERS)), Arc::new(Semaphore::new(1)));
        Sqlite { path: path.to_owned(), jobs, idle: Mutex::default(), readers, at_once, longest: LONGEST }
    }

    pub(super) async fn transact<W: Work + 'static>(&self, work: W) -> Result<W, HistoryError> {
        let jobs = self.jobs.as_ref().ok_or_else(|| HistoryError("it was opened only to be read".to_owned()))?;
        let (reply, done) = oneshot::channel();
        let job = Waiting { work: Some(work), result: Err(gone()), reply };
        jobs.try_send(Box::new(job)).map_err(|_| HistoryError("too much waits to be written".to_owned()))?;
        done.await.map_err(|_| gone())?
    }

    /// Writes the file anew, without what was deleted. Nobody writes meanwhile.
    pub(super) async fn compact(&self) -> Result<(), HistoryError> {
        let path = self.path.clone();
        let work = move || -> Result<(), HistoryError> {
            let connection = writer(&path)?;
            connection.execute_batch("VACUUM")?;
            // The log of changes still has the old pages. Whoever reads just now keeps it a little longer.
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            Ok(())
        };
        tokio::task::spawn_blocking(work).await.map_err(|e| HistoryError(e.to_string()))?
    }

    /// Rows. A read that takes too long, or that nobody waits for any more, is broken off and frees its place.
    pub(super) async fn read(&self, sql: &str, params: &[Cell]) -> Result<Vec<Row>, HistoryError> {
        self.read_among(&self.readers, sql, params).await
    }

    /// Rows that are found by their key, however many long reads there are.
    pub(super) async fn look_up(&self, sql: &str, params: &[Cell]) -> Result<Vec<Row>, HistoryError> {
        self.read_among(&self.at_once, sql, params).await
    }

    async fn read_among(&self, places: &Arc<Semaphore>, sql: &str, params: &[Cell]) -> Result<Vec<Row>, HistoryError> {
        let permit = Arc::clone(places).acquire_owned().await.map_err(|e| HistoryError(e.to_string()))?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let (path, sql, params) = (self.path.clone(), numbered(sql), params.to_vec());
        let (interrupt, running) = Interrupt::pair();
        let work = move || -> Result<(Connection, Result<Vec<Row>, HistoryError>), HistoryError> {
            let connection = match idle {
                Some(connection) => connection,
                None => reader(&path)?,
            };
            let rows = running.run(&connection, || query(&connection, &sql, &params));
            drop(permit);
            Ok((connection, rows))
        };
        let done = tokio::time::timeout(self.longest, tokio::task::spawn_blocking(work)).await;
        // From here on the connection may be another one's: what was not broken off must not be any more.
        let Ok(done) = done else { return Err(late(self.longest)) };
        interrupt.disarm();
        let (connection, rows) = done.map_err(|e| HistoryError(e.to_string()))??;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        rows
    }
}

/// Does what comes until nobody can send any more.
fn write_all(path: &Path, mut connection: Option<Connection>, inbox: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = inbox.recv() {
        let mut group = vec![first];
        group.extend(inbox.try_iter().take(GROUP - 1));
        let committed = commit(path, &mut connection, &mut group);
        if committed.is_err() {
            // A disk that was full may have room again: with a fresh handle nothing is half-open.
            connection = None;
        }
        for job in group {
            job.answer(committed.clone());
        }
    }
}

fn commit(path: &Path, open: &mut Option<Connection>, group: &mut [Box<dyn Job>]) -> Result<(), HistoryError> {
    let connection = match open.take() {
        Some(connection) => connection,
        None => writer(path)?,
    };
    let connection = open.insert(connection);
    let run = |sql: &str| connection.prepare_cached(sql).and_then(|mut s| s.execute([])).map(|_| ());
    // SQLite gives up the whole transaction by itself where it cannot write (disk full, I/O error): nothing of the group stands.
    let standing = || match connection.is_autocommit() {
        true => Err(HistoryError("the file could not be written".to_owned())),
        false => Ok(()),
    };
    run("BEGIN IMMEDIATE")?;
    // Within a savepoint SQLite copies every page before it is changed: only where one of the group has failed each has one.
    if !group.iter_mut().all(|job| job.run(connection)) {
        standing()?;
        run("ROLLBACK")?;
        run("BEGIN IMMEDIATE")?;
        for job in group {
            run("SAVEPOINT job")?;
            if !job.run(connection) {
                standing()?;
                run("ROLLBACK TO job")?;
            }
            run("RELEASE job")?;
        }
    }
    run("COMMIT")?;
    Ok(())
}

fn drive(work: &mut impl Work, connection: &Connection) -> Result<(), HistoryError> {
    let mut round = work.begin();
    loop {
        let answers = match round {
            Round::Done => return Ok(()),
            Round::Write(statements) => {
                let write = |s: &Statement| execute(connection, &numbered(&s.sql), &s.params);
                Answers::Changed(statements.iter().map(write).collect::<Result<_, _>>()?)
            }
            Round::Read(statements) => {
                let read = |s: &Statement| query(connection, &numbered(&s.sql), &s.params);
                Answers::Rows(statements.iter().map(read).collect::<Result<_, _>>()?)
            }
        };
        round = work.next(answers)?;
    }
}

fn execute(connection: &Connection, sql: &str, params: &[Cell]) -> Result<u64, HistoryError> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.execute(rusqlite::params_from_iter(params))? as u64)
}

fn query(connection: &Connection, sql: &str, params: &[Cell]) -> Result<Vec<Row>, HistoryError> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = (0..columns).map(|i| row.get_ref(i).map(cell)).collect::<rusqlite::Result<_>>()?;
        out.push(Row(cells));
    }
    Ok(out)
}

impl rusqlite::ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null => ToSqlOutput::Owned(Value::Null),
            Cell::Int(n) => ToSqlOutput::Owned(Value::Integer(*n)),
            Cell::Real(n) => ToSqlOutput::Owned(Value::Real(*n)),
            Cell::Text(text) => match Cell::storable(text) {
                std::borrow::Cow::Borrowed(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
                std::borrow::Cow::Owned(text) => ToSqlOutput::Owned(Value::Text(text)),
            },
            Cell::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(n) => Cell::Int(n),
        ValueRef::Real(n) => Cell::Real(n),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
    }
}

/// `$1` as SQLite numbers it. No literal of ours holds a dollar sign before a digit.
fn numbered(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find('$') {
        let is_number = rest.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit);
        out.push_str(&rest[..at]);
        out.push(if is_number { '?' } else { '$' });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out
}

fn writer(path: &Path) -> Result<Connection, HistoryError> {
    let named = |error: rusqlite::Error| HistoryError(format!("{}: {error}", path.display()));
    let mut connection = Connection::open(path).map_err(named)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(named)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "journal_mode", "WAL").map_err(named)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(named)?;
    // What is deleted is not to be found in the file's free pages.
    connection.pragma_update(None, "secure_delete", "ON").map_err(named)?;
    // 16 MiB of pages: indexes are written at random places.
    connection.pragma_update(None, "cache_size", -16_384).map_err(named)?;
    // What a statement may have to undo is kept in memory: else each that changes several rows writes a file of its own.
    connection.pragma_update(None, "temp_store", "MEMORY").map_err(named)?;
    // The same pages change again and again: 32 MiB of the log are gathered before they are written to their places.
    connection.pragma_update(None, "wal_autocheckpoint", AUTOCHECKPOINT_PAGES).map_err(named)?;
    migrate(path, &mut connection)?;
    Ok(connection)
}

fn reader(path: &Path) -> Result<Connection, HistoryError> {
    let named = |error: rusqlite::Error| HistoryError(format!("{}: {error}", path.display()));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(named)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(named)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn version_of(connection: &Connection) -> Result<i64, HistoryError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn migrate(path: &Path, connection: &mut Connection) -> Result<(), HistoryError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version = version_of(&transaction)?;
    if version > schema::VERSION {
        return Err(other_version(path, version));
    }
    for migration in schema::after(version) {
        transaction.execute_batch(&migration.text(Dialect::Sqlite))?;
        transaction.pragma_update(None, "user_version", migration.number)?;
    }
    Ok(transaction.commit()?)
}

fn other_version(path: &Path, version: i64) -> HistoryError {
    let known = schema::VERSION;
    let hint = if version < known { "; the service brings it up to date when it starts" } else { "" };
    HistoryError(format!("{} has layout {version}, this release knows {known}{hint}", path.display()))
}

fn late(longest: Duration) -> HistoryError {
    HistoryError(format!("it took longer than {} s and was broken off", longest.as_secs()))
}

fn gone() -> HistoryError {
    HistoryError("its thread is gone".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::database::Database;
    use super::*;

    fn tag(contact: &str, tag: &str) -> Statement {
        Statement::new("INSERT INTO contact_tag (contact, tag) VALUES ($1, $2)", [contact.into(), tag.into()])
    }

    async fn tags(database: &Database) -> Vec<String> {
        let rows = database.read("SELECT tag FROM contact_tag WHERE contact = $1 ORDER BY tag", &["a".into()]).await;
        rows.expect("read").iter().map(|row| row.text(0).expect("a text").to_owned()).collect()
    }

    #[tokio::test]
    async fn a_transaction_is_all_or_nothing_and_seen_by_readers_when_it_is_committed() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::open_file(&folder.path().join("deep/history.db")).await.expect("opens");
        assert_eq!(database.write(vec![tag("a", "vip"), tag("a", "new")]).await, Ok(vec![1, 1]));
        let twice = database.write(vec![tag("a", "third"), tag("a", "vip")]).await;
        assert!(twice.is_err_and(|error| error.0.contains("UNIQUE")));
        assert_eq!(tags(&database).await, ["new", "vip"], "nothing of what failed stands");
        let gone = "DELETE FROM contact_tag WHERE contact = $1 RETURNING tag";
        assert_eq!(database.change(Statement::new(gone, ["a".into()])).await.expect("done").len(), 2);
        assert!(tags(&database).await.is_empty());
    }

    #[tokio::test]
    async fn a_file_of_another_layout_is_refused_and_one_that_is_not_there_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("history.db");
        assert!(Sqlite::open_beside(&path).is_err_and(|error| error.0.contains("there is no file")));
        let connection = Connection::open(&path).expect("opens");
        connection.pragma_update(None, "user_version", 99).expect("written");
        assert!(Sqlite::open(&path).is_err_and(|error| error.0.contains("layout 99")));
    }

    /// So long that no test waits for its end.
    const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

    fn opened(folder: &Path, longest: Duration) -> Arc<Sqlite> {
        let mut sqlite = Sqlite::open(&folder.join("history.db")).expect("opens");
        sqlite.longest = longest;
        Arc::new(sqlite)
    }

    #[tokio::test]
    async fn a_read_that_takes_too_long_is_broken_off_and_frees_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let sqlite = opened(folder.path(), Duration::from_millis(50));
        for _ in 0..=READERS {
            let refused = sqlite.read(ENDLESS, &[]).await;
            assert!(refused.is_err_and(|error| error.0.contains("broken off")));
        }
        // A place is free when the thread that read has seen that it is over.
        let all = sqlite.readers.acquire_many(READERS as u32).await.expect("all places");
        drop(all);
        assert_eq!(sqlite.read("SELECT 1", &[]).await.map(|rows| rows.len()), Ok(1));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_broken_off_and_keys_are_looked_up_meanwhile() {
        let folder = tempfile::tempdir().expect("a folder");
        let sqlite = opened(folder.path(), LONGEST);
        let long = |_| {
            let sqlite = Arc::clone(&sqlite);
            tokio::spawn(async move { sqlite.read(ENDLESS, &[]).await })
        };
        let reads: Vec<_> = (0..READERS).map(long).collect();
        while sqlite.readers.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(sqlite.look_up("SELECT 1", &[]).await.map(|rows| rows.len()), Ok(1));
        for read in &reads {
            read.abort();
        }
        assert_eq!(sqlite.read("SELECT 1", &[]).await.map(|rows| rows.len()), Ok(1), "a place became free long before its time");
    }

    #[test]
    fn parameters_are_numbered_as_sqlite_wants_it() {
        assert_eq!(numbered("a = $1 AND b = $12 AND c = '$' AND d = '€ $x'"), "a = ?1 AND b = ?12 AND c = '$' AND d = '€ $x'");
    }
}
