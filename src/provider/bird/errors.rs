//! Bird's errors: words, not numbers. Answers have a coarse `type`, an exact `name` and a `code` of theirs; reports have a word.

use crate::domain::message::FailureReason::*;
use crate::domain::time::Span;
use crate::provider::json;
use crate::provider::send::{SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, OptOutScope, ProviderError};
use serde_json::Value;

/// Words in reports, of SMS and of WhatsApp.
#[rustfmt::skip]
const REPORTS: &[(&str, Verdict)] = &[
    ("blocked_by_carrier", permanent(Blocked)),
    ("blocked_by_fraud_protection", permanent(Filtered)),
    ("blocked_by_recipient", permanent(Blocked)),
    ("content_rejected", permanent(Filtered)),
    ("insufficient_balance", config(Balance)),
    ("internal_error", retry(Unknown)),
    ("invalid_destination", permanent(Invalid)),
    ("landline_unreachable", permanent(Invalid)),
    ("media_rejected", permanent(Content)),
    ("price_not_found", permanent(Blocked)),    // no price for that country: other receivers are fine
    ("provider_unavailable", retry(Unknown)),
    ("rate_limited", throttle(LimitScope::Number)),
    ("recipient_opted_out", opted_out(OptOutScope::Everything)),
    ("recipient_suppressed", opted_out(OptOutScope::Everything)),
    ("sender_unregistered", config(Configuration)),
    ("service_window_expired", permanent(WindowClosed)),
    ("undeliverable", permanent(Unreachable)),
    ("unknown", permanent(Unknown)),
    ("unreachable", retry(Unreachable).after(Span::minutes(10))),
];

/// Names, codes and types in answers; the first that is known of an answer decides, in this order.
#[rustfmt::skip]
const ANSWERS: &[(&str, Verdict)] = &[
    ("WhatsAppServiceWindowClosed", permanent(WindowClosed)),
    ("WhatsAppInvalidRecipient", permanent(Invalid)),
    ("WhatsAppRecipientNotSupportedForTemplate", permanent(Invalid)),
    ("WhatsAppTemplateParameterMismatch", permanent(Template)),
    ("WhatsAppSenderNotAllowed", config(Configuration)),
    ("WhatsAppSenderNotConnected", config(Configuration)),
    ("WhatsAppSenderNotFound", config(Configuration)),
    ("WhatsAppSenderRequired", config(Configuration)),
    ("WhatsAppSenderWABAMismatch", config(Configuration)),
    ("SMSNoEligibleSender", config(Configuration)),
    ("E01004", retry(Unknown)),                 // the same send is under way
    ("E01005", permanent(Unknown)),             // the key was used for something else
    ("E01033", retry(Unknown)),                 // repeats cannot be recognised just now: nothing was done
    ("idempotency_key_in_use", retry(Unknown)),
    ("invalid_recipient", permanent(Invalid)),
    ("auth_error", config(Configuration)),
    ("authentication_failed", config(Configuration)),
    ("billing_error", config(Balance)),
    ("permission_error", config(Configuration)),
    ("permission_denied", config(Configuration)),
    ("misdirected_error", config(Configuration)), // another region
    ("rate_limit_error", throttle(LimitScope::Account)),
    ("rate_limited", throttle(LimitScope::Account)),
    ("validation_error", permanent(Content)),
    ("bad_request_error", permanent(Content)),
    ("payload_too_large_error", permanent(Content)),
    ("service_unavailable_error", retry(Unknown)),
];

fn find(table: &[(&str, Verdict)], word: Option<&str>) -> Option<Verdict> {
    let word = word?;
    table.iter().find(|(known, _)| *known == word).map(|(_, verdict)| *verdict)
}

/// What a failed report means; without a word of its own the event decides.
pub fn delivery(code: Option<&str>, event: &str) -> Verdict {
    let by_event = if matches!(event, "expired" | "undelivered") { permanent(Unreachable) } else { permanent(Unknown) };
    find(REPORTS, code).or_else(|| find(ANSWERS, code)).unwrap_or(by_event)
}

/// The error in a report.
pub fn of_report(data: &Value) -> ProviderError {
    let inside = ["error", "last_error"].into_iter().filter_map(|key| data.get(key)).find(|error| error.is_object());
    let error = inside.unwrap_or(&Value::Null);
    let code = json::code(error, "code").or_else(|| json::code(data, "error_code"));
    let text = json::owned(error, "description").or_else(|| json::owned(error, "message"));
    ProviderError { code, text: text.unwrap_or_default() }
}

/// What the answer to a send means.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        return SendOutcome::taken(json::owned(&body, "id"));
    }
    let problem = body.get("error").filter(|error| error.is_object()).unwrap_or(&body);
    let words = ["name", "code", "type"].map(|key| json::code(problem, key));
    let known = words.iter().find_map(|word| find(ANSWERS, word.as_deref()));
    let error =
        ProviderError { code: words.into_iter().flatten().next(), text: json::owned(problem, "message").unwrap_or_default() };
    match known {
        Some(verdict) => verdict.outcome(error, retry_after(headers)),
        None => by_status(status, error, retry_after(headers)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::webhook::Pairs;
    use serde_json::json;
    use std::collections::HashSet;

    #[test]
    fn every_word_is_there_once() {
        for table in [REPORTS, ANSWERS] {
            let words: HashSet<&str> = table.iter().map(|(word, _)| *word).collect();
            assert_eq!(words.len(), table.len());
        }
    }

    #[test]
    fn the_most_exact_word_decides() {
        let of = |status, body: Value| classify(status, &Pairs(&[]), body.to_string().as_bytes());
        match of(422, json!({ "type": "validation_error", "code": "E15000", "name": "WhatsAppServiceWindowClosed" })) {
            SendOutcome::Rejected { reason, error, .. } => {
                assert_eq!((reason, error.code.as_deref()), (WindowClosed, Some("WhatsAppServiceWindowClosed")));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(of(409, json!({ "error": { "type": "conflict_error", "code": "E01004" } })).name(), "retry");
        assert_eq!(of(409, json!({ "type": "conflict_error", "code": "E01005" })).name(), "rejected");
        assert_eq!(of(402, json!({ "type": "billing_error" })).name(), "config_error");
        assert_eq!(of(429, json!({ "type": "rate_limited" })).name(), "throttled");
        assert_eq!(of(503, json!({})).name(), "retry");
        assert_eq!(of(504, json!({})).name(), "unknown");
        assert_eq!(of(202, json!({})).name(), "unknown");
    }

    #[test]
    fn reports_without_a_word_are_judged_by_their_event() {
        assert_eq!(delivery(Some("recipient_opted_out"), "failed").opted_out, Some(OptOutScope::Everything));
        assert_eq!(delivery(None, "expired").reason, Unreachable);
        assert_eq!(delivery(Some("new_word"), "failed"), permanent(Unknown));
        let error = of_report(&json!({ "last_error": { "code": "undeliverable", "description": "gone" } }));
        assert_eq!((error.code.as_deref(), error.text.as_str()), (Some("undeliverable"), "gone"));
    }
}
