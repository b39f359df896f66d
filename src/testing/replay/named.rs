//! What an event or a webhook says of its contact, found again as the service found it when it came: a name, a language, further
//! addresses. The journal keeps the data; what the flows make of it follows.

use crate::config::project::Project;
use crate::domain::input::ContactRef;
use crate::domain::journal::Event;
use crate::engine::record::Record;
use crate::flow::catalog::{Catalog, webhook_contacts};

/// The contact as what came names it, if it means this record.
pub(super) fn named(event: &Event, catalog: &Catalog, project: &Project, record: &Record) -> Option<ContactRef> {
    let found = match event {
        Event::EventReceived { event, data: Some(data), contact, .. } => {
            catalog.event_contacts(project, event, data, contact.as_deref())
        }
        Event::WebhookReceived { flow, name, data: Some(data), .. } => {
            webhook_contacts(&catalog.starts_by_webhook(flow.as_str(), name.as_str()), project, data)
        }
        _ => return None,
    };
    found.ok()?.into_iter().find(|who| record.is(who))
}
