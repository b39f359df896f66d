//! How the records of two contacts become one: who the person is, what they wanted, and what was under way with them. What the contact
//! that stays says of itself counts; the other fills gaps. Only what may be said to them counts the other way round: the no of either.

use super::{Heard, Preference, Record, Waiting};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{EffectId, RunId};
use crate::domain::limits;
use crate::domain::time::Millis;

/// What came of it beside the record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TakenIn {
    /// Runs of the other contact whose open question waits now.
    pub paused: Vec<RunId>,
    /// Runs and starts for which there is no room any more, the oldest of the other contact first. Still among the runs.
    pub surplus: Vec<RunId>,
    /// Messages whose fate is no longer waited for: there were too many.
    pub untracked: Vec<EffectId>,
}

fn fill<T>(mine: &mut Option<T>, theirs: Option<T>) {
    if mine.is_none() {
        *mine = theirs;
    }
}

impl Record {
    /// Takes another contact in. Both clocks are the store's.
    pub fn take_in(&mut self, mut other: Record, now: Millis) -> TakenIn {
        let mut out = TakenIn::default();
        self.gave_up_too(&mut other);
        let said_no = ChannelKind::ALL.map(|kind| (kind, (self.said_no(kind), other.said_no(kind))));
        self.consent = self.consent_with(&other);
        // A no to all marketing ends every topic, on whichever side it was said.
        let mine = self.topics.clone();
        for (kind, (my_no, their_no)) in said_no {
            if their_no {
                self.wants_only_topics(kind, &other.topics);
            }
            if my_no {
                other.wants_only_topics(kind, &mine);
            }
        }
        self.stop |= other.stop;
        self.consent &= !self.stop;
        for no in other.withdrew {
            match self.withdrew.iter_mut().find(|mine| mine.kind == no.kind) {
                Some(mine) => mine.at = mine.at.max(no.at),
                None => self.withdrew.push(no),
            }
        }
        for preference in other.topics {
            self.prefers_too(preference);
        }
        for name in other.private {
            if !self.private.contains(&name) {
                self.private.push(name);
            }
        }
        fill(&mut self.phone, other.phone);
        fill(&mut self.user_id, other.user_id);
        if self.email.is_none() {
            (self.email, self.dead) = (other.email, other.dead);
        } else if self.email == other.email {
            // A mail address is dead for whoever has it.
            fill(&mut self.dead, other.dead);
        }
        fill(&mut self.external, other.external);
        fill(&mut self.verbatim, other.verbatim);
        fill(&mut self.name, other.name);
        fill(&mut self.language, other.language);
        fill(&mut self.timezone, other.timezone);
        for tag in other.tags {
            if !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
        for (name, value) in other.attributes {
            if self.attributes.iter().all(|(mine, _)| *mine != name) {
                self.attributes.push((name, value));
            }
        }
        for heard in other.heard {
            self.heard_too(heard);
        }
        self.last = self.last.max(other.last);
        self.rate = if other.rate.0 > self.rate.0 { other.rate } else { self.rate };
        for question in other.unanswered {
            if self.unanswered.iter().all(|mine| mine.flow != question.flow) && self.unanswered.len() < limits::LATE_QUESTIONS {
                self.unanswered.push(question);
            }
        }
        let question = self.runs.iter().any(|run| run.question().is_some());
        let mine = self.runs.len();
        for mut run in other.runs {
            if question && run.question().is_some() {
                let waiting = std::mem::replace(&mut run.waiting, Waiting::Turn);
                run.waiting = match waiting {
                    Waiting::Reply(question) => Waiting::Paused { question, since: now },
                    waiting => waiting,
                };
                out.paused.push(run.id);
            }
            self.runs.push(run);
        }
        let over = self.runs.len().saturating_sub(limits::RUNS_PER_CONTACT);
        out.surplus = self.runs[mine..].iter().take(over).map(|run| run.id).collect();
        self.runs.sort_by_key(|run| run.begun);
        self.waiting.extend(other.waiting);
        self.waiting.sort_by_key(|waiting| waiting.since);
        self.callbacks.extend(other.callbacks);
        self.given_up.extend(other.given_up);
        self.errands.extend(other.errands);
        self.tracked.extend(other.tracked);
        self.tracked.sort_by_key(|message| message.at);
        let many = self.tracked.len().saturating_sub(limits::TRACKED);
        out.untracked = self.tracked.drain(..many).map(|message| message.effect).collect();
        self.desks.extend(other.desks);
        self.recent.extend(other.recent);
        self.recent.sort_by_key(|recent| recent.at);
        let many = self.recent.len().saturating_sub(limits::RECENT_MESSAGES);
        self.recent.drain(..many);
        self.marketing.extend(other.marketing);
        self.marketing.sort_unstable();
        let many = self.marketing.len().saturating_sub(usize::from(limits::MARKETING_CAP));
        self.marketing.drain(..many);
        self.acts.extend(other.acts);
        let many = self.acts.len().saturating_sub(limits::PERSON_ACTS);
        self.acts.drain(..many);
        self.simulated &= other.simulated;
        // Whoever is of test in part is of test.
        self.test |= other.test;
        for contact in other.merged {
            self.leads_here(contact);
        }
        out
    }

    /// Addresses that one of them gave up. What the other has now was not given up for somebody else; and an id that one of them gave up is not how
    /// both are reached.
    fn gave_up_too(&mut self, other: &mut Record) {
        for phone in [&self.phone, &other.phone].into_iter().flatten().cloned().collect::<Vec<_>>() {
            let phone = Address::Phone(phone);
            self.has_again(&phone);
            other.has_again(&phone);
        }
        for phone in std::mem::take(&mut other.left) {
            if !self.left.contains(&phone) && self.left.len() < limits::NUMBERS_LEFT {
                self.left.push(phone);
            }
        }
        let gone = |record: &Record, id: &Option<String>| id.as_deref().is_some_and(|id| record.gave_up_id(id));
        if gone(self, &other.user_id) {
            other.user_id = None;
        }
        if other.user_id.is_some() && gone(other, &self.user_id) {
            self.user_id = None;
        }
        let id = self.user_id.clone().or_else(|| other.user_id.clone()).map(Address::Bsuid);
        for former in std::mem::take(&mut other.former) {
            if id.as_ref() != Some(&former.address) && self.former.iter().all(|mine| mine.address != former.address) {
                self.former.insert(0, former);
            }
        }
        self.bound_former();
    }

    /// A yes to marketing counts if both said it, or one did and the other never said no: nobody knows when a yes was said, so an older
    /// no of the other cannot be told from a newer one.
    fn consent_with(&self, other: &Record) -> u8 {
        let agreed = |kind: &ChannelKind| {
            let bit = kind.stop_bit();
            (self.consent | other.consent) & bit != 0 && !self.said_no(*kind) && !other.said_no(*kind)
        };
        ChannelKind::ALL.into_iter().filter(agreed).fold(0, |bits, kind| bits | kind.stop_bit())
    }

    /// Whether the last word on all marketing over this kind of channel was a no.
    fn said_no(&self, kind: ChannelKind) -> bool {
        self.is_stopped(kind) || self.consent & kind.stop_bit() == 0 && self.refused(kind)
    }

    /// Of a topic too the no of either counts.
    fn prefers_too(&mut self, other: Preference) {
        let Some(mine) = self.topics.iter_mut().find(|mine| mine.topic == other.topic) else {
            self.topics.push(other);
            return;
        };
        for no in other.no {
            match mine.no.iter_mut().find(|known| known.kind == no.kind) {
                Some(known) => known.at = known.at.max(no.at),
                None => mine.no.push(no),
            }
        }
        let refused = mine.no.iter().fold(0, |bits, no| bits | no.kind.stop_bit());
        mine.yes = (mine.yes | other.yes) & !refused;
    }

    fn heard_too(&mut self, heard: Heard) {
        match self.heard.iter().position(|mine| mine.channel == heard.channel) {
            Some(place) if self.heard[place].at >= heard.at => {}
            Some(place) => drop(std::mem::replace(&mut self.heard[place], heard)),
            None => self.heard.push(heard),
        }
        // The last stands last: of two that were heard in the same millisecond it is the one that was used last.
        self.heard.sort_by_key(|heard| heard.at);
    }

    /// An address that leads to this contact.
    pub(in crate::engine) fn leads_here(&mut self, contact: crate::domain::id::ContactKey) {
        if !self.merged.contains(&contact) && self.merged.len() < limits::MERGED {
            self.merged.push(contact);
        }
    }
}
