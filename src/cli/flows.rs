//! The flows of a project as commands want them: one by its name, its channel, and somebody to talk to it.

use super::{Stop, render, style};
use crate::config::Settings;
use crate::domain::address::{Address, E164};
use crate::domain::name::{ChannelName, Slug};
use crate::flow::catalog::Catalog;
use crate::flow::check::Checked;
use crate::flow::definition::Flow;
use crate::flow::load::Sources;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Who writes: a number that was never given to anybody.
const PHONE: &str = "+447700900123";

/// The flows of a project as tests and chats run them: those without mistakes.
pub(super) fn catalog(checked: &Checked) -> Catalog {
    let flows: Vec<Arc<Flow>> = checked.flows.values().map(|(flow, _)| Arc::clone(flow)).collect();
    let current: Vec<_> = flows.iter().map(|flow| flow.version).collect();
    Catalog::new(flows, &current)
}

/// Where to look for a flow that is given by its name or by its file, and its name.
pub(super) fn named(flow: &str) -> (Vec<PathBuf>, String) {
    let path = Path::new(flow);
    match path.file_stem().and_then(|stem| stem.to_str()) {
        Some(stem) if path.extension().is_some_and(|e| e == "yaml" || e == "yml") => (vec![path.to_path_buf()], stem.to_owned()),
        _ => (Vec::new(), flow.to_owned()),
    }
}

/// A flow by its name. Of one that has mistakes they are shown.
pub(super) fn find<'c>(sources: &Sources, checked: &'c Checked, name: &str) -> Result<&'c Arc<Flow>, Stop> {
    let slug = Slug::parse(name).map_err(Stop::failed)?;
    if let Some((flow, _)) = checked.flows.get(&slug) {
        return Ok(flow);
    }
    let file = sources.flows.get(name);
    for diagnostic in checked.diagnostics.iter().filter(|d| file.is_some_and(|f| *d.file == *f.file)) {
        eprintln!("{}", render::text(diagnostic, file.map(|f| f.text.as_str()), style()));
    }
    let names: Vec<&str> = checked.flows.keys().map(Slug::as_str).collect();
    Err(match file {
        Some(_) => Stop::failed(format!("the flow `{name}` has mistakes")),
        None => Stop::with_hint(format!("there is no flow `{name}`"), format!("There are: {}", names.join(", "))),
    })
}

/// A channel by its name, else the first one of the flow.
pub(super) fn channel(settings: &Settings, flow: &Flow, wanted: Option<&str>) -> Result<ChannelName, Stop> {
    let known = &settings.project.channels;
    let names = || known.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match wanted {
        Some(name) => {
            let found = known.get_key_value(name).map(|(name, _)| name.clone());
            found.ok_or_else(|| Stop::with_hint(format!("there is no channel `{name}`"), format!("There are: {}", names())))
        }
        None => {
            let first = flow.channels.iter().find(|name| known.contains_key(*name)).or_else(|| known.keys().next());
            first
                .cloned()
                .ok_or_else(|| Stop::with_hint("the project has no channel", "Add a section [channels.NAME] to replyflow.toml."))
        }
    }
}

/// Who talks to a flow.
pub(super) fn somebody() -> Result<Address, Stop> {
    E164::parse(PHONE).map(Address::Phone).ok_or_else(|| Stop::failed("no phone"))
}
