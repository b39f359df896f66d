//! What a hosted mail service says became of one of our mails, whatever it calls that.

use super::answer::{Enhanced, reason_of};
use super::report::for_now;
use crate::domain::address::Address;
use crate::domain::mail::MailRef;
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::time::Millis;
use crate::provider::webhook::{Complaint, Decoded, Failure, OptOutScope, Other, ProviderError, Route, StatusReport};

/// Characters of a server's words that are kept.
const WORDS: usize = 400;

/// One event about one mail.
pub struct Fate<'b> {
    /// The mail, if the event names it.
    pub name: Option<MailRef>,
    /// The service's own id of the event or the mail.
    pub id: Option<String>,
    /// To whom it went.
    pub recipient: Option<String>,
    /// The service's word.
    pub word: &'b str,
    /// When.
    pub at: Option<Millis>,
    /// The server's enhanced status or code, and its words.
    pub code: Option<String>,
    /// The server's words.
    pub words: &'b str,
}

impl Fate<'_> {
    fn error(&self) -> ProviderError {
        let text = self.words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS).collect();
        ProviderError { code: self.code.clone(), text }
    }

    fn report(self, here: &Route, status: DeliveryStatus, failure: Option<Failure>) -> Decoded {
        let id = self.name.map(|name| name.to_string()).or(self.id).unwrap_or_default();
        if id.is_empty() {
            // It says of no mail which one it was.
            return Decoded::Other(Other { kind: "unnamed".to_owned(), id: None, error: failure.map(|failure| failure.error) });
        }
        Decoded::Status(Box::new(StatusReport {
            channel: here.channel.clone(),
            id,
            send: self.name.map(|name| name.send),
            status,
            provider_status: self.word.to_owned(),
            at: self.at,
            recipient: self.recipient.map(Address::Email),
            user_id: None,
            failure,
            pricing: None,
        }))
    }

    /// The receiver's server has it.
    pub fn delivered(self, here: &Route) -> Decoded {
        self.report(here, DeliveryStatus::Delivered, None)
    }

    /// The service has it and hands it on.
    pub fn sent(self, here: &Route) -> Decoded {
        self.report(here, DeliveryStatus::Sent, None)
    }

    /// The service goes on trying.
    pub fn waits(self, here: &Route) -> Decoded {
        let failure = for_now(self.error());
        self.report(here, DeliveryStatus::Sent, Some(failure))
    }

    /// It will not arrive, for this reason.
    pub fn failed(self, here: &Route, reason: FailureReason) -> Decoded {
        let retryable = reason == FailureReason::Unreachable;
        // The service keeps a list of who wants nothing: whoever is on it is not written to from here either.
        let opted_out = (reason == FailureReason::OptedOut).then_some(OptOutScope::Everything);
        let failure = Failure { reason, retryable, after: None, scope: None, opted_out, error: self.error() };
        self.report(here, DeliveryStatus::Failed, Some(failure))
    }

    /// It will not arrive; the reason is what the server's status says, else this one.
    pub fn bounced(self, here: &Route, otherwise: FailureReason) -> Decoded {
        let status = self.code.as_deref().and_then(Enhanced::parse).or_else(|| Enhanced::parse(self.words));
        let reason = match status {
            Some(status) if status.class == 5 => reason_of(status).unwrap_or(otherwise),
            _ => otherwise,
        };
        self.failed(here, reason)
    }

    /// The receiver wants no more: said that it is spam, or else unsubscribed at the service.
    pub fn complained(self, here: &Route, spam: bool) -> Decoded {
        // Without an id of its own it counts once for the mail, or for whoever it came from.
        let name = self.name.map(|name| name.to_string()).or_else(|| self.recipient.clone());
        Decoded::Complaint(Complaint {
            channel: here.channel.clone(),
            kind: here.kind,
            id: self.id.or(name).unwrap_or_else(|| "unnamed".to_owned()),
            send: self.name.map(|name| name.send),
            recipient: self.recipient.map(Address::Email),
            spam,
        })
    }

    /// Decides nothing.
    pub fn noted(self, service: &str) -> Decoded {
        let kind = format!("{service}_{}", self.word).chars().filter(|c| !c.is_control()).take(60).collect();
        Decoded::Other(Other { kind, id: self.id, error: None })
    }
}
