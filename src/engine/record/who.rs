//! Who the contact is: the addresses by which they are known, and how they are named.

use super::Record;
use crate::domain::address::Address;
use crate::domain::input::ContactRef;

impl Record {
    /// Remembers an address of the contact. A number that they have given up is theirs only when they write from it again.
    pub fn meet(&mut self, address: &Address) {
        let (place, text) = match address {
            Address::Phone(phone) => {
                if self.phone.as_ref() != Some(phone) && !self.left.contains(phone) {
                    self.phone = Some(phone.clone());
                }
                return;
            }
            // Nobody gets it anew: what still names it was said before.
            Address::Bsuid(id) if self.gave_up_id(id) => return,
            Address::Bsuid(id) => (&mut self.user_id, id),
            Address::Email(email) => {
                // Who writes from an address reads there.
                self.dead = self.dead.take().filter(|dead| dead != email);
                (&mut self.email, email)
            }
            Address::External(id) => (&mut self.external, id),
            Address::Verbatim(text) => (&mut self.verbatim, text),
        };
        if place.as_ref() != Some(text) {
            *place = Some(text.clone());
        }
    }

    /// Whether nothing is known of where the contact is reached.
    pub(in crate::engine) fn address_is_unknown(&self) -> bool {
        self.phone.is_none()
            && self.user_id.is_none()
            && self.email.is_none()
            && self.external.is_none()
            && self.verbatim.is_none()
    }

    /// Takes over what a reference says of the contact and the record does not know yet: nothing, if it names them by a number that they have given up.
    pub fn adopt(&mut self, who: &ContactRef) {
        fn fill<T: Clone>(mine: &mut Option<T>, theirs: &Option<T>) {
            if mine.is_none() && theirs.is_some() {
                mine.clone_from(theirs);
            }
        }
        if self.is_named_as_before(who) {
            return;
        }
        fill(&mut self.phone, &who.phone);
        fill(&mut self.user_id, &who.user_id);
        fill(&mut self.email, &who.email);
        fill(&mut self.external, &who.id);
        fill(&mut self.name, &who.name);
        fill(&mut self.language, &who.language);
    }

    /// Whether a reference means this contact: by its identity, whatever else it says.
    pub fn is(&self, who: &ContactRef) -> bool {
        if who.phone.is_some() {
            self.phone == who.phone || self.is_named_as_before(who)
        } else if who.user_id.is_some() {
            self.user_id == who.user_id
        } else if who.email.is_some() {
            self.email == who.email
        } else {
            who.id.is_some() && self.external == who.id
        }
    }

    /// How the contact is named to others.
    pub fn reference(&self) -> ContactRef {
        ContactRef {
            phone: self.phone.clone(),
            user_id: self.user_id.clone(),
            email: self.email.clone(),
            id: self.external.clone(),
            name: None,
            language: None,
            attributes: Default::default(),
            consent: None,
        }
    }
}
