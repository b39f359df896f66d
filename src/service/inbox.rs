//! The way in: what a webhook said goes into mailboxes, in its order, and only then is the provider answered. Turns run
//! apart from the request, so that a client that hangs up cancels nothing.

use super::aliases::HOPS;
use super::core::{Core, Patience};
use super::metrics;
use super::slots::Slot;
use crate::domain::codec;
use crate::domain::id::{ContactKey, DedupeHash, InputId};
use crate::domain::input::{Class, Input, OperatorAction};
use crate::domain::limits;
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::mode::Mode;
use crate::provider::Decoded;
use crate::store::{Accept, Accepted, Answer, Claim, StoreError, WhenFull};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use indexmap::IndexMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Contacts of one webhook that are written at one time.
const SIDE_BY_SIDE: usize = 32;

/// How long the rest of a webhook is gone on with after the first refusal: what is refused may be of one contact, or the store may be away.
const GO_ON: Duration = Duration::from_secs(2);

/// What adapters call what is for a number of ours that no channel has.
const UNKNOWN_NUMBER: &str = "unknown_number";

/// What became of an input. Each of them is a 2xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Stored, and being worked on.
    Begun,
    /// Stored; somebody has the contact, or will.
    Queued,
    /// Seen before.
    Duplicate,
    /// The contact's mailbox is full: in the journal and nowhere else.
    Full,
    /// A report or a notice: written down where there is something to write.
    Noted,
    /// It concerned only a contact who is known, and there is none.
    Nobody,
}

impl Received {
    /// The word of a metric's label.
    pub fn name(self) -> &'static str {
        match self {
            Received::Begun => "claimed",
            Received::Queued => "queued",
            Received::Duplicate => "duplicate",
            Received::Full => "full",
            Received::Noted => "noted",
            Received::Nobody => "nobody",
        }
    }
}

impl Core {
    /// Everything that one webhook said. `Ok` only when all of it is stored: then, and only then, the provider may hear 2xx.
    /// One refusal refuses the webhook, and the rest is stored all the same: it is recognised when the provider comes again.
    pub async fn receive(self: &Arc<Self>, mut said: Vec<Decoded>) -> Answer<Vec<Received>> {
        let total = said.len();
        if total == 1
            && let Some(only) = said.pop()
        {
            return Ok(vec![self.receive_one(only).await?]);
        }
        // One contact's messages in their order, contacts side by side.
        let mut groups: IndexMap<Option<ContactKey>, Vec<(usize, Decoded)>> = IndexMap::new();
        for (place, item) in said.into_iter().enumerate() {
            groups.entry(self.contact_of(&item)).or_default().push((place, item));
        }
        let first_refusal = &OnceLock::new();
        let work = groups.into_values().map(|items| async move {
            let (mut done, mut refused) = (Vec::with_capacity(items.len()), None);
            for (place, item) in items {
                let too_late = first_refusal.get().is_some_and(|at| self.clock.monotonic().saturating_sub(*at) > GO_ON);
                // Nothing of a contact overtakes what was refused, but what passes everything else.
                if (refused.is_some() || too_late) && !self.is_urgent(&item) {
                    continue;
                }
                match self.receive_one(item).await {
                    Ok(received) => done.push((place, received)),
                    Err(error) => {
                        first_refusal.get_or_init(|| self.clock.monotonic());
                        refused.get_or_insert(error);
                    }
                }
            }
            refused.map_or(Ok(done), Err)
        });
        let answers: Vec<Answer<Vec<(usize, Received)>>> = stream::iter(work).buffer_unordered(SIDE_BY_SIDE).collect().await;
        let mut out = vec![Received::Noted; total];
        for answer in answers {
            for (place, received) in answer? {
                out[place] = received;
            }
        }
        Ok(out)
    }

    /// Whether it counts however much is refused beside it.
    fn is_urgent(&self, item: &Decoded) -> bool {
        match item {
            Decoded::Message(received) => self.class_of(&received.message) == Class::Priority,
            Decoded::Complaint(_) => true,
            _ => false,
        }
    }

    fn contact_of(&self, item: &Decoded) -> Option<ContactKey> {
        match item {
            Decoded::Message(received) => Some(self.writer(Mode::Live, &received.message).0),
            Decoded::Status(report) => report.send.map(|s| s.contact),
            Decoded::Template(_) | Decoded::Quality(_) | Decoded::Complaint(_) | Decoded::Subscription(_) | Decoded::Other(_) => {
                None
            }
        }
    }

    async fn receive_one(self: &Arc<Self>, item: Decoded) -> Answer<Received> {
        match item {
            Decoded::Message(received) => self.receive_message(received.message).await,
            Decoded::Status(report) => self.receive_report(*report).await,
            Decoded::Template(status) => {
                tracing::info!(template = status.template, event = status.event, "the provider judged a template");
                self.template_judged(&status).await
            }
            Decoded::Quality(said) => self.receive_quality(said).await,
            Decoded::Complaint(complaint) => self.receive_complaint(complaint).await,
            Decoded::Subscription(subscription) => {
                self.confirm(subscription).await;
                Ok(Received::Noted)
            }
            Decoded::Other(other) => {
                // Nobody answers it: whoever wonders where their messages are must find out.
                if other.kind == UNKNOWN_NUMBER {
                    metrics::input("other", UNKNOWN_NUMBER);
                }
                let code = other.error.as_ref().and_then(|e| e.code.as_deref()).unwrap_or("");
                tracing::info!(kind = other.kind, code, "a webhook said something that decides nothing");
                Ok(Received::Noted)
            }
        }
    }

    /// A message, verified and decoded.
    pub async fn receive_message(self: &Arc<Self>, mut message: Inbound) -> Answer<Received> {
        let (contact, answers) = self.writer(Mode::Live, &message);
        message.answers = answers;
        let class = self.class_of(&message);
        // STOP is taken however much waits, and so is what its provider would not bring again: it is stored, and answered late.
        if class != Class::Priority && self.channel(&message.channel).is_some_and(|channel| channel.adapter.brings_again()) {
            self.has_time().inspect_err(|_| metrics::input("message", "refused"))?;
        }
        self.disproved_by(&message).await;
        self.listed_by_id(&message, contact).await?;
        let hash = DedupeHash::of(&[message.channel.as_str(), &message.id]);
        let both = (message.user_id.is_some()).then(|| message.clone());
        // A change of number that is lost is never said again.
        let full = if matches!(message.content, InboundContent::System { .. }) { WhenFull::Take } else { WhenFull::Drop };
        let known = is_about_others(&message.content);
        let received = self.put_as(contact, Given { hash, class, body: fitting(Mode::Live, message), full, known }).await;
        metrics::input("message", received.as_ref().map_or("refused", |r| r.name()));
        if let (Some(message), Ok(received)) = (both, &received)
            && *received != Received::Nobody
        {
            self.meet_both(&message, contact).await?;
        }
        received
    }

    /// What somebody writes in the place of a test contact: who that is, and the name of the input.
    pub async fn receive_test_message(self: &Arc<Self>, mut message: Inbound) -> Answer<(ContactKey, InputId, Received)> {
        let (contact, answers) = self.writer(Mode::Test, &message);
        message.answers = answers;
        let hash = DedupeHash::of(&["test", message.channel.as_str(), contact.as_str(), &message.id]);
        let class = self.class_of(&message);
        let given = Given { hash, class, body: fitting(Mode::Test, message), full: WhenFull::Refuse, known: false };
        let received = self.put_as(contact, given).await?;
        // Whoever became part of another is that one.
        Ok((self.aliases.target(contact), InputId::of(hash), received))
    }

    /// Opt-out, opt-in and help words pass a pending call, and so does what the provider itself says of an opt-out.
    pub(super) fn class_of(&self, message: &Inbound) -> Class {
        let catalog = self.versions.catalog();
        let own = [self.world.project.language];
        let urgent = [&own[..], catalog.languages()].iter().any(|languages| crate::engine::is_priority(message, languages));
        if urgent { Class::Priority } else { Class::Normal }
    }

    /// An operator's act on a contact who is there. `id` makes it the same act when it is repeated; one that did not fit may be.
    pub async fn operate(self: &Arc<Self>, contact: ContactKey, action: OperatorAction, id: &str) -> Answer<Received> {
        self.operate_in(Mode::Live, contact, action, id).await
    }

    /// The same on one who may begin with it: then of this mode.
    pub async fn operate_in(
        self: &Arc<Self>,
        mode: Mode,
        contact: ContactKey,
        action: OperatorAction,
        id: &str,
    ) -> Answer<Received> {
        let hash = DedupeHash::of(&["operator", id]);
        self.put_or_refuse(mode, contact, hash, Class::Priority, &Input::Operator(action)).await
    }

    /// Accepts what a provider told and begins its turn if the contact is free and there is room. What overflows a mailbox is in the
    /// journal only: the provider hears that it was taken, and would send it for ever else.
    pub(super) async fn put(
        self: &Arc<Self>,
        mode: Mode,
        contact: ContactKey,
        hash: DedupeHash,
        class: Class,
        input: &Input,
    ) -> Answer<Received> {
        self.put_encoded(contact, hash, class, Bytes::from(codec::encode_in(mode, input)), WhenFull::Drop).await
    }

    /// Accepts an input whose sender must hear whether it was stored. One that overflows a mailbox is an error that passes, and may
    /// come again.
    pub(super) async fn put_or_refuse(
        self: &Arc<Self>,
        mode: Mode,
        contact: ContactKey,
        hash: DedupeHash,
        class: Class,
        input: &Input,
    ) -> Answer<Received> {
        self.put_encoded(contact, hash, class, Bytes::from(codec::encode_in(mode, input)), WhenFull::Refuse).await
    }

    /// Accepts what only counts for a contact who is there: it begins none, and brings nobody back who was deleted.
    pub(super) async fn put_known(
        self: &Arc<Self>,
        contact: ContactKey,
        hash: DedupeHash,
        input: &Input,
        full: WhenFull,
    ) -> Answer<Received> {
        self.put_known_in(Mode::Live, contact, hash, input, full).await
    }

    /// The same of a contact of this mode.
    pub(super) async fn put_known_in(
        self: &Arc<Self>,
        mode: Mode,
        contact: ContactKey,
        hash: DedupeHash,
        input: &Input,
        full: WhenFull,
    ) -> Answer<Received> {
        let body = self.lasting(Bytes::from(codec::encode_in(mode, input)));
        self.put_as(contact, Given { hash, class: Class::Priority, body, full, known: true }).await
    }

    pub(super) async fn put_encoded(
        self: &Arc<Self>,
        contact: ContactKey,
        hash: DedupeHash,
        class: Class,
        body: Bytes,
        full: WhenFull,
    ) -> Answer<Received> {
        // A link in what another system says is kept as what it stands for. What a contact writes stays as it is written.
        let body = self.lasting(body);
        self.put_as(contact, Given { hash, class, body, full, known: false }).await
    }

    pub(super) async fn put_as(self: &Arc<Self>, contact: ContactKey, given: Given) -> Answer<Received> {
        let begun = self.clock.monotonic();
        let full = given.full;
        let (contact, accepted, slot, stubs) = self.accept(contact, given).await?;
        metrics::took(metrics::ACCEPT_SECONDS, self.clock.monotonic().saturating_sub(begun));
        let received = match accepted {
            Accepted::Claimed(claim) => {
                self.begin(contact, claim, slot);
                Received::Begun
            }
            Accepted::Queued => Received::Queued,
            Accepted::Nobody => Received::Nobody,
            Accepted::Duplicate => Received::Duplicate,
            Accepted::Full if full == WhenFull::Refuse => {
                tracing::warn!(%contact, "a mailbox is full; the input was refused, and may come again");
                metrics::alert("overflow");
                return Err(StoreError::Full("the contact's mailbox has no room".to_owned()));
            }
            Accepted::Full => {
                tracing::warn!(%contact, "a mailbox is full; the input is only in the journal");
                metrics::alert("overflow");
                Received::Full
            }
            Accepted::Moved(_) => return Err(StoreError::Bug("a chain of merged contacts does not end".to_owned())),
        };
        for stub in stubs.into_iter().filter(|_| received != Received::Nobody) {
            // What it is about is stored.
            if let Err(error) = Box::pin(self.tell_of(stub, contact)).await {
                tracing::warn!(%contact, %error, "a contact does not know yet that another name leads to it");
            }
        }
        Ok(received)
    }

    /// Gives it to whoever is there, with the stubs that were met on the way.
    async fn accept(self: &Arc<Self>, contact: ContactKey, given: Given) -> Answer<Led> {
        let Given { hash, class, body, full, known } = given;
        let now = self.clock.monotonic();
        let (named, mut stubs) = (contact, Vec::new());
        let mut contact = self.aliases.target_of_input(named, now);
        let slot = if self.takes_nothing() { None } else { self.contacts.take() };
        let claim = slot.is_some();
        // Of whom it is only remembered that they are there it is not known whether they still are.
        let mut remembered = contact != named;
        for _ in 0..2 * HOPS {
            let id = InputId::of(hash);
            let accept = Accept { contact, hash, class, id, body: body.clone(), claim, full, known: known || remembered };
            match self.patiently(Patience::Short, || self.store.accept(accept.clone())).await? {
                Accepted::Moved(to) => {
                    stubs.push((contact, to));
                    contact = to;
                }
                Accepted::Nobody if remembered => {
                    // Deleted since then: it is for whoever is at the address itself now.
                    self.aliases.forget(contact);
                    stubs.clear();
                    (contact, remembered) = (named, false);
                }
                accepted => {
                    for (stub, to) in &stubs {
                        // Somebody is there: what leads to them stays, also where they were deleted and began again.
                        if accepted != Accepted::Nobody {
                            self.linked_again(*stub, *to).await?;
                        }
                        self.aliases.walked(*stub, *to, now);
                    }
                    return Ok((contact, accepted, slot, stubs.into_iter().map(|(stub, _)| stub).collect()));
                }
            }
        }
        Ok((contact, Accepted::Moved(contact), slot, Vec::new()))
    }

    /// Works on a contact that is ours, in a task of its own.
    pub(super) fn begin(self: &Arc<Self>, contact: ContactKey, claim: Claim, slot: Option<Slot>) {
        self.note_now(claim.now);
        let (core, begun) = (Arc::clone(self), self.clock.monotonic());
        let slot = slot.unwrap_or_else(|| self.contacts.take_anyway());
        self.spawn("turns", async move {
            core.turns(contact, claim, None).await;
            core.pulse.took(core.clock.monotonic().saturating_sub(begun));
            drop(slot);
        });
    }
}

/// Who was there, what became of an input, the slot for its turn, and the stubs that led on.
type Led = (ContactKey, Accepted, Option<Slot>, Vec<ContactKey>);

/// An input on its way into a mailbox.
pub(super) struct Given {
    /// What makes it the same when it comes again.
    pub hash: DedupeHash,
    /// Whether it passes a pending call.
    pub class: Class,
    /// It, encoded.
    pub body: Bytes,
    /// What becomes of it if there is no room.
    pub full: WhenFull,
    /// Whether it is only for a contact who is there.
    pub known: bool,
}

/// Whether it only says something of earlier messages, or of the number: it brings nobody back who was deleted.
pub(super) fn is_about_others(content: &InboundContent) -> bool {
    matches!(content, InboundContent::Reaction { .. } | InboundContent::Deleted { .. } | InboundContent::System { .. })
}

/// The message as it goes into a mailbox, cut until it fits: no provider lets people write so much, so what is cut was no
/// conversation.
pub(super) fn fitting(mode: Mode, mut message: Inbound) -> Bytes {
    const ROOM: usize = limits::INPUT_BYTES / 2;
    if message.text.len() > ROOM {
        let cut = (0..=ROOM).rev().find(|i| message.text.is_char_boundary(*i)).unwrap_or(0);
        message.text.truncate(cut);
    }
    let mut input = Input::Message(Box::new(message));
    let body = codec::encode_in(mode, &input);
    if body.len() <= limits::INPUT_BYTES {
        return Bytes::from(body);
    }
    if let Input::Message(message) = &mut input {
        message.content = InboundContent::Unsupported { kind: "too_large".to_owned() };
        message.referral = None;
        message.profile_name = None;
    }
    Bytes::from(codec::encode_in(mode, &input))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::{Address, E164};
    use crate::domain::channel::ChannelKind;
    use crate::domain::name::ChannelName;

    fn stored(text: usize, content: InboundContent) -> Inbound {
        let message = Inbound {
            channel: ChannelName::parse("main-sms").expect("a name"),
            kind: ChannelKind::Sms,
            from: Address::Phone(E164::parse("+447700900123").expect("a number")),
            user_id: None,
            id: "SM1".to_owned(),
            at: None,
            text: "é".repeat(text / 2),
            content,
            profile_name: Some("Ann".to_owned()),
            in_reply_to: None,
            answers: None,
            forwarded: false,
            referral: None,
        };
        let body = fitting(Mode::Live, message);
        assert!(body.len() <= limits::INPUT_BYTES);
        match codec::decode(&body).expect("readable") {
            Input::Message(message) => *message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_too_large_for_a_mailbox_is_cut_until_it_fits() {
        let room = limits::INPUT_BYTES / 2;
        for (bytes, kept) in [(room, room), (room + 2, room), (4 * room, room)] {
            let message = stored(bytes, InboundContent::Text);
            assert_eq!((message.text.len(), message.profile_name.as_deref()), (kept, Some("Ann")));
        }
        let large = InboundContent::ButtonReply { payload: "x".repeat(room) };
        let message = stored(room, large);
        assert_eq!(message.content, InboundContent::Unsupported { kind: "too_large".to_owned() });
        assert_eq!(message.text.len(), room);
        let small = InboundContent::ButtonReply { payload: "x".repeat(1_000) };
        assert_eq!(stored(room, small.clone()).content, small);
    }
}
