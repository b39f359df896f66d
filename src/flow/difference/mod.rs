//! What changes from one version of a flow to another, in sentences for operators, what matters most to customers first: states and choices
//! that come and go, other ways, other times, other texts, and then what is around them. Files that are written otherwise and mean the same have
//! no difference.

mod facts;
mod flow;
mod pairing;
mod said;
mod sentences;
mod state;
#[cfg(test)]
mod tests;

pub use facts::Topic;
pub use pairing::counterpart;

use super::definition::{Flow, Kind, StateId};
use super::ways::{To, Ways};
use crate::domain::name::Name;
use serde::Serialize;
use std::collections::BTreeSet;

/// What changes from one version to another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Difference {
    /// What changes, in sentences, the most important first.
    pub sentences: Vec<Sentence>,
    /// Every text that changes, in full.
    pub texts: Vec<TextChange>,
    /// States of the older version in which runs can rest and which the newer one does not have, under no name: such runs cannot go over.
    pub stranded: Vec<String>,
    /// Ends of the older version that the newer one does not have: a flow that runs it as a part of its own may wait for one.
    pub lost_ends: Vec<String>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sentence {
    /// What it is about.
    pub topic: Topic,
    /// The state, as the newer version calls it, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The sentence.
    pub text: String,
}

/// A text that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TextChange {
    /// Where it stands: `offer_link › question › text (es)`.
    pub place: String,
    /// As it was; nothing if there was none.
    pub before: Option<String>,
    /// As it is; nothing if there is none.
    pub after: Option<String>,
}

impl Difference {
    /// Whether nothing changes for anybody.
    pub fn is_empty(&self) -> bool {
        self.sentences.is_empty()
    }

    /// The most important of it in one line, of about so many characters.
    pub fn headline(&self, chars: usize) -> String {
        let mut line = String::new();
        for (n, sentence) in self.sentences.iter().enumerate() {
            let left = self.sentences.len() - n;
            if n > 0 && line.chars().count() + sentence.text.chars().count() > chars {
                line.push_str(&format!("; {left} more change{}", if left == 1 { "" } else { "s" }));
                break;
            }
            if n > 0 {
                line.push_str("; ");
            }
            line.push_str(&sentence.text);
        }
        line
    }
}

/// What changes from `older` to `newer`.
pub fn difference(older: &Flow, newer: &Flow) -> Difference {
    let paired = pairing::names(older, newer);
    let mine: Vec<String> = newer.states.keys().map(ToString::to_string).collect();
    // A state that has another name now is compared under that one; one that is gone keeps its own.
    let named = |(name, paired): (&Name, &Option<Name>)| match paired {
        Some(now) if now != name && older.states.contains_key(now) => name.to_string(),
        Some(now) => now.to_string(),
        None => name.to_string(),
    };
    let names: Vec<String> = older.states.keys().zip(&paired).map(named).collect();
    let mut out = sentences::compare(older, newer, &names, facts::of(older, &names), facts::of(newer, &mine));
    let rests = |id: StateId| {
        !matches!(older.state(id).map(|state| &state.kind), None | Some(Kind::Pass(_) | Kind::End(_) | Kind::Split(_)))
    };
    let gone = older.states.keys().zip(&paired).enumerate().filter(|(n, (_, now))| now.is_none() && rests(StateId(*n as u16)));
    out.stranded = gone.map(|(_, (name, _))| name.to_string()).collect();
    let ends = ends_of(newer);
    out.lost_ends = ends_of(older).into_iter().filter(|end| !ends.contains(end)).collect();
    out
}

/// The ends that a flow can come to by itself.
fn ends_of(flow: &Flow) -> BTreeSet<String> {
    let ways = Ways::of(flow);
    let from_states = ways.states().flat_map(|state| ways.ways_out(state)).map(|(_, way)| way.to);
    let from_entries = ways.entries().iter().flat_map(|entry| ways.ways_in(entry)).map(|way| way.to);
    let end = |to| match to {
        To::End(name) => Some(name.to_owned()),
        To::State(_) | To::Again(_) => None,
    };
    from_states.chain(from_entries).filter_map(end).collect()
}
