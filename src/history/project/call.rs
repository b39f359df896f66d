//! Calls to other systems.

use super::{Fold, Now};
use crate::domain::input::CallOutcome;
use crate::domain::journal::Event;
use crate::history::cell::{Cell, Statement};

impl Fold<'_> {
    pub(super) fn call(&mut self, now: &Now<'_>, event: &Event) {
        match event {
            Event::Called { effect, run, api, method, path } => {
                let sql = "INSERT INTO call (contact, id, run, api, method, path, at) VALUES ($1,$2,$3,$4,$5,$6,$7) ON CONFLICT DO NOTHING";
                let params: [Cell; 7] =
                    [now.contact.into(), effect.into(), run.into(), api.into(), method.into(), path.into(), now.entry.at.into()];
                self.out.push(Statement::new(sql, params));
            }
            Event::CallEnded { effect, outcome, attempts, took, reason, answer } => {
                let sql = "UPDATE call SET outcome = $3, attempts = $4, took = $5, reason = $6, answer = $7 WHERE contact = $1 AND id = $2";
                let params: [Cell; 7] = [
                    now.contact.into(),
                    effect.into(),
                    outcome.into(),
                    (*attempts).into(),
                    (*took).into(),
                    reason.into(),
                    answer.as_deref().map(answered).into(),
                ];
                self.out.push(Statement::new(sql, params));
            }
            _ => {}
        }
    }
}

fn answered(outcome: &CallOutcome) -> serde_json::Value {
    match outcome {
        CallOutcome::Answered { status, body } => serde_json::json!({ "status": status, "body": body.to_json() }),
        CallOutcome::Failed { why } => serde_json::json!({ "failed": why }),
    }
}
