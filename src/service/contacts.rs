//! Contacts as the API sees them: who is meant by an address, what the store's record says, and changes of it.

use super::aliases::HOPS;
use super::core::{Core, Patience};
use super::inbox::Received;
use crate::domain::address::Address;
use crate::domain::change::ContactChange;
use crate::domain::id::{ContactKey, DedupeHash, InputId};
use crate::domain::input::{Class, OperatorAction};
use crate::domain::mode::Mode;
use crate::engine::record::Record;
use crate::store::{Answer, Place, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How long somebody who changed a contact waits to see it as it is then.
const SETTLED: Duration = Duration::from_secs(3);

/// A contact that is there.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its key: of the contact that it became part of, if it did.
    pub key: ContactKey,
    /// What is stored of it. Empty if nothing was done for it yet.
    pub record: Record,
    /// Whether acts wait for it, so that the record is not all that will be known of it in a moment.
    pub waits: bool,
    /// The inputs that wait for it.
    pub inputs: Vec<InputId>,
}

/// What became of an input.
#[derive(Debug, Clone)]
pub enum After {
    /// It is done, and this is the contact then.
    Done(Box<Found>),
    /// It is stored and waits for its turn.
    Waits,
    /// It could not be processed; an operator finds it among what failed.
    SetAside,
    /// There is no such contact any more.
    Nobody,
}

/// Who is behind several addresses of one person.
#[derive(Debug, Clone)]
pub enum Whom {
    /// None of them is known.
    Nobody,
    /// One contact: that of the first address that is known.
    One(Box<Found>),
    /// Several contacts: the address that leads elsewhere than the first that is known, and whither.
    Several(Address, ContactKey),
}

impl Core {
    /// The key that an address leads to in this mode, if nobody else has it.
    pub fn address_key(&self, mode: Mode, address: &Address) -> ContactKey {
        self.contact_key(mode, &address.canonical())
    }

    /// The contact of this mode with an address. In test that is the test contact, or where there is none the one whom a simulator plays.
    pub async fn contact_at(&self, mode: Mode, address: &Address) -> Answer<Option<Found>> {
        let found = self.contact(self.address_key(mode, address)).await?;
        if mode == Mode::Live {
            return Ok(found);
        }
        // What leads to somebody who is meant by now leads nowhere in test.
        if let Some(found) = found.filter(|found| found.waits || found.record.mode() == Mode::Test) {
            return Ok(Some(found));
        }
        let played = self.contact(self.address_key(Mode::Live, address)).await?;
        Ok(played.filter(|found| found.record.mode() == Mode::Test))
    }

    /// A contact as it is now, wherever it became part of another one.
    pub async fn contact(&self, key: ContactKey) -> Answer<Option<Found>> {
        let mut key = self.aliases.target(key);
        for _ in 0..HOPS {
            let Some(found) = self.patiently(Patience::Short, || self.store.inspect(key)).await? else { return Ok(None) };
            if let Place::Moved(to) = found.place {
                self.aliases.moved(key, to);
                key = to;
                continue;
            }
            let record = match found.record.blob.is_empty() {
                true => Record::default(),
                false => Record::decode(&found.record.blob).map_err(|error| StoreError::Bug(error.to_string()))?,
            };
            // A team's record is nobody's.
            if record.board.is_some() || (found.record.blob.is_empty() && found.mailbox.is_empty()) {
                return Ok(None);
            }
            // What waits behind a pending call says nothing of what will be known in a moment.
            let waits = found.mailbox.iter().any(|entry| entry.class == Class::Priority);
            let inputs = found.mailbox.iter().map(|entry| entry.id).collect();
            return Ok(Some(Found { key, record, waits, inputs }));
        }
        Err(StoreError::Bug("a chain of merged contacts does not end".to_owned()))
    }

    /// Who is behind these addresses.
    pub async fn whom(&self, mode: Mode, addresses: &[Address]) -> Answer<Whom> {
        let mut first: Option<Found> = None;
        for address in addresses {
            let Some(found) = self.contact_at(mode, address).await? else { continue };
            match &first {
                None => first = Some(found),
                Some(known) if known.key != found.key => return Ok(Whom::Several(address.clone(), found.key)),
                Some(_) => {}
            }
        }
        Ok(first.map_or(Whom::Nobody, |found| Whom::One(Box::new(found))))
    }

    /// Changes a contact. `id` makes it the same change when it is repeated. Gives the name of the input.
    pub async fn change_contact(
        self: &Arc<Self>,
        mode: Mode,
        contact: ContactKey,
        change: ContactChange,
        id: &str,
    ) -> Answer<(InputId, Received)> {
        let input = InputId::of(DedupeHash::of(&["operator", id]));
        let received = self.operate_in(mode, contact, OperatorAction::Change(Box::new(change)), id).await?;
        Ok((input, received))
    }

    /// The contact after this input. What is not done after a while is said to wait: an input can stand behind others.
    pub async fn after(&self, contact: ContactKey, input: InputId) -> Answer<After> {
        let begun = self.clock.monotonic();
        let mut pause = Duration::from_millis(1);
        loop {
            let Some(found) = self.contact(contact).await? else { return Ok(After::Nobody) };
            if found.record.acts.contains(&input) {
                return Ok(After::Done(Box::new(found)));
            }
            if !found.inputs.contains(&input) {
                return Ok(After::SetAside);
            }
            if self.clock.monotonic().saturating_sub(begun) > SETTLED {
                return Ok(After::Waits);
            }
            self.clock.sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// Waits until nothing waits for a contact any more, or a while.
    pub async fn quiet(&self, contact: ContactKey) -> Answer<()> {
        let begun = self.clock.monotonic();
        let mut pause = Duration::from_millis(2);
        while self.clock.monotonic().saturating_sub(begun) < SETTLED {
            if !self.contact(contact).await?.is_some_and(|found| found.waits) {
                break;
            }
            self.clock.sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
        Ok(())
    }
}
