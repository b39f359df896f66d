//! A notification must get what it needs: RF412; what it is given must be one of its parameters: RF201; and it must be able to go
//! where `to` says: RF413.

use super::walk::{Place, Visit, walk};
use super::{Report, World, remedy};
use crate::domain::channel::ChannelKind;
use crate::domain::name::ChannelName;
use crate::flow::definition::{Act, Action, ContactTemplate, Flow, Hop, Kind, Notification, Notify, Receiver, Say};

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
        receiver(flow, notify, notification, world, report);
        for (name, _) in notify.with.iter().filter(|(name, _)| !notification.needs.contains_key(name)) {
            let names = notification.needs.keys().map(|name| name.as_str());
            let message = format!("Unknown name `{name}`; the notification `{}` does not need it", notify.name);
            report.add(201, notify.at, 0, message, remedy("parameter of that notification", name.as_str(), names));
        }
    }
}

/// RF413: an address that no channel of the notification's route reaches, or of the flow's if it has no route.
fn receiver(flow: &Flow, notify: &Notify, notification: &Notification, world: &World<'_>, report: &mut Report) {
    let by_mail = match notify.to.as_deref() {
        Some(Receiver::Contact(ContactTemplate { id: Some(_), .. })) | None => return,
        Some(Receiver::Contact(ContactTemplate { phone, email, .. })) if phone.is_some() != email.is_some() => email.is_some(),
        Some(Receiver::Contact(_)) => return,
        Some(Receiver::Address(address)) => match address.constant_text() {
            Some(text) => text.contains('@'),
            None => return,
        },
    };
    let channels = &world.project.channels;
    let of_channel = |name: &ChannelName| channels.get(name).map(|channel| channel.kind);
    let of_hop = |hop: &Hop| match hop {
        Hop::Kind(kind) => Some(*kind),
        Hop::Channel(name) => of_channel(name),
    };
    let named = notification.route.iter().chain(&notification.also).map(of_hop);
    let own = flow.channels.iter().filter(|_| notification.route.is_empty()).map(of_channel);
    let kinds: Vec<ChannelKind> = named.chain(own).flatten().collect();
    if kinds.iter().any(|kind| (*kind == ChannelKind::Email) == by_mail) {
        return;
    }
    let (what, kinds_wanted) = if by_mail { ("an email address", "`email`") } else { ("a phone number", "`sms` or `whatsapp`") };
    let of = if notification.route.is_empty() { format!("flow `{}`", flow.name) } else { format!("route of `{}`", notify.name) };
    let message = format!("There is no channel that takes `{}` to {what}: the {of} has none", notify.name);
    report.add(413, notify.at, 0, message, format!("add {kinds_wanted} to `route` of the notification, or give another `to`"));
}
