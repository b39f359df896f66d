//! What a flow names elsewhere must exist: notifications (RF411), channels (RF413), apis (RF501), sub-flows and teams
//! (RF505), attributes of contacts (RF211); and a notification must have a text for the channels of the flow (RF414).

use super::{Report, World, remedy};
use crate::domain::channel::ChannelKind;
use crate::domain::name::Slug;
use crate::flow::definition::{Call, Flow, Kind, Notification, StateId};
use crate::flow::diagnostic::At;
use crate::flow::parse::{Mention, MentionKind, Reading};

/// The fields of a contact that `set` may write besides declared attributes.
const WRITABLE: [&str; 4] = ["name", "language", "timezone", "email"];

/// Checks everything that the flow names.
pub(super) fn check(reading: &Reading<Flow>, flow: &Flow, world: &World<'_>, report: &mut Report) {
    for mention in &reading.mentions {
        exists(mention, flow, world, report);
    }
    for (i, state) in flow.states.values().enumerate() {
        if let Kind::Call(call) = &state.kind {
            let named = |mention: &&Mention| mention.kind == MentionKind::Api && mention.state == Some(StateId(i as u16));
            let at = reading.mentions.iter().find(named).map_or(state.at, |mention| mention.at);
            allowed(call, at, world, report);
        }
    }
}

fn exists(mention: &Mention, flow: &Flow, world: &World<'_>, report: &mut Report) {
    let (name, project) = (&*mention.name, world.project);
    let broken = world.broken.iter().any(|b| b.as_str() == name);
    let mut missing = |code: u16, message: String, what: &str, names: Vec<&str>| {
        report.add(code, mention.at, mention.width, message, remedy(what, name, names));
    };
    match mention.kind {
        MentionKind::Channel if !project.channels.contains_key(name) => {
            let names = project.channels.keys().map(Slug::as_str).collect();
            missing(413, format!("There is no channel `{name}`"), "[channels.…] in replyflow.toml", names);
        }
        MentionKind::Api if !project.apis.contains_key(name) => {
            let names = project.apis.keys().map(Slug::as_str).collect();
            missing(501, format!("There is no api `{name}`"), "[api.…] in replyflow.toml", names);
        }
        MentionKind::Team if !project.teams.iter().any(|t| t.as_str() == name) => {
            let names = project.teams.iter().map(Slug::as_str).collect();
            missing(505, format!("There is no team `{name}`"), "[teams.…] in replyflow.toml", names);
        }
        MentionKind::Hours if !project.hours.contains_key(name) => {
            let names = project.hours.keys().map(Slug::as_str).collect();
            missing(505, format!("There are no hours `{name}`"), "[hours.…] in replyflow.toml", names);
        }
        MentionKind::Flow if world.flow(name).is_none() && !broken => {
            let names = world.flows.keys().map(Slug::as_str).collect();
            missing(505, format!("There is no sub-flow `{name}`"), "other flow", names);
        }
        MentionKind::Attribute if !WRITABLE.contains(&name) && !project.attributes.contains_key(name) => {
            let names = WRITABLE.into_iter().chain(project.attributes.keys().map(AsRef::as_ref)).collect();
            let message = format!("contact.{name} is not an attribute of this project");
            missing(211, message, "entry in [attributes] of replyflow.toml", names);
        }
        MentionKind::Notification => match world.notifications.get(name) {
            Some(notification) => texts(mention, notification, flow, world, report),
            None if !broken => {
                let names = world.notifications.keys().map(Slug::as_str).collect();
                missing(411, format!("There is no notification `{name}`"), "notification in templates/", names);
            }
            None => {}
        },
        _ => {}
    }
}

fn texts(mention: &Mention, notification: &Notification, flow: &Flow, world: &World<'_>, report: &mut Report) {
    let message = &notification.message;
    for kind in kinds(flow, world) {
        let own = message.by_kind.iter().find(|(k, _)| *k == kind).map(|(_, variant)| variant);
        let has_text = message.text.is_some() || own.is_some_and(|v| v.text.is_some());
        let has_media = message.media.is_some() || own.is_some_and(|v| v.media.is_some());
        if !has_text && !has_media {
            let name = &notification.name;
            let help = format!("add `text` or `{kind}` to templates/{name}.yaml");
            report.add(414, mention.at, mention.width, format!("`{name}` has no text for {kind}"), help);
        }
    }
}

/// The kinds of channel on which the flow talks; every kind of the project if it names none.
pub(super) fn kinds(flow: &Flow, world: &World<'_>) -> Vec<ChannelKind> {
    let channels = &world.project.channels;
    let mut kinds: Vec<ChannelKind> = match flow.channels.is_empty() {
        true => channels.values().map(|c| c.kind).collect(),
        false => flow.channels.iter().filter_map(|name| channels.get(name)).map(|c| c.kind).collect(),
    };
    kinds.sort();
    kinds.dedup();
    kinds
}

fn allowed(call: &Call, at: At, world: &World<'_>, report: &mut Report) {
    let Some(api) = world.project.apis.get(&call.api) else { return };
    if !api.methods.is_empty() && !api.methods.iter().any(|m| m.eq_ignore_ascii_case(call.method)) {
        let message = format!("The api `{}` does not allow `{}`", call.api, call.method);
        let help = format!("it allows {}; change `methods` of [api.{}]", api.methods.join(", "), call.api);
        report.add(501, at, 0, message, help);
    }
    // Only what is written before the first `{{ }}` is known; the rest is looked at when the call is made.
    let known = call.path.parts().next().and_then(Result::ok).unwrap_or("");
    let may = |allowed: &String| known.starts_with(allowed.as_str()) || allowed.starts_with(known);
    if !api.paths.is_empty() && !api.paths.iter().any(may) {
        let message = format!("The api `{}` does not allow `{}`", call.api, call.path.source());
        let help = format!("it allows paths that begin with {}; change `paths` of [api.{}]", api.paths.join(", "), call.api);
        report.add(501, at, 0, message, help);
    }
}
