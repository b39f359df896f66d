//! The way out: effects that were committed are done, one at a time in each lane, and how each ended is written down before
//! the next one begins.

use super::api;
use super::call::CallOut;
use super::core::{Core, Patience, duration};
use super::gate::Opened;
use super::marks;
use super::verdict::{Attempt, End};
use crate::domain::codec::{self, DecodeError};
use crate::domain::id::ContactKey;
use crate::domain::input::{CallOutcome, Delivery, Input};
use crate::domain::journal::{AttemptOutcome, Event};
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::mode::Mode;
use crate::domain::time::{Millis, Span};
use crate::engine::effect::Effect;
use crate::store::{Lane, Settle, SettleResult, Settled, StartAnswer, Started, WhenFull, WorkSet};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// An end with what comes of it.
pub(super) struct Performed {
    /// For store and journal.
    pub end: End,
    /// The input that it gives the contact, encoded.
    pub reply: Option<Bytes>,
    /// The shortest time to the next effect of the lane.
    pub gap: Span,
    /// What the journal tells beside the end.
    pub also: Vec<Event>,
    /// What takes its place, and where that waits.
    pub instead: Option<(WorkSet, Bytes)>,
}

impl Performed {
    pub(super) fn ended(end: End) -> Self {
        Performed { end, reply: None, gap: Span::millis(0), also: Vec::new(), instead: None }
    }
}

impl Core {
    /// Does an effect that is ours since `taken_at` (by our monotonic clock, read before the call that gave it), and then what
    /// follows it in its lane as long as that is ours too.
    pub async fn dispatch(self: &Arc<Self>, first: Started, taken_at: Duration) {
        let mut next = Some((first, taken_at));
        while let Some((started, taken_at)) = next.take() {
            let performed = self.perform(&started, taken_at).await;
            next = self.settle(&started, performed, taken_at).await;
        }
    }

    async fn perform(self: &Arc<Self>, started: &Started, taken_at: Duration) -> Performed {
        match self.opened(started) {
            Ok(Opened::Test(effect)) => self.tried(started, effect, taken_at).await,
            Ok(Opened::Live(effect, out)) => match effect {
                Effect::Send(send) => self.send(started, &send, taken_at, out).await,
                Effect::Call(call) => self.call(started, &call, taken_at, CallOut::Live(out)).await,
                Effect::Post(post) => self.post(Mode::Live, started, &post).await,
                Effect::Pass(passed) => self.pass(Mode::Live, started, *passed).await,
                Effect::Move(step) => self.moving(started, &step).await,
                Effect::Fetch(fetch) => self.fetch(started, &fetch, taken_at, out).await,
                Effect::Hook(hook) => self.hook(started, &hook, taken_at, out).await,
                Effect::Raise(raise) => self.raise(started, &raise).await,
                Effect::Tell(tell) => self.tell(started, &tell, taken_at, out).await,
                Effect::Desk(desk) => self.desk(started, &desk, taken_at, out).await,
            },
            // Another instance can read it; it goes back as it was.
            Err(DecodeError::Newer(format)) => {
                tracing::warn!(effect = %started.id, format, "an effect was written by a newer release; leaving it");
                let due = self.store_now() + Span::seconds(30);
                Performed::ended(End::again(due, started.unsure, Some("written by a newer release".to_owned())))
            }
            Err(DecodeError::Broken(why)) => {
                tracing::error!(effect = %started.id, why, "an effect cannot be read");
                super::metrics::alert("undecodable");
                let end = End::failed(FailureReason::Content, Some("the effect cannot be read".to_owned()));
                // A run that waits for a call hears of it all the same, or it would wait for ever.
                let lost = CallOutcome::Failed { why: "unreadable".to_owned() };
                let reply = (started.set == WorkSet::Call).then(|| api::result(started.id, lost, 0, Span::millis(0)));
                Performed { reply, ..Performed::ended(end) }
            }
        }
    }

    /// Whether there is not enough of the lease left for a request that may take so long. Judged by our own monotonic clock
    /// from before the lease was given, so that a worker that was paused does not send what another one already has.
    pub(super) fn too_late(&self, taken_at: Duration, timeout: Duration) -> bool {
        self.clock.monotonic() + timeout > taken_at + duration(self.settings.send_lease)
    }

    /// Nothing was sent, and nothing will be under this lease: it goes back as it was. If somebody else has it by now, the
    /// attempt is no longer the current one and this changes nothing.
    pub(super) fn out_of_time(&self, started: &Started) -> Performed {
        tracing::info!(effect = %started.id, "too little of a lease was left to send");
        Performed::ended(End::again(self.store_now(), started.unsure, Some("too little time was left".to_owned())))
    }

    pub(super) fn attempt(&self, started: &Started, decided_at: Millis) -> Attempt {
        let (number, unsure, patient) = (started.attempt, started.unsure, matches!(started.set, WorkSet::Bulk(_)));
        Attempt { number, unsure, decided_at, now: self.store_now(), chance: self.random.bits(), patient }
    }

    async fn settle(
        self: &Arc<Self>,
        started: &Started,
        performed: Performed,
        taken_at: Duration,
    ) -> Option<(Started, Duration)> {
        let Performed { end, reply, gap, also, instead } = performed;
        let (reply, instead) = (reply.map(|body| self.lasting(body)), instead.map(|(set, body)| (set, self.lasting(body))));
        let contact = started.lane.contact;
        let event = Event::Attempted {
            effect: started.id,
            attempt: started.attempt,
            outcome: end.outcome,
            provider_id: end.provider_id,
            detail: end.detail,
            code: end.code,
        };
        let events = std::iter::once(event).chain(also).collect();
        let goes_on = matches!(end.result, SettleResult::Done | SettleResult::Failed) && gap.0 == 0 && !self.takes_nothing();
        let take = if goes_on { self.takeable(started) } else { Vec::new() };
        let (hash, id) = marks::reply(started.id);
        let settle = Settle {
            lane: started.lane,
            set: started.set.clone(),
            id: started.id,
            attempt: started.attempt,
            result: end.result,
            journal: self.entry(codec::mode_of(&started.body), contact, marks::attempt(started.id, started.attempt), events),
            reply: reply.clone().map(|body| (id, body)),
            take: take.clone(),
            gap,
            who: self.who(),
            instead,
        };
        let asked_at = self.clock.monotonic();
        let settled = self.patiently(Patience::Long, || self.store.settle(settle.clone())).await;
        match (&settled, &settle.result) {
            // An operator may have it sent again.
            (Ok(_), SettleResult::Failed) => self.recent.forget(started.id),
            // What is tried again keeps what is known here: the provider may have it of an attempt that the store forgot, and what it surely did
            // not take is forgotten where its answer is read. But nothing is in the air: a report that comes now is for the store.
            (Ok(_), SettleResult::Retry { .. } | SettleResult::RetryUnsure { .. }) | (Err(_), _) => self.recent.rests(started.id),
            (Ok(_), SettleResult::Done | SettleResult::Arrived | SettleResult::Ended) => {}
        }
        if let Some((set, _)) = settle.instead.as_ref().filter(|(set, _)| *set != settle.set) {
            // It is due at once, and nobody has it.
            self.meet_set(set);
            self.room().notify_one();
        }
        let next = match settled {
            Ok(Settled::Ok { now, next }) => {
                self.note_now(now);
                next
            }
            Ok(Settled::Claimed { next, claim }) => {
                self.begin(contact, claim, None);
                next
            }
            Ok(Settled::Moved { now, to, next }) => {
                self.note_now(now);
                self.aliases.moved(contact, to);
                if let Some(body) = reply {
                    self.reply_elsewhere(to, hash, body).await;
                }
                next
            }
            // Somebody settled it before, perhaps this very call: then its `who` gets what it took.
            Ok(Settled::Gone) => self.taken_before(started, &take, settle.who).await,
            Ok(Settled::Stale) => {
                tracing::info!(effect = %started.id, attempt = started.attempt, "an attempt was overtaken by another");
                None
            }
            Err(error) => {
                let held = self.clock.monotonic().saturating_sub(taken_at).as_millis();
                tracing::error!(effect = %started.id, %error, held_ms = held, "how an effect ended could not be written down");
                super::metrics::alert("unsettled");
                None
            }
        };
        self.return_permits(&take, next.as_ref());
        next.map(|next| (next, asked_at))
    }

    /// The sets for which the next effect of the lane can be begun at once: a lane of one effect has no next.
    fn takeable(&self, started: &Started) -> Vec<WorkSet> {
        if matches!(started.lane.lane, Lane::Own(_)) {
            return Vec::new();
        }
        // What followed a broadcast's message may have been moved to where conversations wait.
        let sets = [Some(started.set.clone()), started.set.hurried()];
        let now = self.clock.monotonic();
        let permitted = |set: &WorkSet| {
            let channel = self.channel_of(set);
            let waits = |c| matches!(set, WorkSet::Bulk(_)) && self.holds_bulk(c);
            channel.is_some_and(|c| {
                !waits(c) && !self.leaves_to_others(c) && self.permits.take_left((&c.name, Self::traffic_of(set)), c.rate(), now)
            })
        };
        sets.into_iter().flatten().filter(permitted).collect()
    }

    fn return_permits(&self, taken: &[WorkSet], next: Option<&Started>) {
        for set in taken.iter().filter(|set| next.is_none_or(|n| n.set != **set)) {
            self.unused(set, 1);
        }
    }

    async fn taken_before(&self, started: &Started, take: &[WorkSet], who: crate::domain::id::Who) -> Option<Started> {
        let set = take.first()?;
        match self.patiently(Patience::Short, || self.store.start(started.lane, set, who, None)).await {
            Ok(StartAnswer::Ok { now, started }) => {
                self.note_now(now);
                Some(started)
            }
            _ => None,
        }
    }

    async fn reply_elsewhere(self: &Arc<Self>, to: ContactKey, hash: crate::domain::id::DedupeHash, body: Bytes) {
        let input: Input = match codec::decode(&body) {
            Ok(input) => input,
            Err(error) => {
                tracing::error!(%error, "a reply cannot be read back");
                return;
            }
        };
        if let Err(error) = self.put_known(to, hash, &input, WhenFull::Take).await {
            tracing::error!(%error, "the end of an effect could not be told to a merged contact");
            super::metrics::alert("reply_lost");
        }
    }
}

/// What the contact hears of how its message was settled: that it will not arrive, or that nobody knows, or, if it is tracked,
/// that it left.
pub(super) fn fate(started: &Started, end: &End, tracked: bool) -> Option<Bytes> {
    let (status, reason) = match end.failure() {
        Some(reason) => (DeliveryStatus::Failed, Some(reason)),
        None if tracked && end.result == SettleResult::Done => (DeliveryStatus::Sent, None),
        None => return None,
    };
    let unsure = end.outcome == AttemptOutcome::Unsure;
    let delivery =
        Delivery { effect: started.id, status, reason, code: end.code.clone().filter(|_| reason.is_some()), unsure, back: None };
    Some(Bytes::from(codec::encode(&Input::Delivery(delivery))))
}

/// The word of a metric's label.
pub(super) fn outcome_word(end: &End) -> &'static str {
    match end.outcome {
        AttemptOutcome::Accepted => "accepted",
        AttemptOutcome::Retry => "retry",
        AttemptOutcome::RetryUnsure => "retry_unsure",
        AttemptOutcome::Failed { .. } => "failed",
        AttemptOutcome::Unsure => "unsure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Token;
    use crate::domain::name::Slug;
    use crate::store::{LaneKey, StopMask};

    #[test]
    fn a_lost_answer_is_told_as_what_it_is() {
        let contact = ContactKey::derive(b"test", "+447700900123");
        let set = WorkSet::Talk(Slug::parse("main-sms").expect("a slug"));
        let (lane, id) = (LaneKey { contact, lane: Lane::Contact }, Token(1).effect(0));
        let started = Started { lane, set, id, attempt: 1, unsure: true, stop: StopMask::NONE, body: Bytes::new() };
        let told = |end: &End| {
            let input = codec::decode::<Input>(&fate(&started, end, true).expect("is told")).expect("reads");
            let Input::Delivery(delivery) = input else { panic!("no delivery") };
            (delivery.status, delivery.unsure)
        };
        assert_eq!(told(&End::unsure()), (DeliveryStatus::Failed, true));
        assert_eq!(told(&End::failed(FailureReason::Unknown, None)), (DeliveryStatus::Failed, false));
        assert_eq!(told(&End::done(None, None)), (DeliveryStatus::Sent, false));
    }
}
