//! Flows and notifications from their folders into the service, and their mistakes into the log.

use crate::config::Settings;
use crate::config::publish::PublishFrom;
use crate::flow::check::Checked;
use crate::flow::diagnostic::Severity;
use crate::flow::load::Sources;
use crate::service::publisher::{self, Publication};
use crate::service::{Core, Versions};
use crate::store::{Answer, Store};
use anyhow::Context as _;
use std::path::{Path, PathBuf};

/// Where flows and notifications are.
#[derive(Debug, Clone)]
pub(super) struct Places {
    flows: PathBuf,
    templates: PathBuf,
    folder: PathBuf,
}

impl Places {
    /// As they are configured.
    pub(super) fn of(settings: &Settings) -> Self {
        let Settings { flows, templates, folder, .. } = settings;
        Places { flows: flows.clone(), templates: templates.clone(), folder: folder.clone() }
    }

    /// What is there now.
    pub(super) fn read(&self) -> anyhow::Result<Sources> {
        // Where there is no folder nothing was deleted: somebody is replacing it, or it is not mounted.
        std::fs::metadata(&self.flows).with_context(|| format!("cannot read {}", self.flows.display()))?;
        self.read_or_nothing()
    }

    fn read_or_nothing(&self) -> anyhow::Result<Sources> {
        let read = Sources::read_from(&self.flows, &self.templates, &self.folder);
        read.with_context(|| format!("cannot read {}", self.flows.display()))
    }

    /// The folders that are read.
    pub(super) fn folders(&self) -> [&Path; 2] {
        [&self.flows, &self.templates]
    }
}

/// What this instance begins to run on, and what was read for it.
pub(super) async fn publish(settings: &Settings, store: &dyn Store) -> anyhow::Result<(Versions, Sources)> {
    if settings.publish == PublishFrom::Call {
        let versions = publisher::published(store, &settings.project).await.context("the store")?;
        if versions.catalog().flows().next().is_none() {
            tracing::warn!("nothing is published: every message goes to the inbox until somebody calls `replyflow publish`");
        }
        return Ok((versions, Sources::default()));
    }
    let sources = Places::of(settings).read_or_nothing()?;
    let publication = publisher::publish(store, &sources, &settings.project).await.context("the store")?;
    say(&publication.checked);
    if publication.flows.is_empty() {
        tracing::warn!(folder = %settings.flows.display(), "there are no flows: every message goes to the inbox");
    }
    Ok((publication.versions, sources))
}

/// Publishes what was read again.
pub(super) async fn publish_again(core: &Core, sources: &Sources) -> Answer<()> {
    let Publication { checked, flows, .. } = core.publish_folder(sources).await?;
    say(&checked);
    tracing::info!(flows = flows.len(), refused = core.versions().refused(), "the flows were read again");
    Ok(())
}

/// One line for each mistake: the log is no terminal. `replyflow check` shows them better.
fn say(checked: &Checked) {
    for diagnostic in &checked.diagnostics {
        let (file, line, column) = (&*diagnostic.file, diagnostic.at.line, diagnostic.at.column);
        let (code, message) = (diagnostic.code.to_string(), &diagnostic.message);
        let remedy = diagnostic.help.as_deref().unwrap_or("");
        match diagnostic.code.severity() {
            Severity::Error => tracing::error!(file, line, column, code, problem = message, remedy, "a file has a mistake"),
            Severity::Warning => tracing::debug!(file, line, column, code, problem = message, remedy, "a file is worth a look"),
        }
    }
}
