//! What a turn wants done outside: a closed enum, stored in the outbox exactly as it is written here.

pub use super::quiet::{Back, Quiet};
use crate::domain::address::Address;
use crate::domain::alert::{Alerts, Medium, Raised};
use crate::domain::broadcast::BroadcastId;
use crate::domain::channel::ChannelKind;
use crate::domain::desk::DeskTask;
use crate::domain::id::{ContactKey, RunId};
use crate::domain::input::{ContactRef, Event, Passed};
use crate::domain::message::{Inbound, Media};
use crate::domain::name::{ChannelName, Slug};
use crate::domain::outbound::Outbound;
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use serde::{Deserialize, Serialize};

/// What a turn wants done outside. Closed and append-only: effects of older releases are read for ever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A message to the contact.
    Send(Box<Send>),
    /// A request to another system; its result comes back as an input.
    Call(Box<Call>),
    /// An event for whoever it concerns, this contact included; it comes back as an input through the store.
    Post(Box<Post>),
    /// A file that the contact sent is to be fetched and kept; what became of it comes back as the result of a call.
    Fetch(Box<Fetch>),
    /// A report to another system that nobody here waits for.
    Hook(Box<Hook>),
    /// Alerts on their way to the mailboxes of teams.
    Raise(Box<Raise>),
    /// An alert for one receiver of a team.
    Tell(Box<Tell>),
    /// A notification for somebody else; it comes to them as an input through the store.
    Pass(Box<Passed>),
    /// Something is to be done at a desk; what came of it is an `Input::Desk`.
    Desk(Box<Desk>),
    /// Two contacts become one.
    Move(Box<Moving>),
}

/// A step between two contacts: on the way to become one (see `domain::merge`), or because a number is another's now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moving {
    /// Another contact is asked to become part of this one.
    Invite {
        /// Who.
        from: ContactKey,
        /// Whether this one is simulated.
        simulated: bool,
        /// Whether the one that stays is a test contact.
        #[serde(default)]
        test: bool,
    },
    /// It does not come.
    Refuse {
        /// Who asked.
        to: ContactKey,
        /// By which name.
        asked: ContactKey,
        /// Why, in one line.
        why: String,
    },
    /// It goes: the last in its send lane, so that what was said before has left.
    Go {
        /// Of whom it becomes a part.
        into: ContactKey,
        /// By which name it was asked.
        asked: ContactKey,
    },
    /// The person has a new address: it leads here from now on, and whoever is there becomes part of this contact.
    Lead {
        /// The address.
        address: Address,
    },
    /// A message from a number that the person has given up goes to whoever has it now: in the send lane, so that several stay in their order.
    GiveOn {
        /// The message.
        message: Box<Inbound>,
        /// Whether it waits for nothing that is said to the person: it is an opt-out, opt-in or help word.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        urgent: bool,
    },
}

/// Alerts on their way to the mailboxes of teams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Raise {
    /// Each with the teams that hear of it.
    pub alerts: Vec<(Vec<Slug>, Raised)>,
    /// When it was decided.
    pub at: Millis,
}

impl Raise {
    /// What each team hears.
    pub fn by_team(&self) -> Vec<Alerts> {
        let mut all: Vec<Alerts> = Vec::new();
        for (teams, raised) in &self.alerts {
            for team in teams {
                match all.iter_mut().find(|alerts| alerts.team == *team) {
                    Some(alerts) => alerts.raised.push(raised.clone()),
                    None => all.push(Alerts { team: team.clone(), raised: vec![raised.clone()] }),
                }
            }
        }
        all
    }
}

/// An alert for one receiver of a team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tell {
    /// The team.
    pub team: Slug,
    /// Who of it.
    pub to: Receiver,
    /// One line: the subject of a mail.
    pub subject: String,
    /// The text.
    pub text: String,
    /// When it was decided.
    pub at: Millis,
}

/// Who of a team is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receiver {
    /// A mailbox.
    Email(Address),
    /// A phone.
    Sms(Address),
    /// The team's webhook of this number, from 0.
    Slack(usize),
}

impl Receiver {
    /// How it is reached.
    pub fn medium(&self) -> Medium {
        match self {
            Receiver::Email(_) => Medium::Email,
            Receiver::Sms(_) => Medium::Sms,
            Receiver::Slack(_) => Medium::Slack,
        }
    }
}

impl Effect {
    /// Whether its content leaves the service: others stay within it, or come back.
    pub fn leaves(&self) -> bool {
        match self {
            Effect::Send(_) | Effect::Call(_) | Effect::Hook(_) | Effect::Tell(_) | Effect::Desk(_) => true,
            Effect::Post(_) | Effect::Pass(_) | Effect::Fetch(_) | Effect::Raise(_) | Effect::Move(_) => false,
        }
    }

    /// What it is, for people.
    pub fn word(&self) -> &'static str {
        match self {
            Effect::Send(_) => "a message",
            Effect::Call(_) => "a request",
            Effect::Post(_) => "an event",
            Effect::Pass(_) => "a notification for somebody else",
            Effect::Fetch(_) => "a file to fetch",
            Effect::Hook(_) => "a report",
            Effect::Desk(_) => "a task at a desk",
            Effect::Move(_) => "a step of two contacts on the way to become one",
            Effect::Raise(_) | Effect::Tell(_) => "an alert",
        }
    }
}

/// A message to the contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Send {
    /// Over which channel.
    pub channel: ChannelName,
    /// Its kind.
    pub kind: ChannelKind,
    /// To whom and what.
    pub outbound: Outbound,
    /// The notification that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<Slug>,
    /// The run, unless the service itself speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// What the service itself says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<System>,
    /// Whether a run wants to know that it failed.
    #[serde(default)]
    pub awaited: bool,
    /// Whether somebody wants to know all that becomes of it: then its settle is an `Input::Delivery` in any case.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tracked: bool,
    /// Whether it holds a code, which the journal masks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub code: bool,
    /// Whether a broadcast sends it: then it gives way to conversations.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bulk: bool,
    /// Which one, as long as the contact was not heard since: if it is cancelled, what has not left does not leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<BroadcastId>,
    /// Whether it is marketing: what the suppression list says of that alone counts then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub marketing: bool,
    /// The channel that it was decided for, while another one stands in for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<ChannelName>,
    /// The hours outside of which it does not leave, if it is marketing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Box<Quiet>>,
    /// When it was decided.
    pub at: Millis,
    /// From when its age counts, where that is later: it waited for what has nothing to do with its provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Millis>,
}

impl Send {
    /// From when its age counts.
    pub fn aged_from(&self) -> Millis {
        self.since.unwrap_or(self.at)
    }

    /// Whether it may be sent to somebody who opted out: only the confirmation of that.
    pub fn is_stop_confirmation(&self) -> bool {
        self.system == Some(System::OptedOut)
    }
}

/// What the service itself says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// That the contact opted out.
    OptedOut,
    /// That the contact opted in again.
    OptedIn,
    /// Who writes and how to stop it.
    Help,
}

impl System {
    /// As the journal and tests name it.
    pub fn as_str(self) -> &'static str {
        match self {
            System::OptedOut => "opted_out",
            System::OptedIn => "opted_in",
            System::Help => "help",
        }
    }
}

/// A request to another system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The run that waits for it.
    pub run: RunId,
    /// The entry of the configuration.
    pub api: Slug,
    /// `GET` and so on, in capitals.
    pub method: String,
    /// Beginning with `/`, percent-encoded, without the query.
    pub path: String,
    /// Names and values, not yet encoded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    /// Headers that the flow adds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// What is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// For one attempt.
    pub timeout: Span,
    /// Repetitions after the first attempt.
    pub retry: u8,
    /// When it was decided.
    pub at: Millis,
}

/// What a call sends, as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// JSON.
    Json(String),
    /// A form, encoded.
    Form(String),
    /// Text.
    Text(String),
}

impl Body {
    /// `Content-Type` and bytes.
    pub fn on_the_wire(&self) -> (&'static str, &[u8]) {
        match self {
            Body::Json(text) => ("application/json", text.as_bytes()),
            Body::Form(text) => ("application/x-www-form-urlencoded", text.as_bytes()),
            Body::Text(text) => ("text/plain; charset=utf-8", text.as_bytes()),
        }
    }

    /// The JSON of this value.
    pub(super) fn json(value: &Value) -> Self {
        Body::Json(value.to_json().to_string())
    }
}

impl Call {
    /// The JSON that it sends, if it sends JSON.
    pub fn json_body(&self) -> Option<serde_json::Value> {
        match &self.body {
            Some(Body::Json(text)) => serde_json::from_str(text).ok(),
            _ => None,
        }
    }
}

/// A file that the contact sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fetch {
    /// The run whose question it answers.
    pub run: RunId,
    /// Over which channel it came.
    pub channel: ChannelName,
    /// It, as the provider names it.
    pub media: Media,
    /// When it was decided.
    pub at: Millis,
}

/// A report to another system: a signed request, made again until it was taken or is too old.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hook {
    /// The entry of `[endpoints]`, or what `domain::hook::callback_endpoint` makes of the URL.
    pub endpoint: Slug,
    /// The URL that an event brought along; nothing: the endpoint's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The same for every attempt: what the receiver knows a repetition by.
    pub id: String,
    /// `message.delivered`.
    pub kind: String,
    /// JSON.
    pub body: String,
    /// When it was decided.
    pub at: Millis,
}

/// Something that is to be done at a desk, again and again until it is done or too old.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Desk {
    /// What.
    pub task: DeskTask,
    /// When it was decided.
    pub at: Millis,
}

/// An event for whoever it concerns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// The contact that it names.
    pub to: ContactRef,
    /// The event; its `to` is the same until the mailboxes are found that it goes to.
    pub event: Event,
}

impl Fetch {
    /// The file as flows see it, with its size if it is known.
    pub fn value(&self, size: Option<u64>) -> Value {
        let mut value = super::reply::file(&self.media);
        if let (Value::Map(fields), Some(size)) = (&mut value, size) {
            fields.insert("size".to_owned(), Value::Number(size as f64));
        }
        value
    }
}
