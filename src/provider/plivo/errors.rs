//! Plivo's error codes and answers: what they mean for the message, the person and the channel.

use crate::domain::message::FailureReason::{self, *};
use crate::domain::time::Span;
use crate::provider::json;
use crate::provider::send::{SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, OptOutScope, ProviderError};
use serde_json::Value;

/// The code of a report, what to do, why. Codes above 200 are from memory: an unknown one is permanent, for a reason that we do not know.
#[rustfmt::skip]
const CODES: &[(u32, Verdict)] = &[
    (10, permanent(Content)),
    (20, retry(Unknown)),                       // trouble in the carrier's network
    (30, permanent(Filtered)),
    (40, config(Configuration)),                // our number cannot send
    (50, permanent(Invalid)),
    (60, permanent(Filtered)),                  // a loop of two machines
    (70, retry(Unreachable).after(Span::minutes(10))),
    (80, permanent(Invalid)),                   // unreachable for ever
    (90, permanent(Unreachable)),               // no route
    (100, permanent(Blocked)),
    (110, permanent(Content)),
    (200, opted_out(OptOutScope::Everything)),  // the person wrote STOP to our number
    (201, throttle(LimitScope::Number).after(Span::hours(1))),
    (300, retry(Unknown)),                      // not handed on
    (420, permanent(Unreachable)),              // validity period over
    (450, permanent(Blocked)),                  // the country is not enabled
    (900, config(Balance)),
    (910, config(Configuration)),
    (950, config(Configuration)),
    (1000, permanent(Unknown)),
];

/// What a code means.
pub fn verdict(code: Option<&str>) -> Verdict {
    find(code).unwrap_or(permanent(FailureReason::Unknown))
}

fn find(code: Option<&str>) -> Option<Verdict> {
    let code: u32 = code?.parse().ok()?;
    CODES.binary_search_by_key(&code, |(known, _)| *known).ok().map(|at| CODES[at].1)
}

/// What Plivo's answer to a send means. Its errors are words without a code; the status decides.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        // The message may be in several parts, or have gone to several people: we send to one, and the first is its name.
        let id = json::list(&body, "message_uuid").first().and_then(Value::as_str).filter(|id| !id.is_empty());
        return SendOutcome::taken(id.map(str::to_owned));
    }
    let code = json::code(&body, "error_code");
    let error = ProviderError { text: json::owned(&body, "error").unwrap_or_default(), code };
    match find(error.code.as_deref()) {
        Some(verdict) => verdict.outcome(error, retry_after(headers)),
        None if status == 400 => permanent(Content).outcome(error, None),
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
        assert_eq!(verdict(Some("200")).opted_out, Some(OptOutScope::Everything));
        assert_eq!(verdict(Some("70")).class, Class::Retry);
        assert_eq!((verdict(Some("90")).reason, verdict(Some("80")).reason), (Unreachable, Invalid));
        assert_eq!((verdict(Some("900")).class, verdict(Some("900")).reason), (Class::Config, Balance));
        for unknown in [None, Some("7"), Some(""), Some("x")] {
            assert_eq!(verdict(unknown), permanent(FailureReason::Unknown));
        }
    }

    #[test]
    fn answers_that_are_no_answers() {
        let of = |status, body: &str| classify(status, &Pairs(&[]), body.as_bytes()).name();
        assert_eq!(of(202, "<html>"), "unknown");
        assert_eq!(of(202, r#"{"message_uuid":[]}"#), "unknown");
        assert_eq!(of(202, r#"{"message_uuid":["u"]}"#), "accepted");
        assert_eq!(of(400, "{}"), "rejected");
        assert_eq!(of(500, ""), "retry");
        assert_eq!(of(504, ""), "unknown");
        assert_eq!(of(404, r#"{"error":"not found"}"#), "config_error");
    }
}
