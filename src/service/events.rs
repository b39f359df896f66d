//! Events: from outside (`POST /v1/events`) and from flows (`emit`, which arrives here as an effect). An event names its
//! contact, or the flows that listen to it say where in its data the contact is.

use super::core::Core;
use super::inbox::Received;
use super::metrics;
use super::outbox::Performed;
use super::verdict::End;
use crate::domain::id::{ContactKey, DedupeHash};
use crate::domain::input::{Class, ContactRef, Event, Input};
use crate::domain::limits;
use crate::domain::message::FailureReason;
use crate::domain::name::EventName;
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::engine::effect::Post;
use crate::store::{Started, StoreError};
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
    /// The store did not take it: the same event may be sent again.
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
        let id = event.id.unwrap_or_else(|| format!("{:08x}{:08x}", self.random.bits(), self.random.bits()));
        let targets = self.targets(&event.name, &event.data, event.contact.as_ref());
        let targets = targets.map_err(|why| EventRefused::Contact(why.to_string()))?;
        let mut done = Vec::with_capacity(targets.len());
        for (contact, to) in targets {
            let input =
                Event { name: event.name.clone(), data: event.data.clone(), contact: event.contact.clone(), to, callback: None };
            let input = Input::Event(Box::new(input));
            if crate::domain::codec::encode(&input).len() > limits::INPUT_BYTES {
                return Err(EventRefused::TooLarge);
            }
            let hash = DedupeHash::of(&["event", event.name.as_str(), &id]);
            done.push(self.put(contact, hash, Class::Normal, &input).await?);
        }
        Ok(done)
    }

    /// The contacts whom an event concerns, without giving it to them.
    pub fn concerns(&self, event: &NewEvent) -> Result<Vec<ContactKey>, EventRefused> {
        let targets = self.targets(&event.name, &event.data, event.contact.as_ref());
        let targets = targets.map_err(|why| EventRefused::Contact(why.to_string()))?;
        Ok(targets.into_iter().map(|(contact, _)| contact).collect())
    }

    /// Whom an event concerns.
    fn targets(
        &self,
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
            let key = self.contact_key(&address.canonical());
            if targets.iter().all(|(known, _)| *known != key) {
                targets.push((key, to));
            }
        }
        if targets.is_empty() { Err(NoContact::Nobody) } else { Ok(targets) }
    }

    /// An input for other contacts: accepted there with the effect's id as its name, so once, however often it is tried.
    pub(super) async fn post(self: &Arc<Self>, started: &Started, post: &Post) -> Performed {
        let Post { event, to } = post;
        let targets = match self.targets(&event.name, &event.data, Some(to)) {
            Ok(targets) => targets,
            Err(why) => return Performed::ended(End::failed(FailureReason::Invalid, Some(why.to_string()))),
        };
        for (contact, to) in targets {
            let input = Input::Event(Box::new(Event { to, ..event.clone() }));
            let hash = DedupeHash::of(&["effect", &started.id.to_string()]);
            match self.put(contact, hash, Class::Normal, &input).await {
                Ok(_) => {}
                Err(error) if error.is_temporary() => {
                    let due = self.store_now() + Span::seconds(2);
                    return Performed::ended(End::again(due, started.unsure, Some(error.to_string())));
                }
                Err(error) => return Performed::ended(End::failed(FailureReason::Unknown, Some(error.to_string()))),
            }
        }
        Performed::ended(End::done(None, None))
    }
}
