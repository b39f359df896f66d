//! Marketing at the moment of leaving. A turn asks for the hours when it decides a message; the message may wait in its lane for longer than
//! they last: for the channel's rate, for a provider that is away, for a service that was. So it carries its hours along. Whoever is about to
//! send it outside of them gives it back, and its contact holds it as if it had been held from the beginning: what is said
//! meanwhile is not held up, and an opt-out, a route or a cap counts for it as for any other.

use super::hours::next_inside;
use super::record::{Errand, Purpose, Stage, Tracked, Waiting};
use super::report::Told;
use super::turn::TurnError;
use super::turning::{Turning, zone_of};
use super::weight::value_bytes;
use crate::config::project::Project;
use crate::domain::channel::ChannelKind;
use crate::domain::codec;
use crate::domain::id::EffectId;
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::name::Slug;
use crate::domain::time::{Millis, Span};
use crate::flow::definition::{Category, Kind, Notification};
use serde::{Deserialize, Serialize};

/// The hours of a message of marketing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quiet {
    /// Their names: it leaves inside of all of them at once.
    pub hours: Vec<Slug>,
    /// The time zone of the contact; nothing: the project's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// How far the contact's clock is ahead of the store's.
    #[serde(default)]
    pub ahead: Span,
    /// What is held outside of them. Nothing for what is sent besides a route: that fails visibly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Back>,
}

/// A notification that had not left when its hours were over, as it was before it set out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Back {
    errand: Errand,
    /// The question that it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tag: Option<u16>,
}

impl Quiet {
    /// Whether it may leave at this moment of the store's clock. Hours that the project no longer has forbid nothing.
    pub fn is_over(&self, project: &Project, now: Millis) -> bool {
        let zone = self.zone.as_deref().and_then(zone_of);
        let (zone, at) = (zone.as_ref().unwrap_or(&project.timezone), now + self.ahead);
        let mut hours = self.hours.iter().filter_map(|hours| project.hours.get(hours));
        hours.any(|hours| next_inside(hours, zone, at) != Some(at))
    }

    /// Bytes of its values, about.
    pub(super) fn bytes(&self) -> usize {
        self.back.as_ref().map_or(0, |back| back.errand.params.iter().map(value_bytes).sum())
    }

    /// For people: `day`.
    pub fn words(&self) -> String {
        self.hours.iter().map(|hours| format!("`{hours}`")).collect::<Vec<_>>().join(" and ")
    }
}

impl Turning<'_> {
    /// The hours that a message of this notification takes along, if it is marketing and there are any.
    pub(super) fn quiet(&self, notification: &Notification, back: Option<(&Errand, Option<u16>)>) -> Option<Quiet> {
        if notification.category != Category::Marketing {
            return None;
        }
        let hours: Vec<Slug> = notification.hours.iter().chain(self.marketing_hours(notification)).cloned().collect();
        // It was counted, and what is sent besides it has left.
        let back = back.map(|(errand, tag)| Back { errand: Errand { effect: None, alone: true, ..errand.clone() }, tag });
        let (zone, ahead) = (self.rec.timezone.clone(), self.rec.clock.ahead);
        (!hours.is_empty()).then_some(Quiet { hours, zone, ahead, back })
    }

    /// A message comes back because its hours were over before it left.
    pub(super) fn came_back(&mut self, effect: EffectId, back: &[u8]) -> Result<(), TurnError> {
        let Ok(Back { errand, tag }) = codec::decode::<Back>(back) else {
            self.note(None, "a message that came back cannot be read");
            return Ok(());
        };
        let followed = self.left_behind(effect);
        // It did not leave, and neither did what it may have said of opting out: at worst that is said once too often.
        self.rec.hinted &= !ChannelKind::Sms.stop_bit();
        match self.rec.errands.iter().position(|other| other.id == errand.id) {
            Some(place) if self.rec.errands[place].effect == Some(effect) => drop(self.rec.errands.remove(place)),
            // It has moved on, or another message of it came back before.
            Some(_) => return Ok(()),
            None if followed => return Ok(()),
            None => {}
        }
        let waits = match errand.purpose {
            Purpose::Word => None,
            Purpose::Deliver | Purpose::Question => {
                let asks = |place: &usize| tag.is_none() || self.rec.runs[*place].question().map(|question| question.tag) == tag;
                let Some(place) = self.waits_for(&errand).filter(asks) else { return Ok(()) };
                Some(place)
            }
        };
        if let Some(place) = waits.filter(|place| matches!(self.rec.runs[*place].waiting, Waiting::Reply(_))) {
            self.asked_later(place, effect, &errand)?;
        }
        self.leave_held(Errand { stage: Stage::Held, ..errand })
    }

    /// A message is followed no further. Gives whether it was followed for a notification on its way.
    fn left_behind(&mut self, effect: EffectId) -> bool {
        let Some(place) = self.rec.tracked.iter().position(|message| message.effect == effect) else { return false };
        let followed = self.rec.tracked[place].errand.is_some();
        if self.rec.tracked[place].watched {
            let Tracked { errand, status, reason, untold, .. } = &mut self.rec.tracked[place];
            (*errand, *status, *reason) = (None, DeliveryStatus::Failed, Some(FailureReason::Superseded));
            *untold |= Told::Failed.bit();
        } else {
            self.rec.tracked.remove(place);
            self.hear_no_more(effect);
        }
        followed
    }

    /// The time of a question counts from when it leaves.
    fn asked_later(&mut self, place: usize, effect: EffectId, errand: &Errand) -> Result<(), TurnError> {
        let run = &self.rec.runs[place];
        let (flow, _, state) = self.state(run)?;
        let Kind::Ask(ask) = &state.kind else { return Ok(()) };
        let silence = ask.troubles.silence_after(&flow.defaults);
        let leaves = self.held_until(self.of_errand(errand)?.1).ok().flatten().unwrap_or(self.now);
        if let Some(question) = self.rec.runs[place].question_mut() {
            question.until = leaves + silence;
            question.awaited = question.awaited.filter(|awaited| *awaited != effect);
        }
        self.stop_awaiting(effect);
        Ok(())
    }
}
