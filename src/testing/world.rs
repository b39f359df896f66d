//! The virtual world around the engine: contacts with mailboxes, a clock that is moved by hand, faked HTTP, delivery that
//! succeeds at once. It does in memory what the store and the service do for real: order, held contacts, alarms. Between any
//! two inputs each record is written and read back.

mod open;
mod reports;

pub use open::OpenCall;
pub use reports::Reports;
mod recorded;

use super::fake_http::Fakes;
use super::outgoing::Outgoing;
use crate::config::project::Project;
use crate::domain::address::Address;
use crate::domain::codec;
use crate::domain::id::{ContactKey, DedupeHash, EffectId, InputId, Token};
use crate::domain::input::{Accepted, CallOutcome, CallResult, ContactRef, Event, Input};
use crate::domain::journal;
use crate::domain::language::Language;
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::mode::Mode;
use crate::domain::name::{ChannelName, EventName, Slug};
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::engine::effect::Effect;
use crate::engine::record::Record;
use crate::engine::{Context, Ended, turn};
use crate::flow::catalog::Catalog;
use indexmap::IndexMap;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// The secret of contact keys in tests.
const SECRET: &[u8] = b"the virtual world";
/// Turns that may follow from one step: above it something goes round.
const TURNS_PER_STEP: usize = 10_000;

/// Something that cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// A call without a fake.
    #[error("the flow calls {0}, and no fake answers; add it under `http`")]
    NoFake(String),
    /// The engine cannot go on.
    #[error("{0}")]
    Engine(String),
    /// Too many turns.
    #[error("more than {TURNS_PER_STEP} turns follow from one step; something goes round")]
    EndlessTurns,
    /// An event whose contact cannot be read.
    #[error("{0}")]
    Event(String),
    /// A channel that there is not, or that does not reach the contact in this case.
    #[error("the channel `{0}` does not reach this contact here")]
    Channel(ChannelName),
}

/// A call that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// `PUT`.
    pub method: String,
    /// The api.
    pub api: Slug,
    /// The path as it was sent.
    pub path: String,
    /// The body, if it was JSON.
    pub json: Option<serde_json::Value>,
}

#[derive(Clone)]
struct Person {
    key: ContactKey,
    record: Option<Vec<u8>>,
    token: Option<Token>,
    mailbox: VecDeque<(bool, Accepted)>,
    hold: bool,
    alarm: Option<Millis>,
    /// Sends whose delivery is awaited, by the names under which it is.
    awaited: BTreeSet<EffectId>,
}

/// The virtual world. A clone is another world that stands where this one stands.
#[derive(Clone)]
pub struct World {
    secret: Vec<u8>,
    catalog: Arc<Catalog>,
    project: Arc<Project>,
    now: Millis,
    inputs: u64,
    people: IndexMap<ContactKey, Person>,
    due: Vec<(Millis, ContactKey, Input)>,
    /// Inputs as they were accepted, if they are remembered.
    inputs_accepted: Option<HashMap<InputId, Input>>,
    /// The key of everybody whom the world knows by this address, where it is given.
    known_as: Option<(String, ContactKey)>,
    /// When messages are reported as delivered.
    reports: Reports,
    /// Messages of which nothing was reported yet.
    unreported: Vec<(ContactKey, EffectId)>,
    /// What other systems answer.
    pub fakes: Fakes,
    /// Calls that no fake answers, where they are kept open instead of being an error.
    open: Option<VecDeque<OpenCall>>,
    /// Messages that left and were not looked at.
    pub messages: VecDeque<Outgoing>,
    /// The last message that left, looked at or not.
    pub last: Option<Outgoing>,
    /// Alerts that were not looked at.
    pub alerts: VecDeque<String>,
    /// Teams to which conversations were handed over, not looked at.
    pub handoffs: VecDeque<Slug>,
    /// Events that flows emitted and that were not looked at.
    pub emitted: VecDeque<(EventName, Value)>,
    /// Calls that were not looked at.
    pub called: VecDeque<Called>,
    /// Runs that ended and were not looked at.
    pub ended: VecDeque<Ended>,
    /// Everything that the journal would hold, in order: an entry for each turn.
    pub journal: Vec<journal::Entry>,
    /// In which of their languages flows entered states.
    pub spoken: BTreeSet<(Slug, Language)>,
}

impl World {
    /// An empty world at this moment.
    pub fn new(catalog: Arc<Catalog>, project: Arc<Project>, now: Millis) -> Self {
        World {
            secret: SECRET.to_vec(),
            catalog,
            project: Project::without_desks(project),
            now,
            inputs: 0,
            people: IndexMap::new(),
            due: Vec::new(),
            inputs_accepted: None,
            known_as: None,
            reports: Reports::default(),
            unreported: Vec::new(),
            fakes: Fakes::default(),
            open: None,
            messages: VecDeque::new(),
            last: None,
            alerts: VecDeque::new(),
            handoffs: VecDeque::new(),
            emitted: VecDeque::new(),
            called: VecDeque::new(),
            ended: VecDeque::new(),
            journal: Vec::new(),
            spoken: BTreeSet::new(),
        }
    }

    /// The virtual clock.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// The project that the world plays in.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// The flows of the world.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Puts a contact with this record into the world.
    pub fn place(&mut self, address: &Address, record: &Record) {
        let bytes = codec::encode(record);
        self.person(address).record = Some(bytes);
    }

    /// The contact's key in this world.
    pub fn key(&self, address: &Address) -> ContactKey {
        if let Some((known, key)) = &self.known_as
            && *known == address.canonical()
        {
            return *key;
        }
        ContactKey::derive(&self.secret, &address.canonical())
    }

    /// What happened to anybody, in order.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &journal::Event> {
        self.journal.iter().flat_map(|entry| &entry.events)
    }

    /// The contact's record as it stands.
    pub fn record(&self, address: &Address) -> Option<Record> {
        let person = self.people.get(&self.key(address))?;
        codec::decode(person.record.as_deref()?).ok()
    }

    fn person(&mut self, address: &Address) -> &mut Person {
        let key = self.key(address);
        let person = || Person {
            key,
            record: None,
            token: None,
            mailbox: VecDeque::new(),
            hold: false,
            alarm: None,
            awaited: BTreeSet::new(),
        };
        self.people.entry(key).or_insert_with(person)
    }

    fn accept(&mut self, key: ContactKey, priority: bool, input: Input) {
        self.inputs += 1;
        let id = InputId::of(DedupeHash::of(&["world", &self.inputs.to_string()]));
        if let Some(memory) = &mut self.inputs_accepted {
            memory.insert(id, input.clone());
        }
        let accepted = Accepted { id, at: self.now, mode: Mode::Live, input };
        if let Some(person) = self.people.get_mut(&key) {
            person.mailbox.push_back((priority, accepted));
        }
    }

    /// The contact writes. Opt-out, opt-in and help words pass a pending call, as in the service.
    pub fn message(&mut self, inbound: Inbound) -> Result<(), WorldError> {
        let priority = crate::engine::is_priority(&inbound, self.catalog.languages());
        let key = self.person(&inbound.from).key;
        self.accept(key, priority, Input::Message(Box::new(inbound)));
        self.settle()
    }

    /// The contact at `from` writes on a channel.
    pub fn write(
        &mut self,
        from: &Address,
        channel: &ChannelName,
        text: String,
        content: InboundContent,
    ) -> Result<(), WorldError> {
        let kind = self.project.channels.get(channel).map(|c| c.kind);
        let kind = kind.ok_or_else(|| WorldError::Channel(channel.clone()))?;
        self.message(Inbound {
            channel: channel.clone(),
            kind,
            from: from.clone(),
            user_id: None,
            id: format!("world-{}", self.inputs + 1),
            at: Some(self.now),
            text,
            content,
            profile_name: None,
            in_reply_to: None,
            answers: None,
            forwarded: false,
            referral: None,
        })
    }

    /// Something happens elsewhere.
    pub fn event(&mut self, name: EventName, data: Value, contact: Option<ContactRef>) -> Result<(), WorldError> {
        self.post(name, data, contact)?;
        self.settle()
    }

    fn post(&mut self, name: EventName, data: Value, contact: Option<ContactRef>) -> Result<(), WorldError> {
        let targets = self.catalog.event_contacts(&self.project, &name, &data, contact.as_ref());
        for to in targets.map_err(|problem| WorldError::Event(problem.to_string()))? {
            let Some(address) = to.address() else { continue };
            let key = self.person(&address).key;
            let event = Event { name: name.clone(), data: data.clone(), contact: contact.clone(), to, callback: None };
            self.accept(key, false, Input::Event(Box::new(event)));
        }
        Ok(())
    }

    /// An operator acts on a contact.
    pub fn operator(&mut self, address: &Address, action: crate::domain::input::OperatorAction) -> Result<(), WorldError> {
        let key = self.person(address).key;
        self.accept(key, true, Input::Operator(action));
        self.settle()
    }

    /// Moves the clock; every timer on the way fires at its moment.
    pub fn wait_until(&mut self, moment: Millis) -> Result<(), WorldError> {
        for _ in 0..TURNS_PER_STEP {
            let call = self.due.iter().map(|(at, ..)| *at).min();
            let alarm = self.people.values().filter_map(|p| p.alarm).min();
            let next = [call, alarm].into_iter().flatten().min().filter(|at| *at <= moment);
            // What left is reported before time passes; then something else may be due.
            if next.unwrap_or(moment) > self.now && self.deliver_unreported()? {
                continue;
            }
            let Some(at) = next else {
                self.now = self.now.max(moment);
                return Ok(());
            };
            self.now = self.now.max(at);
            if call.is_some_and(|c| c <= self.now) {
                self.settle()?;
                continue;
            }
            let key = self.people.values().find(|p| p.alarm == alarm).map(|p| p.key);
            if let Some(key) = key {
                self.turn(key, None)?;
                self.settle()?;
            }
        }
        Err(WorldError::EndlessTurns)
    }

    /// Moves the clock by a span.
    pub fn wait(&mut self, span: Span) -> Result<(), WorldError> {
        self.wait_until(self.now + span)
    }

    /// Processes everything that can be processed now.
    fn settle(&mut self) -> Result<(), WorldError> {
        for _ in 0..TURNS_PER_STEP {
            let now = self.now;
            if let Some(i) = self.due.iter().position(|(at, ..)| *at <= now) {
                let (_, key, input) = self.due.remove(i);
                self.accept(key, true, input);
                continue;
            }
            let ready = |p: &Person| p.mailbox.iter().position(|(priority, _)| *priority || !p.hold);
            let Some((key, place)) = self.people.values().find_map(|p| ready(p).map(|i| (p.key, i))) else {
                return Ok(());
            };
            let accepted = self.people.get_mut(&key).and_then(|p| p.mailbox.remove(place)).map(|(_, a)| a);
            self.turn(key, accepted)?;
        }
        Err(WorldError::EndlessTurns)
    }

    fn turn(&mut self, key: ContactKey, accepted: Option<Accepted>) -> Result<(), WorldError> {
        let Some(person) = self.people.get(&key) else { return Ok(()) };
        let mut record: Record = match &person.record {
            Some(bytes) => codec::decode(bytes).map_err(|e| WorldError::Engine(e.to_string()))?,
            None => Record::default(),
        };
        let token = match (&accepted, person.token) {
            (Some(a), Some(token)) => token.after(&[a.id]),
            (Some(a), None) => Token::birth(key, a.id).after(&[a.id]),
            (None, token) => token.unwrap_or(Token(0)).after_alarm(person.alarm.unwrap_or(self.now)),
        };
        let context = Context { catalog: &self.catalog, project: &self.project, barred: &crate::domain::suppression::NOT_BARRED };
        let out = turn(&context, &mut record, token, key, accepted.as_ref(), self.now);
        let out = out.map_err(|e| WorldError::Engine(e.to_string()))?;
        // What is sent here leaves at once: nothing waits in a lane that could still be given up.
        let given_up = !std::mem::take(&mut record.given_up).is_empty();
        let alarm = if given_up { record.alarm().map(|at| at.max(self.now + Span::millis(1))) } else { out.alarm };
        if let Some(person) = self.people.get_mut(&key) {
            person.record = Some(codec::encode(&record));
            person.token = Some(token);
            person.hold = out.hold;
            person.alarm = alarm;
            person.awaited.extend(&out.await_add);
            person.awaited.retain(|name| !out.await_remove.contains(name));
        }
        self.languages(&out.events, record.language);
        self.journal(key, token, out.events);
        self.ended.extend(out.ended);
        for (id, effect) in out.effects {
            self.perform(key, id, effect)?;
        }
        Ok(())
    }

    fn journal(&mut self, contact: ContactKey, token: Token, events: Vec<journal::Event>) {
        for event in &events {
            match event {
                journal::Event::Alert { say, .. } => self.alerts.push_back(say.clone()),
                journal::Event::HandoffOpened(opened) => self.handoffs.push_back(opened.to.clone()),
                journal::Event::Emitted { event, data, .. } => self.emitted.push_back((event.clone(), data.clone())),
                _ => {}
            }
        }
        if !events.is_empty() {
            self.journal.push(journal::Entry { contact, token, at: self.now, events });
        }
    }

    fn perform(&mut self, key: ContactKey, id: EffectId, effect: Effect) -> Result<(), WorldError> {
        match effect {
            Effect::Send(send) => {
                self.sent(key, id);
                let message = Outgoing::of(id, self.now, *send);
                self.last = Some(message.clone());
                self.messages.push_back(message);
            }
            Effect::Call(call) => {
                let json = call.json_body();
                let made = Called { method: call.method.clone(), api: call.api.clone(), path: call.path.clone(), json };
                let result = self.fakes.call(&call.method, &call.api, &call.path, call.timeout, call.retry);
                match (result, &mut self.open) {
                    (Some(result), _) => self.came_back(key, id, result),
                    (None, Some(open)) => {
                        let (timeout, retry) = (call.timeout, call.retry);
                        open.push_back(OpenCall { call: made.clone(), key, effect: id, timeout, retry });
                    }
                    (None, None) => {
                        return Err(WorldError::NoFake(format!("{} {}{}", made.method, made.api, made.path)));
                    }
                }
                self.called.push_back(made);
            }
            // The file is where the test says it is.
            Effect::Fetch(fetch) => {
                let outcome = CallOutcome::Answered { status: 200, body: fetch.value(None) };
                let input = CallResult { effect: id, outcome, attempts: 1, took: 0 };
                self.due.push((self.now, key, Input::CallResult(Box::new(input))));
            }
            // Nobody in a conversation waits for it.
            Effect::Hook(_) | Effect::Raise(_) | Effect::Tell(_) | Effect::Desk(_) | Effect::Move(_) => {}
            Effect::Pass(passed) => self.pass(passed),
            Effect::Post(post) => self.post(post.event.name, post.event.data, Some(post.to))?,
        }
        Ok(())
    }
}
