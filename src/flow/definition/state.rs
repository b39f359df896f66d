//! States and the kinds that wait for something other than a reply.

use super::{Action, Ask, Message, Notify, Outcomes, Slot, Target, Texts, Troubles};
use crate::domain::message::DeliveryStatus;
use crate::domain::name::{EventName, Name, Slug};
use crate::domain::time::Span;
use crate::flow::diagnostic::At;
use crate::flow::expression::{Expression, Template, ValueTemplate};

/// A state.
#[derive(Debug, Clone)]
pub struct State {
    /// What is done on entering, in order, before the kind.
    pub actions: Vec<Action>,
    /// What it does and where it leads.
    pub kind: Kind,
    /// What of the result is kept.
    pub save: Option<Save>,
    /// The reply and what is saved are masked in the journal.
    pub private: bool,
    /// Former names: runs of older versions can be moved here.
    pub was: Vec<Name>,
    /// For people.
    pub note: Option<String>,
    /// Where it stands.
    pub at: At,
}

/// What of a kind's result is kept.
#[derive(Debug, Clone)]
pub enum Save {
    /// All of it.
    Whole(Slot),
    /// Parts, read from `body`.
    Parts(Vec<(Slot, ValueTemplate)>),
}

/// What a state does.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Nothing: it only leads on.
    Pass(Target),
    /// The run is over.
    End(Name),
    /// Sends a question, or none, and waits for a reply.
    Ask(Box<Ask>),
    /// An HTTP request.
    Call(Box<Call>),
    /// Waits for time or an event.
    Wait(Box<Wait>),
    /// Weighted arms.
    Split(Split),
    /// A notification with a criterion of success.
    Deliver(Box<Deliver>),
    /// A sub-flow.
    Run(Box<RunFlow>),
    /// Events collected over a time.
    Digest(Box<Digest>),
    /// The conversation goes to a person.
    Handoff(Box<Handoff>),
}

/// `call`.
#[derive(Debug, Clone)]
pub struct Call {
    /// The entry of the configuration.
    pub api: Slug,
    /// `GET` and so on, in capitals.
    pub method: &'static str,
    /// Begins with `/`; each `{{ }}` is percent-encoded.
    pub path: Template,
    /// Percent-encoded.
    pub query: Vec<(String, Template)>,
    /// Headers.
    pub headers: Vec<(String, Template)>,
    /// What is sent.
    pub body: CallBody,
    /// For one attempt.
    pub timeout: Span,
    /// Repetitions after the first attempt.
    pub retry: u8,
    /// Ordinary outcomes: `ok`, statuses.
    pub outcomes: Outcomes,
    /// Trouble that the state decides itself.
    pub troubles: Troubles,
}

/// What a call sends.
#[derive(Debug, Clone)]
pub enum CallBody {
    /// Nothing.
    Empty,
    /// JSON with types kept.
    Json(ValueTemplate),
    /// A form.
    Form(Vec<(String, Template)>),
    /// Text.
    Text(Template),
}

/// `split`.
#[derive(Debug, Clone)]
pub struct Split {
    /// The arms with their weights, in the order of the file; one weighs more than nothing.
    pub arms: Vec<(Name, u32)>,
    /// An ordinary outcome for each arm.
    pub outcomes: Outcomes,
}

/// `wait`.
#[derive(Debug, Clone)]
pub struct Wait {
    /// For what.
    pub until: WaitFor,
    /// Then on to the next moment inside these hours.
    pub hours: Option<Slug>,
    /// Ordinary outcome `ok`.
    pub outcomes: Outcomes,
    /// `silence`, with `event` only.
    pub troubles: Troubles,
    /// Where it stands.
    pub at: At,
}

/// What a wait waits for.
#[derive(Debug, Clone)]
pub enum WaitFor {
    /// Elapsed time.
    For(Span),
    /// Calendar days, then a clock time, where the contact lives.
    Days {
        /// How many midnights; 0 is today.
        days: u32,
        /// The clock time; the time of day of the moment when absent.
        at: Option<jiff::civil::Time>,
    },
    /// A moment; at once if it is past.
    Until(Template),
    /// The first such event.
    Event {
        /// Its name.
        name: EventName,
        /// The key that the event's own `key` must equal.
        key: Option<Template>,
        /// Only if this holds; `event` is readable here.
        condition: Option<Expression>,
    },
}

/// `run`.
#[derive(Debug, Clone)]
pub struct RunFlow {
    /// The sub-flow.
    pub flow: Slug,
    /// Values for its variables by name, checked when it is entered.
    pub with: Vec<(Name, ValueTemplate)>,
    /// Its ends.
    pub outcomes: Outcomes,
    /// `failed`, and ends that are called like trouble.
    pub troubles: Troubles,
}

/// `deliver`.
#[derive(Debug, Clone)]
pub struct Deliver {
    /// What is sent, over its route.
    pub notify: Notify,
    /// The report that is success: `sent`, `delivered` or `read`.
    pub until: DeliveryStatus,
    /// How long it is awaited for the last message of the route.
    pub within: Span,
    /// Ordinary outcome `ok`.
    pub outcomes: Outcomes,
    /// `undelivered`.
    pub troubles: Troubles,
    /// Where it stands.
    pub at: At,
}

/// `digest`.
#[derive(Debug, Clone)]
pub struct Digest {
    /// The events that are collected.
    pub event: EventName,
    /// The key that the event's own `key` must equal.
    pub key: Option<Template>,
    /// How long it takes at most.
    pub window: Span,
    /// With so many it goes on at once.
    pub max: u16,
    /// It goes on when for so long none has come; at most after `window`.
    pub extend: Option<Span>,
    /// Ordinary outcome `ok`.
    pub outcomes: Outcomes,
    /// Where it stands.
    pub at: At,
}

/// `handoff`.
#[derive(Debug, Clone)]
pub struct Handoff {
    /// The team.
    pub to: Slug,
    /// What its members should know.
    pub note: Option<Texts>,
    /// What the contact is told.
    pub say: Option<Message>,
    /// Ordinary outcome `ok`: the person's resolution.
    pub outcomes: Outcomes,
    /// `silence`: nobody took it.
    pub troubles: Troubles,
    /// Where it stands.
    pub at: At,
}
