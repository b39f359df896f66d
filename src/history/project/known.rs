//! What must be known of contacts and runs before a batch can be folded, and how it is asked for.

use super::contact::{self, Person};
use super::run::{self, Runs};
use crate::domain::id::{ContactKey, RunId};
use crate::domain::journal::{Entry, Event};
use crate::history::cell::{Row, Statement};
use crate::history::error::HistoryError;
use std::collections::{BTreeMap, BTreeSet};

/// What the entries of a batch are about.
#[derive(Debug, Default)]
pub(in crate::history) struct Needs {
    people: BTreeSet<ContactKey>,
    runs: BTreeSet<(ContactKey, RunId)>,
}

/// What the database knew of it.
#[derive(Debug, Default)]
pub(in crate::history) struct Known {
    pub(super) people: BTreeMap<ContactKey, Person>,
    pub(super) runs: Runs,
}

impl Needs {
    /// Of these entries.
    pub(in crate::history) fn of<'e>(entries: impl Iterator<Item = &'e Entry>) -> Self {
        let mut needs = Needs::default();
        for entry in entries {
            needs.people.insert(entry.contact);
            needs.runs.extend(entry.events.iter().filter_map(Event::run).map(|run| (entry.contact, run)));
        }
        needs
    }

    /// The queries.
    pub(in crate::history) fn queries(&self) -> Vec<Statement> {
        let people = self.people.iter().map(|contact| Statement::new(contact::SELECT, [contact.into()]));
        let runs = self.runs.iter().map(|(contact, run)| Statement::new(run::SELECT, [contact.into(), run.into()]));
        people.chain(runs).collect()
    }

    /// Reads their answers, which come in the same order.
    pub(in crate::history) fn read(&self, answers: &[Vec<Row>]) -> Result<Known, HistoryError> {
        let mut known = Known::default();
        let (people, runs) = answers.split_at(self.people.len().min(answers.len()));
        for (contact, rows) in self.people.iter().zip(people) {
            if let Some(row) = rows.first() {
                known.people.insert(*contact, Person::read(row)?);
            }
        }
        for ((contact, run), rows) in self.runs.iter().zip(runs) {
            if let Some(row) = rows.first() {
                known.runs.remember(*contact, *run, row)?;
            }
        }
        Ok(known)
    }
}
