//! Whoever has numbers now that a contact gave up, where one of the two is deleted: what they said no to is kept, messages of theirs that wait
//! at the first contact go on to them, and messages to a holder who is deleted bring nobody back.

use super::aliases::HOPS;
use super::forget::Eraser;
use super::inbox::{fitting, is_about_others};
use super::number::{HOLDERS, given_on, place_name};
use super::traces::whoever;
use crate::domain::address::{Address, E164};
use crate::domain::codec;
use crate::domain::id::{ContactKey, InputId};
use crate::domain::input::{Class, Input};
use crate::domain::message::Inbound;
use crate::domain::mode::Mode;
use crate::engine::effect::{Effect, Moving};
use crate::engine::record::Record;
use crate::store::{Accept, Accepted, Answer, Inspection, StopMask, StoreError, WhenFull};

/// Whoever has a number after a contact.
pub(super) struct Holder {
    /// The number.
    phone: E164,
    /// The contact's own names on the way there. When it is gone nobody gives anything on to the holder any more, and who writes from the number
    /// begins under one of these.
    names: Vec<ContactKey>,
    /// Where they are, or begin.
    place: ContactKey,
    /// What they opted out of, or whoever was deleted there.
    stop: StopMask,
}

impl Eraser<'_> {
    /// Whoever has the numbers now that this contact gave up.
    pub(super) async fn holders(&self, key: ContactKey, record: &Record, secret: &[u8]) -> Answer<Vec<Holder>> {
        let mut holders = Vec::new();
        for phone in &record.left {
            holders.extend(self.holder(key, phone, secret).await?);
        }
        Ok(holders)
    }

    async fn holder(&self, key: ContactKey, phone: &E164, secret: &[u8]) -> Answer<Option<Holder>> {
        let canonical = Address::Phone(phone.clone()).canonical();
        let left = |seen: &Inspection| Record::decode(&seen.record.blob).is_ok_and(|record| record.has_left(phone));
        let mut names = Vec::new();
        for n in 0..HOLDERS {
            let place = ContactKey::derive(secret, &place_name(&canonical, n));
            // Of a holder who was deleted as well it stands at their place; the next one begins there.
            let stop = match self.surely(|| whoever(self.store, place)).await? {
                Some((whose, _)) if whose == key => {
                    names.push(place);
                    continue;
                }
                Some((_, seen)) if left(&seen) => continue,
                Some((_, seen)) => seen.record.stop,
                None => self.surely(|| self.store.suppressed(place)).await?,
            };
            return Ok(Some(Holder { phone: phone.clone(), names, place, stop }));
        }
        Ok(None)
    }

    /// Before a contact is deleted with all that waits there: what is for whoever has one of its numbers now goes to them.
    pub(super) async fn let_pass(&self, key: ContactKey, seen: &Inspection, record: &Record, holders: &[Holder]) -> Answer<()> {
        if holders.is_empty() {
            return Ok(());
        }
        let given = given_in(seen).map(|message| (Class::Normal, message));
        let unread = unread_in(seen).filter(|(_, message)| record.is_of_another(message));
        let mut passed = Vec::new();
        for (class, message) in given.chain(unread) {
            let to = holders.iter().find(|holder| message.from.phone() == Some(&holder.phone));
            if let Some(holder) = to {
                self.pass(holder.place, class, &message).await?;
                passed.push(given_on(&message));
            }
        }
        // Whoever gives the same on just now, and finds nobody here any more, begins nobody with it.
        if !passed.is_empty() {
            self.surely(|| self.store.remember(key, passed.clone(), Vec::new())).await?;
        }
        Ok(())
    }

    async fn pass(&self, place: ContactKey, class: Class, message: &Inbound) -> Answer<()> {
        let message = Inbound { answers: None, ..message.clone() };
        let (hash, known) = (given_on(&message), is_about_others(&message.content));
        let body = fitting(Mode::Live, message);
        let mut contact = place;
        for _ in 0..HOPS {
            let (id, body, full) = (InputId::of(hash), body.clone(), WhenFull::Drop);
            let accept = Accept { contact, hash, class, id, body, claim: false, full, known };
            match self.surely(|| self.store.accept(accept.clone())).await? {
                Accepted::Moved(to) => contact = to,
                Accepted::Queued | Accepted::Claimed(_) | Accepted::Duplicate | Accepted::Full | Accepted::Nobody => {
                    return Ok(());
                }
            }
        }
        Err(StoreError::Bug("a chain of merged contacts does not end".to_owned()))
    }

    /// Before a contact is deleted whose number somebody had before them: what came from it and still waits there is an old message when it is given
    /// on. What they opted out of by it still counts.
    pub(super) async fn bar_what_waits(&self, key: ContactKey, record: &Record, secret: &[u8]) -> Answer<()> {
        let Some(phone) = &record.phone else { return Ok(()) };
        let first = ContactKey::derive(secret, &Address::Phone(phone.clone()).canonical());
        if first == key {
            return Ok(());
        }
        let Some((_, seen)) = self.surely(|| whoever(self.store, first)).await?.filter(|(whose, _)| *whose != key) else {
            return Ok(());
        };
        let unread = unread_in(&seen).filter(|(class, _)| *class == Class::Normal).map(|(_, message)| message);
        let theirs = given_in(&seen).chain(unread).filter(|message| message.from.phone() == Some(phone));
        let barred: Vec<_> = theirs.map(|message| given_on(&message)).collect();
        if barred.is_empty() {
            return Ok(());
        }
        self.surely(|| self.store.remember(key, barred.clone(), Vec::new())).await
    }
}

/// Messages that wait in a contact's lane for somebody else.
fn given_in(seen: &Inspection) -> impl Iterator<Item = Inbound> + '_ {
    seen.lane.iter().filter_map(|effect| match codec::decode_in::<Effect>(&effect.body) {
        Ok((_, Effect::Move(step))) => match *step {
            Moving::GiveOn { message, .. } => Some(*message),
            _ => None,
        },
        _ => None,
    })
}

/// Messages that nobody has looked at yet.
fn unread_in(seen: &Inspection) -> impl Iterator<Item = (Class, Inbound)> + '_ {
    seen.mailbox.iter().filter_map(|entry| match codec::decode_in::<Input>(&entry.body) {
        Ok((_, Input::Message(message))) => Some((entry.class, *message)),
        _ => None,
    })
}

/// What holders opted out of who begin at this place when the contact is gone.
pub(super) fn said_at(holders: &[Holder], place: ContactKey) -> u8 {
    holders.iter().filter(|holder| holder.names.contains(&place)).fold(0, |bits, holder| bits | holder.stop.bits())
}

/// The same at any of the contact's names: all of them lead to where it was, and whoever writes under one of them begins there as long as they do.
pub(super) fn said_of(holders: &[Holder]) -> u8 {
    holders.iter().filter(|holder| !holder.names.is_empty()).fold(0, |bits, holder| bits | holder.stop.bits())
}

/// The places of numbers that a contact gave up.
pub(super) fn left_places(record: &Record, secret: &[u8]) -> Vec<ContactKey> {
    let of = |canonical: String| (0..HOLDERS).map(move |n| ContactKey::derive(secret, &place_name(&canonical, n)));
    record.left.iter().flat_map(|phone| of(Address::Phone(phone.clone()).canonical())).collect()
}
