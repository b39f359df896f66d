//! What comes from a provider: the request, what is in it, and what it is answered.

pub use super::route::{Route, Routes};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::SendRef;
use crate::domain::message::{DeliveryStatus, FailureReason, Inbound};
use crate::domain::name::ChannelName;
use crate::domain::time::{Millis, Span};
use core::net::IpAddr;
use std::borrow::Cow;
use std::fmt;

/// The methods that providers use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

/// Looks up a header by its name, in any case. Implemented by whoever has the headers, so that none are copied.
pub trait Headers {
    /// The first value of the header, if it is text.
    fn get(&self, name: &str) -> Option<&str>;
}

/// Headers as pairs, for tests and small callers.
#[derive(Clone, Copy)]
pub struct Pairs<'a>(pub &'a [(&'a str, &'a str)]);

impl Headers for Pairs<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| *v)
    }
}

/// One request to a webhook, read in full and bounded.
#[derive(Clone, Copy)]
pub struct WebhookRequest<'a> {
    /// Its method.
    pub method: Method,
    /// The public URL with its query exactly as the provider called it. Scheme, host and prefix come from the configuration,
    /// never from `Host` or `X-Forwarded-*`.
    pub url: &'a str,
    /// Its headers.
    pub headers: &'a dyn Headers,
    /// The body's bytes as they came.
    pub body: &'a [u8],
    /// Who called: the nearest address that is no proxy of ours (`server.trusted_proxies`).
    pub peer: Option<IpAddr>,
}

impl<'a> WebhookRequest<'a> {
    /// The query without `?`, empty if there is none.
    pub(crate) fn query(&self) -> &'a str {
        let without_fragment = self.url.split('#').next().unwrap_or("");
        without_fragment.split_once('?').map_or("", |(_, query)| query)
    }

    /// What follows the secret in the path of a webhook whose URL has one: `status`, or nothing.
    pub fn after_secret(&self) -> &'a str {
        super::guard::after_secret(self.url)
    }
}

/// Why a request is not believed. Answered with 403 and nothing else; the word is for a counter and the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No signature where there must be one.
    #[error("unsigned")]
    Unsigned,
    /// A signature that does not fit.
    #[error("forged")]
    Forged,
    /// Signed in a way that this channel has no key for, or with an algorithm that we do not know.
    #[error("unknown_key")]
    UnknownKey,
    /// The channel has no secret to check with: nothing is believed.
    #[error("no_secret")]
    NoSecret,
    /// Signed too long ago, or in the future.
    #[error("stale")]
    Stale,
    /// Without the user and password that the channel wants. Answered with 401: some say them only when they are asked.
    #[error("no_login")]
    NoLogin,
    /// From an address that is not the provider's.
    #[error("elsewhere")]
    Elsewhere,
}

/// What a request is judged by beside itself.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The present moment.
    pub now: Millis,
    /// The certificate in PEM that it says it is signed with, from where its service keeps them.
    pub certificate: Option<&'a [u8]>,
}

/// Why a believed request cannot be read. Answered with 400; never holds a part of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// An answer to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Cow<'static, str>,
}

/// One thing that a webhook said.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// A person wrote.
    Message(Box<Received>),
    /// One of our messages came further, or did not.
    Status(Box<StatusReport>),
    /// The provider changed its mind about an approved template.
    Template(TemplateStatus),
    /// The provider said something of one of our numbers as a whole.
    Quality(NumberQuality),
    /// A person told their mail program that a mail of ours is unwanted.
    Complaint(Complaint),
    /// A service asks whether it may send notifications here.
    Subscription(Subscription),
    /// Something else: kept in the journal, answered with 2xx.
    Other(Other),
}

/// A person told their mail program or a mail service that they want no more of our mails.
#[derive(Debug, Clone, PartialEq)]
pub struct Complaint {
    /// The channel that the mail left by.
    pub channel: ChannelName,
    /// Its medium.
    pub kind: ChannelKind,
    /// The id of the complaint.
    pub id: String,
    /// Our name of the mail, if it came back.
    pub send: Option<SendRef>,
    /// Who complained, where whoever says so is believed.
    pub recipient: Option<Address>,
    /// Whether they said that it is spam; else they unsubscribed, which is theirs to take back.
    pub spam: bool,
}

/// A service asks whether it may send notifications here. The topic is one that the channel names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// What it sends.
    pub topic: String,
    /// What is to be fetched to say yes.
    pub url: String,
}

/// A message with what only the provider's side of it knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The message.
    pub message: Inbound,
    /// Our number as the provider names it.
    pub to: String,
    /// SMS segments, if the provider counts them.
    pub segments: Option<u32>,
    /// Which part of a longer message it is, if the provider hands on the parts as they come.
    pub part: Option<Part>,
    /// Why the provider could not pass on the content.
    pub error: Option<ProviderError>,
}

/// A part of a longer message: each is a message of its own here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What the parts of one message have in common.
    pub reference: String,
    /// Which one it is, from 1.
    pub number: u16,
    /// How many there are.
    pub of: u16,
}

/// A delivery report.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusReport {
    /// The channel that the message left by.
    pub channel: ChannelName,
    /// The provider's id of the message.
    pub id: String,
    /// Our name of it, if it came back.
    pub send: Option<SendRef>,
    /// How far it came.
    pub status: DeliveryStatus,
    /// The provider's word for it.
    pub provider_status: String,
    /// When.
    pub at: Option<Millis>,
    /// To whom it went.
    pub recipient: Option<Address>,
    /// Their business-scoped id.
    pub user_id: Option<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What it costs.
    pub pricing: Option<Pricing>,
}

/// Why a message failed after the provider had taken it. It is final: nothing is sent again after a report, also where the provider
/// thinks that it may pass later; the flow decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The reason.
    pub reason: FailureReason,
    /// Whether the same message may pass later.
    pub retryable: bool,
    /// Not before this time has passed.
    pub after: Option<Span>,
    /// What was exceeded, if a limit was.
    pub scope: Option<LimitScope>,
    /// The person opted out at the provider, and of what.
    pub opted_out: Option<OptOutScope>,
    /// The provider's own words.
    pub error: ProviderError,
}

/// What an opt-out that the provider knows of covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOutScope {
    /// Every message of this channel.
    Everything,
    /// Marketing only.
    Marketing,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitScope {
    /// Our number and this person.
    Pair,
    /// Our number.
    Number,
    /// The account: a WhatsApp business account, a Twilio account.
    Account,
    /// The app that the token belongs to.
    App,
}

/// A provider's error. Its text may name a person: it is for the journal, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ProviderError {
    /// Its code.
    pub code: Option<String>,
    /// Its text.
    pub text: String,
}

impl fmt::Debug for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProviderError({})", self.code.as_deref().unwrap_or("no code"))
    }
}

/// What a message costs, as far as the provider says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pricing {
    /// `utility`, `marketing`, `service` …
    pub category: String,
    /// Whether it is charged.
    pub billable: bool,
}

/// The provider changed its mind about an approved template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateStatus {
    /// Its name.
    pub template: String,
    /// Its language.
    pub language: Option<String>,
    /// `APPROVED`, `REJECTED`, `PAUSED` …
    pub event: String,
    /// Why.
    pub reason: Option<String>,
}

/// The provider said something of one of our numbers as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberQuality {
    /// The channel with this number, if one is known to have it.
    pub channel: Option<ChannelName>,
    /// The number as the provider shows it.
    pub number: String,
    /// What it means.
    pub event: NumberEvent,
    /// The provider's word for it: `FLAGGED`, `DOWNGRADE` …
    pub word: String,
    /// What the number may send now, in the provider's words: `TIER_10K`.
    pub limit: Option<String>,
    /// When, by the provider's clock.
    pub at: Option<Millis>,
}

/// What was said of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberEvent {
    /// Too many people block or report it.
    Flagged,
    /// That is over.
    Unflagged,
    /// It may send less than before.
    Lowered,
    /// It may send more, or something that we do not know.
    Other,
}

/// Something that decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Other {
    /// The provider's word for it, or ours: `unknown_number`, `error` …
    pub kind: String,
    /// The provider's id of what it is about.
    pub id: Option<String>,
    /// An error that came with it.
    pub error: Option<ProviderError>,
}
