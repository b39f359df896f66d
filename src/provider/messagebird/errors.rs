//! MessageBird's codes: those of its answers, and those of reports, which its network and Bird's Channels API share. Most are known from
//! documents only; that 103 is an opt-out is how another implementation reads it.

use crate::domain::message::FailureReason::*;
use crate::domain::time::Span;
use crate::provider::json;
use crate::provider::send::{SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry};
use crate::provider::webhook::{Headers, OptOutScope, ProviderError};
use serde_json::Value;

/// `code` of an answer, what to do, why.
#[rustfmt::skip]
const ANSWERS: &[(u32, Verdict)] = &[
    (2, config(Configuration)),                 // the access key
    (9, permanent(Content)),                    // a parameter is missing or wrong
    (10, permanent(Content)),
    (20, config(Configuration)),                // not found
    (21, permanent(Content)),
    (25, config(Balance)),
    (98, config(Configuration)),                // the API is not there
    (99, retry(Unknown)),
    (101, permanent(Content)),
];

/// `statusErrorCode` of a report.
#[rustfmt::skip]
const REPORTS: &[(u32, Verdict)] = &[
    (1, permanent(Invalid)),                    // nobody has that number
    (5, permanent(Invalid)),
    (6, retry(Unreachable).after(Span::minutes(10))),
    (9, permanent(Invalid)),
    (10, permanent(Blocked)),
    (11, permanent(Blocked)),
    (12, permanent(Invalid)),
    (13, permanent(Blocked)),                   // barred
    (21, permanent(Blocked)),
    (27, retry(Unreachable).after(Span::minutes(10))),
    (31, retry(Unreachable).after(Span::minutes(2))),
    (32, retry(Unreachable).after(Span::minutes(10))), // the phone is full
    (33, retry(Unreachable).after(Span::minutes(10))),
    (34, retry(Unknown)),
    (103, opted_out(OptOutScope::Everything)),
    (104, config(Configuration)),               // the sender is not registered
    (105, permanent(Filtered)),
    (110, permanent(Filtered)),
];

/// `statusReason` of a report without a code that is known.
const REASONS: &[(&str, Verdict)] = &[
    ("unknown subscriber", permanent(Invalid)),
    ("unavailable subscriber", retry(Unreachable).after(Span::minutes(10))),
    ("expired", permanent(Unreachable)),
    ("opted out", opted_out(OptOutScope::Everything)),
    ("received network error", retry(Unknown)),
    ("insufficient balance", config(Balance)),
    ("carrier rejected", permanent(Filtered)),
    ("capacity limit reached", retry(Limit)),
];

fn find(table: &[(u32, Verdict)], code: Option<&str>) -> Option<Verdict> {
    let code: u32 = code?.parse().ok()?;
    table.iter().find(|(known, _)| *known == code).map(|(_, verdict)| *verdict)
}

/// What a failed report means.
pub fn delivery(code: Option<&str>, reason: &str) -> Verdict {
    let reason = reason.replace('_', " ");
    let by_reason = || REASONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&reason)).map(|(_, verdict)| *verdict);
    find(REPORTS, code).or_else(by_reason).unwrap_or(permanent(Unknown))
}

/// What the answer to a send means.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        return SendOutcome::taken(json::owned(&body, "id"));
    }
    let problem = json::list(&body, "errors").first().unwrap_or(&Value::Null);
    let code = json::code(problem, "code");
    let about = json::text(problem, "parameter");
    let known = find(ANSWERS, code.as_deref());
    let error = ProviderError { code, text: json::owned(problem, "description").unwrap_or_default() };
    match (known, about) {
        (Some(verdict), Some("recipients" | "recipient")) if verdict == permanent(Content) => {
            permanent(Invalid).outcome(error, None)
        }
        (Some(verdict), Some("originator")) if verdict == permanent(Content) => config(Configuration).outcome(error, None),
        (Some(verdict), _) => verdict.outcome(error, retry_after(headers)),
        (None, _) => by_status(status, error, retry_after(headers)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::webhook::Pairs;

    #[test]
    fn the_tables_are_sorted_and_every_code_is_there_once() {
        for table in [ANSWERS, REPORTS] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }

    #[test]
    fn a_code_decides_before_its_words() {
        assert_eq!(delivery(Some("103"), "expired").opted_out, Some(OptOutScope::Everything));
        assert_eq!(delivery(Some("9999"), "unknown_subscriber").reason, Invalid);
        assert_eq!(delivery(None, "Expired").reason, Unreachable);
        assert_eq!(delivery(None, "something new"), permanent(Unknown));
    }

    #[test]
    fn answers_that_are_no_answers() {
        let of = |status, body: &str| classify(status, &Pairs(&[]), body.as_bytes()).name();
        assert_eq!(of(201, "<html>"), "unknown");
        assert_eq!(of(201, "{}"), "unknown");
        assert_eq!(of(422, r#"{"errors":[{"code":10,"parameter":"originator"}]}"#), "config_error");
        assert_eq!(of(422, r#"{"errors":[{"code":9,"parameter":"body"}]}"#), "rejected");
        assert_eq!(of(500, r#"{"errors":[{"code":99}]}"#), "retry");
        assert_eq!(of(502, ""), "unknown");
        match classify(422, &Pairs(&[]), br#"{"errors":[{"code":9,"parameter":"recipients"}]}"#) {
            SendOutcome::Rejected { reason, .. } => assert_eq!(reason, Invalid),
            other => panic!("{other:?}"),
        }
    }
}
