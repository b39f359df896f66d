//! Playing a recorded conversation against the draft, on the virtual clock.

use super::Outcome;
use super::compare::differences;
use super::conversation::{Conversation, Unplayable};
use super::item::Item;
use super::named::named;
use crate::config::project::Project;
use crate::domain::address::Address;
use crate::domain::id::EffectId;
use crate::domain::input::{ContactRef, Delivery, Event as InputEvent, Input, OperatorAction, Webhook};
use crate::domain::journal::{AttemptOutcome, Entry, Event};
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent};
use crate::domain::name::{EventName, Slug};
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::engine::record::Record;
use crate::flow::catalog::Catalog;
use crate::flow::definition::Flow;
use crate::testing::expect::choice_id;
use crate::testing::fake_http::{FakeAnswer, FakeResult};
use crate::testing::outgoing::text_of;
use crate::testing::world::{Reports, World, WorldError};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A timer of the service fires a little after it is due; one of the draft's is let fire when the recorded one had.
const LATE: Span = Span::seconds(2);
/// How long after it was emitted an event of a flow itself comes back to the contact.
const COMES_BACK: Span = Span::minutes(10);

/// A flow as it is to be, among the other flows of its project.
#[derive(Debug, Clone)]
pub struct Draft {
    catalog: Arc<Catalog>,
    project: Arc<Project>,
    flow: Arc<Flow>,
}

impl Draft {
    /// This flow of a catalog in which it is the current version.
    pub fn new(catalog: Arc<Catalog>, project: Arc<Project>, flow: Arc<Flow>) -> Self {
        Draft { catalog, project, flow }
    }

    /// The flow.
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// What an event or a webhook says of this contact.
    pub(super) fn named(&self, event: &Event, record: &Record) -> Option<ContactRef> {
        named(event, &self.catalog, &self.project, record)
    }

    /// Whether this is the flow's name or was one.
    pub(super) fn is_called(&self, name: &Slug) -> bool {
        self.flow.is_called(name)
    }

    /// Whether a run of the flow begins by it.
    pub(super) fn begins(&self, item: &Item) -> bool {
        matches!(item, Item::Began { flow } if flow == self.flow.name.as_str())
    }

    /// Plays a conversation and compares. Gives also what is stored of the contact afterwards, if nothing differs and nothing
    /// is under way.
    pub(super) fn play(&self, conversation: &Conversation) -> (Result<Outcome, Unplayable>, Option<Record>) {
        if let Some(why) = conversation.unplayable {
            return (Err(why), None);
        }
        let world = match self.world(conversation) {
            Ok(world) => world,
            Err(why) => return (Err(why), None),
        };
        let items =
            |entries: &[Entry]| -> Vec<Item> { entries.iter().flat_map(|entry| &entry.events).filter_map(Item::of).collect() };
        let recorded = items(&conversation.entries);
        let draft = items(&world.journal);
        let differences = differences(&recorded, &draft, &world.fakes.unasked, &self.flow);
        let record = conversation.address().and_then(|address| world.record(&address));
        let record = record.filter(|record| differences.is_empty() && record.runs.is_empty() && record.waiting.is_empty());
        (Ok(Outcome { recorded, draft, differences }), record)
    }

    /// The world after a conversation was played in it.
    pub fn world(&self, conversation: &Conversation) -> Result<World, Unplayable> {
        let first = conversation.entries.first().ok_or(Unplayable::BeganBefore)?;
        let address = self.address(conversation).ok_or(Unplayable::Nobody)?;
        let start = first.at + conversation.moved;
        let world = World::new(self.catalog.clone(), self.project.clone(), start).reporting(Reports::Never);
        let mut record = conversation.before.clone();
        record.meet(&address);
        let mut player = Player {
            world: world.knowing(&address, conversation.contact),
            address,
            moved: conversation.moved,
            decided: HashSet::new(),
            emitted: Vec::new(),
            sent: HashMap::new(),
            failed: HashSet::new(),
            said: None,
        };
        player.world.fakes.fallback = Some(FakeAnswer::Refused);
        player.world.place(&player.address, &record);
        player.answers(&conversation.entries);
        for (i, entry) in conversation.entries.iter().enumerate() {
            let next = conversation.entries.get(i + 1).map(|next| next.at);
            player.entry(entry, next)?;
        }
        Ok(player.world)
    }

    fn address(&self, conversation: &Conversation) -> Option<Address> {
        conversation.address().or_else(|| {
            // Somebody who was never written to: whom the event means.
            let (name, data) = conversation.entries.iter().flat_map(|entry| &entry.events).find_map(|event| match event {
                Event::EventReceived { event, data: Some(data), .. } => Some((event, data)),
                _ => None,
            })?;
            let mut found = self.catalog.event_contacts(&self.project, name, data, None).ok()?;
            let who = found.pop()?;
            if found.is_empty() { who.address() } else { None }
        })
    }
}

struct Player {
    world: World,
    address: Address,
    moved: Span,
    decided: HashSet<crate::domain::id::InputId>,
    emitted: Vec<(Millis, EventName, Value)>,
    /// Recorded messages by their place among all.
    sent: HashMap<EffectId, usize>,
    failed: HashSet<EffectId>,
    /// The message that was recorded last.
    said: Option<(EffectId, String)>,
}

impl Player {
    /// What calls get: what they got.
    fn answers(&mut self, entries: &[Entry]) {
        let mut made: HashMap<EffectId, String> = HashMap::new();
        for event in entries.iter().flat_map(|entry| &entry.events) {
            match event {
                Event::Called { effect, api, method, path, .. } => {
                    made.insert(*effect, format!("{method} {api}{path}"));
                }
                Event::CallEnded { effect, attempts, took, answer: Some(answer), .. } => {
                    let Some(target) = made.remove(effect) else { continue };
                    let outcome = crate::domain::input::CallOutcome::clone(answer);
                    self.world.fakes.record(target, FakeResult { outcome, attempts: *attempts, took: Span(*took) });
                }
                _ => {}
            }
        }
    }

    fn entry(&mut self, entry: &Entry, next: Option<Millis>) -> Result<(), Unplayable> {
        let settled = |event: &Event| {
            matches!(event, Event::Attempted { .. } | Event::Switched { .. } | Event::Reported { .. } | Event::Note { .. })
        };
        if !entry.events.iter().all(settled) {
            let late = entry.at + LATE;
            let until = if came(entry) { entry.at } else { next.map_or(late, |next| late.min(next)) };
            self.done(|world, moved| world.wait_until(until + moved))?;
        }
        for event in &entry.events {
            self.event(entry.at, event)?;
        }
        Ok(())
    }

    fn done(&mut self, act: impl FnOnce(&mut World, Span) -> Result<(), WorldError>) -> Result<(), Unplayable> {
        act(&mut self.world, self.moved).map_err(|error| match error {
            WorldError::Channel(_) => Unplayable::Channel,
            _ => Unplayable::Engine,
        })
    }

    fn give(&mut self, input: Input) -> Result<(), Unplayable> {
        let address = self.address.clone();
        self.done(|world, _| world.give(&address, input))
    }

    /// The contact as what comes names it.
    fn named(&self, what: &Event) -> ContactRef {
        let record = self.world.record(&self.address).unwrap_or_default();
        named(what, self.world.catalog(), self.world.project(), &record).unwrap_or_else(|| record.reference())
    }

    fn event(&mut self, at: Millis, what: &Event) -> Result<(), Unplayable> {
        match what {
            Event::TimeMoved { by } => {
                self.moved = Span(self.moved.0 + by.0);
                self.done(|world, moved| world.wait_until(at + moved))
            }
            Event::Received { channel, from, provider_id, text, content, name, .. } => {
                let kind = self.world.project().channels.get(channel).map(|info| info.kind).ok_or(Unplayable::Channel)?;
                let (text, content) = self.tapped(text, content);
                let message = Inbound {
                    channel: channel.clone(),
                    kind,
                    from: from.clone(),
                    user_id: None,
                    id: provider_id.clone(),
                    at: None,
                    text,
                    content,
                    profile_name: name.clone(),
                    in_reply_to: None,
                    answers: None,
                    forwarded: false,
                    referral: None,
                };
                self.give(Input::Message(Box::new(message)))
            }
            Event::EventReceived { input, event, data, contact, .. } => {
                if !self.decided.insert(*input) || self.came_back(at, event, data.as_ref()) {
                    return Ok(());
                }
                let data = data.clone().ok_or(Unplayable::NotKept)?;
                let (contact, to) = (contact.as_deref().cloned(), self.named(what));
                self.give(Input::Event(Box::new(InputEvent { name: event.clone(), data, contact, to, callback: None })))
            }
            Event::WebhookReceived { input, flow, name, data, .. } => {
                if !self.decided.insert(*input) {
                    return Ok(());
                }
                let data = data.clone().ok_or(Unplayable::NotKept)?;
                let to = self.named(what);
                self.give(Input::Webhook(Box::new(Webhook { flow: flow.clone(), name: name.clone(), data, to, callback: None })))
            }
            Event::Begun { flow, with, sending, notification, .. } => {
                let with = with.as_ref().ok_or(Unplayable::NotKept)?;
                let with = with.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
                if notification.is_some() {
                    // The flow around it is no draft's.
                    return Err(Unplayable::CannotCome);
                }
                self.give(Input::Operator(OperatorAction::Begin { flow: flow.clone(), with, sending: sending.clone() }))
            }
            Event::Emitted { event, data, .. } => {
                self.emitted.push((at, event.clone(), data.clone()));
                Ok(())
            }
            Event::Sent { effect, content, .. } => {
                let place = self.sent.len();
                self.sent.insert(*effect, place);
                self.said = Some((*effect, text_of(content).to_owned()));
                Ok(())
            }
            Event::HandoffTaken(taken) => match self.decided.insert(taken.input) {
                true => self.give(Input::Operator(OperatorAction::Take { by: taken.by.clone() })),
                false => Ok(()),
            },
            Event::PersonWrote(wrote) => {
                // What was refused was not sent; that somebody had taken over was told before.
                let said = self.said.take().filter(|(effect, _)| wrote.effect == Some(*effect));
                let Some((_, text)) = said else { return Ok(()) };
                let (by, channel) = (wrote.by.clone(), wrote.channel.clone());
                self.give(Input::Operator(OperatorAction::Write { by, text, channel }))
            }
            Event::HandoffClosed(closed) => match (closed.input, &closed.by) {
                (Some(input), Some(by)) if self.decided.insert(input) => {
                    let (by, note) = (by.clone(), closed.note.clone());
                    self.give(Input::Operator(OperatorAction::Resolve { by, note }))
                }
                _ => Ok(()),
            },
            Event::Attempted { effect, outcome: AttemptOutcome::Failed { .. }, .. }
            | Event::Reported { effect, status: DeliveryStatus::Failed, .. } => self.undelivered(*effect),
            Event::Attempted { effect, outcome: AttemptOutcome::Accepted, .. } => self.told(*effect, DeliveryStatus::Sent),
            Event::Reported { effect, status, .. } => self.told(*effect, *status),
            _ => Ok(()),
        }
    }

    /// A tapped button as the draft shows it: what it carries names the question, which is another one here.
    fn tapped(&self, text: &str, content: &InboundContent) -> (String, InboundContent) {
        let (InboundContent::ButtonReply { payload } | InboundContent::ListReply { payload, .. }) = content else {
            return (text.to_owned(), content.clone());
        };
        let shown = self.world.last.as_ref().map(|message| message.options()).unwrap_or_default();
        let option = shown.iter().find(|(id, _)| choice_id(id) == choice_id(payload));
        let payload = option.map_or_else(|| choice_id(payload).to_owned(), |(id, _)| (*id).to_owned());
        (text.to_owned(), InboundContent::ButtonReply { payload })
    }

    fn came_back(&mut self, at: Millis, name: &EventName, data: Option<&Value>) -> bool {
        let same = |(since, event, with): &(Millis, EventName, Value)| {
            event == name && data.is_none_or(|data| data == with) && at - *since <= COMES_BACK
        };
        let found = self.emitted.iter().position(same);
        found.map(|place| self.emitted.remove(place)).is_some()
    }

    /// The message of the draft that stands at the same place as the recorded one that failed.
    fn undelivered(&mut self, effect: EffectId) -> Result<(), Unplayable> {
        if !self.failed.insert(effect) {
            return Ok(());
        }
        self.told(effect, DeliveryStatus::Failed)
    }

    /// What became of the recorded message becomes of the one of the draft at its place.
    fn told(&mut self, effect: EffectId, status: DeliveryStatus) -> Result<(), Unplayable> {
        let Some(place) = self.sent.get(&effect).copied() else { return Ok(()) };
        match self.world.messages.get(place).map(|message| message.effect) {
            Some(effect) => {
                self.give(Input::Delivery(Delivery { effect, status, reason: None, code: None, unsure: false, back: None }))
            }
            None => Ok(()),
        }
    }
}

/// Whether something came from outside in this entry.
fn came(entry: &Entry) -> bool {
    entry.events.iter().any(|event| {
        matches!(
            event,
            Event::Received { .. }
                | Event::EventReceived { .. }
                | Event::WebhookReceived { .. }
                | Event::Begun { .. }
                | Event::HandoffTaken(_)
                | Event::PersonWrote(_)
                | Event::TimeMoved { .. }
        ) || matches!(event, Event::HandoffClosed(closed) if closed.input.is_some())
    })
}
