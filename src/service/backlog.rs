//! Reports that nobody takes. An endpoint that is down for days must fill neither the store nor the list of what failed: above a limit
//! new reports are not kept, which the journal says of each.

use super::core::Core;
use super::fold::Folded;
use super::metrics;
use crate::domain::journal::{AttemptOutcome, Event};
use crate::domain::message::FailureReason;
use crate::domain::name::Slug;
use crate::store::{Depths, NewEffect, WorkSet};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// What waits, as it was when it was last looked at: every few seconds, so that a limit may be passed by what comes in between.
#[derive(Debug, Default)]
pub(super) struct Backlog(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    full: HashSet<Slug>,
    failed: u64,
}

impl Backlog {
    /// Notes what waits now; the endpoints that had room and have none any more.
    pub fn look(&self, depths: &Depths, most: u64) -> Vec<(Slug, u64)> {
        let full = depths.work.iter().filter_map(|(set, n)| match set {
            WorkSet::Hook(endpoint) if *n >= most => Some((endpoint.clone(), *n)),
            _ => None,
        });
        let full: Vec<(Slug, u64)> = full.collect();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut seen.full, full.iter().map(|(endpoint, _)| endpoint.clone()).collect());
        seen.failed = depths.failed;
        full.into_iter().filter(|(endpoint, _)| !before.contains(endpoint)).collect()
    }

    /// Whether there is no room for reports to this endpoint.
    pub fn is_full(&self, endpoint: &Slug) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).full.contains(endpoint)
    }

    /// How much has failed visibly.
    pub fn failed(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).failed
    }
}

impl Core {
    /// Notes what waits where: for those who look at metrics, and for what there is room.
    pub fn note_depths(&self, depths: &Depths) {
        metrics::depths(depths);
        for (endpoint, waiting) in self.backlog.look(depths, self.settings.hooks_waiting) {
            tracing::error!(%endpoint, waiting, "an endpoint takes no reports; new ones are not kept until it does");
            metrics::alert("reports_dropped");
        }
    }

    /// Whether a report that is given up is still kept for operators.
    pub(super) fn keeps_failed_reports(&self) -> bool {
        self.backlog.failed() < self.settings.hooks_failed
    }

    /// Takes reports out for which there is no room.
    pub(super) fn leave_out_reports(&self, folded: &mut Folded) {
        let no_room = |effect: &NewEffect| matches!(&effect.set, WorkSet::Hook(endpoint) if self.backlog.is_full(endpoint));
        if !folded.effects.iter().any(no_room) {
            return;
        }
        let (out, kept) = std::mem::take(&mut folded.effects).into_iter().partition(no_room);
        folded.effects = kept;
        for NewEffect { id, set, .. } in out {
            if let WorkSet::Hook(endpoint) = &set {
                metrics::hook(endpoint.as_str(), "dropped");
            }
            folded.events.push(Event::Attempted {
                effect: id,
                attempt: 0,
                outcome: AttemptOutcome::Failed { reason: FailureReason::Limit },
                provider_id: None,
                detail: Some("not kept: too many reports wait for this endpoint".to_owned()),
                code: None,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;

    #[test]
    fn an_endpoint_is_full_from_the_limit_on_and_is_told_of_once() {
        let slug = |name: &str| Slug::parse(name).expect("a slug");
        let (crm, log) = (slug("crm"), slug("log"));
        let depths = |crm_waits: u64| Depths {
            attention: 0,
            work: vec![
                (WorkSet::Hook(crm.clone()), crm_waits),
                (WorkSet::Hook(log.clone()), 9),
                (WorkSet::Talk(crm.clone()), 1_000),
            ],
            journal_entries: 0,
            journal_bytes: 0,
            failed: crm_waits,
            lag: Span(0),
        };
        let backlog = Backlog::default();
        assert!(backlog.look(&depths(9), 10).is_empty() && !backlog.is_full(&crm));
        assert_eq!(backlog.look(&depths(10), 10), [(crm.clone(), 10)]);
        assert!(backlog.is_full(&crm) && !backlog.is_full(&log));
        assert!(backlog.look(&depths(11), 10).is_empty() && backlog.is_full(&crm), "told of once");
        assert_eq!(backlog.failed(), 11);
        backlog.look(&depths(9), 10);
        assert!(!backlog.is_full(&crm), "there is room again");
        assert_eq!(backlog.look(&depths(12), 10), [(crm, 12)], "and again none");
    }
}
