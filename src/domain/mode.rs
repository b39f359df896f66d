//! Whether something is meant: one instance holds both, and a key of the API belongs to one of them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Live reaches people; what is done in test never reaches a real provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Meant.
    #[default]
    Live,
    /// Tried.
    Test,
}

impl Mode {
    /// Both.
    pub const ALL: [Mode; 2] = [Mode::Live, Mode::Test];

    /// As it is written in files, tables and keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Live => "live",
            Mode::Test => "test",
        }
    }

    /// Reads what `as_str` gives.
    pub fn parse(text: &str) -> Option<Self> {
        Mode::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
