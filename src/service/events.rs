//! Events: from outside (`POST /v1/events`) and from flows (`emit`, which arrives here as an effect). An event names its
//! contact, or the flows that listen to it say where in its data the contact is.

use super::core::{Core, Patience};
use super::inbox::Received;
use super::metrics;
use super::outbox::Performed;
use super::verdict::End;
use crate::domain::address::Address;
use crate::domain::id::{ContactKey, DedupeHash, Who};
use crate::domain::input::{Callback, Class, ContactRef, Event, Input, Passed};
use crate::domain::limits;
use crate::domain::message::FailureReason;
use crate::domain::mode::Mode;
use crate::domain::name::EventName;
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::engine::effect::Post;
use crate::store::{Answer, OnceRequest, Requested, Started, StoreError, WhenFull};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use indexmap::IndexMap;
use std::sync::Arc;

/// An event as it comes from outside.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Its name.
    pub name: EventName,
    /// Who it names as its contact, if it does.
    pub contact: Option<ContactRef>,
    /// Its data.
    pub data: Value,
    /// What makes it the same event when it is delivered again. Without one every delivery is an event of its own.
    pub id: Option<String>,
    /// Where its sender wants to hear what becomes of the messages that it leads to; its URL is one that the project allows.
    pub callback: Option<Box<Callback>>,
    /// Whose contacts it is for.
    pub mode: Mode,
}

/// Why an event was not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EventRefused {
    /// Its contact cannot be read: the caller's mistake, in words for the caller.
    #[error("{0}")]
    Contact(String),
    /// It is larger than a mailbox takes.
    #[error("the event is larger than {} bytes", limits::EVENT_BODY_BYTES)]
    TooLarge,
    /// The store did not take it, or the contact's mailbox has no room: the same event may be sent again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an event reaches nobody.
#[derive(Debug, thiserror::Error)]
enum NoContact {
    #[error("{0}")]
    Unreadable(String),
    #[error("the event names no contact, and no flow that listens to it says where one is")]
    Nobody,
}

/// Contacts whose events are written at one time.
const SIDE_BY_SIDE: usize = 32;

/// An event as one contact gets it.
struct Addressed {
    contact: ContactKey,
    hash: DedupeHash,
    body: Bytes,
    mode: Mode,
    /// The addresses by which it names the contact, the one that leads there first.
    named: Vec<Address>,
}

impl Core {
    /// Takes an event: it is stored for every contact whom it concerns before this answers.
    pub async fn receive_event(self: &Arc<Self>, event: NewEvent) -> Result<Vec<Received>, EventRefused> {
        let result = self.take_event(event).await;
        match &result {
            Ok(all) => all.iter().for_each(|r| metrics::input("event", r.name())),
            Err(_) => metrics::input("event", "refused"),
        }
        result
    }

    async fn take_event(self: &Arc<Self>, event: NewEvent) -> Result<Vec<Received>, EventRefused> {
        let mut done = Vec::new();
        for addressed in self.address(event)? {
            done.push(self.put_event(addressed).await?);
        }
        Ok(done)
    }

    async fn put_event(self: &Arc<Self>, addressed: Addressed) -> Answer<Received> {
        let Addressed { contact, hash, body, mode, named } = addressed;
        self.has_time()?;
        let received = self.put_encoded(contact, hash, Class::Normal, body, WhenFull::Refuse).await?;
        self.known_by(mode, contact, &named).await;
        Ok(received)
    }

    /// Takes many events: those of one contact in their order, contacts side by side. Each has an answer of its own.
    pub async fn receive_events(self: &Arc<Self>, events: Vec<NewEvent>) -> Vec<Result<Vec<Received>, EventRefused>> {
        let mut results: Vec<Result<Vec<Received>, EventRefused>> = Vec::with_capacity(events.len());
        let mut expected: Vec<usize> = Vec::with_capacity(events.len());
        let mut groups: IndexMap<ContactKey, Vec<(usize, Addressed)>> = IndexMap::new();
        for (place, event) in events.into_iter().enumerate() {
            let addressed = self.address(event);
            expected.push(addressed.as_ref().map_or(0, Vec::len));
            match addressed {
                Err(refused) => results.push(Err(refused)),
                Ok(all) => {
                    results.push(Ok(Vec::with_capacity(all.len())));
                    all.into_iter().for_each(|one| groups.entry(one.contact).or_default().push((place, one)));
                }
            }
        }
        let work = groups.into_values().map(|group| async move {
            let mut done = Vec::with_capacity(group.len());
            for (place, addressed) in group {
                let received = self.put_event(addressed).await;
                let lost = received.is_err();
                done.push((place, received));
                // What comes after it must not overtake it.
                if lost {
                    break;
                }
            }
            done
        });
        let answers: Vec<Vec<(usize, Answer<Received>)>> = stream::iter(work).buffer_unordered(SIDE_BY_SIDE).collect().await;
        for (place, received) in answers.into_iter().flatten() {
            match (received, &mut results[place]) {
                (Ok(received), Ok(all)) => {
                    all.push(received);
                    expected[place] = expected[place].saturating_sub(1);
                }
                (Err(error), result) => *result = Err(error.into()),
                (Ok(_), Err(_)) => {}
            }
        }
        for (result, missing) in results.iter_mut().zip(expected) {
            if result.is_ok() && missing > 0 {
                *result = Err(StoreError::Unavailable("an event before it was not stored".to_owned()).into());
            }
            match result {
                Ok(all) => all.iter().for_each(|r| metrics::input("event", r.name())),
                Err(_) => metrics::input("event", "refused"),
            }
        }
        results
    }

    /// Whether anybody can want events of this name: the project declares it, or a flow listens to it.
    pub fn knows_event(&self, name: &EventName) -> bool {
        self.world.project.events.contains(name) || self.listens(name)
    }

    /// Whether a flow listens to events of this name.
    pub fn listens(&self, name: &EventName) -> bool {
        self.versions.catalog().listens(name)
    }

    /// A name for an event that brings none: every delivery is then an event of its own.
    pub fn fresh_id(&self) -> String {
        format!("{:08x}{:08x}", self.random.bits(), self.random.bits())
    }

    /// One step of a request that takes effect once.
    pub async fn request(&self, request: OnceRequest) -> Answer<Requested> {
        self.patiently(Patience::Short, || self.store.request(request.clone())).await
    }

    /// Whoever works on one request.
    pub fn worker(&self) -> Who {
        self.who()
    }

    /// Whom an event goes to, in the form in which it is stored. Nobody: an event that nobody knows and that names nobody.
    fn address(&self, event: NewEvent) -> Result<Vec<Addressed>, EventRefused> {
        let known = self.knows_event(&event.name);
        if !known {
            metrics::unknown_event();
        }
        let targets = match self.targets(event.mode, &event.name, &event.data, event.contact.as_ref()) {
            Ok(targets) => targets,
            Err(NoContact::Nobody) if !known => return Ok(Vec::new()),
            Err(why) => return Err(EventRefused::Contact(why.to_string())),
        };
        let id = event.id.unwrap_or_else(|| self.fresh_id());
        let hash = DedupeHash::of(&["event", event.name.as_str(), &id]);
        let address = |(contact, to): (ContactKey, ContactRef)| {
            let (mode, named) = (event.mode, to.addresses().collect());
            let input = Event {
                name: event.name.clone(),
                data: event.data.clone(),
                contact: event.contact.clone(),
                to,
                callback: event.callback.clone(),
            };
            let body = Bytes::from(crate::domain::codec::encode_in(event.mode, &Input::Event(Box::new(input))));
            if body.len() > limits::INPUT_BYTES {
                Err(EventRefused::TooLarge)
            } else {
                Ok(Addressed { contact, hash, body, mode, named })
            }
        };
        targets.into_iter().map(address).collect()
    }

    /// The contacts whom an event concerns, without giving it to them.
    pub fn concerns(&self, event: &NewEvent) -> Result<Vec<ContactKey>, EventRefused> {
        let targets = self.targets(event.mode, &event.name, &event.data, event.contact.as_ref());
        let targets = targets.map_err(|why| EventRefused::Contact(why.to_string()))?;
        Ok(targets.into_iter().map(|(contact, _)| contact).collect())
    }

    /// Whom an event concerns.
    fn targets(
        &self,
        mode: Mode,
        name: &EventName,
        data: &Value,
        contact: Option<&ContactRef>,
    ) -> Result<Vec<(ContactKey, ContactRef)>, NoContact> {
        let catalog = self.versions.catalog();
        let found = catalog.event_contacts(&self.world.project, name, data, contact);
        let found = found.map_err(|problem| NoContact::Unreadable(problem.to_string()))?;
        let mut targets: Vec<(ContactKey, ContactRef)> = Vec::with_capacity(found.len());
        for to in found {
            let Some(address) = to.address() else { continue };
            let key = self.contact_key(mode, &address.canonical());
            if targets.iter().all(|(known, _)| *known != key) {
                targets.push((key, to));
            }
        }
        if targets.is_empty() { Err(NoContact::Nobody) } else { Ok(targets) }
    }

    /// An input for other contacts: accepted there with the effect's id as its name, so once, however often it is tried.
    pub(super) async fn post(self: &Arc<Self>, mode: Mode, started: &Started, post: &Post) -> Performed {
        let Post { event, to } = post;
        let targets = match self.targets(mode, &event.name, &event.data, Some(to)) {
            Ok(targets) => targets,
            Err(why) => return Performed::ended(End::failed(FailureReason::Invalid, Some(why.to_string()))),
        };
        for (contact, to) in targets {
            let input = Input::Event(Box::new(Event { to, ..event.clone() }));
            if let Err(end) = self.give(mode, started, contact, &input).await {
                return Performed::ended(end);
            }
        }
        Performed::ended(End::done(None, None))
    }

    /// A notification for somebody else: accepted in their mailbox, once.
    pub(super) async fn pass(self: &Arc<Self>, mode: Mode, started: &Started, passed: Passed) -> Performed {
        let Some(address) = passed.to.address() else {
            return Performed::ended(End::failed(FailureReason::Invalid, Some("it names nobody".to_owned())));
        };
        let contact = self.contact_key(mode, &address.canonical());
        let given = self.give(mode, started, contact, &Input::Passed(Box::new(passed))).await;
        Performed::ended(given.err().unwrap_or_else(|| End::done(None, None)))
    }

    /// Puts an input into somebody's mailbox under the name of the effect that it comes from.
    async fn give(self: &Arc<Self>, mode: Mode, started: &Started, contact: ContactKey, input: &Input) -> Result<(), End> {
        let hash = DedupeHash::of(&["effect", &started.id.to_string()]);
        match self.put_or_refuse(mode, contact, hash, Class::Normal, input).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_temporary() => {
                // A mailbox may be full for as long as a call of its contact takes.
                let due = self.store_now() + Span::seconds(2 * i64::from(started.attempt.clamp(1, 30)));
                Err(End::again(due, started.unsure, Some(error.to_string())))
            }
            Err(error) => Err(End::failed(FailureReason::Unknown, Some(error.to_string()))),
        }
    }
}
