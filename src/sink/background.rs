//! What earlier entries said of runs, messages and calls: later ones only name them. Bounded; what was forgotten can be learned again from history.

use crate::domain::channel::ChannelKind;
use crate::domain::id::{EffectId, RunId};
use crate::domain::journal::Event;
use crate::domain::name::{ChannelName, Slug};
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Runs, and messages, that are remembered.
const REMEMBERED: usize = 20_000;

/// A message that left.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its run, unless the service itself spoke.
    pub run: Option<RunId>,
    /// Over which channel.
    pub channel: ChannelName,
    /// Its medium.
    pub kind: ChannelKind,
    /// The notification that it came from.
    pub notification: Option<Slug>,
}

/// What an effect is.
#[derive(Debug, Clone, PartialEq)]
enum Effect {
    Message(Message),
    Call(RunId, Slug),
    /// A report to another system or to a team.
    Other,
    /// History was asked and does not know it.
    Unknown,
}

/// The memory.
#[derive(Debug, Default)]
pub struct Background {
    runs: Recent<RunId, Option<Slug>>,
    effects: Recent<EffectId, Effect>,
}

impl Background {
    /// Takes note of what an event says of a run or an effect.
    pub fn learn(&mut self, event: &Event) {
        match event {
            Event::RunStarted { run, flow, .. } => self.runs.put(*run, Some(flow.clone())),
            Event::Entered { run, flow, .. } if !matches!(self.runs.get(run), Some(Some(_))) => {
                self.runs.put(*run, Some(flow.clone()));
            }
            Event::Sent { effect, run, channel, kind, notification, .. } => {
                let (channel, notification) = (channel.clone(), notification.clone());
                self.effects.put(*effect, Effect::Message(Message { run: *run, channel, kind: *kind, notification }));
            }
            Event::Called { effect, run, api, .. } => self.effects.put(*effect, Effect::Call(*run, api.clone())),
            Event::Hooked { effect, .. } => self.effects.put(*effect, Effect::Other),
            _ => {}
        }
    }

    /// Whether an event speaks of something that is not known here and that was not looked for.
    pub fn lacks(&self, event: &Event) -> bool {
        let run = |run: &RunId| self.runs.get(run).is_none();
        match event {
            Event::Attempted { effect, .. } | Event::Reported { effect, .. } | Event::CallEnded { effect, .. } => {
                match self.effects.get(effect) {
                    None => true,
                    Some(Effect::Message(Message { run: Some(of), .. }) | Effect::Call(of, _)) => run(of),
                    Some(Effect::Message(_) | Effect::Other | Effect::Unknown) => false,
                }
            }
            Event::Left { run: of, .. }
            | Event::Set { run: of, .. }
            | Event::Tagged { run: of, .. }
            | Event::Called { run: of, .. }
            | Event::Emitted { run: of, .. } => run(of),
            Event::Sent { run: Some(of), .. } | Event::Alert { run: Some(of), .. } => run(of),
            Event::HandoffOpened(opened) => run(&opened.run),
            Event::HandoffTaken(taken) => run(&taken.run),
            Event::HandoffClosed(closed) => run(&closed.run),
            Event::Way(way) => run(&way.run),
            _ => false,
        }
    }

    /// History does not know what this event speaks of either: it is not asked again.
    pub fn give_up(&mut self, event: &Event) {
        match event {
            Event::Attempted { effect, .. } | Event::Reported { effect, .. } | Event::CallEnded { effect, .. } => {
                match self.effects.get(effect) {
                    None => self.effects.put(*effect, Effect::Unknown),
                    Some(Effect::Message(Message { run: Some(of), .. }) | Effect::Call(of, _)) => {
                        let of = *of;
                        self.runs.put(of, None);
                    }
                    Some(Effect::Message(_) | Effect::Other | Effect::Unknown) => {}
                }
            }
            event => {
                if let Some(run) = event.run().filter(|run| self.runs.get(run).is_none()) {
                    self.runs.put(run, None);
                }
            }
        }
    }

    /// The flow of a run.
    pub fn flow(&self, run: &RunId) -> Option<&Slug> {
        self.runs.get(run)?.as_ref()
    }

    /// The message that an effect is.
    pub fn message(&self, effect: &EffectId) -> Option<&Message> {
        match self.effects.get(effect)? {
            Effect::Message(message) => Some(message),
            Effect::Call(..) | Effect::Other | Effect::Unknown => None,
        }
    }

    /// The run and the api of the call that an effect is.
    pub fn call(&self, effect: &EffectId) -> Option<(&RunId, &Slug)> {
        match self.effects.get(effect)? {
            Effect::Call(run, api) => Some((run, api)),
            Effect::Message(_) | Effect::Other | Effect::Unknown => None,
        }
    }

    /// Whether nothing is known of an effect.
    pub fn is_unknown(&self, effect: &EffectId) -> bool {
        matches!(self.effects.get(effect), None | Some(Effect::Unknown))
    }
}

/// The last of many.
#[derive(Debug)]
struct Recent<K, V> {
    known: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Recent { known: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Hash + Eq + Copy, V> Recent<K, V> {
    fn get(&self, key: &K) -> Option<&V> {
        self.known.get(key)
    }

    fn put(&mut self, key: K, value: V) {
        if self.known.insert(key, value).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > REMEMBERED {
            self.order.pop_front().and_then(|oldest| self.known.remove(&oldest));
        }
    }
}
