//! The tables, as numbered migrations: one text for both databases, in which a few words are replaced.
//!
//! Layout 1 is what releases kept that only copied the journal, and only in SQLite: entries by their place in the store, and how far sinks are.

use super::database::Dialect;

/// The layout that this release knows.
pub const VERSION: i64 = 2;

/// One step from a layout to the next.
#[derive(Debug)]
pub struct Migration {
    /// The layout that it leads to.
    pub number: i64,
    text: &'static str,
}

const MIGRATIONS: [Migration; 2] =
    [Migration { number: 1, text: include_str!("schema/1.sql") }, Migration { number: 2, text: include_str!("schema/2.sql") }];

/// The steps that are still to be done after this layout.
pub fn after(version: i64) -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS.iter().filter(move |migration| migration.number > version)
}

impl Migration {
    /// What is to be done in this database.
    pub fn text(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Sqlite => self.text.replace("BYTEA", "BLOB").replace("{compact}", " WITHOUT ROWID"),
            // Names and ids are compared byte by byte, as SQLite does.
            Dialect::Postgres => self.text.replace(" TEXT", " TEXT COLLATE \"C\"").replace("{compact}", ""),
        }
    }
}

/// What belongs to a contact and goes with them; by `contact`, but for `contact` itself, whose `id` it is.
pub const OF_A_CONTACT: [&str; 11] = [
    "contact_tag",
    "contact_attribute",
    "contact_address",
    "consent_event",
    "message",
    "run",
    "step",
    "run_value",
    "call",
    "happening",
    "handoff",
];
