//! Two contacts become one: what each of them says to the steps, and what the one that stays makes of the other's record.

use super::effect::{Effect, Moving};
use super::fault::Fault;
use super::record::Record;
use super::turn::TurnError;
use super::turning::Turning;
use super::weight::value_bytes;
use crate::domain::channel::ChannelKind;
use crate::domain::codec::DecodeError;
use crate::domain::id::{ContactKey, EffectId, RunId};
use crate::domain::journal::{AlertLevel, Event};
use crate::domain::limits;
use crate::domain::merge::{Blob, Merge};
use crate::domain::name::Name;
use crate::domain::value::Value;

/// The answer to whoever asks under a second name for a contact that is coming to them already. It is no refusal.
const ON_ITS_WAY: &str = "it is on its way under another name";

impl Turning<'_> {
    /// One step.
    pub(super) fn merge(&mut self, step: &Merge) -> Result<(), TurnError> {
        match step {
            Merge::Take { from, by } => self.asks_for(*from, by),
            Merge::Come { into, asked, simulated, test } => self.come(*into, *asked, (*simulated, *test)),
            Merge::Refused { asked, why } => {
                if self.comes_no_more(*asked) && why != ON_ITS_WAY {
                    self.warn(format!("A contact did not become part of this one: {why}"));
                }
                Ok(())
            }
            Merge::Again => {
                if let (Some(into), Some(asked)) = (self.rec.leaving, self.rec.asked_as) {
                    self.executor(Moving::Go { into, asked });
                }
                Ok(())
            }
            Merge::Stay { why } => {
                if self.rec.leaving.take().is_some() {
                    self.rec.asked_as = None;
                    self.warn(format!("The contact did not become part of another: {why}"));
                }
                Ok(())
            }
            Merge::Linked { address, stop } => {
                self.comes_no_more(*address);
                if *address != self.contact {
                    self.rec.leads_here(*address);
                }
                // What was said under that address is said for all of this contact: it ends what is under way and every older yes.
                for kind in ChannelKind::ALL.into_iter().filter(|kind| stop & kind.stop_bit() != 0) {
                    if !self.rec.is_stopped(kind) {
                        self.stop_kind(kind, "merged");
                    }
                }
                Ok(())
            }
            Merge::Left { phone } => {
                self.number_left(phone);
                Ok(())
            }
            Merge::Arrived { from, asked, record, awaited } => self.came_here(*from, *asked, record, awaited),
        }
    }

    fn warn(&mut self, say: String) {
        self.alert(None, say, AlertLevel::Warning);
    }

    /// Attributes of both that no record has room for: the largest of the one that goes are left out. Were they found when the turn is
    /// written, everything else of it would be lost with them.
    fn make_room(&mut self, other: &mut Record) {
        let size = |(name, value): &(Name, Value)| name.as_str().len() + value_bytes(value);
        other.attributes.retain(|(name, _)| self.rec.attributes.iter().all(|(mine, _)| mine != name));
        let mut bytes: usize = self.rec.attributes.iter().chain(&other.attributes).map(size).sum();
        let mut left_out = 0;
        while bytes > limits::RECORD_BYTES * 3 / 4 {
            let largest =
                other.attributes.iter().enumerate().max_by_key(|(_, attribute)| size(attribute)).map(|(place, _)| place);
            let Some(place) = largest else { break };
            bytes -= size(&other.attributes.remove(place));
            left_out += 1;
        }
        if left_out > 0 {
            self.warn(format!("Two contacts became one; there was no room for {left_out} attributes of the one that went"));
        }
    }

    /// A step for the executor. There is room for it whatever else the turn does.
    fn executor(&mut self, moving: Moving) {
        if let Err(Fault::Run(why)) = self.effect(Effect::Move(Box::new(moving))) {
            self.warn(format!("Two contacts did not become one: {why}"));
        }
    }

    fn comes_no_more(&mut self, asked: ContactKey) -> bool {
        let before = self.rec.coming.len();
        self.rec.coming.retain(|coming| *coming != asked);
        self.rec.coming.len() < before
    }

    fn asks_for(&mut self, from: ContactKey, by: &str) -> Result<(), TurnError> {
        let refuse = |turning: &mut Self, why: &str| turning.warn(format!("A contact did not become part of this one: {why}"));
        let again = self.rec.coming.contains(&from);
        // Of one that is coming nobody knows how far it is: it is asked again, and its answer ends it whatever happened.
        if from == self.contact || !again && self.rec.merged.contains(&from) {
            self.note(None, "the other contact is part of this one");
        } else if self.rec.leaving.is_some() {
            refuse(self, "this one is just becoming part of another itself");
        } else if self.rec.board.is_some() || !self.rec.clock.is_plain() {
            refuse(self, "one of them has a clock of its own, or is a team");
        } else if !again && self.rec.merged.len() + self.rec.coming.len() >= limits::MERGED {
            refuse(self, &format!("{} contacts are part of it already", limits::MERGED));
        } else {
            if !again {
                self.rec.coming.push(from);
                self.note(None, format!("another contact is to become part of this one: {by}"));
            }
            let (simulated, test) = (self.is_simulated(), self.rec.test);
            self.executor(Moving::Invite { from, simulated, test });
        }
        Ok(())
    }

    fn is_simulated(&self) -> bool {
        self.rec.test || super::clock::is_simulated(self.rec, self.project)
    }

    fn come(&mut self, into: ContactKey, asked: ContactKey, (simulated, test): (bool, bool)) -> Result<(), TurnError> {
        if into == self.contact || self.rec.merged.contains(&into) {
            // It was asked by a name that leads to itself, or by somebody who is part of it by now.
            self.comes_no_more(asked);
            self.rec.leads_here(asked);
            return Ok(());
        }
        let why = match self.rec.leaving {
            // Asked again: it is on its way, and its end is told under the name by which it was asked first.
            Some(other) if other == into && self.rec.asked_as.is_none_or(|first| first == asked) => return Ok(()),
            Some(other) if other == into => ON_ITS_WAY,
            Some(_) => "it is just becoming part of another",
            None if !self.rec.coming.is_empty() => "another contact is just becoming part of it",
            None if self.rec.board.is_some() || !self.rec.clock.is_plain() => "it has a clock of its own, or is a team",
            None if self.rec.test != test => "one of them is a test contact and the other is not",
            None if self.is_simulated() != simulated => "one of them is simulated and the other is not",
            None => {
                (self.rec.leaving, self.rec.asked_as) = (Some(into), Some(asked));
                self.note(None, "the contact is about to become part of another");
                self.executor(Moving::Go { into, asked });
                return Ok(());
            }
        };
        self.executor(Moving::Refuse { to: into, asked, why: why.to_owned() });
        Ok(())
    }

    fn came_here(&mut self, from: ContactKey, asked: ContactKey, record: &Blob, awaited: &[EffectId]) -> Result<(), TurnError> {
        // It is still coming: what waits in its mailbox is on the way, and the end of that is a `Linked`.
        let mut other = match Record::decode(&record.0) {
            Ok(record) => record,
            // It began nothing yet.
            Err(DecodeError::Broken(_)) if record.0.is_empty() => Record::default(),
            Err(_) => return Err(TurnError::Damaged("the record of a contact that becomes part of this one")),
        };
        (other.leaving, other.asked_as) = (None, None);
        // Its own names before all others by which it was known: by them it is found when this contact is deleted.
        self.rec.leads_here(from);
        self.rec.leads_here(asked);
        self.make_room(&mut other);
        for (version, n) in other.live() {
            self.count_live(version, n);
        }
        // STOP ends what is under way, on whichever side it was said.
        for kind in ChannelKind::ALL {
            if other.is_stopped(kind) && !self.rec.is_stopped(kind) {
                self.stop_kind(kind, "merged");
            }
        }
        let stopped = self.rec.stop & !other.stop != 0;
        let mut ended: Vec<RunId> = Vec::new();
        if stopped {
            ended.extend(other.runs.iter().map(|run| run.id));
            other.errands.clear();
            other.unanswered.clear();
            for waiting in std::mem::take(&mut other.waiting) {
                self.count_live(waiting.version, -1);
            }
        }
        let taken = self.rec.take_in(other, self.now);
        self.forget_zone();
        self.journal(Event::TookIn { from });
        for id in taken.paused {
            self.drop_awaited(id, false);
            self.note(Some(id), "its question is put aside");
        }
        let untracked = |id: &EffectId| taken.untracked.iter().any(|gone| gone == id || gone.every_report() == *id);
        // The executor took all of it as awaited before this turn, so that no report is missed in between.
        let (gone, waits): (Vec<EffectId>, Vec<EffectId>) = awaited.iter().copied().partition(untracked);
        self.out.await_add.extend(waits);
        self.out.await_remove.extend(gone);
        for id in taken.surplus {
            if let Some(place) = self.place_of(id) {
                let run = self.rec.runs.remove(place);
                self.end_run(run, "interrupted", "two contacts became one, with more runs than a contact may have".to_owned());
            }
        }
        while self.rec.waiting.len() > limits::WAITING_STARTS {
            if let Some(waiting) = self.rec.waiting.pop() {
                self.count_live(waiting.version, -1);
            }
        }
        for id in ended {
            if let Some(place) = self.place_of(id) {
                let run = self.rec.runs.remove(place);
                self.end_run(run, "opted_out", "the contact that it became part of had opted out".to_owned());
            }
        }
        Ok(())
    }
}
