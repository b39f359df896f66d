//! What a flow names elsewhere must exist: notifications (RF411), channels (RF413), apis (RF501), sub-flows and teams
//! (RF505), attributes of contacts (RF211); and a notification must have a text for the channels of the flow (RF414).

use super::place::Text;
use super::{Report, World, remedy};
use crate::domain::channel::ChannelKind;
use crate::domain::name::Slug;
use crate::flow::definition::{Call, Flow, Hop, Kind, Message, Notification};
use crate::flow::diagnostic::At;
use crate::flow::parse::{Mention, MentionKind, Reading};

/// The fields of a contact that `set` may write besides declared attributes.
const WRITABLE: [&str; 6] = ["name", "language", "timezone", "email", "marketing", "topics"];

/// Checks everything that the flow names.
pub(super) fn check(reading: &Reading<Flow>, flow: &Flow, world: &World<'_>, report: &mut Report) {
    for mention in &reading.mentions {
        exists(mention, Some(flow), world, report);
    }
    let named = Mention::by_state(&reading.mentions, MentionKind::Api, flow);
    for (state, named) in flow.states.values().zip(named) {
        if let Kind::Call(call) = &state.kind {
            let at = named.map_or(state.at, |mention| mention.at);
            allowed(call, at, world, report);
        }
    }
}

/// Checks everything that a notification names: channels of its route, hours; and that it has a text for each kind of its route.
pub(super) fn check_notification(
    reading: &Reading<Notification>,
    text: &Text<'_>,
    notification: &Notification,
    world: &World<'_>,
    report: &mut Report,
) {
    for mention in &reading.mentions {
        exists(mention, None, world, report);
    }
    for (key, hops) in [("route", &notification.route), ("also", &notification.also)] {
        for (i, hop) in hops.iter().enumerate() {
            let (at, width) = text.item_of(key, i).unwrap_or((notification.at, 0));
            let kind = match hop {
                Hop::Kind(kind) => {
                    if !world.project.channels.values().any(|channel| channel.kind == *kind) {
                        let message = format!("There is no channel of the kind `{kind}`");
                        let help = format!("configure one as [channels.NAME] in replyflow.toml, or leave `{kind}` out");
                        report.add(413, at, width, message, help);
                    }
                    Some(*kind)
                }
                Hop::Channel(name) => world.project.channels.get(name).map(|channel| channel.kind),
            };
            let Some((kind, lacks)) = kind.and_then(|kind| Some((kind, lacks_for(&notification.message, kind, true)?))) else {
                continue;
            };
            let message = format!("`{}` has no {lacks} for {kind}", notification.name);
            let help = missing_text(lacks, kind, &report.file);
            report.add(414, at, width, message, help);
        }
    }
}

fn exists(mention: &Mention, flow: Option<&Flow>, world: &World<'_>, report: &mut Report) {
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
        MentionKind::Topic if !project.topics.contains_key(name) => {
            let names = project.topics.keys().map(Slug::as_str).collect();
            missing(505, format!("There is no topic `{name}`"), "entry in [topics] of replyflow.toml", names);
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
            Some(notification) => {
                if let Some(flow) = flow {
                    texts(mention, notification, flow, world, report);
                    ids(mention, notification, flow, world, report);
                }
            }
            None if !broken => {
                let names = world.notifications.keys().map(Slug::as_str).collect();
                missing(411, format!("There is no notification `{name}`"), "notification in templates/", names);
            }
            None => {}
        },
        _ => {}
    }
}

/// A notification without a route goes by the channels of its flow.
fn texts(mention: &Mention, notification: &Notification, flow: &Flow, world: &World<'_>, report: &mut Report) {
    if !notification.route.is_empty() {
        return;
    }
    for kind in kinds(flow, world) {
        if let Some(lacks) = lacks_for(&notification.message, kind, false) {
            let name = &notification.name;
            let help = missing_text(lacks, kind, &format!("templates/{name}.yaml"));
            report.add(414, mention.at, mention.width, format!("`{name}` has no {lacks} for {kind}"), help);
        }
    }
}

/// A channel whose provider knows templates by ids of its own must have one of an approved notification that it may carry.
fn ids(mention: &Mention, notification: &Notification, flow: &Flow, world: &World<'_>, report: &mut Report) {
    let message = &notification.message;
    let whatsapp = message.by_kind.iter().find(|(kind, _)| *kind == ChannelKind::WhatsApp);
    let Some(approved) = whatsapp.and_then(|(_, variant)| variant.approved.as_ref()) else { return };
    let route = &notification.route;
    let of_kind = route.is_empty() || route.iter().any(|hop| matches!(hop, Hop::Kind(ChannelKind::WhatsApp)));
    let named = |channel: &Slug| route.iter().any(|hop| matches!(hop, Hop::Channel(name) if name == channel));
    for (channel, info) in world.project.channels.iter().filter(|(_, info)| info.templates_by_id) {
        let carries = info.kind == ChannelKind::WhatsApp && (named(channel) || of_kind && flow.channels.contains(channel));
        if carries && !approved.ids.iter().any(|(known, _)| known == channel) {
            let name = &notification.name;
            let message =
                format!("`{channel}` cannot send the approved template of `{name}`: its provider knows templates by an id");
            let help = format!("add `ids: {{ {channel}: HX… }}` to `approved` in templates/{name}.yaml");
            report.add(413, mention.at, mention.width, message, help);
        }
    }
}

fn missing_text(lacks: &str, kind: ChannelKind, file: &str) -> String {
    match lacks {
        "subject" => format!("add `email: {{ subject: … }}` to {file}"),
        _ => format!("add `text` or `{kind}` to {file}"),
    }
}

/// What a notification lacks to be sent on a kind of channel. Without a subject of its own a mail has the channel's: only one that is `meant`
/// to go by email, or says something of its own there, lacks it.
fn lacks_for(message: &Message, kind: ChannelKind, meant: bool) -> Option<&'static str> {
    let own = message.by_kind.iter().find(|(k, _)| *k == kind).map(|(_, variant)| variant);
    let has_text = message.text.is_some() || own.is_some_and(|v| v.text.is_some() || v.approved.is_some() || v.html.is_some());
    let has_media = message.media.is_some() || own.is_some_and(|v| v.media.is_some());
    if !has_text && !has_media {
        return Some("text");
    }
    let has_subject = own.is_some_and(|v| v.subject.is_some());
    (kind == ChannelKind::Email && !has_subject && (meant || own.is_some())).then_some("subject")
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
