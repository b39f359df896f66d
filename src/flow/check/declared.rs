//! What `event` is where the project declares the fields of the event.

use crate::config::project::Project;
use crate::domain::shape::Shape;
use crate::domain::value::Type;
use crate::flow::definition::{AnytimeTrigger, Flow, Trigger};
use crate::flow::diagnostic::At;
use crate::flow::expression::Inferred;

/// The declared data of the event of the entry in which this place lies: `event` is readable nowhere else, so it is the last one that
/// begins before.
pub(super) fn event_at<'p>(flow: &Flow, at: At, project: &'p Project) -> Option<&'p Shape> {
    let starts = flow.starts.iter().map(|start| match &start.trigger {
        Trigger::Event(name) => (start.at, Some(name)),
        _ => (start.at, None),
    });
    let anytime = flow.anytime.iter().map(|entry| match &entry.trigger {
        AnytimeTrigger::Event { name, .. } => (entry.at, Some(name)),
        _ => (entry.at, None),
    });
    let (_, name) = starts.chain(anytime).filter(|(begins, _)| *begins <= at).max_by_key(|(begins, _)| *begins)?;
    project.event_fields.get(name?)
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
