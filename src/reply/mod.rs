//! Understanding a reply. Pure: a text and what is expected go in, a value or nothing comes out, with one line that says
//! why. A wrong guess is worse than none: whatever has two readings is not understood.
//!
//! Each kind of answer has its own file. What a kind answers says whether it was *exact* (decided before keywords and
//! commands) or *lenient* (after them); see the precedence of an inbound message.

mod announced;
pub mod any;
mod calendar;
mod character;
pub mod choice;
pub mod choices;
mod close;
pub mod command;
pub mod date;
pub mod email;
pub mod explain;
pub mod intent;
pub mod keyword;
pub mod moment;
pub mod normalize;
pub mod number;
mod number_words;
mod parts;
pub mod pattern;
pub mod phone;
mod phrases;
mod politeness;
mod setting;
pub mod text;
pub mod time;
pub mod words;
pub mod yes_no;

use crate::domain::value::Value;
pub use setting::Setting;

/// A reply that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Understood {
    /// What it means.
    pub value: Value,
    /// Whether it is exactly what was asked for; otherwise keywords and commands come first.
    pub exact: bool,
    /// Which rule matched, in one line for the journal; holds nothing that the contact wrote.
    pub reason: String,
}

/// A reply that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUnderstood {
    /// Why, in one line for the journal; holds nothing that the contact wrote.
    pub reason: String,
}

/// What became of a reply.
pub type Understanding = Result<Understood, NotUnderstood>;

impl Understood {
    fn exact(value: Value, reason: impl Into<String>) -> Understanding {
        Ok(Understood { value, exact: true, reason: reason.into() })
    }

    fn lenient(value: Value, reason: impl Into<String>) -> Understanding {
        Ok(Understood { value, exact: false, reason: reason.into() })
    }
}

impl NotUnderstood {
    fn because(reason: impl Into<String>) -> Understanding {
        Err(NotUnderstood { reason: reason.into() })
    }
}

#[cfg(test)]
mod tests;
