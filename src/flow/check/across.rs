//! What only all files together show: who takes what (RF506, RF507, RF511), events (RF508, RF509), notifications that nobody
//! uses (RF417), former names that lead elsewhere (RF124).

use super::{Report, events, taken};
use crate::config::project::Project;
use crate::domain::name::Slug;
use crate::flow::definition::{Flow, Notification};
use crate::flow::diagnostic::{At, Diagnostic};
use crate::flow::parse::{MentionKind, Reading};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The file of a flow that could be read.
pub(super) struct File<'a> {
    /// Its name as people know it.
    pub name: Arc<str>,
    /// What was read.
    pub reading: &'a Reading<Flow>,
    /// The flow in it.
    pub flow: &'a Flow,
}

/// What was found, by file.
#[derive(Default)]
pub(super) struct Across {
    found: BTreeMap<Arc<str>, Report>,
}

impl Across {
    /// Reports something in the file of a flow.
    pub fn add(&mut self, file: &File<'_>, code: u16, at: At, width: u32, message: String, help: impl Into<String>) {
        self.report(&file.name).add(code, at, width, message, help);
    }

    fn report(&mut self, name: &Arc<str>) -> &mut Report {
        self.found.entry(name.clone()).or_insert_with(|| Report { file: name.clone(), found: Vec::new() })
    }

    /// What was found in this file.
    pub fn take(&mut self, name: &str) -> Vec<Diagnostic> {
        self.found.remove(name).map(Report::done).unwrap_or_default()
    }
}

/// Checks all flows with each other. `complete` says that every flow could be read, so that what is named nowhere is unused.
pub(super) fn check(
    files: &[File<'_>],
    notifications: &BTreeMap<&Slug, (Arc<str>, &Reading<Notification>)>,
    project: &Project,
    complete: bool,
) -> Across {
    let mut across = Across::default();
    taken::check(files, &mut across);
    files.iter().for_each(|file| events::keys(file, &mut across));
    former_names(files, &mut across);
    if complete {
        events::unknown(files, project, &mut across);
        unused(files, notifications, &mut across);
    }
    across
}

/// RF417: a notification that no flow sends.
fn unused(files: &[File<'_>], notifications: &BTreeMap<&Slug, (Arc<str>, &Reading<Notification>)>, across: &mut Across) {
    let mentions = files.iter().flat_map(|file| &file.reading.mentions).filter(|m| m.kind == MentionKind::Notification);
    let used: BTreeSet<&str> = mentions.map(|m| &*m.name).collect();
    for (name, (file, reading)) in notifications {
        let Some(notification) = reading.partial.as_ref().filter(|_| !used.contains(name.as_str())) else { continue };
        let message = format!("Nobody uses the notification `{name}`");
        across.report(file).add(417, notification.at, 0, message, "send it with `notify`, or delete the file");
    }
}

/// RF124: a former name of a flow that another flow has, now or before.
fn former_names(files: &[File<'_>], across: &mut Across) {
    let now: BTreeSet<&str> = files.iter().map(|file| file.flow.name.as_str()).collect();
    let mut before: BTreeMap<&str, &File<'_>> = BTreeMap::new();
    for file in files {
        for mention in file.reading.mentions.iter().filter(|m| m.kind == MentionKind::Former) {
            let was = &*mention.name;
            let other = before.get(was).copied().filter(|other| other.name != file.name);
            let message = if now.contains(was) {
                format!("`was: {was}` is also the name of a flow; the name leads there")
            } else if let Some(other) = other {
                format!("`was: {was}` is also a former name of `{}`; the name leads there", other.flow.name)
            } else {
                before.insert(was, file);
                continue;
            };
            across.add(file, 124, mention.at, mention.width, message, "leave it out here");
        }
    }
}
