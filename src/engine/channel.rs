//! On which channel a run speaks: the one that the contact used last if the flow lists it, else the first of the flow's
//! that reaches the contact. Never one that the contact opted out of.

use super::marketing::CAPPED;
use super::record::{Only, Record};
use super::turning::Turning;
use crate::config::project::{Capabilities, ChannelInfo};
use crate::domain::address::Address;
use crate::domain::broadcast::Refusal;
use crate::domain::channel::ChannelKind;
use crate::domain::limits;
use crate::domain::name::{ChannelName, Slug};
use crate::flow::definition::{Category, Flow, Hop, Message, Notification};
use indexmap::IndexMap;
use std::cmp::Reverse;
use std::iter;

/// The way to the contact.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub channel: ChannelName,
    pub kind: ChannelKind,
    pub shows: Capabilities,
    pub to: Address,
    /// Whether a text of our own may be sent: at WhatsApp only for 24 hours after the contact's last message.
    pub open: bool,
}

/// What a message needs of its way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs<'n> {
    /// Whether the provider approved a template of it, which needs no open window.
    pub approved: bool,
    /// Whether the contact must have agreed to it.
    pub consent: bool,
    /// To which topic of marketing; without one to all of it.
    pub topic: Option<&'n Slug>,
    /// Where else it may not go.
    pub only: Only,
    /// Whether it says something new on its way: then the caps of marketing hold.
    pub new: bool,
}

impl<'n> Needs<'n> {
    pub(super) fn of(notification: &'n Notification) -> Self {
        let consent = notification.category == Category::Marketing;
        let topic = notification.topic.as_ref();
        Needs { approved: is_approved(&notification.message), consent, topic, only: Only::default(), new: false }
    }

    /// Whether the contact did not agree to it on this kind of channel.
    fn lacks_consent(&self, record: &Record, kind: ChannelKind) -> bool {
        self.consent && !record.wants(kind, self.topic)
    }

    /// Why not.
    fn disagreed(&self) -> String {
        match self.topic {
            Some(topic) => format!("the contact did not agree to marketing about `{topic}`"),
            None => "the contact did not agree to marketing".to_owned(),
        }
    }
}

/// Whether the provider approved a template of this message.
pub(super) fn is_approved(message: &Message) -> bool {
    message.by_kind.iter().any(|(kind, variant)| *kind == ChannelKind::WhatsApp && variant.approved.is_some())
}

/// What was chosen, with a word on what was passed over.
pub(super) struct Choice {
    pub route: Option<Route>,
    pub note: Option<String>,
    /// Whether it is one too many.
    pub capped: bool,
}

impl Turning<'_> {
    /// The channel on which a run of this flow speaks now.
    pub(super) fn route(&self, flow: &Flow, needs: Needs<'_>) -> Choice {
        let last = self.rec.last_channel().and_then(|last| self.own_channel(flow, last));
        let others = flow.channels.iter().filter(|channel| Some(*channel) != last);
        let mut closed: Option<Route> = None;
        let mut stopped = false;
        let mut barred = false;
        let mut refused = false;
        let mut capped = false;
        for channel in last.into_iter().chain(others) {
            let Some(info) = self.project.channels.get(channel).filter(|info| needs.only.allows(info) && self.may_reach(info))
            else {
                continue;
            };
            let Some(to) = self.rec.address(info.kind) else { continue };
            if self.rec.is_stopped(info.kind) {
                self.stands(Refusal::OptedOut);
                stopped = true;
                continue;
            }
            if self.is_barred(info.kind, channel, needs) {
                barred = true;
                continue;
            }
            if needs.lacks_consent(self.rec, info.kind) {
                self.stands(Refusal::NoConsent);
                refused = true;
                continue;
            }
            if self.is_too_much(needs) {
                capped = true;
                continue;
            }
            let open = self.window_is_open(info.kind, channel);
            let route = Route { channel: channel.clone(), kind: info.kind, shows: info.shows.to(&to), to, open };
            if open || needs.approved {
                let note = closed.map(|closed| {
                    format!("the 24-hour window of `{}` is closed; `{}` carries the message", closed.channel, route.channel)
                });
                return Choice { route: Some(route), note, capped: false };
            }
            closed.get_or_insert(route);
        }
        let nothing = |note: String| Choice { route: None, note: Some(note), capped };
        match closed {
            // What nobody asked for is not sent on the off chance.
            Some(route) if self.tried.is_some() => {
                self.stands(Refusal::WindowClosed);
                nothing(format!("the 24-hour window of `{}` is closed, and there is no approved template", route.channel))
            }
            // The provider knows better: it may have heard the contact before we did.
            Some(route) => {
                let note =
                    format!("the 24-hour window of `{}` is closed and no other channel can carry the message", route.channel);
                Choice { route: Some(route), note: Some(note), capped: false }
            }
            None if capped => nothing(CAPPED.to_owned()),
            None if refused => nothing(needs.disagreed()),
            None if barred => nothing("the contact's address is on the suppression list".to_owned()),
            None if stopped => nothing("the contact opted out of every channel of the flow".to_owned()),
            None => {
                self.stands(Refusal::NoAddress);
                nothing("no channel of the flow reaches the contact".to_owned())
            }
        }
    }

    /// The channel of the flow that this one is, or for which it stands in.
    pub(super) fn own_channel<'f>(&self, flow: &'f Flow, channel: &ChannelName) -> Option<&'f ChannelName> {
        let is_it = |own: &&ChannelName| *own == channel;
        let stands_in = |own: &&ChannelName| self.project.channels.get(*own).is_some_and(|info| info.stand_ins.contains(channel));
        flow.channels.iter().find(is_it).or_else(|| flow.channels.iter().find(stands_in))
    }

    /// The channel that a place of a route stands for, if it can carry a message now; else why not.
    pub(super) fn hop(&self, flow: &Flow, hop: &Hop, needs: Needs<'_>) -> Result<Route, &'static str> {
        let mut why = None;
        for channel in candidates(hop, flow, self.rec, &self.project.channels) {
            match self.passable(channel, needs) {
                Ok(route) => return Ok(route),
                Err(reason) => why = why.or(Some(reason)),
            }
        }
        Err(why.unwrap_or("there is no such channel"))
    }

    fn passable(&self, channel: &ChannelName, needs: Needs<'_>) -> Result<Route, &'static str> {
        let info = self.project.channels.get(channel).ok_or("there is no such channel")?;
        if !needs.only.allows(info) {
            return Err("it is for another address");
        }
        if !self.may_reach(info) {
            return Err("a simulator plays the contact, and it reaches people");
        }
        if self.rec.is_stopped(info.kind) {
            self.stands(Refusal::OptedOut);
            return Err("the contact opted out of it");
        }
        let Some(to) = self.rec.address(info.kind) else {
            self.stands(Refusal::NoAddress);
            return Err("the contact has no address there");
        };
        if self.is_barred(info.kind, channel, needs) {
            return Err("its address is on the suppression list");
        }
        if needs.lacks_consent(self.rec, info.kind) {
            self.stands(Refusal::NoConsent);
            return Err(match needs.topic {
                Some(_) => "the contact did not agree to marketing of this topic there",
                None => "the contact did not agree to marketing there",
            });
        }
        if self.is_too_much(needs) {
            return Err(CAPPED);
        }
        let open = self.window_is_open(info.kind, channel);
        if !open && !needs.approved {
            self.stands(Refusal::WindowClosed);
            return Err("its 24-hour window is closed, and there is no approved template");
        }
        Ok(Route { channel: channel.clone(), kind: info.kind, shows: info.shows.to(&to), to, open })
    }

    /// Whether the suppression list is against it.
    fn is_barred(&self, kind: ChannelKind, channel: &ChannelName, needs: Needs<'_>) -> bool {
        let barred = self.barred.against((kind, channel), needs.consent, self.store_now()).is_some();
        if barred {
            self.stands(Refusal::Suppressed);
        }
        barred
    }

    /// Whether the caps of marketing are against it.
    fn is_too_much(&self, needs: Needs<'_>) -> bool {
        let too_much = needs.consent && needs.new && self.is_capped();
        if too_much {
            self.stands(Refusal::Capped);
        }
        too_much
    }

    /// WhatsApp takes free texts for 24 hours after the contact's last message there; at exactly 24 hours it is closed.
    fn window_is_open(&self, kind: ChannelKind, channel: &ChannelName) -> bool {
        match kind {
            ChannelKind::Sms | ChannelKind::Email => true,
            ChannelKind::WhatsApp => {
                self.rec.heard_on(channel.as_str()).is_some_and(|at| self.now - at < limits::WHATSAPP_WINDOW)
            }
        }
    }
}

/// The channels that a place of a route can mean: of a kind those of the flow, the one that the contact used last first; those of
/// the project if the flow has none of that kind.
fn candidates<'b>(
    hop: &'b Hop,
    flow: &'b Flow,
    record: &'b Record,
    known: &'b IndexMap<ChannelName, ChannelInfo>,
) -> Box<dyn Iterator<Item = &'b ChannelName> + 'b> {
    let kind = match hop {
        Hop::Channel(channel) => return Box::new(iter::once(channel)),
        Hop::Kind(kind) => *kind,
    };
    let of_kind = move |channel: &&ChannelName| known.get(*channel).is_some_and(|info| info.kind == kind);
    let mut found: Vec<&ChannelName> = flow.channels.iter().filter(of_kind).collect();
    if found.is_empty() {
        found = known.keys().filter(of_kind).collect();
    }
    // Those on which the contact was never heard come last, in the order of the list.
    found.sort_by_key(|channel| Reverse(record.heard_on(channel.as_str())));
    Box::new(found.into_iter())
}
