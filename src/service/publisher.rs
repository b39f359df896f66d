//! Flows at the start and when their files changed: what is in the folder and right is published under the hash of its content; what is wrong is refused
//! with all its mistakes, and the version that was published last goes on. Runs that live on older versions stay there.

use super::versions::{LoadError, Versions, stored_version};
use crate::config::project::Project;
use crate::domain::id::VersionId;
use crate::domain::name::Slug;
use crate::flow::catalog::Catalog;
use crate::flow::check::{Checked, check_project};
use crate::flow::definition::Flow;
use crate::flow::load::Sources;
use crate::store::{Answer, Store};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a start made of the folder.
#[derive(Debug)]
pub struct Publication {
    /// What the service runs on.
    pub versions: Versions,
    /// Everything that was found in the files.
    pub checked: Checked,
    /// Each flow of the folder and how it goes on, by name.
    pub flows: BTreeMap<String, Standing>,
}

/// How a flow goes on.
#[derive(Debug)]
pub enum Standing {
    /// It was published just now.
    Published(VersionId),
    /// It is as it was.
    Unchanged(VersionId),
    /// It has mistakes; the version that was published last goes on.
    Before(VersionId),
    /// It has mistakes and was never published: it does not run.
    Absent,
    /// It has mistakes, and the version that was published last cannot be used here.
    Lost(VersionId, LoadError),
}

/// Checks what was read and publishes what is right.
pub async fn publish(store: &dyn Store, sources: &Sources, project: &Project) -> Answer<Publication> {
    let checked = check_project(sources, project);
    let before: BTreeMap<Slug, VersionId> = store.current().await?.into_iter().collect();
    let mut running: Vec<Arc<Flow>> = Vec::with_capacity(checked.flows.len());
    let mut flows = BTreeMap::new();
    for (name, (flow, version)) in &checked.flows {
        let id = flow.version;
        let standing = if before.get(name) == Some(&id) {
            Standing::Unchanged(id)
        } else {
            // The content before the name: whoever sees the name finds the content.
            store.put_version(id, Bytes::from(version.encode())).await?;
            store.publish(name, id).await?;
            Standing::Published(id)
        };
        flows.insert(name.to_string(), standing);
        running.push(Arc::clone(flow));
    }
    for name in &checked.refused {
        let last = Slug::parse(name).ok().and_then(|slug| before.get(&slug).copied());
        let standing = match last {
            None => Standing::Absent,
            Some(id) => match stored_version(store, id, project).await {
                Ok(flow) => {
                    running.push(Arc::new(flow));
                    Standing::Before(id)
                }
                Err(LoadError::Store(error)) => return Err(error),
                Err(error) => Standing::Lost(id, error),
            },
        };
        flows.insert(name.clone(), standing);
    }
    for (name, standing) in &flows {
        log(name, standing);
    }
    let current: Vec<VersionId> = running.iter().map(|flow| flow.version).collect();
    let versions = Versions::new(Catalog::new(running, &current)).refusing(checked.refused.len());
    Ok(Publication { versions, checked, flows })
}

fn log(flow: &str, standing: &Standing) {
    match standing {
        Standing::Published(version) => tracing::info!(flow, %version, "a flow was published"),
        Standing::Unchanged(version) => tracing::debug!(flow, %version, "a flow is as it was"),
        Standing::Before(version) => tracing::warn!(flow, %version, "a flow has mistakes; the version before goes on"),
        Standing::Absent => tracing::error!(flow, "a flow has mistakes and was never published: it does not run"),
        Standing::Lost(version, why) => {
            tracing::error!(flow, %version, %why, "a flow has mistakes, and so has the version before")
        }
    }
}
