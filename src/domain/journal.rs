//! The journal: what happened to a contact, append-only. One entry for each commit or settle, all its events inside; an event's identity is (token,
//! index). A versioned closed enum: entries of older releases are read for ever, so variants and fields are only added.

mod level;
mod run;

pub use super::attempt::AttemptOutcome;
pub use super::decision::Decision;
pub use level::AlertLevel;

use super::address::Address;
use super::broadcast::{Sending, Skipped};
use super::channel::ChannelKind;
use super::consent::ConsentTold;
use super::handoff::{HandoffClosed, HandoffOpened, HandoffTaken, PersonWrote};
use super::hold::{ChannelTold, FlowTold};
use super::id::{ContactKey, EffectId, InputId, RunId, Token, VersionId};
use super::input::{CallOutcome, ContactRef};
use super::message::{DeliveryStatus, FailureReason, InboundContent, OutboundContent};
use super::name::{ChannelName, EventName, Name, Slug};
use super::profile::Profile;
use super::publication::RunMoved;
use super::time::{Millis, Span};
use super::tried::Tried;
use super::value::Value;
use super::way::Way;
use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize};

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The contact.
    pub contact: ContactKey,
    /// The token that the commit led to; with an event's index its identity. Settles and reports carry one derived from the effect and its attempt.
    pub token: Token,
    /// When, by the store's clock.
    pub at: Millis,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// What happened. Append-only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A message came in and was decided on.
    Received {
        /// Its input.
        input: InputId,
        /// Where.
        channel: ChannelName,
        /// From whom.
        from: Address,
        /// The provider's id.
        provider_id: String,
        /// What was written; masked where the state is private.
        text: String,
        /// What it was.
        content: InboundContent,
        /// What decided it.
        decision: Decision,
        /// Which rule matched and why, in one line.
        reason: String,
        /// The name that the person shows, with the message by which it became known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// An event came in and was decided on.
    EventReceived {
        /// Its input.
        input: InputId,
        /// Its name.
        event: EventName,
        /// What decided it.
        decision: Decision,
        /// Why, in one line.
        reason: String,
        /// Its data, where the journal keeps it: not where it is private, nor above `limits::JOURNAL_VALUE_BYTES`, nor a
        /// second time where several runs take one event.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        data: Option<Value>,
        /// Who it named as its contact, if it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact: Option<Box<ContactRef>>,
    },
    /// Another system called the webhook of a flow, and that was decided on.
    WebhookReceived {
        /// Its input.
        input: InputId,
        /// The flow.
        flow: Slug,
        /// The webhook's name.
        name: Name,
        /// What decided it.
        decision: Decision,
        /// Why, in one line.
        reason: String,
        /// What was sent, where the journal keeps it, as that of an event.
        #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        data: Option<Value>,
    },
    /// A run began.
    RunStarted {
        /// The run.
        run: RunId,
        /// Its flow.
        flow: Slug,
        /// Its version.
        version: VersionId,
        /// Its key.
        key: Option<String>,
        /// What began it, in one line.
        reason: String,
        /// The run that it takes up again: then it is continued, not new.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        continues: Option<RunId>,
        /// The broadcast that began it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sending: Option<Box<Sending>>,
    },
    /// A run entered a state.
    Entered {
        /// The run.
        run: RunId,
        /// The flow: the sub-flow's inside one.
        flow: Slug,
        /// The state.
        state: Name,
    },
    /// A state was left by an outcome.
    Left {
        /// The run.
        run: RunId,
        /// The state.
        state: Name,
        /// The outcome.
        outcome: String,
        /// Why, in one line.
        reason: String,
    },
    /// A variable or attribute was set by an action.
    Set {
        /// The run.
        run: RunId,
        /// `score`, `contact.language`.
        name: String,
        /// The value; nothing where private.
        value: Value,
    },
    /// Tags changed.
    Tagged {
        /// The run.
        run: RunId,
        /// Put on.
        added: Vec<Slug>,
        /// Taken off.
        removed: Vec<Slug>,
    },
    /// A run ended.
    RunEnded {
        /// The run.
        run: RunId,
        /// Its flow.
        flow: Slug,
        /// Its result; `opted_out`, `expired`, `interrupted`, `failed` are the service's own.
        end: String,
        /// Why, in one line.
        reason: String,
    },
    /// A message was decided.
    Sent {
        /// The effect.
        effect: EffectId,
        /// The run, unless the service itself speaks.
        run: Option<RunId>,
        /// Over which channel.
        channel: ChannelName,
        /// Its kind.
        kind: ChannelKind,
        /// To whom.
        to: Address,
        /// What.
        content: OutboundContent,
        /// The notification that it comes from.
        notification: Option<Slug>,
        /// `opted_out`, `opted_in`, `help` when the service itself speaks.
        system: Option<String>,
    },
    /// A call was decided.
    Called {
        /// The effect.
        effect: EffectId,
        /// The run.
        run: RunId,
        /// The api.
        api: Slug,
        /// The method.
        method: String,
        /// The path.
        path: String,
    },
    /// A call ended.
    CallEnded {
        /// The effect.
        effect: EffectId,
        /// The outcome: `ok`, `404`, `failed`.
        outcome: String,
        /// Attempts.
        attempts: u8,
        /// Milliseconds.
        took: i64,
        /// Why, in one line.
        reason: String,
        /// What came back, where the journal keeps it: not where it is private, nor above `limits::JOURNAL_VALUE_BYTES`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<Box<CallOutcome>>,
    },
    /// A flow emitted an event.
    Emitted {
        /// The run.
        run: RunId,
        /// Its name.
        event: EventName,
        /// Its data.
        data: Value,
    },
    /// A word to operators.
    Alert {
        /// The run, unless the service itself speaks.
        run: Option<RunId>,
        /// What it says.
        say: String,
        /// The team.
        to: Option<Slug>,
        /// How urgent.
        level: AlertLevel,
    },
    /// The contact opted out of a kind of channel.
    OptedOut {
        /// The kind.
        kind: ChannelKind,
        /// How: `word`, `provider`.
        how: String,
    },
    /// The contact opted in again.
    OptedIn {
        /// The kind.
        kind: ChannelKind,
        /// How.
        how: String,
    },
    /// Nothing arrives at an address of the contact any more: it is not written to until it changes or is heard from.
    AddressDead {
        /// The medium.
        kind: ChannelKind,
        /// Why.
        reason: FailureReason,
        /// The server's code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    /// An attempt of an effect ended.
    Attempted {
        /// The effect.
        effect: EffectId,
        /// The attempt, from 1.
        attempt: u8,
        /// How.
        outcome: AttemptOutcome,
        /// The provider's id of the message.
        provider_id: Option<String>,
        /// The provider's own code and text, without secrets.
        detail: Option<String>,
        /// The provider's code alone, where it refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    /// A message leaves over another channel than before: one that stands in for its own, or its own again.
    Switched {
        /// The effect.
        effect: EffectId,
        /// Where it was to leave.
        from: ChannelName,
        /// Where it leaves.
        to: ChannelName,
        /// Why, in one line.
        reason: String,
    },
    /// A delivery report.
    Reported {
        /// The effect.
        effect: EffectId,
        /// How far it came.
        status: DeliveryStatus,
        /// Why it failed.
        reason: Option<FailureReason>,
        /// The provider's code.
        code: Option<String>,
        /// When, by the provider's clock.
        at: Option<Millis>,
        /// The provider's own code and text of a failure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// An input was set aside: the turn failed, or the process died over it again and again.
    SetAside {
        /// The input.
        input: InputId,
        /// Why.
        reason: String,
    },
    /// An input did not fit into the mailbox and was dropped.
    Overflow {
        /// The input.
        input: InputId,
    },
    /// The engine noticed something that an author should know: types that never compare equal, a limit.
    Note {
        /// The run.
        run: Option<RunId>,
        /// What.
        text: String,
    },
    /// The contact and all that belonged to it was deleted.
    Forgotten,
    /// The contact's own clock was moved on: what follows happened by so much later than the store's clock says, beside all
    /// that it was moved before.
    TimeMoved {
        /// By how much now.
        by: Span,
    },
    /// An operator, or a program through the API, changed what is known of the contact.
    ContactChanged {
        /// `language`; an attribute by its name, all tags as `tags`.
        name: String,
        /// The value; nothing where it was taken away.
        value: Value,
        /// Who changed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// An operator, or a program through the API, asked for a run.
    Begun {
        /// Its input.
        input: InputId,
        /// The flow.
        flow: Slug,
        /// The values that it was given, where the journal keeps them, as the data of an event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        with: Option<IndexMap<Name, Value>>,
        /// The broadcast that asked for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sending: Option<Box<Sending>>,
        /// The notification that it sends: then its flow is one that the service made around it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notification: Option<Slug>,
    },
    /// An operator ended all runs of the contact.
    Halted {
        /// Its input.
        input: InputId,
    },
    /// A run gives the conversation to a person.
    HandoffOpened(Box<HandoffOpened>),
    /// A person took the conversation over.
    HandoffTaken(Box<HandoffTaken>),
    /// A person wrote to the contact, or wanted to.
    PersonWrote(Box<PersonWrote>),
    /// The conversation is with the run again, or nobody took it.
    HandoffClosed(Box<HandoffClosed>),
    /// A report to another system was decided.
    Hooked {
        /// The effect.
        effect: EffectId,
        /// The run, if it is about one.
        run: Option<RunId>,
        /// The endpoint.
        endpoint: Slug,
        /// What it reports: `message.delivered`.
        kind: String,
        /// The message that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<EffectId>,
    },
    /// What became of a notification on its way.
    Way(Box<Way>),
    /// Another system, or who calls the API, said what the contact consents to.
    Consent(Box<ConsentTold>),
    /// Who the contact is now: told whenever it changed.
    Profile(Box<Profile>),
    /// A run went over to another version of its flow, as that was published. The state that it enters there is told next.
    Moved(Box<RunMoved>),
    /// A broadcast began nothing with the contact.
    Skipped(Box<Skipped>),
    /// The contact is part of another one from now on: what happens to it is told of that one.
    Merged {
        /// Of whom.
        into: ContactKey,
    },
    /// Another contact is part of this one from now on: its runs go on here under their ids.
    TookIn {
        /// Who it was.
        from: ContactKey,
    },
    /// What would have left for a test contact.
    Tried(Box<Tried>),
    /// A channel is held back, or no longer. It stands under the channel's own name and not under a person's.
    Channel(Box<ChannelTold>),
    /// No run of a flow begins, or they do again. It stands under the flow's own name.
    Flow(Box<FlowTold>),
}

/// Nothing that was written is something else than nothing written.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
