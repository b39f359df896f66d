//! One contact of a broadcast: what goes into their mailbox, and that it goes there once.

pub use crate::domain::broadcast_plan::What;

use crate::domain::broadcast::{BroadcastId, Reentry, Sending};
use crate::domain::broadcast_plan::{Content, Contents};
use crate::domain::codec;
use crate::domain::id::{ContactKey, DedupeHash, InputId, VersionId};
use crate::domain::input::{Class, Input, OperatorAction};
use crate::domain::name::{ChannelName, Slug};
use crate::flow::definition::{Flow, Hop};
use crate::flow::version::BadVersion;
use crate::service::aliases::HOPS;
use crate::service::core::{Core, Patience};
use crate::service::notices::NoticeError;
use crate::service::versions::LoadError;
use crate::store::{Accept, Accepted, Answer, StoreError, WhenFull};
use bytes::Bytes;
use indexmap::IndexSet;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait for a slot when everybody is at work.
const BUSY: Duration = Duration::from_millis(5);

/// The act by which a broadcast reaches a contact.
pub fn action(content: &Content, broadcast: BroadcastId, arm: Option<&Slug>, reentry: Reentry) -> OperatorAction {
    let sending = Some(Box::new(Sending { broadcast, arm: arm.cloned(), reentry }));
    let with = content.with.clone();
    match &content.what {
        What::Flow(flow) => OperatorAction::Begin { flow: flow.clone(), with, sending },
        What::Notification(name) => {
            // A version that is none is refused by the engine, contact by contact.
            let version = content.version.unwrap_or(VersionId(0));
            OperatorAction::Notify { notification: name.clone(), version, with, sending }
        }
    }
}

/// Why what is to be sent cannot be.
#[derive(Debug)]
pub enum NotSaid {
    /// There is no such flow or notification.
    Missing(String),
    /// The store does not answer.
    Store(String),
}

impl Core {
    /// The flow that says something to a contact of a broadcast: a current one, or the service's own around a notification.
    pub async fn flow_of(&self, content: &Content) -> Result<Arc<Flow>, NotSaid> {
        match (&content.what, content.version) {
            (What::Flow(name), _) => {
                let found = self.versions.catalog().current(name.as_str()).cloned();
                found.ok_or_else(|| NotSaid::Missing(format!("there is no flow `{name}`")))
            }
            (What::Notification(_), Some(version)) => {
                if let Some(known) = self.versions.catalog().version(version) {
                    return Ok(Arc::clone(known));
                }
                let loaded = self.versions.load(&*self.store, version, &self.world.project).await;
                loaded.map_err(|error| unsaid(&error))?;
                let found = self.versions.catalog().version(version).cloned();
                found.ok_or_else(|| NotSaid::Missing("the version of its notification is gone".to_owned()))
            }
            (What::Notification(name), None) => self.notice(name).await.map_err(|error| match error {
                NoticeError::Unknown(_) | NoticeError::Broken(_) => NotSaid::Missing(error.to_string()),
                NoticeError::Store(_) => NotSaid::Store(error.to_string()),
                NoticeError::Load(error) => unsaid(&error),
            }),
        }
    }

    /// Fixes the versions of the notifications of a plan, and gives the channels over which contacts may get it.
    pub async fn settled(&self, contents: &mut Contents) -> Result<IndexSet<ChannelName>, NotSaid> {
        let mut channels = IndexSet::new();
        for content in contents.all_mut() {
            let flow = self.flow_of(content).await?;
            if let What::Notification(_) = content.what {
                content.version = Some(flow.version);
            }
            channels.extend(self.channels_of_content(content, &flow));
        }
        Ok(channels)
    }

    /// Over which channels a content may go out: of a notification with a route only those of the route.
    fn channels_of_content(&self, content: &Content, flow: &Flow) -> Vec<ChannelName> {
        let routed = match &content.what {
            What::Notification(name) => flow.notifications.get(name).filter(|notification| !notification.route.is_empty()),
            What::Flow(_) => None,
        };
        let Some(notification) = routed else { return flow.channels.clone() };
        let of_kind = |name: &&ChannelName, kind| self.channel(name).is_some_and(|channel| channel.kind == kind);
        let hops = notification.route.iter().chain(&notification.also);
        hops.flat_map(|hop| match hop {
            Hop::Channel(name) => vec![name.clone()],
            Hop::Kind(kind) => flow.channels.iter().filter(|name| of_kind(name, *kind)).cloned().collect(),
        })
        .collect()
    }

    /// How many messages a second the fastest of these channels sends; nothing if one has no bound.
    pub fn rate_of(&self, channels: &IndexSet<ChannelName>) -> Option<u32> {
        let rates = channels.iter().filter_map(|name| self.channel(name)).map(|channel| channel.policy.per_second);
        rates.map(|rate| (rate > 0).then_some(rate)).collect::<Option<Vec<u32>>>()?.into_iter().max()
    }
}

/// What a version that cannot be loaded means: what heals by itself is waited for.
fn unsaid(error: &LoadError) -> NotSaid {
    match error {
        LoadError::Store(_) | LoadError::Broken(BadVersion::Newer(_)) => NotSaid::Store(error.to_string()),
        LoadError::Missing | LoadError::Broken(_) | LoadError::Other(_) => NotSaid::Missing(error.to_string()),
    }
}

/// What became of handing it over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    /// It is stored, now or before.
    Stored,
    /// The store is away or full: it may come again.
    Later,
    /// Nobody is there.
    Nobody,
    /// The mailbox has no room now.
    NoRoom,
    /// The store says that it is impossible.
    Never,
}

impl Core {
    /// Hands a broadcast over to a contact and makes the turn: whoever hands over many waits for it, so that what is handed over does not pile up before it
    /// is decided. Whoever became part of another contact gets it there, once.
    pub async fn hand_over(self: &Arc<Self>, broadcast: BroadcastId, contact: ContactKey, body: Bytes) -> Handed {
        match self.hand_to(broadcast, contact, body).await {
            Ok(handed) => handed,
            Err(error) if error.is_temporary() => {
                tracing::debug!(%contact, %error, "a broadcast could not be handed over; it is tried again");
                Handed::Later
            }
            Err(error) => {
                tracing::error!(%contact, %error, "a broadcast could not be handed over");
                Handed::Never
            }
        }
    }

    async fn hand_to(self: &Arc<Self>, broadcast: BroadcastId, contact: ContactKey, body: Bytes) -> Answer<Handed> {
        let mut contact = self.aliases.target(contact);
        let slot = loop {
            match self.contacts.take() {
                Some(slot) => break slot,
                None if self.takes_nothing() => return Ok(Handed::Later),
                None => self.clock.sleep(BUSY).await,
            }
        };
        for _ in 0..HOPS {
            let hash = DedupeHash::of_broadcast(broadcast);
            let accept = Accept {
                contact,
                hash,
                class: Class::Normal,
                id: InputId::of_broadcast(broadcast, contact),
                body: body.clone(),
                claim: !self.takes_nothing(),
                full: WhenFull::Refuse,
                known: true,
            };
            match self.patiently(Patience::Short, || self.store.accept(accept.clone())).await? {
                Accepted::Moved(to) => {
                    self.aliases.moved(contact, to);
                    contact = to;
                }
                Accepted::Claimed(claim) => {
                    self.note_now(claim.now);
                    self.turns(contact, claim, None).await;
                    drop(slot);
                    return Ok(Handed::Stored);
                }
                Accepted::Queued | Accepted::Duplicate => return Ok(Handed::Stored),
                Accepted::Full => return Ok(Handed::NoRoom),
                // Deleted meanwhile: a broadcast brings nobody back.
                Accepted::Nobody => return Ok(Handed::Nobody),
            }
        }
        Err(StoreError::Bug("a chain of merged contacts does not end".to_owned()))
    }
}

/// An act as it lies in a mailbox.
pub fn body(action: OperatorAction) -> Bytes {
    Bytes::from(codec::encode(&Input::Operator(action)))
}
