//! How other systems answer, as this instance sees it: endpoints, desks, analytics services. For people who look, not for decisions.

use super::core::Core;
use crate::domain::name::Slug;
use crate::domain::time::Millis;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Another system that is told something, by its name in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum System {
    /// One that gets reports.
    Endpoint(Slug),
    /// A help desk.
    Desk(Slug),
    /// An analytics service.
    Sink(Slug),
}

/// How a system answered since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answering {
    /// When it took something last.
    pub taken_at: Option<Millis>,
    /// Requests in a row that it did not take.
    pub failing: u32,
    /// The last one that it did not take: when, and the word by which metrics count it.
    pub last_error: Option<(Millis, &'static str)>,
}

/// All of them. As many as are configured.
#[derive(Debug, Default)]
pub(super) struct Systems(Mutex<HashMap<System, Answering>>);

impl Systems {
    fn heard(&self, system: System, error: Option<&'static str>, now: Millis) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answering = all.entry(system).or_default();
        match error {
            None => {
                answering.taken_at = Some(now);
                answering.failing = 0;
            }
            Some(word) => {
                answering.failing = answering.failing.saturating_add(1);
                answering.last_error = Some((now, word));
            }
        }
    }

    fn of(&self, system: &System) -> Answering {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(system).cloned().unwrap_or_default()
    }
}

impl Core {
    /// A system took what it was told, or did not.
    pub(super) fn heard(&self, system: System, error: Option<&'static str>) {
        self.systems.heard(system, error, self.store_now());
    }

    /// How a system answered, as this instance saw it since its start.
    pub fn how_it_answers(&self, system: &System) -> Answering {
        self.systems.of(system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_are_counted_until_something_is_taken() {
        let systems = Systems::default();
        let crm = || Slug::parse("crm").expect("a slug");
        systems.heard(System::Endpoint(crm()), Some("5xx"), Millis(1));
        systems.heard(System::Endpoint(crm()), Some("timeout"), Millis(2));
        let found = systems.of(&System::Endpoint(crm()));
        assert_eq!((found.failing, found.last_error, found.taken_at), (2, Some((Millis(2), "timeout")), None));
        systems.heard(System::Endpoint(crm()), None, Millis(3));
        let found = systems.of(&System::Endpoint(crm()));
        assert_eq!((found.failing, found.last_error, found.taken_at), (0, Some((Millis(2), "timeout")), Some(Millis(3))));
        assert_eq!(systems.of(&System::Desk(crm())), Answering::default(), "another system of the same name");
    }
}
