//! Numbers that change hands. A person's new number leads to their contact; what comes from a number that they gave up goes to whoever has it
//! now. The address itself stays with who had it first, so that everything that names them goes on reaching them: whoever has the number
//! after them is a contact at a place of its own.

use super::core::{Core, Patience};
use super::inbox::{Given, Received, fitting, is_about_others};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, DedupeHash};
use crate::domain::input::Input;
use crate::domain::merge::Merge;
use crate::domain::message::Inbound;
use crate::domain::mode::Mode;
use crate::engine::record::Record;
use crate::store::{Answer, Linked, Started, StoreError, WhenFull};
use std::sync::Arc;

/// How many had a number, one after the other, before nobody is looked for any more.
pub(super) const HOLDERS: usize = 64;

/// The name under which the place of whoever has a number is made: the first who had it is at the number itself, those after them are counted.
pub(super) fn place_name(canonical: &str, n: usize) -> String {
    if n == 0 { canonical.to_owned() } else { format!("{canonical}/{n}") }
}

/// What makes it the same whoever gives a message on: the effect that says so, or the deletion of the contact at which it waits.
pub(super) fn given_on(message: &Inbound) -> DedupeHash {
    DedupeHash::of(&["given on", message.channel.as_str(), &message.id])
}

impl Core {
    /// A new address of a contact's person leads to it from now on. Who is there already becomes part of it, but for somebody who gave that number
    /// up; who had it since then has it no more. Each step may be done again.
    pub(super) async fn lead_on(self: &Arc<Self>, started: &Started, address: &Address) -> Answer<()> {
        let contact = self.aliases.target(started.lane.contact);
        let (n, key) = self.place_now(address).await?;
        if self.aliases.target(key) != contact {
            // Late: the person gave it up again meanwhile, and whoever has it now is somebody else.
            if n > 0 && self.has_given_up(contact, address).await? {
                return Ok(());
            }
            let (by, id) = ("their number or id changed", started.id.to_string());
            match self.patiently(Patience::Short, || self.store.link(key, contact)).await? {
                Linked::Ok => self.linked(key, contact).await?,
                Linked::Elsewhere(other) => self.merge(other, contact, by, &id).await?,
                Linked::Taken => self.merge(key, contact, by, &id).await?,
            };
        }
        self.take_back(started, (contact, n), address).await
    }

    /// Contacts that had a number after place `n`, which is this contact's, must not write there any more.
    async fn take_back(self: &Arc<Self>, started: &Started, (contact, n): (ContactKey, usize), address: &Address) -> Answer<()> {
        let (Some(phone), canonical) = (address.phone(), address.canonical()) else { return Ok(()) };
        let left = Input::Merge(Box::new(Merge::Left { phone: phone.clone() }));
        for n in n + 1..HOLDERS {
            let place = self.contact_key(Mode::Live, &place_name(&canonical, n));
            let Some(found) = self.contact(place).await? else { break };
            if found.key != contact && !found.record.has_left(phone) {
                self.hand(started, found.key, &left).await?;
            }
        }
        Ok(())
    }

    /// A message from a number that a contact gave up goes to whoever has it now, once. They begin with it if they are new.
    pub(super) async fn give_on(self: &Arc<Self>, started: &Started, message: &Inbound) -> Answer<()> {
        // That may be the same contact again: they have the number back since then, or whoever had it became part of them.
        let (_, whose) = self.place_now(&message.from).await?;
        // What it answers was said to the other.
        let message = Inbound { answers: None, ..message.clone() };
        let given = Given {
            hash: given_on(&message),
            class: self.class_of(&message),
            body: fitting(Mode::Live, message.clone()),
            full: WhenFull::Drop,
            known: is_about_others(&message.content),
        };
        if self.put_as(whose, given).await? == Received::Nobody || self.is_of(&message, started.lane.contact).await? {
            return Ok(());
        }
        self.meet_both(&message, whose).await
    }

    /// Whether the WhatsApp id of a message leads to this contact, as far as anybody knows: then it must not make somebody else of them.
    async fn is_of(&self, message: &Inbound, contact: ContactKey) -> Answer<bool> {
        let Some(id) = &message.user_id else { return Ok(false) };
        let key = self.contact_key(Mode::Live, &Address::Bsuid(id.clone()).canonical());
        let whose = self.contact(key).await?.map_or(key, |found| found.key);
        Ok(whose == self.aliases.target(contact))
    }

    /// Whether a contact's person had this address and has it no more.
    pub(super) async fn has_given_up(&self, contact: ContactKey, address: &Address) -> Answer<bool> {
        let Some(phone) = address.phone() else { return Ok(false) };
        Ok(self.contact(contact).await?.is_some_and(|found| found.record.has_left(phone)))
    }

    /// Whether whoever is at an address, or was before they were deleted, wants no messages of this kind; `key` is the address's own. If its contact gave
    /// the number up, the word of whoever has it now counts, and not theirs. It does not count of the contact that asks.
    pub(super) async fn wants_none_there(
        &self,
        (key, address): (ContactKey, &Address),
        kind: ChannelKind,
        asks: ContactKey,
    ) -> Answer<bool> {
        let Some((_, seen)) = self.seen(key).await? else { return Ok(self.store.suppressed(key).await?.stops(kind)) };
        let left = |phone| Record::decode(&seen.record.blob).is_ok_and(|record| record.has_left(phone));
        if !address.phone().is_some_and(left) {
            return Ok(seen.record.stop.stops(kind));
        }
        let (_, now) = self.place_now(address).await?;
        Ok(self.aliases.target(now) != asks && self.wants_none(now, kind).await?)
    }

    /// The place of whoever has an address now, and how many had it before: that of the address itself, as long as nobody gave it up there.
    async fn place_now(&self, address: &Address) -> Answer<(usize, ContactKey)> {
        let canonical = address.canonical();
        let place = |n| (n, self.contact_key(Mode::Live, &place_name(&canonical, n)));
        let Some(phone) = address.phone() else { return Ok(place(0)) };
        for (n, place) in (0..HOLDERS).map(place) {
            if self.contact(place).await?.is_none_or(|found| !found.record.has_left(phone)) {
                return Ok((n, place));
            }
        }
        Err(StoreError::Bug("a number changed hands more often than is followed".to_owned()))
    }
}
