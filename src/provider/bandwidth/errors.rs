//! Bandwidth's error codes: four digits in `message-failed`, words in its answers. Known from documents only.

use crate::domain::message::FailureReason::{self, *};
use crate::domain::time::Span;
use crate::provider::json;
use crate::provider::send::{SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, OptOutScope, ProviderError};
use serde_json::Value;

/// The code, what to do, why.
#[rustfmt::skip]
const CODES: &[(u32, Verdict)] = &[
    (4001, config(Configuration)),              // the service is not allowed
    (4301, permanent(Content)),
    (4302, config(Configuration)),              // our number is none
    (4303, permanent(Invalid)),
    (4350, permanent(Invalid)),
    (4360, permanent(Unreachable)),             // its time was over
    (4401, permanent(Unreachable)),             // no route: often to ourselves
    (4403, config(Configuration)),
    (4404, permanent(Invalid)),
    (4405, config(Configuration)),
    (4406, permanent(Invalid)),
    (4407, config(Configuration)),
    (4408, permanent(Invalid)),
    (4409, permanent(Content)),                 // no MMS there
    (4410, permanent(Content)),
    (4411, permanent(Content)),
    (4412, permanent(Content)),
    (4420, permanent(Unreachable)),             // no route to the carrier
    (4421, permanent(Blocked)),                 // not that destination: other receivers are fine
    (4431, config(Configuration)),
    (4432, permanent(Blocked)),                 // not that country
    (4433, config(Configuration)),
    (4434, permanent(Invalid)),
    (4435, permanent(Content)),
    (4451, config(Configuration)),
    (4452, config(Configuration)),
    (4470, permanent(Filtered)),
    (4481, config(Configuration)),              // our number is blocked
    (4482, permanent(Blocked)),
    (4492, permanent(Invalid)),                 // an emergency number
    (4493, config(Configuration)),
    (4700, permanent(Content)),
    (4701, permanent(Unreachable)),
    (4702, retry(Unreachable).after(Span::minutes(10))), // handset off or full
    (4711, permanent(Content)),
    (4712, permanent(Content)),
    (4720, permanent(Invalid)),
    (4721, permanent(Invalid)),                 // the number was given up
    (4730, permanent(Unreachable)),
    (4740, config(Configuration)),
    (4750, permanent(Blocked)),                 // the carrier does not say why
    (4751, permanent(Content)),
    (4752, permanent(Content)),
    (4770, permanent(Filtered)),
    (4771, permanent(Filtered)),                // a shortened link
    (4772, permanent(Blocked)),
    (4773, config(Configuration)),              // the campaign is not active
    (4774, config(Configuration)),
    (4775, opted_out(OptOutScope::Everything)),
    (4780, throttle(LimitScope::Account).after(Span::hours(1))), // T-Mobile's daily cap
    (4781, throttle(LimitScope::Number)),
    (4785, throttle(LimitScope::Number)),
    (4790, permanent(Blocked)),
    (4791, config(Configuration)),
    (4792, config(Configuration)),
    (4793, config(Configuration)),
    (4795, config(Configuration)),              // toll-free number not verified
    (5100, retry(Unknown)),
    (5101, retry(Unknown)),
    (5106, retry(Unknown)),
    (5111, retry(Unknown)),
    (5201, retry(Unknown)),
    (5211, retry(Unknown)),
    (5220, retry(Unknown)),
    (5231, retry(Unknown)),
    (5500, retry(Unknown)),
    (5501, retry(Unknown)),
    (5600, retry(Unknown)),
    (5610, retry(Unknown)),
    (5620, retry(Unknown)),
    (5630, permanent(Unknown)),                 // no answer of the carrier: it may have arrived
    (5650, permanent(Unreachable)),
    (9902, permanent(Unknown)),                 // no receipt of the carrier: it may have arrived
    (9999, permanent(Unknown)),
];

/// Words of answers.
const WORDS: &[(&str, Verdict)] = &[
    ("forbidden", config(Configuration)),
    ("max-message-queue-size-exceeded", throttle(LimitScope::Account)),
    ("rate-limit-reached", throttle(LimitScope::Account)),
    ("request-validation", permanent(Content)),
    ("unauthorized", config(Configuration)),
    ("unsupported-content-type", permanent(Content)),
];

/// What a code means; no code or an unknown one: permanent, for a reason that we do not know.
pub fn verdict(code: Option<&str>) -> Verdict {
    let found = code.and_then(|code| code.parse::<u32>().ok());
    let found = found.and_then(|code| CODES.binary_search_by_key(&code, |(known, _)| *known).ok());
    found.map_or(permanent(FailureReason::Unknown), |at| CODES[at].1)
}

/// What the answer to a send means. Bandwidth says that what it answers with 4xx or 5xx was not sent.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        return SendOutcome::taken(json::owned(&body, "id"));
    }
    let code = json::owned(&body, "type");
    let fields = json::list(&body, "fieldErrors").first().and_then(|field| json::text(field, "description"));
    let text = [json::text(&body, "description"), fields].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let to = json::list(&body, "fieldErrors").iter().any(|field| json::text(field, "fieldName") == Some("to"));
    let known = WORDS.iter().find(|(word, _)| Some(*word) == code.as_deref()).map(|(_, verdict)| *verdict);
    let error = ProviderError { code, text };
    match known {
        Some(_) if to => permanent(Invalid).outcome(error, None),
        Some(verdict) => verdict.outcome(error, retry_after(headers)),
        None => by_status(status, error, retry_after(headers)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::webhook::Pairs;

    #[test]
    fn the_table_is_sorted_and_every_code_is_there_once() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn the_codes_that_matter_most() {
        assert_eq!(verdict(Some("4775")).opted_out, Some(OptOutScope::Everything));
        assert_eq!(verdict(Some("4432")).reason, Blocked);
        assert_eq!(verdict(Some("4470")).reason, Filtered);
        assert_eq!(verdict(Some("4720")).reason, Invalid);
        assert_eq!((verdict(Some("4401")).reason, verdict(Some("4420")).reason), (Unreachable, Unreachable));
        for unknown in [None, Some("1"), Some("x"), Some("")] {
            assert_eq!(verdict(unknown), permanent(FailureReason::Unknown));
        }
    }

    #[test]
    fn answers_that_are_no_answers() {
        let of = |status, body: &str| classify(status, &Pairs(&[]), body.as_bytes()).name();
        assert_eq!(of(202, "<html>"), "unknown");
        assert_eq!(of(202, "{}"), "unknown");
        assert_eq!(of(202, "[]"), "unknown");
        assert_eq!(of(401, r#"{"type":"unauthorized"}"#), "config_error");
        assert_eq!(of(429, r#"{"type":"max-message-queue-size-exceeded"}"#), "throttled");
        assert_eq!(of(504, ""), "unknown");
        let to =
            r#"{"type":"request-validation","description":"bad","fieldErrors":[{"fieldName":"to","description":"invalid"}]}"#;
        match classify(400, &Pairs(&[]), to.as_bytes()) {
            SendOutcome::Rejected { reason, error, .. } => assert_eq!((reason, error.text.as_str()), (Invalid, "bad: invalid")),
            other => panic!("{other:?}"),
        }
    }
}
