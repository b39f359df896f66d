//! Channels that stand in for others. Each channel has a circuit: when its provider fails again and again, messages are kept from it
//! for a while, then one is let through and decides. Meanwhile a message that surely did not leave goes over the first channel in
//! `stand_ins` that can carry it; it is written into the store as that channel's, so that whatever becomes of it there is asked,
//! reported and repeated there. A message that may have left stays where it may have left by.

use super::circuit::{Change, Health};
use super::core::Core;
use super::outbox::Performed;
use super::settings::Channel;
use super::verdict::End;
use crate::domain::channel::ChannelKind;
use crate::domain::codec;
use crate::domain::journal::{AlertLevel, Event};
use crate::domain::message::{FailureReason, OutboundContent};
use crate::domain::name::ChannelName;
use crate::domain::time::Span;
use crate::engine::effect::{Effect, Send};
use crate::provider::SendOutcome;
use crate::store::{Started, WorkSet};
use bytes::Bytes;
use std::iter;
use std::sync::Arc;

/// Attempts after which a message is not moved any more: channels that refuse it in turn must not pass it round.
const SWITCHES: u8 = 12;
/// The longest time between two looks of a message at a channel that somebody paused.
const PAUSED: Span = Span::seconds(30);
/// The same of a broadcast's message: each look is written down, and there may be a hundred thousand that wait for days.
const BULK_PAUSED: Span = Span::minutes(10);
/// As often the wait for a channel that is left alone doubles at most: four times are some seconds.
const WAITS_DOUBLE: u8 = 4;
/// The shortest time that a message waits for a channel that is left alone.
const SHORTEST: Span = Span::seconds(1);

/// What an answer says of the provider. Refusing everything is a failure only where somebody else may do better.
pub(super) fn health_of(outcome: &SendOutcome, has_stand_ins: bool) -> Health {
    match outcome {
        SendOutcome::Accepted(_) | SendOutcome::Rejected { .. } => Health::Well,
        SendOutcome::Throttled { .. } => Health::Unknown,
        // One receiver is out of reach: a phone that is off, a mailbox that is full.
        SendOutcome::Retry { reason: FailureReason::Unreachable, .. } => Health::Unknown,
        SendOutcome::Retry { .. } | SendOutcome::Unknown => Health::Ill,
        SendOutcome::Misconfigured { .. } if has_stand_ins => Health::Ill,
        SendOutcome::Misconfigured { .. } => Health::Well,
    }
}

impl Core {
    /// A message for a channel that is left alone now: over another one, or later.
    pub(super) fn kept_back(&self, started: &Started, send: &Send, channel: &Channel) -> Performed {
        const WHY: &str = "its provider failed again and again, and is left alone for a while";
        let pause = self.lines.pause(&channel.name, self.clock.monotonic());
        let pause = Span(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)).max(SHORTEST);
        // How often it waited says nothing of the provider: it goes soon after that one is back.
        self.waits(started, send, channel, WHY, (pause, started.attempt.min(WAITS_DOUBLE)))
    }

    /// A message for a channel that somebody paused: over another one, or later. How often it waited says nothing of the provider, and the pause does not double.
    pub(super) fn paused(&self, started: &Started, send: &Send, channel: &Channel) -> Performed {
        const WHY: &str = "somebody paused it";
        if matches!(started.set, WorkSet::Bulk(_)) && !started.unsure {
            // A broadcast waits as long as it takes, and looks at what stands in for the channel as often: nothing of it ages by a pause.
            self.unused(&started.set, 1);
            if let Some(switched) = self.over_another(started, send, channel, WHY) {
                return switched;
            }
            let due = self.store_now() + Span(PAUSED.0 * i64::from(started.attempt)).clamp(PAUSED, BULK_PAUSED);
            let end = End::again(due, false, Some(WHY.to_owned()));
            let instead = Some(self.aged(started, send, due));
            return Performed { instead, ..self.finished(started, send, Some(channel), end) };
        }
        let pause = Span::seconds(i64::from(started.attempt) * 5).clamp(Span::seconds(5), PAUSED);
        self.waits(started, send, channel, WHY, (pause, 1))
    }

    /// A message for a channel whose carrier this instance has no connection to: it goes back, and others may have one.
    pub(super) fn unbound(&self, started: &Started, send: &Send, channel: &Channel) -> Performed {
        self.unused(&started.set, 1);
        let end = End::again(
            self.store_now() + SHORTEST,
            started.unsure,
            Some("this instance has no connection to the carrier".to_owned()),
        );
        self.finished(started, send, Some(channel), end)
    }

    fn waits(&self, started: &Started, send: &Send, channel: &Channel, why: &str, (pause, number): (Span, u8)) -> Performed {
        self.unused(&started.set, 1);
        if let Some(switched) = self.switched(started, send, channel, why) {
            return switched;
        }
        let attempt = self.attempt(started, self.aged_from(started, send));
        let rules = self.retry_rules();
        let pause = rules.within(attempt.decided_at, attempt.now, Some(pause));
        let end = match rules.next(attempt.decided_at, attempt.now, number, pause, attempt.chance) {
            Some(due) => End::again(due, started.unsure, Some(why.to_owned())),
            None if started.unsure => End::unsure(),
            None => End::failed(FailureReason::Unknown, Some(why.to_owned())),
        };
        self.finished(started, send, Some(channel), end)
    }

    /// The provider was heard, or was not: whether its circuit changed, which operators hear of.
    pub(super) async fn noted(self: &Arc<Self>, channel: &Channel, health: Health) {
        let name = &channel.name;
        let (say, level) = match self.lines.ended(name, channel.policy.circuit, health, self.clock.monotonic()) {
            Change::None => return,
            Change::Closed => (format!("Channel `{name}` sends again: its provider takes messages."), AlertLevel::Info),
            Change::Opened => {
                let meanwhile = match channel.policy.stand_ins.is_empty() {
                    true => "Messages wait; those that get too old fail visibly.".to_owned(),
                    false => format!("{} in for it.", stands(&channel.policy.stand_ins)),
                };
                let say = format!(
                    "The provider of channel `{name}` failed {} times in a row, and is left alone for {}. {meanwhile}",
                    channel.policy.circuit.after, channel.policy.circuit.pause
                );
                (say, AlertLevel::Urgent)
            }
        };
        tracing::warn!(channel = %name, "{say}");
        if let Err(error) = self.warn_teams(("channel", name.as_str(), None), level, &say).await {
            tracing::error!(channel = %name, %error, "operators could not be told of a channel");
        }
    }

    /// The message over the first channel that can carry it now, if it surely did not leave yet.
    pub(super) fn switched(&self, started: &Started, send: &Send, from: &Channel, why: &str) -> Option<Performed> {
        if started.attempt >= SWITCHES { None } else { self.over_another(started, send, from, why) }
    }

    fn over_another(&self, started: &Started, send: &Send, from: &Channel, why: &str) -> Option<Performed> {
        if started.unsure {
            return None;
        }
        let (to, mut moved) = self.elsewhere(started, send)?;
        moved.since = Some(self.aged_from(started, send)).filter(|since| *since != moved.at);
        let set = match &started.set {
            WorkSet::Bulk(_) => WorkSet::Bulk(to.name.clone()),
            _ => WorkSet::Talk(to.name.clone()),
        };
        let event = Event::Switched {
            effect: started.id,
            from: from.name.clone(),
            to: to.name.clone(),
            reason: format!("`{}`: {why}", from.name),
        };
        super::metrics::switched(from.name.as_str(), to.name.as_str());
        let end = End::again(self.store_now(), false, Some(format!("goes over `{}`: {why}", to.name)));
        let body = Bytes::from(codec::encode(&Effect::Send(Box::new(moved))));
        Some(Performed { also: vec![event], instead: Some((set, body)), ..Performed::ended(end) })
    }

    /// The channels of a message in their order, without the one that it is at: its own first.
    fn elsewhere(&self, started: &Started, send: &Send) -> Option<(&Channel, Send)> {
        let home = self.channel(send.home.as_ref().unwrap_or(&send.channel))?;
        let all = iter::once(&home.name).chain(&home.policy.stand_ins).filter(|name| **name != send.channel);
        // Over a flagged number no broadcast leaves: what waits there comes back from nowhere.
        let flagged = |name: &ChannelName| matches!(started.set, WorkSet::Bulk(_)) && self.is_flagged(name);
        let works = |name: &&ChannelName| !self.lines.is_open(name) && !self.is_paused(name) && !flagged(name);
        let usable = all.filter(works).filter_map(|name| self.channel(name));
        usable.filter(|to| to.kind == send.kind).find_map(|to| {
            let moved = moved(send, home, to)?;
            self.written(started, &moved, to).is_ok().then_some((to, moved))
        })
    }

    /// The channels that are left alone now, because their providers failed again and again.
    pub fn broken_channels(&self) -> Vec<ChannelName> {
        self.lines.open()
    }
}

/// The message as another channel carries it; nothing if what it is belongs to its own.
fn moved(send: &Send, home: &Channel, to: &Channel) -> Option<Send> {
    let content = &send.outbound.content;
    let own = match content {
        // They speak of a message that the other number does not have.
        OutboundContent::MarkRead { .. } | OutboundContent::Reaction { .. } => true,
        OutboundContent::Template { .. } => false,
        // The other number's 24-hour window is closed: the person did not write to it.
        _ => send.kind == ChannelKind::WhatsApp,
    };
    if own && to.name != home.name || send.outbound.provider.is_some() && to.adapter.name() != home.adapter.name() {
        return None;
    }
    let mut moved = send.clone();
    moved.home = (to.name != home.name).then(|| home.name.clone());
    moved.channel = to.name.clone();
    moved.outbound.in_reply_to = None;
    Some(moved)
}

fn stands(names: &[ChannelName]) -> String {
    let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} {}", all.join(", "), if all.len() == 1 { "stands" } else { "stand" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Accepted;

    #[test]
    fn only_what_says_something_of_the_provider_counts() {
        let error = crate::provider::ProviderError::default;
        let scope = crate::provider::LimitScope::Number;
        let reason = FailureReason::Configuration;
        for (outcome, health) in [
            (SendOutcome::Accepted(Accepted::default()), Health::Well),
            (SendOutcome::Rejected { reason, error: error(), opted_out: None }, Health::Well),
            (SendOutcome::Throttled { after: None, scope, error: error() }, Health::Unknown),
            (SendOutcome::Retry { after: None, reason: FailureReason::Unreachable, error: error() }, Health::Unknown),
            (SendOutcome::Retry { after: None, reason: FailureReason::Unknown, error: error() }, Health::Ill),
            (SendOutcome::Unknown, Health::Ill),
        ] {
            assert_eq!(health_of(&outcome, true), health, "{outcome:?}");
        }
        let refused = SendOutcome::Misconfigured { reason, error: error() };
        assert_eq!((health_of(&refused, true), health_of(&refused, false)), (Health::Ill, Health::Well));
    }
}
