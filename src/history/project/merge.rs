//! Contacts that became part of others. It is told twice, by the one that stays and by the one that went, in any order where they are on two
//! shards: each moves all rows there are, and what is told of the one that went from then on is told of the other.

use super::contact::{GONE, Person};
use super::run::Runs;
use super::{Fold, Place};
use crate::domain::id::ContactKey;
use crate::domain::journal::Event;
use crate::domain::time::Millis;
use crate::history::cell::{Cell, Statement};

/// What goes along, but for what the profile of the contact that stays tells whole.
const ALONG: [&str; 12] = [
    "UPDATE contact_address SET contact = $2 WHERE contact = $1",
    "UPDATE consent_event SET contact = $2 WHERE contact = $1",
    "UPDATE message SET contact = $2 WHERE contact = $1",
    "UPDATE run SET contact = $2 WHERE contact = $1",
    "UPDATE step SET contact = $2 WHERE contact = $1",
    "UPDATE run_value SET contact = $2 WHERE contact = $1",
    "UPDATE call SET contact = $2 WHERE contact = $1",
    "UPDATE happening SET contact = $2 WHERE contact = $1",
    "UPDATE handoff SET contact = $2 WHERE contact = $1",
    "UPDATE tried SET contact = $2 WHERE contact = $1",
    "UPDATE import_row SET contact = $2 WHERE contact = $1",
    "UPDATE broadcast_member SET contact = $2 WHERE contact = $1
     AND NOT EXISTS (SELECT 1 FROM broadcast_member o WHERE o.broadcast = broadcast_member.broadcast AND o.contact = $2)",
];
const NOT_ALONG: [&str; 3] = [
    "DELETE FROM contact_tag WHERE contact = $1",
    "DELETE FROM contact_attribute WHERE contact = $1",
    "DELETE FROM broadcast_member WHERE contact = $1",
];

/// Who became part of whom, if the event of this contact says so.
pub(in crate::history) fn merged(contact: ContactKey, event: &Event) -> Option<(ContactKey, ContactKey)> {
    match event {
        Event::Merged { into } => Some((contact, *into)),
        Event::TookIn { from } => Some((*from, contact)),
        _ => None,
    }
}

impl Fold<'_> {
    /// Whose an entry of a contact is.
    pub(super) fn whose(&self, contact: ContactKey) -> ContactKey {
        self.people.get(&contact).and_then(|person| person.moved).unwrap_or(contact)
    }

    /// Whether somebody was part of a contact that is deleted, and has not begun anew.
    pub(super) fn is_gone(&self, contact: ContactKey) -> bool {
        self.people.get(&contact).is_some_and(|person| person.gone)
    }

    /// One contact is part of another from now on.
    pub(super) fn absorb(&mut self, from: ContactKey, into: ContactKey, at: Millis) {
        let into = self.whose(into);
        if from == into || self.is_gone(from) {
            return;
        }
        for sql in ALONG {
            self.out.push(Statement::new(sql, [from.into(), into.into()]));
        }
        self.runs.absorb(from, into);
        let mut person = self.people.remove(&from).unwrap_or_default();
        if person.moved != Some(into) {
            for sql in NOT_ALONG {
                self.out.push(Statement::new(sql, [from.into()]));
            }
            // Whoever was part of it is part of the other.
            self.out.push(Statement::new("UPDATE contact SET target = $2 WHERE target = $1", [from.into(), into.into()]));
            self.people.values_mut().filter(|other| other.moved == Some(from)).for_each(|other| other.moved = Some(into));
            person = person.part_of(into, at);
            person.write_row(from, &mut self.out);
        }
        self.longer_known(into, &person);
        self.people.insert(from, person);
    }

    /// The contact that stays is known since the older of both began. Only these columns: its row is another shard's, perhaps.
    fn longer_known(&mut self, into: ContactKey, other: &Person) {
        let sql = "UPDATE contact SET created_at = CASE WHEN created_at > $2 THEN $2 ELSE created_at END,
                       channel = CASE WHEN coalesce(last_seen, 0) < $3 THEN $5 ELSE channel END,
                       last_seen = CASE WHEN coalesce(last_seen, 0) < $3 THEN $3 ELSE last_seen END,
                       last_sent = CASE WHEN coalesce(last_sent, 0) < $4 THEN $4 ELSE last_sent END WHERE id = $1";
        let (seen, sent) = (other.last_seen.unwrap_or(0), other.last_sent.unwrap_or(0));
        let params: [Cell; 5] = [into.into(), other.created_at.into(), seen.into(), sent.into(), other.channel.as_deref().into()];
        self.out.push(Statement::new(sql, params));
        let Some(here) = self.people.get_mut(&into).filter(|person| person.there) else { return };
        here.created_at = here.created_at.min(other.created_at);
        if here.last_seen.unwrap_or(0) < seen {
            (here.last_seen, here.channel) = (Some(seen), other.channel.clone());
        }
        if here.last_sent.unwrap_or(0) < sent {
            here.last_sent = Some(sent);
        }
    }

    /// With a contact that is deleted goes what was written down of those who had become part of it, wherever that stands.
    pub(super) fn forget_parts(&mut self, contact: ContactKey, place: Place, at: Millis) {
        let Place { shard, time, number } = place;
        let sql = "UPDATE entry SET kind = 'forgotten', body = $2 WHERE contact IN (SELECT id FROM contact WHERE target = $1)
                       AND kind <> 'forgotten' AND (shard = $3 AND (time, number) < ($4, $5) OR shard <> $3 AND at <= $6)";
        let params: [Cell; 6] = [contact.into(), Vec::new().into(), shard.into(), time.into(), number.into(), at.into()];
        self.out.push(Statement::new(sql, params));
        let sql = "UPDATE contact SET mode = $2, target = NULL, changed_at = $3 WHERE target = $1";
        self.out.push(Statement::new(sql, [contact.into(), GONE.into(), at.into()]));
        for part in self.people.values_mut().filter(|part| part.moved == Some(contact)) {
            *part = Person::gone();
        }
    }

    /// What came late of somebody who is gone: only that it came is kept.
    pub(super) fn blank(&mut self, contact: ContactKey, token: Cell) {
        let sql = "UPDATE entry SET kind = 'forgotten', body = $3 WHERE contact = $1 AND token = $2";
        self.out.push(Statement::new(sql, [contact.into(), token, Vec::new().into()]));
    }
}

impl Runs {
    /// The runs of one contact are another's.
    fn absorb(&mut self, from: ContactKey, into: ContactKey) {
        let (theirs, others) = std::mem::take(&mut self.runs).into_iter().partition(|((of, _), _)| *of == from);
        self.runs = others;
        for ((_, id), run) in theirs {
            self.runs.entry((into, id)).or_insert(run);
        }
        let (theirs, others) = std::mem::take(&mut self.steps).into_iter().partition(|((of, _, _), _)| *of == from);
        self.steps = others;
        self.steps.extend(theirs.into_iter().map(|((_, run, n), step)| ((into, run, n), step)));
    }
}
