//! Why a call of the store failed, by who must act.

/// Why a call of the store failed. The effect of an `Unavailable` call is unknown: repeat it with the same arguments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Not reachable, or too slow. The call may have happened; repeat it.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// No room: memory, disk or the journal's limit. The call did not happen.
    #[error("the store is full: {0}")]
    Full(String),
    /// Written by another release, or not ours. An engineer must act.
    #[error("the store has another layout: {0}")]
    Layout(String),
    /// Marked as not to be used: moved into another one, or not yet whole. An engineer must act.
    #[error("the store is not to be used: {0}")]
    Marked(&'static str),
    /// A mistake in this program or damage in the store: nothing was written. An engineer must act.
    #[error("the store met something impossible: {0}")]
    Bug(String),
}

impl StoreError {
    /// Whether the same call may succeed later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, StoreError::Unavailable(_) | StoreError::Full(_))
    }
}
