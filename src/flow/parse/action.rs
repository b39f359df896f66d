//! Actions.

use super::fields::Fields;
use super::{Giver, MentionKind, Reader};
use crate::domain::journal::AlertLevel;
use crate::domain::name::Name;
use crate::flow::definition::{Act, Action, Destination, Notify, Receiver};
use crate::flow::expression::ValueTemplate;
use crate::flow::keys;
use crate::flow::yaml::{Entry, Node, Tree};

/// Whether somebody waits for what becomes of a notification.
#[derive(Clone, Copy)]
pub(super) enum Awaited {
    /// Nobody.
    No,
    /// The kind of state of this name.
    By(&'static str),
}

/// The keys of actions.
pub(super) const ACTIONS: [&str; 7] = ["say", "notify", "set", "tag", "untag", "emit", "alert"];

impl Reader {
    /// The actions of a state or step: one, or a list under `do`.
    pub(super) fn actions(&mut self, fields: &Fields<'_>) -> Vec<Action> {
        let mut given = fields.among(&ACTIONS);
        given.extend(fields.entry("do"));
        given.sort_by_key(|e| e.key.at);
        if let Some(second) = given.get(1) {
            let message = "Two actions beside each other have no order; put them into `do`";
            let help = format!("write `do: [{{ {}: … }}, {{ {}: … }}]`", given[0].key.text, second.key.text);
            self.say_key(110, &second.key, message, help);
        }
        let mut out = Vec::with_capacity(given.len());
        for entry in given {
            if entry.key.text != "do" {
                out.extend(self.act(entry).map(|act| Action { condition: None, act, at: entry.key.at }));
                continue;
            }
            let items = self.items(&entry.value, "do", "[{ say: Hello }, { tag: greeted }]").unwrap_or_default();
            if items.is_empty() {
                self.say_node(6, &entry.value, "`do` is empty; leave the key out or give it a value", "leave `do` out");
            }
            for item in items {
                out.extend(self.item(item));
            }
        }
        out
    }

    fn item(&mut self, node: &Node) -> Option<Action> {
        let fields = self.fields(node, "do", "[{ say: Hello }]", &keys::ITEM)?;
        let condition = fields.get("if").map(|n| self.condition(n));
        let given = fields.among(&ACTIONS);
        if let Some(second) = given.get(1) {
            let message = "Two actions beside each other have no order; put them into `do`";
            self.say_key(110, &second.key, message, "make each an item of its own");
        }
        let Some(entry) = fields.first_among(&ACTIONS) else {
            if !fields.refused {
                self.must_be(node, "do", "a list of actions", "[{ say: Hello }]");
            }
            return None;
        };
        let act = self.act(entry)?;
        Some(Action { condition: condition.flatten(), act, at: entry.key.at })
    }

    fn act(&mut self, Entry { key, value }: &Entry) -> Option<Act> {
        match &*key.text {
            "say" => {
                let given = self.one_or_many(value);
                let mut messages = Vec::with_capacity(given.len());
                messages.extend(given.iter().filter_map(|m| self.message(m, "say")));
                (!messages.is_empty()).then_some(Act::Say(messages))
            }
            "notify" => self.notify(value, Awaited::No).map(Act::Notify),
            "set" => self.set(value),
            "tag" => Some(Act::Tag(self.slugs(value, "tag", "vip"))),
            "untag" => Some(Act::Untag(self.slugs(value, "untag", "vip"))),
            "emit" => self.emit(value),
            _ => self.alert(value),
        }
    }

    /// `notify`: a slug, or `{ name, with, to }`.
    pub(super) fn notify(&mut self, node: &Node, awaited: Awaited) -> Option<Notify> {
        const EXAMPLE: &str = "order_confirmed";
        let (name_node, with, to) = match &node.tree {
            Tree::Map(_) => {
                let fields = self.fields(node, "notify", EXAMPLE, &keys::NOTIFY)?;
                let with = fields.get("with").map(|n| self.named_values(n, "with")).unwrap_or_default();
                let to = fields.entry("to").and_then(|entry| self.receiver(entry, awaited));
                match fields.get("name") {
                    Some(name) => (name, with, to),
                    None => {
                        if !fields.refused {
                            self.missing(node.at, node.width, "`notify`", "name", "name: order_confirmed");
                        }
                        return None;
                    }
                }
            }
            _ => (node, Vec::new(), None),
        };
        let name = self.slug(name_node, "notify", EXAMPLE)?;
        self.mention(MentionKind::Notification, name.as_str(), name_node.at, name_node.width);
        let with = self.hand(MentionKind::Notification, (&name, name_node.at), with);
        Some(Notify { name, with, to: to.map(Box::new), at: name_node.at })
    }

    /// `to`: another address, or who it is.
    fn receiver(&mut self, Entry { key, value }: &Entry, awaited: Awaited) -> Option<Receiver> {
        if let Awaited::By(of) = awaited {
            let message = format!("`to` is not for `{of}`: what becomes of it is awaited from the contact of the run");
            let help = "begin a flow for somebody else: `emit: { event: …, contact: … }`, and that event under its `start`";
            self.say_key(101, key, message, help);
            return None;
        }
        if let Tree::Scalar(_) = &value.tree {
            let address = self.template(value, "to", "\"{{ other_phone }}\"")?;
            let readable = |text: &str| text.contains('@') || text.bytes().any(|byte| byte.is_ascii_digit());
            if address.constant_text().is_some_and(|text| !readable(text)) {
                self.must_be(value, "to", "a phone number or an email address", "+447700900123");
                return None;
            }
            return Some(Receiver::Address(address));
        }
        self.contact(value).map(Receiver::Contact)
    }

    fn set(&mut self, node: &Node) -> Option<Act> {
        let entries = self.entries(node, "set", "{ attempts: \"{{ attempts + 1 }}\" }")?;
        let mut out = Vec::with_capacity(entries.len());
        for Entry { key, value } in entries {
            let destination = match key.text.strip_prefix("contact.") {
                Some(attribute) => match Name::parse(attribute) {
                    Ok(name) => {
                        self.mention(MentionKind::Attribute, attribute, key.at, key.width);
                        Some(Destination::Contact(name))
                    }
                    Err(bad) => {
                        let message = format!("`{}` cannot be a name: {}", key.text, bad.reason);
                        self.say_key(111, key, message, "write `contact.NAME` with an attribute of this project");
                        None
                    }
                },
                None => self.slot(&key.text, key.at, key.width).map(Destination::Variable),
            };
            let given: Option<ValueTemplate> = self.value(value);
            if let (Some(destination), Some(given)) = (destination, given) {
                self.assign(destination.clone(), Giver::Set, &given, value);
                out.push((destination, given));
            }
        }
        Some(Act::Set(out))
    }

    fn emit(&mut self, node: &Node) -> Option<Act> {
        let Tree::Map(_) = &node.tree else {
            let event = self.event_name(node, "emit")?;
            self.mention(MentionKind::Emitted, event.as_str(), node.at, node.width);
            return Some(Act::Emit { event, data: None, contact: None });
        };
        let fields = self.fields(node, "emit", "order.confirmed", &keys::EMIT)?;
        let data = fields.get("data").and_then(|n| self.value(n));
        let contact = fields.get("contact").and_then(|n| self.contact(n));
        let Some(name) = fields.get("event") else {
            if !fields.refused {
                self.missing(node.at, node.width, "`emit`", "event", "event: order.confirmed");
            }
            return None;
        };
        let event = self.event_name(name, "event")?;
        self.mention(MentionKind::Emitted, event.as_str(), name.at, name.width);
        Some(Act::Emit { event, data, contact })
    }

    fn alert(&mut self, node: &Node) -> Option<Act> {
        let options = match &node.tree {
            Tree::Map(entries) => entries.iter().any(|e| keys::ALERT.knows(&e.key.text) && e.key.text != "to"),
            _ => false,
        };
        if !options {
            let say = self.texts(node, "alert")?;
            return Some(Act::Alert { say, to: None, level: AlertLevel::default() });
        }
        let fields = self.fields(node, "alert", "Nobody answered", &keys::ALERT)?;
        let to = fields.get("to").and_then(|n| {
            let team = self.slug(n, "to", "payments")?;
            self.mention(MentionKind::Team, team.as_str(), n.at, n.width);
            Some(team)
        });
        let level = fields.get("level").and_then(|n| self.level(n)).unwrap_or_default();
        let Some(say) = fields.get("say") else {
            if !fields.refused {
                self.missing(node.at, node.width, "an alert", "say", "say: Nobody answered");
            }
            return None;
        };
        Some(Act::Alert { say: self.texts(say, "say")?, to, level })
    }

    fn level(&mut self, node: &Node) -> Option<AlertLevel> {
        const KIND: &str = "`info`, `warning` or `urgent`";
        match self.plain(node, "level", KIND, "warning")? {
            "info" => Some(AlertLevel::Info),
            "warning" => Some(AlertLevel::Warning),
            "urgent" => Some(AlertLevel::Urgent),
            _ => {
                self.must_be(node, "level", KIND, "warning");
                None
            }
        }
    }
}
