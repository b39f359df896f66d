//! What `event` is where the project declares the fields of the event.

use crate::config::project::Project;
use crate::domain::name::EventName;
use crate::domain::shape::Shape;
use crate::domain::value::Type;
use crate::flow::definition::{AnytimeTrigger, Flow, Kind, Trigger, WaitFor};
use crate::flow::expression::Inferred;
use crate::flow::parse::Site;

/// The declared data of what `event` is at this site: of the event that the entry of `start` or `anytime` names, or that the state
/// awaits. Of a webhook, and of an entry that was refused, nothing is declared.
pub(super) fn event_at<'p>(flow: &Flow, site: Site, project: &'p Project) -> Option<&'p Shape> {
    if !site.event || project.event_fields.is_empty() {
        return None;
    }
    let name = match site.state {
        Some(state) => awaited(&flow.states.get_index(usize::from(state.0))?.1.kind),
        None => named(flow, site),
    };
    project.event_fields.get(name?)
}

/// The event that a state awaits.
fn awaited(kind: &Kind) -> Option<&EventName> {
    match kind {
        Kind::Wait(wait) => match &wait.until {
            WaitFor::Event { name, .. } => Some(name),
            _ => None,
        },
        Kind::Digest(digest) => Some(&digest.event),
        _ => None,
    }
}

/// The event that the entry at this site names.
fn named(flow: &Flow, site: Site) -> Option<&EventName> {
    let entry = site.entry?;
    let start = flow.starts.iter().find(|start| start.at == entry).and_then(|start| match &start.trigger {
        Trigger::Event(name) => Some(name),
        _ => None,
    });
    let anytime = || flow.anytime.iter().find(|one| one.at == entry);
    start.or_else(|| match &anytime()?.trigger {
        AnytimeTrigger::Event { name, .. } => Some(name),
        _ => None,
    })
}

/// The type of what has this shape. A map may hold more than is declared.
pub(super) fn inferred(shape: &Shape) -> Inferred {
    let found = match (shape.kind, &shape.of) {
        (Type::Map, _) if !shape.fields.is_empty() => {
            Inferred::open_map(shape.fields.iter().map(|(name, field)| (name.as_str(), inferred(field))))
        }
        (Type::List, Some(of)) => Inferred::list(inferred(of)),
        (kind, _) => Inferred::of(kind),
    };
    if shape.required { found } else { found.or_null() }
}
