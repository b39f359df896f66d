//! The engine: `turn` takes a contact's record, one input and the present moment, and gives the new record and what is to
//! be done. Pure: no I/O, no clock, no randomness; the same record and input give the same turn. Nothing else changes state.

mod actions;
pub mod alert_text;
pub mod alerts;
mod answer;
mod anytime;
mod asking;
pub mod board;
mod call;
mod change;
mod channel;
mod clock;
mod consent;
mod contents;
mod deliver;
mod desk;
mod digest;
mod drive;
pub mod effect;
mod elsewhere;
mod errands;
mod event;
pub mod explain;
mod fault;
mod files;
mod hours;
mod inbound;
mod kept;
mod late;
mod opt;
mod pause;
mod person;
pub mod question;
mod reach;
pub mod record;
mod reply;
mod report;
mod scope;
mod shown;
mod split;
mod start;
mod subflow;
mod targets;
#[cfg(test)]
mod tests;
mod timers;
mod tracked;
mod turn;
mod turning;
mod wait;
mod weight;
pub mod write;

pub use clock::is_simulated;
pub use opt::is_priority;
pub use split::arm_of;
pub use turn::{Context, Ended, TurnError, TurnOutput, turn};
