//! Why a step did not hold: one sentence, and where two texts differ, both of them.

use crate::flow::diagnostic::At;

/// Why a step did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// In words.
    pub message: String,
    /// The texts, where the step expected another one.
    pub difference: Option<Difference>,
}

/// What was expected beside what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The text or part that was expected, or indented JSON.
    pub expected: String,
    /// What came instead.
    pub came: String,
    /// Where the expected text stands, if what came could be written in its place.
    pub at: Option<At>,
}

impl Mismatch {
    /// Two texts that differ.
    pub(super) fn of(message: String, expected: &str, came: &str, at: Option<At>) -> Self {
        let difference = Difference { expected: expected.to_owned(), came: came.to_owned(), at };
        Mismatch { message, difference: Some(difference) }
    }
}

impl From<String> for Mismatch {
    fn from(message: String) -> Self {
        Mismatch { message, difference: None }
    }
}

impl From<&str> for Mismatch {
    fn from(message: &str) -> Self {
        Mismatch::from(message.to_owned())
    }
}
