//! What an error code of a provider means, as a row of a table. The same row reads the answer to a send and a later report.

use super::send::SendOutcome;
use super::webhook::{Failure, LimitScope, OptOutScope, ProviderError};
use crate::domain::message::FailureReason;
use crate::domain::time::Span;

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// This message will never pass.
    Permanent,
    /// No message of this channel will pass until an operator acts.
    Config,
    /// Too fast.
    Throttle(LimitScope),
    /// May pass later.
    Retry,
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// What is to be done.
    pub class: Class,
    /// Why.
    pub reason: FailureReason,
    /// Not before this time has passed.
    pub after: Option<Span>,
    /// The person opted out.
    pub opted_out: Option<OptOutScope>,
}

/// It will never pass.
pub const fn permanent(reason: FailureReason) -> Verdict {
    Verdict { class: Class::Permanent, reason, after: None, opted_out: None }
}

/// An operator must act.
pub const fn config(reason: FailureReason) -> Verdict {
    Verdict { class: Class::Config, reason, after: None, opted_out: None }
}

/// Too fast.
pub const fn throttle(scope: LimitScope) -> Verdict {
    Verdict { class: Class::Throttle(scope), reason: FailureReason::Limit, after: None, opted_out: None }
}

/// May pass later.
pub const fn retry(reason: FailureReason) -> Verdict {
    Verdict { class: Class::Retry, reason, after: None, opted_out: None }
}

/// The person opted out at the provider.
pub const fn opted_out(scope: OptOutScope) -> Verdict {
    Verdict { class: Class::Permanent, reason: FailureReason::OptedOut, after: None, opted_out: Some(scope) }
}

impl Verdict {
    /// Not before `span` has passed.
    pub const fn after(mut self, span: Span) -> Self {
        self.after = Some(span);
        self
    }

    /// As the outcome of a send; `hint` is what the answer itself said about time.
    pub fn outcome(self, error: ProviderError, hint: Option<Span>) -> SendOutcome {
        let after = hint.or(self.after);
        match self.class {
            Class::Permanent => SendOutcome::Rejected { reason: self.reason, error, opted_out: self.opted_out },
            Class::Config => SendOutcome::Misconfigured { reason: self.reason, error },
            Class::Throttle(scope) => SendOutcome::Throttled { after, scope, error },
            Class::Retry => SendOutcome::Retry { after, reason: self.reason, error },
        }
    }

    /// As the reason in a report.
    pub fn failure(self, error: ProviderError) -> Failure {
        Failure {
            reason: self.reason,
            retryable: matches!(self.class, Class::Throttle(_) | Class::Retry),
            after: self.after,
            scope: match self.class {
                Class::Throttle(scope) => Some(scope),
                Class::Permanent | Class::Config | Class::Retry => None,
            },
            opted_out: self.opted_out,
            error,
        }
    }
}

/// What an HTTP status says when the body says nothing. 502 and 504 come from something between us and the provider: whether
/// the provider has the message is unknown then. So it is after 520 to 527, which Cloudflare answers with before several of these APIs
/// (524 is its 504; Cloudflare, "5xx errors"), and after 598 and 599, with which some proxies say that they waited in vain.
pub fn by_status(status: u16, error: ProviderError, hint: Option<Span>) -> SendOutcome {
    let verdict = match status {
        429 => throttle(LimitScope::Account),
        401 | 403 | 404 | 405 | 300..=399 => config(FailureReason::Configuration),
        402 => config(FailureReason::Balance),
        408 | 425 => retry(FailureReason::Unknown),
        502 | 504 | 520..=527 | 598 | 599 => return SendOutcome::Unknown,
        500..=599 => retry(FailureReason::Unknown),
        400..=499 => permanent(FailureReason::Unknown),
        _ => return SendOutcome::Unknown,
    };
    verdict.outcome(error, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_alone_decides_only_what_it_can() {
        let name = |status| by_status(status, ProviderError::default(), None).name();
        for (status, expected) in [
            (200, "unknown"),
            (302, "config_error"),
            (400, "rejected"),
            (401, "config_error"),
            (402, "config_error"),
            (404, "config_error"),
            (408, "retry"),
            (422, "rejected"),
            (429, "throttled"),
            (500, "retry"),
            (502, "unknown"),
            (503, "retry"),
            (504, "unknown"),
            (519, "retry"),
            (520, "unknown"),
            (524, "unknown"),
            (527, "unknown"),
            (528, "retry"),
            (599, "unknown"),
            (0, "unknown"),
        ] {
            assert_eq!(name(status), expected, "{status}");
        }
    }

    #[test]
    fn what_the_answer_says_about_time_wins_over_the_table() {
        let row = throttle(LimitScope::Pair).after(Span::seconds(6));
        let after = |hint| match row.outcome(ProviderError::default(), hint) {
            SendOutcome::Throttled { after, .. } => after,
            other => panic!("{other:?}"),
        };
        assert_eq!(after(None), Some(Span::seconds(6)));
        assert_eq!(after(Some(Span::seconds(30))), Some(Span::seconds(30)));
    }
}
