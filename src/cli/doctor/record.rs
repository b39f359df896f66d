//! What `doctor` says of the record: its database and layout, and the clock of PostgreSQL.

use super::clock;
use crate::config::Settings;
use crate::domain::time::Span;
use crate::history::{Database, Dialect, HistoryError, schema};
use crate::store::{Finding, FindingLevel};

pub(super) async fn findings(settings: &Settings) -> Vec<Finding> {
    let looked = match Database::open_beside(&settings.history).await {
        Ok(database) => look(&database).await,
        Err(error) => Err(error),
    };
    looked.unwrap_or_else(|HistoryError(why)| {
        let message = format!("the record cannot be read: {why}");
        let remedy = "Check [history] in the configuration. `replyflow serve` makes it, and brings it up to date, at its start.";
        vec![Finding { name: "history", level: FindingLevel::Warning, message, remedy: remedy.to_owned() }]
    })
}

async fn look(database: &Database) -> Result<Vec<Finding>, HistoryError> {
    let (title, sql) = match database.dialect() {
        Dialect::Sqlite => ("SQLite", "SELECT sqlite_version()"),
        Dialect::Postgres => ("PostgreSQL", "SELECT current_setting('server_version')"),
    };
    let rows = database.read(sql, &[]).await?;
    let version = rows.first().map(|row| row.text(0)).transpose()?.unwrap_or("of no version");
    let message = format!("the record is in {title} {version}, layout {}", schema::VERSION);
    let mut found = vec![Finding { name: "version", level: FindingLevel::Fine, message, remedy: String::new() }];
    if database.dialect() == Dialect::Postgres {
        let asked = clock::now();
        let rows = database.read("SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)", &[]).await?;
        let answered = clock::now();
        if let Some(row) = rows.first() {
            found.push(clock::judged("PostgreSQL", row.at(0)?, Span(0), asked, answered));
        }
    }
    Ok(found)
}
