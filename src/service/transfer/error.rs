//! Why a store was not moved.

use crate::store::StoreError;

/// Why a store was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The store that is moved.
    #[error("the store that is to be moved: {0}")]
    From(StoreError),
    /// The store that it is moved into.
    #[error("the store that it is to be moved into: {0}")]
    To(StoreError),
    /// Instances run on one of them.
    #[error("{instances} instances or commands have {place} open: stop every instance first")]
    Running {
        /// How many.
        instances: u64,
        /// Where.
        place: String,
    },
    /// Places in the journal of a Redis begin with its time: what the target tells would stand before what the source has told already.
    #[error("the clock of {place} is {behind} ms behind that of the store that is to be moved")]
    Behind {
        /// Where.
        place: String,
        /// By how much, in milliseconds.
        behind: i64,
    },
    /// There is nothing.
    #[error("there is no store in {0}")]
    Nothing(String),
    /// The target is no empty store.
    #[error("{0} holds something already")]
    Holds(String),
    /// It was moved before.
    #[error("it was moved into {0} already")]
    Moved(String),
    /// A move into somewhere else was begun.
    #[error("it is being moved into {0}")]
    Elsewhere(String),
    /// Begun by another release.
    #[error("this move was begun by another release, which has to end it")]
    Form,
    /// Another command goes on with this move, has ended it, or gave it up.
    #[error("another command has taken this move over, or has ended it or given it up: this one writes nothing more")]
    Overtaken,
    /// They are not the same afterwards.
    #[error("the two stores differ: {0}")]
    Differ(String),
}
