//! What should have been begun long ago and was not: which contact or lane, since when, and why, as far as this instance can tell.

use super::core::Core;
use super::failed::about_effect;
use crate::domain::codec;
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::time::{Millis, Span};
use crate::engine::record::Record;
use crate::store::{Answer, Inspection, Lane, Outgoing, Overdue, Place, WorkSet};

/// Something that is stuck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// The contact.
    pub contact: ContactKey,
    /// Since when it could have been begun.
    pub since: Millis,
    /// The head of one of its lanes; nothing: the contact itself should have been looked at.
    pub head: Option<Head>,
    /// Why.
    pub why: Why,
}

/// The head of a lane that is stuck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Where it waits.
    pub set: WorkSet,
    /// What it is: message, call, post …
    pub kind: &'static str,
    /// The same in one line, without a person or a text.
    pub about: String,
    /// Attempts that were begun.
    pub attempts: u8,
    /// What waits in the lane, itself included.
    pub behind: usize,
}

/// Why something is stuck. What is paused or broken is begun and put off again and again, so it is found here only if nobody even looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nobody has taken it: no instance looks, or none has room.
    NotTaken,
    /// This instance has no such channel.
    NoChannel,
    /// Somebody paused the channel.
    Paused,
    /// The provider flagged the channel's number: broadcasts wait.
    Flagged,
    /// The channel's provider is left alone, because it failed again and again.
    Broken,
    /// The channel has sent its day.
    DayUsedUp,
    /// Broadcasts get what conversations leave of the channel's rate.
    GivesWay,
    /// The channel's rate is used up, or its provider said "too fast".
    Rate,
    /// A turn of the contact was begun again and again, and never ended.
    Dies,
    /// A newer release wrote the contact's record.
    Newer,
}

/// Claims after which a turn counts as one that never ends.
const TRIES: u8 = 4;
/// What is overdue that is looked at, in whichever mode: what is of the other one must not hide what is asked for.
const LOOKED: usize = 1_000;

impl Core {
    /// What of contacts of this mode could have been begun for longer than `older` and was not: the oldest first, at most `n`,
    /// of the thousand that are the oldest in both modes.
    pub async fn stuck(&self, mode: Mode, older: Span, n: usize) -> Answer<Vec<Stuck>> {
        let mut sets = self.work_sets();
        for set in self.store.work_sets().await? {
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
        let before = self.store.now().await? - older;
        let mut found = Vec::new();
        for overdue in self.store.overdue(&sets, before, LOOKED.max(n)).await? {
            if found.len() >= n {
                break;
            }
            // Begun or deleted meanwhile.
            let Some(seen) = self.store.inspect(overdue.contact).await? else { continue };
            if !matches!(seen.place, Place::Moved(_)) && mode_of(&seen) == mode {
                found.extend(self.explained(overdue, &seen).await?);
            }
        }
        Ok(found)
    }

    async fn explained(&self, overdue: Overdue, seen: &Inspection) -> Answer<Option<Stuck>> {
        let Overdue { since, contact, lane } = overdue;
        let Some((lane, set)) = lane else {
            let why = match seen.record.tries {
                TRIES.. => Why::Dies,
                _ if matches!(Record::decode(&seen.record.blob), Err(codec::DecodeError::Newer(_))) => Why::Newer,
                _ => Why::NotTaken,
            };
            return Ok(Some(Stuck { contact, since, head: None, why }));
        };
        let own: Vec<Outgoing>;
        let waits: &[Outgoing] = match lane {
            Lane::Contact => &seen.lane,
            Lane::Own(effect) => {
                own = self.store.own_lanes(contact).await?.into_iter().filter(|one| one.id == effect).collect();
                &own
            }
        };
        let Some(head) = waits.first() else { return Ok(None) };
        let (kind, about) = about_effect(&head.body);
        let why = self.why_stuck(&set);
        let head = Head { set, kind, about, attempts: head.attempts, behind: waits.len() };
        Ok(Some(Stuck { contact, since, head: Some(head), why }))
    }

    fn why_stuck(&self, set: &WorkSet) -> Why {
        let (WorkSet::Talk(name) | WorkSet::Bulk(name)) = set else { return Why::NotTaken };
        let Some(channel) = self.channel(name) else { return Why::NoChannel };
        let used_up = || {
            let used = self.channel_day(name).map_or(0, |day| day.used);
            channel.policy.per_day.is_some_and(|most| used >= most)
        };
        let bulk = matches!(set, WorkSet::Bulk(_));
        if self.is_paused(name) {
            Why::Paused
        } else if bulk && self.is_flagged(name) {
            Why::Flagged
        } else if self.lines.is_open(name) {
            Why::Broken
        } else if used_up() {
            Why::DayUsedUp
        } else if bulk && channel.rate().is_some() {
            Why::GivesWay
        } else if self.permits.is_short((name, Self::traffic_of(set)), self.clock.monotonic()) {
            Why::Rate
        } else {
            Why::NotTaken
        }
    }
}

fn mode_of(seen: &Inspection) -> Mode {
    match Record::decode(&seen.record.blob) {
        Ok(record) => record.mode(),
        Err(_) => codec::mode_of(&seen.record.blob),
    }
}
