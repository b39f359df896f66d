//! A conversation that took place as the case of a test file: from the journal of one contact to steps, and from steps to
//! YAML that passes when it is run. The journal may be that of the virtual world or that of the service.

mod append;
mod calls;
mod keep;
mod walk;
mod write;
mod yaml;

pub use append::{AppendError, Appended, append, file_of};
pub use keep::{Kept, keep};

use super::script::{ContactGiven, Given, Step};
use crate::domain::id::InputId;
use crate::domain::input::Input;
use crate::domain::journal::Entry;
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::Millis;
use std::collections::HashMap;

/// What the journal does not say, or not well enough.
#[derive(Debug, Clone)]
pub struct About<'a> {
    /// The flow that the test is of.
    pub flow: Slug,
    /// Who it is: what is known of the contact before the conversation. The phone is taken from the journal if it is not here.
    pub contact: ContactGiven,
    /// Inputs as they were accepted, where they are known: they give back what the journal masks.
    pub inputs: Option<&'a HashMap<InputId, Input>>,
}

impl About<'_> {
    /// A test of this flow with somebody of whom nothing is known.
    pub fn flow(flow: Slug) -> Self {
        About { flow, contact: ContactGiven::default(), inputs: None }
    }
}

/// A conversation in the steps of a test.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// The flow that the test is of.
    pub flow: Slug,
    /// When it begins.
    pub now: Millis,
    /// The channels that were used, the first one first.
    pub channels: Vec<ChannelName>,
    /// Who wrote.
    pub contact: ContactGiven,
    /// The seed under which a `split` takes the arms that were taken, if one had to be found.
    pub seed: Option<u64>,
    /// The tags that the contact had; nothing where it had none and the file gives none.
    tags: Option<Vec<Slug>>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// What happened and cannot be written as a step, a sentence for each.
    pub lost: Vec<String>,
}

impl Transcript {
    /// The conversation of one contact. `entries` are all of that contact and in order.
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e Entry>, about: &About<'_>) -> Transcript {
        walk::transcript(entries, about)
    }

    /// A conversation of which every step is known.
    pub fn of_steps(flow: Slug, given: &Given, steps: Vec<Step>) -> Transcript {
        Transcript {
            flow,
            now: given.now.unwrap_or_default(),
            channels: given.channel.iter().chain(&given.also).cloned().collect(),
            contact: given.contact.clone().unwrap_or_default(),
            seed: given.seed,
            tags: given.tags.clone(),
            steps,
            lost: Vec::new(),
        }
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// As an entry of `cases`, every line indented by so many spaces.
    pub fn case(&self, title: &str, indent: usize) -> String {
        write::case(self, title, indent)
    }
}
