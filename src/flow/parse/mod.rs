//! From the tree of a file to a flow or a notification. Every key of the format is known here; what only a later version
//! may have is refused by name (RF008). All mistakes of a file are said at once, in its order, and what only follows from
//! another is not said.

mod action;
mod answer;
mod anytime;
mod approved;
mod choices;
mod deliver;
mod fields;
mod file;
mod kind;
mod late;
mod message;
mod notification;
#[cfg(test)]
mod notification_tests;
mod outcome;
mod page;
mod question;
mod report;
mod scalar;
mod secret;
mod split;
mod start;
mod state;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod variable;

pub use page::Pages;
pub use text::{Assignment, Content, Giver, Handed, Mention, MentionKind, RunWays, Saved, Site, Written};
pub use value::typed;

use super::definition::{FileMap, Flow, Notification, StateId, Variable};
use super::diagnostic::{At, Diagnostic, Severity};
use super::yaml;
use crate::domain::language::Language;
use crate::domain::name::{ChannelName, Name};
use std::collections::HashMap;
use std::sync::Arc;

/// What the project says where a file is silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseContext {
    /// Languages of a flow that names none; the first is the fallback.
    pub languages: Vec<Language>,
    /// Channels of a flow that names none.
    pub channels: Vec<ChannelName>,
}

/// What was read from one file, with what the checks of names and types need to know beside it.
#[derive(Debug)]
pub struct Reading<T> {
    /// The flow or notification. Where `diagnostics` hold an error it is only what could be understood, good for more
    /// checks but not for running.
    pub partial: Option<Arc<T>>,
    /// All mistakes in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// Every text with `{{ }}` and every condition, with its place.
    pub written: Vec<Written>,
    /// Every value that is given to a variable or attribute, with its place.
    pub assignments: Vec<Assignment>,
    /// Every result that is saved whole, with its place.
    pub saves: Vec<Saved>,
    /// Every value that is handed to a notification or sub-flow, with its place.
    pub handed: Vec<Handed>,
    /// The ways out of every `run`, with their places.
    pub run_ways: Vec<RunWays>,
    /// Every name of something outside of the file, with its place.
    pub mentions: Vec<Mention>,
    /// What looks like a secret, with its characters.
    pub secrets: Vec<(At, u32)>,
}

impl<T: Clone> Reading<T> {
    /// Whether something keeps it from running.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.code.severity() == Severity::Error)
    }

    fn finish(self) -> (Option<T>, Vec<Diagnostic>) {
        let ok = !self.has_errors();
        (self.partial.filter(|_| ok).map(Arc::unwrap_or_clone), self.diagnostics)
    }
}

/// Reads a flow. `file` is its name as people know it. The flow's notifications and version are not set yet: see `flow::load`.
pub fn parse_flow(source: &str, file: &str, context: &ParseContext) -> (Option<Flow>, Vec<Diagnostic>) {
    read_flow(source, file, context).finish()
}

/// Reads a notification that names no pages.
pub fn parse_notification(source: &str, file: &str, context: &ParseContext) -> (Option<Notification>, Vec<Diagnostic>) {
    read_notification(source, file, context, &Pages::new()).finish()
}

/// Reads a flow, with what the checks need.
pub fn read_flow(source: &str, file: &str, context: &ParseContext) -> Reading<Flow> {
    read(source, file, context, &Pages::new(), Reader::flow)
}

/// Reads a notification, with what the checks need. `pages`: the HTML files beside it.
pub fn read_notification(source: &str, file: &str, context: &ParseContext, pages: &Pages) -> Reading<Notification> {
    read(source, file, context, pages, Reader::notification)
}

fn read<T>(
    source: &str,
    file: &str,
    context: &ParseContext,
    pages: &Pages,
    part: impl FnOnce(&mut Reader, &yaml::Node) -> Option<T>,
) -> Reading<T> {
    let file: Arc<str> = file.into();
    let (document, diagnostics) = yaml::read(source, &file);
    let mut reader = Reader::new(file, context, diagnostics);
    reader.pages = pages.clone();
    let root = document.map(|document| document.root);
    let partial = root.as_ref().and_then(|root| part(&mut reader, root)).map(Arc::new);
    // What stands in a second document lacks here, and follows from that.
    if reader.diagnostics.iter().any(|d| d.code.0 == 2 && d.message.contains("second document")) {
        reader.diagnostics.retain(|d| !(d.code.0 == 103 && d.message.contains("must be given")));
    }
    let Reader { mut diagnostics, written, assignments, saves, handed, run_ways, mentions, .. } = reader;
    diagnostics.sort_by_key(|d| d.at);
    let secrets = root.as_ref().map(secret::find).unwrap_or_default();
    Reading { partial, diagnostics, written, assignments, saves, handed, run_ways, mentions, secrets }
}

/// Reads one file and collects what it finds.
struct Reader {
    file: Arc<str>,
    diagnostics: Vec<Diagnostic>,
    written: Vec<Written>,
    assignments: Vec<Assignment>,
    saves: Vec<Saved>,
    handed: Vec<Handed>,
    run_ways: Vec<RunWays>,
    mentions: Vec<Mention>,
    /// The flow's languages.
    languages: Vec<Language>,
    /// A notification that names no languages has those of the flows that name it: any may stand in it.
    any_language: bool,
    /// The flow's channels.
    channels: Vec<ChannelName>,
    /// The HTML files beside the file.
    pages: Pages,
    variables: FileMap<Name, Variable>,
    states: HashMap<String, StateId, foldhash::fast::FixedState>,
    state_names: Vec<String>,
    /// Whether `states` could be read: otherwise nothing is said about names that are not there.
    states_known: bool,
    /// The choices that were made ready, by the hash of what they were made of.
    options: HashMap<u64, Vec<choices::Prepared>, foldhash::fast::FixedState>,
    /// Where the texts stand that are being read.
    site: Site,
    /// How many more names are looked for when one is not found: looking is not free.
    suggestions: usize,
}

impl Reader {
    fn new(file: Arc<str>, context: &ParseContext, diagnostics: Vec<Diagnostic>) -> Self {
        Reader {
            file,
            diagnostics,
            written: Vec::new(),
            assignments: Vec::new(),
            saves: Vec::new(),
            handed: Vec::new(),
            run_ways: Vec::new(),
            mentions: Vec::new(),
            languages: context.languages.clone(),
            any_language: false,
            channels: context.channels.clone(),
            pages: Pages::new(),
            variables: FileMap::default(),
            states: HashMap::default(),
            state_names: Vec::new(),
            states_known: false,
            options: HashMap::default(),
            site: Site::default(),
            suggestions: 100,
        }
    }
}
