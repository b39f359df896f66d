//! One message to a provider.

use super::core::{Core, Patience, duration};
use super::doubt::Doubt;
use super::gate::Outside;
use super::mail::mailed;
use super::metrics;
use super::outbox::{Performed, fate, outcome_word};
use super::pace::nothing_left;
use super::ports::HttpCall;
use super::recent::Known;
use super::reports::provider_opt_out;
use super::retry::Retry;
use super::settings::Channel;
use super::smpp::submitted;
use super::stand_in::health_of;
use super::verdict::{self, End};
use crate::domain::channel::ChannelKind;
use crate::domain::codec;
use crate::domain::id::SendRef;
use crate::domain::input::{Delivery, Input};
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::mode::Mode;
use crate::domain::name::ChannelName;
use crate::domain::time::{Millis, Span};
use crate::engine::effect::{Effect, Quiet, Send};
use crate::provider::{Accepted, MailFacts, SendContext, SendOutcome, Wire};
use crate::store::{Answer, SettleResult, Started, StopMask, WorkSet};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// A message for a channel that this instance does not know is left for one that does.
const UNKNOWN_CHANNEL: Span = Span::seconds(30);
/// A first attempt that comes so soon says nothing of a message's age.
const ON_TIME: Span = Span::seconds(60);

impl Core {
    pub(super) async fn send(
        self: &Arc<Self>,
        started: &Started,
        send: &Send,
        taken_at: Duration,
        out: Outside<'_>,
    ) -> Performed {
        let Some(channel) = self.channel(&send.channel) else { return self.unknown_channel(started, send) };
        if self.is_cancelled(started, send) {
            metrics::send(channel.name.as_str(), "cancelled");
            return self.finished(started, send, Some(channel), End::withdrawn("its broadcast was cancelled"));
        }
        match self.opted_out(Mode::Live, started, send).await {
            Ok(None) => {}
            Ok(Some(detail)) => {
                metrics::send(channel.name.as_str(), "opted_out");
                let end = End::failed(FailureReason::OptedOut, detail.map(str::to_owned));
                return self.finished(started, send, Some(channel), end);
            }
            Err(error) => {
                let due = self.store_now() + Span::seconds(1);
                return self.finished(started, send, Some(channel), End::again(due, started.unsure, Some(error.to_string())));
            }
        }
        match self.suppressed(send).await {
            Ok(None) => {}
            Ok(Some(entry)) => {
                metrics::send(channel.name.as_str(), "suppressed");
                return self.finished(started, send, Some(channel), End::failed(FailureReason::Suppressed, Some(entry.words())));
            }
            Err(error) => {
                let due = self.store_now() + Span::seconds(1);
                return self.finished(started, send, Some(channel), End::again(due, started.unsure, Some(error.to_string())));
            }
        }
        // However the two are configured, a request must fit into the lease, or it would never be begun.
        let timeout = channel.adapter.timeout().unwrap_or(self.settings.send.timeout);
        let timeout = duration(timeout).min(duration(self.settings.send_lease) * 4 / 5);
        if self.too_late(taken_at, timeout) {
            metrics::send(channel.name.as_str(), "too_late");
            return self.finished(started, send, Some(channel), self.out_of_time(started).end);
        }
        let (mut unsure, mut just_begun, mut lifted) = (started.unsure, false, false);
        match self.recent.get(started.id, self.clock.monotonic()) {
            // The store has forgotten (a failover), or could not be told for longer than the lease: the provider has it, whatever the
            // policy says of what nobody knows.
            Some(Known::Accepted(id) | Known::Unsettled(id)) => {
                let detail = Some("sent before; the store did not know".to_owned());
                return self.finished(started, send, Some(channel), End::done(id, detail));
            }
            // A store that lost an attempt (a failover) offers as fresh what we know to be begun.
            Some(Known::Begun | Known::Rests) => (unsure, just_begun) = (true, !started.unsure),
            Some(Known::Over) | None => {}
        }
        if unsure {
            match self.judge_doubt(started, send, channel, just_begun, (timeout, out)).await {
                Doubt::Ends(end) => {
                    metrics::send(channel.name.as_str(), outcome_word(&end));
                    return self.finished(started, send, Some(channel), end);
                }
                Doubt::Stays => {}
                Doubt::Lifted => (unsure, lifted) = (false, true),
            }
            // The question took time, too.
            if self.too_late(taken_at, timeout) {
                return self.finished(started, send, Some(channel), self.out_of_time(started).end);
            }
        }
        let attempted = Started { unsure, ..started.clone() };
        if let Some(quiet) = send.quiet.as_deref().filter(|quiet| quiet.is_over(&self.world.project, self.store_now())) {
            return self.outside(&attempted, send, channel, quiet);
        }
        let wire = match self.written(&attempted, send, channel) {
            Ok(wire) => wire,
            Err(end) => {
                metrics::send(channel.name.as_str(), outcome_word(&end));
                return self.finished(started, send, Some(channel), end);
            }
        };
        // What may have left, by what the store says or by what is known here, is of this provider, also where nobody has to doubt it any more.
        let bound = Started { unsure: unsure || started.unsure, ..started.clone() };
        if self.is_paused(&channel.name) {
            return self.paused(&bound, send, channel);
        }
        if self.leaves_to_others(channel) {
            return self.unbound(&bound, send, channel);
        }
        if !self.lines.lets_through(&channel.name, self.clock.monotonic(), timeout) {
            return self.kept_back(&bound, send, channel);
        }
        if let Some(beyond) = self.beyond_the_day(&bound, send, channel).await {
            return beyond;
        }
        // Counting took time. From here to the request nothing may.
        if self.too_late(taken_at, timeout) {
            self.not_spent(channel).await;
            return self.finished(started, send, Some(channel), self.out_of_time(started).end);
        }
        let (mut end, outcome) = self.attempt_send(&attempted, send, channel, wire, (timeout, out)).await;
        if lifted && end.detail.is_none() {
            end.detail = Some("the answer was lost; the provider was asked, and never had it".to_owned());
        }
        if matches!(outcome, SendOutcome::Throttled { .. } | SendOutcome::Retry { .. } | SendOutcome::Misconfigured { .. }) {
            self.not_spent(channel).await;
        }
        metrics::send(channel.name.as_str(), outcome_word(&end));
        self.health.ended(&channel.name, &end, self.store_now());
        self.noted(channel, health_of(&outcome, !channel.policy.stand_ins.is_empty() || send.home.is_some())).await;
        let refuses_all = matches!(outcome, SendOutcome::Misconfigured { .. });
        let left_alone = matches!(end.result, SettleResult::Retry { .. }) && self.lines.is_open(&channel.name);
        if (refuses_all || left_alone) && !unsure {
            let why = end.detail.clone().unwrap_or_else(|| "its provider does not take messages".to_owned());
            if let Some(switched) = self.switched(started, send, channel, &why) {
                return switched;
            }
        }
        self.finished(started, send, Some(channel), end)
    }

    /// Whether it is of a broadcast that was cancelled, and surely has not left.
    pub(super) fn is_cancelled(&self, started: &Started, send: &Send) -> bool {
        !started.unsure && send.broadcast.is_some_and(|broadcast| self.cancelled.has(broadcast))
    }

    /// Whether nothing may be sent there, with more about it where there is more to say.
    pub(super) async fn opted_out(&self, mode: Mode, started: &Started, send: &Send) -> Answer<Option<Option<&'static str>>> {
        if send.is_stop_confirmation() {
            return Ok(None);
        }
        if started.stop.stops(send.kind) {
            // A contact that became part of another says no to everything: then the other's word counts.
            let contact = started.lane.contact;
            let all = started.stop == StopMask::of(&ChannelKind::ALL);
            if !all || self.patiently(Patience::Short, || self.wants_none(contact, send.kind)).await? {
                return Ok(Some(None));
            }
        }
        let there = self.stopped_there(mode, started, send).await?;
        Ok(there.then_some(Some("whoever is at this address opted out there")))
    }

    /// Whether the address is not the contact's own, and whoever is there, or was before they were deleted, opted out of this kind.
    async fn stopped_there(&self, mode: Mode, started: &Started, send: &Send) -> Answer<bool> {
        let (to, contact) = (&send.outbound.to, started.lane.contact);
        let key = self.contact_key(mode, &to.canonical());
        if self.aliases.target(key) == contact {
            return Ok(false);
        }
        self.patiently(Patience::Short, || self.wants_none_there((key, to), send.kind, contact)).await
    }

    async fn attempt_send(
        self: &Arc<Self>,
        started: &Started,
        send: &Send,
        channel: &Channel,
        wire: Wire,
        (timeout, out): (Duration, Outside<'_>),
    ) -> (End, SendOutcome) {
        // From here on the provider may have it, whatever happens to us.
        self.recent.remember(started.id, Known::Begun, self.clock.monotonic());
        let begun = self.clock.monotonic();
        let (mut outcome, unanswered) = match wire {
            Wire::Http(request) => match out.http(HttpCall::to_provider(request, timeout)).await {
                Ok(answer) => {
                    let outcome = channel.adapter.classify(answer.status, &answer, &answer.body);
                    let pause = nothing_left(&answer, self.store_now());
                    if let Some(pause) = pause.filter(|_| !matches!(outcome, SendOutcome::Throttled { .. })) {
                        self.slow_down(channel, Some(pause), false).await;
                    }
                    (outcome, None)
                }
                Err(failure) => (failure.of_send(), Some(failure.to_string())),
            },
            Wire::Mail(mail) => mailed(&mail, out.mail(&mail, timeout).await),
            Wire::Smpp(submission) => {
                // The carrier counts each part.
                let (of, more) = ((&channel.name, Self::traffic_of(&started.set)), submission.parts.len().saturating_sub(1));
                self.permits.owe(of, channel.rate(), u32::try_from(more).unwrap_or(u32::MAX), begun);
                submitted(submission, channel, Some(&**self), out, timeout).await
            }
        };
        metrics::send_took(channel.name.as_str(), self.clock.monotonic().saturating_sub(begun));
        if outcome == SendOutcome::Unknown {
            // A delivery report may have told meanwhile what the answer did not.
            if let Some(Known::Accepted(id)) = self.recent.get(started.id, self.clock.monotonic()) {
                outcome = SendOutcome::Accepted(Accepted { id, ..Accepted::default() });
            }
        }
        if matches!(outcome, SendOutcome::Accepted(Accepted { repeat: true, .. })) && !started.unsure {
            // It refused an earlier attempt and kept its key: nothing of ours is known to be there.
            let detail = Some("the provider says that it has had it before, and no attempt was lost".to_owned());
            return (End { detail, ..End::unsure() }, outcome);
        }
        self.learn(started, send, channel, &outcome).await;
        if outcome == SendOutcome::Unknown
            && let Some(end) = self.lost(started, send, channel)
        {
            return (end, outcome);
        }
        let attempt = self.attempt(started, self.aged_from(started, send));
        let end = verdict::of_send(outcome.clone(), attempt, self.retry_rules(), channel.policy.unsure);
        let end = match unanswered {
            Some(failure) if end.detail.is_none() => End { detail: Some(failure), ..end },
            _ => end,
        };
        (end, outcome)
    }

    /// The message as its provider takes it, or why it cannot be written so.
    pub(super) fn written(&self, started: &Started, send: &Send, channel: &Channel) -> Result<Wire, End> {
        let contact = started.lane.contact;
        let unsubscribe = self.unsubscribe_link(contact, send, channel);
        let context = SendContext {
            channel: &channel.name,
            send: Some(SendRef { contact, effect: started.id }),
            status_callback: channel.status_callback.as_deref(),
            kind: channel.kind,
            mail: Some(MailFacts { at: send.at, thread: send.run, unsubscribe: unsubscribe.as_deref() }),
            now: self.store_now(),
        };
        let wire = channel.adapter.wire(&send.outbound, &context);
        wire.map_err(|error| End::failed(FailureReason::Content, Some(error.to_string())))
    }

    /// Marketing whose hours are over: its contact holds it until they begin, so that it holds up nothing else. What may have left is not
    /// repeated outside of them.
    fn outside(&self, started: &Started, send: &Send, channel: &Channel, quiet: &Quiet) -> Performed {
        metrics::send(channel.name.as_str(), "outside_hours");
        self.unused(&started.set, 1);
        let why = format!("the hours {} were over before it left", quiet.words());
        let back = match (started.unsure, &quiet.back) {
            (true, _) => return self.finished(started, send, Some(channel), End::unsure()),
            (false, None) => {
                let end = End::failed(FailureReason::Limit, Some(why));
                return self.finished(started, send, Some(channel), end);
            }
            (false, Some(back)) => codec::encode(back),
        };
        let delivery = Delivery {
            effect: started.id,
            status: DeliveryStatus::Failed,
            reason: Some(FailureReason::Superseded),
            code: None,
            unsure: false,
            back: Some(back),
        };
        let reply = Some(Bytes::from(codec::encode(&Input::Delivery(delivery))));
        Performed { reply, ..Performed::ended(End::withdrawn(&why)) }
    }

    /// A message for a channel that is not configured here: again later, or not at all.
    pub(super) fn unknown_channel(&self, started: &Started, send: &Send) -> Performed {
        let attempt = self.attempt(started, self.aged_from(started, send));
        let due = self.retry_rules().next(attempt.decided_at, attempt.now, 1, Some(UNKNOWN_CHANNEL), 0);
        let detail = Some("the channel is not configured".to_owned());
        let end = match due {
            Some(due) => End::again(due, started.unsure, detail),
            None => End::failed(FailureReason::Configuration, detail),
        };
        self.finished(started, send, None, end)
    }

    /// What an answer teaches beyond this one message.
    async fn learn(self: &Arc<Self>, started: &Started, send: &Send, channel: &Channel, outcome: &SendOutcome) {
        let now = self.clock.monotonic();
        match outcome {
            SendOutcome::Accepted(accepted) => {
                if let Some(id) = accepted.id.as_deref().filter(|_| send.awaited) {
                    self.quoted.remember(&channel.name, id, started.id);
                }
                if let Some(id) = accepted.id.as_deref().filter(|_| channel.adapter.reports_by_its_id()) {
                    let name = SendRef { contact: started.lane.contact, effect: started.id };
                    self.reported.remember(&channel.name, id, name);
                }
                self.recent.remember(started.id, Known::Accepted(accepted.id.clone()), now);
            }
            SendOutcome::Unknown => {}
            SendOutcome::Throttled { after, scope, .. } => {
                self.recent.forget(started.id);
                // Too fast for one person says nothing about the channel.
                if *scope != crate::provider::LimitScope::Pair {
                    self.slow_down(channel, *after, true).await;
                }
            }
            SendOutcome::Rejected { opted_out, reason, error } => {
                self.recent.forget(started.id);
                self.is_ours_to_mend(&channel.name, *reason);
                if *reason == FailureReason::Invalid {
                    self.dead_by_send(started, send, error).await;
                    if let Err(error) = self.list_invalid(&send.outbound.to, (send.kind, &send.channel)).await {
                        tracing::error!(effect = %started.id, %error, "an invalid address was not put on the suppression list");
                    }
                }
                if *reason == FailureReason::Template {
                    self.template_refused(started, send, error).await;
                }
                if let Some(scope) = *opted_out {
                    let (to, of) = (send.outbound.to.clone(), started.id.to_string());
                    let input = provider_opt_out(to, (channel.name.clone(), channel.kind), scope, &of);
                    // Before the settle: a crash in between repeats it, and it takes effect once.
                    if let Err(error) = self.opt_out(Mode::Live, input).await {
                        tracing::error!(effect = %started.id, %error, "an opt-out known to the provider could not be stored");
                    }
                }
            }
            SendOutcome::Retry { .. } => self.recent.forget(started.id),
            SendOutcome::Misconfigured { .. } => {
                self.recent.forget(started.id);
                tracing::error!(channel = %channel.name, "the provider refuses every message of this channel; an operator must act");
                metrics::alert("misconfigured");
            }
        }
    }

    /// A message failed for something that no flow can help: the account is empty, the sender is not registered. Some providers say so of
    /// each message, or only in its report.
    pub(super) fn is_ours_to_mend(&self, channel: &ChannelName, reason: FailureReason) {
        if matches!(reason, FailureReason::Balance | FailureReason::Configuration) {
            tracing::error!(%channel, ?reason, "the provider failed a message for its account or sender; an operator must act");
            metrics::alert("misconfigured");
        }
    }

    pub(super) fn finished(&self, started: &Started, send: &Send, channel: Option<&Channel>, end: End) -> Performed {
        let reply = if send.awaited || send.tracked { fate(started, &end, send.tracked) } else { None };
        let gap = channel.map_or(Span::millis(0), |c| c.policy.gap);
        if end.failure().is_some() {
            tracing::info!(effect = %started.id, channel = %send.channel, outcome = outcome_word(&end), "a message failed");
        }
        let instead = self.younger(started, send, &end);
        Performed { reply, gap, instead, ..Performed::ended(end) }
    }

    /// From when the age of a message counts: from its first attempt, however long it waited for that.
    pub(super) fn aged_from(&self, started: &Started, send: &Send) -> Millis {
        if started.attempt <= 1 && !started.unsure { self.store_now() } else { send.aged_from() }
    }

    /// The message with the moment from which its age counts, where that is not when it was decided: it is tried again, and waited long for its
    /// first attempt, or waits for longer than it may be tried.
    fn younger(&self, started: &Started, send: &Send, end: &End) -> Option<(WorkSet, Bytes)> {
        let SettleResult::Retry { due } = end.result else { return None };
        let from = self.aged_from(started, send);
        let from = if due > from + self.settings.send.max_age { due } else { from };
        if started.unsure || from - send.aged_from() <= ON_TIME {
            return None;
        }
        Some(self.aged(started, send, from))
    }

    /// The message as its age counts from this moment, where it is.
    pub(super) fn aged(&self, started: &Started, send: &Send, from: Millis) -> (WorkSet, Bytes) {
        let effect = Effect::Send(Box::new(Send { since: Some(from), ..send.clone() }));
        (started.set.clone(), Bytes::from(codec::encode_in(codec::mode_of(&started.body), &effect)))
    }

    pub(super) fn retry_rules(&self) -> Retry {
        let send = &self.settings.send;
        Retry { first: send.retry_first, longest: send.retry_max, max_age: send.max_age }
    }
}
