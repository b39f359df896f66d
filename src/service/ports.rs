//! What the service needs from the world, as traits: time, tasks, chance and HTTP. Production gives the real ones
//! (`runtime`, `http_client`), a simulation gives its own and decides when each future goes on. Nothing else in the
//! service reads a clock, starts a task or opens a connection.

use crate::domain::id::SendRef;
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use crate::provider::email::{Mail, SmtpAnswer};
use crate::provider::webhook::Method;
use crate::provider::{HttpRequest, SendOutcome, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use rusmpp::pdus::SubmitSm;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The instance's own clock.
pub trait Clock: Send + Sync {
    /// Since some moment of the past; never steps back. Leases are measured with it.
    fn monotonic(&self) -> Duration;

    /// The wall clock. Only for keeping history for so many days; everything else uses the store's time.
    fn wall(&self) -> Millis;

    /// Ends after this time. Only for the pause before a call of an unavailable store is repeated.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}

/// Where work goes on that nobody waits for.
pub trait Spawn: Send + Sync {
    /// Runs the task to its end. `what` is for people.
    fn spawn(&self, what: &'static str, task: BoxFuture<'static, ()>);
}

/// Chance: only for `Who`, jitter and nothing that decides.
pub trait Random: Send + Sync {
    /// 32 fresh bits.
    fn bits(&self) -> u32;
}

/// Which addresses a request may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Any: the URL was configured by an engineer.
    Anywhere,
    /// No address that only this machine or its network can reach.
    PublicOnly,
}

/// One HTTP request.
#[derive(Clone)]
pub struct HttpCall {
    /// Its method.
    pub method: &'static str,
    /// Its URL.
    pub url: String,
    /// Its headers, credentials among them.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// Its body.
    pub body: Bytes,
    /// From the first step to the last byte of the answer.
    pub timeout: Duration,
    /// A larger answer is not read to its end.
    pub max_answer: usize,
    /// Where it may go.
    pub reach: Reach,
}

/// An answer to a send that is larger is no provider's.
const PROVIDER_ANSWER_BYTES: usize = 256 * 1024;

impl HttpCall {
    /// A provider's request. Its address is the operator's own setting.
    pub(super) fn to_provider(request: HttpRequest, timeout: Duration) -> Self {
        HttpCall {
            method: match request.method {
                Method::Get => "GET",
                Method::Post => "POST",
            },
            url: request.url,
            headers: request.headers,
            body: request.body,
            timeout,
            max_answer: PROVIDER_ANSWER_BYTES,
            reach: Reach::Anywhere,
        }
    }
}

/// Neither credentials nor content.
impl fmt::Debug for HttpCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCall")
            .field("method", &self.method)
            .field("url", &self.url.split('?').next().unwrap_or(""))
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// An answer, read in full.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Its status.
    pub status: u16,
    /// Its headers that are text, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAnswer").field("status", &self.status).field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}

impl crate::provider::Headers for HttpAnswer {
    fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// Why a request has no answer. What matters is whether the other side may have acted on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpFailure {
    /// Nothing was sent: no such name, connection refused, TLS failed.
    #[error("could not connect")]
    Refused,
    /// Nothing was sent: time was up while connecting.
    #[error("timed out while connecting")]
    TimeoutBeforeWrite,
    /// Time was up after the request may have been written.
    #[error("timed out")]
    TimeoutAfterWrite,
    /// The connection broke after the request may have been written.
    #[error("the connection broke")]
    Lost,
    /// It was answered, with more than is read.
    #[error("the answer is too large")]
    TooLarge {
        /// The status of the answer.
        status: u16,
    },
    /// The address is not one that this request may reach; nothing was sent.
    #[error("the address is not allowed")]
    NotAllowed,
    /// The request itself cannot be written: an impossible URL or header. Nothing was sent.
    #[error("the request is not valid")]
    Invalid,
}

impl HttpFailure {
    /// Whether the other side may have acted on the request.
    pub fn may_have_arrived(self) -> bool {
        matches!(self, HttpFailure::TimeoutAfterWrite | HttpFailure::Lost | HttpFailure::TooLarge { .. })
    }

    /// What it means for a message: sent again, or nobody knows whether it arrived.
    pub(super) fn of_send(self) -> SendOutcome {
        SendOutcome::of_transport(if self.may_have_arrived() { TransportError::Lost } else { TransportError::NotSent })
    }

    /// The word for journal and metrics.
    pub fn word(self) -> &'static str {
        match self {
            HttpFailure::Refused => "refused",
            HttpFailure::TimeoutBeforeWrite | HttpFailure::TimeoutAfterWrite => "timeout",
            HttpFailure::Lost => "lost",
            HttpFailure::TooLarge { .. } => "too_large",
            HttpFailure::NotAllowed => "not_allowed",
            HttpFailure::Invalid => "invalid",
        }
    }
}

/// Where the bytes of a large answer go.
#[async_trait]
pub trait Sink: Send {
    /// Takes the next of them; false: no more are wanted, because they cannot be kept.
    async fn take(&mut self, bytes: Bytes) -> bool;
}

/// One HTTP request, done once: no retries, no redirects.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Does it.
    async fn send(&self, call: HttpCall) -> Result<HttpAnswer, HttpFailure>;

    /// Does it; the body of a 2xx answer goes to the sink piece by piece and is never in memory as a whole, any other body
    /// is dropped.
    async fn download(&self, call: HttpCall, sink: &mut dyn Sink) -> Result<HttpAnswer, HttpFailure> {
        let answer = self.send(call).await?;
        let kept = !(200..300).contains(&answer.status) || sink.take(answer.body.clone()).await;
        if kept { Ok(HttpAnswer { body: Bytes::new(), ..answer }) } else { Err(HttpFailure::Lost) }
    }
}

/// Why a mail has no answer. What matters is whether the server may have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailFailure {
    /// Nobody is there: no such name, connection refused.
    #[error("could not connect")]
    Refused,
    /// The encryption failed, perhaps because the certificate is not believed.
    #[error("the connection could not be encrypted")]
    Tls,
    /// The server cannot encrypt, and the channel wants that.
    #[error("the server offers no STARTTLS")]
    NoTls,
    /// The server has no way of logging in that we know.
    #[error("the server offers no login that we know")]
    NoLogin,
    /// The configured certificates cannot be read.
    #[error("tls_ca holds no certificate")]
    Authorities,
    /// Time was up before the content was written.
    #[error("timed out before the content was sent")]
    TimeoutBefore,
    /// The connection broke before the content was written.
    #[error("the connection broke before the content was sent")]
    Broken,
    /// The connection broke, or time was up, after the content was written at least in part.
    #[error("the answer to the content was lost")]
    Lost,
    /// An address that cannot stand in an envelope.
    #[error("an address is not valid")]
    Invalid,
}

/// One mail, handed to its server once: no retries.
#[async_trait]
pub trait MailTransport: Send + Sync {
    /// Hands it over: the answer that decided, or why there is none.
    async fn send(&self, mail: &Mail, timeout: Duration) -> Result<SmtpAnswer, MailFailure>;
}

/// What a carrier answered to one message, or part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitAnswer {
    /// `command_status`.
    pub status: u32,
    /// Its id of the message, in the form in which receipts name it.
    pub id: Option<String>,
}

/// Why a carrier has not answered. What matters is whether it may have the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SmppFailure {
    /// Nothing was sent: there is no connection.
    #[error("this instance has no connection to the carrier")]
    NotBound,
    /// Nothing was sent: all answers that the window has room for were still to come.
    #[error("the carrier was too slow to answer what was sent before")]
    Full,
    /// The connection ended before the answer.
    #[error("the connection to the carrier ended before it answered")]
    Lost,
    /// The answer did not come in time.
    #[error("the carrier did not answer in time")]
    Timeout,
}

/// Who has a connection to a channel's carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// This instance.
    Here,
    /// Another one, as this instance saw it last.
    Elsewhere,
    /// Nobody that is known of.
    Nowhere,
}

/// The carriers that speak SMPP.
#[async_trait]
pub trait Carriers: Send + Sync {
    /// Where messages of this channel can leave.
    fn bound(&self, channel: &ChannelName) -> Bound;

    /// Whether they are left to other instances for now.
    fn is_left(&self, channel: &ChannelName) -> bool;

    /// Sends one PDU, once. `named` is the message that its receipt is about.
    async fn submit(
        &self,
        channel: &ChannelName,
        pdu: SubmitSm,
        named: Option<SendRef>,
        most: Duration,
    ) -> Result<SubmitAnswer, SmppFailure>;
}

/// For a service without mail: every mail fails before anything is sent.
pub struct NoMail;

#[async_trait]
impl MailTransport for NoMail {
    async fn send(&self, _mail: &Mail, _timeout: Duration) -> Result<SmtpAnswer, MailFailure> {
        Err(MailFailure::Refused)
    }
}
