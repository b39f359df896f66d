//! What a store answers.

use super::lane::{LaneKey, StopMask, Ticket, WorkSet};
use crate::domain::id::{ContactKey, EffectId, InputId, Token};
use crate::domain::input::Class;
use crate::domain::time::{Millis, Span};
use bytes::Bytes;

/// An input in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whether it waits behind a pending call.
    pub class: Class,
    /// Its id.
    pub id: InputId,
    /// When it was accepted, by the store's clock.
    pub accepted_at: Millis,
    /// The input, encoded.
    pub body: Bytes,
}

/// A contact's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whether a call is pending.
    pub held: bool,
    /// Claims since the last commit, 0 to 3; 4 to 9: those that were made alone, too.
    pub tries: u8,
    /// Where the contact has opted out.
    pub stop: StopMask,
    /// Its version.
    pub token: Token,
    /// The record, encoded; empty for a contact who was never processed.
    pub blob: Bytes,
}

/// A contact that the caller may process until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The store's clock.
    pub now: Millis,
    /// The record.
    pub record: Record,
    /// Inputs that may be processed, in order; empty when only an alarm is due.
    pub inputs: Vec<Entry>,
}

/// The answer to `accept`. All but `Moved` mean that the provider may hear 2xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// Seen before.
    Duplicate,
    /// The contact is now part of another: accept it there.
    Moved(ContactKey),
    /// The mailbox is full: the input is in the journal and nowhere else, or nowhere, as `WhenFull` says.
    Full,
    /// Stored; somebody else has the contact, or it must wait.
    Queued,
    /// It was only for a contact that is there, and none is: nothing was stored.
    Nobody,
    /// Stored, and the contact is the caller's.
    Claimed(Claim),
}

/// The answer to `claim`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Nothing to do.
    Free,
    /// No such contact.
    Gone,
    /// The contact is the caller's.
    Claimed(Claim),
}

/// The answer to `commit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// Written.
    Ok {
        /// The store's clock.
        now: Millis,
        /// What the caller goes on with; empty if the contact is no longer its.
        more: Vec<Entry>,
        /// Effects that the caller must send now.
        started: Vec<Started>,
        /// What was given up and did not leave.
        withdrawn: Vec<EffectId>,
    },
    /// This very commit was written before: the answer was lost. `claim` and `start` give the rest.
    Already,
    /// The record has changed since: drop everything.
    Stale,
    /// No such contact: drop everything.
    Gone,
    /// A consumed input is not in the mailbox: a bug, nothing was written.
    Missing,
}

/// An effect that the caller holds until the send lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its lane.
    pub lane: LaneKey,
    /// Its set.
    pub set: WorkSet,
    /// The effect.
    pub id: EffectId,
    /// This attempt, from 1; give it back in `settle`.
    pub attempt: u8,
    /// Whether an earlier attempt may have reached the provider.
    pub unsure: bool,
    /// Where the contact has opted out, as of now.
    pub stop: StopMask,
    /// The effect, encoded.
    pub body: Bytes,
}

/// The answer to `start`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartAnswer {
    /// The caller's.
    Ok {
        /// The store's clock.
        now: Millis,
        /// The effect.
        started: Started,
    },
    /// Somebody else has it, or the ticket has lapsed.
    Taken,
    /// The lane is empty.
    Gone,
}

/// The answer to `settle`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Settled before; `start` with the same `who` gives what the first answer gave.
    Gone,
    /// The attempt is not the current one: nothing changed.
    Stale,
    /// Written.
    Ok {
        /// The store's clock.
        now: Millis,
        /// The next effect of the lane, if it was taken.
        next: Option<Started>,
    },
    /// Written, and the reply claimed the contact for the caller.
    Claimed {
        /// The next effect of the lane, if it was taken.
        next: Option<Started>,
        /// The contact.
        claim: Claim,
    },
    /// Written; the contact is now part of another: accept the reply there, with the effect's id as hash.
    Moved {
        /// The store's clock.
        now: Millis,
        /// The other contact.
        to: ContactKey,
        /// The next effect of the lane, if it was taken.
        next: Option<Started>,
    },
}

/// The answer to `report`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// Nothing was done: the contact is now part of another. Report it there.
    Moved(ContactKey),
    /// Journaled; no run awaits the effect, or it heard this before.
    Journaled,
    /// Journaled, and in the mailbox of a contact whom somebody else has.
    Queued,
    /// Journaled, and the contact is the caller's.
    Claimed(Claim),
}

/// The answer to `look`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The store's clock.
    pub now: Millis,
    /// What has something due.
    pub ready: Vec<Ready>,
    /// The next moment after `now` at which something falls due, among what was looked at.
    pub next: Option<Millis>,
}

/// Something due on a shard.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ready {
    /// Contacts: `due_contacts`.
    Contacts {
        /// The shard.
        shard: u8,
        /// Since when.
        since: Millis,
    },
    /// Lanes: `due_work`.
    Work {
        /// The shard.
        shard: u8,
        /// The set.
        set: WorkSet,
        /// Since when.
        since: Millis,
    },
}

/// Contacts to claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueContacts {
    /// The store's clock.
    pub now: Millis,
    /// Leased to the caller.
    pub contacts: Vec<ContactKey>,
    /// The next moment at which something is due in this set.
    pub next: Option<Millis>,
}

/// Lanes to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueLanes {
    /// The store's clock.
    pub now: Millis,
    /// Leased to the caller.
    pub lanes: Vec<LaneKey>,
    /// What `start` asks for.
    pub ticket: Ticket,
    /// The next moment at which something is due in this set.
    pub next: Option<Millis>,
}

/// The answer to `permits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permits {
    /// So many may be sent now.
    pub granted: u32,
    /// When there will be one again; zero if some were granted.
    pub wait: Span,
}

impl Ready {
    /// Since when it is due.
    pub fn since(&self) -> Millis {
        match self {
            Ready::Contacts { since, .. } | Ready::Work { since, .. } => *since,
        }
    }
}
