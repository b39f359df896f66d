//! What this instance runs on: at the start, when its folder changed, and when somebody published elsewhere. What is in the folder and right is
//! published under the hash of its content; what is wrong is refused with all its mistakes, and the version that was published last goes on. What
//! runs is always what the store says is published. Runs that live on older versions stay there, unless a publication says otherwise.

use super::core::Core;
use super::notices::notices_of;
use super::published::{Known, Stands, read_standings, run_of};
use super::release::history;
use super::versions::{Here, LoadError, Versions, stored_version};
use crate::config::project::Project;
use crate::domain::id::VersionId;
use crate::domain::limits;
use crate::domain::name::Slug;
use crate::domain::publication::Publication as Said;
use crate::flow::catalog::Catalog;
use crate::flow::check::{Checked, check_project};
use crate::flow::definition::Flow;
use crate::flow::load::Sources;
use crate::flow::version::Version;
use crate::store::{Answer, Publish, Published, Store, StoreError};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Older versions that are loaded at the start; others are when a contact on them has a turn.
const OLDER: usize = 256;
/// How often a publication is tried that others get before.
const TRIES: usize = 8;

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
    /// Somebody published another version by a call, and the folder is as it was before that: this one goes on.
    Called(VersionId),
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
    let before = read_standings(store).await?;
    let mut flows = BTreeMap::new();
    for (name, (flow, version)) in &checked.flows {
        let standing = from_folder(store, name, flow.version, version, before.get(name).cloned()).await?;
        flows.insert(name.to_string(), standing);
    }
    let known = Known { checked: Some(&checked), catalog: None };
    let (versions, mut lost) = take(store, project, here_by(&checked), &known).await?;
    let catalog = versions.catalog();
    for name in &checked.refused {
        let slug = Slug::parse(name).ok();
        let last = slug.as_ref().and_then(|slug| before.get(slug)).map(|standing| standing.said.whole);
        let standing = match (last, slug.and_then(|slug| lost.remove(&slug))) {
            (None, _) => Standing::Absent,
            (Some(_), Some((id, why))) => Standing::Lost(id, why),
            (Some(id), None) => Standing::Before(catalog.current(name).map_or(id, |flow| flow.version)),
        };
        flows.insert(name.clone(), standing);
    }
    for (name, standing) in &flows {
        log(name, standing);
    }
    say_lost(&lost);
    let versions = versions.refusing(checked.refused.len()).losing(lost.len()).noticing(notices_of(sources, project));
    Ok(Publication { versions, checked, flows })
}

/// The flows of a folder, those with mistakes too.
fn here_by(checked: &Checked) -> Here {
    let refused = checked.refused.iter().filter_map(|name| Slug::parse(name).ok());
    Here::Folder(checked.flows.keys().cloned().chain(refused).collect())
}

/// The flows that begin runs where this folder is served, as they are published now; without a folder those that begin runs everywhere. Nothing is
/// published, and what cannot be used here is not among them.
pub async fn running(store: &dyn Store, folder: Option<&Sources>, project: &Project) -> Answer<Catalog> {
    let checked = folder.map(|sources| check_project(sources, project));
    let here = checked.as_ref().map_or(Here::All, here_by);
    let known = Known { checked: checked.as_ref(), catalog: None };
    let run = run_of(store, project, read_standings(store).await?, &here, &known).await?;
    Ok(Catalog::standing(run.flows, run.standings))
}

/// Publishes one flow of the folder, if the folder has something new.
async fn from_folder(
    store: &dyn Store,
    name: &Slug,
    id: VersionId,
    version: &Version,
    mut stands: Option<Stands>,
) -> Answer<Standing> {
    for _ in 0..TRIES {
        match stands.as_ref().map(|stands| &stands.said) {
            Some(said) if said.whole == id && !said.retired && said.folder == Some(id) => return Ok(Standing::Unchanged(id)),
            // Somebody published it by a call before the folder had it. From now on it is the folder's: going back from it later is not undone by it.
            Some(said) if said.whole == id && !said.retired => {
                let said = Said { folder: Some(id), ..said.clone() };
                let base = stands.as_ref().map_or(0, |stands| stands.number);
                let wish = Publish { name: name.clone(), version: id, base, body: Bytes::from(said.encode()) };
                match store.publish(wish).await? {
                    Published::Ok(_) => return Ok(Standing::Unchanged(id)),
                    Published::Stale(_) => stands = read_standings(store).await?.remove(name),
                }
                continue;
            }
            Some(said) if said.folder == Some(id) => return Ok(Standing::Called(said.whole)),
            _ => {}
        }
        // The content before the name: whoever sees the name finds the content.
        store.put_version(id, Bytes::from(version.encode())).await?;
        let said = Said { at: store.now().await?, ..Said::unknown(id) };
        let base = stands.as_ref().map_or(0, |stands| stands.number);
        let wish = Publish { name: name.clone(), version: id, base, body: Bytes::from(said.encode()) };
        match store.publish(wish).await? {
            Published::Ok(_) => return Ok(Standing::Published(id)),
            Published::Stale(_) => stands = read_standings(store).await?.remove(name),
        }
    }
    Err(StoreError::Unavailable(format!("others publish `{name}` all the time")))
}

/// What is published, as it runs here, and what of it cannot be used.
async fn take(
    store: &dyn Store,
    project: &Project,
    here: Here,
    known: &Known<'_>,
) -> Answer<(Versions, BTreeMap<Slug, (VersionId, LoadError)>)> {
    // The look comes first: what is published in between is found by the next one.
    let seen = store.published().await?;
    let standings = read_standings(store).await?;
    let flows: Vec<Slug> = standings.keys().cloned().collect();
    let mut run = run_of(store, project, standings, &here, known).await?;
    if known.catalog.is_none() {
        run.flows.extend(lived_on(store, project, &flows, &run.flows).await?);
    }
    let catalog = Catalog::standing(run.flows, run.standings);
    Ok((Versions::new(catalog).of(here, seen), run.lost))
}

/// Older versions that runs live on. They are known from the start: what they listen to is not news for nobody, and their opt-out words count.
async fn lived_on(store: &dyn Store, project: &Project, flows: &[Slug], known: &[Arc<Flow>]) -> Answer<Vec<Arc<Flow>>> {
    let mut seen: BTreeSet<VersionId> = known.iter().map(|flow| flow.version).collect();
    let mut found = Vec::new();
    for flow in flows {
        for (_, said) in history(store, flow, None, limits::PUBLICATIONS).await? {
            for id in [said.whole, said.version()] {
                if found.len() >= OLDER || !seen.insert(id) || store.live(id).await? <= 0 {
                    continue;
                }
                match stored_version(store, id, project).await {
                    Ok(flow) => found.push(Arc::new(flow)),
                    Err(LoadError::Store(error)) => return Err(error),
                    Err(why) => tracing::error!(%flow, version = %id, %why, "a version with live runs cannot be used here"),
                }
            }
        }
    }
    Ok(found)
}

/// What is published, where the folder counts only for those who publish it by a call.
pub async fn published(store: &dyn Store, project: &Project) -> Answer<Versions> {
    let (versions, lost) = take(store, project, Here::All, &Known::default()).await?;
    say_lost(&lost);
    Ok(versions.losing(lost.len()))
}

fn say_lost(lost: &BTreeMap<Slug, (VersionId, LoadError)>) {
    for (flow, (version, why)) in lost {
        tracing::error!(%flow, %version, %why, "a published version of a flow cannot be used here");
    }
}

impl Core {
    /// Looks whether anything was published since the last look, and takes it over. Says whether there was something.
    pub async fn follow_publications(&self) -> Answer<bool> {
        if self.store.published().await? == self.versions.seen() {
            return Ok(false);
        }
        let _gate = self.versions.gate().lock().await;
        let catalog = self.versions.catalog();
        let known = Known { checked: None, catalog: Some(&catalog) };
        let here = Here::clone(&self.versions.here());
        let (versions, lost) = take(&*self.store, &self.world.project, here, &known).await?;
        say_lost(&lost);
        let versions = versions.refusing(self.versions.refused_in_folder()).losing(lost.len());
        self.versions.replace(&versions);
        tracing::info!(flows = versions.catalog().flows().count(), "flows were published; they run from now on");
        Ok(true)
    }

    /// Publishes what was read of the folder again.
    pub async fn publish_folder(&self, sources: &Sources) -> Answer<Publication> {
        let _gate = self.versions.gate().lock().await;
        let publication = publish(&*self.store, sources, &self.world.project).await?;
        self.versions.replace(&publication.versions);
        Ok(publication)
    }
}

fn log(flow: &str, standing: &Standing) {
    match standing {
        Standing::Published(version) => tracing::info!(flow, %version, "a flow was published"),
        Standing::Unchanged(version) => tracing::debug!(flow, %version, "a flow is as it was"),
        Standing::Called(version) => {
            tracing::info!(flow, %version, "a flow runs as somebody published it, not as the folder has it")
        }
        Standing::Before(version) => tracing::warn!(flow, %version, "a flow has mistakes; the version before goes on"),
        Standing::Absent => tracing::error!(flow, "a flow has mistakes and was never published: it does not run"),
        Standing::Lost(version, why) => {
            tracing::error!(flow, %version, %why, "a flow has mistakes, and so has the version before")
        }
    }
}
