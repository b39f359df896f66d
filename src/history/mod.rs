//! The record of everything in SQL: what people and other systems ask about contacts, messages, runs and figures is answered here. The store's
//! record stays the truth; these tables are made from the journal and can be made again from it.
//!
//! | part | what it does | file |
//! |---|---|---|
//! | `Database` | SQLite or PostgreSQL behind one type; SQL is written once | `database`, `sqlite`, `postgres` |
//! | `query` | the language in which contacts are chosen, and its SQL | `query/` |
//! | `read` | what people ask: timelines, runs, messages, figures, search | `read/` |
//! | `schema` | the tables, as numbered migrations | `schema` |
//! | `api_keys`, `audit` | who may call the API, and what they changed | `api_keys`, `audit` |
//! | `Writer` | entries of the journal, exactly once | `feed`, `taken_back`, `takeover`, `keep` |
//! | `broadcasts` | who is to get what, how far that is, and schedules | `broadcasts/` |
//! | `export` | the journal as it was | `export` |
//! | `leaving` | how much was written down of a contact, for receipts | `leaving` |
//! | `trials` | test contacts and what else there is of tests, for those who delete it | `trials` |
//! | `restored` | a record that is put back from a copy | `restored` |
//! | `project` | what an entry means in tables: pure | `project/` |

pub mod api_keys;
pub mod audit;
pub mod broadcasts;
mod cell;
mod database;
mod error;
mod export;
mod feed;
mod interrupt;
mod keep;
pub mod leaving;
pub mod owed;
mod postgres;
mod postgres_value;
mod project;
pub mod query;
pub mod read;
pub mod restored;
pub mod schema;
mod sqlite;
mod taken_back;
mod takeover;
pub mod trials;

pub use cell::{Cell, Row, Statement};
pub use database::{Answers, Database, Dialect, Round, Work};
pub use error::HistoryError;
pub use export::{ExportFilter, Exported, export};
pub use feed::Writer;
pub use project::{Lines, bucket_of, middle_of, words};
