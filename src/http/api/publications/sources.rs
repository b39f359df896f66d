//! What a version is made of that is published through the API: what was sent, or what the folder of the service holds.

use super::{invalid, unavailable};
use crate::domain::id::VersionId;
use crate::domain::name::Slug;
use crate::flow::check::{Checked, check_project};
use crate::flow::definition::Flow;
use crate::flow::diagnostic::Severity;
use crate::flow::load::Sources;
use crate::flow::version::Version;
use crate::http::api::Fields;
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::service::among::{Files, among};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// Mistakes that are told.
const TOLD: usize = 10;

/// Where the service's own flows and notifications are.
#[derive(Debug, Clone)]
pub struct Folders {
    /// Flows.
    pub flows: PathBuf,
    /// Notifications.
    pub templates: PathBuf,
    /// The project.
    pub folder: PathBuf,
}

/// The files of one flow as they were sent.
#[derive(Debug, Clone)]
pub(super) struct Given {
    flow: String,
    notifications: BTreeMap<Slug, String>,
    pages: BTreeMap<String, String>,
}

impl Given {
    /// Takes them out of a body; nothing if there is no `flow`.
    pub(super) fn take(fields: &mut Fields) -> Result<Option<Self>, Failure> {
        let flow = match fields.take("flow") {
            None => None,
            Some(Json::String(text)) => Some(text),
            Some(_) => return Err(invalid("flow", "is not the text of a flow's file")),
        };
        let notifications = texts(fields.take("notifications"), "notifications")?;
        let pages = texts(fields.take("pages"), "pages")?;
        let Some(flow) = flow else {
            let alone = !notifications.is_empty() || !pages.is_empty();
            return if alone { Err(invalid("flow", "is missing: notifications belong to a flow")) } else { Ok(None) };
        };
        let named = notifications.into_iter().map(|(name, text)| match Slug::parse(&name) {
            Ok(name) => Ok((name, text)),
            Err(_) => Err(invalid("notifications", "has a name that is none")),
        });
        Ok(Some(Given { flow, notifications: named.collect::<Result<_, _>>()?, pages }))
    }
}

fn texts(given: Option<Json>, field: &'static str) -> Result<BTreeMap<String, String>, Failure> {
    let wrong = || invalid(field, "is not an object of texts by name");
    match given {
        None => Ok(BTreeMap::new()),
        Some(Json::Object(map)) => {
            let text = |(name, text): (String, Json)| text.as_str().map(|text| (name, text.to_owned())).ok_or_else(wrong);
            map.into_iter().map(text).collect()
        }
        Some(_) => Err(wrong()),
    }
}

/// The version of a flow that would be published, checked among the flows that run.
pub(super) async fn version(web: &Web, name: &Slug, given: Option<Given>) -> Result<(Arc<Flow>, Version), Failure> {
    let sources = match given {
        Some(Given { flow, notifications, pages }) => {
            among_published(web, name, Files { name: name.clone(), flow, notifications, pages }).await?
        }
        None => {
            let folders = web.folders.clone();
            let read =
                tokio::task::spawn_blocking(move || Sources::read_from(&folders.flows, &folders.templates, &folders.folder));
            let read = read.await.map_err(|_| Failure::Unavailable)?;
            read.map_err(|error| Failure::Conflict { reason: format!("the folder cannot be read: {}", error.kind()) })?
        }
    };
    let mut checked = checked(web, sources).await?;
    match checked.flows.remove(name) {
        Some(found) => Ok(found),
        None if checked.refused.iter().any(|bad| bad == name.as_str()) => Err(invalid("flow", mistakes(&checked))),
        None => Err(Failure::NotFound),
    }
}

/// What was sent, beside what is published.
async fn among_published(web: &Web, name: &Slug, files: Files) -> Result<Sources, Failure> {
    let catalog = web.core.versions().catalog();
    // What this flow runs with comes first, then the others in one order: the same call means the same everywhere.
    let mut others: Vec<_> = catalog.flows().collect();
    others.sort_by_key(|flow| (flow.name != *name, &flow.name));
    let others: Vec<_> = others.into_iter().map(|flow| flow.version).collect();
    among(web.core.store(), files, name, &others).await.map_err(unavailable)
}

async fn checked(web: &Web, sources: Sources) -> Result<Checked, Failure> {
    let project = Arc::clone(&web.core.world().project);
    let checked = tokio::task::spawn_blocking(move || check_project(&sources, &project));
    checked.await.map_err(|_| Failure::Unavailable)
}

/// What the checker says of a version that was published once, if it would refuse it now. A version that runs was not asked for.
pub(super) async fn mistakes_of(web: &Web, flow: &Slug, id: VersionId) -> Result<Option<String>, Failure> {
    if web.core.versions().catalog().current(flow.as_str()).is_some_and(|current| current.version == id) {
        return Ok(None);
    }
    let content = web.core.store().get_version(id).await.map_err(unavailable)?;
    // What cannot be read was refused before this.
    let Some(version) = content.and_then(|content| Version::decode(&content).ok()) else { return Ok(None) };
    let checked = checked(web, among_published(web, flow, Files::from(&version)).await?).await?;
    Ok((!checked.flows.contains_key(version.name())).then(|| mistakes(&checked)))
}

/// Mistakes as one text, a line each.
fn mistakes(checked: &Checked) -> String {
    let errors: Vec<_> = checked.diagnostics.iter().filter(|d| d.code.severity() == Severity::Error).collect();
    let mut out = format!("has {} mistake{}", errors.len(), if errors.len() == 1 { "" } else { "s" });
    for found in errors.iter().take(TOLD) {
        let _ = write!(out, "\n{}:{}:{} {} {}", found.file, found.at.line, found.at.column, found.code, found.message);
    }
    if errors.len() > TOLD {
        let _ = write!(out, "\nand {} more", errors.len() - TOLD);
    }
    out
}
