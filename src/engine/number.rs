//! A person's number or WhatsApp id changes: the contact keeps everything, and the new one leads to it from now on. Numbers are given anew:
//! what comes from the old one afterwards is somebody else's, unless it says that it is not.

use super::effect::{Effect, Moving};
use super::fault::Fault;
use super::inbound::Came;
use super::opt::is_word;
use super::record::{Former, Record};
use super::turning::Turning;
use super::weight::effect_bytes;
use crate::domain::address::{Address, E164};
use crate::domain::input::ContactRef;
use crate::domain::journal::{AlertLevel, Decision};
use crate::domain::limits;
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::time::Millis;

impl Turning<'_> {
    /// Whether the message is from whoever has a number now that the contact has given up. It is theirs: nothing of it is kept here.
    pub(super) fn is_of_another(&mut self, at: Millis, message: &Inbound) -> bool {
        if !self.rec.is_of_another(message) {
            return false;
        }
        let own = [self.project.language];
        let urgent = [&own[..], self.catalog.languages()].into_iter().any(|languages| is_word(message, languages));
        // They wait among what is said to the contact, and must not fill that place.
        let most = limits::CONTACT_MESSAGES_PER_MINUTE * if urgent { 2 } else { 1 };
        if self.rec.given.one_more(at) > most {
            let why = format!("more than {most} messages in a minute from numbers that the contact has given up: one is dropped");
            self.note(None, why);
            return true;
        }
        self.note(None, "a message came from a number that the contact has given up; it is for whoever has that number now");
        self.number_step(given_on(message, urgent));
        true
    }

    /// Remembers by which addresses the contact wrote. What only tells of a change is no message from the old ones, and what was written before a
    /// change brings nothing back.
    pub(super) fn meet_writer(&mut self, message: &Inbound) {
        if matches!(message.content, InboundContent::System { .. }) && !self.rec.address_is_unknown() {
            return;
        }
        if self.rec.is_from_before(message) {
            return;
        }
        if let Address::Phone(phone) = &message.from {
            let back = self.rec.has_left(phone);
            self.rec.has_again(&message.from);
            // Whoever had it meanwhile must not be written to there.
            if back {
                self.number_step(Moving::Lead { address: message.from.clone() });
            }
        }
        self.rec.meet(&message.from);
        if let Some(id) = &message.user_id {
            self.rec.meet(&Address::Bsuid(id.clone()));
        }
    }

    /// The provider says that the person has another number, or another id. It may say so late, more than once, and of what is known already: then the
    /// old number is given up all the same.
    pub(super) fn number_changed(&mut self, came: &Came<'_>) {
        let message = came.message;
        let InboundContent::System { new_wa_id, new_user_id, .. } = &message.content else { return };
        let said = [new_wa_id.as_deref().map(Address::from_whatsapp), new_user_id.clone().map(Address::Bsuid)];
        // Nothing else could WhatsApp reach. What the person gave up since then they do not have again by an old word.
        let counts = |address: &Address| match address {
            Address::Phone(_) | Address::Bsuid(_) => !self.rec.gave_up_after(address, message.at),
            Address::Email(_) | Address::External(_) | Address::Verbatim(_) => false,
        };
        let mut said: Vec<Address> = said.into_iter().flatten().filter(counts).collect();
        said.dedup();
        let new: Vec<Address> = said.iter().filter(|address| !self.rec.has(address)).cloned().collect();
        let words = match &new[..] {
            [] => "the person's number or id changed; it is known already, or not said",
            _ if self.rec.test => "the person's number or id changed; test contacts keep theirs",
            _ => "the person's number or id changed: answers go to the new one from now on",
        };
        self.received(came, Decision::Ignored, words, false);
        if self.rec.test {
            return;
        }
        for address in &said {
            for old in self.rec.in_the_place_of(address, message) {
                self.rec.leave(&old, message.at);
            }
            self.rec.has_again(address);
            self.rec.meet(address);
        }
        for address in new {
            self.number_step(Moving::Lead { address });
        }
    }

    /// Whoever had a number before the contact has it again: nothing is sent there from here, and what comes from there is theirs.
    pub(super) fn number_left(&mut self, phone: &E164) {
        if !self.rec.has_left(phone) {
            self.note(None, "a number of the contact's is its first holder's again");
            self.rec.leave(&Address::Phone(phone.clone()), None);
        }
    }

    /// A step for the executor. There is room for it whatever else the turn does.
    fn number_step(&mut self, step: Moving) {
        if let Err(Fault::Run(why)) = self.effect(Effect::Move(Box::new(step))) {
            self.alert(None, format!("A change of number was not followed: {why}"), AlertLevel::Warning);
        }
    }
}

/// A message for somebody else, as far as an outbox takes it.
fn given_on(message: &Inbound, urgent: bool) -> Moving {
    let step = Moving::GiveOn { message: Box::new(message.clone()), urgent };
    if effect_bytes(&Effect::Move(Box::new(step.clone()))) <= limits::EFFECT_BYTES {
        return step;
    }
    let content = InboundContent::Unsupported { kind: "too_large".to_owned() };
    let room = (0..=limits::EFFECT_BYTES / 2).rev().find(|at| message.text.is_char_boundary(*at)).unwrap_or(0);
    let text = message.text.get(..room).unwrap_or(&message.text).to_owned();
    let message = Inbound { content, text, referral: None, profile_name: None, ..message.clone() };
    Moving::GiveOn { message: Box::new(message), urgent }
}

impl Record {
    /// Whether the person had this number and has another one now.
    pub fn has_left(&self, phone: &E164) -> bool {
        self.left.contains(phone)
    }

    /// Whether a message is from whoever has a number now that the person has given up.
    pub fn is_of_another(&self, message: &Inbound) -> bool {
        message.from.phone().is_some_and(|from| self.has_left(from)) && !self.is_same_person(message)
    }

    /// Whether a message from a number that was given up says that it is the contact's all the same: it names a WhatsApp id that they have or had,
    /// it was written before, or it is about the same change once more.
    fn is_same_person(&self, message: &Inbound) -> bool {
        let same_id = message.user_id.is_some() && message.user_id == self.user_id;
        let same_change = match &message.content {
            InboundContent::System { new_wa_id, .. } => {
                let new = new_wa_id.as_deref().map(Address::from_whatsapp);
                let when = self.gave_up(&message.from);
                new.is_some_and(|new| self.has(&new)) || (when.is_some() && when == message.at)
            }
            _ => false,
        };
        same_id || same_change || self.is_from_before(message)
    }

    /// Whether a reference names the contact by a number that they have given up: what it says besides may be of whoever has it now.
    pub fn is_named_as_before(&self, who: &ContactRef) -> bool {
        who.phone.as_ref().is_some_and(|phone| self.has_left(phone))
    }

    /// Whether the contact wrote it before the provider told of a change: from a number that they had until then, or under an id that they had, which
    /// nobody gets anew.
    pub fn is_from_before(&self, message: &Inbound) -> bool {
        // Providers tell time in seconds, and nobody else has a number in the second in which it was given up.
        let had = matches!((message.at, self.gave_up(&message.from)), (Some(at), Some(left)) if at <= left);
        let earlier = had && message.from.phone().is_some_and(|from| self.has_left(from));
        let id = match &message.from {
            Address::Bsuid(id) => Some(id),
            _ => message.user_id.as_ref(),
        };
        earlier || id.is_some_and(|id| self.gave_up_id(id))
    }

    /// Whether the person had this WhatsApp id and has another one now.
    pub(super) fn gave_up_id(&self, id: &str) -> bool {
        self.former.iter().any(|former| matches!(&former.address, Address::Bsuid(known) if known == id))
    }

    /// Whether the person gave up an address later than at this time, both by the provider's clock.
    fn gave_up_after(&self, address: &Address, at: Option<Millis>) -> bool {
        matches!((at, self.gave_up(address)), (Some(at), Some(left)) if at < left)
    }

    /// When the person gave up an address, if they did and it is known.
    fn gave_up(&self, address: &Address) -> Option<Millis> {
        self.former.iter().find(|former| former.address == *address).and_then(|former| former.at)
    }

    /// Whether this is how the contact is reached now.
    fn has(&self, address: &Address) -> bool {
        match address {
            Address::Phone(phone) => self.phone.as_ref() == Some(phone),
            Address::Bsuid(id) => self.user_id.as_ref() == Some(id),
            Address::Email(_) | Address::External(_) | Address::Verbatim(_) => false,
        }
    }

    /// What the person had until they got a new address, as far as that is known: what the word of the change came from, else what they were known by.
    fn in_the_place_of(&self, new: &Address, message: &Inbound) -> Vec<Address> {
        let old = match new {
            Address::Phone(_) => vec![message.from.phone().or(self.phone.as_ref()).cloned().map(Address::Phone)],
            Address::Bsuid(_) => [&self.user_id, &message.user_id].map(|id| id.clone().map(Address::Bsuid)).to_vec(),
            Address::Email(_) | Address::External(_) | Address::Verbatim(_) => Vec::new(),
        };
        old.into_iter().flatten().filter(|old| old != new).collect()
    }

    /// The address is the person's no more since then, by the provider's clock. Of very many the oldest is forgotten.
    fn leave(&mut self, old: &Address, at: Option<Millis>) {
        match old {
            Address::Phone(phone) => {
                if self.phone.as_ref() == Some(phone) {
                    self.phone = None;
                }
                if !self.has_left(phone) {
                    self.left.push(phone.clone());
                    let many = self.left.len().saturating_sub(limits::NUMBERS_LEFT);
                    self.left.drain(..many);
                }
            }
            Address::Bsuid(_) => {}
            Address::Email(_) | Address::External(_) | Address::Verbatim(_) => return,
        }
        match self.former.iter_mut().find(|former| former.address == *old) {
            Some(known) => known.at = known.at.max(at),
            None => self.former.push(Former { address: old.clone(), at }),
        }
        self.bound_former();
    }

    /// Of very many addresses that were given up the oldest are forgotten.
    pub(super) fn bound_former(&mut self) {
        // Each number may have had an id of its own.
        let many = self.former.len().saturating_sub(2 * limits::NUMBERS_LEFT);
        self.former.drain(..many);
    }

    /// The address is the person's, whatever was said of it before.
    pub(super) fn has_again(&mut self, address: &Address) {
        if let Address::Phone(phone) = address {
            self.left.retain(|left| left != phone);
        }
        self.former.retain(|former| former.address != *address);
    }
}
