//! What releases kept that only copied the journal is taken over.

use super::entries::*;
use super::tables;
use super::{Ground, Keep};
use replyflow::domain::journal::Decision;
use replyflow::domain::time::Millis;
use replyflow::history::{Database, Dialect, Lines, Writer};
use replyflow::store::JournalRecord;
use rusqlite::{Connection, params};
use std::path::Path;

/// The file as such a release made it.
fn old_file(path: &Path, entries: i64) -> Journal {
    let connection = Connection::open(path).expect("opens");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE entry (shard INTEGER NOT NULL, time INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, contact TEXT,
                 kind TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (shard, time, number)) WITHOUT ROWID;
             CREATE INDEX entry_at ON entry (at);
             CREATE INDEX entry_contact ON entry (contact, at) WHERE contact IS NOT NULL;
             CREATE TABLE sink (name TEXT PRIMARY KEY, sent INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
                 missed INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
             CREATE TABLE sink_place (sink TEXT NOT NULL, shard INTEGER NOT NULL, time INTEGER NOT NULL, number INTEGER NOT NULL,
                 PRIMARY KEY (sink, shard)) WITHOUT ROWID;
             INSERT INTO sink VALUES ('web', 12, 3, 0);
             INSERT INTO sink_place VALUES ('web', 0, 0, 7);
             PRAGMA user_version = 1;",
        )
        .expect("made");
    let (mut journal, ann) = (Journal::default(), contact("ann"));
    for n in 0..entries {
        journal.at(
            n,
            ann,
            vec![received(n as u64 + 1, "hello", Decision::Start), started(n as u64 + 1, "shop"), sent(n as u64 + 1, None, "x")],
        );
    }
    connection.execute_batch("BEGIN").expect("begun");
    for item in &journal.items {
        let JournalRecord::Entry(body) = &item.record else { continue };
        let number = item.id.number as i64;
        let params = params![0, 0, number, START, ann.to_string(), "entry", body.to_vec()];
        connection.execute("INSERT INTO entry VALUES (?1,?2,?3,?4,?5,?6,?7)", params).expect("written");
    }
    // One that no release could read, and an input that was dropped.
    connection.execute("INSERT INTO entry VALUES (4, 0, 1, 5, NULL, 'entry', x'ff')", []).expect("written");
    let dropped = params![ann.to_string()];
    connection.execute("INSERT INTO entry VALUES (5, 0, 1, 5, ?1, 'overflow', x'00')", dropped).expect("written");
    connection.execute_batch("COMMIT").expect("committed");
    journal
}

#[tokio::test]
async fn an_older_file_is_taken_over_in_parts_and_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.db");
    let mut journal = old_file(&path, 1_200);
    let open = async || Writer::new(Database::open_file(&path).await.expect("opens"), Lines::default(), Keep::default());
    let writer = open().await;
    assert_eq!(writer.to_take_over().await, Ok(1_202));
    assert_eq!(writer.take_over().await, Ok(true));
    drop(writer);
    // It was broken off there and goes on.
    let writer = open().await;
    assert_eq!(writer.to_take_over().await, Ok(702));
    while writer.take_over().await.expect("taken over") {}
    // The last of them come from the store again: the cursor was not moved before the end.
    journal.at(2_000, contact("ann"), vec![received(5_000, "new", Decision::Inbox)]);
    assert_eq!(writer.append(0, journal.items[1_000..].to_vec(), Millis(0)).await, Ok(1));

    let read = async |sql: &str| writer.database().read(sql, &[]).await.expect("read")[0].int(0).expect("a number");
    assert_eq!(read("SELECT count(*) FROM entry").await, 1_203);
    assert_eq!(read("SELECT count(*) FROM entry_before").await, 0);
    assert_eq!(read("SELECT count(*) FROM message WHERE direction = 'in'").await, 1_201);
    assert_eq!(read("SELECT sum(n) FROM figure WHERE what = 'entered' AND state = ''").await, 1_200);
    assert_eq!(read("SELECT count(*) FROM happening WHERE kind = 'input.overflow'").await, 1);
    assert_eq!(read("SELECT sent + dropped FROM sink WHERE name = 'web'").await, 15);
    assert_eq!(read("SELECT number FROM sink_place WHERE sink = 'web'").await, 7, "it reads on where it stood");

    // The same as if they had come now.
    let ground = Ground::new(Dialect::Sqlite).await;
    let now = Writer::new(ground.database.clone(), Lines::default(), Keep::default());
    now.append(0, journal.items, Millis(0)).await.expect("written");
    let taken = Ground { database: writer.database().clone(), ..ground };
    let taken: Vec<String> = tables::dump(&taken).await.into_iter().filter(|line| line.starts_with("run:")).collect();
    assert_eq!(taken.len(), 1_200);
}
