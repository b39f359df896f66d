//! A message with its parts, as one send with one end.

use crate::provider::smpp::{Submission, classify};
use crate::provider::{ProviderError, SendOutcome};
use crate::service::core::Core;
use crate::service::gate::Outside;
use crate::service::ports::{SmppFailure, SubmitAnswer};
use crate::service::settings::Channel;
use std::time::Duration;
use tokio::time::Instant;

/// The pause before a part is sent again that was refused for now, when those before it have left.
const AGAIN: Duration = Duration::from_millis(500);
/// A part is not begun with less time than this.
const ENOUGH: Duration = Duration::from_millis(100);

/// What became of a message, and why if the carrier did not say. `core` hears at once that the carrier finds us too fast; nothing: nobody does.
pub(in crate::service) async fn submitted(
    submission: Submission,
    channel: &Channel,
    core: Option<&Core>,
    out: Outside<'_>,
    timeout: Duration,
) -> (SendOutcome, Option<String>) {
    let (until, mut slowed) = (Instant::now() + timeout, false);
    let last = submission.parts.len().saturating_sub(1);
    let mut outcome = SendOutcome::Unknown;
    for (at, pdu) in submission.parts.into_iter().enumerate() {
        // The receipt is of the last part: that one's id is the message's.
        let named = submission.send.filter(|_| at == last);
        outcome = loop {
            let left = until.saturating_duration_since(Instant::now());
            let answer = match left < ENOUGH && at > 0 {
                true => Err(SmppFailure::Full),
                false => out.submit(&channel.name, pdu.clone(), named, left).await,
            };
            match of_part(answer, at > 0) {
                Part::Taken(outcome) => break outcome,
                Part::Ended(outcome, words) => return (outcome, words),
                Part::Again { words, too_fast } => {
                    if let Some(core) = core.filter(|_| too_fast && !std::mem::replace(&mut slowed, true)) {
                        core.slow_down(channel, None, true).await;
                    }
                    if until.saturating_duration_since(Instant::now()) < AGAIN + ENOUGH {
                        return (SendOutcome::Unknown, Some(words));
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        };
    }
    (outcome, None)
}

/// What the answer to one part means for the message.
#[derive(Debug, PartialEq)]
enum Part {
    /// The carrier has it.
    Taken(SendOutcome),
    /// Nothing more is sent.
    Ended(SendOutcome, Option<String>),
    /// It was surely not taken, and those before it have left: once more, if there is time.
    Again {
        /// Why.
        words: String,
        /// The carrier takes no more for now from anybody of ours.
        too_fast: bool,
    },
}

fn of_part(answer: Result<SubmitAnswer, SmppFailure>, begun: bool) -> Part {
    let failure = match answer {
        Ok(answer) => {
            let words = || {
                format!(
                    "the carrier took the first parts of the message, and then said {}",
                    crate::provider::smpp::words(answer.status)
                )
            };
            return match classify(answer.status, answer.id.clone()) {
                taken @ SendOutcome::Accepted(_) => Part::Taken(taken),
                SendOutcome::Throttled { .. } if begun => Part::Again { words: words(), too_fast: true },
                SendOutcome::Retry { .. } if begun => Part::Again { words: words(), too_fast: false },
                // Over another channel its beginning would come twice.
                SendOutcome::Misconfigured { reason, error } if begun => {
                    Part::Ended(SendOutcome::Rejected { reason, error, opted_out: None }, Some(words()))
                }
                outcome => Part::Ended(outcome, None),
            };
        }
        Err(failure) => failure,
    };
    let words = failure.to_string();
    match failure {
        SmppFailure::NotBound | SmppFailure::Full if !begun => {
            let error = ProviderError { code: None, text: words.clone() };
            let reason = crate::domain::message::FailureReason::Unknown;
            Part::Ended(SendOutcome::Retry { after: None, reason, error }, Some(words))
        }
        SmppFailure::NotBound | SmppFailure::Full | SmppFailure::Lost | SmppFailure::Timeout => {
            Part::Ended(SendOutcome::Unknown, Some(words))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(status: u32, begun: bool) -> &'static str {
        match of_part(Ok(SubmitAnswer { status, id: None }), begun) {
            Part::Taken(outcome) => outcome.name(),
            Part::Ended(outcome, _) => outcome.name(),
            Part::Again { too_fast: true, .. } => "again, and slower",
            Part::Again { .. } => "again",
        }
    }

    #[test]
    fn what_has_begun_to_leave_is_never_begun_again() {
        for (status, first, later) in [
            (0x00, "accepted", "accepted"),
            (0x58, "throttled", "again, and slower"),
            (0x14, "throttled", "again, and slower"),
            (0x45, "retry", "again"),
            (0x0b, "rejected", "rejected"),
            (0x0a, "config_error", "rejected"),
            (0x433, "rejected", "rejected"),
        ] {
            assert_eq!((name(status, false), name(status, true)), (first, later), "{status:#x}");
        }
        let failed = |failure, begun| match of_part(Err(failure), begun) {
            Part::Ended(outcome, Some(_)) => outcome.name(),
            other => panic!("{other:?}"),
        };
        for failure in [SmppFailure::NotBound, SmppFailure::Full] {
            assert_eq!((failed(failure, false), failed(failure, true)), ("retry", "unknown"), "{failure:?}");
        }
        for failure in [SmppFailure::Lost, SmppFailure::Timeout] {
            assert_eq!((failed(failure, false), failed(failure, true)), ("unknown", "unknown"), "{failure:?}");
        }
    }
}
