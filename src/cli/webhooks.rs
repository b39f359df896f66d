//! `replyflow webhooks`: the URLs of the flows' webhooks. They hold secrets, so only this command says them.

use super::{Project, Stop};
use crate::app::{Access, open_store};
use crate::config::Secrets;
use crate::flow::check::check_project;
use crate::flow::definition::Trigger;
use crate::flow::load::Sources;
use crate::service::WebhookKeys;

pub(super) fn run(project: &Project) -> Result<(), Stop> {
    let settings = project.load(Secrets::Required)?;
    let sources = Sources::read_from(&settings.flows, &settings.templates, &settings.folder)
        .map_err(|e| Stop::failed(format!("cannot read {}: {e}", settings.flows.display())))?;
    let checked = check_project(&sources, &settings.project);
    let meta = super::runtime()?.block_on(async { open_store(&settings.store, Access::Beside).await?.meta().await });
    let hint = "`replyflow serve` makes an embedded store at its first start; the URLs depend on it unless [webhooks] has keys.";
    let meta = meta.map_err(|e| Stop::with_hint(e, hint))?;
    let keys = WebhookKeys::new(&settings.webhooks.keys, &meta.contact_secret);
    let mut shown: Vec<String> = Vec::new();
    for (flow, _) in checked.flows.values() {
        for start in &flow.starts {
            let Trigger::Webhook(name) = &start.trigger else { continue };
            let secret = keys.secret(flow.name.as_str(), name.as_str());
            let mut url = url::Url::parse(&settings.server.public_url).map_err(|e| Stop::failed(format!("public_url: {e}")))?;
            if let Ok(mut path) = url.path_segments_mut() {
                path.pop_if_empty().extend(["flows", flow.name.as_str(), name.as_str(), &secret]);
            }
            let line = format!("{}/{name}  {url}", flow.name);
            if !shown.contains(&line) {
                shown.push(line);
            }
        }
    }
    for name in settings.sources.keys() {
        let mut url = url::Url::parse(&settings.server.public_url).map_err(|e| Stop::failed(format!("public_url: {e}")))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["sources", name.as_str(), &keys.source_secret(name.as_str())]);
        }
        shown.push(format!("source {name}  {url}"));
    }
    for name in settings.desks.keys() {
        let mut url = url::Url::parse(&settings.server.public_url).map_err(|e| Stop::failed(format!("public_url: {e}")))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["desks", name.as_str(), &keys.desk_secret(name.as_str())]);
        }
        shown.push(format!("desk {name}  {url}"));
    }
    if shown.is_empty() {
        println!("no flow begins by a webhook, and there is neither a source nor a desk");
    }
    shown.iter().for_each(|line| println!("{line}"));
    Ok(())
}
