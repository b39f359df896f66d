//! Flows at the start: read from the folder, published, and their mistakes put into the log.

use crate::config::Settings;
use crate::flow::check::Checked;
use crate::flow::diagnostic::Severity;
use crate::flow::load::Sources;
use crate::service::Versions;
use crate::service::publisher;
use crate::store::Store;
use anyhow::Context as _;

/// What this instance runs on.
pub(super) async fn publish(settings: &Settings, store: &dyn Store) -> anyhow::Result<Versions> {
    let read = Sources::read_from(&settings.flows, &settings.templates, &settings.folder);
    let sources = read.with_context(|| format!("cannot read {}", settings.flows.display()))?;
    let publication = publisher::publish(store, &sources, &settings.project).await.context("the store")?;
    say(&publication.checked);
    if publication.flows.is_empty() {
        tracing::warn!(folder = %settings.flows.display(), "there are no flows: every message goes to the inbox");
    }
    Ok(publication.versions)
}

/// One line for each mistake: the log is no terminal. `replyflow check` shows them better.
fn say(checked: &Checked) {
    for diagnostic in &checked.diagnostics {
        let (file, line, column) = (&*diagnostic.file, diagnostic.at.line, diagnostic.at.column);
        let (code, message) = (diagnostic.code.to_string(), &diagnostic.message);
        match diagnostic.code.severity() {
            Severity::Error => tracing::error!(file, line, column, code, problem = message, "a file has a mistake"),
            Severity::Warning => tracing::debug!(file, line, column, code, problem = message, "a file is worth a look"),
        }
    }
}
