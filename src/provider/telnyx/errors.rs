//! Telnyx's error codes: what they mean for the message, the person and the channel.

use crate::domain::message::FailureReason::{self, *};
use crate::domain::time::Span;
use crate::provider::json;
use crate::provider::send::{SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, OptOutScope, ProviderError};
use serde_json::Value;

/// A message whose time was over.
pub const EXPIRED: Verdict = permanent(Unreachable);

/// The code, what to do, why.
#[rustfmt::skip]
const CODES: &[(u32, Verdict)] = &[
    // The API and the account.
    (10001, config(Configuration)),             // our number is not active
    (10002, permanent(Invalid)),
    (10003, permanent(Content)),                // a URL
    (10004, permanent(Content)),                // something is missing
    (10005, config(Configuration)),             // no such resource
    (10007, retry(Unknown)),
    (10009, config(Configuration)),             // authentication
    (10010, config(Configuration)),             // authorization
    (10011, throttle(LimitScope::Account)),
    (10015, permanent(Content)),
    (10016, permanent(Invalid)),                // not E.164
    (20012, config(Configuration)),             // the account is not active
    (20013, config(Configuration)),
    (20014, config(Configuration)),
    (20100, config(Balance)),
    // The network.
    (40001, permanent(Invalid)),                // a landline
    (40002, retry(Filtered).after(Span::minutes(10))),
    (40003, permanent(Filtered)),
    (40004, permanent(Blocked)),
    (40005, EXPIRED),
    (40006, retry(Unreachable).after(Span::minutes(10))),
    (40008, permanent(Unreachable)),
    (40009, permanent(Content)),
    (40010, config(Configuration)),             // not registered for 10DLC
    (40011, throttle(LimitScope::Number)),
    (40012, permanent(Invalid)),
    (40013, config(Configuration)),             // our number
    (40014, EXPIRED),                           // in the queue
    (40015, permanent(Filtered)),
    (40016, throttle(LimitScope::Account).after(Span::hours(1))), // a carrier's daily cap of the brand
    (40017, permanent(Filtered)),
    (40018, throttle(LimitScope::Account).after(Span::hours(1))),
    // The sender, the receiver and what was sent.
    (40100, config(Configuration)),
    (40150, config(Configuration)),
    (40300, opted_out(OptOutScope::Everything)),
    (40301, permanent(Content)),                // that kind of message cannot be sent there
    (40302, permanent(Content)),                // too large
    (40304, permanent(Content)),
    (40305, config(Configuration)),
    (40306, config(Configuration)),
    (40308, config(Configuration)),
    (40309, permanent(Blocked)),                // the country is not enabled on the profile
    (40310, permanent(Invalid)),
    (40311, config(Configuration)),
    (40312, config(Configuration)),             // the profile is disabled
    (40313, config(Configuration)),
    (40314, config(Configuration)),             // the account is disabled
    (40315, config(Configuration)),
    (40316, permanent(Content)),
    (40317, permanent(Content)),
    (40318, throttle(LimitScope::Number)),      // the queue is full
    (40319, permanent(Content)),
    (40320, retry(Unknown)),                    // our number cannot be used just now
    (40321, config(Configuration)),             // the profile has no number
    (40322, permanent(Filtered)),
    (40328, permanent(Content)),                // too many parts
    (40329, config(Configuration)),             // the toll-free number is not verified
    (40330, config(Configuration)),
    (40331, config(Configuration)),
    (40333, config(Balance)),                   // the limit that the account set itself
];

/// What a code means; no code or an unknown one: permanent, for a reason that we do not know.
pub fn verdict(code: Option<&str>) -> Verdict {
    find(code).unwrap_or(permanent(FailureReason::Unknown))
}

fn find(code: Option<&str>) -> Option<Verdict> {
    let code: u32 = code?.parse().ok()?;
    CODES.binary_search_by_key(&code, |(known, _)| *known).ok().map(|at| CODES[at].1)
}

/// An error object of a webhook or of an answer. The detail says most.
pub fn error(error: &Value) -> ProviderError {
    let text = json::owned(error, "detail").or_else(|| json::owned(error, "title"));
    ProviderError { code: json::code(error, "code"), text: text.unwrap_or_default() }
}

/// What Telnyx's answer to a send means.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        return SendOutcome::taken(json::owned(json::object_of(&body, "data"), "id"));
    }
    let error = json::list(&body, "errors").first().map(error).unwrap_or_default();
    match find(error.code.as_deref()) {
        Some(verdict) => verdict.outcome(error, retry_after(headers)),
        None if status == 400 || status == 422 => permanent(Content).outcome(error, None),
        None => by_status(status, error, retry_after(headers)),
    }
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
        assert_eq!(verdict(Some("40300")).opted_out, Some(OptOutScope::Everything));
        assert_eq!(verdict(Some("40006")).class, Class::Retry);
        assert_eq!((verdict(Some("40010")).class, verdict(Some("40001")).reason), (Class::Config, Invalid));
        for unknown in [None, Some("99999"), Some("x")] {
            assert_eq!(verdict(unknown), permanent(FailureReason::Unknown));
        }
    }

    #[test]
    fn answers_that_are_no_answers() {
        let of = |status, body: &str| classify(status, &Pairs(&[]), body.as_bytes()).name();
        assert_eq!(of(200, "<html>"), "unknown");
        assert_eq!(of(200, r#"{"data":{"id":"m"}}"#), "accepted");
        assert_eq!(of(400, r#"{"errors":[{"code":"10015"}]}"#), "rejected");
        assert_eq!(of(403, "{}"), "config_error");
        assert_eq!(of(500, ""), "retry");
        assert_eq!(of(504, ""), "unknown");
    }

    #[test]
    fn the_answers_own_delay_is_kept() {
        match classify(429, &Pairs(&[("retry-after", "7")]), br#"{"errors":[{"code":"10011"}]}"#) {
            SendOutcome::Throttled { after, .. } => assert_eq!(after, Some(Span::seconds(7))),
            other => panic!("{other:?}"),
        }
    }
}
