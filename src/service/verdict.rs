//! What the end of an attempt means for the effect: done, again, or failed. Pure, so that each row can be tested.

use super::retry::Retry;
use crate::config::send::Unsure;
use crate::domain::attempt::{provider_code, provider_words};
use crate::domain::journal::AttemptOutcome;
use crate::domain::message::FailureReason;
use crate::domain::time::{Millis, Span};
use crate::provider::{LimitScope, ProviderError, SendOutcome};
use crate::store::SettleResult;

/// An attempt, as far as its end depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// From 1.
    pub number: u8,
    /// Whether an earlier one may have reached the provider.
    pub unsure: bool,
    /// When the effect was decided.
    pub decided_at: Millis,
    /// The store's time.
    pub now: Millis,
    /// 32 bits for jitter.
    pub chance: u32,
    /// Whether it has the time to wait for a limit that passes, however long that takes: a broadcast's.
    pub patient: bool,
}

/// The end of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// For the store.
    pub result: SettleResult,
    /// For the journal.
    pub outcome: AttemptOutcome,
    /// The provider's id of the message.
    pub provider_id: Option<String>,
    /// The provider's words.
    pub detail: Option<String>,
    /// The provider's code alone, where it refused.
    pub code: Option<String>,
}

impl End {
    /// Given up, visibly.
    pub fn failed(reason: FailureReason, detail: Option<String>) -> Self {
        let outcome = AttemptOutcome::Failed { reason };
        End { result: SettleResult::Failed, outcome, provider_id: None, detail, code: None }
    }

    /// Given up before it left: nobody has to do anything about it.
    pub fn withdrawn(why: &str) -> Self {
        let outcome = AttemptOutcome::Failed { reason: FailureReason::Superseded };
        End { result: SettleResult::Done, outcome, provider_id: None, detail: Some(why.to_owned()), code: None }
    }

    /// Done.
    pub fn done(provider_id: Option<String>, detail: Option<String>) -> Self {
        End { result: SettleResult::Done, outcome: AttemptOutcome::Accepted, provider_id, detail, code: None }
    }

    /// Nobody knows, and the policy says that it is not repeated.
    pub fn unsure() -> Self {
        let detail = "the answer to an attempt was lost; the message may have arrived".to_owned();
        End { result: SettleResult::Failed, outcome: AttemptOutcome::Unsure, provider_id: None, detail: Some(detail), code: None }
    }

    /// Again at this time. It is only "surely not sent" if no earlier attempt was unsure either: forgetting that is a silent
    /// second message.
    pub fn again(due: Millis, unsure: bool, detail: Option<String>) -> Self {
        let (result, outcome) = match unsure {
            true => (SettleResult::RetryUnsure { due }, AttemptOutcome::RetryUnsure),
            false => (SettleResult::Retry { due }, AttemptOutcome::Retry),
        };
        End { result, outcome, provider_id: None, detail, code: None }
    }

    /// The reason of a failure.
    pub fn failure(&self) -> Option<FailureReason> {
        match self.outcome {
            AttemptOutcome::Failed { reason } => Some(reason),
            AttemptOutcome::Unsure => Some(FailureReason::Unknown),
            AttemptOutcome::Accepted | AttemptOutcome::Retry | AttemptOutcome::RetryUnsure => None,
        }
    }
}

/// What a provider's answer to a message means.
pub fn of_send(answer: SendOutcome, attempt: Attempt, retry: Retry, policy: Unsure) -> End {
    let again = |after: Option<Span>, reason: FailureReason, error: ProviderError| {
        let (code, detail) = (code(&error), words(&error));
        let end = match retry.next(attempt.decided_at, attempt.now, attempt.number, after, attempt.chance) {
            Some(due) => End::again(due, attempt.unsure, detail),
            // It was surely not taken this time. Whether an earlier attempt was, nobody knows.
            None if attempt.unsure => End { detail, ..End::unsure() },
            None => End::failed(reason, detail),
        };
        End { code, ..end }
    };
    match answer {
        SendOutcome::Accepted(accepted) => End::done(accepted.id, None),
        SendOutcome::Rejected { reason, error, .. } | SendOutcome::Misconfigured { reason, error } => {
            End { code: code(&error), ..End::failed(reason, words(&error)) }
        }
        SendOutcome::Throttled { after, scope, error } => {
            let waits = attempt.patient && !attempt.unsure && scope != LimitScope::Pair;
            let due = attempt.now + retry.pause(attempt.number, after, attempt.chance);
            // Whoever has the time waits beyond its age, however close to its end it was said.
            match waits && due > attempt.decided_at + retry.max_age {
                true => End { code: code(&error), ..End::again(due, false, words(&error)) },
                false => again(after, FailureReason::Limit, error),
            }
        }
        SendOutcome::Retry { after, reason, error } => again(after, reason, error),
        SendOutcome::Unknown => match policy {
            Unsure::Fail => End::unsure(),
            Unsure::Resend => match retry.next(attempt.decided_at, attempt.now, attempt.number, None, attempt.chance) {
                Some(due) => End::again(due, true, Some("the answer was lost".to_owned())),
                None => End::unsure(),
            },
        },
    }
}

/// A provider's own code and text.
pub(super) fn words(error: &ProviderError) -> Option<String> {
    provider_words(error.code.as_deref(), &error.text)
}

/// A provider's own code.
pub(super) fn code(error: &ProviderError) -> Option<String> {
    error.code.as_deref().and_then(provider_code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Accepted, TransportError};

    const RETRY: Retry = Retry { first: Span::seconds(1), longest: Span::seconds(60), max_age: Span::minutes(15) };

    fn attempt(unsure: bool, now: i64) -> Attempt {
        Attempt { number: 1, unsure, decided_at: Millis(0), now: Millis(now), chance: 200, patient: false }
    }

    fn throttled() -> SendOutcome {
        SendOutcome::Throttled { after: Some(Span::seconds(7)), scope: LimitScope::Pair, error: ProviderError::default() }
    }

    #[test]
    fn a_retry_is_sure_only_if_its_attempt_was() {
        for answer in [throttled(), SendOutcome::of_transport(TransportError::NotSent)] {
            let sure = of_send(answer.clone(), attempt(false, 0), RETRY, Unsure::Resend);
            assert!(matches!(sure.result, SettleResult::Retry { .. }), "{sure:?}");
            let unsure = of_send(answer, attempt(true, 0), RETRY, Unsure::Resend);
            assert!(matches!(unsure.result, SettleResult::RetryUnsure { .. }), "{unsure:?}");
        }
        let asked = of_send(throttled(), attempt(false, 0), RETRY, Unsure::Fail);
        assert_eq!(asked.result, SettleResult::Retry { due: Millis(7_000) });
    }

    #[test]
    fn a_lost_answer_follows_the_policy_and_never_becomes_sure() {
        let fail = of_send(SendOutcome::Unknown, attempt(false, 0), RETRY, Unsure::Fail);
        assert_eq!((fail.result, fail.outcome), (SettleResult::Failed, AttemptOutcome::Unsure));
        let resend = of_send(SendOutcome::Unknown, attempt(false, 0), RETRY, Unsure::Resend);
        assert!(matches!(resend.result, SettleResult::RetryUnsure { .. }));
        let late = of_send(SendOutcome::Unknown, attempt(false, 899_999), RETRY, Unsure::Resend);
        assert_eq!(late.outcome, AttemptOutcome::Unsure);
    }

    #[test]
    fn too_old_is_a_failure_with_the_reason_of_its_last_attempt() {
        let late = of_send(throttled(), attempt(false, 899_000), RETRY, Unsure::Fail);
        assert_eq!((late.result, late.failure()), (SettleResult::Failed, Some(FailureReason::Limit)));
        let late = of_send(throttled(), attempt(true, 899_000), RETRY, Unsure::Resend);
        assert_eq!(late.outcome, AttemptOutcome::Unsure);
        // The same of an answer that comes after its time, whatever it asks for.
        let late = of_send(throttled(), attempt(false, 900_001), RETRY, Unsure::Fail);
        assert_eq!((late.result, late.failure()), (SettleResult::Failed, Some(FailureReason::Limit)));
        let late = of_send(throttled(), attempt(true, 900_001), RETRY, Unsure::Resend);
        assert_eq!(late.outcome, AttemptOutcome::Unsure);
        let now = SendOutcome::Throttled { after: None, scope: LimitScope::Number, error: ProviderError::default() };
        assert_eq!(of_send(now.clone(), attempt(false, 900_001), RETRY, Unsure::Fail).result, SettleResult::Failed);
        let patient = Attempt { patient: true, ..attempt(false, 900_001) };
        let waits = of_send(now, patient, RETRY, Unsure::Fail).result;
        assert_eq!(waits, SettleResult::Retry { due: Millis(901_001) }, "a broadcast waits, and not without a pause");
    }

    #[test]
    fn a_broadcast_waits_whenever_it_is_told_that_it_is_too_fast() {
        for (after, pause) in [(None, 1_000), (Some(Span::seconds(2)), 2_000), (Some(Span::hours(1)), 3_600_000)] {
            let answer = || SendOutcome::Throttled { after, scope: LimitScope::Number, error: ProviderError::default() };
            // Before its age is over, so that the pause ends before, at and after that moment, and behind it.
            for now in [0, 897_000, 899_000, 899_500, 900_000, 900_001, 2_000_000] {
                let patient = |unsure| Attempt { patient: true, ..attempt(unsure, now) };
                let waits = of_send(answer(), patient(false), RETRY, Unsure::Fail).result;
                assert_eq!(waits, SettleResult::Retry { due: Millis(now + pause) }, "{after:?} at {now}");
                let doubtful = of_send(answer(), patient(true), RETRY, Unsure::Resend).outcome;
                let in_time = now + pause <= 900_000;
                let expected = if in_time { AttemptOutcome::RetryUnsure } else { AttemptOutcome::Unsure };
                assert_eq!(doubtful, expected, "{after:?} at {now}");
            }
        }
    }

    #[test]
    fn a_broadcast_waits_for_a_number_that_must_rest() {
        let rests = |scope| {
            let answer = SendOutcome::Throttled { after: Some(Span::hours(1)), scope, error: ProviderError::default() };
            move |patient, unsure| {
                of_send(answer.clone(), Attempt { patient, ..attempt(unsure, 1_000) }, RETRY, Unsure::Fail).result
            }
        };
        let number = rests(LimitScope::Number);
        assert_eq!(number(true, false), SettleResult::Retry { due: Millis(3_601_000) });
        assert_eq!(number(false, false), SettleResult::Failed, "a route goes on at once");
        assert_eq!(number(true, true), SettleResult::Failed, "what may have left is decided in time");
        assert_eq!(rests(LimitScope::Pair)(true, false), SettleResult::Failed);
    }

    #[test]
    fn a_retry_that_is_given_up_says_what_stood_against_it() {
        let answer = SendOutcome::Retry { after: None, reason: FailureReason::Filtered, error: ProviderError::default() };
        assert_eq!(of_send(answer, attempt(false, 899_999), RETRY, Unsure::Fail).failure(), Some(FailureReason::Filtered));
    }

    #[test]
    fn an_answer_that_decides_is_believed() {
        let id = Some("SM1".to_owned());
        let accepted = SendOutcome::Accepted(Accepted { id: id.clone(), ..Accepted::default() });
        assert_eq!(of_send(accepted, attempt(true, 9_999_999), RETRY, Unsure::Fail), End::done(id, None));
        let error = ProviderError { code: Some("21610".into()), text: "opted out".into() };
        let rejected = SendOutcome::Rejected { reason: FailureReason::OptedOut, error, opted_out: None };
        let end = of_send(rejected, attempt(false, 0), RETRY, Unsure::Resend);
        assert_eq!((end.result, end.detail.as_deref()), (SettleResult::Failed, Some("21610: opted out")));
    }
}
