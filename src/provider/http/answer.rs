//! What a gateway's answer to a message means.

use super::place::{Posted, kind};
use crate::config::providers::http::{AnswerRules, Meaning};
use crate::domain::message::FailureReason;
use crate::provider::send::{Accepted, SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, OptOutScope, ProviderError};

/// What a code means; one that is not listed says nothing of why.
pub fn verdict(meanings: &[(String, Meaning)], code: Option<&str>) -> Verdict {
    find(meanings, code).unwrap_or(permanent(FailureReason::Unknown))
}

fn find(meanings: &[(String, Meaning)], code: Option<&str>) -> Option<Verdict> {
    let code = code?;
    let (_, meaning) = meanings.iter().find(|(known, _)| known == code)?;
    Some(match meaning {
        Meaning::Retry => retry(FailureReason::Unknown),
        Meaning::Reason(reason) => match reason {
            FailureReason::OptedOut => opted_out(OptOutScope::Everything),
            FailureReason::Limit => throttle(LimitScope::Number),
            FailureReason::Unreachable => retry(FailureReason::Unreachable),
            FailureReason::Balance | FailureReason::Configuration => config(*reason),
            other => permanent(*other),
        },
    })
}

/// What the answer means.
pub fn classify(rules: &AnswerRules, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let answer = Posted::answer(body, kind(headers));
    let code = answer.text(&rules.code, None);
    let known = find(&rules.failures, code.as_deref());
    let good = (200..300).contains(&status);
    let said = |text: &String| String::from_utf8_lossy(body).contains(text.as_str());
    if good && known.is_none() && rules.contains.as_ref().is_none_or(said) {
        return SendOutcome::Accepted(Accepted { id: answer.text(&rules.id, None), ..Accepted::default() });
    }
    let error = ProviderError { code, text: answer.text(&rules.text, None).unwrap_or_default() };
    match known {
        Some(verdict) => verdict.outcome(error, retry_after(headers)),
        // It answered well and did not say what it says when it has taken a message.
        None if good => permanent(FailureReason::Unknown).outcome(error, None),
        None => by_status(status, error, retry_after(headers)),
    }
}
