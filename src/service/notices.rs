//! Notifications that are sent by themselves: which version of the service's own flow around one does it.

use super::core::Core;
use super::versions::LoadError;
use crate::config::project::Project;
use crate::domain::name::Slug;
use crate::flow::check::parse_context;
use crate::flow::definition::Flow;
use crate::flow::load::Sources;
use crate::flow::notice::notice;
use crate::flow::parse::Pages;
use crate::flow::version::{BadVersion, SourceFile, Version};
use crate::store::StoreError;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a notification cannot be sent by itself.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Neither the folder nor a published flow has it, or its file has mistakes.
    #[error("there is no notification `{0}` that can be sent")]
    Unknown(Slug),
    /// A published flow brought it along and its content cannot be used.
    #[error(transparent)]
    Broken(#[from] BadVersion),
    /// It was stored and cannot be read back.
    #[error(transparent)]
    Load(LoadError),
}

/// The versions that send the notifications of a folder by themselves.
pub(super) fn notices_of(sources: &Sources, project: &Project) -> BTreeMap<Slug, Version> {
    let made = sources.notices(&parse_context(project));
    made.into_iter().filter_map(|(name, made)| Some((name, made.version?))).collect()
}

impl Core {
    /// The flow that sends a notification by itself, as it is now: that of the folder, else of a published flow that names it. It is in the
    /// store before it is named, and known to this instance; other instances load it when they meet a run on it.
    pub async fn notice(&self, notification: &Slug) -> Result<Arc<Flow>, NoticeError> {
        let version = match self.versions.notice(notification) {
            Some(version) => version,
            None => self.notice_of_flows(notification).await?,
        };
        let id = version.id();
        let known = self.versions.catalog();
        if let Some(known) = known.version(id) {
            return Ok(Arc::clone(known));
        }
        self.store.put_version(id, Bytes::from(version.encode())).await?;
        self.versions.load(&*self.store, id, &self.world.project).await.map_err(NoticeError::Load)?;
        let catalog = self.versions.catalog();
        catalog.version(id).cloned().ok_or_else(|| NoticeError::Unknown(notification.clone()))
    }

    async fn notice_of_flows(&self, notification: &Slug) -> Result<Version, NoticeError> {
        let unknown = || NoticeError::Unknown(notification.clone());
        let catalog = self.versions.catalog();
        let mut naming: Vec<&Arc<Flow>> = catalog.flows().filter(|flow| flow.notifications.contains_key(notification)).collect();
        naming.sort_by(|a, b| a.name.cmp(&b.name));
        let flow = naming.first().ok_or_else(unknown)?;
        let content = self.store.get_version(flow.version).await?.ok_or_else(unknown)?;
        let version = Version::decode(&content)?;
        let file = |(name, text): (&Slug, &String)| {
            (name.clone(), SourceFile { file: format!("templates/{name}.yaml"), text: text.clone() })
        };
        let files: BTreeMap<Slug, SourceFile> = version.notifications().iter().map(file).collect();
        let pages: Pages = version.pages().iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect();
        let made = notice(notification, &files, &pages, &parse_context(&self.world.project));
        made.and_then(|made| made.version).ok_or_else(unknown)
    }
}
