//! Infobip's names of what went wrong: what they mean for the message, the person and the channel. A name of the error says more than
//! that of the status, and what neither says, the error's own `permanent` does.

use crate::domain::message::FailureReason::{self, *};
use crate::domain::time::Span;
use crate::provider::json;
use crate::provider::send::{Accepted, Found, SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, OptOutScope, ProviderError};
use serde_json::Value;

/// A repeat of an id that was used already: the first is there.
const DUPLICATE: &str = "REJECTED_DUPLICATE_MESSAGE_ID";

/// Why a handset was not reached for now.
const OUT_OF_REACH: Verdict = retry(Unreachable).after(Span::minutes(10));

/// The name of a status or an error, what to do, why.
#[rustfmt::skip]
const NAMES: &[(&str, Verdict)] = &[
    // Statuses.
    ("EXPIRED_DLR_UNKNOWN", permanent(Unknown)),
    ("EXPIRED_EXPIRED", permanent(Unreachable)),
    ("MISSING_TO", permanent(Invalid)),
    ("REJECTED_DESTINATION", permanent(Invalid)),
    ("REJECTED_DESTINATION_BLOCKLISTED", permanent(Blocked)),
    ("REJECTED_DESTINATION_NOT_REGISTERED", permanent(Configuration)), // a test account: other receivers are fine
    ("REJECTED_DND", permanent(Blocked)),
    ("REJECTED_FLOODING_FILTER", permanent(Limit)),
    ("REJECTED_INVALID_UDH", permanent(Content)),
    ("REJECTED_MESSAGE_TOO_LONG", permanent(Content)),
    ("REJECTED_NETWORK", permanent(Blocked)),
    ("REJECTED_NOT_ENOUGH_CREDITS", permanent(Balance)),
    ("REJECTED_PREFIX_MISSING", permanent(Invalid)),
    ("REJECTED_PREPAID_PACKAGE_EXPIRED", config(Balance)),
    ("REJECTED_ROUTE_NOT_AVAILABLE", permanent(Configuration)), // of this country: others are fine
    ("REJECTED_SENDER", config(Configuration)),
    ("REJECTED_SOURCE", config(Configuration)),
    ("REJECTED_SYSTEM_ERROR", retry(Unknown)),
    ("SIGNALS_BLOCKED", permanent(Filtered)),
    ("UNDELIVERABLE_REJECTED_OPERATOR", permanent(Blocked)),
    // Errors of the handset and its subscription.
    ("EC_UNKNOWN_SUBSCRIBER", permanent(Invalid)),
    ("EC_UNIDENTIFIED_SUBSCRIBER", permanent(Invalid)),
    ("EC_ILLEGAL_SUBSCRIBER", permanent(Invalid)),
    ("EC_ILLEGAL_EQUIPMENT", permanent(Invalid)),
    ("EC_TELESERVICE_NOT_PROVISIONED", permanent(Invalid)),
    ("EC_BEARER_SERVICE_NOT_PROVISIONED", permanent(Invalid)),
    ("EC_CALL_BARRED", permanent(Blocked)),
    ("EC_ABSENT_SUBSCRIBER", OUT_OF_REACH),
    ("EC_ABSENT_SUBSCRIBER_SM", OUT_OF_REACH),
    ("EC_SUBSCRIBER_BUSY_FOR_MT_SMS", OUT_OF_REACH),
    ("EC_SM_DELIVERY_FAILURE", OUT_OF_REACH),
    ("EC_MESSAGE_WAITING_LIST_FULL", OUT_OF_REACH),
    ("EC_SYSTEM_FAILURE", retry(Unknown)),
    ("EC_NO_RADIO_RESOURCE_AVAILABLE", OUT_OF_REACH),
    // Errors of the sender, the receiver and what was sent.
    ("EC_ACCOUNT_ACCESS_DENIED", config(Configuration)),
    ("EC_BLACKLISTED_DESTINATIONADDRESS", permanent(Blocked)),
    ("EC_BLACKLISTED_SENDERADDRESS", config(Configuration)),
    ("EC_BLOCKED_BY_CAMPAIGN_BLACKLIST", permanent(Filtered)),
    ("EC_CAMPAIGNID_NOT_PROVISIONED", config(Configuration)),
    ("EC_CONSENT_FAILED", permanent(Blocked)),
    ("EC_CONTENT_BLOCKED", opted_out(OptOutScope::Everything)), // the person wrote STOP
    ("EC_DEACTIVATED_LIST", permanent(Invalid)),
    ("EC_DESTINATION_FLOODING", permanent(Limit)),
    ("EC_DESTINATION_TXT_FLOODING", permanent(Limit)),
    ("EC_IMSI_BLACKLISTED", permanent(Blocked)),
    ("EC_INVALID_DESTINATION_ADDRESS", permanent(Unreachable)), // not permanent by Infobip: the credit or the short code may be why
    ("EC_INVALID_PDU_FORMAT", permanent(Content)),
    ("EC_INVALID_REQUEST_DESTINATION", permanent(Invalid)),
    ("EC_INVALID_SOURCE_ADDRESS", config(Configuration)),
    ("EC_INVALID_TEMPLATE_ID", permanent(Template)),
    ("EC_LIMIT_REACHED", throttle(LimitScope::Number)),
    ("EC_MONTHLY_LIMIT_REACHED", config(Balance)),
    ("EC_MSG_TEXT_TOO_LONG", permanent(Content)),
    ("EC_OPERATOR_NOT_FOUND", permanent(Invalid)),
    ("EC_PREFERENCE_NOT_MATCHED", permanent(Blocked)),
    ("EC_QUOTA_REACHED", throttle(LimitScope::Account).after(Span::hours(1))), // a carrier's daily cap of the brand
    ("EC_REJECTED_SPAM_BY_OPERATOR", permanent(Filtered)),
    ("EC_SIGNALS_BLOCKED", permanent(Filtered)),
    ("EC_SOURCE_ADDRESS_IS_BLOCKED", config(Configuration)),
    ("EC_TEMPLATE_INACTIVE", permanent(Template)),
    ("EC_TEMPLATE_NOT_MATCHED", permanent(Template)),
    ("EC_TF_NUMBER_NOT_VERIFIED", config(Configuration)),
    ("EC_VALIDITY_EXPIRED", permanent(Unreachable)),
    ("EC_10DLC_LIMIT_REACHED", throttle(LimitScope::Account).after(Span::hours(1))),
];

fn find(name: &str) -> Option<Verdict> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, verdict)| *verdict)
}

/// What the two objects of a report mean together.
pub fn verdict(status: &Value, error: &Value) -> Verdict {
    let of = |value: &Value| json::text(value, "name").and_then(find);
    of(error).or_else(|| of(status)).unwrap_or(match error.get("permanent").and_then(Value::as_bool) {
        Some(false) if json::text(error, "name").is_some_and(|name| name != "NO_ERROR") => retry(Unknown),
        _ => permanent(FailureReason::Unknown),
    })
}

/// The name of the error, or of the status where there is no error.
pub fn of_report(status: &Value, error: &Value) -> ProviderError {
    let named = |value: &Value| json::owned(value, "name").filter(|name| name != "NO_ERROR");
    match named(error) {
        Some(name) => ProviderError { code: Some(name), text: json::owned(error, "description").unwrap_or_default() },
        None => ProviderError { code: named(status), text: json::owned(status, "description").unwrap_or_default() },
    }
}

/// What Infobip's answer to a send means. A message may be refused with status 200.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        // Most answers list messages; WhatsApp's are about one.
        return taken(json::list(&body, "messages").first().unwrap_or(&body));
    }
    let old = json::object_of(json::object_of(&body, "requestError"), "serviceException");
    let code = json::code(old, "messageId").or_else(|| json::code(&body, "errorCode"));
    let text = json::owned(old, "text").or_else(|| json::owned(&body, "description")).unwrap_or_default();
    let error = ProviderError { code, text };
    match error.code.as_deref().and_then(find) {
        Some(verdict) => verdict.outcome(error, retry_after(headers)),
        None if status == 400 => permanent(Content).outcome(error, None),
        None => by_status(status, error, retry_after(headers)),
    }
}

/// Pending and delivered messages are there. A 2xx is believed only with an id and a status in it.
fn taken(message: &Value) -> SendOutcome {
    let status = json::object_of(message, "status");
    let id = json::code(message, "messageId");
    let name = json::text(status, "name").unwrap_or("");
    match (status.get("groupId").and_then(Value::as_i64), id) {
        (Some(1 | 3), Some(id)) => SendOutcome::Accepted(Accepted { id: Some(id), ..Accepted::default() }),
        (Some(_), Some(id)) if name == DUPLICATE => {
            SendOutcome::Accepted(Accepted { id: Some(id), repeat: true, ..Accepted::default() })
        }
        (Some(2 | 4 | 5), _) => verdict(status, &Value::Null).outcome(of_report(status, &Value::Null), None),
        _ => SendOutcome::Unknown,
    }
}

/// What the log says of the message with this id of ours. It is written with a delay: that it does not know a message says nothing.
pub fn found(id: &str, status: u16, body: &[u8]) -> Found {
    let body = json::object(body).unwrap_or(Value::Null);
    let there = json::list(&body, "results").iter().any(|result| json::text(result, "messageId") == Some(id));
    match status == 200 && there {
        true => Found::There(Accepted { id: Some(id.to_owned()), ..Accepted::default() }),
        false => Found::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::verdict::Class;
    use crate::provider::webhook::Pairs;
    use serde_json::json;

    #[test]
    fn every_name_is_there_once() {
        let mut names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn the_error_says_more_than_the_status() {
        let status = json!({ "name": "UNDELIVERABLE_NOT_DELIVERED" });
        let of = |error: Value| verdict(&status, &error);
        assert_eq!(of(json!({ "name": "EC_CONTENT_BLOCKED" })).opted_out, Some(OptOutScope::Everything));
        assert_eq!(of(json!({ "name": "EC_ABSENT_SUBSCRIBER" })).class, Class::Retry);
        assert_eq!(of(json!({ "name": "EC_NEW", "permanent": false })).class, Class::Retry);
        assert_eq!(of(json!({ "name": "EC_NEW", "permanent": true })), permanent(Unknown));
        assert_eq!(of(json!({ "name": "NO_ERROR", "permanent": false })), permanent(Unknown));
        let named = of_report(&status, &json!({ "name": "NO_ERROR" }));
        assert_eq!(named.code.as_deref(), Some("UNDELIVERABLE_NOT_DELIVERED"));
    }

    #[test]
    fn answers_that_are_no_answers() {
        let of = |status, body: &str| classify(status, &Pairs(&[]), body.as_bytes()).name();
        assert_eq!(of(200, "<html>"), "unknown");
        assert_eq!(of(200, "{}"), "unknown");
        assert_eq!(of(200, r#"{"messages":[]}"#), "unknown");
        assert_eq!(of(200, r#"{"messages":[{"messageId":"a","status":{"groupId":1}}]}"#), "accepted");
        assert_eq!(of(200, r#"{"messages":[{"messageId":"a","status":{"groupId":5,"name":"REJECTED_SYSTEM_ERROR"}}]}"#), "retry");
        // An answer of 200 that no message of the channel would get past.
        for name in ["REJECTED_SENDER", "REJECTED_SOURCE", "REJECTED_PREPAID_PACKAGE_EXPIRED"] {
            let body = json!({ "messages": [{ "messageId": "a", "status": { "groupId": 5, "name": name } }] });
            assert_eq!(of(200, &body.to_string()), "config_error", "{name}");
        }
        assert_eq!(of(400, r#"{"requestError":{"serviceException":{"messageId":"BAD_REQUEST"}}}"#), "rejected");
        assert_eq!(of(503, ""), "retry");
        assert_eq!(of(504, ""), "unknown");
    }

    #[test]
    fn a_repeat_that_is_refused_is_there() {
        let body = r#"{"messages":[{"messageId":"a","status":{"groupId":5,"name":"REJECTED_DUPLICATE_MESSAGE_ID"}}]}"#;
        let there = Accepted { id: Some("a".to_owned()), repeat: true, ..Accepted::default() };
        assert_eq!(classify(200, &Pairs(&[]), body.as_bytes()), SendOutcome::Accepted(there));
    }

    #[test]
    fn a_log_that_does_not_know_a_message_says_nothing() {
        let found = |status, body: &str| found("a", status, body.as_bytes());
        let there = Found::There(Accepted { id: Some("a".to_owned()), ..Accepted::default() });
        assert_eq!(found(200, r#"{"results":[]}"#), Found::Unclear);
        assert_eq!(found(200, r#"{"results":[{"messageId":"b"},{"messageId":"a"}]}"#), there);
        assert_eq!(found(500, r#"{"results":[{"messageId":"a"}]}"#), Found::Unclear);
        // Somebody else's, where the filter was passed over.
        assert_eq!(found(200, r#"{"results":[{"messageId":"b"}]}"#), Found::Unclear);
    }
}
