//! Reports about our mails, as mail servers write them: bounces (RFC 3464) and complaints (RFC 5965).

use super::answer::{Enhanced, reason_of};
use super::parse::Came;
use crate::domain::address::Address;
use crate::domain::mail::{MailRef, email};
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::provider::webhook::{Complaint, Decoded, Failure, Other, ProviderError, Route, StatusReport};

/// Characters of a server's words that are kept.
const WORDS: usize = 400;

/// What the mail reports, if it is a report.
pub fn read(came: &Came<'_>, here: &Route) -> Option<Decoded> {
    if let Some(fields) = came.fields("feedback-report") {
        return Some(complaint(came, &fields, here));
    }
    let fields = came.fields("delivery-status").or_else(|| came.fields("global-delivery-status"))?;
    Some(bounce(came, &fields, here))
}

fn field<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// `rfc822;ann@example.com`
fn receiver(value: &str) -> Option<String> {
    let address = value.split_once(';').map_or(value, |(_, address)| address);
    email(address.trim().trim_matches(|c| matches!(c, '<' | '>')))
}

fn bounce(came: &Came<'_>, fields: &[(String, String)], here: &Route) -> Decoded {
    let Some(name) = came.mentions() else {
        // Anybody can write a bounce; only who has the mail can name it.
        return Decoded::Other(Other { kind: "bounce_of_nothing".to_owned(), id: Some(came.id()), error: None });
    };
    let status = field(fields, "status").and_then(Enhanced::parse);
    let words = field(fields, "diagnostic-code").unwrap_or_default();
    let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS).collect();
    let error = ProviderError { code: status.map(|status| status.to_string()), text: words };
    let (status, failure) = match field(fields, "action").unwrap_or_default().to_ascii_lowercase().as_str() {
        "failed" => (DeliveryStatus::Failed, Some(failed(status, error))),
        // Its server goes on trying; it was only asked to wait.
        "delayed" => (DeliveryStatus::Sent, Some(for_now(error))),
        "delivered" => (DeliveryStatus::Delivered, None),
        "relayed" | "expanded" => (DeliveryStatus::Sent, None),
        _ => return Decoded::Other(Other { kind: "bounce_unknown".to_owned(), id: Some(came.id()), error: Some(error) }),
    };
    Decoded::Status(Box::new(StatusReport {
        channel: here.channel.clone(),
        id: name.to_string(),
        send: Some(name.send),
        provider_status: field(fields, "action").unwrap_or_default().to_owned(),
        status,
        at: None,
        recipient: recipient(fields, name).map(Address::Email),
        user_id: None,
        failure,
        pricing: None,
    }))
}

/// Whom the mail went to, if the report says so: a forwarded mail bounces from an address that we never wrote to.
fn recipient(fields: &[(String, String)], name: MailRef) -> Option<String> {
    let said = ["original-recipient", "final-recipient", "x-failed-recipients", "original-rcpt-to"];
    said.into_iter().filter_map(|known| field(fields, known)).filter_map(receiver).find(|address| name.went_to(address))
}

fn failed(status: Option<Enhanced>, error: ProviderError) -> Failure {
    let reason = match status {
        Some(status) if status.class == 5 => reason_of(status).unwrap_or(FailureReason::Unknown),
        // It was tried for days.
        Some(_) => FailureReason::Unreachable,
        None => FailureReason::Unknown,
    };
    Failure { reason, retryable: reason == FailureReason::Unreachable, after: None, scope: None, opted_out: None, error }
}

/// A report of what may still pass.
pub(super) fn for_now(error: ProviderError) -> Failure {
    Failure { reason: FailureReason::Unreachable, retryable: true, after: None, scope: None, opted_out: None, error }
}

fn complaint(came: &Came<'_>, fields: &[(String, String)], here: &Route) -> Decoded {
    let kind = field(fields, "feedback-type").unwrap_or_default().to_ascii_lowercase();
    // `not-spam` takes a complaint back; it asks for nothing.
    let counts = matches!(kind.as_str(), "abuse" | "fraud" | "virus" | "opt-out" | "opt-out-list" | "other");
    match came.mentions().filter(|_| counts) {
        Some(name) => Decoded::Complaint(Complaint {
            channel: here.channel.clone(),
            kind: here.kind,
            id: came.id(),
            send: Some(name.send),
            // Anybody who has the mail can write such a report: it opts the contact out, and says nothing of an address.
            recipient: None,
            spam: !kind.starts_with("opt-out"),
        }),
        None => Decoded::Other(Other { kind: "complaint_of_nothing".to_owned(), id: Some(came.id()), error: None }),
    }
}
