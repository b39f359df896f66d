//! How fast what the journal tells becomes rows, beside the same database taking plain rows of the same size in transactions of the same length.
//!
//! `RECORD_CONTACTS` (default 20,000) says how many contacts have a conversation of ten entries each, one after the other and side by side;
//! `RECORD_POSTGRES` is the URL of an empty PostgreSQL database, else only SQLite is measured, in a folder of its own.

mod journal;

use replyflow::config::history::{HistoryBackend, HistoryConfig, Keep};
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::name::ChannelName;
use replyflow::domain::time::Millis;
use replyflow::history::{Cell, Database, Lines, Statement, Writer};
use replyflow::store::{JournalItem, JournalRecord};
use std::path::Path;
use std::time::Instant;

/// Entries of one transaction, as the service feeds them.
const BATCH: usize = 500;
/// The tables that an entry becomes rows of.
const TABLES: [&str; 9] = ["entry", "contact", "contact_address", "message", "run", "step", "run_value", "happening", "figure"];

fn main() {
    let contacts = std::env::var("RECORD_CONTACTS").map_or(20_000, |n| n.parse().expect("a number"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure(contacts));
}

async fn measure(contacts: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let file =
        HistoryConfig { backend: HistoryBackend::Sqlite { file: folder.path().join("history.db") }, keep: Keep::default() };
    let mut configs = vec![file];
    configs.extend(std::env::var("RECORD_POSTGRES").ok().map(|url| postgres(folder.path(), &url)));
    let items = journal::of(contacts);
    let bytes: usize = items.iter().map(size).sum();
    println!("{} entries of {contacts} contacts, {:.0} MB, in transactions of {BATCH}", items.len(), bytes as f64 / 1e6);
    println!("{:<12} {:>12} {:>12} {:>14} {:>9}", "", "entries/s", "rows/s", "plain rows/s", "ratio");
    for config in configs {
        let database = Database::open(&config).await.expect("opens");
        let name = database.dialect().as_str();
        let plain = plain(&database, &items).await;
        let (entries, rows) = fed(&database, &items).await;
        println!("{name:<12} {entries:>12.0} {rows:>12.0} {plain:>14.0} {:>9.2}", plain / rows);
    }
}

fn postgres(folder: &Path, url: &str) -> HistoryConfig {
    let file = folder.join("replyflow.toml");
    std::fs::write(&file, format!("[history]\npostgres = {url:?}\ntls = \"off\"\n")).expect("written");
    let settings = Settings::load(Some(&file), &Environment::default(), Secrets::Tolerated);
    settings.unwrap_or_else(|mistakes| panic!("{mistakes}")).history
}

fn size(item: &JournalItem) -> usize {
    match &item.record {
        JournalRecord::Entry(body) => body.len(),
        JournalRecord::Overflow { entry, .. } => entry.body.len(),
    }
}

/// Plain rows a second: the bytes of the same entries, one row each, into a table with nothing but its key.
async fn plain(database: &Database, items: &[JournalItem]) -> f64 {
    let table = "CREATE TABLE plain (n BIGINT NOT NULL PRIMARY KEY, contact TEXT NOT NULL, body BYTEA NOT NULL)";
    database.write(vec![Statement::new(table, [])]).await.expect("made");
    let begun = Instant::now();
    let mut n = 0i64;
    for batch in items.chunks(BATCH) {
        let rows = batch.iter().map(|item| {
            n += 1;
            let JournalRecord::Entry(body) = &item.record else { panic!("an entry") };
            let cells = [n.into(), "0123456789abcdefghijkl".into(), Cell::Bytes(body.to_vec())];
            Statement::new("INSERT INTO plain (n, contact, body) VALUES ($1, $2, $3)", cells)
        });
        database.write(rows.collect()).await.expect("written");
    }
    let each = items.len() as f64 / begun.elapsed().as_secs_f64();
    database.write(vec![Statement::new("DROP TABLE plain", [])]).await.expect("dropped");
    each
}

/// Entries a second, and rows that stand there afterwards for each second.
async fn fed(database: &Database, items: &[JournalItem]) -> (f64, f64) {
    let lines = Lines::default().with(ChannelName::parse("main-sms").expect("a name"), ChannelKind::Sms, None);
    let writer = Writer::new(database.clone(), lines, Keep::default());
    let begun = Instant::now();
    for batch in items.chunks(BATCH) {
        let new = writer.append(0, batch.to_vec(), Millis(journal::BEGIN)).await.expect("fed");
        assert_eq!(new, batch.len() as u64);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let mut rows = 0;
    for table in TABLES {
        let sql = format!("SELECT count(*) FROM {table}");
        rows += database.read(&sql, &[]).await.expect("read")[0].int(0).expect("a number");
    }
    (items.len() as f64 / seconds, rows as f64 / seconds)
}
