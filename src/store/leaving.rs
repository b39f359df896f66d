//! How contacts leave: deleted with all that the store has of them, or moved into another one. What stays is what must not be lost
//! with the person: hashes of messages that were seen, hashes of addresses that opted out, and a stub that says where a contact is.

use super::answer::{Entry, Record};
use super::lane::{StopMask, WorkSet};
use super::view::FailedKey;
use super::{Answer, StoreError};
use crate::domain::id::{ContactKey, DedupeHash, EffectId, InputId, Token, VersionId};
use crate::domain::limits;
use bytes::Bytes;

/// A contact that is to be deleted.
#[derive(Debug, Clone)]
pub struct Forget {
    /// Who.
    pub contact: ContactKey,
    /// The record's token as the caller read it: what happened since is looked at first.
    pub expect: Token,
    /// Journal entries, encoded.
    pub journal: Vec<Bytes>,
    /// What stays of the person under this address: where they opted out. None: nothing stays.
    pub stop: StopMask,
    /// Inputs that are on their way and must not bring the person back.
    pub seen: Vec<DedupeHash>,
    /// Lanes of the contact with one effect each that are not to go on, at most `limits::LANES_FORGOTTEN`; others end by themselves.
    pub lanes: Vec<(EffectId, WorkSet)>,
    /// What failed visibly and is the contact's, at most `limits::FAILED_FORGOTTEN`.
    pub failed: Vec<FailedKey>,
    /// Changes of the number of live runs, by version.
    pub live: Vec<(VersionId, i64)>,
}

impl Forget {
    /// Whether it can be written whole.
    pub fn check(&self) -> Answer<()> {
        let within = self.lanes.len() <= limits::LANES_FORGOTTEN && self.failed.len() <= limits::FAILED_FORGOTTEN;
        if within { Ok(()) } else { Err(StoreError::Bug("a deletion of too much at once".to_owned())) }
    }
}

/// The answer to `forget`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgot {
    /// Deleted.
    Done(Emptied),
    /// The record has changed since it was read: read it again.
    Stale,
    /// No such contact: deleted before, perhaps by this very call.
    Gone,
    /// It is being moved into this one: wait until it is there.
    Moving(ContactKey),
    /// It is part of this one.
    Moved(ContactKey),
}

/// What a deletion took out of the store, beside the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Emptied {
    /// Inputs that were not processed.
    pub inputs: u64,
    /// Messages that had not left.
    pub messages: u64,
    /// Lanes of one effect each.
    pub lanes: u64,
    /// What had failed visibly.
    pub failed: u64,
}

/// A contact that is to be moved into another one.
#[derive(Debug, Clone)]
pub struct Freeze {
    /// Who.
    pub contact: ContactKey,
    /// Into whom.
    pub into: ContactKey,
    /// The effect that moves it: the last that is left in its send lane.
    pub effect: EffectId,
    /// The token from now on: whoever works on the contact can commit nothing more.
    pub new: Token,
}

/// The answer to `freeze`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frozen {
    /// Nobody works on it any more; inputs are still accepted, and wait.
    Ok(Box<Still>),
    /// Messages stand behind the effect in the send lane: the effect goes to its end first.
    Busy,
    /// The effect is not the first of the send lane: somebody has settled it.
    Settled,
    /// It is being moved into another one than this.
    Elsewhere(ContactKey),
    /// It is a part of this one already.
    Moved(ContactKey),
    /// No such contact.
    Gone,
}

/// A contact that stands still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Still {
    /// The record.
    pub record: Record,
    /// The mailbox, in order.
    pub mailbox: Vec<Entry>,
    /// Inputs that were seen.
    pub seen: Vec<DedupeHash>,
    /// Effects whose delivery a run awaits.
    pub awaited: Vec<EffectId>,
}

/// The end of a move: what was in the mailbox is at the other contact.
#[derive(Debug, Clone)]
pub struct Flip {
    /// Who.
    pub contact: ContactKey,
    /// Into whom.
    pub into: ContactKey,
    /// Inputs that are there now, in order.
    pub moved: Vec<InputId>,
    /// Changes of the number of live runs, by version.
    pub live: Vec<(VersionId, i64)>,
    /// The journal entry, encoded.
    pub journal: Bytes,
}

/// The answer to `flip`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flipped {
    /// The contact is a stub that leads to the other one.
    Ok,
    /// Something came in since: move this too.
    More(Vec<Entry>),
    /// It is not being moved there.
    Not,
    /// No such contact.
    Gone,
}

/// The answer to `link`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linked {
    /// The address leads to the contact, since now or before.
    Ok,
    /// There is a contact of this address: it must be merged.
    Taken,
    /// The address leads to this contact.
    Elsewhere(ContactKey),
}

/// Where a contact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Here.
    Here,
    /// Here, and about to be moved into this one.
    Moving(ContactKey),
    /// Part of this one: the record is empty.
    Moved(ContactKey),
}
