//! Messages whose fate somebody waits for: what is told of them, and who hears of it.

use super::drive::{Next, Trouble};
use super::record::{GivenUp, Run, Tracked};
use super::report::Told;
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::id::EffectId;
use crate::domain::input::Delivery;
use crate::domain::limits;
use crate::domain::message::{DeliveryStatus, FailureReason};

impl Turning<'_> {
    /// From now on all that becomes of this message is told.
    pub(super) fn track(&mut self, message: Tracked) {
        while self.rec.tracked.len() >= limits::TRACKED {
            // What is decided goes before what somebody still waits for.
            let decided = |message: &Tracked| message.status.rank() > DeliveryStatus::Sent.rank();
            let place = self.rec.tracked.iter().position(decided).unwrap_or(0);
            let oldest = self.rec.tracked.remove(place);
            self.hear_no_more(oldest.effect);
        }
        self.out.await_add.extend([message.effect, message.effect.every_report()]);
        self.rec.tracked.push(message);
    }

    /// A report, or how the send was settled.
    pub(super) fn delivery(&mut self, delivery: &Delivery) -> Result<(), TurnError> {
        // However it ended: it need not be given up any more.
        let of_it = |message: &GivenUp| message.effect == delivery.effect || message.parts.contains(&delivery.effect);
        let given_up = self.rec.given_up.iter().any(of_it);
        self.rec.given_up.retain(|message| message.effect != delivery.effect);
        if let Some(back) = &delivery.back {
            return if given_up { Ok(()) } else { self.came_back(delivery.effect, back) };
        }
        if delivery.unsure {
            self.may_be_lost(delivery);
            return Ok(());
        }
        let message = self.rec.tracked.iter_mut().find(|message| message.effect == delivery.effect);
        if let Some(message) = message {
            // Reports come late, twice and in any order; what is known only rises.
            if delivery.status.rank() <= message.status.rank() {
                return Ok(());
            }
            message.status = delivery.status;
            message.reason = delivery.reason;
            // Of one that may be lost that was told already.
            let told = message.unsure && delivery.status == DeliveryStatus::Failed;
            if message.watched && !told {
                message.untold |= Told::of(delivery.status).bit();
                message.code.clone_from(&delivery.code);
            }
            let channel = message.channel.clone();
            if let Some(errand) = message.errand {
                return self.errand_heard(errand, delivery.effect, &channel, delivery.status, delivery.reason);
            }
        }
        self.question_failed(delivery)
    }

    /// Nobody knows whether it left. It may arrive, so nothing follows from it: a report decides, or the moment until which one
    /// is waited for.
    fn may_be_lost(&mut self, delivery: &Delivery) {
        let message = self.rec.tracked.iter_mut().find(|message| message.effect == delivery.effect);
        if let Some(message) = message.filter(|message| message.status == DeliveryStatus::Queued && !message.unsure) {
            (message.unsure, message.reason) = (true, delivery.reason);
            if message.watched {
                message.untold |= Told::Failed.bit();
                message.code.clone_from(&delivery.code);
            }
        }
    }

    /// A question whose last message did not arrive.
    fn question_failed(&mut self, delivery: &Delivery) -> Result<(), TurnError> {
        if delivery.status != DeliveryStatus::Failed {
            return Ok(());
        }
        let awaits = |run: &Run| run.question().is_some_and(|question| question.awaited == Some(delivery.effect));
        let Some(place) = self.rec.runs.iter().position(awaits) else { return Ok(()) };
        let with_person = self.rec.is_with_person();
        if let Some(question) = self.rec.runs[place].question_mut() {
            // It did arrive, by another of its messages: it is being answered.
            if question.gathered.is_some() {
                return Ok(());
            }
            if with_person {
                question.failed = Some(delivery.reason.unwrap_or(FailureReason::Unknown));
                return Ok(());
            }
        }
        let run = self.take(place);
        let reason = failed_because(delivery.reason);
        self.drive(run, place, Next::Trouble { trouble: Trouble::Undelivered, reason })
    }

    /// Messages of a notification on its way are given up, except for this one: what has not left does not leave.
    pub(super) fn give_up(&mut self, errand: u64, except: Option<EffectId>) {
        let waits = |message: &&Tracked| message.status == DeliveryStatus::Queued && !message.unsure;
        let of_it = self.rec.tracked.iter().filter(|message| message.errand == Some(errand) && Some(message.effect) != except);
        let (since, again) = (self.now, self.now + limits::GIVE_UP_AGAIN);
        let now =
            of_it.filter(waits).map(|message| GivenUp { effect: message.effect, parts: message.parts.clone(), since, again });
        for message in now.collect::<Vec<_>>() {
            if !self.rec.given_up.iter().any(|before| before.effect == message.effect) {
                self.withdraw(&message);
                self.rec.given_up.push(message);
            }
        }
        let most = self.rec.given_up.len().saturating_sub(limits::TRACKED);
        self.rec.given_up.drain(..most);
    }

    fn withdraw(&mut self, message: &GivenUp) {
        self.out.withdraw.extend(message.parts.iter().copied().chain([message.effect]));
        self.out.withdraw.truncate(limits::EFFECTS_PER_TURN);
    }

    /// Gives up once more what was being sent when it was given up, and could not be: it waits for its next attempt by now.
    pub(super) fn give_up_again(&mut self) {
        let now = self.now;
        self.rec.given_up.retain(|message| now - message.since < limits::GIVE_UP_FOR);
        for place in 0..self.rec.given_up.len() {
            let message = &mut self.rec.given_up[place];
            if message.again <= now {
                let next = now + (now - message.since).max(limits::GIVE_UP_AGAIN);
                message.again = next.min(message.since + limits::GIVE_UP_FOR);
                let message = message.clone();
                self.withdraw(&message);
            }
        }
    }

    /// A notification on its way has come to its end: its messages are followed no further.
    pub(super) fn release(&mut self, errand: u64) {
        while let Some(place) = self.rec.tracked.iter().position(|message| message.errand == Some(errand)) {
            let message = &mut self.rec.tracked[place];
            if message.watched {
                message.errand = None;
                continue;
            }
            let effect = message.effect;
            self.rec.tracked.remove(place);
            self.hear_no_more(effect);
        }
    }

    pub(super) fn is_tracked(&self, effect: EffectId) -> bool {
        self.rec.tracked.iter().any(|message| message.effect == effect)
    }

    /// A message that was tracked is not any more. A question that it asks still hears of its failure.
    pub(super) fn hear_no_more(&mut self, effect: EffectId) {
        self.stop_awaiting(effect.every_report());
        if !self.rec.runs.iter().any(|run| run.asked().is_some_and(|question| question.awaited == Some(effect))) {
            self.stop_awaiting(effect);
        }
    }

    pub(super) fn stop_awaiting(&mut self, name: EffectId) {
        match self.out.await_add.iter().position(|added| *added == name) {
            Some(place) => drop(self.out.await_add.remove(place)),
            None => self.out.await_remove.push(name),
        }
    }
}

/// Why a message failed, in one line.
pub(super) fn failed_because(reason: Option<FailureReason>) -> String {
    match reason {
        Some(reason) => format!("the message failed: {}", reason_word(reason)),
        None => "the message failed".to_owned(),
    }
}

fn reason_word(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::Unreachable => "unreachable",
        FailureReason::Invalid => "no such number or person",
        FailureReason::Blocked => "blocked",
        FailureReason::OptedOut => "opted out",
        FailureReason::Suppressed => "the address is on the suppression list",
        FailureReason::Filtered => "filtered",
        FailureReason::WindowClosed => "the 24-hour window is closed",
        FailureReason::Template => "the approved template does not fit",
        FailureReason::Limit => "a limit that passes with time",
        FailureReason::Balance => "no money at the provider",
        FailureReason::Configuration => "the channel's configuration",
        FailureReason::Content => "the content is not acceptable",
        FailureReason::Superseded => "it was given up before it left",
        FailureReason::Unknown => "unknown",
    }
}
