//! One published version with what a turn looks up in it.

use crate::domain::name::{EventName, Slug};
use crate::flow::definition::{AnytimeTrigger, Command, Flow, Kind, StateId, Trigger, WaitFor};
use crate::flow::expression::{ReferenceName, Root};
use crate::flow::expressions::each_expression;
use crate::reply::keyword::{Keyword, Keywords};
use std::collections::HashMap;
use std::sync::Arc;

/// A version of a flow with its index.
#[derive(Debug)]
pub struct Published {
    /// The flow.
    pub flow: Arc<Flow>,
    /// Keywords of `anytime` with the places of their entries.
    pub keywords: Keywords<usize>,
    /// Places of the entries of `anytime` by event.
    pub events: HashMap<EventName, Vec<usize>>,
    /// Places of the entries of `anytime` with a command.
    pub commands: Vec<(Command, usize)>,
    /// Every event that begins, moves or is awaited by a run.
    pub listened: Vec<EventName>,
    /// Events of which a digest of the flow may be begun by the one that began the run.
    pub digests: Vec<EventName>,
    /// The flows that it runs as parts of itself.
    pub parts: Vec<Slug>,
    /// The states, in order, whose visits the flow reads; those of others need not be counted.
    counted: Vec<StateId>,
}

impl Published {
    /// Makes the index of a version.
    pub fn new(flow: Arc<Flow>) -> Self {
        let mut events: HashMap<EventName, Vec<usize>> = HashMap::new();
        let (mut keywords, mut commands, mut listened, mut digests) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (place, entry) in flow.anytime.iter().enumerate() {
            match &entry.trigger {
                AnytimeTrigger::Event { name, .. } => events.entry(name.clone()).or_default().push(place),
                AnytimeTrigger::Keyword(words) => {
                    keywords.extend(words.iter().filter_map(|word| Keyword::parse(word)).map(|keyword| (keyword, place)));
                }
                AnytimeTrigger::Command(command) => commands.push((*command, place)),
            }
        }
        listened.extend(events.keys().cloned());
        for start in &flow.starts {
            if let Trigger::Event(name) = &start.trigger {
                listened.push(name.clone());
            }
        }
        let mut parts = Vec::new();
        for state in flow.states.values() {
            match &state.kind {
                Kind::Run(run) => parts.push(run.flow.clone()),
                Kind::Wait(wait) => {
                    if let WaitFor::Event { name, .. } = &wait.until {
                        listened.push(name.clone());
                    }
                }
                Kind::Digest(digest) => {
                    listened.push(digest.event.clone());
                    digests.push(digest.event.clone());
                }
                _ => {}
            }
        }
        parts.sort();
        parts.dedup();
        listened.sort();
        listened.dedup();
        let counted = counted(&flow);
        Published { flow, keywords: Keywords::new(keywords), events, commands, listened, digests, parts, counted }
    }

    /// Whether the flow reads how often a state was entered.
    pub fn counts(&self, state: StateId) -> bool {
        self.counted.binary_search(&state).is_ok()
    }
}

fn counted(flow: &Flow) -> Vec<StateId> {
    let mut counted = Vec::new();
    let mut all = false;
    each_expression(flow, &mut |expression| {
        for reference in expression.names() {
            match &reference.name {
                ReferenceName::Member(Root::Visits, state) => {
                    counted.extend(flow.states.get_index_of(&**state).map(|i| StateId(i as u16)));
                }
                ReferenceName::Root(Root::Visits) => all = true,
                _ => {}
            }
        }
    });
    if all {
        counted = (0..flow.states.len()).map(|i| StateId(i as u16)).collect();
    }
    counted.sort();
    counted.dedup();
    counted
}
