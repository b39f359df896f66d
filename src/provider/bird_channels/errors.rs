//! The failures of the Channels API. A report has Bird's own code and that of where it failed: of the SMS network, or of WhatsApp, whose
//! codes say more. Known from documents only.

use crate::domain::message::FailureReason::*;
use crate::provider::json;
use crate::provider::send::{SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, permanent, retry};
use crate::provider::webhook::{Headers, ProviderError};
use crate::provider::{messagebird, meta};
use serde_json::Value;

/// Bird's own codes.
#[rustfmt::skip]
const CODES: &[(u32, Verdict)] = &[
    (11001, config(Configuration)),
    (11002, permanent(Content)),
    (12001, retry(Unknown)),
    (12002, permanent(Content)),
    (12003, permanent(Invalid)),
    (15001, retry(Unknown)),                    // an error of the network
    (15005, permanent(Invalid)),                // nobody has that number
];

/// What a failed report means, with its most exact code.
pub fn of_report(payload: &Value) -> (Verdict, ProviderError) {
    let failure = json::object_of(payload, "failure");
    let source = json::object_of(failure, "source");
    let (own, exact) = (json::code(failure, "code"), json::code(source, "code"));
    let reason = json::owned(payload, "reason").unwrap_or_default();
    let details = json::text(payload, "details").unwrap_or(&reason);
    let network = match json::text(source, "name") {
        Some(name) if name.starts_with("sms") => Some(messagebird::delivery(exact.as_deref(), details)),
        Some(name) if name.starts_with("whatsapp") => Some(meta::verdict(exact.as_deref())),
        _ => None,
    };
    let unknown = permanent(Unknown);
    let by_own = || {
        let code: u32 = own.as_deref()?.parse().ok()?;
        CODES.iter().find(|(known, _)| *known == code).map(|(_, verdict)| *verdict)
    };
    let by_words = || messagebird::delivery(None, details);
    let verdict = network.filter(|verdict| *verdict != unknown).or_else(by_own).unwrap_or_else(by_words);
    (verdict, ProviderError { code: exact.filter(|_| network.is_some()).or(own), text: reason })
}

/// What the answer to a send means.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        return SendOutcome::taken(json::owned(&body, "id"));
    }
    let error = ProviderError { code: json::code(&body, "code"), text: json::owned(&body, "message").unwrap_or_default() };
    match status {
        422 => permanent(Content).outcome(error, None),
        _ => by_status(status, error, retry_after(headers)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::webhook::{OptOutScope, Pairs};
    use serde_json::json;

    #[test]
    fn the_network_says_more_than_bird() {
        let of = |name: &str, code: &str, own: u32| {
            let failure = json!({ "code": own, "source": { "name": name, "code": code } });
            of_report(&json!({ "failure": failure, "reason": "details: x" }))
        };
        assert_eq!(of("sms-messagebird", "103", 15001).0.opted_out, Some(OptOutScope::Everything));
        assert_eq!(of("whatsapp", "131047", 15001).0.reason, WindowClosed);
        assert_eq!(of("whatsapp", "131047", 15001).1.code.as_deref(), Some("131047"));
        assert_eq!(of("sms-messagebird", "9999", 15005).0.reason, Invalid);
        assert_eq!(of("pre-processing", "1", 12002).0.reason, Content);
        let words = of_report(&json!({ "details": "unknown_subscriber", "reason": "r" }));
        assert_eq!((words.0.reason, words.1.code), (Invalid, None));
        assert_eq!(of_report(&json!({})).0, permanent(Unknown));
    }

    #[test]
    fn answers_that_are_no_answers() {
        let of = |status, body: &str| classify(status, &Pairs(&[]), body.as_bytes()).name();
        assert_eq!(of(202, "<html>"), "unknown");
        assert_eq!(of(202, "{}"), "unknown");
        assert_eq!(of(401, r#"{"code":"Unauthorized"}"#), "config_error");
        assert_eq!(of(422, r#"{"code":"InvalidPayload","message":"bad"}"#), "rejected");
        assert_eq!(of(429, ""), "throttled");
        assert_eq!(of(504, ""), "unknown");
    }
}
