//! What begins a run must give what the flow needs: RF203.

use super::Report;
use crate::flow::definition::{Flow, Origin, Slot, Trigger};

/// Checks every entry of `start`.
pub(super) fn check(flow: &Flow, report: &mut Report) {
    for start in &flow.starts {
        for (i, (name, variable)) in flow.variables.iter().enumerate() {
            let needed = matches!(&variable.origin, Origin::Need { default: None });
            let given = start.with.iter().any(|(slot, _)| *slot == Slot(i as u16));
            if needed && !given {
                let from = match &start.trigger {
                    Trigger::Event(_) | Trigger::Webhook(_) => format!("{name}: \"{{{{ event.{name} }}}}\""),
                    _ => format!("{name}: …"),
                };
                report.add(
                    203,
                    start.at,
                    0,
                    format!("This start does not give `{name}`, which the flow needs"),
                    format!("add `with: {{ {from} }}`, or a default: `{name}: {{ type: {}, default: … }}`", variable.kind),
                );
            }
        }
    }
}
