//! What came of a replay, counted.

use super::Outcome;
use super::compare::{Difference, What};
use super::conversation::Unplayable;
use indexmap::IndexMap;
use std::collections::BTreeMap;

/// One conversation that shows a difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Its number.
    pub number: usize,
    /// What was recorded.
    pub recorded: String,
    /// What the draft does.
    pub draft: String,
}

/// Differences of one kind at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What kind it is.
    pub what: What,
    /// Where.
    pub place: String,
    /// In how many conversations.
    pub conversations: usize,
    /// The first of them.
    pub example: Example,
}

/// What came of a replay so far.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Conversations of the flow that were looked at.
    pub conversations: usize,
    /// Those in which the draft does the same.
    pub same: usize,
    /// Those in which it does not.
    pub different: usize,
    /// Those that could not be played, by why.
    pub unplayable: BTreeMap<Unplayable, usize>,
    groups: IndexMap<(What, String), Group>,
}

impl Report {
    /// Counts a conversation and gives its number.
    pub(super) fn count(&mut self, outcome: &Result<Outcome, Unplayable>) -> usize {
        self.conversations += 1;
        let number = self.conversations;
        match outcome {
            Err(why) => *self.unplayable.entry(*why).or_default() += 1,
            Ok(outcome) if outcome.differences.is_empty() => self.same += 1,
            Ok(outcome) => {
                self.different += 1;
                outcome.differences.iter().for_each(|difference| self.group(number, difference));
            }
        }
        number
    }

    fn group(&mut self, number: usize, difference: &Difference) {
        let Difference { what, place, recorded, draft } = difference;
        let example = || Example { number, recorded: recorded.clone(), draft: draft.clone() };
        let new = || Group { what: *what, place: place.clone(), conversations: 0, example: example() };
        self.groups.entry((*what, place.clone())).or_insert_with(new).conversations += 1;
    }

    /// The differences, the most frequent first.
    pub fn groups(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.groups.values().collect();
        groups.sort_by(|a, b| b.conversations.cmp(&a.conversations).then(a.what.cmp(&b.what)).then(a.place.cmp(&b.place)));
        groups
    }

    /// Conversations that could not be played.
    pub fn not_played(&self) -> usize {
        self.unplayable.values().sum()
    }
}
