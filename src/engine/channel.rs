//! On which channel a run speaks: the one that the contact used last if the flow lists it, else the first of the flow's
//! that reaches the contact. Never one that the contact opted out of.

use super::turning::Turning;
use crate::config::project::Capabilities;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::limits;
use crate::domain::name::ChannelName;
use crate::flow::definition::Flow;

/// The way to the contact.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub channel: ChannelName,
    pub kind: ChannelKind,
    pub shows: Capabilities,
    pub to: Address,
}

/// What was chosen, with a word on what was passed over.
pub(super) struct Choice {
    pub route: Option<Route>,
    pub note: Option<String>,
}

impl Turning<'_> {
    /// The channel on which a run of this flow speaks now.
    pub(super) fn route(&self, flow: &Flow) -> Choice {
        let last = self.rec.last_channel().filter(|last| flow.channels.contains(last));
        let others = flow.channels.iter().filter(|channel| Some(*channel) != last);
        let mut closed: Option<Route> = None;
        let mut stopped = false;
        for channel in last.into_iter().chain(others) {
            let Some(info) = self.project.channels.get(channel) else { continue };
            let Some(to) = self.rec.address(info.kind) else { continue };
            if self.rec.is_stopped(info.kind) {
                stopped = true;
                continue;
            }
            let route = Route { channel: channel.clone(), kind: info.kind, shows: info.shows, to };
            if self.window_is_open(&route) {
                let note = closed.map(|closed| {
                    format!("the 24-hour window of `{}` is closed; `{}` carries the message", closed.channel, route.channel)
                });
                return Choice { route: Some(route), note };
            }
            closed.get_or_insert(route);
        }
        match closed {
            // The provider knows better: it may have heard the contact before we did.
            Some(route) => {
                let note =
                    format!("the 24-hour window of `{}` is closed and no other channel can carry the message", route.channel);
                Choice { route: Some(route), note: Some(note) }
            }
            None if stopped => {
                Choice { route: None, note: Some("the contact opted out of every channel of the flow".to_owned()) }
            }
            None => Choice { route: None, note: Some("no channel of the flow reaches the contact".to_owned()) },
        }
    }

    /// WhatsApp takes free texts for 24 hours after the contact's last message there; at exactly 24 hours it is closed.
    fn window_is_open(&self, route: &Route) -> bool {
        match route.kind {
            ChannelKind::Sms | ChannelKind::Email => true,
            ChannelKind::WhatsApp => {
                self.rec.heard_on(route.channel.as_str()).is_some_and(|at| self.now - at < limits::WHATSAPP_WINDOW)
            }
        }
    }
}
