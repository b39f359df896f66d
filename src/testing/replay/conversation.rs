//! From the entries of one contact to conversations: from the first thing that happens while no run is live to the moment at
//! which none is live any more.

use super::played::Draft;
use crate::domain::address::Address;
use crate::domain::channel::consent;
use crate::domain::id::{ContactKey, EffectId, RunId};
use crate::domain::input::ContactRef;
use crate::domain::journal::{Decision, Entry, Event};
use crate::domain::language::Language;
use crate::domain::message::InboundContent;
use crate::domain::name::Name;
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::domain::way::Step;
use crate::engine::record::{Heard, Preference, Record};
use std::collections::{HashMap, HashSet};
use std::fmt;

/// Entries of one conversation that are kept: above it nobody would read it, and it would not end.
const ENTRIES: usize = 10_000;

/// What was recorded of a conversation.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Whose it is.
    pub contact: ContactKey,
    /// What was known of the contact when it began.
    pub before: Record,
    /// By how much the contact's own clock had been moved when it began.
    pub moved: Span,
    /// What happened.
    pub entries: Vec<Entry>,
    /// Why it cannot be played.
    pub unplayable: Option<Unplayable>,
    /// Whether a run of the flow belongs to it.
    pub is_of_flow: bool,
    /// Whether the contact may remember a question that is not known here.
    pub(super) unsure: bool,
}

/// Why a conversation cannot be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unplayable {
    /// Its beginning is not in the journal.
    BeganBefore,
    /// It takes up an earlier run.
    TakesUp,
    /// Runs of several flows belong to it.
    SeveralFlows,
    /// Something that came in, or the answer to a call, was not kept: private, large, or of an older release.
    NotKept,
    /// Something came that cannot come again: a taken-back message, an input that was set aside.
    CannotCome,
    /// An operator intervened.
    Operator,
    /// Messages from outside the journal: it is not said who the contact is.
    Nobody,
    /// It came over a channel that the project does not have.
    Channel,
    /// It is longer than what is kept of one.
    TooLong,
    /// The draft fell into something that does not end.
    Engine,
}

impl fmt::Display for Unplayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unplayable::BeganBefore => "began before the journal does",
            Unplayable::TakesUp => "take up an earlier run by a late reply",
            Unplayable::SeveralFlows => "go through several flows at one time",
            Unplayable::NotKept => "hold something that the journal does not keep (private, large, or of an older release)",
            Unplayable::CannotCome => "hold an input that cannot come again (taken back, set aside, dropped)",
            Unplayable::Operator => "were changed by an operator",
            Unplayable::Nobody => "do not say who the contact is",
            Unplayable::Channel => "came over a channel that the project does not have",
            Unplayable::TooLong => "are longer than 10,000 entries",
            Unplayable::Engine => "do not come to an end in the draft",
        })
    }
}

/// A contact while its entries come.
#[derive(Debug, Default)]
pub(super) struct Person {
    known: Record,
    moved: Span,
    /// Live runs; of whether each is the flow's.
    live: HashMap<RunId, bool>,
    open: Option<Open>,
    forgotten: bool,
    /// Whether more is remembered of the contact than what is known here: a conversation before went otherwise in the draft, or
    /// was not played.
    unsure: bool,
}

#[derive(Debug)]
struct Open {
    before: Record,
    moved: Span,
    entries: Vec<Entry>,
    unplayable: Option<Unplayable>,
    is_of_flow: bool,
    is_of_others: bool,
    /// Calls that were made and did not end.
    calls: HashSet<EffectId>,
}

impl Person {
    /// Since when something is under way.
    pub(super) fn since(&self) -> Option<Millis> {
        self.open.as_ref().and_then(|open| open.entries.first()).map(|entry| entry.at)
    }

    pub(super) fn is_gone(&self) -> bool {
        self.forgotten && self.open.is_none()
    }

    /// What is known of the contact after a conversation: all of its record, if it went the same.
    pub(super) fn after(&mut self, record: Option<Record>) {
        self.unsure |= record.is_none();
        match record {
            Some(record) => self.known = record,
            None => self.known.unanswered.clear(),
        }
    }

    /// What is under way at the end of the journal.
    pub(super) fn finish(mut self) -> Option<Conversation> {
        let contact = self.open.as_ref()?.entries.first()?.contact;
        self.close(contact)
    }

    /// The next entry; gives the conversation that ends with it.
    pub(super) fn take(&mut self, entry: Entry, draft: &Draft) -> Option<Conversation> {
        let contact = entry.contact;
        let of_sending =
            |event: &Event| matches!(event, Event::Attempted { .. } | Event::Switched { .. } | Event::Reported { .. });
        let settled = entry.events.iter().all(of_sending);
        if settled && self.open.is_none() {
            return None;
        }
        if self.open.is_none() {
            self.open = Some(Open {
                before: self.known.clone(),
                moved: self.moved,
                entries: Vec::new(),
                unplayable: None,
                is_of_flow: false,
                is_of_others: false,
                calls: HashSet::new(),
            });
        }
        for event in &entry.events {
            self.note(entry.at, event, draft);
        }
        if let Some(open) = &mut self.open {
            match open.entries.len() < ENTRIES {
                true => open.entries.push(entry),
                false => open.unplayable = Some(Unplayable::TooLong),
            }
        }
        if self.live.is_empty() { self.close(contact) } else { None }
    }

    fn close(&mut self, contact: ContactKey) -> Option<Conversation> {
        let Open { before, moved, entries, unplayable, is_of_flow, .. } = self.open.take()?;
        Some(Conversation { contact, before, moved, entries, unplayable, is_of_flow, unsure: self.unsure })
    }

    fn spoil(&mut self, why: Unplayable) {
        if let Some(open) = &mut self.open {
            open.unplayable.get_or_insert(why);
        }
    }

    fn note(&mut self, at: Millis, event: &Event, draft: &Draft) {
        match event {
            Event::RunStarted { run, flow, continues, .. } => {
                let own = draft.is_called(flow);
                if continues.is_some() {
                    self.spoil(Unplayable::TakesUp);
                }
                self.live.insert(*run, own);
                if let Some(open) = &mut self.open {
                    open.is_of_flow |= own;
                    open.is_of_others |= !own;
                    if open.is_of_flow && open.is_of_others {
                        open.unplayable.get_or_insert(Unplayable::SeveralFlows);
                    }
                }
            }
            Event::RunEnded { run, flow, .. } => {
                let own = draft.is_called(flow);
                if self.live.remove(run).is_none() {
                    self.began_before(own);
                }
                if let Some(open) = &mut self.open {
                    open.is_of_flow |= own;
                }
            }
            Event::Entered { run, flow, .. } if !self.live.contains_key(run) => {
                let own = draft.is_called(flow);
                self.began_before(own);
                self.live.insert(*run, own);
            }
            Event::Left { run, .. } | Event::Set { run, .. } | Event::Called { run, .. } | Event::Emitted { run, .. }
                if !self.live.contains_key(run) =>
            {
                self.began_before(false);
                self.live.insert(*run, false);
            }
            _ => {}
        }
        self.learn(at + self.moved, event, draft);
        self.judge(event);
    }

    /// A run of which the journal does not have the beginning: what is known of the contact is no more either.
    fn began_before(&mut self, own: bool) {
        self.spoil(Unplayable::BeganBefore);
        if let Some(open) = &mut self.open {
            open.is_of_flow |= own;
        }
    }

    /// What the event says of the contact.
    fn learn(&mut self, at: Millis, event: &Event, draft: &Draft) {
        let known = &mut self.known;
        match event {
            Event::Received { channel, from, name, content, .. } => {
                known.meet(from);
                if !matches!(content, InboundContent::Reaction { .. } | InboundContent::System { .. }) {
                    known.heard.retain(|heard| heard.channel != *channel);
                    known.heard.push(Heard { channel: channel.clone(), at });
                }
                if known.name.is_none() {
                    known.name.clone_from(name);
                }
            }
            Event::EventReceived { contact, .. } => {
                let said = draft.named(event, known);
                contact.iter().map(|who| &**who).chain(&said).for_each(|who| known.adopt(who));
            }
            Event::WebhookReceived { .. } => draft.named(event, known).iter().for_each(|who| known.adopt(who)),
            Event::Sent { to, .. } => known.meet(to),
            Event::Set { name, value, .. } => match name.strip_prefix("contact.") {
                Some("language") => known.language = value.as_text().and_then(Language::parse),
                Some("timezone") => known.timezone = value.as_text().map(str::to_owned),
                Some("name") => known.name = value.as_text().map(str::to_owned),
                Some("email") => known.email = value.as_text().map(str::to_owned),
                Some("marketing") => known.consent = consent(value).unwrap_or(known.consent),
                // The profile that follows tells them.
                Some("topics") => {}
                Some(other) => {
                    known.attributes.retain(|(name, _)| name.as_str() != other);
                    let attribute = Name::parse(other).ok().filter(|_| *value != Value::Null);
                    known.attributes.extend(attribute.map(|name| (name, value.clone())));
                }
                None => {}
            },
            Event::Tagged { added, removed, .. } => {
                known.tags.extend(added.iter().cloned());
                known.tags.retain(|tag| !removed.contains(tag));
            }
            Event::OptedOut { kind, .. } => {
                known.stop |= kind.stop_bit();
                known.consent &= !kind.stop_bit();
            }
            Event::OptedIn { kind, .. } => known.stop &= !kind.stop_bit(),
            Event::Profile(profile) => {
                known.topics = profile.topics.iter().map(|said| Preference::of(said, at)).collect();
            }
            Event::Consent(told) if told.topic.is_some() => {}
            Event::Consent(told) => {
                told.given.iter().for_each(|kind| known.consent |= kind.stop_bit());
                told.withdrawn.iter().for_each(|kind| known.consent &= !kind.stop_bit());
            }
            Event::ContactChanged { name, value, .. } if name == "language" => {
                known.language = value.as_text().and_then(Language::parse);
            }
            Event::ContactChanged { name, value, .. } if name == "marketing" => {
                known.consent = consent(value).unwrap_or(known.consent);
            }
            Event::TimeMoved { by } => self.moved = Span(self.moved.0 + by.0),
            Event::Forgotten => {
                self.known = Record::default();
                self.live.clear();
                self.forgotten = true;
            }
            _ => {}
        }
    }

    /// Whether the event can happen again.
    fn judge(&mut self, event: &Event) {
        match event {
            Event::Received { text, content, decision, .. } => match (content, decision) {
                (_, Decision::Late) => self.spoil(Unplayable::TakesUp),
                // That is how the journal masks a reply to a private state.
                (InboundContent::Text, _) if text.is_empty() => self.spoil(Unplayable::NotKept),
                (InboundContent::Unsupported { kind }, _) if kind == "deleted" => self.spoil(Unplayable::CannotCome),
                _ => {}
            },
            Event::WebhookReceived { data: None, .. } | Event::Begun { with: None, .. } => self.spoil(Unplayable::NotKept),
            Event::SetAside { .. } | Event::Overflow { .. } | Event::Forgotten | Event::Begun { notification: Some(_), .. } => {
                self.spoil(Unplayable::CannotCome);
            }
            Event::Way(way) if way.step == Step::Came => self.spoil(Unplayable::CannotCome),
            Event::HandoffClosed(closed) if closed.private => self.spoil(Unplayable::NotKept),
            // The contact said so to the provider: that message comes again.
            Event::ContactChanged { name, .. } if name == "marketing" => {}
            Event::Halted { .. } | Event::ContactChanged { .. } => self.spoil(Unplayable::Operator),
            Event::Called { effect, .. } => {
                if let Some(open) = &mut self.open {
                    open.calls.insert(*effect);
                }
            }
            Event::CallEnded { effect, answer: None, outcome, .. } if outcome != "ignored" => {
                let own = self.open.as_mut().is_some_and(|open| open.calls.remove(effect));
                if own {
                    self.spoil(Unplayable::NotKept);
                }
            }
            _ => {}
        }
    }
}

impl Conversation {
    /// The contact's phone, if it has one.
    pub fn phone(&self) -> Option<crate::domain::address::E164> {
        self.address()?.phone().cloned()
    }

    /// Where the contact is reached: what was known, else where its first message went or came from.
    pub(super) fn address(&self) -> Option<Address> {
        let named = |who: &ContactRef| who.address();
        named(&self.before.reference()).or_else(|| {
            self.entries.iter().flat_map(|entry| &entry.events).find_map(|event| match event {
                Event::Received { from, .. } => Some(from.clone()),
                Event::Sent { to, .. } => Some(to.clone()),
                Event::EventReceived { contact: Some(who), .. } => named(who),
                _ => None,
            })
        })
    }
}
