//! What Jasmin answers, and why carriers refuse.

use crate::domain::message::FailureReason::{self, *};
use crate::provider::send::{Accepted, SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, permanent, retry, throttle};
use crate::provider::webhook::{Headers, LimitScope, ProviderError};

/// States and refusals of SMPP 3.4 in reports. Others: permanent, for a reason that we do not know.
#[rustfmt::skip]
const REPORTS: &[(&str, Verdict)] = &[
    ("DELETED", permanent(FailureReason::Unknown)),
    ("EXPIRED", permanent(Unreachable)),            // its validity period was over
    ("REJECTD", permanent(Blocked)),
    ("UNDELIV", permanent(Unreachable)),
    ("ESME_RINVDSTADR", permanent(Invalid)),
    ("ESME_RINVMSGLEN", permanent(Content)),
    ("ESME_RINVSRCADR", permanent(Configuration)),
    ("ESME_RMSGQFUL", throttle(LimitScope::Number)),
    ("ESME_RSUBMITFAIL", retry(FailureReason::Unknown)),
    ("ESME_RSYSERR", retry(FailureReason::Unknown)),
    ("ESME_RTHROTTLED", throttle(LimitScope::Number)),
];

/// What the state in a report means.
pub fn of_report(word: &str) -> Verdict {
    REPORTS.iter().find(|(known, _)| *known == word).map_or(permanent(FailureReason::Unknown), |(_, verdict)| *verdict)
}

/// Refusals that share their status 403 with a wrong password, by words that are fixed in Jasmin's source.
const REFUSALS: &[(&str, Verdict)] =
    &[("throughput exceeded", throttle(LimitScope::Account)), ("Cannot charge", config(Balance))];

/// What the answer to a send means: `Success "id"`, or `Error "words"`.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
    let quoted = |word: &str| text.trim().strip_prefix(word)?.trim().strip_prefix('"')?.strip_suffix('"');
    if (200..300).contains(&status) {
        return match quoted("Success").filter(|id| !id.is_empty()) {
            Some(id) => SendOutcome::Accepted(Accepted { id: Some(id.to_owned()), ..Accepted::default() }),
            // Whatever else answers so is no Jasmin.
            None => SendOutcome::Unknown,
        };
    }
    let words = quoted("Error").unwrap_or(text.trim()).to_owned();
    let refusal = (status == 403).then(|| REFUSALS.iter().find(|(known, _)| words.contains(known))).flatten();
    let error = ProviderError { code: Some(status.to_string()), text: words };
    match (refusal, status) {
        (Some((_, verdict)), _) => verdict.outcome(error, retry_after(headers)),
        // No route, or no connector that is bound.
        (None, 412) => config(Configuration).outcome(error, None),
        _ => by_status(status, error, retry_after(headers)),
    }
}
