//! A person's number or WhatsApp id changes: the contact keeps everything, and the new one leads to it from now on. Numbers are given anew:
//! what comes from the old one afterwards is somebody else's, unless it says that it is not.

use super::effect::{Effect, Moving};
use super::fault::Fault;
use super::inbound::Came;
use super::turning::Turning;
use crate::domain::address::{Address, E164};
use crate::domain::journal::{AlertLevel, Decision};
use crate::domain::limits;
use crate::domain::message::{Inbound, InboundContent};

impl Turning<'_> {
    /// Whether the message is from whoever has a number now that the contact has given up. It is theirs: nothing of it is kept here.
    pub(super) fn is_of_another(&mut self, message: &Inbound) -> bool {
        let Address::Phone(from) = &message.from else { return false };
        if !self.rec.has_left(from) || self.is_same_person(message) {
            return false;
        }
        self.note(None, "a message came from a number that the contact has given up; it is for whoever has that number now");
        self.number_step(Moving::GiveOn { message: Box::new(message.clone()) });
        true
    }

    /// Whether a message from a number that was given up says that it is the contact's all the same: it names their WhatsApp id, or it is about
    /// the same change once more.
    fn is_same_person(&self, message: &Inbound) -> bool {
        let same_id = message.user_id.is_some() && message.user_id == self.rec.user_id;
        let same_change = match &message.content {
            InboundContent::System { new_wa_id: Some(new), .. } => {
                matches!((Address::from_whatsapp(new), &self.rec.phone), (Address::Phone(new), Some(mine)) if new == *mine)
            }
            _ => false,
        };
        same_id || same_change
    }

    /// Remembers by which addresses the contact wrote. What only tells of a change is no message from the old ones.
    pub(super) fn meet_writer(&mut self, message: &Inbound) {
        if matches!(message.content, InboundContent::System { .. }) && !self.rec.address_is_unknown() {
            return;
        }
        if let Address::Phone(from) = &message.from {
            self.rec.has_again(from);
        }
        self.rec.meet(&message.from);
        if let Some(id) = &message.user_id {
            self.rec.meet(&Address::Bsuid(id.clone()));
        }
    }

    /// The provider says that the person has another number, or another id.
    pub(super) fn number_changed(&mut self, came: &Came<'_>) {
        let InboundContent::System { new_wa_id, new_user_id, .. } = &came.message.content else { return };
        let said = [new_wa_id.as_deref().map(Address::from_whatsapp), new_user_id.clone().map(Address::Bsuid)];
        let mut new: Vec<Address> = Vec::new();
        for address in said.into_iter().flatten() {
            let known = match &address {
                Address::Phone(phone) => self.rec.phone.as_ref() == Some(phone),
                Address::Bsuid(id) => self.rec.user_id.as_ref() == Some(id),
                // Nothing that WhatsApp could reach.
                Address::Email(_) | Address::External(_) | Address::Verbatim(_) => true,
            };
            if !known && !new.contains(&address) {
                new.push(address);
            }
        }
        let words = match &new[..] {
            [] => "the person's number or id changed; it is known already, or not said",
            _ if self.rec.test => "the person's number or id changed; test contacts keep theirs",
            _ => "the person's number or id changed: answers go to the new one from now on",
        };
        self.received(came, Decision::Ignored, words, false);
        if self.rec.test {
            return;
        }
        for address in new {
            if let Address::Phone(phone) = &address {
                if let Address::Phone(old) = &came.message.from {
                    self.rec.leave(old);
                }
                self.rec.has_again(phone);
            }
            self.rec.meet(&address);
            self.number_step(Moving::Lead { address });
        }
    }

    /// A step for the executor. There is room for it whatever else the turn does.
    fn number_step(&mut self, step: Moving) {
        if let Err(Fault::Run(why)) = self.effect(Effect::Move(Box::new(step))) {
            self.alert(None, format!("A change of number was not followed: {why}"), AlertLevel::Warning);
        }
    }
}

impl super::record::Record {
    /// Whether the person had this number and has another one now.
    pub fn has_left(&self, phone: &E164) -> bool {
        self.left.contains(phone)
    }

    /// The number is the person's no more. Of very many the oldest is forgotten.
    fn leave(&mut self, old: &E164) {
        if self.phone.as_ref() == Some(old) {
            self.phone = None;
        }
        if !self.has_left(old) {
            self.left.push(old.clone());
            let many = self.left.len().saturating_sub(limits::NUMBERS_LEFT);
            self.left.drain(..many);
        }
    }

    /// The number is the person's, whatever was said of it before.
    pub(super) fn has_again(&mut self, phone: &E164) {
        self.left.retain(|left| left != phone);
    }
}
