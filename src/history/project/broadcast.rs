//! Contacts with whom a broadcast began nothing.

use super::{Fold, Now};
use crate::domain::journal::Event;
use crate::history::broadcasts::members;

impl Fold<'_> {
    pub(super) fn broadcast(&mut self, now: &Now<'_>, event: &Event) {
        let Event::Skipped(skipped) = event else { return };
        let detail = skipped.detail.as_deref();
        self.out.push(members::skipped(skipped.broadcast, now.contact, skipped.reason, detail, now.entry.at));
    }
}
