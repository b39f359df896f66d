//! RF210: variables that nobody reads. What a contact answers and which arm they take is kept in the journal with its name, for figures and
//! exports: saving it is reason enough.

use super::super::{Report, World};
use crate::flow::definition::{Flow, Kind, Origin, Save, Slot};
use crate::flow::expression::ReferenceName;
use crate::flow::expressions::each_expression;

/// Checks the variables of a flow.
pub(super) fn check(flow: &Flow, world: &World<'_>, report: &mut Report) {
    // A flow that runs this one and keeps its result has all variables of it.
    if world.callers.get(&flow.name).is_some_and(|caller| caller.kept) {
        return;
    }
    let mut read = vec![false; flow.variables.len()];
    let mut see = |slot: Slot| read.get_mut(usize::from(slot.0)).into_iter().for_each(|read| *read = true);
    each_expression(flow, &mut |expression| {
        for reference in expression.names() {
            if let ReferenceName::Variable(name) = &reference.name {
                flow.slot(name).into_iter().for_each(&mut see);
            }
        }
    });
    // A parameter that is not given takes the variable of its name.
    for name in flow.notifications.values().flat_map(|notification| notification.needs.keys()) {
        flow.slot(name.as_str()).into_iter().for_each(&mut see);
    }
    for state in flow.states.values().filter(|state| matches!(state.kind, Kind::Ask(_) | Kind::Split(_))) {
        match &state.save {
            Some(Save::Whole(slot)) => see(*slot),
            Some(Save::Parts(parts)) => parts.iter().for_each(|(slot, _)| see(*slot)),
            None => {}
        }
    }
    for ((name, variable), _) in flow.variables.iter().zip(read).filter(|(_, read)| !read) {
        let help = match variable.origin {
            Origin::Need { .. } => "leave it out of `needs` and of every `with`, or use it",
            Origin::Own(_) => "leave it out of `vars` and of every `set`, or use it",
            Origin::Saved => "leave `save` out, or use it",
        };
        let width = name.as_str().chars().count() as u32;
        report.add(210, variable.at, width, format!("The variable `{name}` is never read"), help);
    }
}
