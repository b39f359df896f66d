//! The store: every contact is an actor with a record, a mailbox and lanes of effects. The contract is one trait with two
//! implementations, held by one conformance suite. The store knows no meaning: records, inputs, effects and journal entries
//! are bytes to it.
//!
//! Five rules explain most of what is here. A commit names the token that it builds on and is refused if that is no longer
//! the record's (`Committed::Stale`). Leases only spread work. The fact "the provider took it" is accepted from anyone;
//! "try again" only from the holder of the attempt. Every call can be repeated with the same arguments when its answer was
//! lost. Nothing is found by scanning: what is due by time stands in sets ordered by time.

mod answer;
mod embedded;
mod error;
pub mod files;
mod hold;
mod lane;
mod leaving;
mod list;
mod once;
mod pace;
mod publication;
mod redis;
mod request;
mod settings;
pub mod transfer;
mod view;

pub use answer::{
    Accepted, Claim, Claimed, Committed, DueContacts, DueLanes, Entry, Look, Permits, Ready, Record, Reported, Settled,
    StartAnswer, Started,
};
pub use embedded::{EmbeddedStore, backup};
pub use error::StoreError;
pub use hold::{Held, HoldKey, Judgement};
pub use lane::{Lane, LaneKey, StopMask, Ticket, WorkSet};
pub use leaving::{Emptied, Flip, Flipped, Forget, Forgot, Freeze, Frozen, Linked, Place, Still};
pub use list::{ListChange, ListChanged, ListItem, ListMark};
pub use once::{Fingerprint, OnceRequest, RequestKey, RequestStep, Requested};
pub use pace::{RECOVERS, SlowDown, Spend, Spent, left_of_day};
pub use publication::{Current, Kept, Publish, Published};
pub use redis::RedisStore;
#[doc(hidden)]
pub use redis::{NoSuchText, Script, Scripts};
pub use request::{
    Accept, Advance, Commit, LanePush, NewEffect, Rate, Report, Settle, SettleResult, Traffic, Wake, WhenFull, Withdrawal,
};
pub use settings::{Clock, StoreSettings};
pub use view::{
    Advanced, Depths, FailedBody, FailedItem, FailedKey, Finding, FindingLevel, Inspection, JournalId, JournalItem,
    JournalRecord, Meta, Outgoing, OutgoingState, Overdue,
};

use crate::domain::id::{ContactKey, DedupeHash, EffectId, Token, VersionId, Who};
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::{Millis, Span};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::Notify;

/// What every call answers.
pub type Answer<T> = Result<T, StoreError>;

/// The contract. Every call may be repeated with the same arguments when its answer was lost; the answer then says what
/// the first one did, or the call changes nothing that matters.
#[async_trait]
pub trait Store: Send + Sync {
    /// How many shards there are: shards `0..shards()` have their own attention, work sets and journal.
    fn shards(&self) -> u8;

    /// Whether other instances may work on it, too.
    fn is_shared(&self) -> bool {
        true
    }

    /// How many lanes wait in each of these sets, over all shards: cheaper than `depths`, for whoever asks often.
    async fn waiting(&self, sets: &[WorkSet]) -> Answer<Vec<u64>> {
        let depths = self.depths().await?;
        let of = |set: &WorkSet| depths.work.iter().find(|(known, _)| known == set).map_or(0, |(_, n)| *n);
        Ok(sets.iter().map(of).collect())
    }

    /// Signalled when something may have become due earlier than the last look said. A hint: a look at each tick finds
    /// everything too.
    fn hints(&self) -> Arc<Notify>;

    /// Stores an input once, durably, and claims the contact if it is free. Answer the provider only after this.
    async fn accept(&self, accept: Accept) -> Answer<Accepted>;

    /// Takes a contact that `due_contacts` named, or whose answer was lost. Counts `tries`, once for each `who`, up to
    /// [`CLAIMS_COUNTED`](crate::domain::limits::CLAIMS_COUNTED).
    async fn claim(&self, contact: ContactKey, who: Who) -> Answer<Claimed>;

    /// The same by a worker whose process does nothing else of that kind meanwhile: counts on, up to 9. Whoever survives it without a
    /// commit says so by `release`.
    async fn claim_alone(&self, contact: ContactKey, who: Who) -> Answer<Claimed>;

    /// Gives a claimed contact back untouched, to be looked at after `pause`: its record is in a newer format. `tries`
    /// becomes what it was before the claim by this `who`. Nothing happens if the record is no longer at this token.
    async fn release(&self, contact: ContactKey, token: Token, who: Who, pause: Span) -> Answer<()>;

    /// One turn, atomically: record, mailbox, lanes, alarm, journal.
    async fn commit(&self, commit: Commit) -> Answer<Committed>;

    /// One round trip that looks at the attention and these work sets of all shards and changes nothing.
    async fn look(&self, sets: &[WorkSet]) -> Answer<Look>;

    /// Contacts, and lanes of these sets, that were due before a moment and were not begun: the oldest first, at most `n`. Nothing is leased. For people:
    /// where much is overdue, not all of a shard is looked at.
    async fn overdue(&self, sets: &[WorkSet], before: Millis, n: usize) -> Answer<Vec<Overdue>>;

    /// Contacts that somebody must look at now, at most `n`, leased to the caller. Follow with `claim`.
    async fn due_contacts(&self, shard: u8, n: usize) -> Answer<DueContacts>;

    /// Lanes whose head may be sent now, at most `n`, leased to the caller. Follow with `start`.
    async fn due_work(&self, shard: u8, set: &WorkSet, n: usize) -> Answer<DueLanes>;

    /// Takes the head of a lane. `ticket` is from `due_work`; without one only a head that the same `who` took is given
    /// (a lost answer).
    async fn start(&self, lane: LaneKey, set: &WorkSet, who: Who, ticket: Option<Ticket>) -> Answer<StartAnswer>;

    /// Says how the head of a lane ended and takes the next one if asked.
    async fn settle(&self, settle: Settle) -> Answer<Settled>;

    /// Journals a delivery report; wakes the contact only if a run awaits the effect.
    async fn report(&self, report: Report) -> Answer<Reported>;

    /// One step of a request that takes effect once: remembered for `requests_kept`, at most `requests_max` of them.
    async fn request(&self, request: OnceRequest) -> Answer<Requested>;

    /// Takes up to `want` permits to send over a channel now. Conversations come first: broadcasts get what they leave, and at least a tenth.
    async fn permits(&self, channel: &ChannelName, traffic: Traffic, want: u32, rate: Rate) -> Answer<Permits>;

    /// The provider said that a channel is too fast: nobody gets a permit for a while, and perhaps the rate is halved, from which it comes back
    /// slowly. The answer is the part of the rate that is left, from 0 to 1. Repeated within two seconds it halves nothing again.
    async fn slow_down(&self, slow_down: SlowDown) -> Answer<f64>;

    /// Counts a message of a channel's day, if there is room. A repeat counts again.
    async fn spend(&self, spend: Spend) -> Answer<Spent>;

    /// Holds a channel or a flow back until `unhold`, if it is not held back for this reason already. Whether this very call, or the same one before,
    /// began it.
    async fn hold(&self, key: HoldKey, body: Bytes) -> Answer<bool>;

    /// Holds a channel back or ends that, unless something later was said of it. Whether this is the latest: then the same again changes
    /// nothing. Said at one time, what holds back counts. One mark for each channel and reason is kept.
    async fn judge(&self, judgement: Judgement) -> Answer<bool>;

    /// Ends it. False if it was not there. What was judged until then begins it no more.
    async fn unhold(&self, key: HoldKey) -> Answer<bool>;

    /// All that is held back: channels by name, then flows.
    async fn holds(&self) -> Answer<Vec<Held>>;

    /// Entries of a shard's journal after `after`, oldest first.
    async fn read_journal(&self, shard: u8, after: JournalId, count: usize) -> Answer<Vec<JournalItem>>;

    /// How far a subscriber has come on a shard.
    async fn cursor(&self, shard: u8, subscriber: &str) -> Answer<JournalId>;

    /// Moves a subscriber's cursor if it still stands where the caller thinks; a guard's move also trims behind it.
    async fn advance(&self, advance: Advance) -> Answer<Advanced>;

    /// Effects and inputs in a visible failed state since then or later, oldest first, at most `n` in all; and whether there are more.
    async fn failed_since(&self, since: Millis, n: usize) -> Answer<(Vec<FailedItem>, bool)>;

    /// The oldest `n` effects and inputs in a visible failed state.
    async fn failed_list(&self, n: usize) -> Answer<Vec<FailedItem>> {
        Ok(self.failed_since(Millis(0), n).await?.0)
    }

    /// What is in a visible failed state of one contact. Looks through all of it: for a deletion, not for every day.
    async fn failed_of(&self, contact: ContactKey) -> Answer<Vec<FailedKey>>;

    /// Puts a failed effect at the end of its lane as a fresh, sure attempt, or a set-aside input back into the mailbox.
    /// False if it is no longer there.
    async fn failed_retry(&self, key: FailedKey, journal: Bytes) -> Answer<bool>;

    /// Forgets a failed effect or input. False if it is no longer there.
    async fn failed_drop(&self, key: FailedKey, journal: Bytes) -> Answer<bool>;

    /// Stores a version's content under its id.
    async fn put_version(&self, id: VersionId, content: Bytes) -> Answer<()>;

    /// The content of a version.
    async fn get_version(&self, id: VersionId) -> Answer<Option<Bytes>>;

    /// Makes a version the current one of a name, if nothing else was published under it since the publication that this one
    /// builds on. The version is put first. The last `limits::PUBLICATIONS` of each name are kept.
    async fn publish(&self, publish: Publish) -> Answer<Published>;

    /// What is current of each name, by name.
    async fn current(&self) -> Answer<Vec<Current>>;

    /// Publications of a name that were made before this number, the newest first, at most `n`.
    async fn publications(&self, name: &Slug, before: Option<u64>, n: usize) -> Answer<Vec<Kept>>;

    /// A number that grows with every publication of any name: a cheap look whether there is a new one.
    async fn published(&self) -> Answer<u64>;

    /// Live runs on a version.
    async fn live(&self, id: VersionId) -> Answer<i64>;

    /// Every work set that ever held something, also of channels that are no longer configured.
    async fn work_sets(&self) -> Answer<Vec<WorkSet>>;

    /// The store's own facts, made once at first use. Refuses a store of another layout.
    async fn meta(&self) -> Answer<Meta>;

    /// What an engineer should know about this store: for `doctor` and for the start.
    async fn check(&self) -> Answer<Vec<Finding>>;

    /// How much waits where. Also notices a journal that is over its limit, after which `accept` refuses.
    async fn depths(&self) -> Answer<Depths>;

    /// Everything about one contact, for people and tests.
    async fn inspect(&self, contact: ContactKey) -> Answer<Option<Inspection>>;

    /// Deletes a contact and what the store has of it, if its record is at the token. What was seen stays seen.
    async fn forget(&self, forget: Forget) -> Answer<Forgot>;

    /// What of a contact waits in lanes of its own. Looks through all that waits: for a deletion, not for every day.
    async fn own_lanes(&self, contact: ContactKey) -> Answer<Vec<Outgoing>>;

    /// Keeps where the person behind an address opted out, whatever becomes of the contact; `NONE` keeps nothing more. A contact that
    /// begins under this address begins with it.
    async fn suppress(&self, address: ContactKey, stop: StopMask) -> Answer<()>;

    /// Where the person behind an address opted out before their contact was deleted.
    async fn suppressed(&self, address: ContactKey) -> Answer<StopMask>;

    /// Changes what the suppression list has of an address, if that is still what the caller read. At most `limits::SUPPRESSIONS` addresses.
    async fn list_change(&self, change: ListChange) -> Answer<ListChanged>;

    /// What the suppression list has of an address.
    async fn list_find(&self, address: ContactKey) -> Answer<Option<Bytes>>;

    /// What the suppression list has, the last change first, below a number.
    async fn list_page(&self, before: Option<u64>, n: usize) -> Answer<Vec<ListItem>>;

    /// Addresses on the suppression list that were changed after this number, in the order of their last change.
    async fn list_after(&self, after: u64, n: usize) -> Answer<Vec<(u64, ContactKey)>>;

    /// How far the suppression list has come.
    async fn list_mark(&self) -> Answer<ListMark>;

    /// Stops work on a contact that is to be moved into another one. Inputs are still accepted, and wait.
    async fn freeze(&self, freeze: Freeze) -> Answer<Frozen>;

    /// Takes these inputs as seen by a contact, and reports on these effects as awaited by it, if it is there.
    async fn remember(&self, contact: ContactKey, seen: Vec<DedupeHash>, awaited: Vec<EffectId>) -> Answer<()>;

    /// Ends the move of a contact if nothing is left in its mailbox: from then on it is a stub that leads to the other one.
    async fn flip(&self, flip: Flip) -> Answer<Flipped>;

    /// Lets an address at which nobody is lead to a contact.
    async fn link(&self, address: ContactKey, to: ContactKey) -> Answer<Linked>;

    /// Ends that, if it leads there: the stub stays until all that was seen is forgotten, so that a message which comes again through it
    /// is known. `link` makes it stay for good again.
    async fn unlink(&self, address: ContactKey, to: ContactKey) -> Answer<()>;

    /// Writes what there is anew, so that nothing is left on the disk of what was deleted. May take long, and goes on by itself where the
    /// store does it beside its work.
    async fn compact(&self) -> Answer<()>;

    /// The store's clock.
    async fn now(&self) -> Answer<Millis>;
}
