//! What came in elsewhere or is to come again: a memory for inputs, inputs as they were accepted, contacts by their keys.

use super::{World, WorldError};
use crate::domain::address::Address;
use crate::domain::id::{ContactKey, InputId};
use crate::domain::input::{Input, Passed, Webhook};
use crate::domain::journal;
use crate::domain::language::Language;
use crate::domain::name::{Name, Slug};
use crate::domain::value::Value;
use crate::flow::catalog::webhook_contacts;
use std::collections::HashMap;

impl World {
    /// The same with other chances: contacts have other keys, and stand elsewhere in a `split`.
    pub fn seeded(mut self, seed: u64) -> Self {
        self.secret.extend(seed.to_le_bytes());
        self
    }

    /// The same with a memory for what came in: the journal masks what is private.
    pub fn remembering(mut self) -> Self {
        self.inputs_accepted = Some(HashMap::new());
        self
    }

    /// What came in, if it is remembered.
    pub fn inputs(&self) -> Option<&HashMap<InputId, Input>> {
        self.inputs_accepted.as_ref()
    }

    /// The same where the contact at this address has this key, as in the place that its conversation was recorded in: it stands
    /// at the same arm of each `split`.
    pub fn knowing(mut self, address: &Address, key: ContactKey) -> Self {
        self.known_as = Some((address.canonical(), key));
        self
    }

    /// An input for a contact as it was accepted elsewhere, whomever it names.
    pub fn give(&mut self, address: &Address, input: Input) -> Result<(), WorldError> {
        let priority = match &input {
            Input::Message(message) => crate::engine::is_priority(message, self.catalog.languages()),
            Input::Event(_) | Input::Webhook(_) | Input::Passed(_) => false,
            Input::CallResult(_)
            | Input::Delivery(_)
            | Input::Operator(_)
            | Input::Reach(_)
            | Input::Alerts(_)
            | Input::Desk(_)
            | Input::Merge(_) => true,
        };
        let key = self.person(address).key;
        self.accept(key, priority, input);
        self.settle()
    }

    /// A run of somebody else notifies whom this names.
    pub(super) fn pass(&mut self, passed: Box<Passed>) {
        if let Some(address) = passed.to.address() {
            let key = self.person(&address).key;
            self.accept(key, false, Input::Passed(passed));
        }
    }

    /// Another system calls the webhook of a flow.
    pub fn webhook(&mut self, flow: &Slug, name: &Name, data: Value) -> Result<(), WorldError> {
        let catalog = self.catalog.clone();
        let starts = catalog.starts_by_webhook(flow.as_str(), name.as_str());
        if starts.is_empty() {
            return Err(WorldError::Event(format!("`{flow}` has no webhook `{name}`")));
        }
        let found = webhook_contacts(&starts, &self.project, &data);
        for to in found.map_err(|problem| WorldError::Event(problem.to_string()))? {
            let Some(address) = to.address() else { continue };
            let key = self.person(&address).key;
            let webhook = Webhook { flow: flow.clone(), name: name.clone(), data: data.clone(), to, callback: None };
            self.accept(key, false, Input::Webhook(Box::new(webhook)));
        }
        self.settle()
    }

    /// Notes in which of its languages each flow spoke.
    pub(super) fn languages(&mut self, events: &[journal::Event], wanted: Option<Language>) {
        for event in events {
            let journal::Event::Entered { flow, .. } = event else { continue };
            let Some(known) = self.catalog.current(flow.as_str()).map(|flow| &flow.languages) else { continue };
            let own = wanted.and_then(|wanted| {
                known.iter().find(|l| **l == wanted).or_else(|| known.iter().find(|l| l.base() == wanted.base()))
            });
            if let Some(language) = own.or(known.first()).copied() {
                self.spoken.insert((flow.clone(), language));
            }
        }
    }
}
