//! What the reader and the checker say: one closed list of codes, a place, a remedy. How it looks is decided at the edge.

use std::fmt;
use std::sync::Arc;

/// A place in a file: lines and columns count from 1, columns in characters. Line 0 is "the file as a whole".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct At {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Keeps a flow from being published.
    Error,
    /// Worth a look.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// For example `RF104`.
    pub code: Code,
    /// The file, as it was named on the command line or relative to the project.
    pub file: Arc<str>,
    /// Where.
    pub at: At,
    /// How many characters are meant; 0 if unknown.
    pub width: u32,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// A code: its number. What it means is in `flow::explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u16);

impl Code {
    /// As its entry in `flow::explain` says.
    pub fn severity(self) -> Severity {
        super::explain::explain(self).map_or(Severity::Error, |known| known.severity)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RF{:03}", self.0)
    }
}
