//! Numbers that change hands. A person's new number leads to their contact; what comes from a number that they gave up goes to whoever has it
//! now. The address itself stays with who had it first, so that everything that names them goes on reaching them: whoever has the number
//! after them is a contact at a place of its own.

use super::aliases::HOPS;
use super::core::{Core, Patience};
use super::inbox::{Given, Received, fitting, is_about_others};
use crate::domain::address::Address;
use crate::domain::id::{ContactKey, DedupeHash};
use crate::domain::message::Inbound;
use crate::domain::mode::Mode;
use crate::store::{Answer, Linked, Started, StoreError, WhenFull};
use std::sync::Arc;

impl Core {
    /// A new address of a contact's person leads to it from now on. Who is there already becomes part of it, but for somebody who gave that number
    /// up. Each step may be done again.
    pub(super) async fn lead_on(self: &Arc<Self>, started: &Started, address: &Address) -> Answer<()> {
        let contact = self.aliases.target(started.lane.contact);
        let key = self.place_now(address).await?;
        if self.aliases.target(key) == contact {
            return Ok(());
        }
        let (by, id) = ("their number or id changed", started.id.to_string());
        match self.patiently(Patience::Short, || self.store.link(key, contact)).await? {
            Linked::Ok => self.linked(key, contact).await?,
            Linked::Elsewhere(other) => self.merge(other, contact, by, &id).await?,
            Linked::Taken => self.merge(key, contact, by, &id).await?,
        };
        Ok(())
    }

    /// A message from a number that a contact gave up goes to whoever has it now, once for each effect. They begin with it if they are new.
    pub(super) async fn give_on(self: &Arc<Self>, started: &Started, message: &Inbound) -> Answer<()> {
        let whose = self.place_now(&message.from).await?;
        if self.aliases.target(whose) == started.lane.contact {
            return Err(StoreError::Bug("a number that was given up is its contact's all the same".to_owned()));
        }
        // What it answers was said to the other.
        let message = Inbound { answers: None, ..message.clone() };
        let given = Given {
            hash: DedupeHash::of(&["given on", &started.id.to_string()]),
            class: self.class_of(&message),
            body: fitting(Mode::Live, message.clone()),
            full: WhenFull::Drop,
            known: is_about_others(&message.content),
        };
        match self.put_as(whose, given).await? {
            Received::Nobody => Ok(()),
            _ => self.meet_both(&message, whose).await,
        }
    }

    /// Whether a message at a contact's address is for somebody else: the contact gave that number up.
    pub(super) async fn is_given_on(&self, message: &Inbound, contact: ContactKey) -> Answer<bool> {
        let Some(phone) = message.from.phone() else { return Ok(false) };
        Ok(self.contact(contact).await?.is_some_and(|found| found.record.has_left(phone)))
    }

    /// The place of whoever has an address now: that of the address itself, as long as nobody gave it up there.
    async fn place_now(&self, address: &Address) -> Answer<ContactKey> {
        let canonical = address.canonical();
        let first = self.contact_key(Mode::Live, &canonical);
        let Some(phone) = address.phone() else { return Ok(first) };
        let later = (1..HOPS).map(|n| self.contact_key(Mode::Live, &format!("{canonical}/{n}")));
        for place in std::iter::once(first).chain(later) {
            if self.contact(place).await?.is_none_or(|found| !found.record.has_left(phone)) {
                return Ok(place);
            }
        }
        Err(StoreError::Bug("a number changed hands more often than is followed".to_owned()))
    }
}
