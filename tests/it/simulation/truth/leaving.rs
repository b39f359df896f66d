//! People who were deleted: nothing of them may come back, and what is kept of them must hold. People who became one with another:
//! nothing of what they said is lost on the way, or comes twice.

use super::{Person, Rule, Truth};
use bytes::Bytes;
use replyflow::domain::id::{ContactKey, DedupeHash, EffectId, InputId};
use replyflow::domain::input::Class;
use replyflow::store::{FailedKey, Flip, Flipped, Forget, Forgot, Freeze, Frozen, Lane, Linked, SettleResult};
use std::collections::BTreeSet;

impl Truth {
    pub fn forgotten(&mut self, forget: &Forget, answer: &Forgot) -> Rule {
        let Forgot::Done(emptied) = answer else { return Ok(()) };
        self.journal.extend(forget.journal.iter().cloned());
        let person = std::mem::take(self.person(forget.contact));
        if !person.there {
            return Err("somebody was deleted who is not there".to_owned());
        }
        let waiting = person.accepted.len() - person.consumed.len();
        if emptied.inputs != waiting as u64 {
            return Err(format!("{} inputs were deleted, {waiting} waited", emptied.inputs));
        }
        let erased: BTreeSet<_> = person.accepted.iter().map(|(id, _)| *id).chain(person.erased).collect();
        let mut messages = 0;
        let failed: BTreeSet<String> = forget.failed.iter().map(|key| format!("{key:?}")).collect();
        for (id, effect) in self.effects.iter_mut().filter(|(_, effect)| effect.contact == forget.contact) {
            let in_line = effect.lane == Lane::Contact;
            let taken = forget.lanes.iter().any(|(own, _)| own == id);
            let failed = effect.settled == [SettleResult::Failed]
                && failed.contains(&format!("{:?}", FailedKey::Effect(forget.contact, *id)));
            if effect.is_open() && (in_line || taken) || failed {
                messages += u64::from(in_line && !failed);
                effect.forgotten = true;
            }
        }
        if emptied.messages != messages {
            return Err(format!("{} messages were deleted, {messages} had not left", emptied.messages));
        }
        *self.person(forget.contact) = Person { stopped: person.stopped, erased, ..Person::default() };
        Ok(())
    }

    pub fn frozen(&mut self, freeze: &Freeze, answer: &Frozen) -> Rule {
        if let Frozen::Ok(still) = answer {
            let person = self.person(freeze.contact);
            person.moving = Some((freeze.into, freeze.effect));
            person.alarm = None;
            let waiting: Vec<InputId> = still.mailbox.iter().map(|entry| entry.id).collect();
            if waiting.len() != person.accepted.len() - person.consumed.len() {
                return Err(format!("a frozen contact shows {waiting:?} of what it was told"));
            }
        }
        Ok(())
    }

    /// Runs that wait for reports are on their way to a contact.
    pub fn awaits(&mut self, contact: ContactKey, awaited: &[EffectId]) {
        let person = self.person(contact);
        if person.there && person.moved.is_none() {
            person.awaited.extend(awaited);
        }
    }

    /// What was not processed is at the other contact, once and in its order.
    pub fn flipped(&mut self, flip: &Flip, answer: &Flipped) -> Rule {
        let person = self.person(flip.contact);
        let left: Vec<InputId> = match answer {
            Flipped::Ok if person.moved.is_none() => Vec::new(),
            Flipped::More(left) => left.iter().map(|entry| entry.id).collect(),
            Flipped::Ok | Flipped::Not | Flipped::Gone => return Ok(()),
        };
        let Some((into, effect)) = person.moving else { return Err("a contact moves that was not frozen".to_owned()) };
        if into != flip.into {
            return Err("a contact moves to another place than it was frozen for".to_owned());
        }
        let gone = |id: &InputId| !person.consumed.contains(id) && !left.contains(id);
        let (carried, stays) = person.accepted.iter().partition(|(id, _)| gone(id));
        (person.accepted, person.carried) = (stays, [std::mem::take(&mut person.carried), carried].concat());
        if matches!(answer, Flipped::More(_)) {
            return Ok(());
        }
        person.moving = None;
        person.moved = Some(into);
        person.awaited.clear();
        let left = std::mem::take(&mut person.carried);
        let fed = std::mem::take(&mut person.fed);
        let seen: Vec<InputId> = person.accepted.iter().chain(&left).map(|(id, _)| *id).chain(person.erased.clone()).collect();
        self.journal.push(flip.journal.clone());
        let there = self.person(into);
        // A broadcast that waited for its turn is there once, whichever of the two it was for.
        for broadcast in left.iter().filter_map(|(id, _)| fed.get(id)) {
            if !there.fed.values().any(|known| known == broadcast) && there.erased.is_empty() {
                return Err(format!("{broadcast} is lost on the way from one contact to another"));
            }
        }
        there.fed.extend(fed.clone());
        for class in [Class::Normal, Class::Priority] {
            let of = |id: &InputId| InputId::of(DedupeHash::of(&["arrived", &effect.to_string(), &id.to_string()]));
            let wanted = left.iter().filter(|(id, c)| *c == class && !fed.contains_key(id));
            let wanted: Vec<InputId> = wanted.map(|(id, _)| of(id)).collect();
            let came: Vec<InputId> = there.came.iter().copied().filter(|id| wanted.contains(id)).collect();
            if came != wanted {
                return Err(format!("of a contact's inputs {wanted:?} came {came:?} to where it moved"));
            }
        }
        // None of them may come to the other one again.
        there.erased.extend(seen);
        Ok(())
    }

    /// Nobody is at an address: it leads to somebody from now on.
    pub fn linked(&mut self, address: ContactKey, to: ContactKey, answer: &Linked) -> Rule {
        let person = self.person(address);
        if *answer == Linked::Ok && person.there && person.moved.is_none() {
            return Err("an address leads away from somebody who is there".to_owned());
        }
        if *answer == Linked::Ok {
            (person.moved, person.fading) = (Some(to), false);
        }
        Ok(())
    }

    /// It leads to nobody any more.
    pub fn unlinked(&mut self, address: ContactKey, to: ContactKey) {
        let person = self.person(address);
        person.fading |= person.moved == Some(to);
    }

    /// What failed of somebody who is a part of a contact that is deleted.
    pub fn dropped(&mut self, key: FailedKey, journal: &Bytes) {
        self.journal.push(journal.clone());
        match key {
            FailedKey::Effect(_, id) => drop(self.effects.get_mut(&id).map(|effect| effect.forgotten = true)),
            FailedKey::Input(contact, id) => {
                let person = self.person(contact);
                person.set_aside.remove(&id);
                // It was never decided on, and nobody will any more: the journal owes nothing.
                person.told.remove(&id);
            }
        }
    }
}
