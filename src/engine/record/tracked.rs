//! Messages whose fate somebody waits for, and notifications that are on their way: held until their hours, or moving along
//! their route.

use super::{Record, compact};
use crate::config::project::ChannelInfo;
use crate::domain::broadcast::BroadcastId;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{EffectId, RunId, VersionId};
use crate::domain::input::{Callback, ContactRef};
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::Millis;
use crate::domain::value::Value;
use serde::{Deserialize, Serialize};

fn none<T>(value: &Option<T>) -> bool {
    value.is_none()
}

fn no(b: &bool) -> bool {
    !*b
}

fn zero(n: &u8) -> bool {
    *n == 0
}

/// A message whose fate somebody waits for. All reports on it come as `Input::Delivery`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tracked {
    /// The send.
    #[serde(rename = "e", with = "compact::effect")]
    pub effect: EffectId,
    /// The run that it comes from. It may be over.
    #[serde(rename = "r", default, with = "compact::maybe_run", skip_serializing_if = "none")]
    pub run: Option<RunId>,
    /// The flow of that run.
    #[serde(rename = "f", default, skip_serializing_if = "none")]
    pub flow: Option<Slug>,
    /// The notification that it is.
    #[serde(rename = "n", default, skip_serializing_if = "none")]
    pub notification: Option<Slug>,
    /// Over which channel.
    #[serde(rename = "c")]
    pub channel: ChannelName,
    /// Its kind.
    #[serde(rename = "k")]
    pub kind: ChannelKind,
    /// When it was decided.
    #[serde(rename = "a")]
    pub at: Millis,
    /// How far it came. It only rises: see `DeliveryStatus::rank`.
    #[serde(rename = "s")]
    pub status: DeliveryStatus,
    /// Why it failed.
    #[serde(rename = "w", default, skip_serializing_if = "none")]
    pub reason: Option<FailureReason>,
    /// The notification on its way that it belongs to: `Errand::id`.
    #[serde(rename = "g", default, skip_serializing_if = "none")]
    pub errand: Option<u64>,
    /// The provider's code of its failure.
    #[serde(rename = "o", default, skip_serializing_if = "none")]
    pub code: Option<String>,
    /// Whether another system is told what becomes of it.
    #[serde(rename = "h", default, skip_serializing_if = "no")]
    pub watched: bool,
    /// What is still to be told: bits of `engine::report::Told`.
    #[serde(rename = "t", default, skip_serializing_if = "zero")]
    pub untold: u8,
    /// Whether the contact replied to it.
    #[serde(rename = "y", default, skip_serializing_if = "no")]
    pub replied: bool,
    /// Whether nobody knows if it left, and it is not sent again.
    #[serde(rename = "u", default, skip_serializing_if = "no")]
    pub unsure: bool,
    /// The messages before it that belong to it: a file, then its text.
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<EffectId>,
}

/// A notification on its way: held until its hours, or moving along its route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Errand {
    /// Tells it from the others of its contact.
    #[serde(rename = "i")]
    pub id: u64,
    /// The run that sent it off. It may be over.
    #[serde(rename = "r", with = "compact::run")]
    pub run: RunId,
    /// The flow of that run.
    #[serde(rename = "f")]
    pub flow: Slug,
    /// The version whose notification it is.
    #[serde(rename = "v", with = "compact::version")]
    pub version: VersionId,
    /// The notification.
    #[serde(rename = "n")]
    pub notification: Slug,
    /// Its parameters in the order of its `needs`, evaluated when it was sent off.
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Value>,
    /// What it is for.
    #[serde(rename = "o", default, skip_serializing_if = "Purpose::is_word")]
    pub purpose: Purpose,
    /// Where it is.
    #[serde(rename = "s")]
    pub stage: Stage,
    /// When something happens by itself.
    #[serde(rename = "m", default, skip_serializing_if = "none")]
    pub moment: Option<Millis>,
    /// The place in its route of what is tried next.
    #[serde(rename = "x", default, skip_serializing_if = "zero")]
    pub next: u8,
    /// Where it began, if it has no route of its own: the flow's channels then follow without this one.
    #[serde(rename = "b", default, skip_serializing_if = "none")]
    pub began: Option<ChannelName>,
    /// The message that is under way.
    #[serde(rename = "e", default, with = "compact::maybe_effect", skip_serializing_if = "none")]
    pub effect: Option<EffectId>,
    /// The version of the run's own flow, over whose channels it goes, where that is not the one whose notification it is.
    #[serde(rename = "k", default, with = "compact::maybe_version", skip_serializing_if = "none")]
    pub speaks: Option<VersionId>,
    /// Whether nothing is sent besides its route: it repeats what was said.
    #[serde(rename = "l", default, skip_serializing_if = "no")]
    pub alone: bool,
    /// Where it may go, if not everywhere.
    #[serde(rename = "u", default, skip_serializing_if = "Only::is_anywhere")]
    pub only: Only,
    /// Whether a broadcast sends it, and the contact was not heard since: then it gives way to conversations.
    #[serde(rename = "d", default, skip_serializing_if = "no")]
    pub bulk: bool,
    /// Which one.
    #[serde(rename = "ca", default, skip_serializing_if = "none")]
    pub broadcast: Option<BroadcastId>,
}

impl Record {
    /// When what was given up is given up once more.
    pub(in crate::engine) fn given_up_alarm(&self) -> Option<Millis> {
        self.given_up.iter().map(|message| message.again).min()
    }

    /// When the next notification on its way moves on by itself, and where it stands. None while the conversation is with a person.
    pub(in crate::engine) fn errand_alarm(&self) -> Option<(Millis, usize)> {
        if self.errands.is_empty() || self.is_with_person() {
            return None;
        }
        self.errands.iter().enumerate().filter_map(|(place, errand)| Some((errand.moment?, place))).min()
    }
}

/// Where a notification that names its receiver may go: bits of the kinds of channel on which that address is reached, and one for
/// simulated channels. None: anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Only(u8);

impl Only {
    const SIMULATED: u8 = 1 << 7;

    /// The channels on which what is named here is reached. Only simulated ones if whoever sends is simulated.
    pub(in crate::engine) fn of(to: &ContactRef, simulated: bool) -> Self {
        let phone = to.phone.is_some() || to.user_id.is_some();
        let reaches = |kind: &ChannelKind| match kind {
            ChannelKind::Sms | ChannelKind::WhatsApp => phone,
            ChannelKind::Email => to.email.is_some(),
        };
        let kinds = ChannelKind::ALL.iter().filter(|kind| reaches(kind)).fold(0, |bits, kind| bits | kind.stop_bit());
        Only(if simulated { kinds | Only::SIMULATED } else { kinds })
    }

    fn is_anywhere(&self) -> bool {
        self.0 == 0
    }

    pub(in crate::engine) fn allows(self, channel: &ChannelInfo) -> bool {
        let kinds = self.0 & !Only::SIMULATED;
        let simulated = self.0 & Only::SIMULATED == 0 || channel.simulated;
        simulated && (kinds == 0 || kinds & channel.kind.stop_bit() != 0)
    }
}

/// Where whoever began a run wants to hear what becomes of its messages. It outlives the run, as its messages do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalledBack {
    /// The run. It may be over.
    #[serde(rename = "r", with = "compact::run")]
    pub run: RunId,
    /// Where, and what is carried along.
    #[serde(rename = "c")]
    pub callback: Callback,
}

/// A message that was given up. It may be being sent at that moment, and wait for another attempt later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GivenUp {
    /// The send.
    #[serde(rename = "e", with = "compact::effect")]
    pub effect: EffectId,
    /// The messages before it that belong to it.
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<EffectId>,
    /// Since when.
    #[serde(rename = "s")]
    pub since: Millis,
    /// When it is given up once more, unless it is known by then what became of it.
    #[serde(rename = "a")]
    pub again: Millis,
}

/// What a notification on its way is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Purpose {
    /// `notify`: nobody waits for it.
    #[default]
    #[serde(rename = "w")]
    Word,
    /// A question, which its run keeps open.
    #[serde(rename = "q")]
    Question,
    /// `deliver`: its run waits for how it ends.
    #[serde(rename = "d")]
    Deliver,
}

impl Purpose {
    pub(super) fn is_word(&self) -> bool {
        *self == Purpose::Word
    }
}

/// Where a notification on its way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Held until its hours begin.
    #[serde(rename = "h")]
    Held,
    /// Its message must reach the notification's `until` within its `within`.
    #[serde(rename = "g")]
    Going,
    /// Its message must reach what `deliver` wants.
    #[serde(rename = "d")]
    Wanted,
    /// It came as far as it must; only a failure moves it on.
    #[serde(rename = "s")]
    Standing,
}
