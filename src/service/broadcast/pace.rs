//! How fast a broadcast is handed over: no faster than it leaves. What waits to be sent stays small, so that a broadcast costs its audience and never an
//! outbox, can be paused within seconds, and leaves conversations their room.

use crate::domain::time::Span;
use crate::service::settings::Channel;
use std::time::Duration;

/// What may wait to be sent over a channel, in seconds of its rate.
const AHEAD: u64 = 5;
/// What may wait where a channel has no rate of its own.
const UNBOUNDED: u64 = 5_000;
/// What may wait however fast a channel is.
const MOST: u64 = 20_000;
/// Calls that may wait: what a flow asks before it says anything is asked in the same turn as what conversations ask.
pub const CALLS: u64 = 100;
/// Contacts that are handed over between two looks at what waits.
pub const CHUNK: usize = 100;

/// What may wait to be sent over a channel.
pub fn ahead(channel: &Channel) -> u64 {
    match channel.policy.per_second {
        0 => UNBOUNDED,
        rate => u64::from(rate).saturating_mul(AHEAD).min(MOST),
    }
}

/// How many contacts may be handed over, when so much may wait over each channel and so much does. The fullest one decides: over which one a contact is
/// written to is not known before.
pub fn room(channels: &[(u64, u64)]) -> usize {
    let left = channels.iter().map(|(most, waits)| most.saturating_sub(*waits)).min().unwrap_or(UNBOUNDED);
    usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)
}

/// Keeps to so many contacts a second over a broadcast's own time.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    rate: Option<u32>,
    /// When the next contact may be handed over.
    next: Duration,
}

impl Pace {
    /// From now on.
    pub fn new(rate: Option<u32>, now: Duration) -> Self {
        Pace { rate, next: now }
    }

    /// How many of these may be handed over now, or how long to wait. Never more than a quarter of a second's worth at once.
    pub fn take(&mut self, want: usize, now: Duration) -> Result<usize, Duration> {
        let Some(rate) = self.rate else { return Ok(want) };
        if now < self.next {
            return Err(self.next - now);
        }
        let most = usize::try_from(rate / 4).unwrap_or(usize::MAX).max(1);
        let n = want.min(most);
        // What was not used is not made up for.
        self.next = now + Duration::from_secs_f64(n as f64 / f64::from(rate.max(1)));
        Ok(n)
    }
}

/// Between two looks at a channel that is full.
pub const FULL: Duration = Duration::from_millis(100);
/// A morning that is past for longer than this is not one any more.
pub const LATE: Span = Span::hours(4);
/// Between two words to the database that this is still worked on.
pub const WORD: Span = Span::seconds(4);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fullest_channel_decides_how_much_room_there_is() {
        assert_eq!(room(&[(400, 0), (5_000, 4_980)]), 20);
        assert_eq!(room(&[(400, 400)]), 0);
        assert_eq!(room(&[(400, 900)]), 0, "another instance hands over too");
        assert_eq!(room(&[]), CHUNK);
        assert_eq!(room(&[(5_000, 0)]), CHUNK);
    }

    #[test]
    fn a_rate_is_kept_over_seconds_and_nothing_is_made_up_for() {
        let at = Duration::from_millis;
        let mut pace = Pace::new(Some(20), at(0));
        assert_eq!(pace.take(100, at(0)), Ok(5));
        assert_eq!(pace.take(100, at(100)), Err(at(150)));
        assert_eq!(pace.take(2, at(250)), Ok(2));
        assert_eq!(pace.take(100, at(350)), Ok(5));
        assert_eq!(pace.take(100, at(60_000)), Ok(5), "after a minute not more");
        let mut now = at(0);
        let (mut pace, mut sum) = (Pace::new(Some(7), now), 0);
        while now < Duration::from_secs(10) {
            match pace.take(3, now) {
                Ok(n) => sum += n,
                Err(wait) => now += wait,
            }
        }
        assert!((69..=71).contains(&sum), "{sum}");
        assert_eq!(Pace::new(None, at(0)).take(77, at(0)), Ok(77));
        assert_eq!(Pace::new(Some(1), at(0)).take(9, at(0)), Ok(1));
    }
}
