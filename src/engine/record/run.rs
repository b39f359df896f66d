//! One run of a contact as it is stored.

use super::Record;
use super::compact;
use super::question::Question;
use super::talk::Talk;
use super::vars::Vars;
use crate::domain::broadcast::Sending;
use crate::domain::id::{EffectId, RunId, VersionId};
use crate::domain::input::Callback;
use crate::domain::limits;
use crate::domain::name::{ChannelName, EventName, Slug};
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::flow::definition::{Slot, StateId};
use serde::{Deserialize, Serialize};

fn none<T>(value: &Option<T>) -> bool {
    value.is_none()
}

/// A run is somewhere: a record that says otherwise is damaged, and everything after may rely on it.
fn at_least_one<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<Frame>, D::Error> {
    let frames = Vec::<Frame>::deserialize(d)?;
    if frames.is_empty() { Err(serde::de::Error::custom("a run without a place in a flow")) } else { Ok(frames) }
}

/// One passage through a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    #[serde(rename = "i", with = "compact::run")]
    pub id: RunId,
    /// Its flow.
    #[serde(rename = "f")]
    pub flow: Slug,
    /// The key that it began with.
    #[serde(rename = "k", default, skip_serializing_if = "none")]
    pub key: Option<String>,
    /// When it began.
    #[serde(rename = "b")]
    pub begun: Millis,
    /// When it is over whatever it does.
    #[serde(rename = "x")]
    pub expires: Millis,
    /// The run that it takes up again.
    #[serde(rename = "c", default, with = "compact::maybe_run", skip_serializing_if = "none")]
    pub continues: Option<RunId>,
    /// Where it is: the flow first, then the sub-flows that it is in. Never empty.
    #[serde(rename = "s", deserialize_with = "at_least_one")]
    pub frames: Vec<Frame>,
    /// The last reply to it.
    #[serde(rename = "r", default, skip_serializing_if = "none")]
    pub reply: Option<Reply>,
    /// What it waits for.
    #[serde(rename = "w")]
    pub waiting: Waiting,
    /// The event that brought it here, until a digest takes it as its first one.
    #[serde(rename = "e", default, skip_serializing_if = "none")]
    pub event: Option<Box<FirstEvent>>,
    /// The broadcast that began it, until the contact is heard: until then its messages give way to conversations.
    #[serde(rename = "d", default, skip_serializing_if = "none")]
    pub sending: Option<Box<Sending>>,
}

/// An event that a digest may begin with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FirstEvent {
    /// Its name.
    #[serde(rename = "n")]
    pub name: EventName,
    /// When it was accepted.
    #[serde(rename = "a")]
    pub at: Millis,
    /// Its data.
    #[serde(rename = "v")]
    pub data: Value,
}

/// A place in a flow with its variables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The version of the flow.
    #[serde(rename = "v", with = "compact::version")]
    pub version: VersionId,
    /// The state.
    #[serde(rename = "s")]
    pub state: StateId,
    /// The variables that have a value.
    #[serde(rename = "a", default, skip_serializing_if = "Vars::is_empty")]
    pub vars: Vars,
    /// How often states were entered; only of those whose number the flow reads.
    #[serde(rename = "n", default, skip_serializing_if = "Vec::is_empty")]
    pub visits: Vec<(StateId, u32)>,
    /// When a sub-flow is over whatever it does, if that is before its run is.
    #[serde(rename = "x", default, skip_serializing_if = "none")]
    pub expires: Option<Millis>,
}

/// The last reply to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// What was written, as far as it is kept.
    #[serde(rename = "t")]
    pub text: String,
    /// Where.
    #[serde(rename = "c")]
    pub channel: ChannelName,
    /// When.
    #[serde(rename = "a")]
    pub at: Millis,
    /// What stood behind the keyword.
    #[serde(rename = "r", default, skip_serializing_if = "none")]
    pub rest: Option<String>,
    /// Files and places.
    #[serde(rename = "m", default, skip_serializing_if = "none")]
    pub media: Option<Value>,
    /// The groups of the pattern that it matched.
    #[serde(rename = "g", default, skip_serializing_if = "none")]
    pub groups: Option<Value>,
}

/// What a run waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Waiting {
    /// A reply to its question.
    #[serde(rename = "q")]
    Reply(Box<Question>),
    /// A reply, but not now: its question was put aside and will be asked again.
    #[serde(rename = "p")]
    Paused {
        /// The question.
        #[serde(rename = "q")]
        question: Box<Question>,
        /// Since when.
        #[serde(rename = "a")]
        since: Millis,
    },
    /// That another run's question is closed; then it asks its own.
    #[serde(rename = "t")]
    Turn,
    /// The result of a call.
    #[serde(rename = "c")]
    Call {
        /// The call.
        #[serde(rename = "e", with = "compact::effect")]
        effect: EffectId,
        /// When the result is taken as lost.
        #[serde(rename = "u")]
        until: Millis,
    },
    /// A moment.
    #[serde(rename = "u")]
    Time {
        /// When.
        #[serde(rename = "u")]
        until: Millis,
    },
    /// A moment, after the event that it waited for: the hours of its wait.
    #[serde(rename = "h")]
    Held {
        /// When.
        #[serde(rename = "u")]
        until: Millis,
        /// The event.
        #[serde(rename = "v")]
        value: Box<Value>,
    },
    /// An event, at most until a moment.
    #[serde(rename = "e")]
    Event {
        /// When it is silence.
        #[serde(rename = "u")]
        until: Millis,
    },
    /// That its notification arrives, or that its route is used up.
    #[serde(rename = "n")]
    Delivery {
        /// The notification on its way: `Errand::id`.
        #[serde(rename = "i")]
        errand: u64,
    },
    /// The hours in which its question may be asked.
    #[serde(rename = "b")]
    Hours {
        /// When they begin.
        #[serde(rename = "u")]
        until: Millis,
    },
    /// Further events of a digest. Its window begins with the first one.
    #[serde(rename = "d")]
    Digest {
        /// When it goes on if no further event comes; nothing counts before the first one.
        #[serde(rename = "u")]
        until: Millis,
        /// When it goes on at the latest.
        #[serde(rename = "l")]
        latest: Millis,
        /// What came so far.
        #[serde(rename = "i", default, skip_serializing_if = "Vec::is_empty")]
        items: Vec<Value>,
    },
    /// A person to take the conversation over, and then to resolve it.
    #[serde(rename = "o")]
    Person {
        /// When it is silence, if nobody has taken it over.
        #[serde(rename = "u")]
        until: Millis,
        /// Since when everything else of the contact is held for it.
        #[serde(rename = "s")]
        since: Millis,
        /// The team.
        #[serde(rename = "d")]
        to: Slug,
        /// Who took it over.
        #[serde(rename = "b", default, skip_serializing_if = "none")]
        taken: Option<String>,
        /// What the flow tells the team.
        #[serde(rename = "n", default, skip_serializing_if = "none")]
        note: Option<String>,
        /// What was said since it was opened, the newest last.
        #[serde(rename = "t", default, skip_serializing_if = "Talk::is_empty")]
        talk: Talk,
        /// When somebody took it over or wrote last.
        #[serde(rename = "h", default)]
        heard: Millis,
        /// When it is silence although somebody took it over, as long as their desk has not got what the contact wrote.
        #[serde(rename = "k", default, skip_serializing_if = "none")]
        behind: Option<Millis>,
    },
}

/// A start that waits until no question is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaitingStart {
    /// The flow.
    #[serde(rename = "f")]
    pub flow: Slug,
    /// The version that was current when the start was decided.
    #[serde(rename = "v", with = "compact::version")]
    pub version: VersionId,
    /// The key.
    #[serde(rename = "k", default, skip_serializing_if = "none")]
    pub key: Option<String>,
    /// Values that the start gives.
    #[serde(rename = "a", default, skip_serializing_if = "Vars::is_empty")]
    pub vars: Vars,
    /// The first state.
    #[serde(rename = "s")]
    pub go: StateId,
    /// Since when.
    #[serde(rename = "b")]
    pub since: Millis,
    /// The message that began it.
    #[serde(rename = "r", default, skip_serializing_if = "none")]
    pub reply: Option<Reply>,
    /// The event that began it, if a digest may begin with it.
    #[serde(rename = "e", default, skip_serializing_if = "none")]
    pub event: Option<Box<FirstEvent>>,
    /// Where whoever began it wants to hear what becomes of its messages.
    #[serde(rename = "h", default, skip_serializing_if = "none")]
    pub callback: Option<Box<Callback>>,
    /// The broadcast that begins it.
    #[serde(rename = "d", default, skip_serializing_if = "none")]
    pub sending: Option<Box<Sending>>,
}

impl Record {
    /// When the first of the broadcasts that wait for an open question is no news any more.
    pub(in crate::engine) fn no_news_from(&self) -> Option<Millis> {
        self.waiting.iter().filter_map(WaitingStart::no_news_from).min()
    }
}

impl WaitingStart {
    /// When it is no news any more; what a broadcast did not begin waits as long as it must.
    pub(in crate::engine) fn no_news_from(&self) -> Option<Millis> {
        self.sending.as_ref().map(|_| self.since + limits::BROADCAST_WAITS)
    }
}

impl Run {
    /// The innermost frame.
    pub fn frame(&self) -> &Frame {
        &self.frames[self.frames.len() - 1]
    }

    /// The innermost frame.
    pub fn frame_mut(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// The open question.
    pub fn question(&self) -> Option<&Question> {
        match &self.waiting {
            Waiting::Reply(question) => Some(question),
            _ => None,
        }
    }

    /// The question that was put aside.
    pub fn paused(&self) -> Option<&Question> {
        match &self.waiting {
            Waiting::Paused { question, .. } => Some(question),
            _ => None,
        }
    }

    /// The question that is open or was put aside.
    pub fn asked(&self) -> Option<&Question> {
        self.question().or_else(|| self.paused())
    }

    /// The question that is open or was put aside.
    pub fn asked_mut(&mut self) -> Option<&mut Question> {
        match &mut self.waiting {
            Waiting::Reply(question) | Waiting::Paused { question, .. } => Some(question),
            _ => None,
        }
    }

    /// The open question.
    pub fn question_mut(&mut self) -> Option<&mut Question> {
        match &mut self.waiting {
            Waiting::Reply(question) => Some(question),
            _ => None,
        }
    }

    /// When what it waits for is over by itself, apart from its own end.
    pub fn own_alarm(&self) -> Option<Millis> {
        match &self.waiting {
            Waiting::Reply(question) => Some(question.alarm()),
            Waiting::Call { until, .. }
            | Waiting::Time { until }
            | Waiting::Held { until, .. }
            | Waiting::Event { until }
            | Waiting::Hours { until } => Some(*until),
            Waiting::Digest { until, items, .. } if !items.is_empty() => Some(*until),
            Waiting::Person { until, taken: None, .. } => Some(*until),
            Waiting::Person { behind: Some(behind), .. } => Some(*behind),
            Waiting::Delivery { .. }
            | Waiting::Turn
            | Waiting::Paused { .. }
            | Waiting::Digest { .. }
            | Waiting::Person { .. } => None,
        }
    }

    /// An end of its time as it counts: a conversation that a person has taken is not cut off as long as somebody writes.
    pub fn lasts(&self, end: Millis) -> Millis {
        match &self.waiting {
            Waiting::Person { taken: Some(_), heard, .. } => end.max(*heard + limits::HANDOFF_IDLE),
            _ => end,
        }
    }

    /// When it, or a sub-flow that it is in, is over whatever it does.
    pub fn ends_at(&self) -> Millis {
        let frames = self.frames.iter().filter_map(|frame| frame.expires).min().unwrap_or(self.expires);
        self.lasts(frames.min(self.expires))
    }

    /// The next moment at which something happens by itself.
    pub fn alarm(&self) -> Millis {
        let end = self.ends_at();
        self.own_alarm().map_or(end, |own| own.min(end))
    }

    /// It has so much more time: what it was held for does not count.
    pub(in crate::engine) fn prolong(&mut self, by: Span) {
        self.expires = self.expires + by;
        for frame in &mut self.frames {
            frame.expires = frame.expires.map(|at| at + by);
        }
        if let Some(question) = self.question_mut() {
            question.until = question.until + by;
            if let Some(gathered) = &mut question.gathered {
                gathered.until = gathered.until + by;
                gathered.lost = gathered.lost + by;
            }
        }
    }

    /// Sets a variable of the innermost frame.
    pub fn set(&mut self, slot: Slot, value: Value) {
        self.frame_mut().vars.set(slot, value);
    }
}
