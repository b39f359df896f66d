//! `deliver`, and what moves notifications on: time that has passed, and what is heard of their messages.

use super::drive::{Next, Trouble};
use super::errands::{SetOut, is_plain, reached};
use super::fault::Fault;
use super::record::{Errand, Purpose, Run, Stage, Waiting};
use super::tracked::failed_because;
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::id::EffectId;
use crate::domain::limits;
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::name::ChannelName;
use crate::domain::value::Value;
use crate::domain::way::Step;
use crate::flow::definition::{Deliver, Notify};
use std::borrow::Cow;

/// The last line of a route.
const USED_UP: &str = "nothing of the route of the notification is left";

impl<'a> Turning<'a> {
    /// `notify`: a notification for which nobody waits.
    pub(super) fn notify(&mut self, run: &Run, depth: usize, notify: &'a Notify) -> Result<(), Fault> {
        let (notification, params) = self.notification(run, depth, notify)?;
        if let Some(to) = &notify.to {
            return self.notify_elsewhere(run, depth, notification, params, to);
        }
        if is_plain(notification) && self.marketing_hours(notification).is_none() {
            return self.notify_at_once(run, depth, notification, &params);
        }
        let errand = self.new_errand(run, depth, notification, &params, Purpose::Word)?;
        if let Some(until) = self.held_until(notification)? {
            self.hold(errand, until, notification, None);
            return Ok(());
        }
        self.also(&errand, Some((run, depth)))?;
        self.set_out(errand, Some((run, depth)), None, None).map(drop)
    }

    /// `deliver`: the run waits for how its notification ends.
    pub(super) fn deliver(&mut self, run: &mut Run, deliver: &'a Deliver) -> Result<Next<'a>, Fault> {
        let depth = run.frames.len() - 1;
        let (notification, params) = self.notification(run, depth, &deliver.notify)?;
        let errand = self.new_errand(run, depth, notification, &params, Purpose::Deliver)?;
        let id = errand.id;
        match self.held_until(notification)? {
            Some(until) => self.hold(errand, until, notification, None),
            None => {
                self.also(&errand, Some((run, depth)))?;
                if let SetOut::UsedUp = self.set_out(errand, Some((run, depth)), Some(deliver), None)? {
                    let reason = "nothing of the route of the notification can carry it".to_owned();
                    return Ok(Next::Trouble { trouble: Trouble::Undelivered, reason });
                }
            }
        }
        run.waiting = Waiting::Delivery { errand: id };
        Ok(Next::Rest)
    }

    /// The moment of a notification on its way has come.
    pub(super) fn errand_due(&mut self, place: usize) -> Result<(), TurnError> {
        let errand = self.rec.errands.remove(place);
        match errand.stage {
            Stage::Held => self.leave_held(errand),
            Stage::Standing => {
                self.release(errand.id);
                Ok(())
            }
            Stage::Going | Stage::Wanted => {
                let of_it = self.rec.tracked.iter().find(|message| Some(message.effect) == errand.effect);
                let why = match of_it.map(|message| (message.status, message.reason, message.unsure)) {
                    // A person had the conversation when it failed.
                    Some((DeliveryStatus::Failed, reason, _)) => failed_because(reason),
                    Some((_, _, true)) => {
                        let wanted = self.wanted(&errand)?;
                        format!("`{}` was not reported in time, and nobody knows whether it was sent", wanted.as_str())
                    }
                    _ => format!("`{}` was not reported in time", self.wanted(&errand)?.as_str()),
                };
                self.follow_up(errand, why)
            }
        }
    }

    /// What its present stage waits for.
    fn wanted(&self, errand: &Errand) -> Result<DeliveryStatus, TurnError> {
        if errand.stage == Stage::Wanted
            && let Some(place) = self.waits_for(errand)
        {
            return Ok(self.delivering(place)?.until);
        }
        Ok(self.of_errand(errand)?.1.until)
    }

    pub(super) fn leave_held(&mut self, errand: Errand) -> Result<(), TurnError> {
        // The hours may be over again: nobody looked when they began.
        let notification = self.of_errand(&errand)?.1;
        match self.held_until(notification) {
            Ok(Some(until)) => {
                self.hold(errand, until, notification, None);
                return Ok(());
            }
            Ok(None) | Err(Fault::Run(_)) => {}
            Err(Fault::Turn(error)) => return Err(error),
        }
        let besides = if errand.next == 0 && !errand.alone { self.also(&errand, None) } else { Ok(()) };
        match besides {
            Ok(()) => {}
            Err(Fault::Turn(error)) => return Err(error),
            Err(Fault::Run(why)) => self.note(Some(errand.run), why),
        }
        if errand.purpose == Purpose::Question {
            return self.along(errand, None);
        }
        self.forward(errand, None)
    }

    /// The next of the route, because the present message failed or was not reported in time.
    pub(super) fn follow_up(&mut self, mut errand: Errand, why: String) -> Result<(), TurnError> {
        if self.rec.is_with_person() {
            // The person speaks now. It goes on when they are done.
            (errand.stage, errand.moment) = (Stage::Going, Some(self.now));
            self.keep(errand);
            return Ok(());
        }
        match errand.purpose {
            Purpose::Question => self.along(errand, Some(why)),
            Purpose::Word | Purpose::Deliver => self.forward(errand, Some(why)),
        }
    }

    fn forward(&mut self, errand: Errand, why: Option<String>) -> Result<(), TurnError> {
        let waits = self.waits_for(&errand);
        if errand.purpose == Purpose::Deliver && waits.is_none() {
            self.release(errand.id);
            return Ok(());
        }
        let deliver = waits.map(|place| self.delivering(place)).transpose()?;
        let (id, run) = (errand.id, errand.run);
        let reason = why.clone();
        let set_out = match self.next_hours(&errand) {
            Ok(Some(until)) => {
                let notification = self.of_errand(&errand)?.1;
                self.hold(errand, until, notification, why);
                return Ok(());
            }
            Ok(None) => self.set_out(errand, None, deliver, why),
            Err(fault) => Err(fault),
        };
        let used_up = match set_out {
            Ok(SetOut::UsedUp) => reason.map_or_else(|| USED_UP.to_owned(), |why| format!("{USED_UP}; {why}")),
            Ok(SetOut::Followed | SetOut::Gone) => return Ok(()),
            Err(Fault::Turn(error)) => return Err(error),
            Err(Fault::Run(why)) => {
                // What cannot be rendered is its author's to mend; nothing more is tried.
                self.release(id);
                self.note(Some(run), why.clone());
                why
            }
        };
        let Some(place) = waits else { return Ok(()) };
        let run = self.take(place);
        self.drive(run, place, Next::Trouble { trouble: Trouble::Undelivered, reason: used_up })
    }

    /// What is heard of a message of a notification on its way.
    pub(super) fn errand_heard(
        &mut self,
        id: u64,
        effect: EffectId,
        channel: &ChannelName,
        status: DeliveryStatus,
        reason: Option<FailureReason>,
    ) -> Result<(), TurnError> {
        let Some(place) = self.rec.errands.iter().position(|errand| errand.id == id) else { return Ok(()) };
        let errand = &self.rec.errands[place];
        let current = errand.effect == Some(effect);
        if status == DeliveryStatus::Failed {
            // It has moved on already, or does when its hours begin.
            if !current || errand.stage == Stage::Held {
                return Ok(());
            }
            let errand = self.rec.errands.remove(place);
            return self.follow_up(errand, failed_because(reason));
        }
        let of_notification = self.of_errand(errand)?.1.until;
        if errand.purpose == Purpose::Deliver {
            let Some(run) = self.waits_for(errand) else { return Ok(()) };
            let deliver = self.delivering(run)?;
            if reached(status, deliver.until) {
                return self.arrived(place, effect, channel, status);
            }
            if matches!(errand.stage, Stage::Going | Stage::Held) && reached(status, of_notification) {
                let at = self.rec.tracked.iter().find(|message| message.effect == effect).map_or(self.now, |m| m.at);
                let until = (at + deliver.within).max(self.now);
                let errand = &mut self.rec.errands[place];
                // An earlier one that came as far as the route asks leaves the present one its time.
                let until = if current { until } else { errand.moment.map_or(until, |moment| moment.max(until)) };
                (errand.stage, errand.moment) = (Stage::Wanted, Some(until));
            }
            return Ok(());
        }
        let on_the_device = reached(status, DeliveryStatus::Delivered);
        match errand.stage {
            Stage::Going | Stage::Wanted | Stage::Held if reached(status, of_notification) => {
                // With an earlier one that came so far after all, the route has come to its end as well.
                if on_the_device || !current {
                    return self.arrived(place, effect, channel, status);
                }
                // It left, as was wanted; should it fail after all, the next of the route is still tried.
                let until = self.now + limits::ROUTE_STANDS;
                let errand = &mut self.rec.errands[place];
                errand.stage = Stage::Standing;
                errand.moment = (errand.purpose != Purpose::Question).then_some(until);
                Ok(())
            }
            Stage::Standing if on_the_device => self.arrived(place, effect, channel, status),
            _ => Ok(()),
        }
    }

    /// It came as far as it must, by whichever of its messages.
    fn arrived(
        &mut self,
        place: usize,
        effect: EffectId,
        channel: &ChannelName,
        status: DeliveryStatus,
    ) -> Result<(), TurnError> {
        let waits = self.waits_for(&self.rec.errands[place]);
        let errand = Errand { effect: Some(effect), ..self.rec.errands.remove(place) };
        let reason = format!("`{}` was reported", status.as_str());
        self.way(&errand, Step::Arrived, reason.as_str());
        // Whatever becomes of its later messages: the question did arrive.
        if let Some(question) = waits.and_then(|place| self.rec.runs[place].question_mut()) {
            let before = question.awaited.replace(effect);
            if before != Some(effect) {
                self.forget_awaited(before);
            }
        }
        self.give_up(errand.id, Some(effect));
        self.release(errand.id);
        match (errand.purpose, waits) {
            (Purpose::Deliver, Some(place)) => {
                let run = self.take(place);
                let (name, value) = (Cow::Borrowed("ok"), Value::text(channel.as_str()));
                self.drive(run, place, Next::Outcome { name, value, reason })
            }
            _ => Ok(()),
        }
    }
}
