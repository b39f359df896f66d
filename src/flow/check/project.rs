//! A whole project: every flow and notification read, put together and checked against each other.

use super::across::{self, File};
use super::paths::{Callers, Windows};
use super::{World, check_flow, check_notification, signed, types};
use crate::config::project::Project;
use crate::domain::name::Slug;
use crate::flow::definition::{Flow, Notification};
use crate::flow::diagnostic::{Diagnostic, Severity};
use crate::flow::load::Sources;
use crate::flow::parse::{ParseContext, Reading, read_notification};
use crate::flow::version::{Assembled, Version};
use crate::flow::ways::{Subs, Ways};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A project that was checked.
#[derive(Debug, Default)]
pub struct Checked {
    /// The flows that may run, with what is stored of them.
    pub flows: BTreeMap<Slug, (Arc<Flow>, Version)>,
    /// Flows that exist and may not run.
    pub refused: Vec<String>,
    /// Everything that is wrong, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// Files that were read.
    pub files: usize,
}

impl Checked {
    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|d| d.code.severity() == Severity::Error).count()
    }
}

/// What the reader needs to know of a project.
pub fn parse_context(project: &Project) -> ParseContext {
    ParseContext { languages: vec![project.language], channels: project.channels.keys().cloned().collect() }
}

/// Checks everything that was read from a project's folders.
pub fn check_project(sources: &Sources, project: &Project) -> Checked {
    let context = parse_context(project);
    let assembled: BTreeMap<&str, Assembled> =
        sources.flows.keys().filter_map(|name| Some((name.as_str(), sources.assemble(name, &context)?))).collect();
    let notifications: BTreeMap<&Slug, Reading<Notification>> = sources
        .notifications
        .iter()
        .map(|(name, s)| (name, read_notification(&s.text, &s.file, &context, &sources.pages)))
        .collect();
    let known_flows = assembled.values().filter_map(|a| a.reading.partial.clone()).map(|f| (f.name.clone(), f));
    let known_flows: BTreeMap<Slug, Arc<Flow>> = known_flows.collect();
    let known_notifications: BTreeMap<Slug, Arc<Notification>> =
        notifications.iter().filter_map(|(name, r)| Some(((*name).clone(), r.partial.clone()?))).collect();
    // A flow that is not called as its file is may be meant by either name.
    let lost = |name: &str, flow: Option<&Flow>| flow.is_none_or(|flow| flow.name.as_str() != name);
    let lost_flows =
        assembled.iter().filter(|(n, a)| lost(n, a.reading.partial.as_deref())).filter_map(|(n, _)| Slug::parse(n).ok());
    let lost_notifications = notifications.iter().filter(|(_, r)| r.partial.is_none()).map(|(n, _)| (*n).clone());
    let broken: Vec<Slug> = lost_flows.chain(lost_notifications).collect();
    // Where a flow has an error its ends may lack: then nothing is known of them.
    let sound = assembled.values().filter(|a| !a.reading.has_errors()).filter_map(|a| a.reading.partial.as_ref());
    let sound: BTreeMap<Slug, Arc<Flow>> =
        sound.filter_map(|flow| known_flows.get_key_value(&flow.name)).map(|(name, flow)| (name.clone(), flow.clone())).collect();
    let (subs, ways) = Subs::with_ways(&sound);
    let unsound = assembled.values().filter(|a| loses_names(&a.reading)).filter_map(|a| a.reading.partial.as_ref());
    let unsound: Vec<Slug> = unsound.map(|flow| flow.name.clone()).collect();
    let results = types::results(assembled.values().map(|a| &a.reading), |reading| !loses_names(reading), project);
    // A template that was refused may be what opens the window.
    let doubtful = assembled.values().filter(|a| a.notifications.values().any(Reading::has_errors));
    let doubtful: BTreeSet<&Slug> = doubtful.filter_map(|a| Some(&a.reading.partial.as_ref()?.name)).collect();
    let spoken: Vec<&Ways<'_>> = ways.iter().filter(|ways| !doubtful.contains(&ways.flow().name)).collect();
    let windows = Windows::of(&spoken, project);
    let ways: BTreeMap<&Slug, &Ways<'_>> = ways.iter().map(|ways| (&ways.flow().name, ways)).collect();
    let callers = Callers::of(&known_flows);
    let world = World {
        project,
        flows: &known_flows,
        notifications: &known_notifications,
        subs: &subs,
        ways: &ways,
        windows: &windows,
        callers: &callers,
        results: &results,
        unsound: &unsound,
        cared_for: Default::default(),
        broken: &broken,
    };
    let mut files: Vec<File<'_>> = Vec::with_capacity(assembled.len());
    for (name, Assembled { reading, .. }) in &assembled {
        let name = sources.flows[*name].file.as_str().into();
        files.extend(reading.partial.as_ref().map(|flow| File { name, reading, flow }));
    }
    let by_file = notifications.iter().map(|(name, r)| (*name, (Arc::from(sources.notifications[*name].file.as_str()), r)));
    let complete = sources.diagnostics.is_empty() && assembled.values().all(|a| !a.reading.has_errors());
    let mut across = across::check(&files, &by_file.collect(), project, complete);
    drop(files);

    let mut checked = Checked { diagnostics: sources.diagnostics.clone(), ..Checked::default() };
    let unreadable = |name: &str| sources.flows.contains_key(name);
    checked.diagnostics.extend(signed::check(project, &known_flows, unreadable));
    checked.files = sources.flows.len() + sources.notifications.len();
    let mut bad_notifications = BTreeSet::new();
    for (name, reading) in &notifications {
        let file: Arc<str> = sources.notifications[*name].file.as_str().into();
        let mut found = reading.diagnostics.clone();
        found.extend(check_notification(reading, &sources.notifications[*name], &world));
        found.extend(across.take(&file));
        if has_errors(&found) {
            bad_notifications.insert((*name).clone());
        }
        checked.diagnostics.extend(found);
    }
    for (name, assembled) in assembled {
        let file: Arc<str> = sources.flows[name].file.as_str().into();
        // A notification's own mistakes were said at its file.
        let mut found: Vec<Diagnostic> = assembled.diagnostics.iter().filter(|d| d.file == file).cloned().collect();
        found.extend(check_flow(&assembled.reading, &sources.flows[name], &world));
        found.extend(across.take(&file));
        let names_bad = assembled.notifications.keys().any(|n| bad_notifications.contains(n));
        match (assembled.flow, assembled.version) {
            (Some(flow), Some(version)) if !has_errors(&found) && !names_bad => {
                checked.flows.insert(flow.name.clone(), (flow, version));
            }
            _ => checked.refused.push(name.to_owned()),
        }
        checked.diagnostics.extend(found);
    }
    checked.refused.extend(sources.unread.iter().cloned());
    checked.diagnostics.sort_by(|a, b| (&a.file, a.at, a.code).cmp(&(&b.file, b.at, b.code)));
    // One mistake can be seen by the reader and by the checker. Of a state several troubles can be undecided.
    let same = |a: &Diagnostic, b: &Diagnostic| a.file == b.file && a.at == b.at && a.code == b.code;
    checked.diagnostics.dedup_by(|a, b| same(a, b) && (a.code.0 != 121 || a.message == b.message));
    checked
}

/// Whether a name of a variable, an end or a state may be missing because what declares it could not be read.
fn loses_names(reading: &Reading<Flow>) -> bool {
    let lost = |code: u16| code < 100 || (101..=103).contains(&code) || (109..=114).contains(&code);
    reading.diagnostics.iter().any(|d| d.code.severity() == Severity::Error && lost(d.code.0))
}

fn has_errors(found: &[Diagnostic]) -> bool {
    found.iter().any(|d| d.code.severity() == Severity::Error)
}
