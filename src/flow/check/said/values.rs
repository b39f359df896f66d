//! What is known of the values in a text before anything runs: how long they plausibly are, and which can be nothing.

use super::super::World;
use super::super::walk::{Visit, walk};
use super::media;
use crate::config::project::Project;
use crate::domain::channel::ChannelKind;
use crate::domain::name::Slug;
use crate::domain::value::Type;
use crate::flow::definition::{Act, Action, Answer, Destination, Flow, Kind, Notification, Origin, Save, Start, Trigger};
use crate::flow::expression::{Expression, Plausible, ReferenceName, Root, chars, chars_of};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

/// What is known of the values of one file.
pub(super) struct Values<'a> {
    variables: HashMap<&'a str, Known>,
    project: &'a Project,
    /// What the flows of the file take care of: what they ask for in a condition, what they set.
    cared_for: Vec<Rc<Names>>,
}

type Names = HashSet<ReferenceName, foldhash::fast::FixedState>;

/// What flows take care of, found when it is first asked for: a notification is looked at beside each flow that names it.
#[derive(Default)]
pub(in crate::flow::check) struct CaredFor(RefCell<BTreeMap<Slug, Rc<Names>>>);

impl CaredFor {
    fn of(&self, flow: &Flow, world: &World<'_>) -> Rc<Names> {
        if let Some(known) = self.0.borrow().get(&flow.name) {
            return Rc::clone(known);
        }
        let found = Rc::new(cared_for(flow, world));
        self.0.borrow_mut().insert(flow.name.clone(), Rc::clone(&found));
        found
    }
}

#[derive(Clone, Copy)]
struct Known {
    chars: usize,
    kind: Type,
    /// Something is always in it.
    filled: bool,
}

impl<'a> Values<'a> {
    /// Of a flow.
    pub fn of_flow(flow: &'a Flow, world: &World<'a>) -> Self {
        let known = |kind, filled| Known { chars: chars_of(kind), kind, filled };
        let mut variables: HashMap<&str, Known> =
            flow.variables.iter().map(|(name, variable)| (name.as_str(), known(variable.kind, false))).collect();
        for state in flow.states.values() {
            if let (Kind::Digest(digest), Some(Save::Whole(slot))) = (&state.kind, &state.save) {
                // The event that began the run is the first of the list.
                let first = |start: &Start| matches!(&start.trigger, Trigger::Event(event) if *event == digest.event);
                if let Some((name, variable)) = flow.variables.get_index(usize::from(slot.0)) {
                    let filled = matches!(variable.origin, Origin::Saved) && flow.starts.iter().all(first);
                    variables.insert(name.as_str(), known(Type::List, filled));
                }
            }
            let (Kind::Ask(ask), Some(Save::Whole(slot))) = (&state.kind, &state.save) else { continue };
            let Some((name, variable)) = flow.variables.get_index(usize::from(slot.0)) else { continue };
            let only_here = matches!(variable.origin, Origin::Saved);
            let entry = variables.entry(name.as_str()).or_insert(known(variable.kind, false));
            match &ask.answer {
                Answer::Text { max: Some(max), .. } => entry.chars = (*max).max(if only_here { 0 } else { entry.chars }),
                // There is no answer without one of them.
                Answer::Choices(_) | Answer::Media { .. } => entry.filled = only_here,
                _ => {}
            }
        }
        Values { variables, project: world.project, cared_for: vec![world.cared_for.of(flow, world)] }
    }

    /// Of a notification: its parameters take the place of variables.
    pub fn of_notification(notification: &'a Notification, users: &[&'a Flow], world: &World<'a>) -> Self {
        let of = |kind| Known { chars: chars_of(kind), kind, filled: false };
        let variables = notification.needs.iter().map(|(name, need)| (name.as_str(), of(need.kind))).collect();
        Values {
            variables,
            project: world.project,
            cared_for: users.iter().map(|flow| world.cared_for.of(flow, world)).collect(),
        }
    }

    /// Characters of the longest plausible value of an expression.
    pub fn chars(&self, expression: &Expression) -> usize {
        chars(expression, self)
    }

    /// Whether every flow of the file asks for this or sets it.
    pub fn is_cared_for(&self, name: &ReferenceName) -> bool {
        !self.cared_for.is_empty() && self.cared_for.iter().all(|cared_for| cared_for.contains(name))
    }
}

impl Plausible for Values<'_> {
    fn chars(&self, variable: &str) -> usize {
        self.variables.get(variable).map_or(chars_of(Type::Any), |known| known.chars)
    }

    fn member_chars(&self, root: Root, field: &str) -> usize {
        match (root, field) {
            (Root::Contact, "name") => 20,
            (Root::Contact, "language" | "channel") => 10,
            (Root::Contact, "phone") => chars_of(Type::Phone),
            (Root::Contact, _) => self.project.attributes.get(field).map_or(30, |kind| chars_of(*kind)),
            (Root::Visits, _) => chars_of(Type::Number),
            (Root::Env, _) => self.project.env.get(field).map_or(30, |value| {
                value.as_text().map_or_else(|| value.kind().map_or(0, chars_of), |text| text.chars().count())
            }),
            _ => chars_of(Type::Text),
        }
    }

    fn member_lacks(&self, root: Root, field: &str) -> bool {
        // The id, the language, the time zone and the channel are always there; a place in time too.
        let may = matches!(field, "name" | "phone" | "email" | "external") || self.project.attributes.contains_key(field);
        root == Root::Contact && may && !self.is_cared_for(&ReferenceName::Member(root, field.into()))
    }

    fn is_maybe_empty_list(&self, variable: &str) -> bool {
        let list = self.variables.get(variable).is_some_and(|known| known.kind == Type::List && !known.filled);
        list && !self.is_cared_for(&ReferenceName::Variable(variable.into()))
    }

    fn is_text(&self, variable: &str) -> bool {
        let text = self.variables.get(variable).is_some_and(|known| known.kind == Type::Text);
        text && !self.is_cared_for(&ReferenceName::Variable(variable.into()))
    }
}

/// What a flow asks for in a condition, sets, or is given by all that begins it: its author knows that it may be missing.
fn cared_for(flow: &Flow, world: &World<'_>) -> Names {
    struct Cares(Names);
    impl<'a> Visit<'a> for Cares {
        fn condition(&mut self, condition: &'a Expression) {
            for reference in condition.names() {
                if !self.0.contains(&reference.name) {
                    self.0.insert(reference.name.clone());
                }
            }
        }

        fn actions(&mut self, actions: &'a [Action], _: super::super::walk::Place<'a>) {
            for action in actions {
                let Act::Set(pairs) = &action.act else { continue };
                for (to, _) in pairs {
                    if let Destination::Contact(name) = to {
                        self.0.insert(ReferenceName::Member(Root::Contact, name.as_str().into()));
                    }
                }
            }
        }
    }
    let mut cares = Cares(Names::default());
    walk(flow, &mut cares);
    let media = media(flow, world);
    let only = |kind: ChannelKind| media.iter().all(|(k, _)| *k == kind);
    let by_message = |start: &Start| matches!(start.trigger, Trigger::Keyword(_) | Trigger::AnyMessage);
    let given = |field: &str, start: &Start| {
        let contact = start.contact.as_ref();
        match field {
            // WhatsApp tells the name of whoever writes.
            "name" => contact.is_some_and(|c| c.name.is_some()) || by_message(start) && only(ChannelKind::WhatsApp),
            "email" => contact.is_some_and(|c| c.email.is_some()),
            "external" => contact.is_some_and(|c| c.id.is_some()),
            _ => contact.is_some_and(|c| c.phone.is_some()),
        }
    };
    for field in ["name", "email", "external", "phone"] {
        // A text message always has a number.
        let always = field == "phone" && only(ChannelKind::Sms);
        if always || !flow.starts.is_empty() && flow.starts.iter().all(|start| given(field, start)) {
            cares.0.insert(ReferenceName::Member(Root::Contact, field.into()));
        }
    }
    cares.0
}
