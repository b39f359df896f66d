//! From the entries of a journal to steps. What came from outside begins a block; what followed from it, or from time that
//! passed, belongs to it.

mod finish;
mod person;
mod says;
mod unreported;

use super::calls::{Answered, Made, answer_of};
use super::{About, Transcript};
use crate::domain::address::Address;
use crate::domain::id::{EffectId, InputId, RunId};
use crate::domain::input::{CallOutcome, ContactRef, Input};
use crate::domain::journal::{AttemptOutcome, Entry, Event};
use crate::domain::language::Language;
use crate::domain::message::{DeliveryStatus, OutboundContent};
use crate::domain::name::{ChannelName, EventName, Name, Slug};
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::domain::way::Step as WayStep;
use crate::testing::expect::choice_id;
use crate::testing::outgoing::{options_of, text_of};
use crate::testing::script::{BotExpectation, ContactGiven, Step, TextExpectation};
use indexmap::IndexMap;
use std::collections::HashSet;

/// How long after it was emitted an event of a flow itself comes back to the contact.
const COMES_BACK: Span = Span::minutes(10);
/// Values that are longer than this as JSON are not worth a line of a test.
const VALUE_CHARS: usize = 200;

/// Something that happened, and what followed from it.
#[derive(Debug, Default)]
struct Block {
    wait: Span,
    input: Option<Step>,
    calls: Vec<Made>,
    after: Vec<Step>,
    /// The messages among them.
    sent: Vec<EffectId>,
}

/// What the next consequence follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Time: nothing was said of anything that came.
    Time,
    /// What was written last.
    Block,
}

/// A run of the conversation.
#[derive(Debug)]
struct Seen {
    flow: Slug,
    live: bool,
    at: Option<(Slug, Name)>,
    saved: IndexMap<String, Value>,
}

struct Walk<'a> {
    about: &'a About<'a>,
    start: Option<Millis>,
    clock: Millis,
    /// By how much the contact's own clock was moved so far.
    moved: Span,
    cause: Cause,
    blocks: Vec<Block>,
    channels: Vec<ChannelName>,
    contact: ContactGiven,
    decided: HashSet<InputId>,
    emitted: Vec<(Millis, EventName, Value)>,
    last_sent: Option<(EffectId, Vec<String>)>,
    failed: HashSet<EffectId>,
    /// Messages that were reported delivered.
    delivered: HashSet<EffectId>,
    /// Messages that were reported read.
    read: HashSet<EffectId>,
    /// Whether a failed message was just reported: what follows from it comes in an entry of its own.
    reported: bool,
    runs: IndexMap<RunId, Seen>,
    lost: Vec<String>,
}

pub(super) fn transcript<'e>(entries: impl IntoIterator<Item = &'e Entry>, about: &About<'_>) -> Transcript {
    let mut walk = Walk {
        about,
        start: None,
        clock: Millis(0),
        moved: Span(0),
        cause: Cause::Time,
        blocks: Vec::new(),
        channels: Vec::new(),
        contact: about.contact.clone(),
        decided: HashSet::new(),
        emitted: Vec::new(),
        last_sent: None,
        failed: HashSet::new(),
        delivered: HashSet::new(),
        read: HashSet::new(),
        reported: false,
        runs: IndexMap::new(),
        lost: Vec::new(),
    };
    for entry in entries {
        walk.cause = Cause::Time;
        for event in &entry.events {
            walk.event(entry.at + walk.moved, event);
        }
    }
    walk.finish()
}

impl Walk<'_> {
    fn event(&mut self, at: Millis, event: &Event) {
        match event {
            Event::Received { input, channel, from, text, content, .. } => {
                if let Address::Phone(phone) = from {
                    self.contact.phone.get_or_insert_with(|| phone.as_str().to_owned());
                }
                self.uses(channel);
                let (text, content) = match self.accepted(*input) {
                    Some(Input::Message(message)) => (message.text.clone(), message.content.clone()),
                    _ => (text.clone(), content.clone()),
                };
                let says = self.says(channel, text, &content);
                self.came(at, says.map(|says| Step::User { all: Some(says), by_kind: Vec::new() }));
            }
            Event::EventReceived { input, event, data, contact, .. } => {
                if self.decided.insert(*input) && !self.came_back(at, event, data.as_ref()) {
                    let data = match self.accepted(*input) {
                        Some(Input::Event(accepted)) => Some(accepted.data.clone()),
                        _ => data.clone(),
                    };
                    let contact = contact.as_deref().cloned();
                    self.meet(contact.as_ref());
                    let name = event.clone();
                    let step = data.map(|data| Step::Event { name, data, contact });
                    self.known(at, step, || format!("the data of the event `{event}` was not kept"));
                } else {
                    self.cause = Cause::Block;
                }
            }
            Event::WebhookReceived { input, flow, name, data, .. } => {
                if !self.decided.insert(*input) {
                    return;
                }
                let data = match self.accepted(*input) {
                    Some(Input::Webhook(accepted)) => Some(accepted.data.clone()),
                    _ => data.clone(),
                };
                let own = *flow == self.about.flow;
                let step = data.filter(|_| own).map(|data| Step::Webhook { name: name.clone(), data });
                self.known(at, step, || match own {
                    true => format!("what came to the webhook `{name}` was not kept"),
                    false => format!("a webhook of another flow, `{flow}`, was called"),
                });
            }
            Event::Begun { notification: Some(name), .. } => {
                self.known(at, None, || format!("the notification `{name}` was sent by itself"));
            }
            Event::Begun { input, flow, with, .. } => {
                let with = match self.accepted(*input) {
                    Some(Input::Operator(crate::domain::input::OperatorAction::Begin { with, .. })) => Some(with.clone()),
                    _ => with.as_ref().map(|with| with.iter().map(|(k, v)| (k.clone(), v.clone())).collect()),
                };
                let own = *flow == self.about.flow;
                self.known(at, with.filter(|_| own).map(Step::Begin), || match own {
                    true => "the values that an operator gave were not kept".to_owned(),
                    false => format!("an operator began another flow, `{flow}`"),
                });
            }
            Event::Halted { .. } => self.known(at, None, || "an operator ended the runs".to_owned()),
            Event::CallEnded { effect, outcome, attempts, took, reason, answer } => {
                let shown = match self.accepted_call(*effect) {
                    Some(outcome) => Some(outcome),
                    None => answer.as_deref().cloned(),
                };
                self.call_ended(at, *effect, outcome, (*attempts, Span(*took)), reason, shown);
            }
            Event::Attempted { effect, outcome: AttemptOutcome::Failed { .. }, .. } => self.undelivered(at, *effect),
            Event::Reported { effect, status: DeliveryStatus::Failed, .. } => self.undelivered(at, *effect),
            Event::Reported { effect, status: DeliveryStatus::Delivered, .. } => {
                self.delivered.insert(*effect);
            }
            Event::Way(way) if way.step == WayStep::Came => {
                self.known(at, None, || "a run of somebody else notified the contact".to_owned());
            }
            Event::Reported { effect, status: DeliveryStatus::Read, .. } => {
                self.read.insert(*effect);
            }
            Event::Way(way) => {
                self.unreported(way);
                self.read_at_last(at, way);
                self.followed(at, event);
            }
            Event::Attempted { .. } | Event::Reported { .. } | Event::Note { .. } | Event::Overflow { .. } => {}
            Event::Switched { .. } | Event::Channel(_) | Event::Flow(_) => {}
            Event::SetAside { .. } => self.known(at, None, || "an input could not be processed".to_owned()),
            Event::TimeMoved { by } => {
                self.moved = Span(self.moved.0 + by.0);
                self.cause = Cause::Time;
            }
            Event::ContactChanged { name, value, .. } if name == "language" && self.blocks.is_empty() => {
                self.contact.language = value.as_text().and_then(Language::parse);
            }
            // The provider's word, which is said to be lost where it came.
            Event::ContactChanged { name, .. } if name == "marketing" => {}
            Event::ContactChanged { name, .. } => self.known(at, None, || format!("an operator changed the {name}")),
            Event::HandoffTaken(_) | Event::PersonWrote(_) | Event::HandoffClosed(_) => self.person(at, event),
            Event::Profile(_) | Event::Tried(_) => {}
            Event::Skipped(skipped) => self.known(at, None, || format!("a broadcast began nothing: {}", skipped.reason)),
            Event::Forgotten => self.known(at, None, || "the contact was deleted".to_owned()),
            other => self.followed(at, other),
        }
    }

    /// What the engine decided.
    fn followed(&mut self, at: Millis, event: &Event) {
        if self.reported && matches!(event, Event::Left { outcome, .. } if outcome == "undelivered") {
            self.cause = Cause::Block;
        }
        self.reported = false;
        self.note_run(event);
        let several = self.channels.len() > 1;
        let clock = self.at_block(at);
        let Some(block) = self.blocks.last_mut() else { return };
        match event {
            Event::Sent { effect, channel, to, content, notification, system, .. } => {
                if let Address::Phone(phone) = to {
                    self.contact.phone.get_or_insert_with(|| phone.as_str().to_owned());
                }
                let text = text_of(content).to_owned();
                let options: Vec<String> = options_of(content).into_iter().map(|(id, _)| id.to_owned()).collect();
                let buttons = (!options.is_empty()).then(|| options.iter().map(|id| choice_id(id).to_owned()).collect());
                let media = match content {
                    OutboundContent::Media { media, .. } => media.url.clone(),
                    _ => None,
                };
                let expected = BotExpectation {
                    text: TextExpectation { exact: Some(text).filter(|text| !text.is_empty()), ..TextExpectation::default() },
                    notify: notification.clone(),
                    buttons,
                    media,
                    channel: several.then(|| channel.clone()),
                    system: system.clone(),
                    approved: match content {
                        OutboundContent::Template { name, .. } => Some(name.clone()),
                        _ => None,
                    },
                    to: None,
                };
                block.after.push(Step::Bot { all: expected, by_kind: Vec::new() });
                block.sent.push(*effect);
                self.last_sent = Some((*effect, options));
                self.uses(channel);
            }
            Event::Alert { say, .. } => {
                block.after.push(Step::Alert(TextExpectation { exact: Some(say.clone()), ..TextExpectation::default() }));
            }
            Event::Way(way) if way.step == WayStep::Passed => {
                let to = way.to.as_ref().map(|to| to.reveal().to_owned());
                let all = BotExpectation { notify: Some(way.notification.clone()), to, ..BotExpectation::default() };
                block.after.push(Step::Bot { all, by_kind: Vec::new() });
            }
            Event::HandoffOpened(opened) => block.after.push(Step::Handoff(opened.to.clone())),
            Event::Emitted { event, data, .. } => {
                block.after.push(Step::Emit(event.clone()));
                self.emitted.push((at, event.clone(), data.clone()));
            }
            Event::Called { effect, api, method, path, .. } => {
                let (method, api, path) = (method.clone(), api.clone(), path.clone());
                block.calls.push(Made { effect: *effect, method, api, path, at: clock, answer: None });
            }
            Event::RunEnded { flow, end, .. } if *flow == self.about.flow => {
                block.after.retain(|step| !matches!(step, Step::End(_)));
                block.after.extend(Name::parse(end).ok().map(Step::End));
            }
            _ => {}
        }
    }

    fn accepted(&self, input: InputId) -> Option<&Input> {
        self.about.inputs?.get(&input)
    }

    fn accepted_call(&self, effect: EffectId) -> Option<CallOutcome> {
        self.about.inputs?.values().find_map(|input| match input {
            Input::CallResult(result) if result.effect == effect => Some(result.outcome.clone()),
            _ => None,
        })
    }

    fn uses(&mut self, channel: &ChannelName) {
        if !self.channels.contains(channel) {
            self.channels.push(channel.clone());
        }
    }

    fn meet(&mut self, who: Option<&ContactRef>) {
        if let Some(phone) = who.and_then(|who| who.phone.as_ref()) {
            self.contact.phone.get_or_insert_with(|| phone.as_str().to_owned());
        }
    }

    fn lose(&mut self, what: String) {
        if !self.lost.contains(&what) {
            self.lost.push(what);
        }
    }

    /// Something came from outside.
    fn came(&mut self, at: Millis, input: Option<Step>) {
        let wait = self.pass(at);
        self.blocks.push(Block { wait, input, ..Block::default() });
        self.cause = Cause::Block;
    }

    /// Something came that can be written only if all of it is known.
    fn known(&mut self, at: Millis, input: Option<Step>, otherwise: impl FnOnce() -> String) {
        if input.is_none() {
            self.lose(otherwise());
        }
        self.came(at, input);
    }

    /// Moves the clock of the test and says by how much.
    fn pass(&mut self, at: Millis) -> Span {
        let before = match self.start {
            Some(_) => self.clock,
            None => *self.start.insert(at),
        };
        self.clock = before.max(at);
        self.clock - before
    }

    /// Sees to it that there is a block for what follows, and says where its clock stands.
    fn at_block(&mut self, at: Millis) -> Millis {
        if self.cause == Cause::Time || self.blocks.is_empty() {
            let wait = self.pass(at);
            if wait.0 > 0 || self.blocks.is_empty() {
                self.blocks.push(Block { wait, ..Block::default() });
            }
            self.cause = Cause::Block;
        }
        self.clock
    }

    /// Whether an event is one that the contact's own flow emitted just before.
    fn came_back(&mut self, at: Millis, name: &EventName, data: Option<&Value>) -> bool {
        let same = |(since, event, with): &(Millis, EventName, Value)| {
            event == name && data.is_none_or(|data| data == with) && at - *since <= COMES_BACK
        };
        let found = self.emitted.iter().position(same);
        found.map(|place| self.emitted.remove(place)).is_some()
    }

    fn undelivered(&mut self, at: Millis, effect: EffectId) {
        if !self.failed.insert(effect) {
            return;
        }
        if self.last_sent.as_ref().is_some_and(|(last, _)| *last == effect) {
            self.underway(at, effect);
            self.came(at, Some(Step::Status(DeliveryStatus::Failed)));
            self.reported = true;
        } else {
            self.lose("an earlier message than the last one was not delivered".to_owned());
        }
    }

    fn call_ended(
        &mut self,
        at: Millis,
        effect: EffectId,
        outcome: &str,
        (attempts, _took): (u8, Span),
        reason: &str,
        shown: Option<CallOutcome>,
    ) {
        let last = self.blocks.len().saturating_sub(1);
        let found = self
            .blocks
            .iter()
            .enumerate()
            .find_map(|(i, block)| block.calls.iter().position(|call| call.effect == effect).map(|place| (i, place)));
        let Some((place, call)) = found else {
            // The fetching of a file, or the result of a call that nobody waits for any more.
            if outcome != "ignored" {
                self.lose("a call had been made before".to_owned());
            }
            self.cause = Cause::Block;
            return;
        };
        let target = {
            let call = &self.blocks[place].calls[call];
            format!("{} {}{}", call.method, call.api, call.path)
        };
        let outcome = match shown {
            Some(outcome) => outcome,
            None if outcome == "failed" => CallOutcome::Failed { why: reason.to_owned() },
            None => {
                self.lose(format!("the answer to {target} was not kept"));
                CallOutcome::Answered { status: outcome.parse().unwrap_or(200), body: Value::Null }
            }
        };
        // Where nothing came in between, the time that a call took is left out: a fake answers at once, and what waits for
        // it waits in either case. Otherwise the order matters, and so does the delay.
        let delay = if place == last {
            Span(0)
        } else {
            let wait = self.pass(at);
            self.blocks.push(Block { wait, ..Block::default() });
            self.clock - self.blocks[place].calls[call].at
        };
        self.blocks[place].calls[call].answer = Some(Answered { answer: answer_of(&outcome, delay), attempts });
        self.cause = Cause::Block;
    }
}
