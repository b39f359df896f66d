//! The published versions that this instance knows. A run stays on its version, so a version is loaded from the store when a
//! run is met that is on it, however old it is.

use crate::config::project::Project;
use crate::domain::id::VersionId;
use crate::domain::name::Slug;
use crate::flow::catalog::Catalog;
use crate::flow::check::parse_context;
use crate::flow::definition::Flow;
use crate::flow::version::{BadVersion, Version};
use crate::store::{Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;

/// The catalog, replaced as a whole when a version is added.
#[derive(Debug)]
pub struct Versions {
    catalog: RwLock<Arc<Catalog>>,
    refused: AtomicUsize,
    lost: AtomicUsize,
    reads: AtomicUsize,
    /// Which flows run here.
    here: RwLock<Arc<Here>>,
    /// How many publications there were when they were looked at last.
    seen: AtomicU64,
    /// What sends the notifications of the folder by themselves; nothing: no folder was read.
    notices: RwLock<Option<Arc<BTreeMap<Slug, Version>>>>,
    /// Held while publications are read and taken over: what was read first must not come last.
    gate: Mutex<()>,
}

/// Which of the published flows run on this instance.
#[derive(Debug, Clone, Default)]
pub enum Here {
    /// All of them.
    #[default]
    All,
    /// Those of its folder, and those that somebody published by a call.
    Folder(BTreeSet<Slug>),
}

/// Versions beside the current ones that stay in memory; above it they are fetched again when a run is met that is on one.
const OLD: usize = 256;

/// Why a version cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store does not have it.
    #[error("the store has no content for it")]
    Missing,
    /// It cannot be compiled here: a newer release wrote it, or it is damaged.
    #[error(transparent)]
    Broken(#[from] BadVersion),
    /// Its content has another hash.
    #[error("its content is that of {0}")]
    Other(VersionId),
}

impl Versions {
    /// Begins with this catalog.
    pub fn new(catalog: Catalog) -> Self {
        Versions {
            catalog: RwLock::new(Arc::new(catalog)),
            refused: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            reads: AtomicUsize::new(1),
            here: RwLock::default(),
            seen: AtomicU64::new(0),
            notices: RwLock::default(),
            gate: Mutex::default(),
        }
    }

    /// The same, where so many published versions cannot be used.
    pub(super) fn losing(self, versions: usize) -> Self {
        Versions { lost: AtomicUsize::new(versions), ..self }
    }

    /// The same, where so many flows of the folder were refused.
    pub(super) fn refusing(self, flows: usize) -> Self {
        Versions { refused: AtomicUsize::new(flows), ..self }
    }

    /// The same, as these flows run here and so many publications were seen.
    pub(super) fn of(self, here: Here, seen: u64) -> Self {
        Versions { here: RwLock::new(Arc::new(here)), seen: AtomicU64::new(seen), ..self }
    }

    /// The same with what sends the notifications of its folder by themselves.
    pub(super) fn noticing(self, notices: BTreeMap<Slug, Version>) -> Self {
        Versions { notices: RwLock::new(Some(Arc::new(notices))), ..self }
    }

    /// What sends a notification of the folder by itself.
    pub(super) fn notice(&self, notification: &Slug) -> Option<Version> {
        let notices = self.notices.read().unwrap_or_else(PoisonError::into_inner).clone();
        notices?.get(notification).cloned()
    }

    /// Which flows run here.
    pub(super) fn here(&self) -> Arc<Here> {
        Arc::clone(&self.here.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many publications there were when they were looked at last.
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::Acquire)
    }

    /// Whoever reads publications to take them over holds this as long.
    pub(super) fn gate(&self) -> &Mutex<()> {
        &self.gate
    }

    /// Flows whose files have mistakes, or whose published version cannot be used here: they run as they did before, or not at all.
    pub fn refused(&self) -> usize {
        self.refused_in_folder() + self.lost.load(Ordering::Relaxed)
    }

    pub(super) fn refused_in_folder(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    /// How often the files were read since the start, the first time included.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::Acquire)
    }

    /// The files were read again, and what was right in them is published.
    pub fn were_read(&self) {
        self.reads.fetch_add(1, Ordering::Release);
    }

    /// From now on no run of these flows begins, and of no others that is so.
    pub(super) fn pause(&self, paused: BTreeSet<Slug>) {
        if *self.catalog().paused() == paused {
            return;
        }
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        *catalog = Arc::new(Catalog::clone(&catalog).pausing(paused));
    }

    /// New runs begin on what was published now; the versions that were known stay.
    pub fn replace(&self, published: &Versions) {
        let fresh = published.catalog();
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        *catalog = Arc::new(catalog.with_current(&fresh, OLD));
        self.refused.store(published.refused_in_folder(), Ordering::Relaxed);
        self.lost.store(published.lost.load(Ordering::Relaxed), Ordering::Relaxed);
        *self.here.write().unwrap_or_else(PoisonError::into_inner) = published.here();
        self.seen.store(published.seen(), Ordering::Release);
        if let Some(notices) = published.notices.read().unwrap_or_else(PoisonError::into_inner).clone() {
            *self.notices.write().unwrap_or_else(PoisonError::into_inner) = Some(notices);
        }
    }

    /// The catalog as it is now.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same as if no flow were paused: for what is asked about a time when that is over.
    pub(super) fn unpaused(&self) -> Arc<Catalog> {
        let catalog = self.catalog();
        match catalog.paused().is_empty() {
            true => catalog,
            false => Arc::new(Catalog::clone(&catalog).pausing(BTreeSet::new())),
        }
    }

    /// Fetches and compiles a version. Two that load at once both succeed.
    pub async fn load(&self, store: &dyn Store, id: VersionId, project: &Project) -> Result<(), LoadError> {
        let flow = Arc::new(stored_version(store, id, project).await?);
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        if catalog.version(id).is_none() {
            *catalog = Arc::new(catalog.with_version(flow));
            tracing::info!(version = %id, "a version of a flow was loaded for a run that is on it");
        }
        Ok(())
    }
}

/// A version as the store has it, compiled.
pub async fn stored_version(store: &dyn Store, id: VersionId, project: &Project) -> Result<Flow, LoadError> {
    let content = store.get_version(id).await?.ok_or(LoadError::Missing)?;
    let version = Version::decode(&content)?;
    // What is run must be what was published, whatever happened to the store since.
    if version.id() != id {
        return Err(LoadError::Other(version.id()));
    }
    Ok(version.build(&parse_context(project))?)
}
