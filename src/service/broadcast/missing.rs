//! What this instance misses of a broadcast, another one may have: in a rolling deployment they do not all know the same flows. Only what is missed for long
//! is a broadcast that cannot be done.

use crate::domain::broadcast::BroadcastId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So long it may be missing.
const PATIENCE: Duration = Duration::from_secs(600);
/// An instance that missed something leaves it to others for so long.
const LEFT: Duration = Duration::from_secs(5);
/// What was not looked at for so long was somebody else's meanwhile.
const ELSEWHERE: Duration = Duration::from_secs(60);

/// Since when what is missing, by the instance's own clock.
#[derive(Debug, Default)]
pub(super) struct Missing(Mutex<HashMap<BroadcastId, Since>>);

#[derive(Debug, Clone, Copy)]
struct Since {
    first: Duration,
    last: Duration,
}

impl Missing {
    /// Something of it is missing now. Whether it was for too long.
    pub fn too_long(&self, broadcast: BroadcastId, now: Duration) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, since| now.saturating_sub(since.last) < ELSEWHERE);
        let since = all.entry(broadcast).or_insert(Since { first: now, last: now });
        since.last = now;
        now.saturating_sub(since.first) >= PATIENCE
    }

    /// Whether others are to have it first.
    pub fn is_left(&self, broadcast: BroadcastId, now: Duration) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&broadcast).is_some_and(|since| now.saturating_sub(since.last) < LEFT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_all_the_time_is_missing_for_too_long() {
        let (missing, at) = (Missing::default(), Duration::from_secs);
        let (one, other) = (BroadcastId::of(1), BroadcastId::of(2));
        assert!(!missing.is_left(one, at(0)));
        for second in (0..600).step_by(30) {
            assert!(!missing.too_long(one, at(second)), "{second}");
        }
        assert!(missing.is_left(one, at(572)) && !missing.is_left(one, at(576)) && !missing.is_left(other, at(572)));
        assert!(missing.too_long(one, at(600)));
        // Somebody else had it for a while.
        assert!(!missing.too_long(other, at(600)));
        assert!(!missing.too_long(other, at(700)));
        assert!(!missing.too_long(other, at(1_250)));
    }
}
