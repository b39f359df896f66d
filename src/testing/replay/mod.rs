//! Recorded conversations played against a draft of their flow: what the contact wrote comes again at its moments, calls get
//! the answers that they got, nothing leaves the machine. What the draft answers otherwise is counted by kind and place.
//!
//! Entries come in any number, those of all contacts among each other. What is kept of a contact is what is known of it and
//! the entries of the conversation that is under way; a conversation is played as soon as it is over.

mod compare;
mod conversation;
mod item;
mod named;
mod played;
mod report;

pub use compare::{Difference, What};
pub use conversation::{Conversation, Unplayable};
pub use item::Item;
pub use played::Draft;
pub use report::{Example, Group, Report};

use crate::domain::id::ContactKey;
use crate::domain::journal::Entry;
use conversation::Person;
use std::collections::HashMap;

/// Conversations as they come out of a journal, each compared with what the draft makes of it.
pub struct Replay {
    draft: Draft,
    people: HashMap<ContactKey, Person>,
    /// What came of it so far.
    pub report: Report,
}

/// A conversation that was played, or not, and why.
#[derive(Debug, Clone)]
pub struct Played {
    /// Its number, from 1, in the order in which conversations ended.
    pub number: usize,
    /// What was recorded.
    pub conversation: Conversation,
    /// What the draft did and where it differs; or why it was not played.
    pub outcome: Result<Outcome, Unplayable>,
}

/// What a draft made of a conversation.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What was recorded.
    pub recorded: Vec<Item>,
    /// What the draft did.
    pub draft: Vec<Item>,
    /// Where they differ.
    pub differences: Vec<Difference>,
}

impl Replay {
    /// A replay of the conversations of one flow.
    pub fn new(draft: Draft) -> Self {
        Replay { draft, people: HashMap::new(), report: Report::default() }
    }

    /// The next entry of the journal; gives the conversation that ends with it.
    pub fn entry(&mut self, entry: Entry) -> Option<Played> {
        let key = entry.contact;
        let person = self.people.entry(key).or_default();
        let ended = person.take(entry, &self.draft);
        let played = ended.map(|conversation| {
            let (outcome, record) = self.draft.play(&conversation);
            person.after(record);
            (conversation, outcome)
        });
        if person.is_gone() {
            self.people.remove(&key);
        }
        let (conversation, outcome) = played?;
        self.count(conversation, outcome)
    }

    /// The end of the journal: conversations that are still under way are played as far as they came.
    pub fn finish(&mut self) -> Vec<Played> {
        let mut left: Vec<(ContactKey, Person)> = self.people.drain().collect();
        left.sort_by_key(|(key, person)| (person.since(), *key));
        let open: Vec<Conversation> = left.into_iter().filter_map(|(_, person)| person.finish()).collect();
        let play = |conversation: Conversation| {
            let outcome = self.draft.play(&conversation).0;
            (conversation, outcome)
        };
        let played: Vec<_> = open.into_iter().map(play).collect();
        played.into_iter().filter_map(|(conversation, outcome)| self.count(conversation, outcome)).collect()
    }

    fn count(&mut self, conversation: Conversation, outcome: Result<Outcome, Unplayable>) -> Option<Played> {
        // What is none of the flow's business counts only where the draft makes it so.
        if !conversation.is_of_flow {
            let begins = |outcome: &Outcome| outcome.draft.iter().any(|item| self.draft.begins(item));
            let wanted = !conversation.unsure && outcome.as_ref().is_ok_and(|o| !o.differences.is_empty() && begins(o));
            if !wanted {
                return None;
            }
        }
        let number = self.report.count(&outcome);
        Some(Played { number, conversation, outcome })
    }
}
