//! Vonage's error codes. Answers are problems of RFC 7807 whose `type` ends in the code or in a word; reports have the same. The
//! codes are known from documents only.

use crate::domain::message::FailureReason::{self, *};
use crate::domain::time::Span;
use crate::provider::json;
use crate::provider::send::{SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, OptOutScope, ProviderError};
use serde_json::Value;

/// The code or word, what to do, why.
#[rustfmt::skip]
const CODES: &[(&str, Verdict)] = &[
    ("1000", throttle(LimitScope::Account)),
    ("1010", permanent(Content)),
    ("1020", permanent(Content)),
    ("1021", permanent(Content)),
    ("1022", permanent(Template)),
    ("1030", retry(Unknown)),
    ("1040", permanent(Unreachable)),           // an invalid message, "for example" a prefix that nobody knows
    ("1050", permanent(Blocked)),
    ("1060", config(Configuration)),            // the account is barred
    ("1070", config(Balance)),
    ("1080", config(Configuration)),
    ("1090", permanent(Content)),
    ("1100", retry(Unknown)),
    ("1120", config(Configuration)),            // the sender is not allowed in that country
    ("1130", permanent(Content)),
    ("1140", config(Configuration)),
    ("1150", permanent(Content)),
    ("1160", permanent(Configuration)),         // not on the trial account's list: other receivers are fine
    ("1170", permanent(Invalid)),
    ("1180", retry(Unreachable).after(Span::minutes(10))),
    ("1190", permanent(Unreachable)),
    ("1200", permanent(Unreachable)),           // ported, and not found: its operator can mend it
    ("1210", permanent(Filtered)),
    ("1220", retry(Unreachable).after(Span::minutes(2))),
    ("1230", retry(Unknown)),
    ("1240", opted_out(OptOutScope::Everything)), // Vonage, "Messaging Opted-out Numbers"
    ("1241", throttle(LimitScope::Pair)),       // too much to one number
    ("1250", permanent(Unreachable)),           // no route
    ("1260", permanent(Unreachable)),
    ("1270", permanent(Blocked)),               // age restriction
    ("1280", permanent(Blocked)),
    ("1290", permanent(Blocked)),               // the receiver's prepaid account is empty
    ("1300", permanent(Invalid)),
    ("1320", permanent(Unknown)),               // sent before
    ("1330", permanent(Unknown)),
    ("1340", permanent(WindowClosed)),
    ("1360", permanent(Unreachable)),           // its time to live was over
    ("1370", config(Configuration)),            // the token at WhatsApp expired
    ("1380", permanent(Content)),
    ("1400", permanent(Content)),
    ("1420", config(Configuration)),
    // Words of the API itself.
    ("account-suspended", config(Configuration)),
    ("forbidden", config(Configuration)),
    ("invalid-api-key", config(Configuration)),
    ("invalid-params", permanent(Content)),
    ("jwt-expired", config(Configuration)),
    ("jwt-revoked", config(Configuration)),
    ("low-balance", config(Balance)),
    ("throttled", throttle(LimitScope::Account)),
    ("unauthorized", config(Configuration)),
    ("unprovisioned", config(Configuration)),
];

/// What a code means; no code or an unknown one: permanent, for a reason that we do not know.
pub fn verdict(code: Option<&str>) -> Verdict {
    find(code).unwrap_or(permanent(FailureReason::Unknown))
}

fn find(code: Option<&str>) -> Option<Verdict> {
    CODES.binary_search_by_key(&code?, |(known, _)| *known).ok().map(|at| CODES[at].1)
}

/// A problem. Its code is what follows `#` in its type; older ones have it as their title or as `code`.
pub fn error(problem: &Value) -> ProviderError {
    let typed = json::text(problem, "type").and_then(|kind| kind.rsplit_once('#')).map(|(_, code)| code.to_owned());
    let is_code = |text: &String| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let titled = json::code(problem, "title").filter(is_code);
    let code = typed.or(titled).or_else(|| json::code(problem, "code"));
    let text =
        json::owned(problem, "detail").or_else(|| json::owned(problem, "reason")).or_else(|| json::owned(problem, "title"));
    ProviderError { code, text: text.unwrap_or_default() }
}

/// What Vonage's answer to a send means.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        return SendOutcome::taken(json::owned(&body, "message_uuid"));
    }
    let error = error(&body);
    match find(error.code.as_deref()) {
        Some(verdict) => verdict.outcome(error, retry_after(headers)),
        None => by_status(status, error, retry_after(headers)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::webhook::Pairs;
    use serde_json::json;

    #[test]
    fn the_table_is_sorted_and_every_code_is_there_once() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn codes_are_read_wherever_they_stand() {
        let code = |problem: Value| error(&problem).code;
        assert_eq!(code(json!({ "type": "https://developer.vonage.com/api-errors/messages#1340" })).as_deref(), Some("1340"));
        assert_eq!(
            code(json!({ "type": "https://developer.vonage.com/api-errors/messages", "title": 1340 })).as_deref(),
            Some("1340")
        );
        assert_eq!(code(json!({ "code": 1340, "reason": "outside" })).as_deref(), Some("1340"));
        assert_eq!(code(json!({ "title": "Rate Limit Hit" })), None);
        assert_eq!(verdict(Some("1340")).reason, WindowClosed);
        // Said of the sender or a route too: the number is not listed for it.
        for code in ["1040", "1200", "1250"] {
            assert_eq!(verdict(Some(code)).reason, Unreachable, "{code}");
        }
        assert_eq!(verdict(Some("1240")).opted_out, Some(OptOutScope::Everything));
        for unknown in [None, Some("9999"), Some("")] {
            assert_eq!(verdict(unknown), permanent(FailureReason::Unknown));
        }
    }

    #[test]
    fn answers_that_are_no_answers() {
        let of = |status, body: &str| classify(status, &Pairs(&[]), body.as_bytes()).name();
        assert_eq!(of(202, "<html>"), "unknown");
        assert_eq!(of(202, "{}"), "unknown");
        assert_eq!(of(422, r#"{"type":"x#9999"}"#), "rejected");
        assert_eq!(of(502, ""), "unknown");
        assert_eq!(of(500, ""), "retry");
        assert_eq!(of(429, ""), "throttled");
    }
}
