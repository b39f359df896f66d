//! A notification must get what it needs: RF412; and what it is given must be one of its parameters: RF201.

use super::walk::{Place, Visit, walk};
use super::{Report, World, remedy};
use crate::flow::definition::{Act, Action, Flow, Kind, Notify, Say};

/// Checks every notification that a flow sends.
pub(super) fn check(flow: &Flow, world: &World<'_>, report: &mut Report) {
    struct Notified<'a>(Vec<&'a Notify>);
    impl<'a> Visit<'a> for Notified<'a> {
        fn actions(&mut self, actions: &'a [Action], _: Place<'a>) {
            self.0.extend(actions.iter().filter_map(|action| match &action.act {
                Act::Notify(notify) => Some(notify),
                _ => None,
            }));
        }
    }
    let mut all = Notified(Vec::new());
    walk(flow, &mut all);
    all.0.extend(flow.states.values().filter_map(|state| match &state.kind {
        Kind::Ask(ask) => match &ask.question {
            Some(Say::Notify(notify)) => Some(notify),
            _ => None,
        },
        Kind::Deliver(deliver) => Some(&deliver.notify),
        _ => None,
    }));
    for notify in all.0 {
        let Some(notification) = world.notifications.get(&notify.name) else { continue };
        let given = |name| notify.with.iter().any(|(n, _)| n == name) || flow.variables.contains_key(name);
        let lacking = notification.needs.iter().filter(|(name, need)| need.default.is_none() && !given(name));
        let lacking: Vec<&str> = lacking.map(|(name, _)| name.as_str()).collect();
        if !lacking.is_empty() {
            let names: Vec<String> = lacking.iter().map(|name| format!("`{name}`")).collect();
            let (name, names) = (&notify.name, names.join(" and "));
            let message = format!("`{name}` needs {names}; neither `with` nor a variable of that name gives it");
            let with: Vec<String> = lacking.iter().map(|name| format!("{name}: …")).collect();
            report.add(412, notify.at, 0, message, format!("add `with: {{ {} }}`", with.join(", ")));
        }
        for (name, _) in notify.with.iter().filter(|(name, _)| !notification.needs.contains_key(name)) {
            let names = notification.needs.keys().map(|name| name.as_str());
            let message = format!("Unknown name `{name}`; the notification `{}` does not need it", notify.name);
            report.add(201, notify.at, 0, message, remedy("parameter of that notification", name.as_str(), names));
        }
    }
}
