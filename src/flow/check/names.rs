//! Names and types in every expression: RF201, RF206–RF209, RF211.

use super::types::Types;
use super::{Report, World};
use crate::config::project::Project;
use crate::domain::shape::Shape;
use crate::domain::value::Type;
use crate::flow::definition::{Flow, Kind, Notification};
use crate::flow::diagnostic::Diagnostic;
use crate::flow::expression::{Inferred, MemberType, ProblemKind, Root, RootType, TypeEnv, TypeProblem, is_reserved};
use crate::flow::parse::{Content, Reading, Site, Written};

/// Checks every expression of a flow.
pub(super) fn check_flow(reading: &Reading<Flow>, flow: &Flow, types: &Types, world: &World<'_>, report: &mut Report) {
    for (name, variable) in flow.variables.iter().filter(|(name, _)| is_reserved(name.as_str())) {
        report.add(209, variable.at, 0, format!("`{name}` is reserved"), "choose another name");
    }
    let lost = loses_variables(reading, flow);
    let env = |site, event| Env { site, event, in_run: true, types, states: Some(flow), project: world.project };
    for written in &reading.written {
        let event = super::declared::event_at(flow, written.site, world.project);
        check(written, &env(written.site, event), lost, report);
    }
    for state in flow.states.values() {
        let Kind::Ask(ask) = &state.kind else { continue };
        super::answers::types(&ask.answer, &env(Site::default(), None), report);
    }
}

/// Checks every expression of a notification: its parameters are its variables.
pub(super) fn check_notification(
    reading: &Reading<Notification>,
    notification: &Notification,
    world: &World<'_>,
    report: &mut Report,
) {
    let types = Types::of_parameters(notification.needs.iter().map(|(name, need)| (name, need.kind)));
    for written in &reading.written {
        let env = Env { site: written.site, event: None, in_run: false, types: &types, states: None, project: world.project };
        check(written, &env, false, report);
    }
}

/// Whether a variable may be missing because what declares it was refused: a key that is misspelled, a name that cannot be one,
/// `needs` or `vars` of another shape. That a variable is unknown may only follow from that.
fn loses_variables(reading: &Reading<Flow>, flow: &Flow) -> bool {
    let states = flow.states.values().next().map(|state| state.at).unwrap_or_default();
    let lost = |d: &Diagnostic| match d.code.0 {
        101 | 111 => true,
        103 => d.at < states,
        code => code < 100,
    };
    flow.variables.keys().any(|name| is_reserved(name.as_str())) || reading.diagnostics.iter().any(lost)
}

/// Checks one expression or text. Where variables are `lost`, nothing is said of unknown ones.
fn check(written: &Written, env: &Env<'_>, lost: bool, report: &mut Report) {
    let problem: Option<TypeProblem> = match &written.content {
        Content::Condition(expression) => expression.infer(env).err(),
        Content::Text(template) | Content::Value(template) => template.check(env).err(),
    };
    if let Some(problem) = problem.filter(|problem| !lost || problem.kind != ProblemKind::UnknownVariable) {
        let code = problem.kind.code().0;
        let help = problem.help.unwrap_or_else(|| "docs/flow-format.md lists what can be read where".to_owned());
        let (at, width) = (written.place(problem.offset), problem.length as u32);
        let own = written.file.clone().map(|file| std::mem::replace(&mut report.file, file));
        report.add(code, at, width, problem.message, help);
        // What follows is about the file itself again.
        own.into_iter().for_each(|own| report.file = own);
    }
}

/// What is known where an expression stands.
pub(super) struct Env<'a> {
    /// What can be read there.
    pub site: Site,
    /// What the data of the event is declared to be.
    pub event: Option<&'a Shape>,
    /// Whether there is a run.
    pub in_run: bool,
    /// The types of the flow.
    pub types: &'a Types,
    /// The flow whose states `visits` may name; without one any may stand there.
    pub states: Option<&'a Flow>,
    /// The project's settings.
    pub project: &'a Project,
}

/// The built-in fields of a contact with their types.
const CONTACT: [(&str, Type); 11] = [
    ("id", Type::Text),
    ("external", Type::Text),
    ("phone", Type::Phone),
    ("email", Type::Email),
    ("name", Type::Text),
    ("language", Type::Text),
    ("timezone", Type::Text),
    ("channel", Type::Text),
    ("tags", Type::List),
    ("marketing", Type::List),
    ("topics", Type::Map),
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
        self.types.variables.get(name).cloned()
    }

    fn root(&self, root: Root) -> RootType {
        let known = |kind| RootType::Known(Inferred::of(kind));
        match root {
            Root::Event if self.site.event => match self.event {
                Some(shape) => RootType::Known(super::declared::inferred(&Shape { required: true, ..shape.clone() })),
                None => known(Type::Any),
            },
            Root::Body if self.site.body => RootType::Known(self.types.result_of(self.site.state)),
            Root::Item if self.site.item => RootType::Known(self.types.result_of(self.site.state)),
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
                MemberType::Unknown(mut names) => match self.project.attributes.get(field) {
                    Some(kind) => MemberType::Known(Inferred::maybe(*kind)),
                    None => {
                        names.extend(self.project.attributes.keys().map(ToString::to_string));
                        MemberType::Unknown(names)
                    }
                },
                known => known,
            },
            Root::Reply => Env::find(&REPLY, field, true),
            Root::Run => Env::find(&RUN, field, false),
            Root::Env => match self.project.env.get(field) {
                Some(value) => MemberType::Known(Inferred::maybe(value.kind().unwrap_or(Type::Any))),
                None => MemberType::Unknown(self.project.env.keys().cloned().collect()),
            },
            Root::Visits => match self.states {
                Some(flow) if !flow.states.contains_key(field) => {
                    MemberType::Unknown(flow.states.keys().map(ToString::to_string).collect())
                }
                _ if self.in_run => MemberType::Known(Inferred::of(Type::Number)),
                _ => MemberType::Unknown(Vec::new()),
            },
            Root::Hours => match self.project.hours.contains_key(field) {
                true => MemberType::Known(Inferred::of(Type::Any)),
                false => MemberType::Unknown(self.project.hours.keys().map(ToString::to_string).collect()),
            },
            Root::Event | Root::Body | Root::Item | Root::Now | Root::Today => MemberType::Known(Inferred::maybe(Type::Any)),
        }
    }

    fn variables(&self) -> Vec<&str> {
        self.types.variables.keys().map(AsRef::as_ref).collect()
    }
}
