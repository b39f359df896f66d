//! RF410: a button of an approved template that is no choice of the question below which it stands.

use super::said::{Words, sayings};
use super::{Report, World};
use crate::domain::channel::ChannelKind;
use crate::flow::definition::{Answer, ApprovedButton, Ask, Flow, Kind};

/// Checks every question that a notification asks.
pub(super) fn check(flow: &Flow, world: &World<'_>, report: &mut Report) {
    for saying in sayings(flow) {
        let (Words::Notify(notify), Some(ask)) = (saying.words, saying.ask) else { continue };
        let Some(notification) = world.notifications.get(&notify.name) else { continue };
        let own = notification.message.by_kind.iter().filter(|(kind, _)| *kind == ChannelKind::WhatsApp);
        let buttons = own.filter_map(|(_, variant)| variant.approved.as_ref()).flat_map(|approved| &approved.buttons);
        for button in buttons {
            let ApprovedButton::Choice(id) = button else { continue };
            let Some(choices) = choices(ask) else { continue };
            if choices.contains(&id.as_str()) {
                continue;
            }
            let same = |kind: &Kind| matches!(kind, Kind::Ask(other) if std::ptr::eq(&**other, ask));
            let state = flow.states.iter().find(|(_, state)| same(&state.kind)).map_or("?", |(name, _)| name.as_str());
            let shown: Vec<String> = choices.iter().map(|id| format!("`{id}`")).collect();
            let message = format!("The button `{id}` of `{}` is not a choice of `{state}`", notify.name);
            let help = match shown.len() {
                0 => "ask for a `choice`, or leave the button out of `approved`".to_owned(),
                _ => format!("name its choices in `buttons` of `approved`: {}", shown.join(", ")),
            };
            report.add(410, notify.at, 0, message, help);
        }
    }
}

/// What a button can be; nothing where any text is an answer, so that the button's own is one.
fn choices(ask: &Ask) -> Option<Vec<&str>> {
    match &ask.answer {
        Answer::YesNo => Some(vec!["yes", "no"]),
        Answer::Text { .. } | Answer::Any | Answer::Pattern(_) => None,
        answer => Some(answer.choices().into_iter().flat_map(|choices| choices.list.keys()).map(AsRef::as_ref).collect()),
    }
}
