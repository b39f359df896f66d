//! Notifications on their way: sent off, held until their hours, moved along their route, and come to their end. At most one
//! message of a route is being waited for; what is heard of an earlier one counts as success, never as a reason to send.

use super::channel::{Needs, Route};
use super::contents::Speaker;
use super::drive::Next;
use super::fault::Fault;
use super::marketing::CAPPED;
use super::record::{Errand, Only, Purpose, Run, Stage, Waiting};
use super::turn::TurnError;
use super::turning::{From, Turning};
use crate::domain::id::{EffectId, RunId};
use crate::domain::journal::Event;
use crate::domain::limits;
use crate::domain::message::DeliveryStatus;
use crate::domain::name::{Name, Slug};
use crate::domain::phone::country_of;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::domain::way::{Step, Way};
use crate::flow::definition::{Category, Deliver, Flow, Hop, Kind, Notification};
use indexmap::IndexMap;

/// How often two sets of hours are tried against each other: the openings of two weeks.
const HOURS_TRIED: usize = 60;

/// What became of an attempt to send a notification.
pub(super) enum SetOut {
    /// It left; somebody waits for what becomes of it.
    Followed,
    /// It left, and nothing follows.
    Gone,
    /// Nothing of its route could carry it.
    UsedUp,
}

/// Whether a notification is said like any message: on one channel, now.
pub(super) fn is_plain(notification: &Notification) -> bool {
    notification.route.is_empty() && notification.within.is_none() && notification.also.is_empty() && notification.hours.is_none()
}

/// Parameters by their names.
pub(super) fn named(notification: &Notification, values: &[Value]) -> IndexMap<Name, Value> {
    let value = |i: usize| values.get(i).cloned().unwrap_or_default();
    notification.needs.keys().enumerate().map(|(i, name)| (name.clone(), value(i))).collect()
}

/// Whether a message came this far.
pub(super) fn reached(status: DeliveryStatus, wanted: DeliveryStatus) -> bool {
    status != DeliveryStatus::Failed && status.rank() >= wanted.rank()
}

impl<'a> Turning<'a> {
    /// A notification that sets out, at the beginning of its route.
    pub(super) fn new_errand(
        &mut self,
        run: &Run,
        depth: usize,
        notification: &Notification,
        params: &IndexMap<Name, Value>,
        purpose: Purpose,
    ) -> Result<Errand, Fault> {
        const NO_FRAME: TurnError = TurnError::Damaged("a run without a frame");
        let frame = run.frames.get(depth).ok_or(NO_FRAME)?;
        let outer = run.frames.first().ok_or(NO_FRAME)?.version;
        self.sent_off += 1;
        Ok(Errand {
            // Of the ids of runs, those that no run of this turn can have.
            id: self.token.run(limits::EFFECTS_PER_TURN + self.sent_off).0,
            run: run.id,
            flow: run.flow.clone(),
            version: frame.version,
            notification: notification.name.clone(),
            params: params.values().cloned().collect(),
            purpose,
            stage: Stage::Going,
            moment: None,
            next: 0,
            began: None,
            effect: None,
            speaks: (outer != frame.version).then_some(outer),
            alone: false,
            only: Only::default(),
            bulk: run.sending.is_some(),
            broadcast: run.sending.as_ref().map(|sending| sending.broadcast),
        })
    }

    /// The flow and the notification of one that is on its way.
    pub(super) fn of_errand(&self, errand: &Errand) -> Result<(&'a Flow, &'a Notification), TurnError> {
        let flow: &'a Flow = &self.published(errand.version)?.flow;
        let notification = flow.notifications.get(&errand.notification);
        notification.map(|n| (flow, &**n)).ok_or(TurnError::Damaged("a notification that its version does not have"))
    }

    /// The flow over whose channels it goes: like everything that its run says, those of the run's own flow.
    pub(super) fn channels_of(&self, errand: &Errand) -> Result<&'a Flow, TurnError> {
        Ok(&self.published(errand.speaks.unwrap_or(errand.version))?.flow)
    }

    pub(super) fn way(&mut self, errand: &Errand, step: Step, reason: impl Into<String>) {
        let (run, notification) = (errand.run, errand.notification.clone());
        let way = Way { run, notification, effect: errand.effect, step, reason: reason.into(), to: None };
        self.journal(Event::Way(Box::new(way)));
    }

    /// When a notification may leave: nothing if that is now.
    pub(super) fn held_until(&self, notification: &Notification) -> Result<Option<Millis>, Fault> {
        let both = || notification.hours.iter().chain(self.marketing_hours(notification));
        let mut until = self.now;
        // Inside of the one may be outside of the other.
        for _ in 0..HOURS_TRIED {
            let before = until;
            for hours in both() {
                until = self.inside(hours, until)?;
            }
            if until == before {
                return Ok(Some(until).filter(|until| *until > self.now));
            }
        }
        Err(Fault::run(format!("the hours {} are never open together", self.words_of_hours(notification))))
    }

    /// The hours of marketing that hold for the contact, if it is marketing.
    pub(super) fn marketing_hours(&self, notification: &Notification) -> Option<&Slug> {
        let hours = &self.project.marketing_hours;
        if notification.category != Category::Marketing {
            return None;
        }
        let phone = self.rec.phone.as_ref().filter(|_| !hours.countries.is_empty());
        let country = phone.and_then(|phone| country_of(phone.as_str())).or_else(|| self.project.country.clone());
        country.and_then(|country| hours.countries.get(&country)).or(hours.default.as_ref())
    }

    /// For people: `day`.
    pub(super) fn words_of_hours(&self, notification: &Notification) -> String {
        let both = notification.hours.iter().chain(self.marketing_hours(notification));
        both.map(|hours| format!("`{hours}`")).collect::<Vec<_>>().join(" and ")
    }

    /// When the next message of one that is on its way may leave: nothing if that is now, or if none is left.
    pub(super) fn next_hours(&self, errand: &Errand) -> Result<Option<Millis>, Fault> {
        let notification = self.of_errand(errand)?.1;
        let more = place_of_route(errand, self.channels_of(errand)?, notification).is_some();
        if more { self.held_until(notification) } else { Ok(None) }
    }

    /// Puts a notification aside until its hours begin.
    pub(super) fn hold(&mut self, mut errand: Errand, until: Millis, notification: &Notification, why: Option<String>) {
        (errand.stage, errand.moment) = (Stage::Held, Some(until));
        let hours = self.words_of_hours(notification);
        let why = why.map_or_else(String::new, |why| format!("{why}; "));
        self.give_up(errand.id, None);
        self.way(&errand, Step::Held { until }, format!("{why}outside of the hours {hours}"));
        self.keep(errand);
    }

    /// Keeps one that is on its way. Beyond the limit the oldest that nobody waits for goes no further.
    pub(super) fn keep(&mut self, errand: Errand) {
        if self.rec.errands.len() >= limits::ERRANDS {
            let place = self.rec.errands.iter().position(|errand| errand.purpose == Purpose::Word).unwrap_or(0);
            let oldest = self.rec.errands.remove(place);
            self.way(&oldest, Step::Dropped, format!("more than {} notifications are on their way", limits::ERRANDS));
            self.release(oldest.id);
        }
        self.rec.errands.push(errand);
    }

    /// Takes the next place of the route that can carry the message now; what is passed over is journaled.
    pub(super) fn next_of_route(&mut self, errand: &mut Errand, flow: &Flow, notification: &Notification) -> Option<Route> {
        self.about = flow.title.clone().map(|title| (errand.run, title));
        let needs = Needs { only: errand.only, new: self.is_new(errand), ..Needs::of(notification) };
        if notification.route.is_empty() && errand.next == 0 {
            errand.next = 1;
            let choice = self.route(flow, needs);
            if choice.capped {
                self.way(errand, Step::Skipped, CAPPED);
            } else if let Some(note) = choice.note {
                self.note(Some(errand.run), note);
            }
            errand.began = choice.route.as_ref().map(|route| route.channel.clone());
            return choice.route;
        }
        while let Some(hop) = place_of_route(errand, flow, notification) {
            errand.next = errand.next.saturating_add(1);
            match self.hop(flow, &hop, needs) {
                Ok(route) => return Some(route),
                Err(why) => self.way(errand, Step::Skipped, format!("{}: {why}", word(&hop))),
            }
        }
        None
    }

    /// Whether anything follows from what becomes of the message that leaves now.
    pub(super) fn is_followed(&self, errand: &Errand, flow: &Flow, notification: &Notification) -> bool {
        match errand.purpose {
            Purpose::Deliver => true,
            Purpose::Question if notification.within.is_some() => true,
            Purpose::Question | Purpose::Word => place_of_route(errand, flow, notification).is_some(),
        }
    }

    /// Its message has left: from now on its time counts.
    pub(super) fn under_way(
        &self,
        errand: &mut Errand,
        effect: EffectId,
        notification: &Notification,
        deliver: Option<&Deliver>,
    ) {
        let flow = self.channels_of(errand);
        let more = flow.is_ok_and(|flow| place_of_route(errand, flow, notification).is_some());
        errand.effect = Some(effect);
        (errand.stage, errand.moment) = match (deliver, notification.within) {
            (Some(deliver), None) => (Stage::Wanted, Some(self.now + deliver.within)),
            (Some(deliver), Some(_)) if !more => (Stage::Wanted, Some(self.now + deliver.within)),
            (_, Some(within)) => (Stage::Going, Some(self.now + within)),
            (None, None) if errand.purpose == Purpose::Question => (Stage::Standing, None),
            (None, None) => (Stage::Standing, Some(self.now + limits::ROUTE_STANDS)),
        };
    }

    /// Sends a word, or what `deliver` sends, over the next place of its route.
    pub(super) fn set_out(
        &mut self,
        mut errand: Errand,
        run: Option<(&Run, usize)>,
        deliver: Option<&Deliver>,
        why: Option<String>,
    ) -> Result<SetOut, Fault> {
        let (flow, notification) = self.of_errand(&errand)?;
        let channels = self.channels_of(&errand)?;
        let quiet = self.quiet(notification, Some((&errand, None)));
        let Some(route) = self.next_of_route(&mut errand, channels, notification) else {
            let reason = why.unwrap_or_else(|| "nothing of its route can carry it".to_owned());
            self.way(&errand, Step::UsedUp, reason);
            self.give_up(errand.id, None);
            self.release(errand.id);
            return Ok(SetOut::UsedUp);
        };
        if let Some(why) = why {
            self.way(&errand, Step::MovedOn, why);
        }
        // What did not leave in time must not hold up what follows, nor leave behind it.
        self.give_up(errand.id, None);
        let params = named(notification, &errand.params);
        let speaker = Speaker { flow, run: run.or_else(|| self.speaking(&errand)), params: Some(&params) };
        let (said, provider) = self.said(speaker, &notification.message, &route, None)?;
        let contents = said.laid_out(&route);
        let followed = self.is_followed(&errand, channels, notification);
        let from = From {
            run: Some(errand.run),
            flow: Some(&errand.flow),
            notification: Some(&errand.notification),
            code: notification.category == Category::Code,
            marketing: notification.category == Category::Marketing,
            bulk: errand.bulk,
            broadcast: errand.broadcast,
            quiet: quiet.as_ref(),
            ..From::default()
        };
        let last = contents.len();
        let (mut before, mut effect) = (Vec::new(), None);
        for (i, content) in contents.into_iter().enumerate() {
            before.extend(effect);
            let from = match i + 1 == last {
                true => From { errand: followed.then_some(errand.id), provider: provider.as_ref(), parts: &before, ..from },
                false => from,
            };
            effect = Some(self.send(&route, content, from)?);
        }
        if effect.is_some() {
            self.count_errand(&errand, notification);
        }
        let Some(effect) = effect else {
            self.note(Some(errand.run), "the message is empty and was not sent");
            self.release(errand.id);
            return Ok(if deliver.is_some() { SetOut::UsedUp } else { SetOut::Gone });
        };
        if !followed {
            // Nothing comes after the last of a route, whatever becomes of it.
            self.release(errand.id);
            return Ok(SetOut::Gone);
        }
        self.under_way(&mut errand, effect, notification, deliver);
        self.keep(errand);
        Ok(SetOut::Followed)
    }

    /// Sends it besides its route, once on each channel of `also`, each for itself.
    pub(super) fn also(&mut self, errand: &Errand, run: Option<(&Run, usize)>) -> Result<(), Fault> {
        let (flow, notification) = self.of_errand(errand)?;
        let params = named(notification, &errand.params);
        for hop in &notification.also {
            let needs = Needs { only: errand.only, new: self.is_new(errand), ..Needs::of(notification) };
            let route = match self.hop(self.channels_of(errand)?, hop, needs) {
                Ok(route) => route,
                Err(why) => {
                    self.way(errand, Step::Skipped, format!("also {}: {why}", word(hop)));
                    continue;
                }
            };
            let speaker = Speaker { flow, run: run.or_else(|| self.speaking(errand)), params: Some(&params) };
            let (said, provider) = self.said(speaker, &notification.message, &route, None)?;
            let contents = said.laid_out(&route);
            let quiet = self.quiet(notification, None);
            for content in contents {
                let from = From {
                    run: Some(errand.run),
                    flow: Some(&errand.flow),
                    notification: Some(&errand.notification),
                    code: notification.category == Category::Code,
                    marketing: notification.category == Category::Marketing,
                    provider: provider.as_ref(),
                    bulk: errand.bulk,
                    broadcast: errand.broadcast,
                    quiet: quiet.as_ref(),
                    ..From::default()
                };
                self.send(&route, content, from)?;
            }
            self.count_errand(errand, notification);
        }
        Ok(())
    }

    /// The run that sent it off, if it still is in that flow.
    fn speaking(&self, errand: &Errand) -> Option<(&Run, usize)> {
        let run = self.rec.runs.iter().find(|run| run.id == errand.run)?;
        let depth = run.frames.iter().rposition(|frame| frame.version == errand.version)?;
        Some((run, depth))
    }

    /// Where the run stands that waits for it.
    pub(super) fn waits_for(&self, errand: &Errand) -> Option<usize> {
        let waits = |run: &Run| {
            run.id == errand.run
                && match (&run.waiting, errand.purpose) {
                    (Waiting::Reply(_), Purpose::Question) => true,
                    (Waiting::Delivery { errand: id }, Purpose::Deliver) => *id == errand.id,
                    _ => false,
                }
        };
        self.rec.runs.iter().position(waits)
    }

    /// The `deliver` of the state in which a run waits.
    pub(super) fn delivering(&self, place: usize) -> Result<&'a Deliver, TurnError> {
        match &self.state(&self.rec.runs[place])?.2.kind {
            Kind::Deliver(deliver) => Ok(deliver),
            _ => Err(TurnError::Damaged("a delivery in a state that delivers nothing")),
        }
    }

    /// What a question or `deliver` of this run sent goes no further: the run goes on without it.
    /// What has not left leaves all the same, unless it is given up.
    pub(super) fn drop_awaited(&mut self, run: RunId, give_up: bool) {
        while let Some(place) = self.rec.errands.iter().position(|e| e.run == run && e.purpose != Purpose::Word) {
            let errand = self.rec.errands.remove(place);
            if give_up {
                self.give_up(errand.id, None);
            }
            self.release(errand.id);
        }
    }

    /// What a run that was interrupted holds until its hours is not said any more.
    pub(super) fn drop_held(&mut self, run: RunId) {
        let held = |errand: &Errand| errand.run == run && errand.stage == Stage::Held;
        while let Some(place) = self.rec.errands.iter().position(held) {
            let errand = self.rec.errands.remove(place);
            self.way(&errand, Step::Dropped, "its run was interrupted");
            self.release(errand.id);
        }
    }

    /// Nothing that is on its way goes further.
    pub(super) fn drop_all(&mut self, why: &str) {
        for errand in std::mem::take(&mut self.rec.errands) {
            self.way(&errand, Step::Dropped, why);
            self.give_up(errand.id, None);
            self.release(errand.id);
        }
    }

    /// Goes on with a question's notification where the next place of its route is.
    pub(super) fn along(&mut self, errand: Errand, why: Option<String>) -> Result<(), TurnError> {
        match self.waits_for(&errand) {
            Some(place) => {
                let run = self.take(place);
                self.drive(run, place, Next::Along(Box::new((errand, why))))
            }
            None => {
                self.release(errand.id);
                Ok(())
            }
        }
    }
}

/// What stands at the present place of its route.
pub(super) fn place_of_route(errand: &Errand, flow: &Flow, notification: &Notification) -> Option<Hop> {
    let place = usize::from(errand.next);
    if !notification.route.is_empty() {
        return notification.route.get(place).cloned();
    }
    let mut others = flow.channels.iter().filter(|channel| Some(*channel) != errand.began.as_ref());
    others.nth(place.saturating_sub(1)).map(|channel| Hop::Channel(channel.clone()))
}

fn word(hop: &Hop) -> &str {
    match hop {
        Hop::Kind(kind) => kind.as_str(),
        Hop::Channel(channel) => channel.as_str(),
    }
}
