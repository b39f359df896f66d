//! What is reported of messages that left: by a step, or, unless one says otherwise, that they were delivered.

use super::{World, WorldError};
use crate::domain::address::Address;
use crate::domain::id::{ContactKey, EffectId, Token};
use crate::domain::input::{Delivery, Input};
use crate::domain::journal;
use crate::domain::message::DeliveryStatus;

/// When a message that somebody waits for is reported as delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reports {
    /// At once.
    #[default]
    AtOnce,
    /// Before time passes, unless something else is reported of it before.
    InTime,
    /// Never by itself.
    Never,
}

impl World {
    /// The same, where messages are reported as delivered at that time.
    pub fn reporting(mut self, reports: Reports) -> Self {
        self.reports = reports;
        self
    }

    /// A delivery report for the last message.
    pub fn report(&mut self, address: &Address, status: DeliveryStatus) -> Result<bool, WorldError> {
        let Some(last) = self.last.clone() else { return Ok(false) };
        let key = self.person(address).key;
        self.unreported.retain(|(_, effect)| *effect != last.effect);
        if status == DeliveryStatus::Failed || self.awaits(key, last.effect, status) {
            let told = journal::Event::Reported {
                effect: last.effect,
                status,
                reason: None,
                code: None,
                at: Some(self.now),
                detail: None,
            };
            self.journal(key, Token(0), vec![told]);
            self.accept(
                key,
                true,
                Input::Delivery(Delivery { effect: last.effect, status, reason: None, code: None, unsure: false, back: None }),
            );
            self.settle()?;
        }
        Ok(true)
    }

    /// Reports every message as delivered of which nothing was reported yet. False if there was none.
    pub fn deliver_unreported(&mut self) -> Result<bool, WorldError> {
        let mut some = false;
        while self.deliver_those_unreported()? {
            some = true;
        }
        Ok(some)
    }

    /// The same, and nothing is reported yet of messages that follow from it.
    pub fn deliver_those_unreported(&mut self) -> Result<bool, WorldError> {
        let unreported = std::mem::take(&mut self.unreported);
        let some = !unreported.is_empty();
        for (key, effect) in unreported {
            self.accept(key, true, delivered(effect));
        }
        self.settle()?;
        Ok(some)
    }

    /// A message left.
    pub(super) fn sent(&mut self, key: ContactKey, effect: EffectId) {
        if !self.awaits(key, effect, DeliveryStatus::Delivered) {
            return;
        }
        match self.reports {
            Reports::AtOnce => self.due.push((self.now, key, delivered(effect))),
            Reports::InTime => self.unreported.push((key, effect)),
            Reports::Never => {}
        }
    }

    fn awaits(&self, key: ContactKey, effect: EffectId, status: DeliveryStatus) -> bool {
        let name = if status == DeliveryStatus::Failed { effect } else { effect.every_report() };
        self.people.get(&key).is_some_and(|person| person.awaited.contains(&name))
    }
}

fn delivered(effect: EffectId) -> Input {
    Input::Delivery(Delivery { effect, status: DeliveryStatus::Delivered, reason: None, code: None, unsure: false, back: None })
}
