//! Gupshup's error codes. What Meta refused comes with Meta's own code.

use crate::domain::message::FailureReason::{self, *};
use crate::provider::send::{Accepted, SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, OptOutScope, ProviderError};
use crate::provider::{json, meta};
use serde_json::Value;

/// The code, what to do, why.
#[rustfmt::skip]
const CODES: &[(u32, Verdict)] = &[
    (500, retry(FailureReason::Unknown)),
    (1001, config(Configuration)),              // their side of the app is missing
    (1002, permanent(Invalid)),                 // not on WhatsApp
    (1003, config(Balance)),
    (1004, permanent(WindowClosed)),            // no open window, and templates are switched off
    (1005, permanent(WindowClosed)),            // … and no template fits
    (1006, permanent(WindowClosed)),            // … and no opt-in
    (1007, permanent(WindowClosed)),
    (1008, permanent(WindowClosed)),
    (1010, permanent(Content)),                 // the URL of a file
    (1011, permanent(Content)),                 // its size or type
    (1012, opted_out(OptOutScope::Everything)),
    (4001, throttle(LimitScope::Number)),
    (4002, throttle(LimitScope::Number)),
];

/// What a code means; no code or an unknown one: permanent, for a reason that we do not know.
pub fn verdict(code: Option<&str>) -> Verdict {
    let own = code.and_then(|code| code.parse::<u32>().ok()).and_then(|code| CODES.iter().find(|(known, _)| *known == code));
    own.map_or_else(|| meta::verdict(code), |(_, verdict)| *verdict)
}

/// What the answer to a send means. Refusals have words and no code: their status decides.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    let text = json::owned(&body, "message").unwrap_or_default();
    if (200..300).contains(&status) {
        return match (json::text(&body, "status"), json::owned(&body, "messageId")) {
            (Some("submitted"), Some(id)) => SendOutcome::Accepted(Accepted { id: Some(id), ..Accepted::default() }),
            (Some("error"), None) => {
                permanent(FailureReason::Unknown).outcome(ProviderError { code: Some(status.to_string()), text }, None)
            }
            _ => SendOutcome::Unknown,
        };
    }
    by_status(status, ProviderError { code: Some(status.to_string()), text }, retry_after(headers))
}
