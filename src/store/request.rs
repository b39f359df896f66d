//! What is asked of a store. Everything is typed here, before it goes to a script that cannot be undone half-way.

use super::answer::Permits;
use super::lane::{Lane, LaneKey, StopMask, WorkSet};
use super::view::JournalId;
use super::{Answer, StoreError};
use crate::domain::id::{ContactKey, DedupeHash, EffectId, InputId, Token, VersionId, Who};
use crate::domain::input::Class;
use crate::domain::limits;
use crate::domain::time::{Millis, Span};
use bytes::Bytes;

/// An input from outside.
#[derive(Debug, Clone)]
pub struct Accept {
    /// For whom.
    pub contact: ContactKey,
    /// What makes it the same input when it is delivered again.
    pub hash: DedupeHash,
    /// Whether it waits behind a pending call.
    pub class: Class,
    /// Its id.
    pub id: InputId,
    /// The input, encoded.
    pub body: Bytes,
    /// Whether this instance would process it now. False when it is overloaded or stopping.
    pub claim: bool,
    /// What becomes of it if the mailbox is full.
    pub full: WhenFull,
    /// Whether it is only for a contact that is there: it begins none.
    pub known: bool,
}

/// What becomes of an input for which the mailbox has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// It goes into the journal, is known from then on and never comes into the mailbox: its sender is answered as if it were stored.
    /// For providers, who would switch off a webhook that refuses what one person floods it with.
    Drop,
    /// Nothing of it is kept, not even that it came: its sender is told, and the same input may come again.
    Refuse,
    /// It has room in any case: it was accepted elsewhere before.
    Take,
}

/// One turn.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Whose.
    pub contact: ContactKey,
    /// The token that the turn was computed on.
    pub expect: Token,
    /// The token that it leads to.
    pub new: Token,
    /// Whether a call is pending afterwards: then only priority inputs are handed out.
    pub hold: bool,
    /// The inputs that it consumed, in order, at most `limits::INPUTS_PER_CLAIM`.
    pub consumed: Vec<InputId>,
    /// Those of them that could not be processed: kept visibly for an operator.
    pub set_aside: Vec<InputId>,
    /// When the contact must be looked at without a new input; in the future.
    pub alarm: Option<Millis>,
    /// The journal entry, encoded.
    pub journal: Bytes,
    /// The new record, encoded.
    pub blob: Bytes,
    /// Whether the worker goes on with what else is in the mailbox.
    pub keep: bool,
    /// Fresh for this call, and the same when it is repeated.
    pub who: Who,
    /// Where the contact has opted out.
    pub stop: StopMask,
    /// Effects, at most one push for each lane.
    pub lanes: Vec<LanePush>,
    /// Messages of the contact's lane that are given up, at most `limits::EFFECTS_PER_COMMIT`: those that nobody has begun, or
    /// whose last attempt surely sent nothing, leave the lane; the others stay.
    pub withdraw: Vec<Withdrawal>,
    /// Effects whose delivery a run awaits from now on.
    pub await_add: Vec<EffectId>,
    /// Effects whose delivery is no longer awaited.
    pub await_remove: Vec<EffectId>,
    /// Changes of the number of live runs, by version.
    pub live: Vec<(VersionId, i64)>,
}

impl Commit {
    /// Whether it can be written whole: a script that has begun to write cannot be undone, so its caller looks first.
    pub fn check(&self) -> Answer<()> {
        let refuse = |what: String| Err(StoreError::Bug(format!("a commit {what}")));
        if self.consumed.len() > limits::EFFECTS_PER_COMMIT {
            return refuse(format!("that consumes {} inputs", self.consumed.len()));
        }
        if self.set_aside.iter().any(|id| !self.consumed.contains(id)) {
            return refuse("that sets an input aside and does not consume it".to_owned());
        }
        for (i, push) in self.lanes.iter().enumerate() {
            if push.effects.is_empty() || push.effects.len() > limits::EFFECTS_PER_COMMIT {
                return refuse(format!("with {} effects for one lane", push.effects.len()));
            }
            if self.lanes[..i].iter().any(|other| other.lane == push.lane) {
                return refuse("with one lane twice".to_owned());
            }
            if push.effects.iter().any(|effect| effect.body.len() > limits::EFFECT_BYTES) {
                return refuse(format!("with an effect above {} bytes", limits::EFFECT_BYTES));
            }
        }
        if self.withdraw.len() > limits::EFFECTS_PER_COMMIT {
            return refuse(format!("that gives up {} effects", self.withdraw.len()));
        }
        if self.blob.len() > limits::RECORD_BYTES {
            return refuse(format!("with a record of {} bytes", self.blob.len()));
        }
        Ok(())
    }
}

/// A message that is given up if it has not left.
#[derive(Debug, Clone)]
pub struct Withdrawal {
    /// The effect.
    pub id: EffectId,
    /// The journal entry, encoded; written only if it did not leave.
    pub journal: Bytes,
    /// An input that the contact then gets.
    pub reply: Option<(InputId, Bytes)>,
}

/// Effects for the end of one lane.
#[derive(Debug, Clone)]
pub struct LanePush {
    /// The lane.
    pub lane: Lane,
    /// The earliest moment for its first effect, if the lane was empty. In the past means now.
    pub due: Millis,
    /// Whether the committer starts the first one itself if the lane was empty and it is due.
    pub take: bool,
    /// In order, 1 to `limits::EFFECTS_PER_COMMIT`.
    pub effects: Vec<NewEffect>,
}

impl LanePush {
    /// Whether what lies in the lane before it, and gives way to conversations, gives way no more: a conversation follows, or a move to another contact.
    pub(super) fn hurries(&self) -> bool {
        self.lane == Lane::Contact && self.effects.iter().any(|effect| matches!(effect.set, WorkSet::Talk(_) | WorkSet::Move))
    }
}

/// An effect that was decided.
#[derive(Debug, Clone)]
pub struct NewEffect {
    /// Its id.
    pub id: EffectId,
    /// Where it waits when it is the head of its lane. One lane may cross sets: first SMS, then WhatsApp.
    pub set: WorkSet,
    /// The effect, encoded.
    pub body: Bytes,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettleResult {
    /// The provider took it: true whoever says so, however late.
    Done,
    /// Surely not sent, try again. Only after an attempt that was itself sure.
    Retry {
        /// When.
        due: Millis,
    },
    /// Perhaps sent, or an earlier attempt was: try again as the channel's policy says.
    RetryUnsure {
        /// When.
        due: Millis,
    },
    /// Given up, visibly.
    Failed,
    /// A delivery report: the provider has it. True like `Done`, and of what is listed as failed as well: it is listed no longer.
    Arrived,
    /// A delivery report: the provider had it and gave it up. True of what was begun; of what surely did not leave it is no news.
    Ended,
}

/// The end of an attempt.
#[derive(Debug, Clone)]
pub struct Settle {
    /// The lane.
    pub lane: LaneKey,
    /// The set of the effect, as far as known: the store looks for itself where it is wrong.
    pub set: WorkSet,
    /// The effect.
    pub id: EffectId,
    /// Its attempt, as it was started. Means nothing for `Done`.
    pub attempt: u8,
    /// How it ended.
    pub result: SettleResult,
    /// The journal entry, encoded.
    pub journal: Bytes,
    /// An input that this end gives the contact: a call's result.
    pub reply: Option<(InputId, Bytes)>,
    /// The sets for which the caller can start the next effect now (permit, free slot). Empty: take nothing.
    pub take: Vec<WorkSet>,
    /// How long the lane rests before an effect that was not taken.
    pub gap: Span,
    /// Fresh for this call, and the same when it is repeated.
    pub who: Who,
    /// With `Retry`, if it is surely not sent: the effect that takes its place under its id, and where that waits.
    pub instead: Option<(WorkSet, Bytes)>,
}

/// A delivery report.
#[derive(Debug, Clone)]
pub struct Report {
    /// For whom.
    pub contact: ContactKey,
    /// The name under which it is awaited: the effect, or `EffectId::every_report` of it.
    pub effect: EffectId,
    /// The journal entry, encoded.
    pub journal: Bytes,
    /// The input for a run that awaits the effect; not used when none does.
    pub wake: Option<Wake>,
}

/// An input that only counts when it is awaited.
#[derive(Debug, Clone)]
pub struct Wake {
    /// What makes it the same input when it is delivered again.
    pub hash: DedupeHash,
    /// Its id.
    pub id: InputId,
    /// The input, encoded.
    pub body: Bytes,
}

/// What permits are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Traffic {
    /// Conversations: as many as the rate gives.
    Talk,
    /// Broadcasts: what conversations leave of it, and at least `limits::BULK_SHARE` of it.
    Bulk,
}

/// How full a channel's bucket is: times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Bucket {
    /// When it will be full again.
    pub full_at: f64,
    /// When broadcasts have waited so long for a permit that one is theirs.
    pub theirs_at: f64,
}

/// A channel's rate: a bucket that fills evenly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Permits in a second; taken as at least one in 1,000 seconds.
    pub per_second: f64,
    /// Permits that may be taken at once after a rest; taken as at least 1.
    pub burst: u32,
}

impl Rate {
    /// Milliseconds from one permit to the next.
    pub fn step_millis(self) -> f64 {
        let rate = if self.per_second.is_finite() { self.per_second } else { 1e6 };
        1000.0 / rate.clamp(0.001, 1e6)
    }

    /// The half of the burst that broadcasts leave alone: a reply finds a permit however much they have to send.
    pub fn left_to_bulk(self) -> Self {
        Rate { burst: (self.burst - self.burst / 2).max(1), ..self }
    }

    /// Takes up to `want` permits from a bucket.
    pub(super) fn take_for(self, traffic: Traffic, now: Millis, bucket: Bucket, want: u32) -> (Permits, Bucket) {
        if traffic == Traffic::Talk {
            let (permits, full_at) = self.take(now, bucket.full_at, want);
            return (permits, Bucket { full_at, ..bucket });
        }
        let at = now.0 as f64;
        // A clock that was set back does not make them wait for longer than their share.
        let share = self.step_millis() * f64::from(limits::BULK_SHARE);
        let theirs_at = bucket.theirs_at.min(at + share);
        let (permits, full_at) = self.left_to_bulk().take(now, bucket.full_at, want);
        if permits.granted > 0 {
            return (permits, Bucket { full_at, theirs_at: at + share });
        }
        if want > 0 && theirs_at <= at {
            // Conversations take all that there is: this one is taken before its time, and they wait for it.
            let full_at = full_at.max(at) + self.step_millis();
            return (Permits { granted: 1, wait: Span(0) }, Bucket { full_at, theirs_at: at + share });
        }
        let wait = Span(permits.wait.0.min((theirs_at - at).ceil() as i64).max(0));
        (Permits { granted: 0, wait }, Bucket { full_at, theirs_at })
    }

    /// Takes up to `want` permits from a bucket that will be full again at `full_at`; gives them and the new `full_at` (GCRA).
    fn take(self, now: Millis, full_at: f64, want: u32) -> (Permits, f64) {
        let (step, burst, now) = (self.step_millis(), f64::from(self.burst.max(1)), now.0 as f64);
        let full_at = full_at.max(now);
        let free = ((now + burst * step - full_at) / step + 1e-9).floor();
        let granted = free.clamp(0.0, f64::from(want));
        if granted > 0.0 {
            return (Permits { granted: granted as u32, wait: Span(0) }, full_at + granted * step);
        }
        let wait = (full_at - now - (burst - 1.0) * step).ceil().max(0.0);
        (Permits { granted: 0, wait: Span(wait as i64) }, full_at)
    }
}

/// A move of a subscriber's cursor.
#[derive(Debug, Clone)]
pub struct Advance {
    /// The shard.
    pub shard: u8,
    /// The subscriber.
    pub subscriber: String,
    /// Where it stands, as the caller thinks.
    pub from: JournalId,
    /// Where it goes: the last entry that is done.
    pub to: JournalId,
    /// Whether the journal may be trimmed behind it.
    pub guard: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(effect_bytes: usize, effects: usize, record_bytes: usize, consumed: usize) -> Commit {
        let contact = ContactKey::derive(b"s", "a");
        let effect = |i| NewEffect { id: Token(1).effect(i), set: WorkSet::Call, body: Bytes::from(vec![0; effect_bytes]) };
        Commit {
            contact,
            expect: Token(1),
            new: Token(2),
            hold: false,
            consumed: (0..consumed as u64).map(InputId).collect(),
            set_aside: Vec::new(),
            alarm: None,
            journal: Bytes::new(),
            blob: Bytes::from(vec![0; record_bytes]),
            keep: false,
            who: Who(1),
            stop: StopMask::default(),
            lanes: vec![LanePush {
                lane: Lane::Contact,
                due: Millis(0),
                take: false,
                effects: (0..effects).map(effect).collect(),
            }],
            withdraw: Vec::new(),
            await_add: Vec::new(),
            await_remove: Vec::new(),
            live: Vec::new(),
        }
    }

    #[test]
    fn a_commit_is_bounded_at_each_of_its_limits() {
        let (bytes, effects, record) = (limits::EFFECT_BYTES, limits::EFFECTS_PER_COMMIT, limits::RECORD_BYTES);
        assert!(commit(bytes, 1, 0, 1).check().is_ok());
        assert!(commit(bytes + 1, 1, 0, 1).check().is_err());
        assert!(commit(0, effects, 0, 1).check().is_ok());
        assert!(commit(0, effects + 1, 0, 1).check().is_err());
        assert!(commit(0, 1, record, 1).check().is_ok());
        assert!(commit(0, 1, record + 1, 1).check().is_err());
    }
}
