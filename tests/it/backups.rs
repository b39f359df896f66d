//! The embedded store is copied while the service runs, and put back: conversations go on from there, and what may have been sent since is not
//! sent again as if it were new.

use crate::conformance::world::{Backend, World, contact, sms};
use crate::support::command::replyflow_in;
use crate::support::live::{GREETING, SIMULATED, Service};
use crate::support::patience::until;
use replyflow::config::history::{HistoryBackend, HistoryConfig, Keep};
use replyflow::domain::id::ContactKey;
use replyflow::domain::time::Millis;
use replyflow::history::Database;
use replyflow::service::backup::{BackupError, Places, back_up, restore};
use replyflow::store::{EmbeddedStore, JournalId, StoreError, StoreSettings};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const NOW: Millis = Millis(1_767_225_600_000);

/// The command, while this runtime serves.
async fn command(folder: &Path, arguments: &[&str]) -> (String, i32) {
    let (folder, arguments) = (folder.to_owned(), arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>());
    let run = move || replyflow_in(&folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(run).await.expect("runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_on_from_a_backup_that_was_made_while_it_was_served() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    let ann = "+447700900123";
    service.write("main-sms", ann, "a1", "hi").await;
    service.shown(ann, 1).await;
    // What was sent is settled: else it would be unsure in the backup.
    let key = ContactKey::parse(&service.contact_key(ann)).expect("a key");
    let settled = async || service.core().store().inspect(key).await.expect("looks").expect("is there").lane.is_empty();
    until("what was sent is settled", settled).await;
    // Others go on writing meanwhile.
    let (client, url) = (service.client.clone(), format!("{}/hooks/main-sms", service.base));
    let others = tokio::spawn(async move {
        for n in 0..60 {
            let body = format!("{{\"id\": \"o{n}\", \"from\": \"+4477009{:05}\", \"text\": \"hi\"}}", 10_000 + n % 40);
            client.post(&url).body(body).send().await.expect("an answer");
        }
    });
    let folder = service.folder().to_owned();
    let (output, code) = command(&folder, &["admin", "backup", "copy", "--format", "json"]).await;
    assert_eq!(code, 0, "{output}");
    let about: Value = serde_json::from_str(&output).expect("JSON");
    assert!(about["store"].as_u64() > Some(0) && about["record"].as_u64() > Some(0), "{output}");
    let (output, code) = command(&folder, &["admin", "backup", "copy"]).await;
    assert!(code == 1 && output.contains("is there already"), "{output}");
    others.await.expect("written");
    service.write("main-sms", ann, "a2", "yes").await;
    service.shown(ann, 2).await;
    let (output, code) = command(&folder, &["admin", "restore", "copy", "--replace"]).await;
    assert!(code == 1 && output.contains("another process"), "not while it runs: {output}");
    let kept = service.stop().await;
    let (output, code) = command(&folder, &["admin", "restore", "copy"]).await;
    assert!(code == 1 && output.contains("is there already") && output.contains("--replace"), "{output}");
    let (output, code) = command(&folder, &["admin", "restore", "copy", "--replace"]).await;
    assert!(code == 0 && output.matches("What was there before is").count() == 2, "{output}");
    // What she answered since is not known; she is asked nothing twice and can answer again.
    let service = Service::start_in(kept).await;
    service.write("main-sms", ann, "a3", "yes").await;
    assert_eq!(service.shown(ann, 1).await, ["Thank you."]);
    service.stop().await;
}

/// A store with a message that waits, and where a copy of it goes.
async fn waiting() -> (World, Places, PathBuf) {
    let world = World::new(Backend::Embedded).await;
    world.sends(contact(1), &[sms()]).await;
    let places = Places { store: world.folder.path().to_owned(), record: None };
    let into = world.folder.path().join("copy");
    (world, places, into)
}

/// The same world with another store.
fn with_store(mut world: World, folder: &Path) -> World {
    world.store = Arc::new(EmbeddedStore::open(folder, world.settings.clone()).expect("opens"));
    world
}

#[tokio::test]
async fn what_waits_may_have_been_sent_since() {
    for nothing_sent in [false, true] {
        let (world, places, into) = waiting().await;
        back_up(&places, &into, NOW).expect("copies");
        let elsewhere = tempfile::tempdir().expect("a folder");
        let there = Places { store: elsewhere.path().join("store"), record: None };
        let restored = restore(&there, &into, NOW, (false, nothing_sent)).expect("puts back");
        assert_eq!((restored.unsure, restored.aside), (u64::from(!nothing_sent), Vec::new()));
        let secret = world.store.meta().await;
        let world = with_store(world, &there.store);
        assert_eq!(world.store.meta().await, secret, "contacts have the same keys");
        assert_eq!(world.started(contact(1), &sms()).await.unsure, !nothing_sent);
    }
}

#[tokio::test]
async fn a_damaged_copy_is_not_put_back_and_nothing_is_touched() {
    let (world, places, into) = waiting().await;
    // A backup that was cut off is no obstacle.
    std::fs::create_dir(world.folder.path().join("copy.part")).expect("a folder");
    std::fs::write(world.folder.path().join("copy.part/replyflow.db"), "half").expect("written");
    back_up(&places, &into, NOW).expect("copies");
    assert!(matches!(back_up(&places, &into, NOW), Err(BackupError::There(_))));
    let Err(BackupError::Store(StoreError::Unavailable(held))) = restore(&places, &into, NOW, (true, false)) else {
        panic!("put under a service")
    };
    assert!(held.contains("another process"), "{held}");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let there = Places { store: elsewhere.path().join("store"), record: None };
    let file = into.join("replyflow.db");
    let mut bytes = std::fs::read(&file).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle..].fill(7);
    std::fs::write(&file, bytes).expect("written");
    let Err(error) = restore(&there, &into, NOW, (true, false)) else { panic!("put back") };
    assert!(matches!(error, BackupError::Store(StoreError::Layout(_))), "{error}");
    assert!(!there.store.exists());
    assert!(matches!(restore(&there, elsewhere.path(), NOW, (true, false)), Err(BackupError::Unknown(_))));
}

#[tokio::test]
async fn what_comes_after_a_restore_is_news_to_a_record_that_is_newer() {
    let last = async |world: &World| {
        let items = world.store.read_journal(0, JournalId::START, 1_000).await.expect("reads");
        items.last().expect("an entry").id
    };
    let (world, places, into) = waiting().await;
    back_up(&places, &into, NOW).expect("copies");
    world.sends(contact(2), &[sms()]).await;
    let remembered = last(&world).await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let there = Places { store: elsewhere.path().join("store"), record: None };
    restore(&there, &into, NOW, (false, true)).expect("puts back");
    let world = with_store(world, &there.store);
    world.sends(contact(3), &[sms()]).await;
    assert!(last(&world).await > remembered, "a sink that stands at {remembered} is told of it");
}

#[tokio::test]
async fn nothing_is_left_of_a_backup_or_a_restore_that_failed() {
    let (world, mut places, into) = waiting().await;
    back_up(&places, &into, NOW).expect("copies");
    // Its record is no database.
    let record = world.folder.path().join("history.db");
    std::fs::write(&record, "no database at all, and longer than a header of one: ".repeat(4)).expect("written");
    places.record = Some(record);
    let second = world.folder.path().join("second");
    assert!(back_up(&places, &second, NOW).is_err());
    assert!(!second.exists() && !world.folder.path().join("second.part").exists());
    // A place that cannot be taken: a folder with something in it, where the copy is to be made.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let about = into.join("backup.json");
    let said = std::fs::read_to_string(&about).expect("read").replace("\"record\": null", "\"record\": 1");
    std::fs::write(&about, said).expect("written");
    std::fs::copy(into.join("replyflow.db"), into.join("history.db")).expect("copied");
    let there = Places { store: elsewhere.path().join("store"), record: Some(elsewhere.path().join("history.db")) };
    assert!(restore(&there, &into, NOW, (false, false)).is_err(), "a store is no record");
    let left = |folder: &Path| std::fs::read_dir(folder).expect("a folder").flatten().map(|e| e.file_name()).collect::<Vec<_>>();
    let all = [left(elsewhere.path()), left(&there.store)].concat();
    assert!(!all.iter().any(|name| name.to_string_lossy().contains("restored")), "{all:?}");
}

#[tokio::test]
async fn what_was_there_is_set_aside_whole_and_never_written_over() {
    let (_world, places, into) = waiting().await;
    back_up(&places, &into, NOW).expect("copies");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let there = Places { store: elsewhere.path().join("store"), record: None };
    restore(&there, &into, NOW, (false, true)).expect("puts back");
    // As a service leaves it that died: what it wrote last stands in the log alone.
    let file = there.store.join("replyflow.db");
    let db = rusqlite::Connection::open(&file).expect("opens");
    db.execute_batch("PRAGMA journal_mode = WAL; INSERT INTO works VALUES ('written last');").expect("written");
    let dead = tempfile::tempdir().expect("a folder");
    for end in ["", "-wal"] {
        let name = format!("replyflow.db{end}");
        std::fs::copy(there.store.join(&name), dead.path().join(&name)).expect("copied");
    }
    drop(db);
    let there = Places { store: dead.path().to_owned(), record: None };
    let first = restore(&there, &into, NOW, (true, true)).expect("puts back");
    let second = restore(&there, &into, NOW, (true, true)).expect("puts back");
    assert!(first.aside.len() == 1 && second.aside.len() == 1 && first.aside != second.aside);
    // The file alone has it, wherever its log is.
    let alone = elsewhere.path().join("alone.db");
    std::fs::copy(&first.aside[0], &alone).expect("copied");
    let db = rusqlite::Connection::open(&alone).expect("opens");
    let sql = "SELECT count(*) FROM works WHERE name = 'written last'";
    assert_eq!(db.query_row(sql, [], |row| row.get::<_, i64>(0)), Ok(1));
}

#[tokio::test]
async fn a_log_whose_file_is_gone_is_not_read_into_what_is_put_back() {
    let (_world, places, into) = waiting().await;
    back_up(&places, &into, NOW).expect("copies");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let there = Places { store: elsewhere.path().join("store"), record: None };
    restore(&there, &into, NOW, (false, true)).expect("puts back");
    // A service died, and somebody took the damaged file away: its log alone is left.
    let db = rusqlite::Connection::open(there.store.join("replyflow.db")).expect("opens");
    db.execute_batch("PRAGMA journal_mode = WAL; INSERT INTO works VALUES ('written last');").expect("written");
    let dead = tempfile::tempdir().expect("a folder");
    let log = dead.path().join("replyflow.db-wal");
    std::fs::copy(there.store.join("replyflow.db-wal"), &log).expect("copied");
    drop(db);
    let there = Places { store: dead.path().to_owned(), record: None };
    let Err(BackupError::There(found)) = restore(&there, &into, NOW, (false, true)) else { panic!("put over a log") };
    assert_eq!(found, log);
    let restored = restore(&there, &into, NOW, (true, true)).expect("puts back");
    assert!(!log.exists());
    let aside: Vec<_> = restored.aside.iter().map(|file| (file.exists(), file.to_string_lossy().ends_with("-wal"))).collect();
    assert_eq!(aside, [(true, true)]);
    let db = rusqlite::Connection::open(dead.path().join("replyflow.db")).expect("opens");
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    assert_eq!(count("SELECT count(*) FROM works WHERE name = 'written last'"), Ok(0), "what the log says is not of this file");
    assert_eq!(count("SELECT count(*) FROM outbox"), Ok(1));
}

#[tokio::test]
async fn whoever_restores_hears_when_a_part_of_it_is_in_place_already() {
    let folder = tempfile::tempdir().expect("a folder");
    // There is room for this name, and none for the one that it would be set aside under.
    let record = format!("{}.db", "r".repeat(233));
    let settings = format!("[store]\nhistory = \"{record}\"\n[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n");
    std::fs::write(folder.path().join("replyflow.toml"), settings).expect("written");
    let data = folder.path().join("data");
    drop(EmbeddedStore::open(&data, StoreSettings::default()).expect("opens"));
    let file = folder.path().join(&record);
    let config = HistoryConfig { backend: HistoryBackend::Sqlite { file }, keep: Keep::default() };
    drop(Database::open(&config).await.expect("opens"));
    let (output, code) = command(folder.path(), &["admin", "backup", "copy"]).await;
    assert_eq!(code, 0, "{output}");
    let (output, code) = command(folder.path(), &["admin", "restore", "copy", "--replace"]).await;
    assert!(code == 1 && output.contains("run it again with `--replace`"), "{output}");
    let mut left = std::fs::read_dir(&data).expect("a folder").flatten().map(|entry| entry.file_name());
    assert!(left.any(|name| name.to_string_lossy().contains(".before-")), "the store is replaced");
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_looks_into_a_backup() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_world, places, into) = waiting().await;
    back_up(&places, &into, NOW).expect("copies");
    assert_eq!(std::fs::metadata(&into).expect("a folder").permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn what_a_record_would_begin_by_itself_stays_still() {
    let (world, mut places, into) = waiting().await;
    let file = world.folder.path().join("history.db");
    let keep = Keep::default();
    let config = HistoryConfig { backend: HistoryBackend::Sqlite { file: file.clone() }, keep };
    let record = Database::open(&config).await.expect("opens");
    let db = rusqlite::Connection::open(&file).expect("opens");
    for (id, state) in [("a", "running"), ("b", "scheduled"), ("c", "done"), ("d", "paused")] {
        let sql = "INSERT INTO broadcast (id, mode, name, created_at, created_by, state, changed_at, plan, audience, starts_at) \
                   VALUES (?1, 'live', 'x', 0, 'ada', ?2, 0, '{}', '{}', 0)";
        db.execute(sql, [id, state]).expect("written");
    }
    places.record = Some(file);
    back_up(&places, &into, NOW).expect("copies");
    drop((record, db));
    let elsewhere = tempfile::tempdir().expect("a folder");
    let there = Places { store: elsewhere.path().join("store"), record: Some(elsewhere.path().join("kept/history.db")) };
    let restored = restore(&there, &into, NOW, (false, true)).expect("puts back");
    assert_eq!((restored.stilled.broadcasts, restored.stilled.schedules), (2, 0));
    let db = rusqlite::Connection::open(elsewhere.path().join("kept/history.db")).expect("opens");
    let states =
        |state: &str| db.query_row("SELECT count(*) FROM broadcast WHERE state = ?1", [state], |row| row.get::<_, i64>(0));
    assert_eq!((states("paused"), states("done")), (Ok(3), Ok(1)));
}
