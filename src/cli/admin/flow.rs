//! `replyflow admin flow pause|resume`: on the store itself, also beside a running service.

use super::super::arguments::FlowHold;
use super::super::{Project, Stop, runtime};
use crate::app::{Access, open_store};
use crate::config::publish::PublishFrom;
use crate::config::{Secrets, Settings};
use crate::domain::name::Slug;
use crate::flow::load::Sources;
use crate::service::{holds, publisher, read_standings};
use crate::store::{HoldKey, Store};

/// Who did it, as the journal and the API say.
const BY: &str = "command line";

pub(super) fn run(project: &Project, command: &FlowHold) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    runtime()?.block_on(async {
        let store = open_store(&settings.store, Access::Beside).await.map_err(Stop::failed)?;
        let (name, pauses, reason) = match command {
            FlowHold::Pause { name, reason } => (name, true, reason.as_deref()),
            FlowHold::Resume { name, reason } => (name, false, reason.as_deref()),
        };
        let flow = found(&settings, &*store, name).await?;
        let changed = match pauses {
            true => holds::pause_flow(&*store, &flow, BY, reason).await,
            false => holds::resume_flow(&*store, &flow, BY, reason).await,
        };
        let said = match (pauses, changed.map_err(Stop::failed)?) {
            (true, true) => "is paused: no run of it begins",
            (true, false) => "was paused already",
            (false, true) => "begins runs again",
            (false, false) => "was not paused",
        };
        match flow.as_str() == name {
            true => println!("{flow} {said}"),
            false => println!("{name} (as `{flow}`) {said}"),
        }
        Ok(())
    })
}

/// The name under which a flow is paused, or would be: that of a flow that is published, or was paused before it was deleted. One that was renamed is
/// paused by its former name.
async fn found(settings: &Settings, store: &dyn Store, name: &str) -> Result<Slug, Stop> {
    let published = read_standings(store).await.map_err(Stop::failed)?;
    let held = holds::all(store).await.map_err(Stop::failed)?;
    let flow = |key| match key {
        HoldKey::Flow(flow) => Some(flow),
        HoldKey::Channel(..) => None,
    };
    let paused = held.into_iter().filter_map(|(key, _)| flow(key)).collect();
    let folder = (settings.publish == PublishFrom::Folder)
        .then(|| Sources::read_from(&settings.flows, &settings.templates, &settings.folder).ok())
        .flatten()
        // It is elsewhere.
        .filter(|sources| !sources.flows.is_empty());
    let running = publisher::running(store, folder.as_ref(), &settings.project).await.map_err(Stop::failed)?.pausing(paused);
    let called = Slug::parse(name).ok().and_then(|called| {
        let current = || running.current(name).map(|flow| flow.name.clone());
        // What does not run here is published all the same.
        let known = || published.contains_key(&called).then(|| called.clone());
        running.paused_as(&called).cloned().or_else(current).or_else(known)
    });
    called.ok_or_else(|| {
        let known: Vec<&str> = published.keys().map(Slug::as_str).collect();
        Stop::Unasked(format!("no flow `{name}` is published"), Some(format!("There are: {}.", known.join(", "))))
    })
}
