//! A version of a flow beside what runs: what the checker looks at before it goes live.

use crate::domain::id::VersionId;
use crate::domain::name::Slug;
use crate::flow::load::Sources;
use crate::flow::version::{SourceFile, Version};
use crate::store::{Answer, Store};
use std::collections::BTreeMap;

/// The files of one flow.
#[derive(Debug, Clone)]
pub struct Files {
    /// The name of the flow's file.
    pub name: Slug,
    /// The flow.
    pub flow: String,
    /// Its notifications.
    pub notifications: BTreeMap<Slug, String>,
    /// Their pages.
    pub pages: BTreeMap<String, String>,
}

impl From<&Version> for Files {
    fn from(version: &Version) -> Self {
        Files {
            name: version.name().clone(),
            flow: version.flow().to_owned(),
            notifications: version.notifications().clone(),
            pages: version.pages().clone(),
        }
    }
}

/// A flow in the place of the one of this name, beside the versions of others that run: a flow may run others as parts of its own. Of two that
/// name one notification the first says what it is.
pub async fn among(store: &dyn Store, files: Files, flow: &Slug, others: &[VersionId]) -> Answer<Sources> {
    let mut sources = Sources::default();
    let notification = |name: &Slug, text: String| SourceFile { file: format!("templates/{name}.yaml"), text };
    let file = |name: &Slug, text: String| SourceFile { file: format!("flows/{name}.yaml"), text };
    sources.flows.insert(files.name.to_string(), file(&files.name, files.flow));
    let notifications = files.notifications.into_iter();
    sources.notifications = notifications.map(|(name, text)| (name.clone(), notification(&name, text))).collect();
    sources.pages = files.pages.into_iter().map(|(name, text)| (name, text.into())).collect();
    for id in others {
        let content = store.get_version(*id).await?;
        let Some(version) = content.and_then(|content| Version::decode(&content).ok()) else { continue };
        for (name, text) in version.notifications() {
            sources.notifications.entry(name.clone()).or_insert_with(|| notification(name, text.clone()));
        }
        for (name, text) in version.pages() {
            sources.pages.entry(name.clone()).or_insert_with(|| text.as_str().into());
        }
        if version.name() != flow && *version.name() != files.name {
            sources.flows.insert(version.name().to_string(), file(version.name(), version.flow().to_owned()));
        }
    }
    Ok(sources)
}
