//! How sending over each channel goes, as this instance sees it: for people who look, not for decisions.

use super::core::Core;
use super::outbox::outcome_word;
use super::verdict::End;
use crate::domain::journal::AttemptOutcome;
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How sending over a channel went since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelHealth {
    /// When the provider took a message last.
    pub accepted_at: Option<Millis>,
    /// Attempts in a row that it did not take.
    pub failing: u32,
    /// The last attempt that it did not take: when, what became of it, why.
    pub last_error: Option<(Millis, &'static str, Option<String>)>,
}

/// All channels.
#[derive(Debug, Default)]
pub(super) struct Healths(Mutex<HashMap<ChannelName, ChannelHealth>>);

impl Healths {
    /// An attempt ended.
    pub fn ended(&self, channel: &ChannelName, end: &End, now: Millis) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let health = all.entry(channel.clone()).or_default();
        match &end.outcome {
            AttemptOutcome::Accepted => {
                health.accepted_at = Some(now);
                health.failing = 0;
            }
            outcome => {
                // The provider's own words may name whom it refuses.
                let reason =
                    if let AttemptOutcome::Failed { reason } = outcome { serde_json::to_value(reason).ok() } else { None };
                let reason = reason.as_ref().and_then(serde_json::Value::as_str).map(str::to_owned);
                health.failing = health.failing.saturating_add(1);
                health.last_error = Some((now, outcome_word(end), reason));
            }
        }
    }

    fn of(&self, channel: &ChannelName) -> ChannelHealth {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(channel).cloned().unwrap_or_default()
    }
}

impl Core {
    /// How sending over a channel went, as this instance saw it since its start.
    pub fn channel_health(&self, channel: &ChannelName) -> ChannelHealth {
        self.health.of(channel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::FailureReason;
    use crate::domain::name::Slug;

    #[test]
    fn failures_in_a_row_are_counted_until_one_is_taken() {
        let (healths, sms) = (Healths::default(), Slug::parse("sms").expect("a slug"));
        healths.ended(&sms, &End::failed(FailureReason::Invalid, Some("+447700900123 is nobody".to_owned())), Millis(1));
        healths.ended(&sms, &End::unsure(), Millis(2));
        assert_eq!(healths.of(&sms).failing, 2);
        healths.ended(&sms, &End::done(None, None), Millis(3));
        let health = healths.of(&sms);
        assert_eq!((health.failing, health.accepted_at), (0, Some(Millis(3))));
        assert_eq!(health.last_error, Some((Millis(2), "unsure", None)), "it is still known");
        assert_eq!(healths.of(&Slug::parse("other").expect("a slug")), ChannelHealth::default());
    }
}
