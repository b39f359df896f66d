//! History in a SQLite file: one thread writes, any tool reads.

use super::history::{HistoryError, HistorySink};
use super::sinks::shelf;
use super::taken_back;
use crate::domain::codec;
use crate::domain::id::ContactKey;
use crate::domain::journal;
use crate::domain::time::{Millis, Span};
use crate::store::{JournalItem, JournalRecord};
use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags, params};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::oneshot;

/// An entry: `kind` is `entry` (the body is a journal entry as the store had it) or `overflow` (an input that was dropped).
const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS entry (
        shard INTEGER NOT NULL, time INTEGER NOT NULL, number INTEGER NOT NULL,
        at INTEGER NOT NULL, contact TEXT, kind TEXT NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (shard, time, number)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS entry_at ON entry (at);
    CREATE INDEX IF NOT EXISTS entry_contact ON entry (contact, at) WHERE contact IS NOT NULL;
";
const VERSION: i64 = 1;
/// The same with the tables of the record beside it.
const WITH_RECORD: i64 = crate::history::schema::VERSION;
/// Old entries that are deleted beside one batch, so that no write waits for long.
const DELETE: i64 = 2_000;

struct Job {
    shard: u8,
    items: Vec<JournalItem>,
    now: Millis,
    answer: oneshot::Sender<Result<(), HistoryError>>,
}

/// The file, open for writing.
pub struct HistoryFile {
    jobs: mpsc::SyncSender<Job>,
}

impl HistoryFile {
    /// Opens or makes the file. Entries older than `keep` are deleted as new ones come.
    pub fn open(path: &Path, keep: Span) -> Result<Self, HistoryError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| HistoryError(format!("{}: {}", folder.display(), e.kind())))?;
        }
        let mut connection = connect(path)?;
        let (jobs, inbox) = mpsc::sync_channel::<Job>(16);
        let path = path.to_owned();
        let work = move || {
            while let Ok(job) = inbox.recv() {
                let mut result = write(&mut connection, &job, keep);
                if result.is_err() {
                    // A disk that was full may have room again: with a fresh handle nothing is half-open.
                    if let Ok(fresh) = connect(&path) {
                        connection = fresh;
                        result = write(&mut connection, &job, keep);
                    }
                }
                // Nobody waits any more when the service is stopping.
                let _ = job.answer.send(result);
            }
        };
        std::thread::Builder::new().name("history".to_owned()).spawn(work).map_err(|e| HistoryError(e.to_string()))?;
        Ok(HistoryFile { jobs })
    }
}

#[async_trait]
impl HistorySink for HistoryFile {
    async fn append(&self, shard: u8, items: Vec<JournalItem>, now: Millis) -> Result<(), HistoryError> {
        let (answer, done) = oneshot::channel();
        let job = Job { shard, items, now, answer };
        // One feeder waits for each answer, so the queue of 16 is never full.
        self.jobs.try_send(job).map_err(|_| HistoryError("its thread is gone or busy".to_owned()))?;
        done.await.map_err(|_| HistoryError("its thread is gone".to_owned()))?
    }
}

fn connect(path: &Path) -> Result<Connection, HistoryError> {
    let open = || -> rusqlite::Result<(Connection, i64)> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version == 0 {
            connection.execute_batch(LAYOUT)?;
            connection.pragma_update(None, "user_version", VERSION)?;
        }
        if matches!(version, 0 | VERSION | WITH_RECORD) {
            connection.execute_batch(shelf::LAYOUT)?;
        }
        Ok((connection, version))
    };
    match open() {
        Ok((connection, 0 | VERSION | WITH_RECORD)) => Ok(connection),
        Ok((_, other)) => Err(HistoryError(format!("{} has layout {other}, this release knows {VERSION}", path.display()))),
        Err(error) => Err(HistoryError(format!("{}: {error}", path.display()))),
    }
}

fn write(connection: &mut Connection, job: &Job, keep: Span) -> Result<(), HistoryError> {
    let mut run = || -> rusqlite::Result<()> {
        let transaction = connection.transaction()?;
        {
            let sql = "INSERT OR IGNORE INTO entry (shard, time, number, at, contact, kind, body) VALUES (?1,?2,?3,?4,?5,?6,?7)";
            let mut insert = transaction.prepare(sql)?;
            for item in &job.items {
                let (at, contact, kind, body) = columns(&item.record, job.now);
                let (time, number) = (item.id.time as i64, item.id.number as i64);
                insert.execute(params![job.shard, time, number, at.0, contact.map(|c| c.to_string()), kind, body])?;
                taken_back::mask(&transaction, contact, body)?;
            }
            let old = "DELETE FROM entry WHERE (shard, time, number) IN
                       (SELECT shard, time, number FROM entry WHERE at < ?1 ORDER BY at LIMIT ?2)";
            shelf::count_missed(&transaction, job.now - keep, DELETE)?;
            transaction.prepare(old)?.execute(params![(job.now - keep).0, DELETE])?;
        }
        transaction.commit()
    };
    run().map_err(|error| HistoryError(error.to_string()))
}

/// What is read of an entry while it is copied: its events, which may be many, are passed over.
#[derive(serde::Deserialize)]
struct Head {
    contact: ContactKey,
    at: Millis,
}

/// When, whose, what. An entry that this release cannot read is kept all the same.
fn columns(record: &JournalRecord, now: Millis) -> (Millis, Option<ContactKey>, &'static str, &[u8]) {
    match record {
        JournalRecord::Entry(body) => match codec::decode::<Head>(body) {
            Ok(head) => (head.at, Some(head.contact), "entry", body),
            Err(_) => (now, None, "entry", body),
        },
        JournalRecord::Overflow { contact, entry } => (entry.accepted_at, Some(*contact), "overflow", &entry.body),
    }
}

/// One entry as people read it: `replyflow journal export` prints one in each line.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// Its place: `SHARD/TIME-NUMBER`.
    pub id: String,
    /// As JSON: `{id, contact, token, at, events}`, `{id, contact, at, overflow}`, or `{id, at, unreadable}`.
    pub json: serde_json::Value,
}

/// Which entries are exported.
#[derive(Debug, Clone, Default)]
pub struct ExportFilter {
    /// From this moment on.
    pub since: Option<Millis>,
    /// Of this contact.
    pub contact: Option<ContactKey>,
}

/// Reads history, oldest first, and gives each entry to `each` until that says `false`. May run beside the service.
pub fn export(path: &Path, filter: &ExportFilter, mut each: impl FnMut(Exported) -> bool) -> Result<(), HistoryError> {
    if !path.is_file() {
        return Err(HistoryError(format!("there is no file {}", path.display())));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut run = || -> rusqlite::Result<()> {
        let connection = Connection::open_with_flags(PathBuf::from(path), flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        let sql = "SELECT shard, time, number, at, kind, body FROM entry
                   WHERE at >= ?1 AND (?2 IS NULL OR contact = ?2) ORDER BY at, shard, time, number";
        let mut statement = connection.prepare(sql)?;
        let since = filter.since.map_or(i64::MIN, |s| s.0);
        let mut rows = statement.query(params![since, filter.contact.map(|c| c.to_string())])?;
        while let Some(row) = rows.next()? {
            let id = format!("{}/{}-{}", row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?);
            let (at, kind, body): (i64, String, Vec<u8>) = (row.get(3)?, row.get(4)?, row.get(5)?);
            let json = readable(&id, Millis(at), &kind, &body);
            if !each(Exported { id, json }) {
                break;
            }
        }
        Ok(())
    };
    run().map_err(|error| HistoryError(format!("{}: {error}", path.display())))
}

fn readable(id: &str, at: Millis, kind: &str, body: &[u8]) -> serde_json::Value {
    let time = crate::domain::value::rfc3339(at);
    let read = |result: Result<serde_json::Value, String>, name: &str| match result {
        Ok(value) => serde_json::json!({ "id": id, "time": time, name: value }),
        Err(why) => serde_json::json!({ "id": id, "time": time, "unreadable": why }),
    };
    if kind == "overflow" {
        return read(json_of::<crate::domain::input::Input>(body), "overflow");
    }
    match json_of::<journal::Entry>(body) {
        Ok(serde_json::Value::Object(entry)) => {
            let mut out = serde_json::json!({ "id": id, "time": time });
            if let serde_json::Value::Object(map) = &mut out {
                map.extend(entry);
            }
            out
        }
        other => read(other, "entry"),
    }
}

fn json_of<T: serde::Serialize + serde::de::DeserializeOwned>(body: &[u8]) -> Result<serde_json::Value, String> {
    let value: T = codec::decode(body).map_err(|e| e.to_string())?;
    serde_json::to_value(value).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Token;
    use crate::store::JournalId;
    use bytes::Bytes;

    fn item(number: u64, at: i64, contact: ContactKey) -> JournalItem {
        let events = vec![journal::Event::Note { run: None, text: format!("n{number}") }];
        let entry = journal::Entry { contact, token: Token(number), at: Millis(at), events };
        JournalItem { id: JournalId { time: 0, number }, record: JournalRecord::Entry(Bytes::from(codec::encode(&entry))) }
    }

    fn exported(path: &Path, filter: &ExportFilter) -> Vec<serde_json::Value> {
        let mut all = Vec::new();
        export(path, filter, |e| {
            all.push(e.json);
            true
        })
        .expect("readable");
        all
    }

    #[tokio::test]
    async fn entries_are_kept_once_exported_in_order_and_deleted_when_old() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/history.db");
        let (a, b) = (ContactKey::derive(b"s", "a"), ContactKey::derive(b"s", "b"));
        let history = HistoryFile::open(&path, Span::millis(1_000)).expect("opens");
        let batch = vec![item(1, 100, a), item(2, 200, b)];
        history.append(3, batch.clone(), Millis(300)).await.expect("written");
        history.append(3, batch, Millis(300)).await.expect("the same again");
        let broken =
            JournalItem { id: JournalId { time: 0, number: 9 }, record: JournalRecord::Entry(Bytes::from_static(b"\xff")) };
        history.append(4, vec![broken], Millis(300)).await.expect("kept");

        let all = exported(&path, &ExportFilter::default());
        assert_eq!(all.len(), 3);
        assert_eq!((&all[0]["id"], &all[0]["events"][0]["note"]["text"]), (&"3/0-1".into(), &"n1".into()));
        assert!(all[2]["unreadable"].is_string());
        assert_eq!(exported(&path, &ExportFilter { contact: Some(b), since: None }).len(), 1);
        assert_eq!(exported(&path, &ExportFilter { contact: None, since: Some(Millis(200)) }).len(), 2);

        history.append(3, vec![item(3, 1_250, a)], Millis(1_250)).await.expect("written");
        let left: Vec<_> = exported(&path, &ExportFilter::default()).iter().map(|e| e["id"].clone()).collect();
        assert_eq!(left, vec!["4/0-9", "3/0-3"], "entries older than a second are gone");
    }

    #[test]
    fn a_missing_file_and_another_layout_are_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("h.db");
        assert!(export(&path, &ExportFilter::default(), |_| true).is_err());
        let connection = Connection::open(&path).expect("opens");
        connection.pragma_update(None, "user_version", 7).expect("written");
        assert!(HistoryFile::open(&path, Span::days(30)).err().expect("refused").0.contains("layout 7"));
    }
}
