//! Over which channel a question leaves: as its flow speaks, or along the route of its notification.

use super::channel::{Needs, Route};
use super::drive::Next;
use super::effect::Quiet;
use super::errands::{is_plain, named};
use super::fault::Fault;
use super::marketing::CAPPED;
use super::record::{Errand, Purpose, Run, Waiting};
use super::turning::Turning;
use crate::domain::journal::Event;
use crate::domain::name::Name;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::domain::way::{Step, Way};
use crate::flow::definition::{Ask, Kind, Message, Notification, Notify, Say};
use indexmap::IndexMap;

/// What a question says, where that is not what its state says.
pub(super) enum Instead<'a> {
    Message(&'a Message),
    Notify(&'a Notify),
    /// A notification that is on its way, and why it goes on.
    Along(Errand, Option<String>),
}

/// How a question is asked now.
#[expect(clippy::large_enum_variant, reason = "made once for each question and taken apart at once")]
pub(super) enum Asking<'a> {
    /// Over this channel.
    Over(Over<'a>),
    /// When its hours begin.
    Held(Millis),
    /// Not at all: why.
    Nowhere(String),
}

/// A question with the channel that carries it.
pub(super) struct Over<'a> {
    pub route: Route,
    pub message: &'a Message,
    /// Where it comes from a notification.
    pub notification: Option<(&'a Notification, IndexMap<Name, Value>)>,
    /// What may follow it along its route.
    pub errand: Option<Errand>,
    /// The hours that it takes along.
    pub quiet: Option<Quiet>,
}

impl<'a> Turning<'a> {
    /// Finds the channel for a question. `besides`: whether its notification is also sent besides its route; `answers`: whether the contact
    /// has just written, so that it is no marketing that comes by itself.
    pub(super) fn asking(
        &mut self,
        run: &Run,
        depth: usize,
        said: Instead<'a>,
        (besides, answers): (bool, bool),
    ) -> Result<Asking<'a>, Fault> {
        const NOWHERE: &str = "no channel can carry the question";
        let (errand, why, sets_out) = match said {
            Instead::Message(message) => {
                self.drop_awaited(run.id, false);
                return Ok(match self.route_of(run, Needs::default())? {
                    Some(route) => Asking::Over(Over { route, message, notification: None, errand: None, quiet: None }),
                    None => Asking::Nowhere(NOWHERE.to_owned()),
                });
            }
            Instead::Notify(notify) => {
                self.drop_awaited(run.id, false);
                let (notification, params) = self.notification(run, depth, notify)?;
                let marketing = !answers && self.marketing_hours(notification).is_some();
                if is_plain(notification) && (!marketing || self.held_until(notification)?.is_none()) {
                    let (route, message) = (self.route_of(run, Needs::of(notification))?, &notification.message);
                    if route.is_some() && besides {
                        if self.is_one_too_many(run.id, notification) {
                            return Ok(Asking::Nowhere(CAPPED.to_owned()));
                        }
                        self.count_marketing(notification);
                    }
                    let quiet = match marketing {
                        true => {
                            let errand = self.new_errand(run, depth, notification, &params, Purpose::Question)?;
                            self.quiet(notification, Some((&errand, run.question().map(|question| question.tag))))
                        }
                        false => None,
                    };
                    let notification = Some((notification, params));
                    return Ok(match route {
                        Some(route) => Asking::Over(Over { route, message, notification, errand: None, quiet }),
                        None => Asking::Nowhere(NOWHERE.to_owned()),
                    });
                }
                let mut errand = self.new_errand(run, depth, notification, &params, Purpose::Question)?;
                errand.alone = !besides;
                if let Some(until) = self.held_until(notification)? {
                    self.hold(errand, until, notification, None);
                    return Ok(Asking::Held(until));
                }
                (errand, None, true)
            }
            Instead::Along(errand, why) => (errand, why, false),
        };
        self.asking_along(run, depth, errand, why, sets_out)
    }

    fn asking_along(
        &mut self,
        run: &Run,
        depth: usize,
        mut errand: Errand,
        why: Option<String>,
        sets_out: bool,
    ) -> Result<Asking<'a>, Fault> {
        let notification = self.of_errand(&errand)?.1;
        let channels = self.channels_of(&errand)?;
        let quiet = self.quiet(notification, Some((&errand, run.question().map(|question| question.tag))));
        if sets_out {
            if !errand.alone {
                self.also(&errand, Some((run, depth)))?;
            }
        } else if let Some(until) = self.next_hours(&errand)? {
            self.hold(errand, until, notification, why);
            return Ok(Asking::Held(until));
        }
        let Some(route) = self.next_of_route(&mut errand, channels, notification) else {
            let reason = why.clone().unwrap_or_else(|| "nothing of its route can carry it".to_owned());
            self.way(&errand, Step::UsedUp, reason);
            self.give_up(errand.id, None);
            self.release(errand.id);
            let last = why.map_or_else(String::new, |why| format!("; {why}"));
            return Ok(Asking::Nowhere(format!("nothing of the route of the notification is left{last}")));
        };
        if let Some(why) = why {
            self.way(&errand, Step::MovedOn, why);
        }
        self.give_up(errand.id, None);
        self.count_errand(&errand, notification);
        let params = named(notification, &errand.params);
        let followed = self.is_followed(&errand, channels, notification);
        let message = &notification.message;
        let notification = Some((notification, params));
        if !followed {
            self.release(errand.id);
        }
        Ok(Asking::Over(Over { route, message, notification, errand: followed.then_some(errand), quiet }))
    }

    /// Puts off a question until the hours of its notification begin; it is not open before.
    pub(super) fn asks_later(&mut self, run: &mut Run, ask: &'a Ask) -> Result<bool, Fault> {
        let Some(Say::Notify(notify)) = &ask.question else { return Ok(false) };
        let Some(notification) = self.inner_flow(run)?.notifications.get(&notify.name) else { return Ok(false) };
        let Some(until) = self.held_until(notification)? else { return Ok(false) };
        run.waiting = Waiting::Hours { until };
        let reason = format!("outside of the hours {}", self.words_of_hours(notification));
        let (run, notification) = (run.id, notify.name.clone());
        self.journal(Event::Way(Box::new(Way { run, notification, effect: None, step: Step::Held { until }, reason, to: None })));
        Ok(true)
    }

    /// Asks the open question over the next place of its notification's route.
    pub(super) fn ask_along(&mut self, run: &mut Run, errand: Errand, why: Option<String>) -> Result<Next<'a>, Fault> {
        let (flow, _, state) = self.state(run)?;
        match (&state.kind, run.question()) {
            (Kind::Ask(ask), Some(_)) => {
                let id = errand.id;
                // What cannot be rendered goes no further.
                self.put_along(run, flow, ask, errand, why).inspect_err(|_| self.release(id))
            }
            _ => {
                self.release(errand.id);
                Ok(Next::Rest)
            }
        }
    }
}
