//! What really happened, as the store did it and the provider saw it, whatever became of the answers. Every rule that can be
//! broken by a single step is checked at that step.

mod leaving;
mod publishing;
mod sends;

use bytes::Bytes;
use replyflow::domain::broadcast::{BroadcastId, said_by};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::codec;
use replyflow::domain::id::{ContactKey, EffectId, InputId, VersionId, Who};
use replyflow::domain::input::{Class, Input};
use replyflow::domain::journal::{self, Event};
use replyflow::domain::name::Slug;
use replyflow::store::{
    Accept, Accepted, Claim, Claimed, Commit, Committed, Entry, Lane, LanePush, NewEffect, Report, Reported, SettleResult,
    StopMask, Wake, WorkSet,
};
use std::collections::{BTreeMap, BTreeSet};

/// What a rule says.
pub type Rule = Result<(), String>;

/// One contact.
#[derive(Default)]
pub struct Person {
    /// Inputs that the store took, in order.
    pub accepted: Vec<(InputId, Class)>,
    /// Those of them that the journal must name when they are processed.
    pub told: BTreeSet<InputId>,
    /// The same, whatever an operator had done again.
    pub came: Vec<InputId>,
    /// Inputs that commits consumed, in order.
    pub consumed: Vec<InputId>,
    /// Inputs that could not be processed.
    pub set_aside: BTreeSet<InputId>,
    /// Inputs that the journal names, in order.
    pub heard: Vec<InputId>,
    /// Messages in the order in which they were decided.
    pub lane: Vec<EffectId>,
    /// When the last commit wanted to be woken.
    pub alarm: Option<i64>,
    /// Messages of whose failure a run wants to hear.
    pub awaited: BTreeSet<EffectId>,
    /// Where the person opted out: that stays when they are deleted.
    pub stopped: BTreeSet<ChannelKind>,
    /// Broadcasts that began a run.
    pub broadcasts: BTreeSet<BroadcastId>,
    /// Whether there is a record.
    pub there: bool,
    /// Of whom it is being made, or has become, a part; with the effect that does it.
    pub moving: Option<(ContactKey, EffectId)>,
    pub moved: Option<ContactKey>,
    /// The one that it leads to was deleted.
    pub fading: bool,
    /// What was in the mailbox and is at the other contact.
    pub carried: Vec<(InputId, Class)>,
    /// Inputs that were accepted before the person was deleted: none of them may come back.
    pub erased: BTreeSet<InputId>,
    /// Inputs by which broadcasts came.
    pub fed: BTreeMap<InputId, BroadcastId>,
}

/// An effect that was decided.
pub struct Decided {
    pub contact: ContactKey,
    pub lane: Lane,
    pub set: WorkSet,
    pub kind: Option<ChannelKind>,
    /// Whether the service itself confirms an opt-out with it.
    pub confirmation: bool,
    pub settled: Vec<SettleResult>,
    /// Given up before it left.
    pub withdrawn: bool,
    /// Gone with its contact.
    pub forgotten: bool,
    /// The last time that the store gave it to somebody.
    pub offered: Option<Offer>,
    /// Requests that were written to the other side, and whether each may have been acted on.
    pub writes: Vec<bool>,
    /// Over which channel it left first or may have.
    pub over: Option<String>,
    /// Whether it may ever have arrived, whatever an operator made of it since.
    pub left: bool,
}

impl Decided {
    /// Whether it still stands in its lane.
    pub fn is_open(&self) -> bool {
        self.settled.is_empty() && !self.withdrawn && !self.forgotten
    }
}

/// What the store said when it gave an effect away.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    pub who: Who,
    pub at: i64,
    pub unsure: bool,
    pub stop: StopMask,
}

impl Offer {
    /// Whoever had the effect has it no longer.
    fn end(&mut self) {
        self.at = i64::MIN / 2;
    }
}

/// All of it.
#[derive(Default)]
pub struct Truth {
    pub people: BTreeMap<ContactKey, Person>,
    pub effects: BTreeMap<EffectId, Decided>,
    /// Journal entries that the store took.
    pub journal: Vec<Bytes>,
    pub counts: BTreeMap<String, u64>,
    /// Permits that were given of each channel, all of them and, with their moment, those since the store was opened.
    pub permits: BTreeMap<String, usize>,
    pub permits_since: BTreeMap<String, Vec<(i64, u32)>>,
    /// When messages were written to each contact over the channel that counts them.
    pub to_one: BTreeMap<ContactKey, Vec<i64>>,
    /// Messages that were written to the provider of each channel, and when.
    pub over: BTreeMap<String, Vec<i64>>,
    /// Messages that the provider has.
    pub arrived: BTreeSet<EffectId>,
    /// Calls whose result was given to their contact.
    pub results: BTreeSet<EffectId>,
    /// The last publication of each flow: its number and version, and what it says.
    pub publications: BTreeMap<Slug, (u64, VersionId, Bytes)>,
    /// The task that is polled now.
    pub task: u64,
    /// What the store gave to a task, or to the one that began it.
    holders: BTreeMap<(u64, EffectId), Offer>,
    names: BTreeMap<ContactKey, String>,
}

impl Truth {
    /// A short name for what is told of a run.
    pub fn call(&mut self, contact: ContactKey, name: &str) {
        self.names.insert(contact, name.to_owned());
        self.people.entry(contact).or_default();
    }

    pub fn name(&self, contact: ContactKey) -> String {
        self.names.get(&contact).cloned().unwrap_or_else(|| contact.to_string())
    }

    pub fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    /// The task that is polled now begins another one, which may do what was given to it.
    pub fn begins(&mut self, child: u64) {
        let mine = self.holders.iter().filter(|((task, _), _)| *task == self.task);
        let held: Vec<_> = mine.map(|((_, id), offer)| (*id, *offer)).collect();
        self.holders.extend(held.into_iter().map(|(id, offer)| ((child, id), offer)));
    }

    fn person(&mut self, contact: ContactKey) -> &mut Person {
        self.people.entry(contact).or_default()
    }

    pub fn accepted(&mut self, accept: &Accept, answer: &Accepted) -> Rule {
        match answer {
            Accepted::Queued => {}
            Accepted::Claimed(claim) => self.handed(claim)?,
            Accepted::Duplicate | Accepted::Nobody => return Ok(()),
            Accepted::Moved(to) if self.person(accept.contact).moved == Some(*to) => return Ok(()),
            Accepted::Full | Accepted::Moved(_) => return Err(format!("an input is not taken but {answer:?}")),
        }
        self.took(accept.contact, accept.id, accept.class, &accept.body)
    }

    fn took(&mut self, contact: ContactKey, id: InputId, class: Class, body: &[u8]) -> Rule {
        let person = self.person(contact);
        if person.accepted.iter().any(|(known, _)| *known == id) {
            return Err(format!("the input {id} was accepted twice"));
        }
        if person.erased.contains(&id) {
            return Err(format!("the input {id} brings somebody back who was deleted"));
        }
        if let Some(broadcast) = said_by(body) {
            // Whoever became part of them had it for them.
            if person.fed.values().any(|known| *known == broadcast) {
                return Err(format!("{broadcast} comes again to somebody who has it"));
            }
            person.fed.insert(id, broadcast);
        }
        person.there = true;
        person.came.push(id);
        person.accepted.push((id, class));
        if matches!(codec::decode(body), Ok(Input::Message(_) | Input::Event(_) | Input::Webhook(_))) {
            person.told.insert(id);
        }
        Ok(())
    }

    pub fn claimed(&mut self, answer: &Claimed) -> Rule {
        match answer {
            Claimed::Claimed(claim) => self.handed(claim),
            Claimed::Free | Claimed::Gone => Ok(()),
        }
    }

    /// While a call is pending only what must not wait for it is handed out.
    fn handed(&self, claim: &Claim) -> Rule {
        only_priority(claim.record.held, &claim.inputs)
    }

    pub fn committed(&mut self, commit: &Commit, answer: &Committed) -> Rule {
        let (now, more, started) = match answer {
            Committed::Ok { now, more, started, withdrawn } => {
                self.withdrawn(commit, withdrawn, now.0)?;
                (now.0, more, started)
            }
            Committed::Missing => return Err("a commit consumes an input that is not in the mailbox".to_owned()),
            Committed::Already | Committed::Stale | Committed::Gone => return Ok(()),
        };
        only_priority(commit.hold, more)?;
        if self.person(commit.contact).moving.is_some() {
            return Err("a turn is written for somebody who is being moved".to_owned());
        }
        self.journal.push(commit.journal.clone());
        for id in &commit.consumed {
            self.consumed(commit.contact, *id)?;
        }
        for _ in &commit.set_aside {
            self.count("inputs set aside");
        }
        if commit.consumed.is_empty() {
            self.count("alarms");
        }
        let person = self.person(commit.contact);
        person.set_aside.extend(&commit.set_aside);
        person.awaited.extend(&commit.await_add);
        person.awaited.retain(|id| !commit.await_remove.contains(id));
        person.alarm = commit.alarm.map(|at| at.0);
        for push in &commit.lanes {
            self.hurries(commit.contact, push);
            for effect in &push.effects {
                self.count(&format!("effects for {}", effect.set));
                let decided = Decided {
                    contact: commit.contact,
                    lane: push.lane,
                    set: effect.set.clone(),
                    kind: None,
                    confirmation: false,
                    settled: Vec::new(),
                    withdrawn: false,
                    forgotten: false,
                    offered: None,
                    writes: Vec::new(),
                    over: None,
                    left: false,
                };
                if push.lane == Lane::Contact {
                    self.person(commit.contact).lane.push(effect.id);
                }
                if self.effects.insert(effect.id, decided).is_some() {
                    return Err(format!("the effect {} was decided twice", effect.id));
                }
            }
        }
        self.told(commit)?;
        started.iter().try_for_each(|started| self.offered(started, commit.who, now))
    }

    /// What waits before a message of a conversation, or before a move, gives way no more.
    fn hurries(&mut self, contact: ContactKey, push: &LanePush) {
        let talk = |effect: &NewEffect| matches!(effect.set, WorkSet::Talk(_) | WorkSet::Move);
        if push.lane != Lane::Contact || !push.effects.iter().any(talk) {
            return;
        }
        let lane = self.person(contact).lane.clone();
        for id in lane {
            let hurried = self.effects.get_mut(&id).filter(|effect| effect.is_open());
            if let Some((effect, talk)) = hurried.and_then(|effect| effect.set.hurried().map(|talk| (effect, talk))) {
                effect.set = talk;
                self.count("gives way no more");
            }
        }
    }

    /// Once, and messages in the order in which they were accepted; what may pass others passes them.
    fn consumed(&mut self, contact: ContactKey, id: InputId) -> Rule {
        let person = self.person(contact);
        let Some((_, class)) = person.accepted.iter().find(|(known, _)| *known == id).copied() else {
            return Err(format!("the input {id} is processed and was never accepted"));
        };
        if person.consumed.contains(&id) {
            return Err(format!("the input {id} is processed twice"));
        }
        person.consumed.push(id);
        let class_of = |id: &InputId| person.accepted.iter().find(|(known, _)| known == id).map(|(_, class)| *class);
        let done = person.consumed.iter().filter(|id| class_of(id) == Some(Class::Normal)).count();
        let due = person.accepted.iter().filter(|(_, class)| *class == Class::Normal).nth(done.saturating_sub(1));
        if class == Class::Normal && due.map(|(id, _)| *id) != Some(id) {
            return Err(format!("the input {id} is processed out of order"));
        }
        Ok(())
    }

    /// What the journal says of a commit.
    fn told(&mut self, commit: &Commit) -> Rule {
        let (mut opted_out, mut begun) = (0, 0);
        let entry: journal::Entry = codec::decode(&commit.journal).map_err(|e| format!("a journal entry is unreadable: {e}"))?;
        for event in entry.events {
            let person = self.people.entry(commit.contact).or_default();
            match event {
                // An event may be decided on several times in one turn, once for each flow that wants it.
                Event::Received { input, .. } | Event::EventReceived { input, .. } | Event::WebhookReceived { input, .. }
                    if person.heard.last() != Some(&input) =>
                {
                    person.heard.push(input)
                }
                Event::RunStarted { sending: Some(sending), .. } => {
                    if !person.broadcasts.insert(sending.broadcast) {
                        return Err(format!("{} begins twice with one contact", sending.broadcast));
                    }
                    begun += 1;
                }
                Event::OptedOut { kind, .. } => {
                    person.stopped.insert(kind);
                    opted_out += 1;
                }
                Event::OptedIn { kind, .. } => {
                    person.stopped.remove(&kind);
                }
                Event::TookIn { from } => {
                    let other = self.people.get(&from).map(|other| other.stopped.clone()).unwrap_or_default();
                    self.person(commit.contact).stopped.extend(other);
                }
                Event::Sent { effect, kind, system, .. } => {
                    let confirmation = system.as_deref() == Some("opted_out");
                    if person.stopped.contains(&kind) && !confirmation {
                        return Err(format!("the message {effect} was decided for somebody who has opted out"));
                    }
                    let decided =
                        self.effects.get_mut(&effect).ok_or(format!("the journal tells of {effect}, which is in no lane"))?;
                    (decided.kind, decided.confirmation) = (Some(kind), confirmation);
                }
                _ => {}
            }
        }
        *self.counts.entry("opt-outs".to_owned()).or_default() += opted_out;
        *self.counts.entry("broadcasts begun".to_owned()).or_default() += begun;
        Ok(())
    }

    pub fn reported(&mut self, report: &Report, answer: &Reported) -> Rule {
        if matches!(answer, Reported::Moved(_)) {
            return Ok(());
        }
        let person = self.person(report.contact);
        // While they become part of somebody else, what came first is there already.
        let known = |wake: &Wake| person.accepted.iter().chain(&person.carried).any(|(id, _)| *id == wake.id);
        if person.awaited.contains(&report.effect) && report.wake.as_ref().is_some_and(known) {
            // Told before, and written down then.
            return match answer {
                Reported::Journaled => Ok(()),
                _ => Err(format!("a report on {} wakes twice", report.effect)),
            };
        }
        let waits = person.there && person.awaited.contains(&report.effect);
        let missed = report.wake.as_ref().is_some_and(|wake| waits && !person.erased.contains(&wake.id));
        self.journal.push(report.journal.clone());
        match (answer, &report.wake) {
            (Reported::Journaled, _) if missed => {
                Err(format!("a run awaits reports on {} and hears nothing of one", report.effect))
            }
            (Reported::Journaled, _) => Ok(()),
            (Reported::Queued, Some(wake)) => self.took(report.contact, wake.id, Class::Priority, &wake.body),
            (Reported::Claimed(claim), Some(wake)) => {
                self.handed(claim)?;
                self.took(report.contact, wake.id, Class::Priority, &wake.body)
            }
            (Reported::Moved(_), _) => Ok(()),
            (_, None) => Err("a report that wakes nobody has woken somebody".to_owned()),
        }
    }
}

fn only_priority(held: bool, inputs: &[Entry]) -> Rule {
    match inputs.iter().find(|entry| held && entry.class == Class::Normal) {
        Some(entry) => Err(format!("{} is handed out while a call is pending", entry.id)),
        None => Ok(()),
    }
}
