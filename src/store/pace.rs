//! What providers teach of a channel's rate, and what a channel sends in a day: kept in the store, for all instances.

use super::request::{Rate, Traffic};
use crate::domain::name::ChannelName;
use crate::domain::time::{Millis, Span};

/// A rate that was lowered is whole again after so long, if nothing lowers it meanwhile; it rises evenly.
pub const RECOVERS: Span = Span::minutes(10);
/// Refusals within so long are one.
pub(super) const ONCE_EVERY: Span = Span::seconds(2);
/// The lowest part of a channel's rate.
pub(super) const LEAST: f64 = 0.05;
/// A day is as many hours, of which the present one has just begun: at least 24 have passed when an hour no longer counts.
pub(super) const HOURS: i64 = 25;
pub(super) const HOUR: i64 = 3_600_000;

/// A provider said that we are too fast, or are about to be.
#[derive(Debug, Clone)]
pub struct SlowDown {
    /// Over which channel.
    pub channel: ChannelName,
    /// Nobody gets a permit for so long.
    pub pause: Span,
    /// Whether the rate is halved, too. It comes back slowly.
    pub lower: bool,
}

/// A message that counts for its channel's day.
#[derive(Debug, Clone)]
pub struct Spend {
    /// The channel.
    pub channel: ChannelName,
    /// It is not to be sent if so many were, in the 24 hours before.
    pub most: u32,
    /// It surely did not leave: one that was counted is given back.
    pub back: bool,
}

/// What a channel has sent in the last 24 hours, to within an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Whether this one may leave; then it is counted.
    pub granted: bool,
    /// Messages, with this one if it may.
    pub used: u32,
    /// Of these, in this hour and the one before.
    pub recent: u32,
    /// When room comes, if there is none.
    pub again: Span,
}

/// How fast a channel is let send.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace {
    /// Nobody gets a permit before.
    paused_until: f64,
    /// The part of the rate that was left when it was lowered last.
    factor: f64,
    /// When that was; 0: never.
    since: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { paused_until: 0.0, factor: 1.0, since: 0.0 }
    }
}

impl Pace {
    /// The part of its rate that a channel has now.
    pub fn factor(self, now: Millis) -> f64 {
        (self.factor + (now.0 as f64 - self.since).max(0.0) / RECOVERS.0 as f64).min(1.0)
    }

    /// How long nobody gets a permit.
    pub fn pause(self, now: Millis) -> Option<Span> {
        let left = (self.paused_until - now.0 as f64).ceil();
        (left > 0.0).then_some(Span(left as i64))
    }

    /// The rate that is left.
    pub fn left(self, now: Millis, rate: Rate) -> Rate {
        let factor = self.factor(now);
        let burst = (f64::from(rate.burst) * factor).ceil().max(1.0);
        Rate { per_second: rate.per_second * factor, burst: burst as u32 }
    }

    /// The same after this was said.
    pub fn slowed(self, now: Millis, said: &SlowDown) -> Self {
        let at = now.0 as f64;
        let mut pace = Pace { paused_until: self.paused_until.max(at + said.pause.0.max(0) as f64), ..self };
        if said.lower && (self.since == 0.0 || at - self.since >= ONCE_EVERY.0 as f64) {
            (pace.factor, pace.since) = ((self.factor(now) / 2.0).max(LEAST), at);
        }
        pace
    }
}

/// What broadcasts may use of a day: the last tenth is for conversations.
pub fn left_of_day(per_day: u32, traffic: Traffic) -> u32 {
    match traffic {
        Traffic::Talk => per_day,
        Traffic::Bulk => per_day - per_day / 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pause: i64, lower: bool) -> SlowDown {
        SlowDown { channel: ChannelName::parse("main-sms").expect("a name"), pause: Span(pause), lower }
    }

    #[test]
    fn a_rate_is_halved_once_for_each_refusal_and_comes_back_slowly() {
        let at = |seconds: i64| Millis(1_000_000 + seconds * 1_000);
        let full = Pace::default();
        assert_eq!((full.factor(at(0)), full.pause(at(0))), (1.0, None));
        let half = full.slowed(at(0), &said(3_000, true));
        assert_eq!((half.factor(at(0)), half.pause(at(1)), half.pause(at(3))), (0.5, Some(Span(2_000)), None));
        assert_eq!(half.slowed(at(1), &said(0, true)).factor(at(0)), 0.5, "those who were on their way say the same");
        let quarter = half.slowed(at(2), &said(0, true));
        assert!((0.25..0.26).contains(&quarter.factor(at(2))));
        assert!((quarter.factor(at(302)) - quarter.factor(at(2)) - 0.5).abs() < 0.001, "half of it in five minutes");
        assert_eq!(quarter.factor(at(602)), 1.0);
        assert_eq!(
            quarter.slowed(at(3), &said(60_000, false)).factor(at(3)),
            quarter.factor(at(3)),
            "a pause alone lowers nothing"
        );
        let mut least = full;
        for n in 0..20 {
            least = least.slowed(at(n * 3), &said(0, true));
        }
        assert!(least.factor(at(57)) >= LEAST);
        let rate = half.left(at(0), Rate { per_second: 10.0, burst: 5 });
        assert_eq!((rate.per_second, rate.burst), (5.0, 3));
    }

    #[test]
    fn the_last_tenth_of_a_day_is_for_conversations() {
        assert_eq!((left_of_day(2_000, Traffic::Bulk), left_of_day(2_000, Traffic::Talk)), (1_800, 2_000));
        assert_eq!((left_of_day(5, Traffic::Bulk), left_of_day(5, Traffic::Talk)), (5, 5));
    }
}
