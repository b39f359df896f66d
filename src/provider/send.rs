//! What goes to a provider: the request, and what its answer means.

use super::email::Mail;
use super::smpp::Submission;
use super::webhook::{Headers, LimitScope, Method, OptOutScope, ProviderError};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{RunId, SendRef};
use crate::domain::message::FailureReason;
use crate::domain::name::ChannelName;
use crate::domain::time::{Millis, Span};
use bytes::Bytes;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// What a send needs beside the message.
#[derive(Debug, Clone, Copy)]
pub struct SendContext<'a> {
    /// The channel that it leaves by.
    pub channel: &'a ChannelName,
    /// Our name of the send; comes back in delivery reports.
    pub send: Option<SendRef>,
    /// The public URL of the channel's webhook, for providers that are told with each message where to report.
    pub status_callback: Option<&'a str>,
    /// The channel's medium.
    pub kind: ChannelKind,
    /// What only mails need.
    pub mail: Option<MailFacts<'a>>,
    /// The present moment: what is signed for the provider says when.
    pub now: Millis,
}

/// What a mail needs beside the message.
#[derive(Debug, Clone, Copy)]
pub struct MailFacts<'a> {
    /// When it was decided: its `Date`.
    pub at: Millis,
    /// The run that it belongs to: mails of one run are one thread.
    pub thread: Option<RunId>,
    /// The URL by which the contact opts out of mail, if the mail is to say so.
    pub unsubscribe: Option<&'a str>,
}

/// What leaves for a provider.
#[derive(Debug, Clone, PartialEq)]
pub enum Wire {
    /// A request to its API.
    Http(HttpRequest),
    /// A mail to its server.
    Mail(Mail),
    /// PDUs to a carrier.
    Smpp(Submission),
}

/// A request as data. The service's only HTTP client sends it.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Its method.
    pub method: Method,
    /// Its URL.
    pub url: String,
    /// Its headers. `Authorization` is among them.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// Its body.
    pub body: Bytes,
}

/// Headers by names that are known.
type Named = Vec<(&'static str, String)>;

impl HttpRequest {
    /// A question without a body.
    pub fn get(url: impl Into<String>, headers: Named) -> Self {
        Self::with(Method::Get, url.into(), headers, Bytes::new())
    }

    /// A body as it is; its type is among the headers.
    pub fn post(url: impl Into<String>, headers: Named, body: impl Into<Bytes>) -> Self {
        Self::with(Method::Post, url.into(), headers, body.into())
    }

    /// JSON, answered in JSON.
    pub fn json(url: impl Into<String>, headers: Named, body: &Value) -> Self {
        Self::typed(url.into(), headers, "application/json", body.to_string())
    }

    /// A form that was written by a serializer, answered in JSON.
    pub fn form(url: impl Into<String>, headers: Named, form: String) -> Self {
        Self::typed(url.into(), headers, "application/x-www-form-urlencoded", form)
    }

    /// The value of a header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn typed(url: String, mut headers: Named, kind: &str, body: String) -> Self {
        headers.extend([("Content-Type", kind.to_owned()), ("Accept", "application/json".to_owned())]);
        Self::with(Method::Post, url, headers, body.into())
    }

    fn with(method: Method, url: String, headers: Named, body: Bytes) -> Self {
        let headers = headers.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
        HttpRequest { method, url, headers, body }
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.url.split('?').next().unwrap_or(""))
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// Why a message cannot be written for this provider. A mistake in a flow or its presenter: nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The provider has nothing like it on this kind of channel.
    #[error("{provider} cannot send {what} on {kind}")]
    Unsupported {
        /// The provider.
        provider: &'static str,
        /// What was to be sent.
        what: &'static str,
        /// The medium.
        kind: ChannelKind,
    },
    /// Something is empty that must not be.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// Too much of something.
    #[error("{what} has {got}, the provider takes {max}")]
    TooLong {
        /// Of what.
        what: &'static str,
        /// How much.
        got: usize,
        /// How much there may be.
        max: usize,
    },
    /// The receiver's address is none that this channel can write to.
    #[error("this channel cannot write to that kind of address")]
    Address,
    /// The sender that the message names is no address.
    #[error("the sender of the message is no address")]
    Sender,
    /// Two buttons or rows with one id.
    #[error("two choices have the same id")]
    DoubleChoice,
}

/// What became of a send.
#[derive(Debug, Clone, PartialEq)]
pub enum SendOutcome {
    /// The provider has it.
    Accepted(Accepted),
    /// It will never be taken as it is.
    Rejected {
        /// Why.
        reason: FailureReason,
        /// The provider's words.
        error: ProviderError,
        /// The person opted out at the provider.
        opted_out: Option<OptOutScope>,
    },
    /// Too fast; it was not taken.
    Throttled {
        /// When to try again, if the provider says or documents it.
        after: Option<Span>,
        /// What was exceeded.
        scope: LimitScope,
        /// The provider's words.
        error: ProviderError,
    },
    /// It was not taken; the same may pass later.
    Retry {
        /// When to try again, if the provider says so.
        after: Option<Span>,
        /// Why: `Unreachable` is about the receiver, and says nothing of the provider.
        reason: FailureReason,
        /// The provider's words.
        error: ProviderError,
    },
    /// It may have been taken or not: never repeated silently.
    Unknown,
    /// Every message of this channel would fail: an operator must act.
    Misconfigured {
        /// Why.
        reason: FailureReason,
        /// The provider's words.
        error: ProviderError,
    },
}

/// What the provider said when it took a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Its id of the message; some answers have none.
    pub id: Option<String>,
    /// The receiver's business-scoped id.
    pub user_id: Option<String>,
    /// The receiver's WhatsApp id in digits; in some countries it is not the number that was dialled.
    pub wa_id: Option<String>,
    /// The provider holds it back for now.
    pub held: bool,
    /// It says that it has had it before, by its key: that proves something only of a send of which an attempt was lost.
    pub repeat: bool,
    /// Our name of it, where the answer says it: of a list that was asked for one it may be another.
    pub named: Option<SendRef>,
}

impl SendOutcome {
    /// What an answer means that says the message was taken: it is believed only with an id in it.
    pub fn taken(id: Option<String>) -> Self {
        match id {
            Some(id) => SendOutcome::Accepted(Accepted { id: Some(id), ..Accepted::default() }),
            None => SendOutcome::Unknown,
        }
    }

    /// The word of a metric's label.
    pub fn name(&self) -> &'static str {
        match self {
            SendOutcome::Accepted(_) => "accepted",
            SendOutcome::Rejected { .. } => "rejected",
            SendOutcome::Throttled { .. } => "throttled",
            SendOutcome::Retry { .. } => "retry",
            SendOutcome::Unknown => "unknown",
            SendOutcome::Misconfigured { .. } => "config_error",
        }
    }

    /// What it means that there was no answer.
    pub fn of_transport(error: TransportError) -> Self {
        match error {
            TransportError::NotSent => {
                SendOutcome::Retry { after: None, reason: FailureReason::Unknown, error: ProviderError::default() }
            }
            TransportError::Lost => SendOutcome::Unknown,
        }
    }
}

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportError {
    /// Nothing left this machine: name not found, connection refused, TLS failed, timeout while connecting.
    NotSent,
    /// The connection broke or time was up after the request may have been written.
    Lost,
}

/// What the answer to a question about the credentials says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// They are good.
    Valid,
    /// They are not.
    Refused,
    /// It says neither.
    Unclear,
}

/// A send whose answer was lost.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// Our name of it: whoever knows a message only by an id of its own cannot be asked, as that was lost with the answer.
    pub send: Option<SendRef>,
    /// To whom it went.
    pub to: &'a Address,
    /// The present moment.
    pub now: Millis,
}

/// What the provider says of a send whose answer was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It has the very message that was sought.
    There(Accepted),
    /// It never had it: the same may be sent again.
    Nowhere,
    /// It cannot be told.
    Unclear,
}

/// `Retry-After` in seconds, at most an hour. The form with a date is not used by providers.
pub(crate) fn retry_after(headers: &dyn Headers) -> Option<Span> {
    let seconds: i64 = headers.get("retry-after")?.trim().parse().ok()?;
    (seconds >= 0).then(|| Span::seconds(seconds.min(3_600)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::webhook::Pairs;

    #[test]
    fn retry_after_is_bounded() {
        let of = |value| retry_after(&Pairs(&[("Retry-After", value)]));
        assert_eq!(of("5"), Some(Span::seconds(5)));
        assert_eq!(of("999999999"), Some(Span::hours(1)));
        assert_eq!(of("-1"), None);
        assert_eq!(of("Sat, 21 Nov 2026 03:00:00 GMT"), None);
    }

    #[test]
    fn a_lost_answer_is_never_a_retry() {
        assert_eq!(SendOutcome::of_transport(TransportError::Lost), SendOutcome::Unknown);
        assert_eq!(SendOutcome::of_transport(TransportError::NotSent).name(), "retry");
    }
}
