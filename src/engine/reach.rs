//! What was learned of whether the contact can and wants to be reached, apart from any conversation: a link in a mail, a complaint,
//! an address at which nothing arrives any more.

use super::turning::Turning;
use crate::domain::address::Address;
use crate::domain::input::{Reach, ReachChange};
use crate::domain::journal::Event;

impl Turning<'_> {
    pub(super) fn reach(&mut self, reach: &Reach) {
        match &reach.what {
            ReachChange::OptedOut { how } => {
                self.stop_kind(reach.kind, how);
            }
            ReachChange::Dead { address: Address::Email(dead), reason, code } => {
                // Of an address that the contact no longer has, or that is known as dead, this says nothing new.
                if self.rec.email.as_ref() != Some(dead) || self.rec.dead.as_ref() == Some(dead) {
                    return;
                }
                self.rec.dead = Some(dead.clone());
                self.journal(Event::AddressDead { kind: reach.kind, reason: *reason, code: code.clone() });
            }
            // A phone that cannot be reached today may be tomorrow, and its provider says so each time.
            ReachChange::Dead { .. } => {}
        }
    }
}
