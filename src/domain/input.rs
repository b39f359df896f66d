//! What can happen to a contact. An input is stored in the contact's mailbox exactly as it is written here.

use super::address::Address;
use super::alert::Alerts;
use super::broadcast::Sending;
use super::change::ContactChange;
use super::channel::ChannelKind;
use super::consent::Consent;
use super::desk::{DeskDone, DeskPlace};
use super::id::{EffectId, InputId, RunId, VersionId};
use super::language::Language;
use super::merge::Merge;
use super::message::{DeliveryStatus, FailureReason, Inbound};
use super::mode::Mode;
use super::name::{ChannelName, EventName, Name, Slug};
use super::time::{Millis, Span};
use super::value::Value;
use serde::{Deserialize, Serialize};

/// What happened. Closed, append-only: stored inputs of older releases are read for ever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// The contact wrote.
    Message(Box<Inbound>),
    /// Something happened elsewhere.
    Event(Box<Event>),
    /// Another system called the webhook of a flow.
    Webhook(Box<Webhook>),
    /// A call ended.
    CallResult(Box<CallResult>),
    /// How far a message came whose fate somebody waits for.
    Delivery(Delivery),
    /// An operator acts.
    Operator(OperatorAction),
    /// What was learned of whether the contact can and wants to be reached, apart from any conversation.
    Reach(Box<Reach>),
    /// Alerts for a team: in its own mailbox, never in a contact's.
    Alerts(Box<Alerts>),
    /// A run of somebody else notifies this contact.
    Passed(Box<Passed>),
    /// A task at a desk ended.
    Desk(Box<DeskDone>),
    /// Two contacts become one.
    Merge(Box<Merge>),
}

/// A notification for somebody who is not the contact of the run that sends it: it sets out from the receiver's own mailbox, so
/// that their opt-out, their window, their hours and their language count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passed {
    /// The receiver.
    pub to: ContactRef,
    /// The run that sends it.
    pub run: RunId,
    /// The flow of that run.
    pub flow: Slug,
    /// The version whose notification it is.
    pub version: VersionId,
    /// The version of the run's own flow, over whose channels it goes, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaks: Option<VersionId>,
    /// The notification.
    pub notification: Slug,
    /// Its parameters in the order of its `needs`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Value>,
    /// Whether the sender's contact is simulated: then nobody real may hear of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
}

/// What was learned of whether a contact can and wants to be reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// Over which channel it was learned.
    pub channel: ChannelName,
    /// Its medium.
    pub kind: ChannelKind,
    /// What.
    pub what: ReachChange,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReachChange {
    /// The contact wants no more messages of this medium.
    OptedOut {
        /// How they said so: `link`, `complaint`.
        how: String,
    },
    /// Nothing arrives at this address any more.
    Dead {
        /// The address.
        address: Address,
        /// Why.
        reason: FailureReason,
        /// The server's code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    /// The provider does not take an approved template: it was paused, disabled, or is not what it was.
    TemplateRefused {
        /// The template, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template: Option<String>,
        /// The provider's code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
}

/// An event from `POST /v1/events`, or one that a flow emitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its name.
    pub name: EventName,
    /// Its data.
    pub data: Value,
    /// Who it names as its contact, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactRef>,
    /// The contact in whose mailbox it lies, by the address that led there.
    pub to: ContactRef,
    /// Where the sender wants to hear what becomes of the messages that it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<Box<Callback>>,
}

/// What came to the webhook of a flow: it begins runs of that flow and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Webhook {
    /// The flow.
    pub flow: Slug,
    /// The webhook's name in it.
    pub name: Name,
    /// What was sent: readable as `event`.
    pub data: Value,
    /// The contact in whose mailbox it lies.
    pub to: ContactRef,
    /// Where the sender wants to hear what becomes of the messages that it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<Box<Callback>>,
}

/// Where the sender of an event wants to hear what becomes of the messages that it leads to. The URL lies under a prefix that
/// the project allows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Callback {
    /// Where.
    #[serde(rename = "u")]
    pub url: String,
    /// The sender's own id, carried along.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The sender's own data, as releases kept it that read it.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// The sender's own data, carried along as JSON: its numbers stay what they are.
    #[serde(rename = "j", default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
}

impl Callback {
    /// The sender's own data.
    pub fn custom(&self) -> Option<serde_json::Value> {
        let json = self.json.as_deref().and_then(|json| serde_json::from_str(json).ok());
        json.or_else(|| self.data.as_ref().map(Value::to_json))
    }
}

/// A person as the API and flows name one: at least one of phone, email, id.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ContactRef {
    /// E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<super::address::E164>,
    /// Email in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The caller's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A WhatsApp business-scoped user id: how a flow's own event names a person whose phone is not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Name, taken over if the contact has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Language, taken over if the contact has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Declared attributes that the contact has from now on. Only where an event names its contact itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(Name, Value)>,
    /// What the contact consents to. Only where an event names its contact itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Box<Consent>>,
}

impl ContactRef {
    /// The identity: phone before user id before email before the caller's id.
    pub fn address(&self) -> Option<Address> {
        self.addresses().next()
    }

    /// Every address that it names, the identity first.
    pub fn addresses(&self) -> impl Iterator<Item = Address> {
        let phone = self.phone.clone().map(Address::Phone);
        let others = [
            self.user_id.clone().map(Address::Bsuid),
            self.email.clone().map(Address::Email),
            self.id.clone().map(Address::External),
        ];
        phone.into_iter().chain(others.into_iter().flatten())
    }
}

/// The end of a call that a run waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallResult {
    /// The call.
    pub effect: EffectId,
    /// How it ended.
    pub outcome: CallOutcome,
    /// Attempts that were made.
    pub attempts: u8,
    /// From the first attempt to the end, in milliseconds.
    pub took: i64,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// An HTTP answer.
    Answered {
        /// Its status.
        status: u16,
        /// Its body, JSON or text; nothing if empty.
        body: Value,
    },
    /// No answer: refused, timed out, too large, not allowed. The word is for the journal.
    Failed {
        /// `timeout`, `refused`, `too_large`, `not_allowed`, `lost`, `circuit_open`.
        why: String,
    },
}

/// How far a message came: its settle, or a delivery report. Of a message that is not tracked only a failure is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// The send.
    pub effect: EffectId,
    /// How far it came.
    pub status: DeliveryStatus,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FailureReason>,
    /// The provider's code of the failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Whether nobody knows: the answer to its sending was lost and it is not sent again. It may have arrived.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsure: bool,
    /// What the engine holds until the hours of the message begin, in its own words: they were over before it left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Vec<u8>>,
}

/// What an operator can do to a contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorAction {
    /// End all runs of the contact as `interrupted`.
    EndRuns,
    /// Run an input again that was set aside.
    Retry(Box<Input>),
    /// Begin a run of a flow's current version with these values for its variables, whatever its `start` says.
    Begin {
        /// The flow.
        flow: Slug,
        /// Values for needs and own variables.
        with: Vec<(Name, Value)>,
        /// The broadcast that does it: then what stands against it is obeyed and told as `Event::Skipped`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sending: Option<Box<Sending>>,
    },
    /// Send one notification, without a flow of an operator's own.
    Notify {
        /// The notification.
        notification: Slug,
        /// The version that says it: of the flow that the service made around it.
        version: VersionId,
        /// Values for what it needs.
        with: Vec<(Name, Value)>,
        /// The broadcast that does it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sending: Option<Box<Sending>>,
    },
    /// Move the contact's own clock on by so much; every timer on the way fires at its moment. Only for contacts that a
    /// simulator plays.
    MoveTime {
        /// By how much.
        by: Span,
    },
    /// Say who somebody is who is to be written to over a channel: what is not known yet is taken over, a language in any case.
    Meet {
        /// The channel.
        channel: ChannelName,
        /// Who it is.
        who: ContactRef,
    },
    /// Change what is known of the contact.
    Change(Box<ContactChange>),
    /// A person takes over the conversation that a run gives away.
    Take {
        /// Who, as the caller names them.
        by: String,
    },
    /// A person writes to the contact whose conversation was handed over; whoever writes has taken it over.
    Write {
        /// Who, as the caller names them.
        by: String,
        /// What.
        text: String,
        /// Over which channel; else over the one that the contact used last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelName>,
    },
    /// A person gives the conversation back to its run.
    Resolve {
        /// Who, as the caller names them.
        by: String,
        /// The resolution: what the state saves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A person did one of these three at a desk.
    AtDesk {
        /// Where.
        place: DeskPlace,
        /// What.
        act: Box<OperatorAction>,
    },
    /// Another version of a flow was published, and runs of older ones are to end: now, not only when something happens to the contact.
    Published {
        /// The flow.
        flow: Slug,
    },
}

/// The class of an input in the mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Ordinary: waits while a call is pending.
    Normal,
    /// Call results, opt-out, opt-in and help words, operators: pass a pending call.
    Priority,
}

/// An input as it lies in the mailbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// Its id.
    pub id: InputId,
    /// When it was accepted, by the store's clock.
    pub at: Millis,
    /// Whose it is: one of test makes a test contact of somebody who is new.
    pub mode: Mode,
    /// What happened.
    pub input: Input,
}
