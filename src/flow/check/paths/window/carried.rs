//! What carries a message when the window is closed: an approved template, or another kind of channel.

use super::project::Class;
use crate::config::project::Project;
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::flow::definition::{Flow, Hop, Notification, Notify};

/// What is known where a message is looked at.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub flow: &'a Flow,
    pub project: &'a Project,
    /// Of which channels the ages are.
    pub class: Class,
}

/// What a closed window means for one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Carried {
    /// Nothing: it does not go by WhatsApp first, or an approved template opens the window.
    Anyway,
    /// By nothing: it is not sent. The languages in which its template is not approved, if it has one.
    Not(Vec<Language>),
    /// By another kind of channel.
    By(ChannelKind),
}

impl Look<'_> {
    /// What a closed window means for a message in place, or for this notification.
    pub fn carried(&self, notify: Option<&Notify>) -> Carried {
        let notification = notify.and_then(|notify| self.flow.notifications.get(&notify.name));
        let route = notification.map(|n| &*n.route).unwrap_or_default();
        let class = match (route.is_empty(), self.class) {
            (true, Class::Routed) => return Carried::Anyway,
            (true, class) => class,
            // A route is its own, whatever the channels of the flow.
            (false, Class::Routed) => match class_of_route(route, self.project) {
                Some(class) => class,
                None => return Carried::Anyway,
            },
            (false, _) => return Carried::Anyway,
        };
        let lacking = match notification.and_then(|n| lacking(n, self.flow)) {
            Some(lacking) if lacking.is_empty() => return Carried::Anyway,
            lacking => lacking.unwrap_or_default(),
        };
        match class {
            Class::Only => Carried::Not(lacking),
            Class::First(kind) => Carried::By(kind),
            Class::Routed => Carried::Anyway,
        }
    }
}

/// The languages of a flow in which a notification's template is not approved; none without a template.
fn lacking(notification: &Notification, flow: &Flow) -> Option<Vec<Language>> {
    let own = notification.message.by_kind.iter().find(|(kind, _)| *kind == ChannelKind::WhatsApp);
    let approved = own.and_then(|(_, variant)| variant.approved.as_ref())?;
    // What it does not speak it says in its first language.
    let spoken = |language: Language| {
        let own = &notification.languages;
        let has = own.is_empty() || own.iter().any(|l| l.base() == language.base());
        if has { language } else { own[0] }
    };
    let mut lacking: Vec<Language> =
        flow.languages.iter().map(|l| spoken(*l)).filter(|l| approved.language(*l).is_none()).collect();
    lacking.dedup();
    Some(lacking)
}

/// What the window means for a route; nothing if it does not begin with WhatsApp.
fn class_of_route(route: &[Hop], project: &Project) -> Option<Class> {
    let kind = |hop: &Hop| match hop {
        Hop::Kind(kind) => Some(*kind),
        Hop::Channel(name) => project.channels.get(name).map(|channel| channel.kind),
    };
    let mut kinds = route.iter().filter_map(kind);
    if kinds.next() != Some(ChannelKind::WhatsApp) {
        return None;
    }
    Some(kinds.find(|kind| *kind != ChannelKind::WhatsApp).map_or(Class::Only, Class::First))
}
