//! The record in SQL: what entries of the journal become, on SQLite and on PostgreSQL, with the same assertions.

mod alerts;
mod apart;
mod asked;
mod beside;
mod broadcasts;
mod chosen;
mod entries;
mod kill;
mod merged;
mod moved;
mod once;
mod owed;
mod schedules;
mod tables;
mod takeover;
mod told;
mod unfit;

use crate::support::postgres::{self, PostgresDatabase};
use replyflow::config::history::{HistoryBackend, HistoryConfig, Keep};
use replyflow::config::prices::Prices;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::name::ChannelName;
use replyflow::history::{Cell, Database, Dialect, Lines, Row, Writer};
use tempfile::TempDir;

/// Each of these tests on both databases.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod in_sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(crate::record::Ground::new(replyflow::history::Dialect::Sqlite).await).await;
                }
            )+
        }
        mod in_postgres {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(crate::record::Ground::new(replyflow::history::Dialect::Postgres).await).await;
                }
            )+
        }
    };
}
use on_both;

/// An empty database for one test.
pub struct Ground {
    pub config: HistoryConfig,
    pub database: Database,
    _folder: TempDir,
    _server: Option<PostgresDatabase>,
}

impl Ground {
    pub async fn new(dialect: Dialect) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (config, server) = match dialect {
            Dialect::Sqlite => {
                let file = folder.path().join("history.db");
                (HistoryConfig { backend: HistoryBackend::Sqlite { file }, keep: Keep::default() }, None)
            }
            Dialect::Postgres => {
                let server = PostgresDatabase::new().await;
                (postgres::settings(&server.url), Some(server))
            }
        };
        let database = Database::open(&config).await.expect("opens");
        Ground { config, database, _folder: folder, _server: server }
    }

    /// A writer into it.
    pub fn writer(&self) -> Writer {
        self.writer_that_keeps(Keep::default())
    }

    pub fn writer_that_keeps(&self, keep: Keep) -> Writer {
        let name = |name: &str| ChannelName::parse(name).expect("a name");
        let prices = Prices { currency: "EUR".to_owned(), default: Some(70_000), countries: [("GB".to_owned(), 40_000)].into() };
        let lines = Lines::default().with(name("main-sms"), ChannelKind::Sms, Some(prices));
        Writer::new(self.database.clone(), lines.with(name("main-whatsapp"), ChannelKind::WhatsApp, None), keep)
    }

    pub async fn rows(&self, sql: &str, params: &[Cell]) -> Vec<Row> {
        self.database.read(sql, params).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Rows as lines of text, for assertions that are read.
    pub async fn lines(&self, sql: &str) -> Vec<String> {
        self.rows(sql, &[]).await.iter().map(line).collect()
    }

    pub async fn count(&self, sql: &str) -> i64 {
        self.rows(sql, &[]).await.first().and_then(|row| row.int(0).ok()).unwrap_or_else(|| panic!("{sql}: no number"))
    }
}

/// A row with `|` between its columns.
pub fn line(row: &Row) -> String {
    let cell = |cell: &Cell| match cell {
        Cell::Null => "–".to_owned(),
        Cell::Int(n) => n.to_string(),
        Cell::Real(n) => n.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Bytes(bytes) => format!("{} bytes", bytes.len()),
    };
    row.0.iter().map(cell).collect::<Vec<_>>().join("|")
}
