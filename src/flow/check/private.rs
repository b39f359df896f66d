//! RF504: a private value leaves for somewhere else than the contact: an api, an event, an alert. Who means that says why in
//! the `note` of the state.

use super::Report;
use super::place::Text;
use super::walk::{Place, Visit, walk};
use crate::flow::definition::{Act, Action, CallBody, Destination, Flow, Kind, Notify, State, Texts};
use crate::flow::diagnostic::At;
use crate::flow::expression::{Expression, ReferenceName, Root, Template};
use std::collections::HashSet;

/// Checks what leaves of a flow's private values.
pub(super) fn check(file: &Text<'_>, flow: &Flow, report: &mut Report) {
    let private = private_names(flow);
    if private.is_empty() && !flow.states.values().any(|state| state.private) {
        return;
    }
    let mut sends = Sends { flow, private: &private, found: Vec::new() };
    walk(flow, &mut sends);
    for state in flow.states.values() {
        if let Kind::Call(call) = &state.kind {
            let texts = [&call.path].into_iter().chain(call.query.iter().chain(&call.headers).map(|(_, text)| text));
            let mut expressions: Vec<&Expression> = texts.flat_map(|text| text.expressions().map(|(_, e)| e)).collect();
            match &call.body {
                CallBody::Empty => {}
                CallBody::Json(value) => expressions.extend(value.expressions()),
                CallBody::Form(fields) => expressions.extend(fields.iter().flat_map(|(_, t)| in_text(t))),
                CallBody::Text(text) => expressions.extend(in_text(text)),
            }
            sends.look(expressions, &format!("api `{}`", call.api), Some(state), || {
                file.key_of(state.at, "call").unwrap_or(state.at)
            });
        }
    }
    for state in flow.states.values() {
        if let Kind::Handoff(handoff) = &state.kind
            && let Some(note) = &handoff.note
        {
            let read = sends.read_by_operators(note);
            let at = || file.key_of(state.at, "handoff").unwrap_or(state.at);
            sends.look(in_text(read).collect(), &format!("team `{}`", handoff.to), Some(state), at);
        }
    }
    for (at, message) in sends.found {
        let help = "leave it out, or say in the state's `note` why it must go there";
        report.add(504, at, 0, message, help);
    }
}

/// Private variables and what `set` makes of them, also over several steps.
fn private_names(flow: &Flow) -> HashSet<ReferenceName> {
    struct Sets<'a>(Vec<(ReferenceName, Vec<&'a ReferenceName>)>);
    impl<'a> Visit<'a> for Sets<'a> {
        fn actions(&mut self, actions: &'a [Action], _: Place<'a>) {
            for action in actions {
                let Act::Set(pairs) = &action.act else { continue };
                for (to, value) in pairs {
                    // The flow's variables are filled in below, where their names are known.
                    let to = match to {
                        Destination::Variable(slot) => ReferenceName::Variable(slot.0.to_string().into()),
                        Destination::Contact(name) => ReferenceName::Member(Root::Contact, name.as_str().into()),
                    };
                    self.0.push((to, value.expressions().flat_map(Expression::names).map(|r| &r.name).collect()));
                }
            }
        }
    }
    let variables = flow.variables.iter().filter(|(_, variable)| variable.private);
    let mut private: HashSet<ReferenceName> = variables.map(|(n, _)| ReferenceName::Variable(n.as_str().into())).collect();
    if private.is_empty() {
        return private;
    }
    let mut sets = Sets(Vec::new());
    walk(flow, &mut sets);
    let named = |to: ReferenceName| match to {
        ReferenceName::Variable(slot) => {
            let name = slot.parse().ok().and_then(|slot: usize| flow.variables.get_index(slot)).map(|(name, _)| name.as_str());
            ReferenceName::Variable(name.unwrap_or_default().into())
        }
        other => other,
    };
    let mut left: Vec<_> = sets.0.into_iter().map(|(to, reads)| (named(to), reads)).collect();
    loop {
        let before = left.len();
        left.retain(|(to, reads)| {
            let derived = reads.iter().any(|read| private.contains(*read));
            derived.then(|| private.insert(to.clone())).is_none()
        });
        if left.len() == before {
            return private;
        }
    }
}

struct Sends<'a> {
    flow: &'a Flow,
    private: &'a HashSet<ReferenceName>,
    found: Vec<(At, String)>,
}

impl<'a> Sends<'a> {
    fn look(&mut self, expressions: Vec<&'a Expression>, to: &str, state: Option<&State>, at: impl Fn() -> At) {
        if state.is_some_and(|state| state.note.is_some()) {
            return;
        }
        let mut said = HashSet::new();
        for reference in expressions.into_iter().flat_map(Expression::names) {
            let name = match &reference.name {
                ReferenceName::Variable(name) => name.to_string(),
                ReferenceName::Member(root, field) => format!("{root}.{field}"),
                ReferenceName::Root(root) => root.to_string(),
            };
            let reply = matches!(&reference.name, ReferenceName::Root(Root::Reply))
                || matches!(&reference.name, ReferenceName::Member(Root::Reply, field) if &**field != "channel" && &**field != "at");
            let private = self.private.contains(&reference.name) || reply && state.is_some_and(|state| state.private);
            if private && said.insert(name.clone()) {
                self.found.push((at(), format!("`{name}` is private and is sent to the {to}")));
            }
        }
    }
}

impl<'a> Visit<'a> for Sends<'a> {
    fn actions(&mut self, actions: &'a [Action], place: Place<'a>) {
        for action in actions {
            match &action.act {
                Act::Emit { event, data, .. } => {
                    let expressions = data.iter().flat_map(|value| value.expressions()).collect();
                    self.look(expressions, &format!("event `{event}`"), place.state, || action.at);
                }
                Act::Alert { say, to, .. } => {
                    let text = self.read_by_operators(say);
                    let to = to.as_ref().map_or_else(|| "operators".to_owned(), |team| format!("team `{team}`"));
                    self.look(in_text(text).collect(), &to, place.state, || action.at);
                }
                Act::Notify(Notify { name, with, to: Some(_), .. }) => {
                    let expressions = with.iter().flat_map(|(_, value)| value.expressions()).collect();
                    self.look(expressions, &format!("receiver of `{name}`"), place.state, || action.at);
                    let needs = self.flow.notifications.get(name).into_iter().flat_map(|n| n.needs.keys());
                    for taken in needs.filter(|need| with.iter().all(|(given, _)| given != *need)) {
                        let private = self.private.contains(&ReferenceName::Variable(taken.as_str().into()));
                        if private && place.state.is_none_or(|state| state.note.is_none()) {
                            self.found.push((action.at, format!("`{taken}` is private and is sent to the receiver of `{name}`")));
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

impl<'a> Sends<'a> {
    fn read_by_operators(&self, say: &'a Texts) -> &'a Template {
        match self.flow.languages.first() {
            Some(first) => say.pick(*first),
            None => &say.by_language[0].1,
        }
    }
}

fn in_text(text: &Template) -> impl Iterator<Item = &Expression> {
    text.expressions().map(|(_, expression)| expression)
}
