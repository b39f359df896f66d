//! Two contacts become one. The contact that stays is asked first, then the other; what moves it is the last effect of its send lane.
//! Each step can be repeated, and two executors of one step at the same time do no harm: see the store's `freeze` and `flip`.

use super::aliases::HOPS;
use super::core::{Core, Patience};
use super::inbox::{Given, Received};
use super::marks;
use super::outbox::Performed;
use super::verdict::End;
use crate::domain::address::Address;
use crate::domain::broadcast::said_by;
use crate::domain::codec;
use crate::domain::id::{ContactKey, DedupeHash, InputId, Token};
use crate::domain::input::{Class, Input};
use crate::domain::journal::{Entry, Event};
use crate::domain::merge::{Blob, Merge};
use crate::domain::message::{FailureReason, Inbound};
use crate::domain::mode::Mode;
use crate::domain::time::Span;
use crate::engine::effect::Moving;
use crate::engine::record::Record;
use crate::store::{
    self, Accept, Accepted, Answer, Flip, Flipped, Freeze, Frozen, Inspection, Linked, Place, Started, Still, Store, StoreError,
    WhenFull,
};
use bytes::Bytes;
use std::sync::Arc;

/// How often a contact's mailbox may have something new while it is moved; then it is gone on with a moment later.
const ROUNDS: usize = 100;

/// Asks a contact to take another one in, also beside a running service. False: there is no contact that could. The same `id` asks once.
pub async fn ask(store: &dyn Store, from: ContactKey, into: ContactKey, by: &str, id: &str) -> Answer<bool> {
    let step = Input::Merge(Box::new(Merge::Take { from, by: by.to_owned() }));
    let hash = DedupeHash::of(&["merge", id]);
    let mut contact = into;
    for _ in 0..HOPS {
        let accept = Accept {
            contact,
            hash,
            class: Class::Priority,
            id: InputId::of(hash),
            body: Bytes::from(codec::encode(&step)),
            claim: false,
            full: WhenFull::Refuse,
            known: true,
        };
        match store.accept(accept).await? {
            Accepted::Nobody => return Ok(false),
            Accepted::Moved(to) => contact = to,
            Accepted::Full => return Err(StoreError::Full("the contact's mailbox has no room".to_owned())),
            Accepted::Queued | Accepted::Claimed(_) | Accepted::Duplicate => return Ok(true),
        }
    }
    Err(StoreError::Bug("a chain of merged contacts does not end".to_owned()))
}

impl Core {
    /// Asks a contact to take another one in. Accepted means that it is stored; it is done when what was said to the other one has left.
    /// `id` makes it the same when it is asked again.
    pub async fn merge(self: &Arc<Self>, from: ContactKey, into: ContactKey, by: &str, id: &str) -> Answer<Received> {
        let hash = DedupeHash::of(&["merge", id]);
        self.put_known(into, hash, &merge(Merge::Take { from, by: by.to_owned() }), WhenFull::Refuse).await
    }

    /// Everything about one contact, whatever address of theirs is named; with the name that they have in the store.
    pub async fn seen(&self, contact: ContactKey) -> Answer<Option<(ContactKey, Inspection)>> {
        let mut contact = self.aliases.target(contact);
        for _ in 0..HOPS {
            let Some(seen) = self.store.inspect(contact).await? else { return Ok(None) };
            match seen.place {
                Place::Moved(to) => {
                    self.aliases.moved(contact, to);
                    contact = to;
                }
                Place::Here | Place::Moving(_) => return Ok(Some((contact, seen))),
            }
        }
        Err(StoreError::Bug("a chain of merged contacts does not end".to_owned()))
    }

    /// Lets an address lead to a contact. If there is a contact of that address already, it becomes part of this one.
    pub async fn link(self: &Arc<Self>, mode: Mode, address: &Address, contact: ContactKey, by: &str) -> Answer<Received> {
        let key = self.contact_key(mode, &address.canonical());
        let contact = self.aliases.target(contact);
        if key == contact {
            return Ok(Received::Duplicate);
        }
        match self.patiently(Patience::Short, || self.store.link(key, contact)).await? {
            Linked::Ok => self.linked(key, contact).await,
            Linked::Elsewhere(other) => self.merge(other, contact, by, &format!("{other}:{contact}")).await,
            Linked::Taken => self.merge(key, contact, by, &format!("{key}:{contact}")).await,
        }
    }

    /// Lets an address lead to a contact, if nobody else is there; gives whose it is otherwise.
    pub async fn lead(self: &Arc<Self>, mode: Mode, address: &Address, contact: ContactKey) -> Answer<Option<ContactKey>> {
        let key = self.contact_key(mode, &address.canonical());
        let contact = self.aliases.target(contact);
        if key == contact {
            return Ok(None);
        }
        match self.patiently(Patience::Short, || self.store.link(key, contact)).await? {
            Linked::Ok => self.linked(key, contact).await.map(|_| None),
            Linked::Taken | Linked::Elsewhere(_) => {
                let whose = self.seen(key).await?.map_or(key, |(whose, _)| whose);
                Ok((whose != contact).then_some(whose))
            }
        }
    }

    /// Somebody names a contact by several addresses, the one that led there first: all of them lead there from now on, but for one at which somebody
    /// else is. None does if the contact has given the first up: the others may be of whoever has it now. What it was said for is stored already; if
    /// this fails, the next one says it again.
    pub(super) async fn known_by(self: &Arc<Self>, mode: Mode, contact: ContactKey, named: &[Address]) {
        let Some((first, others)) = named.split_first().filter(|(_, others)| !others.is_empty()) else { return };
        match self.has_given_up(contact, first).await {
            Ok(false) => {}
            Ok(true) => return,
            Err(error) => {
                tracing::warn!(%contact, %error, "an address does not lead to its contact yet");
                return;
            }
        }
        for address in others {
            let known = self.aliases.target(self.contact_key(mode, &address.canonical()));
            if known == self.aliases.target(contact) {
                continue;
            }
            match self.lead(mode, address, contact).await {
                Ok(None) => {}
                Ok(Some(other)) => tracing::debug!(%contact, %other, "an address that was named with a contact leads to another"),
                Err(error) => tracing::warn!(%contact, %error, "an address does not lead to its contact yet"),
            }
        }
    }

    /// A stub leads to somebody who is there: it does not fade.
    pub(super) async fn linked_again(&self, address: ContactKey, contact: ContactKey) -> Answer<()> {
        self.patiently(Patience::Short, || self.store.link(address, contact)).await.map(|_| ())
    }

    /// A stub leads to a contact that may not know of it: it was deleted and has begun again. Whoever deletes it once more must find the stub. What was
    /// kept of its opt-outs it began with.
    pub(super) async fn tell_of(self: &Arc<Self>, stub: ContactKey, contact: ContactKey) -> Answer<()> {
        if self.contact(contact).await?.is_none_or(|found| found.record.merged.contains(&stub)) {
            return Ok(());
        }
        let hash = DedupeHash::of(&["linked", stub.as_str(), &self.fresh_id()]);
        self.put_known(contact, hash, &merge(Merge::Linked { address: stub, stop: 0 }), WhenFull::Take).await.map(|_| ())
    }

    /// Tells a contact that an address leads to it, with what is kept of whoever had it before.
    pub(super) async fn linked(self: &Arc<Self>, address: ContactKey, contact: ContactKey) -> Answer<Received> {
        if self.contact(contact).await?.is_some_and(|found| found.record.merged.contains(&address)) {
            self.aliases.moved(address, contact);
            return Ok(Received::Duplicate);
        }
        let stop = self.patiently(Patience::Short, || self.store.suppressed(address)).await?.bits();
        // Another name each time: whoever was deleted and began anew is told again.
        let hash = DedupeHash::of(&["linked", address.as_str(), &self.fresh_id()]);
        let received = self.put_known(contact, hash, &merge(Merge::Linked { address, stop }), WhenFull::Take).await?;
        match received {
            // Nobody is there whom it could lead to.
            Received::Nobody => self.patiently(Patience::Short, || self.store.unlink(address, contact)).await?,
            _ => self.aliases.moved(address, contact),
        }
        Ok(received)
    }

    /// A message names both the phone and the WhatsApp id of whoever wrote it: the two are one contact from now on.
    pub(super) async fn meet_both(self: &Arc<Self>, message: &Inbound, contact: ContactKey) -> Answer<()> {
        let (Address::Phone(_), Some(id)) = (&message.from, &message.user_id) else { return Ok(()) };
        let address = Address::Bsuid(id.clone());
        let known = self.aliases.target(self.contact_key(Mode::Live, &address.canonical()));
        if known == self.aliases.target(contact) || self.has_given_up(contact, &message.from).await? {
            return Ok(());
        }
        self.link(Mode::Live, &address, contact, "a message named both").await.map(|_| ())
    }

    /// One step, as an effect.
    pub(super) async fn moving(self: &Arc<Self>, started: &Started, step: &Moving) -> Performed {
        let done = match step {
            Moving::Invite { from, simulated, test } => self.invite(started, *from, (*simulated, *test)).await,
            Moving::Refuse { to, asked, why } => {
                let refused = merge(Merge::Refused { asked: *asked, why: why.clone() });
                self.hand(started, *to, &refused).await.map(|_| None)
            }
            Moving::Go { into, asked } => self.go(started, *into, *asked).await,
            Moving::Lead { address } => self.lead_on(started, address).await.map(|()| None),
            Moving::GiveOn { message, .. } => self.give_on(started, message).await.map(|()| None),
        };
        match done {
            Ok(reply) => {
                let reply = reply.map(|step| Bytes::from(codec::encode(&merge(step))));
                Performed { reply, ..Performed::ended(End::done(None, None)) }
            }
            Err(error) if error.is_temporary() => {
                let due = self.store_now() + Span::seconds(i64::from(started.attempt.clamp(1, 30)));
                // Each step may be done again: nothing is ever unsure.
                Performed::ended(End::again(due, false, Some(error.to_string())))
            }
            Err(error) => Performed::ended(End::failed(FailureReason::Unknown, Some(error.to_string()))),
        }
    }

    /// Puts a step into somebody's mailbox, once for each effect.
    pub(super) async fn hand(self: &Arc<Self>, started: &Started, to: ContactKey, input: &Input) -> Answer<Received> {
        let hash = DedupeHash::of(&["move", &started.id.to_string()]);
        self.put_known(to, hash, input, WhenFull::Take).await
    }

    async fn invite(
        self: &Arc<Self>,
        started: &Started,
        from: ContactKey,
        (simulated, test): (bool, bool),
    ) -> Answer<Option<Merge>> {
        let into = started.lane.contact;
        let come = merge(Merge::Come { into, asked: from, simulated, test });
        if self.hand(started, from, &come).await? != Received::Nobody {
            return Ok(None);
        }
        // Nobody is there: then the address leads here from now on. Where it led to somebody who was deleted, the way goes on from there: what
        // was said to them comes again through their place, which has seen it.
        let (mut at, mut stop) = (from, 0);
        for _ in 0..HOPS {
            stop |= self.patiently(Patience::Short, || self.store.suppressed(at)).await?.bits();
            match self.patiently(Patience::Short, || self.store.link(at, into)).await? {
                Linked::Ok => {
                    self.stays_linked(from, at).await?;
                    if at != from {
                        let hash = DedupeHash::of(&["linked", at.as_str(), &started.id.to_string()]);
                        let linked = merge(Merge::Linked { address: at, stop });
                        self.put_known(into, hash, &linked, WhenFull::Take).await?;
                    }
                    return Ok(Some(Merge::Linked { address: from, stop }));
                }
                Linked::Elsewhere(to) => at = to,
                Linked::Taken => break,
            }
        }
        Err(StoreError::Unavailable("somebody came there just now".to_owned()))
    }

    /// The stubs between two addresses lead to somebody again.
    async fn stays_linked(&self, from: ContactKey, to: ContactKey) -> Answer<()> {
        let mut at = from;
        while at != to {
            let Some(Place::Moved(next)) = self.store.inspect(at).await?.map(|seen| seen.place) else { break };
            self.linked_again(at, next).await?;
            at = next;
        }
        Ok(())
    }

    async fn go(self: &Arc<Self>, started: &Started, into: ContactKey, asked: ContactKey) -> Answer<Option<Merge>> {
        let (from, effect) = (started.lane.contact, started.id);
        let freeze = Freeze { contact: from, into, effect, new: Token(DedupeHash::of(&["freeze", &effect.to_string()]).0) };
        if self.leads_back(into, from).await? {
            return Ok(Some(Merge::Stay { why: "that one is part of it by now, or just becoming it".to_owned() }));
        }
        let mut moved: Vec<InputId> = Vec::new();
        for _ in 0..ROUNDS {
            let still = match self.patiently(Patience::Short, || self.store.freeze(freeze.clone())).await? {
                Frozen::Ok(still) => *still,
                Frozen::Busy => return Ok(Some(Merge::Again)),
                Frozen::Elsewhere(_) => return Ok(Some(Merge::Stay { why: "it moves to another contact already".to_owned() })),
                // Another executor was faster.
                Frozen::Settled | Frozen::Gone => return Ok(None),
                Frozen::Moved(_) => return self.is_there(started, into, asked).await,
            };
            self.carry(started, into, asked, &still).await?;
            moved.extend(still.mailbox.iter().map(|entry| entry.id));
            let flip = self.flip(from, into, &still, moved.clone());
            match self.patiently(Patience::Short, || self.store.flip(flip.clone())).await? {
                // What came in since is seen by the next freeze.
                Flipped::More(_) => {}
                Flipped::Ok => {
                    self.aliases.moved(from, into);
                    return self.is_there(started, into, asked).await;
                }
                Flipped::Not | Flipped::Gone => return Ok(None),
            }
        }
        Err(StoreError::Unavailable("inputs came faster than they could be moved".to_owned()))
    }

    /// Whether somebody is part of this contact, or on the way: two who were asked to become part of one another. Nobody can move into themselves.
    async fn leads_back(&self, into: ContactKey, to: ContactKey) -> Answer<bool> {
        let mut at = into;
        for _ in 0..HOPS {
            let place = self.patiently(Patience::Short, || self.store.inspect(at)).await?.map(|seen| seen.place);
            match place {
                Some(Place::Moved(next) | Place::Moving(next)) if next == to => return Ok(true),
                Some(Place::Moved(next) | Place::Moving(next)) => at = next,
                Some(Place::Here) | None => break,
            }
        }
        Ok(false)
    }

    /// Nothing of a contact is on its way any more: until then the other one could not be deleted, or what came later would have brought it back.
    async fn is_there(self: &Arc<Self>, started: &Started, into: ContactKey, asked: ContactKey) -> Answer<Option<Merge>> {
        self.hand(started, into, &merge(Merge::Linked { address: asked, stop: 0 })).await.map(|_| None)
    }

    /// Everything of a contact that stands still, to the other one: what it has seen, its record, its mailbox in order.
    async fn carry(self: &Arc<Self>, started: &Started, into: ContactKey, asked: ContactKey, still: &Still) -> Answer<()> {
        let effect = started.id.to_string();
        let arrived = merge(Merge::Arrived {
            from: started.lane.contact,
            asked,
            record: Blob(still.record.blob.to_vec()),
            awaited: still.awaited.clone(),
        });
        // What a broadcast said to both is said once: what was not processed yet is under its own name there too, if it is not there already.
        let said = |entry: &store::Entry| said_by(&entry.body).map(DedupeHash::of_broadcast);
        let waits: Vec<DedupeHash> = still.mailbox.iter().filter_map(said).collect();
        let seen: Vec<DedupeHash> = still.seen.iter().copied().filter(|hash| !waits.contains(hash)).collect();
        // What it has seen comes first: a redelivery may be on its way to the other contact already. So may a report on a message, and the turn that
        // takes the run in which waits for it may be a while away.
        self.patiently(Patience::Short, || self.store.remember(into, seen.clone(), still.awaited.clone())).await?;
        // Its no goes ahead of everything else: it must be heard also where the rest of the record cannot be taken in.
        let stop = still.record.stop.bits();
        if stop != 0 {
            let no = Bytes::from(codec::encode(&merge(Merge::Linked { address: into, stop })));
            let hash = DedupeHash::of(&["stopped", &effect]);
            self.put_as(into, Given { hash, class: Class::Priority, body: no, full: WhenFull::Take, known: false }).await?;
        }
        let hash = DedupeHash::of(&["arrived", &effect]);
        let (body, full) = (Bytes::from(codec::encode(&arrived)), WhenFull::Take);
        self.put_as(into, Given { hash, class: Class::Priority, body, full, known: false }).await?;
        for entry in &still.mailbox {
            // Its own hash is among what was seen, and would be refused.
            let hash = said(entry).unwrap_or_else(|| DedupeHash::of(&["arrived", &effect, &entry.id.to_string()]));
            let given = Given { hash, class: entry.class, body: entry.body.clone(), full, known: false };
            self.put_as(into, given).await?;
        }
        Ok(())
    }

    fn flip(&self, from: ContactKey, into: ContactKey, still: &Still, moved: Vec<InputId>) -> Flip {
        let record = Record::decode(&still.record.blob).unwrap_or_default();
        let live = record.live().into_iter().map(|(version, n)| (version, -n)).collect();
        let token = marks::merged(from, still.record.token);
        let entry = Entry { contact: from, token, at: self.store_now(), events: vec![Event::Merged { into }] };
        Flip { contact: from, into, moved, live, journal: Bytes::from(codec::encode_in(record.stored_mode(), &entry)) }
    }
}

fn merge(step: Merge) -> Input {
    Input::Merge(Box::new(step))
}
