//! Where a conversation stands: the runs, what each waits for, its variables; private ones masked.

use super::guard;
use crate::domain::id::ContactKey;
use crate::domain::time::Millis;
use crate::engine::is_simulated;
use crate::engine::record::{Record, Run, Waiting};
use crate::flow::catalog::Catalog;
use crate::flow::definition::Slot;
use crate::http::error::Failure;
use crate::http::web::Web;
use serde_json::{Map, Value as Json, json};

/// The state of a contact as the page shows it; nothing if the page may not see it any more.
pub(super) async fn of(web: &Web, key: ContactKey) -> Result<Option<Json>, Failure> {
    let record = guard::record(web, key).await?.unwrap_or_default();
    let is_new = record == Record::default();
    if !is_new && !is_simulated(&record, &web.core.world().project) {
        return Ok(None);
    }
    let catalog = web.core.versions().catalog();
    let kinds = crate::domain::channel::ChannelKind::ALL;
    let stopped: Vec<&str> = kinds.iter().filter(|kind| record.is_stopped(**kind)).map(|kind| kind.as_str()).collect();
    let attributes: Map<String, Json> =
        record.attributes.iter().map(|(name, value)| (name.to_string(), value.to_json())).collect();
    Ok(Some(json!({
        "ahead": record.clock.ahead.0,
        "moving": record.clock.goal.map(|goal| goal.until.0),
        "calling": record.hold(),
        "contact": {
            "name": record.name,
            "language": record.language.map(|language| language.to_string()),
            "timezone": record.timezone,
            "tags": record.tags.iter().map(|tag| tag.as_str()).collect::<Vec<_>>(),
            "attributes": attributes,
            "stopped": stopped,
        },
        "runs": record.runs.iter().map(|run| shown(run, &catalog)).collect::<Vec<_>>(),
        "waiting": record.waiting.iter().map(|start| start.flow.as_str()).collect::<Vec<_>>(),
    })))
}

fn shown(run: &Run, catalog: &Catalog) -> Json {
    let frame = run.frame();
    let (mut variables, mut state, mut flow) = (Vec::new(), "?".to_owned(), run.flow.to_string());
    if let Some(found) = catalog.version(frame.version) {
        state = found.state_name(frame.state).to_owned();
        flow = found.name.to_string();
        for (place, (name, variable)) in found.variables.iter().enumerate() {
            let slot = Slot(u16::try_from(place).unwrap_or(u16::MAX));
            let value = frame.vars.get(slot);
            variables.push(match (variable.private, value) {
                (true, Some(_)) => json!({ "name": name.as_str(), "private": true }),
                (_, value) => json!({ "name": name.as_str(), "value": value.map(|value| value.to_json()) }),
            });
        }
    }
    let (what, until): (&str, Option<Millis>) = match &run.waiting {
        Waiting::Reply(question) => ("reply", Some(question.gathered.as_ref().map_or(question.until, |part| part.alarm()))),
        Waiting::Paused { .. } => ("paused", None),
        Waiting::Turn => ("turn", None),
        Waiting::Call { .. } => ("call", None),
        Waiting::Time { until } => ("time", Some(*until)),
        Waiting::Held { until, .. } | Waiting::Hours { until } => ("hours", Some(*until)),
        Waiting::Delivery { .. } => ("delivery", None),
        Waiting::Event { until } => ("event", Some(*until)),
        Waiting::Digest { items, .. } if items.is_empty() => ("digest", None),
        Waiting::Digest { until, .. } => ("digest", Some(*until)),
        Waiting::Person { until, taken: None, .. } => ("person", Some(*until)),
        Waiting::Person { .. } => ("taken", None),
    };
    json!({
        "id": run.id.to_string(),
        "flow": run.flow.as_str(),
        "inside": (flow != run.flow.as_str()).then_some(flow),
        "key": run.key,
        "state": state,
        "waits": what,
        "until": until.map(|at| at.0),
        "expires": run.expires.0,
        "variables": variables,
    })
}
