//! What would have left for test contacts.

use super::{Fold, Now};
use crate::domain::journal::Event;
use crate::history::cell::{Cell, Statement};

impl Fold<'_> {
    pub(super) fn tried(&mut self, now: &Now<'_>, event: &Event) {
        let Event::Tried(tried) = event else { return };
        // What was in the air when the contact was deleted is nobody's.
        if !self.people.get(&now.contact).is_some_and(|person| person.there) {
            return;
        }
        // One that is done again says the same again.
        let sql = "INSERT INTO tried (contact, id, at, kind, method, host, path, headers, body, cut, left_for)
                   VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11) ON CONFLICT DO NOTHING";
        let left_for = if tried.left { "stand_in" } else { "" };
        let params: [Cell; 11] = [
            now.contact.into(),
            tried.effect.into(),
            now.entry.at.into(),
            tried.kind.as_str().into(),
            tried.method.as_str().into(),
            tried.host.as_str().into(),
            tried.path.as_str().into(),
            serde_json::to_string(&tried.headers).ok().into(),
            tried.body.as_str().into(),
            tried.cut.into(),
            left_for.into(),
        ];
        self.out.push(Statement::new(sql, params));
    }
}
