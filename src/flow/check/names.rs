//! Names and types in every expression: RF201, RF206–RF209, RF211.

use super::{Report, World};
use crate::domain::value::Type;
use crate::flow::definition::{Flow, Kind, Notification, Origin};
use crate::flow::expression::{Inferred, MemberType, Root, RootType, TypeEnv, TypeProblem, is_reserved};
use crate::flow::parse::{Content, Reading, Site, Written};
use indexmap::IndexMap;

/// Checks every expression of a flow.
pub(super) fn check_flow(reading: &Reading<Flow>, flow: &Flow, world: &World<'_>, report: &mut Report) {
    let variables: IndexMap<&str, Inferred> =
        flow.variables.iter().map(|(n, v)| (n.as_str(), type_of(v.kind, &v.origin))).collect();
    let states: Vec<&str> = flow.states.keys().map(AsRef::as_ref).collect();
    for (name, variable) in flow.variables.iter().filter(|(name, _)| is_reserved(name.as_str())) {
        report.add(209, variable.at, 0, format!("`{name}` is reserved"), "choose another name");
    }
    for written in &reading.written {
        check(written, &Env { site: written.site, in_run: true, variables: &variables, states: &states, world }, report);
    }
    for state in flow.states.values() {
        let Kind::Ask(ask) = &state.kind else { continue };
        let env = Env { site: Site::default(), in_run: true, variables: &variables, states: &states, world };
        super::answers::types(&ask.answer, &env, report);
    }
}

/// Checks every expression of a notification: its parameters are its variables.
pub(super) fn check_notification(
    reading: &Reading<Notification>,
    notification: &Notification,
    world: &World<'_>,
    report: &mut Report,
) {
    let needs = &notification.needs;
    let variables: IndexMap<&str, Inferred> = needs.iter().map(|(n, need)| (n.as_str(), Inferred::of(need.kind))).collect();
    for written in &reading.written {
        check(written, &Env { site: written.site, in_run: false, variables: &variables, states: &[], world }, report);
    }
}

fn check(written: &Written, env: &Env<'_>, report: &mut Report) {
    let problem: Option<TypeProblem> = match &written.content {
        Content::Condition(expression) => expression.infer(env).err(),
        Content::Text(template) | Content::Value(template) => template.check(env).err(),
    };
    if let Some(problem) = problem {
        let code = problem.kind.code().0;
        let help = problem.help.unwrap_or_else(|| "docs/flow-format.md lists what can be read where".to_owned());
        report.add(code, written.place(problem.offset), problem.length as u32, problem.message, help);
    }
}

/// What a variable is known to be. Saved ones are empty until they are saved; whether every way saves them is RF204.
fn type_of(kind: Type, origin: &Origin) -> Inferred {
    match origin {
        Origin::Need { .. } => Inferred::of(kind),
        Origin::Own(_) | Origin::Saved => Inferred::maybe(kind),
    }
}

struct Env<'a> {
    site: Site,
    in_run: bool,
    variables: &'a IndexMap<&'a str, Inferred>,
    states: &'a [&'a str],
    world: &'a World<'a>,
}

/// The built-in fields of a contact with their types.
const CONTACT: [(&str, Type); 9] = [
    ("id", Type::Text),
    ("external", Type::Text),
    ("phone", Type::Phone),
    ("email", Type::Email),
    ("name", Type::Text),
    ("language", Type::Text),
    ("timezone", Type::Text),
    ("channel", Type::Text),
    ("tags", Type::List),
];

const REPLY: [(&str, Type); 6] = [
    ("text", Type::Text),
    ("channel", Type::Text),
    ("media", Type::List),
    ("rest", Type::Text),
    ("groups", Type::List),
    ("at", Type::Moment),
];

const RUN: [(&str, Type); 4] = [("id", Type::Text), ("flow", Type::Text), ("version", Type::Text), ("state", Type::Text)];

impl Env<'_> {
    fn find(table: &[(&str, Type)], field: &str, nullable: bool) -> MemberType {
        match table.iter().find(|(name, _)| *name == field) {
            Some((_, kind)) => MemberType::Known(if nullable { Inferred::maybe(*kind) } else { Inferred::of(*kind) }),
            None => MemberType::Unknown(table.iter().map(|(name, _)| (*name).to_owned()).collect()),
        }
    }
}

impl TypeEnv for Env<'_> {
    fn variable(&self, name: &str) -> Option<Inferred> {
        self.variables.get(name).cloned()
    }

    fn root(&self, root: Root) -> RootType {
        let known = |kind| RootType::Known(Inferred::of(kind));
        match root {
            Root::Event if self.site.event => known(Type::Any),
            Root::Body if self.site.body => RootType::Known(Inferred::maybe(Type::Any)),
            Root::Item if self.site.item => known(Type::Any),
            Root::Event | Root::Body | Root::Item => RootType::NotHere,
            Root::Run if !self.in_run => RootType::NotHere,
            Root::Contact | Root::Reply | Root::Env | Root::Run | Root::Visits | Root::Hours => known(Type::Map),
            Root::Now => known(Type::Moment),
            Root::Today => known(Type::Date),
        }
    }

    fn member(&self, root: Root, field: &str) -> MemberType {
        match root {
            Root::Contact => match Env::find(&CONTACT, field, true) {
                MemberType::Unknown(mut names) => match self.world.project.attributes.get(field) {
                    Some(kind) => MemberType::Known(Inferred::maybe(*kind)),
                    None => {
                        names.extend(self.world.project.attributes.keys().map(ToString::to_string));
                        MemberType::Unknown(names)
                    }
                },
                known => known,
            },
            Root::Reply => Env::find(&REPLY, field, true),
            Root::Run => Env::find(&RUN, field, false),
            Root::Env => match self.world.project.env.get(field) {
                Some(value) => MemberType::Known(Inferred::maybe(value.kind().unwrap_or(Type::Any))),
                None => MemberType::Unknown(self.world.project.env.keys().cloned().collect()),
            },
            Root::Visits if self.states.contains(&field) => MemberType::Known(Inferred::of(Type::Number)),
            Root::Visits => MemberType::Unknown(self.states.iter().map(|s| (*s).to_owned()).collect()),
            Root::Hours => match self.world.project.hours.contains_key(field) {
                true => MemberType::Known(Inferred::of(Type::Any)),
                false => MemberType::Unknown(self.world.project.hours.keys().map(ToString::to_string).collect()),
            },
            Root::Event | Root::Body | Root::Item | Root::Now | Root::Today => MemberType::Known(Inferred::maybe(Type::Any)),
        }
    }

    fn variables(&self) -> Vec<&str> {
        self.variables.keys().copied().collect()
    }
}
