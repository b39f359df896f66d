//! What must be known of contacts and runs before a batch can be folded, and how it is asked for.

use super::contact::{self, Person};
use super::merge::merged;
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

impl Known {
    /// With more.
    pub(in crate::history) fn with(mut self, more: Known) -> Self {
        self.people.extend(more.people);
        self.runs.with(more.runs);
        self
    }
}

impl Needs {
    /// Of these entries.
    pub(in crate::history) fn of<'e>(entries: impl Iterator<Item = &'e Entry>) -> Self {
        let (mut needs, mut merges) = (Needs::default(), Vec::new());
        for entry in entries {
            needs.people.insert(entry.contact);
            needs.runs.extend(entry.events.iter().filter_map(Event::run).map(|run| (entry.contact, run)));
            merges.extend(entry.events.iter().filter_map(|event| merged(entry.contact, event)));
        }
        // A run of one who stays may stand with whoever comes, and so on.
        for _ in 0..merges.len() {
            for (from, into) in &merges {
                needs.people.extend([from, into]);
                let theirs: Vec<_> = needs.runs.iter().filter(|(of, _)| of == into).map(|(_, run)| (*from, *run)).collect();
                needs.runs.extend(theirs);
            }
        }
        needs
    }

    /// What is needed as well, since some are part of others; nothing if none is.
    pub(in crate::history) fn beyond(&self, known: &Known) -> Option<Self> {
        let mut more = Needs::default();
        for (contact, into) in known.people.iter().filter_map(|(contact, person)| Some((contact, person.moved?))) {
            more.people.insert(into);
            more.runs.extend(self.runs.iter().filter(|(of, _)| of == contact).map(|(_, run)| (into, *run)));
        }
        more.people.retain(|contact| !self.people.contains(contact));
        more.runs.retain(|run| !self.runs.contains(run));
        (!more.people.is_empty() || !more.runs.is_empty()).then_some(more)
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
