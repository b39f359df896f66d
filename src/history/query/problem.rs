//! What is wrong with a query, as whoever wrote it sees it.

use crate::flow::expression::SyntaxError;
use std::fmt;

/// Why a text is no query over contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryProblem {
    /// One sentence.
    pub message: String,
    /// Where, in characters from 1.
    pub column: usize,
    /// What to do.
    pub help: Option<String>,
}

impl QueryProblem {
    pub(super) fn at(source: &str, offset: usize, message: impl Into<String>) -> Self {
        let column = source.char_indices().take_while(|(at, _)| *at < offset).count() + 1;
        QueryProblem { message: message.into(), column, help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn of_syntax(source: &str, error: SyntaxError) -> Self {
        QueryProblem { help: error.help, ..QueryProblem::at(source, error.offset, error.message) }
    }
}

/// `column 7: There is no field `tagg`. Did you mean `tag`?`
impl fmt::Display for QueryProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)?;
        match &self.help {
            Some(help) => write!(f, ". {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for QueryProblem {}
