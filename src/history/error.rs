//! What goes wrong with the database.

/// The database could not be read or written now. Nothing is lost: the journal is trimmed only after it stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the history database: {0}")]
pub struct HistoryError(pub String);

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        HistoryError(error.to_string())
    }
}

impl From<tokio_postgres::Error> for HistoryError {
    /// Without the server's `DETAIL`, which shows values of rows.
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
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
