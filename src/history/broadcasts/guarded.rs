//! Changes that hang on one row. The change of that row comes first, and its lock with it: whatever is done only if it was made cannot be overtaken by
//! somebody who changes the same row, on either database.

use crate::history::{Answers, Database, HistoryError, Round, Statement, Work};

/// Makes the first change, and the others in the same transaction if that changed its row. Whether it did.
pub async fn only_if(database: &Database, first: Statement, then: Vec<Statement>) -> Result<bool, HistoryError> {
    let done = database.transact(Guarded { first, then, held: false }).await?;
    Ok(done.held)
}

struct Guarded {
    first: Statement,
    then: Vec<Statement>,
    held: bool,
}

impl Work for Guarded {
    fn begin(&mut self) -> Round {
        self.held = false;
        Round::Write(vec![self.first.clone()])
    }

    fn next(&mut self, answers: Answers) -> Result<Round, HistoryError> {
        if self.held || answers.changed().first() != Some(&1) {
            return Ok(Round::Done);
        }
        self.held = true;
        Ok(if self.then.is_empty() { Round::Done } else { Round::Write(self.then.clone()) })
    }
}
