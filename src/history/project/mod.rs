//! What an entry of the journal means in tables. Pure: what is known already is given, statements come out. A batch is folded in memory and
//! written once: however entries are put together into batches, and however often they come, the tables are the same.

mod broadcast;
mod call;
mod consent;
mod contact;
mod content;
mod figures;
mod handoff;
mod happening;
mod known;
mod lines;
mod merge;
mod message;
mod run;
mod tried;

pub use content::words;
pub use figures::{bucket_of, middle_of};
pub(super) use known::{Known, Needs};
pub use lines::Lines;
pub(super) use merge::merged;

use super::cell::{Cell, Statement};
use super::schema::OF_A_CONTACT;
use crate::domain::id::ContactKey;
use crate::domain::journal::{Entry, Event};
use crate::domain::mode::Mode;
use crate::domain::profile::Profile;
use crate::domain::time::Millis;
use contact::Person;
use figures::Figures;
use run::Runs;
use std::collections::BTreeMap;

/// Where an entry stands in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The shard.
    pub shard: u8,
    /// Its time and number within it.
    pub time: i64,
    /// Its number within that time.
    pub number: i64,
}

/// A batch on its way into tables.
pub(super) struct Fold<'k> {
    lines: &'k Lines,
    people: BTreeMap<ContactKey, Person>,
    runs: Runs,
    figures: Figures,
    out: Vec<Statement>,
}

/// An entry while it is folded.
pub(super) struct Now<'e> {
    entry: &'e Entry,
    contact: ContactKey,
    /// Whether it is of a test contact.
    of: Mode,
    mode: &'static str,
    /// Its own profile, which is the truth about everything in it.
    profile: Option<&'e Profile>,
}

impl<'k> Fold<'k> {
    /// Begins with what the database knows of the contacts and runs of these entries.
    pub(super) fn new(lines: &'k Lines, known: Known) -> Self {
        let Known { people, runs } = known;
        Fold { lines, people, runs, figures: Figures::default(), out: Vec::new() }
    }

    /// Takes in the next entry.
    pub(super) fn add(&mut self, of: Mode, entry: &Entry, place: Place) {
        for (from, into) in entry.events.iter().filter_map(|event| merge::merged(entry.contact, event)) {
            self.absorb(from, into, entry.at);
        }
        let comes = entry.events.iter().any(says_who_is_there);
        if self.is_gone(entry.contact) && !comes && !entry.events.contains(&Event::Forgotten) {
            self.blank(entry.contact, entry.token.into());
            return;
        }
        let contact = self.whose(entry.contact);
        // What somebody says of themselves who is part of another by now is not what that one says.
        let own = contact == entry.contact;
        let profile = entry.events.iter().filter(|_| own).find_map(|event| match event {
            Event::Profile(profile) => Some(&**profile),
            _ => None,
        });
        let known = self.people.get(&contact).filter(|person| person.there).map(|person| person.simulated);
        let simulated = profile.map(|p| p.simulated).or(known);
        let mode = if of == Mode::Test || simulated == Some(true) { "test" } else { "live" };
        // What comes late of somebody who is deleted does not say who that was.
        let nobodys = simulated.is_none() && entry.events.iter().all(comes_after_all);
        let told = if nobodys && of == Mode::Live { "none" } else { mode };
        if told != of.as_str() {
            let sql = "UPDATE entry SET mode = $3 WHERE contact = $1 AND token = $2";
            self.out.push(Statement::new(sql, [entry.contact.into(), entry.token.into(), told.into()]));
        }
        let now = Now { entry, contact, of, mode, profile };
        if own && comes {
            self.meet(&now);
        }
        for (i, event) in entry.events.iter().enumerate() {
            if *event == Event::Forgotten {
                self.forget(entry.contact, place, entry.at);
                continue;
            }
            if own {
                self.person(&now, event);
            }
            self.consent(&now, i, event);
            self.message(&now, i, event);
            self.run(&now, i, event);
            self.call(&now, event);
            self.tried(&now, event);
            self.handoff(&now, event);
            self.broadcast(&now, event);
            self.happening(&now, i, event);
        }
    }

    /// An input for which the mailbox had no room.
    pub(super) fn overflow(&mut self, of: Mode, (contact, token): (&str, &str), at: Millis) {
        // Of whoever became part of another it is the other's.
        let sql = "INSERT INTO happening (contact, token, idx, at, kind, detail, mode)
                   VALUES (COALESCE((SELECT c.target FROM contact c WHERE c.id = $1), $1), $2, 0, $3, 'input.overflow', '{}',
                   COALESCE((SELECT 'test' FROM contact c WHERE c.id = $1 AND c.mode = 'test'), $4)) ON CONFLICT DO NOTHING";
        self.out.push(Statement::new(sql, [contact.into(), token.into(), at.into(), of.as_str().into()]));
    }

    /// Everything that belonged to the contact goes; of its entries only their identity stays, so that none is taken for new.
    fn forget(&mut self, contact: ContactKey, place: Place, at: Millis) {
        if self.whose(contact) != contact || self.is_gone(contact) {
            // With the contact whose part it was.
            return;
        }
        self.forget_parts(contact, place, at);
        self.people.insert(contact, Person::default());
        self.runs.forget(contact);
        let Place { shard, time, number } = place;
        for (table, sql) in OF_A_CONTACT.iter().zip(FORGET) {
            debug_assert!(sql.contains(table));
            self.out.push(Statement::new(sql, [contact.into()]));
        }
        self.out.push(Statement::new("DELETE FROM contact WHERE id = $1", [contact.into()]));
        self.out.push(Statement::new("UPDATE import_row SET contact = NULL, mark = NULL WHERE contact = $1", [contact.into()]));
        // A contact lives on one shard of a store: what stands on another one is of an earlier store, which was moved.
        let sql = "UPDATE entry SET kind = 'forgotten', body = $2 WHERE contact = $1 AND kind <> 'forgotten'
                   AND (shard = $3 AND (time, number) < ($4, $5) OR shard <> $3 AND at <= $6)";
        let params: [Cell; 6] = [contact.into(), Vec::new().into(), shard.into(), time.into(), number.into(), at.into()];
        self.out.push(Statement::new(sql, params));
    }

    /// The statements, those of the counters last and in an order that is always the same: two instances never wait for each other.
    pub(super) fn finish(mut self) -> Vec<Statement> {
        for (contact, person) in &self.people {
            person.write(*contact, &mut self.out);
        }
        self.runs.write(&mut self.out);
        self.figures.write(&mut self.out);
        self.out
    }
}

/// In the order of `OF_A_CONTACT`.
const FORGET: [&str; OF_A_CONTACT.len()] = [
    "DELETE FROM contact_tag WHERE contact = $1",
    "DELETE FROM contact_attribute WHERE contact = $1",
    "DELETE FROM contact_address WHERE contact = $1",
    "DELETE FROM consent_event WHERE contact = $1",
    "DELETE FROM message WHERE contact = $1",
    "DELETE FROM run WHERE contact = $1",
    "DELETE FROM step WHERE contact = $1",
    "DELETE FROM run_value WHERE contact = $1",
    "DELETE FROM call WHERE contact = $1",
    "DELETE FROM happening WHERE contact = $1",
    "DELETE FROM handoff WHERE contact = $1",
    "DELETE FROM broadcast_member WHERE contact = $1",
    "DELETE FROM tried WHERE contact = $1",
];

/// Whether it can come when its contact is gone: what became of what was decided before.
fn comes_after_all(event: &Event) -> bool {
    matches!(event, Event::Attempted { .. } | Event::Reported { .. } | Event::CallEnded { .. } | Event::Forgotten)
}

/// Whether it is about a person who is there. What comes of a message after the contact was deleted brings nobody back, and a team's
/// record of alerts is nobody's.
fn says_who_is_there(event: &Event) -> bool {
    match event {
        Event::Attempted { .. }
        | Event::Switched { .. }
        | Event::Reported { .. }
        | Event::Forgotten
        | Event::Note { .. }
        | Event::Alert { .. }
        | Event::Hooked { .. }
        | Event::SetAside { .. }
        | Event::Overflow { .. }
        | Event::Way(_)
        | Event::TimeMoved { .. }
        | Event::Merged { .. }
        | Event::Tried(_)
        | Event::Channel(_)
        | Event::Flow(_)
        | Event::CallEnded { .. } => false,
        Event::Received { .. }
        | Event::EventReceived { .. }
        | Event::WebhookReceived { .. }
        | Event::RunStarted { .. }
        | Event::Entered { .. }
        | Event::Left { .. }
        | Event::Set { .. }
        | Event::Tagged { .. }
        | Event::RunEnded { .. }
        | Event::Sent { .. }
        | Event::Called { .. }
        | Event::Emitted { .. }
        | Event::OptedOut { .. }
        | Event::OptedIn { .. }
        | Event::AddressDead { .. }
        | Event::ContactChanged { .. }
        | Event::Begun { .. }
        | Event::Halted { .. }
        | Event::HandoffOpened(_)
        | Event::HandoffTaken(_)
        | Event::PersonWrote(_)
        | Event::HandoffClosed(_)
        | Event::Consent(_)
        | Event::Moved(_)
        | Event::Skipped(_)
        | Event::TookIn { .. }
        | Event::Profile(_) => true,
    }
}
