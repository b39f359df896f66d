//! The checker: what the reader cannot see in one place. Names and types of every expression, and everything that a flow
//! names elsewhere: notifications, channels, apis, teams, hours, sub-flows. Each rule is a function from what was read to
//! diagnostics; nothing here reads a file.

mod across;
mod answers;
mod buttons;
mod choices;
mod declared;
mod events;
mod given;
mod names;
mod parameters;
mod paths;
mod place;
mod private;
mod project;
mod references;
mod said;
mod secrets;
mod signed;
mod starts;
mod subflow;
mod taken;
mod troubles;
mod typed;
mod types;
mod walk;

pub use project::{Checked, check_project, parse_context};

use super::definition::{Flow, Notification};
use super::diagnostic::{At, Code, Diagnostic, Severity};
use super::parse::Reading;
use super::version::SourceFile;
use super::ways::{Subs, Ways};
use crate::config::project::Project;
use crate::domain::name::Slug;
use place::Text;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a flow is checked against.
pub struct World<'a> {
    /// The project's settings.
    pub project: &'a Project,
    /// The flows of the project, by name, as far as they could be understood.
    pub flows: &'a BTreeMap<Slug, Arc<Flow>>,
    /// The notifications of the project, by name, as far as they could be understood.
    pub notifications: &'a BTreeMap<Slug, Arc<Notification>>,
    /// What flows need to know of each other's ends.
    pub subs: &'a Subs,
    /// The ways of flows among each other, as far as they are known.
    ways: &'a BTreeMap<&'a Slug, &'a Ways<'a>>,
    /// What flows give back to those that run them.
    pub results: &'a types::Results,
    /// Flows whose variables or states could not all be read: nothing is said about what they lack.
    pub unsound: &'a [Slug],
    /// What is said with a closed window.
    windows: &'a paths::Windows,
    /// Who runs which flow as a sub-flow.
    callers: &'a paths::Callers,
    /// What flows ask for in conditions or set.
    cared_for: said::CaredFor,
    /// Files that could not be understood at all: what refers to them is not reported a second time.
    pub broken: &'a [Slug],
}

impl<'a> World<'a> {
    /// A flow by its name or a former one.
    fn flow(&self, name: &str) -> Option<&'a Arc<Flow>> {
        let former = || self.flows.values().find(|flow| flow.was.iter().any(|was| was.as_str() == name));
        self.flows.get(name).or_else(former)
    }
}

/// Everything that is wrong with a flow in its project, in the order of the file.
pub fn check_flow(reading: &Reading<Flow>, file: &SourceFile, world: &World<'_>) -> Vec<Diagnostic> {
    let mut report = Report { file: file.file.as_str().into(), found: Vec::new() };
    let text = Text::new(&file.text);
    if let Some(flow) = &reading.partial {
        let types = types::Types::of(reading, flow, world.project, world.results);
        names::check_flow(reading, flow, &types, world, &mut report);
        given::check(reading, flow, &types, world, &mut report);
        starts::check(flow, &mut report);
        subflow::check(reading, flow, world, &mut report);
        references::check(reading, flow, world, &mut report);
        choices::check(flow, world, &mut report);
        answers::check(&text, flow, world, &mut report);
        troubles::check(reading, flow, world, &mut report);
        typed::check(flow, world, &mut report);
        said::check_flow(&text, flow, world, &mut report);
        parameters::check(flow, world, &mut report);
        buttons::check(flow, world, &mut report);
        private::check(&text, flow, &mut report);
        former_names(flow, &mut report);
        paths::check(reading, &text, flow, world, &mut report);
    }
    secrets::check(reading, &mut report);
    report.without_refused_texts(&reading.diagnostics);
    report.done()
}

/// RF124: a former name of a state that another state has now.
fn former_names(flow: &Flow, report: &mut Report) {
    for state in flow.states.values() {
        for was in state.was.iter().filter(|was| flow.states.contains_key(*was)) {
            let message = format!("`was: {was}` is also the name of a state in this version");
            report.add(124, state.at, 0, message, "leave it out: runs that rest there stay there");
        }
    }
}

/// Everything that is wrong with a notification in its project, in the order of the file.
pub fn check_notification(reading: &Reading<Notification>, file: &SourceFile, world: &World<'_>) -> Vec<Diagnostic> {
    let mut report = Report { file: file.file.as_str().into(), found: Vec::new() };
    let text = Text::new(&file.text);
    if let Some(notification) = &reading.partial {
        names::check_notification(reading, notification, world, &mut report);
        references::check_notification(reading, &text, notification, world, &mut report);
        said::check_notification(reading, &text, notification, world, &mut report);
    }
    secrets::check(reading, &mut report);
    report.without_refused_texts(&reading.diagnostics);
    report.done()
}

/// Diagnostics in the making.
struct Report {
    file: Arc<str>,
    found: Vec<Diagnostic>,
}

impl Report {
    fn add(&mut self, code: u16, at: At, width: u32, message: impl Into<String>, help: impl Into<String>) {
        let (file, message, help) = (self.file.clone(), message.into(), Some(help.into()));
        self.found.push(Diagnostic { code: Code(code), file, at, width, message, help });
    }

    /// Takes RF402 back where a translation is there and was refused: that it lacks follows from that. Translations stand on
    /// the lines below the place of their text, one each.
    fn without_refused_texts(&mut self, refused: &[Diagnostic]) {
        const LINES: u32 = 12;
        let near = |at: At| {
            move |d: &Diagnostic| d.code.severity() == Severity::Error && (at.line..at.line + LINES).contains(&d.at.line)
        };
        self.found.retain(|d| d.code.0 != 402 || !refused.iter().any(near(d.at)));
    }

    fn done(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|d| (d.at, d.code));
        self.found.dedup();
        self.found
    }
}

/// The name that was probably meant, else some of those that there are.
fn remedy<'n>(what: &str, wrong: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    if let Some(near) = nearest(wrong, &names) {
        return format!("did you mean `{near}`?");
    }
    let shown: Vec<String> = names.iter().take(12).map(|n| format!("`{n}`")).collect();
    match shown.len() {
        0 => format!("there is no {what} yet"),
        1 => format!("there is only {}", shown[0]),
        _ => format!("there are {}", shown.join(", ")),
    }
}

/// The nearest of some names, if one is near enough to be meant.
pub fn nearest<'n>(wrong: &str, names: &[&'n str]) -> Option<&'n str> {
    let length = wrong.chars().count();
    let allowed = (length / 3).clamp(1, 3);
    let near = names.iter().filter(|n| length <= 64 && n.chars().count().abs_diff(length) <= allowed);
    let scored = near.map(|n| (strsim::damerau_levenshtein(&wrong.to_lowercase(), &n.to_lowercase()), *n));
    scored.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}
