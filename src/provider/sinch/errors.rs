//! Sinch's codes: numbers in the reports of the SMS API, words in those of the Conversation API, and the words of answers.

use super::under;
use crate::domain::id::SendRef;
use crate::domain::message::FailureReason::{self, *};
use crate::domain::time::Span;
use crate::provider::send::{Accepted, Found, SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, ProviderError};
use crate::provider::{json, meta};
use serde_json::Value;

/// Why a handset was not reached for now.
const OUT_OF_REACH: Verdict = retry(Unreachable).after(Span::minutes(10));

/// Codes of the SMS API's reports. Those below 400 are the phone network's.
#[rustfmt::skip]
const CODES: &[(u32, Verdict)] = &[
    (1, permanent(Invalid)),                    // unknown subscriber
    (5, permanent(Invalid)),
    (6, OUT_OF_REACH),                          // absent
    (9, permanent(Invalid)),
    (11, permanent(Invalid)),
    (12, permanent(Invalid)),
    (13, permanent(Blocked)),
    (15, permanent(Filtered)),
    (27, OUT_OF_REACH),
    (31, OUT_OF_REACH),
    (32, OUT_OF_REACH),
    (34, retry(Unknown)),
    (60, config(Configuration)),                // the campaign is not active
    (62, permanent(Filtered)),
    (64, throttle(LimitScope::Number)),
    (152, permanent(Invalid)),
    (300, permanent(Invalid)),
    (310, config(Configuration)),               // our number
    (321, permanent(Blocked)),
    (402, permanent(Unreachable)),              // no route
    (403, retry(Unknown)),
    (404, OUT_OF_REACH),
    (405, permanent(Content)),
    (406, permanent(Unreachable)),              // its time was over
    (407, permanent(Unknown)),                  // cancelled at Sinch
    (408, permanent(Filtered)),
    (410, config(Configuration)),
    (411, permanent(Content)),                  // too many parts
    (412, config(Configuration)),               // the region is not enabled
    (413, config(Configuration)),               // the account is blocked
    (414, permanent(Content)),                  // the URL of a file
    (415, permanent(Blocked)),
    (416, permanent(Content)),
    (417, OUT_OF_REACH),
    (418, permanent(Content)),
];

/// Words of the Conversation API's reports and of answers.
#[rustfmt::skip]
const WORDS: &[(&str, Verdict)] = &[
    ("BAD_REQUEST", permanent(Content)),
    ("CAPABILITY_MISSING", permanent(Content)),
    ("CHANNEL_BAD_CONFIGURATION", config(Configuration)),
    ("CHANNEL_CONFIGURATION_MISSING", config(Configuration)),
    ("CHANNEL_FAILURE", retry(Unknown)),
    ("CHANNEL_REJECT", permanent(Unknown)),
    ("CONTACT_NOT_FOUND", permanent(Invalid)),
    ("DELIVERY_REJECTED_DUE_TO_POLICY", permanent(Filtered)),
    ("DELIVERY_TIMED_OUT", permanent(Unreachable)),
    ("INACTIVE_CREDENTIAL", config(Configuration)),
    ("INTERNAL_ERROR", retry(Unknown)),
    ("MEDIA_NOT_REACHABLE", permanent(Content)),
    ("MEDIA_TOO_LARGE", permanent(Content)),
    ("MEDIA_TYPE_UNSUPPORTED", permanent(Content)),
    ("MESSAGE_EXPIRED", permanent(Unreachable)),
    ("MESSAGE_SPLIT_REQUIRED", permanent(Content)),
    ("NO_CHANNELS_LEFT", permanent(Unreachable)),
    ("NO_CHANNEL_IDENTITY_FOR_CONTACT", permanent(Invalid)),
    ("NO_PERMISSION", config(Configuration)),
    ("NO_PROFILE_AVAILABLE", permanent(Invalid)),
    ("OUTSIDE_ALLOWED_SENDING_WINDOW", permanent(WindowClosed)),
    ("RATE_LIMITED", throttle(LimitScope::Number)),
    ("RECIPIENT_INVALID_CHANNEL_IDENTITY", permanent(Invalid)),
    ("RECIPIENT_NOT_OPTED_IN", permanent(Blocked)),
    ("RECIPIENT_NOT_REACHABLE", permanent(Unreachable)), // also somebody of Meta's marketing experiment
    ("TEMPLATE_INSUFFICIENT_PARAMETERS", permanent(Template)),
    ("TEMPLATE_NON_EXISTING_LANGUAGE_OR_VERSION", permanent(Template)),
    ("TEMPLATE_NOT_FOUND", permanent(Template)),
    ("UNKNOWN", permanent(Unknown)),
    ("UNKNOWN_APP", config(Configuration)),
    ("UNSUPPORTED_OPERATION", permanent(Content)),
    // The words of answers (gRPC's).
    ("FAILED_PRECONDITION", permanent(Unknown)),
    ("INVALID_ARGUMENT", permanent(Content)),
    ("NOT_FOUND", config(Configuration)),
    ("PERMISSION_DENIED", config(Configuration)),
    ("RESOURCE_EXHAUSTED", throttle(LimitScope::Account)),
    ("UNAUTHENTICATED", config(Configuration)),
    ("UNAVAILABLE", retry(Unknown)),
    // The SMS API's.
    ("syntax_constraint_violation", permanent(Content)),
    ("syntax_invalid_json", permanent(Content)),
    ("syntax_invalid_parameter_format", permanent(Content)),
    ("unauthorized", config(Configuration)),
];

/// What a code of the SMS API's reports means.
pub fn of_report(code: Option<&str>) -> Verdict {
    let code: Option<u32> = code.and_then(|code| code.parse().ok());
    let found = code.and_then(|code| CODES.binary_search_by_key(&code, |(known, _)| *known).ok());
    found.map_or(permanent(FailureReason::Unknown), |at| CODES[at].1)
}

fn find(word: &str) -> Option<Verdict> {
    WORDS.iter().find(|(known, _)| *known == word).map(|(_, verdict)| *verdict)
}

/// What the reason in a report of the Conversation API means. Where WhatsApp itself said why, that says more.
pub fn of_reason(reason: &Value) -> Verdict {
    let theirs = json::code(reason, "channel_code").filter(|code| code != "0");
    let said = theirs.and_then(|code| meta::known(Some(code.as_str())));
    said.or_else(|| find(json::text(reason, "code")?)).unwrap_or(permanent(FailureReason::Unknown))
}

/// The reason in Sinch's own words.
pub fn reason(reason: &Value) -> ProviderError {
    ProviderError { code: json::code(reason, "code"), text: json::owned(reason, "description").unwrap_or_default() }
}

/// What Sinch's answer to a send means. The Conversation API answers with `message_id`, the SMS API with `id`.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        return SendOutcome::taken(json::owned(&body, "message_id").or_else(|| json::owned(&body, "id")));
    }
    let inner = under(&body, "error");
    let code = json::owned(inner, "status").or_else(|| json::code(inner, "code")).or_else(|| json::code(&body, "code"));
    let text = json::owned(inner, "message").or_else(|| json::owned(&body, "text")).unwrap_or_default();
    let error = ProviderError { code, text };
    match error.code.as_deref().and_then(find) {
        Some(verdict) => verdict.outcome(error, retry_after(headers)),
        None if status == 400 => permanent(Content).outcome(error, None),
        None => by_status(status, error, retry_after(headers)),
    }
}

/// What Sinch says of the batches with our name. That it knows none says nothing: batches are listed with a delay.
pub fn found(send: SendRef, status: u16, body: &[u8]) -> Found {
    let body = json::object(body).unwrap_or(Value::Null);
    let named = |batch: &&Value| json::text(batch, "client_reference").and_then(SendRef::parse) == Some(send);
    match json::list(&body, "batches").iter().find(named).and_then(|batch| json::owned(batch, "id")) {
        Some(id) if status == 200 => Found::There(Accepted { id: Some(id), ..Accepted::default() }),
        _ => Found::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{ContactKey, DedupeHash, InputId, Token};
    use crate::provider::verdict::Class;
    use crate::provider::webhook::{OptOutScope, Pairs};
    use serde_json::json;

    #[test]
    fn every_code_and_word_is_there_once() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let mut words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
        words.sort_unstable();
        assert!(words.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn whatsapps_own_code_says_more() {
        let of = |code: &str, channel_code: &str| of_reason(&json!({ "code": code, "channel_code": channel_code }));
        assert_eq!(of("CHANNEL_FAILURE", "131050").opted_out, Some(OptOutScope::Marketing));
        assert_eq!(of("OUTSIDE_ALLOWED_SENDING_WINDOW", "131047").reason, WindowClosed);
        assert_eq!(of("RATE_LIMITED", "").class, Class::Throttle(LimitScope::Number));
        assert_eq!(of("NEW_WORD", "x"), permanent(Unknown));
        assert_eq!(of_reason(&Value::Null), permanent(Unknown));
    }

    #[test]
    fn codes_of_text_messages() {
        assert_eq!(of_report(Some("404")).class, Class::Retry);
        assert_eq!((of_report(Some("402")).reason, of_report(Some("1")).reason), (Unreachable, Invalid));
        for unknown in [None, Some("999"), Some("x")] {
            assert_eq!(of_report(unknown), permanent(Unknown));
        }
    }

    #[test]
    fn answers_of_both_apis() {
        let of = |status, body: &str| classify(status, &Pairs(&[]), body.as_bytes()).name();
        assert_eq!(of(200, "<html>"), "unknown");
        assert_eq!(of(201, r#"{"id":"01F"}"#), "accepted");
        assert_eq!(of(200, r#"{"message_id":"01E"}"#), "accepted");
        assert_eq!(of(401, r#"{"error":{"code":401,"status":"UNAUTHENTICATED"}}"#), "config_error");
        assert_eq!(of(400, r#"{"code":"syntax_invalid_json","text":"x"}"#), "rejected");
        assert_eq!(of(400, r#"{"error":{"status":"NEW"}}"#), "rejected");
        assert_eq!(of(429, "{}"), "throttled");
        assert_eq!(of(500, ""), "retry");
        assert_eq!(of(504, ""), "unknown");
    }

    #[test]
    fn a_list_that_does_not_know_a_send_says_nothing() {
        let contact = ContactKey::derive(b"s", "+447700900123");
        let token = Token::birth(contact, InputId::of(DedupeHash::of(&["a"])));
        let send = |n| SendRef { contact, effect: token.effect(n) };
        let found = |status, batches: Value| super::found(send(0), status, json!({ "batches": batches }).to_string().as_bytes());
        let own = || json!([{ "id": "01E" }, { "id": "01F", "client_reference": send(0).to_string() }]);
        assert_eq!(found(200, json!([])), Found::Unclear);
        assert_eq!(found(200, own()), Found::There(Accepted { id: Some("01F".to_owned()), ..Accepted::default() }));
        assert_eq!(found(404, own()), Found::Unclear);
        // The newest batch of the plan, where the filter was passed over.
        assert_eq!(found(200, json!([{ "id": "01X", "client_reference": send(1).to_string() }])), Found::Unclear);
        assert_eq!(found(200, json!([{ "id": "01X" }, { "id": "01Y", "client_reference": "OTHER" }])), Found::Unclear);
    }
}
