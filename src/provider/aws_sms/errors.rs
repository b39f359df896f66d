//! What AWS refuses, and why messages fail.

use crate::domain::message::FailureReason::{self, *};
use crate::domain::time::Span;
use crate::provider::json;
use crate::provider::send::{Checked, SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, OptOutScope, ProviderError};
use serde_json::Value;

/// The type of an error, how its reason begins, what to do, after the API model of Amazon's SDKs. The first row that fits decides.
#[rustfmt::skip]
const ERRORS: &[(&str, &str, Verdict)] = &[
    ("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT", opted_out(OptOutScope::Everything)),
    ("ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED", permanent(Configuration)), // the sandbox: others may be fine
    ("ConflictException", "DESTINATION_", permanent(Blocked)),      // a rule of the account about countries or numbers
    ("ConflictException", "", config(Configuration)),               // the number or pool is not ready
    ("ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED", config(Balance)),
    ("ServiceQuotaExceededException", "", throttle(LimitScope::Account).after(Span::minutes(10))),
    ("ThrottlingException", "", throttle(LimitScope::Account)),
    ("TooManyRequestsException", "", throttle(LimitScope::Account)),
    ("ValidationException", "COUNTRY_NOT_ENABLED", permanent(Blocked)),
    ("ValidationException", "DESTINATION_COUNTRY_BLOCKED", permanent(Blocked)),
    ("ValidationException", "INTERNATIONAL_SENDING_NOT_SUPPORTED", permanent(Blocked)),
    ("ValidationException", "INVALID_IDENTITY_FOR_DESTINATION_COUNTRY", permanent(Blocked)),
    ("ValidationException", "CHANNEL_NOT_ENABLED", config(Configuration)),
    ("ValidationException", "RESOURCE_NOT_ACCESSIBLE", config(Configuration)),
    ("ValidationException", "SENDER_ID_", config(Configuration)),
    ("ValidationException", "PRICE_OVER_THRESHOLD", permanent(Limit)),
    ("ValidationException", "", permanent(Content)),
    ("AccessDeniedException", "", config(Configuration)),
    ("ResourceNotFoundException", "", config(Configuration)),
    ("UnrecognizedClientException", "", config(Configuration)),
    ("InvalidSignatureException", "", config(Configuration)),       // or the clock of this machine is wrong
    ("IncompleteSignatureException", "", config(Configuration)),
    ("InvalidClientTokenId", "", config(Configuration)),
    ("ExpiredTokenException", "", config(Configuration)),
    ("MissingAuthenticationTokenException", "", config(Configuration)),
    ("UnknownOperationException", "", config(Configuration)),
    ("InternalServerException", "", retry(FailureReason::Unknown)),
    ("ServiceUnavailableException", "", retry(FailureReason::Unknown)),
];

/// Those that say that the credentials are not good.
const CREDENTIALS: &[&str] = &[
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "ExpiredTokenException",
    "MissingAuthenticationTokenException",
];

/// Events with which a message ends without having arrived.
#[rustfmt::skip]
const EVENTS: &[(&str, Verdict)] = &[
    ("TEXT_BLOCKED", permanent(Blocked)),                           // the phone takes no messages
    ("TEXT_CARRIER_BLOCKED", permanent(Blocked)),
    ("TEXT_CARRIER_UNREACHABLE", retry(Unreachable).after(Span::minutes(10))),
    ("TEXT_INVALID", permanent(Invalid)),
    ("TEXT_INVALID_MESSAGE", permanent(Content)),
    ("TEXT_PROTECT_BLOCKED", permanent(Blocked)),                   // a rule of the account about countries
    ("TEXT_SPAM", permanent(Filtered)),
    ("TEXT_TTL_EXPIRED", permanent(Unreachable)),
    ("TEXT_UNKNOWN", permanent(FailureReason::Unknown)),
    ("TEXT_UNREACHABLE", retry(Unreachable).after(Span::minutes(10))),
];

/// What an event means with which a message ends without having arrived.
pub fn of_event(event: &str) -> Option<Verdict> {
    EVENTS.iter().find(|(known, _)| *known == event).map(|(_, verdict)| *verdict)
}

/// `com.amazonaws.x#ThrottlingException:http://…` is a `ThrottlingException`.
fn kind(body: &Value) -> Option<&str> {
    let written = json::text(body, "__type")?;
    let written = written.rsplit_once('#').map_or(written, |(_, kind)| kind);
    written.split(':').next()
}

/// What the answer to a send means.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        return SendOutcome::taken(json::owned(&body, "MessageId"));
    }
    let (kind, reason) = (kind(&body), json::text(&body, "Reason").unwrap_or(""));
    let text = json::owned(&body, "Message").or_else(|| json::owned(&body, "message")).unwrap_or_default();
    let code = match (kind, reason) {
        (Some(kind), "") => kind.to_owned(),
        (Some(kind), reason) => format!("{kind} {reason}"),
        (None, _) => status.to_string(),
    };
    let error = ProviderError { code: Some(code), text };
    let of_field = (kind == Some("ValidationException")).then(|| field(&body)).flatten();
    let row = ERRORS.iter().find(|(known, begins, _)| Some(*known) == kind && reason.starts_with(begins));
    match of_field.or(row.map(|(.., verdict)| *verdict)) {
        Some(verdict) => verdict.outcome(error, retry_after(headers)),
        None => by_status(status, error, retry_after(headers)),
    }
}

/// Which field a validation refused, if it says so: the receiver is this message's, the sender every message's.
fn field(body: &Value) -> Option<Verdict> {
    match json::list(body, "Fields").iter().find_map(|field| json::text(field, "Name"))? {
        "DestinationPhoneNumber" => Some(permanent(Invalid)),
        "OriginationIdentity" | "ConfigurationSetName" | "ProtectConfigurationId" => Some(config(Configuration)),
        _ => None,
    }
}

/// What the answer to a question about the account says. That it may not be asked is no word about sending.
pub fn checked(status: u16, body: &[u8]) -> Checked {
    let body = json::object(body).unwrap_or(Value::Null);
    match (status, kind(&body)) {
        (200..=299, _) => Checked::Valid,
        (_, Some(kind)) if CREDENTIALS.contains(&kind) => Checked::Refused,
        _ => Checked::Unclear,
    }
}
