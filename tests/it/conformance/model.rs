//! The contract once more, as plain data structures: slow, obvious, and without a word of Lua or SQL.

use bytes::Bytes;
use replyflow::domain::id::{ContactKey, EffectId, InputId, Token, Who};
use replyflow::domain::input::Class;
use replyflow::domain::limits::CLAIMS_COUNTED;
use replyflow::domain::time::{Millis, Span};
use replyflow::store::{
    Accept, Accepted, Claim, Claimed, Commit, Committed, Entry, FailedKey, Inspection, Lane, LaneKey, Outgoing, OutgoingState,
    Place, Record, Report, Reported, Settle, SettleResult, Settled, StartAnswer, Started, StopMask, StoreSettings, WhenFull,
    WorkSet,
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone)]
struct Contact {
    record: Record,
    mailbox: Vec<Entry>,
    attend: Option<Millis>,
    claimer: Option<Who>,
    awaited: BTreeSet<EffectId>,
}

#[derive(Clone)]
struct Effect {
    id: EffectId,
    set: WorkSet,
    state: char,
    attempt: u8,
    who: Option<Who>,
    body: Bytes,
}

struct Row {
    effects: Vec<Effect>,
    due: Millis,
    ticket: Option<u64>,
}

/// A store that is only an idea.
pub struct Model {
    pub now: Millis,
    pub journal: Vec<Bytes>,
    pub failed: BTreeSet<FailedKey2>,
    settings: StoreSettings,
    contacts: BTreeMap<ContactKey, Contact>,
    seen: BTreeSet<(ContactKey, u64)>,
    lanes: BTreeMap<LaneKey, Row>,
    tickets: u64,
}

/// A `FailedKey` that has an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailedKey2 {
    Effect(ContactKey, EffectId),
    Input(ContactKey, InputId),
}

impl From<FailedKey> for FailedKey2 {
    fn from(key: FailedKey) -> Self {
        match key {
            FailedKey::Effect(contact, id) => FailedKey2::Effect(contact, id),
            FailedKey::Input(contact, id) => FailedKey2::Input(contact, id),
        }
    }
}

impl Model {
    pub fn new(settings: StoreSettings) -> Self {
        Model {
            now: Millis(0),
            journal: Vec::new(),
            failed: BTreeSet::new(),
            settings,
            contacts: BTreeMap::new(),
            seen: BTreeSet::new(),
            lanes: BTreeMap::new(),
            tickets: 0,
        }
    }

    fn hand(&self, contact: &Contact) -> Vec<Entry> {
        let may = |entry: &&Entry| !contact.record.held || entry.class == Class::Priority;
        contact.mailbox.iter().filter(may).take(self.settings.claim_inputs).cloned().collect()
    }

    fn claim_now(&mut self, key: ContactKey) -> Claim {
        let until = self.now + self.settings.claim_lease;
        let contact = self.contacts.get_mut(&key).expect("is there");
        contact.attend = Some(until);
        let contact = self.contacts[&key].clone();
        Claim { now: self.now, record: contact.record.clone(), inputs: self.hand(&contact) }
    }

    pub fn accept(&mut self, accept: &Accept) -> Accepted {
        let key = accept.contact;
        if !self.seen.insert((key, accept.hash.0)) {
            return Accepted::Duplicate;
        }
        let birth = || Contact {
            record: Record {
                held: false,
                tries: 0,
                stop: StopMask::NONE,
                token: Token::birth(key, accept.id),
                blob: Bytes::new(),
            },
            mailbox: Vec::new(),
            attend: None,
            claimer: None,
            awaited: BTreeSet::new(),
        };
        let urgent = accept.class == Class::Priority;
        let room = self.settings.mailbox_max + if urgent { self.settings.mailbox_headroom } else { 0 };
        let contact = self.contacts.entry(key).or_insert_with(birth);
        if contact.mailbox.len() >= room {
            match accept.full {
                WhenFull::Drop => self.journal.push(accept.body.clone()),
                WhenFull::Refuse | WhenFull::Take => drop(self.seen.remove(&(key, accept.hash.0))),
            }
            return Accepted::Full;
        }
        let free = contact.mailbox.is_empty() && !contact.record.held;
        contact.mailbox.push(Entry { class: accept.class, id: accept.id, accepted_at: self.now, body: accept.body.clone() });
        if !(free || contact.record.held && urgent) {
            return Accepted::Queued;
        }
        if !accept.claim {
            contact.attend = Some(self.now);
            return Accepted::Queued;
        }
        Accepted::Claimed(self.claim_now(key))
    }

    pub fn due_contacts(&mut self, n: usize) -> Vec<ContactKey> {
        let mut due: Vec<_> =
            self.contacts.iter().filter_map(|(k, c)| Some((c.attend.filter(|at| *at <= self.now)?, *k))).collect();
        due.sort();
        due.truncate(n);
        for (_, key) in &due {
            let until = self.now + self.settings.claim_lease;
            self.contacts.get_mut(key).expect("is there").attend = Some(until);
        }
        due.into_iter().map(|(_, key)| key).collect()
    }

    pub fn claim(&mut self, key: ContactKey, who: Who) -> Claimed {
        let Some(contact) = self.contacts.get_mut(&key).filter(|c| c.attend.is_some()) else { return Claimed::Free };
        if contact.record.tries < CLAIMS_COUNTED && contact.claimer != Some(who) {
            contact.record.tries += 1;
            contact.claimer = Some(who);
        }
        Claimed::Claimed(self.claim_now(key))
    }

    pub fn commit(&mut self, commit: &Commit) -> Committed {
        let key = commit.contact;
        let Some(contact) = self.contacts.get(&key) else { return Committed::Gone };
        if contact.record.token == commit.new {
            return Committed::Already;
        }
        if contact.record.token != commit.expect {
            return Committed::Stale;
        }
        if commit.consumed.iter().any(|id| contact.mailbox.iter().all(|entry| entry.id != *id)) {
            return Committed::Missing;
        }
        let mut contact = contact.clone();
        contact.mailbox.retain(|entry| !commit.consumed.contains(&entry.id));
        contact.record = Record { held: commit.hold, tries: 0, stop: commit.stop, token: commit.new, blob: commit.blob.clone() };
        contact.claimer = None;
        contact.awaited.extend(&commit.await_add);
        contact.awaited.retain(|effect| !commit.await_remove.contains(effect));
        self.failed.extend(commit.set_aside.iter().map(|id| FailedKey2::Input(key, *id)));
        let rest = self.hand(&contact);
        contact.attend = match (rest.is_empty(), commit.keep) {
            (true, _) => commit.alarm,
            (false, true) => Some(self.now + self.settings.claim_lease),
            (false, false) => Some(self.now),
        };
        self.contacts.insert(key, contact);
        self.journal.push(commit.journal.clone());
        let mut started = Vec::new();
        for push in &commit.lanes {
            let lane = LaneKey { contact: key, lane: push.lane };
            let row = self.lanes.entry(lane).or_insert(Row { effects: Vec::new(), due: Millis(0), ticket: None });
            let busy = !row.effects.is_empty();
            if push.lane == Lane::Contact && push.effects.iter().any(|new| matches!(new.set, WorkSet::Talk(_))) {
                for (i, effect) in row.effects.iter_mut().enumerate() {
                    let Some(talk) = effect.set.hurried() else { continue };
                    effect.set = talk;
                    let longest = if effect.attempt > 0 { Span(0) } else { Span(self.settings.send_lease.0 / 2) };
                    if i == 0 && effect.state == 'q' && row.due > self.now + longest {
                        (row.due, row.ticket) = (self.now, None);
                    }
                }
            }
            row.effects.extend(push.effects.iter().map(|new| Effect {
                id: new.id,
                set: new.set.clone(),
                state: 'q',
                attempt: 0,
                who: None,
                body: new.body.clone(),
            }));
            if busy {
                continue;
            }
            row.due = push.due.max(self.now);
            if push.take && push.due <= self.now {
                started.push(self.begin(lane, commit.who));
            }
        }
        Committed::Ok { now: self.now, more: if commit.keep { rest } else { Vec::new() }, started, withdrawn: Vec::new() }
    }

    fn begin(&mut self, lane: LaneKey, who: Who) -> Started {
        let (now, lease) = (self.now, self.settings.send_lease);
        let stop = self.contacts.get(&lane.contact).map_or(StopMask::NONE, |contact| contact.record.stop);
        let row = self.lanes.get_mut(&lane).expect("is there");
        (row.due, row.ticket) = (now + lease, None);
        let head = &mut row.effects[0];
        let again = matches!(head.state, 's' | 'v') && head.who == Some(who);
        if !again {
            head.state = if head.state == 'q' { 's' } else { 'v' };
            head.attempt = (head.attempt + 1).min(99);
            head.who = Some(who);
        }
        let (id, set, body) = (head.id, head.set.clone(), head.body.clone());
        Started { lane, set, id, attempt: head.attempt, unsure: head.state == 'v', stop, body }
    }

    pub fn due_work(&mut self, set: &WorkSet, n: usize) -> (Vec<LaneKey>, u64) {
        let waits = |row: &Row| row.effects.first().is_some_and(|head| head.set == *set) && row.due <= self.now;
        let name = |lane: &LaneKey| match lane.lane {
            Lane::Contact => lane.contact.to_string(),
            Lane::Own(effect) => format!("{}:{effect}", lane.contact),
        };
        let mut due: Vec<_> = self.lanes.iter().filter(|(_, row)| waits(row)).map(|(l, row)| (row.due, name(l), *l)).collect();
        due.sort();
        due.truncate(n);
        self.tickets += 1;
        for (_, _, lane) in &due {
            let row = self.lanes.get_mut(lane).expect("is there");
            (row.due, row.ticket) = (self.now + self.settings.send_lease, Some(self.tickets));
        }
        (due.into_iter().map(|(_, _, lane)| lane).collect(), self.tickets)
    }

    pub fn start(&mut self, lane: LaneKey, set: &WorkSet, who: Who, ticket: Option<u64>) -> StartAnswer {
        let Some(head) = self.lanes.get(&lane).and_then(|row| row.effects.first()).filter(|head| head.set == *set) else {
            return StartAnswer::Gone;
        };
        let again = matches!(head.state, 's' | 'v') && head.who == Some(who);
        if !again && (ticket.is_none() || self.lanes[&lane].ticket != ticket) {
            return StartAnswer::Taken;
        }
        StartAnswer::Ok { now: self.now, started: self.begin(lane, who) }
    }

    pub fn settle(&mut self, settle: &Settle) -> Settled {
        let now = self.now;
        let Some(row) = self.lanes.get_mut(&settle.lane).filter(|row| row.effects.first().is_some_and(|h| h.id == settle.id))
        else {
            let listed = FailedKey2::Effect(settle.lane.contact, settle.id);
            if settle.result == SettleResult::Arrived && self.failed.remove(&listed) {
                self.journal.push(settle.journal.clone());
            }
            return Settled::Gone;
        };
        let head = &mut row.effects[0];
        let fact = matches!(settle.result, SettleResult::Done | SettleResult::Arrived | SettleResult::Ended);
        if !fact && head.attempt != settle.attempt || settle.result == SettleResult::Ended && head.state == 'q' {
            return Settled::Stale;
        }
        self.journal.push(settle.journal.clone());
        if let SettleResult::Retry { due } | SettleResult::RetryUnsure { due } = settle.result {
            let sure = matches!(settle.result, SettleResult::Retry { .. }) && matches!(head.state, 'q' | 's');
            head.state = if sure { 'q' } else { 'u' };
            let hurried = settle.set.hurried().is_some_and(|talk| talk == head.set);
            (row.due, row.ticket) = (if hurried && sure { due.min(now) } else { due }, None);
            return Settled::Ok { now, next: None };
        }
        row.effects.remove(0);
        if settle.result == SettleResult::Failed {
            self.failed.insert(FailedKey2::Effect(settle.lane.contact, settle.id));
        }
        let next = match row.effects.first().map(|head| settle.take.contains(&head.set)) {
            None => {
                self.lanes.remove(&settle.lane);
                None
            }
            Some(true) => Some(self.begin(settle.lane, settle.who)),
            Some(false) => {
                (row.due, row.ticket) = (now + settle.gap, None);
                None
            }
        };
        let key = settle.lane.contact;
        let (Some((id, body)), Some(contact)) = (&settle.reply, self.contacts.get_mut(&key)) else {
            return Settled::Ok { now, next };
        };
        let free = contact.mailbox.is_empty() || contact.record.held;
        contact.mailbox.push(Entry { class: Class::Priority, id: *id, accepted_at: now, body: body.clone() });
        if free { Settled::Claimed { next, claim: self.claim_now(key) } } else { Settled::Ok { now, next } }
    }

    pub fn report(&mut self, report: &Report) -> Reported {
        let awaits = |contact: &&mut Contact| contact.awaited.contains(&report.effect);
        let contact = self.contacts.get_mut(&report.contact).filter(awaits);
        let (Some(wake), Some(contact)) = (&report.wake, contact) else {
            self.journal.push(report.journal.clone());
            return Reported::Journaled;
        };
        if !self.seen.insert((report.contact, wake.hash.0)) {
            return Reported::Journaled;
        }
        self.journal.push(report.journal.clone());
        let free = contact.mailbox.is_empty() || contact.record.held;
        contact.mailbox.push(Entry { class: Class::Priority, id: wake.id, accepted_at: self.now, body: wake.body.clone() });
        if free { Reported::Claimed(self.claim_now(report.contact)) } else { Reported::Queued }
    }

    pub fn inspect(&self, key: ContactKey) -> Option<Inspection> {
        let contact = self.contacts.get(&key)?;
        let row = self.lanes.get(&LaneKey { contact: key, lane: Lane::Contact });
        let show = |effect: &Effect| Outgoing {
            id: effect.id,
            set: effect.set.clone(),
            state: match effect.state {
                'q' => OutgoingState::Queued,
                'u' => OutgoingState::Unsure,
                _ => OutgoingState::Started,
            },
            attempts: effect.attempt,
            body: effect.body.clone(),
        };
        Some(Inspection {
            place: Place::Here,
            record: contact.record.clone(),
            mailbox: contact.mailbox.clone(),
            attention: contact.attend,
            lane: row.map_or_else(Vec::new, |row| row.effects.iter().map(show).collect()),
            awaited: contact.awaited.iter().copied().collect(),
        })
    }

    /// Liveness: whoever has an input that may be processed is looked at within a lease, and every lane has a time.
    pub fn assert_alive(&self) {
        let soon = self.now + self.settings.claim_lease;
        for (key, contact) in &self.contacts {
            assert!(self.hand(contact).is_empty() || contact.attend.is_some_and(|at| at <= soon), "{key} waits for ever");
        }
        assert!(self.lanes.values().all(|row| !row.effects.is_empty() && row.due.0 > 0), "a lane without a time");
        let _ = Span(0);
    }
}
