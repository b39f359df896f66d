//! What subscribers, operators and engineers see of a store.

use super::answer::{Entry, Record};
use super::lane::{Lane, LaneKey, WorkSet};
use super::leaving::Place;
use crate::domain::id::{ContactKey, EffectId, InputId};
use crate::domain::time::{Millis, Span};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fmt;

/// The place of an entry in a shard's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct JournalId {
    /// Milliseconds in Redis. In the embedded store 0, or when another store was moved into it or a backup was put back.
    pub time: u64,
    /// The number within it.
    pub number: u64,
}

impl JournalId {
    /// Before everything.
    pub const START: JournalId = JournalId { time: 0, number: 0 };

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (time, number) = text.split_once('-')?;
        Some(JournalId { time: time.parse().ok()?, number: number.parse().ok()? })
    }
}

impl fmt::Display for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.time, self.number)
    }
}

/// One entry of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalItem {
    /// Its place.
    pub id: JournalId,
    /// What it is.
    pub record: JournalRecord,
}

/// What an entry of a journal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalRecord {
    /// As a commit, settle or report gave it.
    Entry(Bytes),
    /// An input for which the mailbox had no room.
    Overflow {
        /// Whose.
        contact: ContactKey,
        /// The input.
        entry: Entry,
    },
}

/// The answer to `advance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advanced {
    /// Moved.
    Ok,
    /// Another instance moved it: it stands here.
    Stale(JournalId),
}

/// What a failed thing is named by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailedKey {
    /// An effect.
    Effect(ContactKey, EffectId),
    /// An input.
    Input(ContactKey, InputId),
}

impl FailedKey {
    /// Whose it is.
    pub(super) fn contact(&self) -> ContactKey {
        match self {
            FailedKey::Effect(contact, _) | FailedKey::Input(contact, _) => *contact,
        }
    }

    /// Its name within the store. One event may concern several contacts, so that the id of an input names it only beside its
    /// contact; an effect's id names its contact's turn already.
    pub(super) fn field(&self) -> String {
        match self {
            FailedKey::Effect(_, id) => id.to_string(),
            FailedKey::Input(contact, id) => format!("{contact}{id}"),
        }
    }
}

/// Something in a visible failed state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedItem {
    /// Its name.
    pub key: FailedKey,
    /// Since when.
    pub at: Millis,
    /// What it is.
    pub body: FailedBody,
}

/// What failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailedBody {
    /// An effect.
    Effect {
        /// Its lane.
        lane: LaneKey,
        /// Its set.
        set: WorkSet,
        /// Attempts that were made.
        attempts: u8,
        /// The effect, encoded.
        body: Bytes,
    },
    /// An input that was set aside.
    Input(Entry),
}

/// The store's own facts.
#[derive(Clone, PartialEq, Eq)]
pub struct Meta {
    /// The key of the contact hash: with it a number can be tested, so it is a secret.
    pub contact_secret: Bytes,
    /// 8 hexadecimal digits that identify the key without giving it away.
    pub fingerprint: String,
}

impl Meta {
    /// The facts about a store with this secret.
    pub fn of(secret: Vec<u8>) -> Self {
        let fingerprint = hex::encode(&Sha256::digest(&secret)[..4]);
        Meta { contact_secret: Bytes::from(secret), fingerprint }
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meta").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingLevel {
    /// As it should be.
    Fine,
    /// Works; something can be lost or slow.
    Warning,
    /// Do not run on this.
    Error,
}

/// One thing that a check looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What: `persistence`, `eviction` …
    pub name: &'static str,
    /// How bad it is.
    pub level: FindingLevel,
    /// What is so.
    pub message: String,
    /// What to do; empty if nothing.
    pub remedy: String,
}

/// How much waits where, over all shards.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Depths {
    /// Contacts with a lease or an alarm.
    pub attention: u64,
    /// Lanes that are not empty, by set.
    pub work: Vec<(WorkSet, u64)>,
    /// Entries in the journal.
    pub journal_entries: u64,
    /// Bytes of the largest shard's journal.
    pub journal_bytes: u64,
    /// Effects and inputs in a visible failed state.
    pub failed: u64,
    /// How long the longest overdue contact or lane has been due.
    pub lag: Span,
}

/// Something that was due at a moment and was not begun since.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Overdue {
    /// Since when.
    pub since: Millis,
    /// The contact.
    pub contact: ContactKey,
    /// One of its lanes, and where that waits; nothing: the contact itself should have been looked at.
    pub lane: Option<(Lane, WorkSet)>,
}

/// Everything about one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Where the contact is.
    pub place: Place,
    /// The record.
    pub record: Record,
    /// The mailbox, in order.
    pub mailbox: Vec<Entry>,
    /// When somebody will look at it.
    pub attention: Option<Millis>,
    /// The send lane, in order.
    pub lane: Vec<Outgoing>,
    /// Effects whose delivery is awaited.
    pub awaited: Vec<EffectId>,
}

/// An effect in a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The effect.
    pub id: EffectId,
    /// Its set.
    pub set: WorkSet,
    /// Where it stands.
    pub state: OutgoingState,
    /// Attempts that were begun.
    pub attempts: u8,
    /// The effect, encoded.
    pub body: Bytes,
}

/// Where an effect in a lane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutgoingState {
    /// Surely not sent.
    Queued,
    /// Begun and not settled.
    Started,
    /// Not begun again since an attempt that may have reached the provider.
    Unsure,
}
