//! The engine's tests. Between any two inputs the record is written and read back.

mod alerts;
mod answers;
mod bounds;
mod calls;
mod clock;
mod control;
mod cost;
mod delivering;
mod digests;
mod driver;
mod files;
mod holding;
mod late;
mod leaving;
mod lists;
mod meanwhile;
mod pausing;
mod persons;
mod precedence;
mod purity;
mod questions;
mod quoting;
mod reports;
mod routes;
mod starts;
