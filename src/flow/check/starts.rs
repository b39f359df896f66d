//! What begins a run must give what the flow needs: RF203, also for sub-flows.

use super::{Report, World};
use crate::flow::definition::{Flow, Kind, Origin, Slot, Trigger};

/// Checks `start` and every `run`.
pub(super) fn check(flow: &Flow, world: &World<'_>, report: &mut Report) {
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
    for state in flow.states.values() {
        let Kind::Run(run) = &state.kind else { continue };
        let Some(sub) = world.flow(run.flow.as_str()) else { continue };
        for (name, variable) in &sub.variables {
            let needed = matches!(&variable.origin, Origin::Need { default: None });
            if needed && !run.with.iter().any(|(given, _)| given == name) {
                let message = format!("This start does not give `{name}`, which the flow `{}` needs", run.flow);
                report.add(203, state.at, 0, message, format!("add `{name}` to `with` of this `run`"));
            }
        }
        for (given, _) in &run.with {
            let declared = sub.variables.get(given).is_some_and(|v| !matches!(v.origin, Origin::Saved));
            if !declared {
                let names = sub.variables.iter().filter(|(_, v)| !matches!(v.origin, Origin::Saved)).map(|(n, _)| n.as_str());
                let message = format!("Unknown name `{given}`; the flow `{}` does not declare it", run.flow);
                report.add(201, state.at, 0, message, super::remedy("variable in that flow", given.as_str(), names));
            }
        }
    }
}
