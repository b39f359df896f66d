//! What can go wrong in a turn, by who must act: a mistake in a flow ends the run visibly, anything else ends the turn.

use super::turn::TurnError;
use crate::flow::expression::EvalError;

/// Why a run or a turn cannot go on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// The run ends as `failed`: its author must act. The text is for the journal and holds nothing that was written.
    Run(String),
    /// The turn cannot be done.
    Turn(TurnError),
}

impl From<TurnError> for Fault {
    fn from(error: TurnError) -> Self {
        Fault::Turn(error)
    }
}

impl Fault {
    /// A mistake in the flow.
    pub(super) fn run(why: impl Into<String>) -> Self {
        Fault::Run(why.into())
    }

    /// An expression that has no value.
    pub(super) fn eval(what: &str, error: &EvalError) -> Self {
        let short: String = what.chars().take(80).collect();
        Fault::Run(format!("`{short}`: {error}"))
    }
}
