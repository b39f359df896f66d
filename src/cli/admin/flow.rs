//! `replyflow admin flow pause|resume`: on the store itself, also beside a running service.

use super::super::arguments::FlowHold;
use super::super::{Project, Stop, runtime};
use crate::app::{Access, open_store};
use crate::config::Secrets;
use crate::domain::name::Slug;
use crate::service::{holds, read_standings};
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
        let flow = found(&*store, name).await?;
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
        println!("{flow} {said}");
        Ok(())
    })
}

/// A flow that is published, or one that was paused before it was deleted.
async fn found(store: &dyn Store, name: &str) -> Result<Slug, Stop> {
    let published = read_standings(store).await.map_err(Stop::failed)?;
    let paused = holds::all(store).await.map_err(Stop::failed)?;
    let is_paused = |flow: &Slug| paused.iter().any(|(key, _)| *key == HoldKey::Flow(flow.clone()));
    let named = Slug::parse(name).ok().filter(|flow| published.contains_key(flow) || is_paused(flow));
    named.ok_or_else(|| {
        let known: Vec<&str> = published.keys().map(Slug::as_str).collect();
        Stop::Unasked(format!("no flow `{name}` is published"), Some(format!("There are: {}.", known.join(", "))))
    })
}
