//! Moving a store into another one, of the same kind or not: everything that is kept has a name and can be read and written whole, in terms
//! that both stores know. Nobody may work on either meanwhile: marks say so, and who opens a marked store hears it.
//!
//! What is not moved: what holds for seconds (leases, rates, how much one contact got lately), and what a claim or an attempt was begun
//! by. A message that was begun and not settled is unsure, as after a crash.

use super::answer::{Entry, Record};
use super::lane::{Lane, LaneKey, StopMask, WorkSet};
use super::leaving::Place;
use super::view::{FailedItem, FailedKey, JournalItem, JournalRecord};
use super::{Answer, OutgoingState, Store, StoreError};
use crate::domain::id::{ContactKey, DedupeHash, EffectId, VersionId};
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::Millis;
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;

/// The form of what is moved, and of the marks. Another release with another form does not go on with a move.
pub const FORM: u8 = 1;

/// What something is named by. All that is kept of a name is read and written at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// A work set that ever held something.
    Set(WorkSet),
    /// The content of a version.
    Version(VersionId),
    /// What is current of a flow, and its publications.
    Flow(Slug),
    /// Live runs on a version.
    Live(VersionId),
    /// A reason that holds a channel back, as the stores name it.
    Hold(String),
    /// What a channel sent in the last hours.
    Day(ChannelName),
    /// How far the suppression list has come.
    ListMark,
    /// What the suppression list has of an address.
    Listed(ContactKey),
    /// Where somebody opted out whose contact was deleted.
    OptedOut(ContactKey),
    /// A request that takes effect once.
    Request([u8; 16]),
    /// Something in a visible failed state.
    Failed(FailedKey),
    /// A contact's record, or a stub.
    Contact(ContactKey),
    /// A contact's mailbox.
    Mailbox(ContactKey),
    /// Inputs of a contact that were seen.
    Seen(ContactKey),
    /// Effects whose delivery a contact's runs await.
    Awaited(ContactKey),
    /// A lane that is not empty.
    Lane(LaneKey),
}

impl Name {
    /// What kind of thing it is, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Name::Set(_) => "work sets",
            Name::Version(_) => "versions of flows",
            Name::Flow(_) => "flows",
            Name::Live(_) => "counters of live runs",
            Name::Hold(_) => "held channels",
            Name::Day(_) => "days of channels",
            Name::ListMark => "marks of the suppression list",
            Name::Listed(_) => "suppressed addresses",
            Name::OptedOut(_) => "opt-outs of people who were deleted",
            Name::Request(_) => "remembered requests",
            Name::Failed(_) => "failed effects and inputs",
            Name::Contact(_) => "contacts",
            Name::Mailbox(_) => "mailboxes",
            Name::Seen(_) => "contacts' seen messages",
            Name::Awaited(_) => "contacts' awaited reports",
            Name::Lane(_) => "lanes of the outbox",
        }
    }
}

impl fmt::Display for Name {
    /// For people: without anything that is a person's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Set(set) => write!(f, "work set {set}"),
            Name::Version(id) => write!(f, "version {id}"),
            Name::Flow(flow) => write!(f, "flow {flow}"),
            Name::Live(id) => write!(f, "runs on version {id}"),
            Name::Hold(name) => write!(f, "hold {name}"),
            Name::Day(channel) => write!(f, "day of {channel}"),
            Name::ListMark => f.write_str("mark of the suppression list"),
            Name::Listed(address) => write!(f, "suppressed address {address}"),
            Name::OptedOut(address) => write!(f, "opted-out address {address}"),
            Name::Request(key) => write!(f, "request {}", hex::encode(key)),
            Name::Failed(key) => write!(f, "what failed of {}", key.contact()),
            Name::Contact(contact) => write!(f, "contact {contact}"),
            Name::Mailbox(contact) => write!(f, "mailbox of {contact}"),
            Name::Seen(contact) => write!(f, "seen messages of {contact}"),
            Name::Awaited(contact) => write!(f, "awaited reports of {contact}"),
            Name::Lane(LaneKey { contact, lane: Lane::Contact }) => write!(f, "messages to {contact}"),
            Name::Lane(LaneKey { contact, lane: Lane::Own(effect) }) => write!(f, "effect {effect} of {contact}"),
        }
    }
}

/// What is kept under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A work set.
    Set,
    /// The content.
    Version(Bytes),
    /// A flow.
    Flow(FlowKept),
    /// Runs.
    Live(i64),
    /// What is said of it.
    Hold(Bytes),
    /// Messages by the hour since 1970.
    Day(Vec<(i64, u64)>),
    /// The number of the last change.
    ListMark(u64),
    /// The number of its last change and what is said.
    Listed(u64, Bytes),
    /// Kinds of channels.
    OptedOut(StopMask),
    /// A request.
    Request(RequestKept),
    /// What failed.
    Failed(Box<FailedItem>),
    /// A contact.
    Contact(Box<ContactKept>),
    /// In order.
    Mailbox(Vec<Entry>),
    /// What was seen.
    Seen(SeenKept),
    /// By id.
    Awaited(Vec<EffectId>),
    /// A lane.
    Lane(LaneKept),
}

/// What is kept of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowKept {
    /// Its current version.
    pub current: Option<VersionId>,
    /// Number, version and what each says, the oldest first.
    pub publications: Vec<(u64, VersionId, Bytes)>,
}

/// A request that takes effect once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKept {
    /// Its fingerprint.
    pub print: Vec<u8>,
    /// When it is forgotten.
    pub forget: Millis,
    /// Its answer; nothing: it was begun, and whoever comes next with it may do it.
    pub answer: Option<Bytes>,
}

/// A contact's record and what the store keeps beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactKept {
    /// Where the contact is.
    pub place: Place,
    /// The record.
    pub record: Record,
    /// When somebody must look.
    pub attention: Option<Millis>,
    /// When a stub ends that leads to somebody who was deleted.
    pub fades: Option<Millis>,
    /// Whether there may be an older generation of what was seen.
    pub older: bool,
}

/// What a contact has seen. An embedded store has one generation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeenKept {
    /// Hashes and when they are forgotten.
    pub current: Option<(Vec<DedupeHash>, Millis)>,
    /// The same of the older generation.
    pub older: Option<(Vec<DedupeHash>, Millis)>,
}

/// A lane of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneKept {
    /// When its head may be sent.
    pub due: Millis,
    /// Its effects, in order.
    pub effects: Vec<EffectKept>,
}

/// An effect of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectKept {
    /// Its id.
    pub id: EffectId,
    /// Its set.
    pub set: WorkSet,
    /// Whether an attempt may have reached the provider.
    pub unsure: bool,
    /// Attempts that were begun.
    pub attempts: u8,
    /// The effect, encoded.
    pub body: Bytes,
}

impl EffectKept {
    /// Whoever began it is no more.
    pub(super) fn unsure(state: OutgoingState) -> bool {
        state != OutgoingState::Queued
    }
}

impl SeenKept {
    /// All hashes, in order.
    fn hashes(&self) -> Vec<DedupeHash> {
        let both = self.current.iter().chain(&self.older).flat_map(|(hashes, _)| hashes.iter().copied());
        let mut all: Vec<DedupeHash> = both.collect();
        all.sort_by_key(|hash| hash.0);
        all.dedup();
        all
    }

    /// Hashes that are still known then.
    fn lasting(&self, then: Millis) -> impl Iterator<Item = &DedupeHash> {
        let lasting = self.current.iter().chain(&self.older).filter(move |(_, until)| *until >= then);
        lasting.flat_map(|(hashes, _)| hashes)
    }
}

impl Thing {
    /// Whether another store has the same. Times after which something is forgotten may differ by what a call takes, and of what was seen
    /// only what is not forgotten before `soon` must be there: a folder forgets one by one, Redis all of a generation at its end.
    pub fn is_in(&self, other: &Thing, soon: Millis) -> bool {
        match (self, other) {
            (Thing::Contact(a), Thing::Contact(b)) => {
                let rest = |c: &ContactKept| (c.place, c.record.clone(), c.attention, c.fades.is_some());
                rest(a) == rest(b)
            }
            (Thing::Seen(a), Thing::Seen(b)) => {
                let there = b.hashes();
                a.lasting(soon).all(|hash| there.binary_search_by_key(&hash.0, |other| other.0).is_ok())
            }
            _ => self == other,
        }
    }

    /// Whether it may be gone at the next look because its time is over before then.
    pub fn passes_by(&self, before: Millis) -> bool {
        match self {
            Thing::Seen(seen) => seen.current.iter().chain(&seen.older).any(|(_, until)| *until < before),
            Thing::Request(request) => request.forget < before,
            Thing::Contact(contact) => contact.fades.is_some_and(|fades| fades < before),
            Thing::Day(_) => true,
            _ => false,
        }
    }
}

/// A part of the names, and where the next one begins; nothing: this was the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Names. Some may come twice.
    pub names: Vec<Name>,
    /// Where the next part begins.
    pub next: Option<String>,
}

/// What keeps a store from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It was moved into another one, or is being moved.
    Left,
    /// Another one is being moved into it.
    Arriving,
}

impl Mark {
    /// Its name in a store.
    pub(super) fn name(self) -> &'static str {
        match self {
            Mark::Left => "left",
            Mark::Arriving => "arriving",
        }
    }

    /// What whoever would use the store hears.
    pub(super) fn refusal(self) -> StoreError {
        StoreError::Marked(match self {
            Mark::Left => {
                "it was moved into another store, or is being moved: configure that one; \
                 `replyflow admin move --give-up` makes this one usable again"
            }
            Mark::Arriving => "another store is being moved into it: let `replyflow admin move` end first",
        })
    }
}

/// An entry of a journal on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryMoved {
    /// Whose, if it is readable.
    pub contact: Option<ContactKey>,
    /// The shard where it was.
    pub shard: u8,
    /// The entry, with its former place.
    pub item: JournalItem,
}

impl EntryMoved {
    /// Whose it is.
    pub(super) fn owner(&self) -> Option<ContactKey> {
        match &self.item.record {
            JournalRecord::Overflow { contact, .. } => Some(*contact),
            JournalRecord::Entry(_) => self.contact,
        }
    }
}

/// A store that can be moved, opened for that alone: marks are no obstacle to it, and no other process works on it.
#[async_trait]
pub trait Transfer: Send + Sync {
    /// The store itself, for its journal and its shards.
    fn store(&self) -> &dyn Store;

    /// Where it is, for people: without a login.
    fn whereabouts(&self) -> String;

    /// How many others have it open now.
    async fn others(&self) -> Answer<u64>;

    /// What tells a store from the same one after a restart: places in `names` of one are none in the other.
    async fn incarnation(&self) -> Answer<String> {
        Ok(String::new())
    }

    /// The key of the contact hash, if the store has one already.
    async fn secret(&self) -> Answer<Option<Bytes>>;

    /// Gives an empty store the key of another one. What it writes into its journal comes after all places of that one's, whose times are
    /// below `beyond`.
    async fn take_secret(&self, secret: Bytes, beyond: u64) -> Answer<()>;

    /// A store that was moved into another one is to be used again: what it writes into its journal from now on comes after all places whose times
    /// are below `beyond`.
    async fn go_beyond(&self, beyond: u64) -> Answer<()>;

    /// Names from a place on (empty: the beginning), about `n` of them.
    async fn names(&self, from: &str, n: usize) -> Answer<Names>;

    /// What is kept under these names; nothing where there is nothing, or where its time is over.
    async fn things(&self, names: &[Name]) -> Answer<Vec<Option<Thing>>>;

    /// Keeps these things in place of what is there. With them, or after them, how far the move has come.
    async fn keep(&self, things: Vec<(Name, Thing)>, come: Bytes) -> Answer<()>;

    /// Appends to the journal what is not there already, in this order. The same holds.
    async fn keep_entries(&self, entries: Vec<EntryMoved>, come: Bytes) -> Answer<()>;

    /// Has somebody look at a contact or a lane that nobody looks at, also while others work on the store: a look too many changes nothing.
    /// Whether there was something to do.
    async fn wake(&self, name: &Name) -> Answer<bool>;

    /// What a mark says, if it is there.
    async fn mark(&self, mark: Mark) -> Answer<Option<Bytes>>;

    /// Sets a mark or takes it away.
    async fn set_mark(&self, mark: Mark, said: Option<Bytes>) -> Answer<()>;
}
