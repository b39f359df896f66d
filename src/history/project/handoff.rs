//! Conversations that are given to persons.

use super::{Fold, Now};
use crate::domain::journal::Event;
use crate::history::cell::{Cell, Statement};

impl Fold<'_> {
    pub(super) fn handoff(&mut self, now: &Now<'_>, event: &Event) {
        let at = now.entry.at;
        let statement = match event {
            Event::HandoffOpened(opened) => {
                // A run may give it away again: then this is how it stands.
                let sql = "INSERT INTO handoff (contact, run, team, note, opened_at, until) VALUES ($1,$2,$3,$4,$5,$6)
                           ON CONFLICT (contact, run) DO UPDATE SET team = excluded.team, note = excluded.note,
                               opened_at = excluded.opened_at, until = excluded.until, taken_at = NULL, taken_by = NULL,
                               closed_at = NULL, how = NULL, resolution = NULL";
                let (team, note) = (&opened.to, opened.note.as_deref());
                let params: [Cell; 6] =
                    [now.contact.into(), opened.run.into(), team.into(), note.into(), at.into(), opened.until.into()];
                Statement::new(sql, params)
            }
            Event::HandoffTaken(taken) => {
                let sql = "UPDATE handoff SET taken_at = $3, taken_by = $4 WHERE contact = $1 AND run = $2 AND closed_at IS NULL";
                let params: [Cell; 4] = [now.contact.into(), taken.run.into(), at.into(), taken.by.as_str().into()];
                Statement::new(sql, params)
            }
            Event::HandoffClosed(closed) => {
                let sql = "UPDATE handoff SET closed_at = $3, how = $4, resolution = $5, taken_by = coalesce(taken_by, $6)
                           WHERE contact = $1 AND run = $2 AND closed_at IS NULL";
                let (how, note, by) = (closed.outcome.as_str(), closed.note.as_deref(), closed.by.as_deref());
                let params: [Cell; 6] = [now.contact.into(), closed.run.into(), at.into(), how.into(), note.into(), by.into()];
                Statement::new(sql, params)
            }
            _ => return,
        };
        self.out.push(statement);
    }
}
