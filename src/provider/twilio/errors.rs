//! Twilio's error codes: what they mean for the message, the person and the channel.

use crate::domain::message::FailureReason::{self, *};
use crate::domain::time::Span;
use crate::provider::json;
use crate::provider::send::{Accepted, SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, OptOutScope, ProviderError};
use serde_json::Value;

/// The code, what to do, why. Where Twilio's own advice and the phone network's reality differ, the network wins.
#[rustfmt::skip]
const CODES: &[(u32, Verdict)] = &[
    // The REST API and the account.
    (14107, throttle(LimitScope::Account)),
    (20003, config(Configuration)),             // authenticate
    (20404, config(Configuration)),
    (20429, throttle(LimitScope::Account)),
    (20500, retry(Unknown)),
    (21470, config(Configuration)),
    (30002, config(Configuration)),             // account suspended
    (30010, config(Balance)),                   // price over the account's limit
    // The receiver.
    (21211, permanent(Invalid)),
    (21217, permanent(Invalid)),
    (21408, permanent(Blocked)),                // region not enabled: other receivers are fine
    (21604, permanent(Invalid)),
    (21608, config(Configuration)),             // trial account
    (21610, opted_out(OptOutScope::Everything)),
    (21612, permanent(Blocked)),                // not from this sender, or not on Twilio's routes: another may reach the number
    (21614, permanent(Invalid)),                // not a mobile number
    (30003, retry(Unreachable).after(Span::minutes(10))), // handset off
    (30004, permanent(Blocked)),
    (30005, permanent(Invalid)),
    (30006, permanent(Unreachable)),            // a landline, or a carrier that our short code does not reach
    (30014, permanent(Invalid)),
    // The sender.
    (21212, config(Configuration)),
    (21401, config(Configuration)),             // our number is none that can send
    (21603, config(Configuration)),
    (21606, config(Configuration)),
    (21659, config(Configuration)),
    (21701, config(Configuration)),
    (21702, config(Configuration)),
    (21703, config(Configuration)),
    (21704, config(Configuration)),
    (21705, config(Configuration)),
    (30032, config(Configuration)),             // toll-free number not verified
    (30034, config(Configuration)),             // not registered for A2P 10DLC
    (63002, config(Configuration)),
    (63007, config(Configuration)),
    (63051, config(Configuration)),             // WhatsApp account locked
    // What was sent.
    (21602, permanent(Content)),
    (21617, permanent(Content)),
    (21619, permanent(Content)),
    (21620, permanent(Content)),
    (21623, permanent(Content)),
    (21654, permanent(Template)),
    (21655, permanent(Template)),
    (21656, permanent(Template)),
    (30007, permanent(Filtered)),
    (30011, permanent(Content)),                // MMS not possible there
    (30019, permanent(Content)),
    (30036, permanent(Unreachable)),            // validity period over
    // Limits.
    (21611, throttle(LimitScope::Number)),
    (30001, throttle(LimitScope::Number)),
    (30022, throttle(LimitScope::Number)),
    (30023, throttle(LimitScope::Account).after(Span::hours(1))), // daily cap: until the next day
    (30027, throttle(LimitScope::Account).after(Span::hours(1))),
    // The network.
    (30008, retry(Unknown)),
    (30017, retry(Unknown)),
    (30021, retry(Unknown)),
    (30410, retry(Unknown)),
    // WhatsApp.
    (63003, permanent(Invalid)),
    (63005, permanent(Content)),
    (63009, retry(Unknown)),
    (63010, retry(Unknown)),
    (63012, retry(Unknown)),
    (63013, permanent(Filtered)),
    (63015, permanent(Configuration)),          // the receiver has not joined the sandbox
    (63016, permanent(WindowClosed)),
    (63017, throttle(LimitScope::Number)),
    (63018, throttle(LimitScope::Number)),
    (63019, permanent(Content)),
    (63020, config(Configuration)),             // the business account is not verified or blocked
    (63021, permanent(Content)),
    (63024, permanent(Unreachable)),            // Meta's 131026: not on WhatsApp, or the terms, or an old app
    (63026, permanent(Filtered)),
    (63027, permanent(Template)),
    (63028, permanent(Template)),
    (63029, permanent(Template)),
    (63030, permanent(Content)),
    (63032, permanent(Limit)),                  // Meta limits this person
    (63033, permanent(Blocked)),
    (63034, permanent(Content)),
    (63037, permanent(Content)),
    (63038, throttle(LimitScope::Account).after(Span::hours(1))),
    (63040, permanent(Template)),
    (63041, permanent(Template)),
    (63049, permanent(Limit).after(Span::hours(24))), // Meta's cap on marketing for this person
    (63050, opted_out(OptOutScope::Marketing)),
];

/// What a code means; no code or an unknown one: permanent, for a reason that we do not know.
pub fn verdict(code: Option<&str>) -> Verdict {
    find(code).unwrap_or(permanent(FailureReason::Unknown))
}

fn find(code: Option<&str>) -> Option<Verdict> {
    let code: u32 = code?.parse().ok()?;
    CODES.iter().find(|(known, _)| *known == code).map(|(_, verdict)| *verdict)
}

/// What Twilio's answer to a send means.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        return taken(&body);
    }
    let code = json::code(&body, "code");
    let known = find(code.as_deref());
    let error = ProviderError { code, text: json::owned(&body, "message").unwrap_or_default() };
    match known {
        Some(verdict) => verdict.outcome(error, retry_after(headers)),
        None => by_status(status, error, retry_after(headers)),
    }
}

/// A 2xx is believed only with a sid in it: a proxy's page of good wishes is no acceptance.
fn taken(body: &Value) -> SendOutcome {
    if let (Some(code), Some("failed" | "undelivered")) = (json::code(body, "error_code"), json::text(body, "status")) {
        let text = json::owned(body, "error_message").unwrap_or_default();
        return verdict(Some(&code)).outcome(ProviderError { code: Some(code), text }, None);
    }
    match json::owned(body, "sid") {
        Some(sid) => SendOutcome::Accepted(Accepted { id: Some(sid), ..Accepted::default() }),
        None if body.get("success").and_then(Value::as_bool) == Some(true) => SendOutcome::Accepted(Accepted::default()),
        None => SendOutcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::verdict::Class;
    use crate::provider::webhook::Pairs;

    #[test]
    fn every_code_is_there_once() {
        let mut codes: Vec<u32> = CODES.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }

    #[test]
    fn the_codes_that_matter_most() {
        assert_eq!(verdict(Some("21610")).opted_out, Some(OptOutScope::Everything));
        assert_eq!(verdict(Some("63016")).reason, WindowClosed);
        assert_eq!(verdict(Some("30003")).class, Class::Retry);
        assert_eq!(verdict(Some("20003")).class, Class::Config);
        // Said of the sender or a route too: the number is not listed for it.
        for code in ["21401", "21408", "21612", "30003", "30006", "63024"] {
            assert_ne!(verdict(Some(code)).reason, Invalid, "{code}");
        }
        assert_eq!((verdict(Some("21211")).reason, verdict(Some("30005")).reason), (Invalid, Invalid));
        for unknown in [None, Some("99999"), Some(""), Some("x")] {
            assert_eq!(verdict(unknown), permanent(FailureReason::Unknown));
        }
    }

    #[test]
    fn answers_that_are_no_answers() {
        let of = |status, body: &str| classify(status, &Pairs(&[]), body.as_bytes());
        assert_eq!(of(200, "<html>welcome</html>"), SendOutcome::Unknown);
        assert_eq!(of(201, "{}"), SendOutcome::Unknown);
        assert_eq!(of(500, "").name(), "retry");
        assert_eq!(of(504, "").name(), "unknown");
        assert_eq!(of(400, r#"{"code":99999,"message":"new"}"#).name(), "rejected");
        assert_eq!(of(201, r#"{"sid":"SM1","status":"failed","error_code":30034}"#).name(), "config_error");
    }

    #[test]
    fn the_answers_own_delay_is_kept() {
        match classify(429, &Pairs(&[("retry-after", "7")]), br#"{"code":20429}"#) {
            SendOutcome::Throttled { after, .. } => assert_eq!(after, Some(Span::seconds(7))),
            other => panic!("{other:?}"),
        }
    }
}
