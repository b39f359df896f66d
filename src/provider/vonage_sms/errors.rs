//! The SMS API's codes: those of its answers, which are 200 whatever happened, and those of its receipts. Most are known from documents
//! only.

use crate::domain::message::FailureReason::*;
use crate::domain::time::Span;
use crate::provider::json;
use crate::provider::send::{SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, OptOutScope, ProviderError};
use serde_json::Value;

/// `status` of an answer, what to do, why. `0` is success.
#[rustfmt::skip]
const ANSWERS: &[(u32, Verdict)] = &[
    (1, throttle(LimitScope::Account)),
    (2, permanent(Content)),                    // a parameter is missing
    (3, permanent(Content)),                    // a parameter is wrong
    (4, config(Configuration)),                 // credentials
    (5, retry(Unknown)),
    (6, permanent(Unreachable)),                // an invalid message, "for example" a prefix that nobody knows
    (7, permanent(Blocked)),
    (8, config(Configuration)),                 // the account is barred
    (9, config(Balance)),
    (10, throttle(LimitScope::Account)),        // too many connections
    (11, config(Configuration)),
    (12, permanent(Content)),                   // too long
    (14, config(Configuration)),                // our signature
    (15, config(Configuration)),                // the sender
    (22, permanent(Content)),
    (23, permanent(Content)),
    (29, permanent(Configuration)),             // not on the trial account's list: other receivers are fine
    (32, config(Configuration)),
    (33, permanent(Invalid)),                   // the receiver's number is no longer in use
];

/// `err-code` of a receipt.
#[rustfmt::skip]
const RECEIPTS: &[(u32, Verdict)] = &[
    (1, permanent(Unknown)),
    (2, retry(Unreachable).after(Span::minutes(10))),
    (3, permanent(Unreachable)),
    (4, permanent(Blocked)),                    // the person bars such messages
    (5, permanent(Unreachable)),                // ported, and not found: its operator can mend it
    (6, permanent(Filtered)),
    (7, retry(Unreachable).after(Span::minutes(2))),
    (8, retry(Unknown)),
    // "The user has requested not to receive messages" (Vonage, "Messaging Opted-out Numbers"); older pages say: an illegal number.
    (9, opted_out(OptOutScope::Everything)),
    (10, permanent(Content)),
    (11, permanent(Unreachable)),               // no route
    (12, permanent(Unreachable)),
    (13, permanent(Blocked)),                   // age restriction
    (14, permanent(Blocked)),
    (15, permanent(Blocked)),                   // the receiver's prepaid account is empty
    (16, config(Balance)),
    (39, config(Configuration)),                // the sender is not allowed in the US
    (50, permanent(Filtered)),
    (51, permanent(Filtered)),
    (52, permanent(Filtered)),
    (53, permanent(Filtered)),
    (54, permanent(Filtered)),
    (99, permanent(Unknown)),
];

fn find(table: &[(u32, Verdict)], code: Option<&str>) -> Option<Verdict> {
    let code: u32 = code?.parse().ok()?;
    table.iter().find(|(known, _)| *known == code).map(|(_, verdict)| *verdict)
}

/// What a failed receipt means; without a code its word decides.
pub fn delivery(code: Option<&str>, word: &str) -> Verdict {
    let by_word = if word == "expired" { permanent(Unreachable) } else { permanent(Unknown) };
    find(RECEIPTS, code).unwrap_or(by_word)
}

/// What the answer to a send means.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    let parts = json::list(&body, "messages");
    // A long text is answered part by part. What is on its way in part must not leave again whole.
    let taken = parts.iter().find(|part| json::code(part, "status").as_deref() == Some("0"));
    if let Some(part) = taken.filter(|_| (200..300).contains(&status)) {
        return SendOutcome::taken(json::owned(part, "message-id"));
    }
    let message = parts.first().unwrap_or(&Value::Null);
    let code = json::code(message, "status");
    let known = find(ANSWERS, code.as_deref());
    let text = json::owned(message, "error-text").unwrap_or_default();
    let after = wait(&text).or_else(|| retry_after(headers));
    let refused = code.is_some();
    let error = ProviderError { code, text };
    match known {
        Some(verdict) => verdict.outcome(error, after),
        // A code that is new: it was not taken.
        None if refused && (200..300).contains(&status) => permanent(Unknown).outcome(error, after),
        None => by_status(status, error, after),
    }
}

/// `… please wait [ 250 ] and retry`: milliseconds. It is a hint and decides nothing else.
fn wait(text: &str) -> Option<Span> {
    let (_, rest) = text.split_once('[')?;
    let millis: i64 = rest.split(']').next()?.trim().parse().ok()?;
    (0..=3_600_000).contains(&millis).then(|| Span::millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::webhook::Pairs;

    #[test]
    fn the_tables_are_sorted_and_every_code_is_there_once() {
        for table in [ANSWERS, RECEIPTS] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }

    #[test]
    fn everything_is_200_and_only_0_is_good() {
        let of = |body: &str| classify(200, &Pairs(&[]), body.as_bytes()).name();
        let answer = |status: &str| format!(r#"{{"messages":[{{"status":"{status}","message-id":"0A"}}]}}"#);
        for (status, expected) in
            [("0", "accepted"), ("1", "throttled"), ("4", "config_error"), ("5", "retry"), ("77", "rejected")]
        {
            assert_eq!(of(&answer(status)), expected, "{status}");
        }
        for broken in ["", "{}", "<html>", r#"{"messages":[]}"#, r#"{"messages":[{"status":"0"}]}"#] {
            assert_eq!(of(broken), "unknown", "{broken}");
        }
        assert_eq!(classify(500, &Pairs(&[]), b"").name(), "retry");
    }

    #[test]
    fn a_long_text_that_is_on_its_way_in_part_is_not_sent_again() {
        let wait = r#"{"status":"1","error-text":"please wait [ 250 ] and retry"}"#;
        let taken = r#"{"status":"0","message-id":"b"}"#;
        for parts in [[wait, taken], [taken, wait]] {
            let body = format!(r#"{{"messages":[{}]}}"#, parts.join(","));
            assert_eq!(classify(200, &Pairs(&[]), body.as_bytes()), SendOutcome::taken(Some("b".to_owned())), "{body}");
        }
        let none = format!(r#"{{"messages":[{wait},{wait}]}}"#);
        assert_eq!(classify(200, &Pairs(&[]), none.as_bytes()).name(), "throttled");
    }

    #[test]
    fn who_asked_vonage_for_no_more_messages_opted_out() {
        assert_eq!(delivery(Some("9"), "failed").opted_out, Some(OptOutScope::Everything));
        assert_eq!(delivery(Some("3"), "failed").opted_out, None);
        // Said of the sender or a route too: the number is not listed for it.
        for code in ["5", "11"] {
            assert_eq!(delivery(Some(code), "failed").reason, Unreachable);
        }
    }

    #[test]
    fn the_wait_is_a_bounded_hint() {
        assert_eq!(wait("please wait [ 250 ] and retry"), Some(Span::millis(250)));
        for text in ["", "[", "[]", "[ x ]", "[ -5 ]", "[ 99999999999 ]"] {
            assert_eq!(wait(text), None, "{text}");
        }
        assert_eq!(delivery(None, "expired").reason, Unreachable);
        assert_eq!(delivery(Some("6"), "rejected").reason, Filtered);
    }
}
