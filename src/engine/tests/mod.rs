//! The engine's tests. Between any two inputs the record is written and read back.

mod bounds;
mod calls;
mod cost;
mod driver;
mod late;
mod pausing;
mod precedence;
mod purity;
mod questions;
mod starts;
