//! Meta's error codes: what they mean for the message, the person and the channel. Codes count, titles change.

use crate::domain::message::FailureReason::{self, *};
use crate::domain::time::Span;
use crate::provider::json;
use crate::provider::send::{Accepted, Checked, SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, OptOutScope, ProviderError};
use serde_json::Value;

/// The code, what to do, why.
#[rustfmt::skip]
const CODES: &[(u32, Verdict)] = &[
    // The app, its token and its rights; 200 to 299 are in `find`.
    (0, config(Configuration)),
    (1, retry(Unknown)),
    (2, retry(Unknown)),
    (3, config(Configuration)),
    (4, throttle(LimitScope::App)),
    (10, config(Configuration)),
    (33, permanent(Content)),
    (100, permanent(Content)),
    (190, config(Configuration)),               // token expired
    (368, config(Configuration)),               // blocked for a policy
    (613, throttle(LimitScope::App)),
    (80007, throttle(LimitScope::Account)),
    (130429, throttle(LimitScope::Number)),
    (130472, permanent(Limit)),                 // Meta's experiment holds marketing back from this person
    (130497, config(Configuration)),            // not allowed in that country
    (131000, retry(Unknown)),
    (131005, config(Configuration)),
    (131008, permanent(Content)),
    (131009, permanent(Content)),
    (131016, retry(Unknown)),
    (131021, permanent(Invalid)),               // to ourselves
    (131026, permanent(Unreachable)),           // not on WhatsApp, terms not accepted, an old app, blocked: Meta does not say which
    (131030, permanent(Configuration)),         // a test number writes only to its list: other receivers are fine
    (131031, config(Configuration)),            // account locked
    (131037, config(Configuration)),            // display name not approved
    (131042, config(Balance)),
    (131045, config(Configuration)),
    (131047, permanent(WindowClosed)),
    (131048, throttle(LimitScope::Number).after(Span::hours(1))), // too many people blocked us: the number must rest
    (131049, permanent(Limit).after(Span::hours(24))),            // Meta's cap on marketing for this person
    (131050, opted_out(OptOutScope::Marketing)),
    (131051, permanent(Content)),
    (131052, permanent(Content)),
    (131053, permanent(Content)),
    (131056, throttle(LimitScope::Pair).after(Span::seconds(6))),
    (131057, retry(Unknown).after(Span::minutes(1))), // maintenance
    (131060, retry(Unknown)),
    (131062, permanent(Invalid)),               // an authentication template needs a phone
    (132000, permanent(Template)),
    (132001, permanent(Template)),
    (132005, permanent(Template)),
    (132007, permanent(Template)),
    (132012, permanent(Template)),
    (132015, permanent(Template)),
    (132016, permanent(Template)),
    (132018, permanent(Template)),
    (132068, permanent(Template)),              // the form is blocked
    (132069, throttle(LimitScope::Account)),    // the form is throttled
    (133000, config(Configuration)),
    (133004, retry(Unknown)),
    (133005, config(Configuration)),
    (133006, config(Configuration)),
    (133008, config(Configuration)),
    (133009, config(Configuration)),
    (133010, config(Configuration)),
    (133015, config(Configuration)),
    (133016, config(Configuration)),
    (134011, config(Configuration)),
    (135000, permanent(Unknown)),
];

/// What a code means; no code or an unknown one: permanent, for a reason that we do not know.
pub fn verdict(code: Option<&str>) -> Verdict {
    find(code).unwrap_or(permanent(FailureReason::Unknown))
}

/// What the answer to a question about the number says. Graph answers 400 to a token that is no longer good, and to one that may not use
/// this number; the code says so.
pub fn checked(status: u16, body: &[u8]) -> Checked {
    let code = json::object(body).ok().and_then(|body| json::code(json::object_of(&body, "error"), "code"));
    let code = code.and_then(|code| code.parse::<u32>().ok());
    match (status, code) {
        (200..=299, _) => Checked::Valid,
        (401 | 403, _) | (_, Some(10 | 100 | 102 | 190 | 200..=299)) => Checked::Refused,
        _ => Checked::Unclear,
    }
}

/// What a code means, if it is known.
pub fn find(code: Option<&str>) -> Option<Verdict> {
    let code: u32 = code?.parse().ok()?;
    if (200..300).contains(&code) {
        return Some(config(Configuration));
    }
    CODES.binary_search_by_key(&code, |(known, _)| *known).ok().map(|at| CODES[at].1)
}

/// An error object of a webhook or of an answer. The details say most.
pub fn error(error: &Value) -> ProviderError {
    let details = error.get("error_data").and_then(|d| json::owned(d, "details"));
    let text = details.or_else(|| json::owned(error, "message")).or_else(|| json::owned(error, "title"));
    ProviderError { code: json::code(error, "code"), text: text.unwrap_or_default() }
}

/// What Meta's answer to a send means.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    let Some(problem) = body.get("error").filter(|e| e.is_object()) else {
        return if (200..300).contains(&status) {
            taken(&body)
        } else {
            by_status(status, ProviderError::default(), retry_after(headers))
        };
    };
    let error = error(problem);
    match find(error.code.as_deref()) {
        Some(verdict) => verdict.outcome(error, retry_after(headers)),
        None if problem.get("is_transient").and_then(Value::as_bool) == Some(true) => {
            retry(Unknown).outcome(error, retry_after(headers))
        }
        None => by_status(status, error, retry_after(headers)),
    }
}

/// A 2xx is believed only with an id in it, or with `success` for what gets none.
fn taken(body: &Value) -> SendOutcome {
    let message = json::list(body, "messages").first().unwrap_or(&Value::Null);
    let contact = json::list(body, "contacts").first().unwrap_or(&Value::Null);
    let id = json::owned(message, "id");
    if id.is_none() && body.get("success").and_then(Value::as_bool) != Some(true) {
        return SendOutcome::Unknown;
    }
    SendOutcome::Accepted(Accepted {
        id,
        user_id: json::owned(contact, "user_id"),
        wa_id: json::owned(contact, "wa_id"),
        held: matches!(json::text(message, "message_status"), Some("held_for_quality_assessment" | "paused")),
        repeat: false,
        named: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::verdict::Class;
    use crate::provider::webhook::Pairs;

    #[test]
    fn the_table_is_sorted_and_every_code_is_there_once() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn the_codes_that_matter_most() {
        assert_eq!(verdict(Some("131047")).reason, WindowClosed);
        assert_eq!(verdict(Some("131050")).opted_out, Some(OptOutScope::Marketing));
        // Said of the sender or a route too: the number is not listed for it.
        for code in ["130472", "131026", "131030", "131049"] {
            assert_ne!(verdict(Some(code)).reason, Invalid, "{code}");
        }
        assert_eq!(verdict(Some("131056")).after, Some(Span::seconds(6)));
        assert_eq!(verdict(Some("200")).class, Class::Config);
        assert_eq!(verdict(Some("299")).class, Class::Config);
        assert_eq!(verdict(Some("300")), permanent(FailureReason::Unknown));
        assert_eq!(verdict(None), permanent(FailureReason::Unknown));
    }

    #[test]
    fn answers_that_are_no_answers() {
        let of = |status, body: &str| classify(status, &Pairs(&[]), body.as_bytes()).name();
        assert_eq!(of(200, "<html>"), "unknown");
        assert_eq!(of(200, "{}"), "unknown");
        assert_eq!(of(200, r#"{"success":true}"#), "accepted");
        assert_eq!(of(200, r#"{"error":{"code":190}}"#), "config_error");
        assert_eq!(of(500, r#"{"error":{"code":987654,"is_transient":true}}"#), "retry");
        assert_eq!(of(400, r#"{"error":{"code":987654}}"#), "rejected");
        assert_eq!(of(502, ""), "unknown");
        assert_eq!(of(429, "slow down"), "throttled");
    }
}
