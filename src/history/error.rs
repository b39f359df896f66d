//! What goes wrong with the database.

/// The database could not be read or written now. Nothing is lost: the journal is trimmed only after it stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the history database: {0}")]
pub struct HistoryError(pub String);

/// How an error begins that rows have brought about, not the state of the database: they never fit, however often they are written.
const UNFIT: &str = "a row does not fit: ";

impl HistoryError {
    /// An error of rows that can never be written as they are.
    pub(super) fn unfit(what: impl std::fmt::Display) -> Self {
        HistoryError(format!("{UNFIT}{what}"))
    }

    /// Whether rows have brought it about.
    pub(super) fn is_unfit(&self) -> bool {
        self.0.starts_with(UNFIT)
    }
}

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{ConstraintViolation, ParameterOutOfRange, TooBig, TypeMismatch};
        match error.sqlite_error_code() {
            Some(ConstraintViolation | ParameterOutOfRange | TooBig | TypeMismatch) => HistoryError::unfit(error),
            _ => HistoryError(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for HistoryError {
    /// Without the server's `DETAIL`, which shows values of rows.
    fn from(error: tokio_postgres::Error) -> Self {
        /// Classes of SQLSTATE: data exceptions, violated constraints, limits of the program such as the size of an index' row.
        const OF_ROWS: [&str; 3] = ["22", "23", "54"];
        match error.as_db_error() {
            Some(told) if OF_ROWS.iter().any(|class| told.code().code().starts_with(class)) => {
                HistoryError::unfit(format_args!("{} ({})", told.message(), told.code().code()))
            }
            Some(told) => HistoryError(format!("{} ({})", told.message(), told.code().code())),
            None => HistoryError(with_causes(&error)),
        }
    }
}

/// An error with what it comes from, in one line.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let (mut line, mut cause) = (error.to_string(), error.source());
    while let Some(next) = cause {
        let said = next.to_string();
        if !line.contains(&said) {
            line = format!("{line}: {said}");
        }
        cause = next.source();
    }
    line
}
