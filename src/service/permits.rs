//! How fast a channel may send. The bucket is in the store, one for all instances; this is the instance's own end of it:
//! permits that were taken and not yet used, of conversations and of broadcasts apart, and a pause after a provider said "too fast".
//! A channel without a rate asks nobody.

use super::ports::Clock;
use crate::domain::name::ChannelName;
use crate::domain::time::Span;
use crate::store::{Answer, Rate, Store, Traffic};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Unused permits lapse: they belong to the moment for which they were taken.
const KEEP: Duration = Duration::from_secs(1);
/// How long a store that did not answer is not asked again, from when that was known.
const UNANSWERED: Duration = Duration::from_secs(1);
/// What waits over a channel waits for its rate if permits were wanting so long ago at most: longer than the slowest channel has between two of them.
const LATELY: Duration = Duration::from_secs(30);
/// A pause after a throttled send, if the provider does not say how long.
pub const PAUSE: Span = Span::seconds(2);
const PAUSE_MAX: Span = Span::hours(1);

/// The permits of this instance.
#[derive(Debug, Default)]
pub struct Permits {
    channels: Mutex<HashMap<(ChannelName, Traffic), Pool>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Pool {
    left: u32,
    taken_at: Duration,
    /// The provider said "too fast".
    paused_until: Duration,
    /// The store has no permit before, or did not answer and is not asked before.
    dry_until: Duration,
    /// When the store had fewer permits than were wanted.
    short_at: Option<Duration>,
}

impl Permits {
    /// Up to `want` permits: from what is left, else from the store. The second value says when to ask again, if the store
    /// had fewer.
    pub async fn take(
        &self,
        store: &dyn Store,
        (channel, traffic): (&ChannelName, Traffic),
        rate: Option<Rate>,
        want: u32,
        clock: &dyn Clock,
    ) -> Answer<(u32, Option<Duration>)> {
        let now = clock.monotonic();
        if let Some(wait) = self.paused(channel, now) {
            return Ok((0, Some(wait)));
        }
        let Some(rate) = rate else {
            return Ok((want, None));
        };
        let held = self.take_held((channel, traffic), want, now);
        if held > 0 || want == 0 {
            return Ok((held, None));
        }
        let dry = self.with((channel, traffic), |pool| pool.dry_until.saturating_sub(now));
        if !dry.is_zero() {
            return Ok((0, Some(dry)));
        }
        let asked = store.permits(channel, traffic, want, rate).await;
        // The others who want one would wait as long for the same: a channel's bucket is in one place, and that may be away. The answer may have
        // been awaited for longer than it is left alone.
        let unanswered = || clock.monotonic() + UNANSWERED;
        let answer = asked.inspect_err(|_| self.with((channel, traffic), |pool| pool.dry_until = unanswered()))?;
        let wait = Duration::from_millis(answer.wait.0.max(0).unsigned_abs());
        if answer.granted < want {
            self.with((channel, traffic), |pool| {
                pool.short_at = Some(now);
                if answer.granted == 0 {
                    pool.dry_until = now + wait;
                }
            });
        }
        Ok((answer.granted, (answer.granted < want).then_some(wait)))
    }

    /// One permit, if one is left from what was taken before. Asks nobody.
    pub fn take_left(&self, (channel, traffic): (&ChannelName, Traffic), rate: Option<Rate>, now: Duration) -> bool {
        self.paused(channel, now).is_none() && (rate.is_none() || self.take_held((channel, traffic), 1, now) == 1)
    }

    /// Gives permits back that were not used.
    pub fn give_back(&self, of: (&ChannelName, Traffic), rate: Option<Rate>, n: u32, now: Duration) {
        if n > 0 && rate.is_some() {
            self.with(of, |pool| {
                let fresh = now.saturating_sub(pool.taken_at) < KEEP;
                pool.left = if fresh { pool.left.saturating_add(n) } else { n };
                pool.taken_at = now;
            });
        }
    }

    /// Sends nothing over the channel for a while.
    pub fn pause(&self, channel: &ChannelName, span: Option<Span>, now: Duration) {
        let millis = span.unwrap_or(PAUSE).0.clamp(0, PAUSE_MAX.0).unsigned_abs();
        let until = now + Duration::from_millis(millis);
        self.with((channel, Traffic::Talk), |pool| pool.paused_until = pool.paused_until.max(until));
    }

    /// How long the channel still pauses.
    pub fn paused(&self, channel: &ChannelName, now: Duration) -> Option<Duration> {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = channels.get(&(channel.clone(), Traffic::Talk))?.paused_until.checked_sub(now)?;
        (!wait.is_zero()).then_some(wait)
    }

    /// Whether what waits over the channel waits for its rate, as far as this instance sees: the provider said "too fast", or permits were wanting a moment
    /// ago.
    pub fn is_short(&self, (channel, traffic): (&ChannelName, Traffic), now: Duration) -> bool {
        let lately = |at: Duration| now.saturating_sub(at) < LATELY;
        self.paused(channel, now).is_some() || self.with((channel, traffic), |pool| pool.short_at.is_some_and(lately))
    }

    fn take_held(&self, of: (&ChannelName, Traffic), want: u32, now: Duration) -> u32 {
        self.with(of, |pool| {
            if now.saturating_sub(pool.taken_at) >= KEEP {
                pool.left = 0;
            }
            let taken = pool.left.min(want);
            pool.left -= taken;
            taken
        })
    }

    fn with<T>(&self, (channel, traffic): (&ChannelName, Traffic), change: impl FnOnce(&mut Pool) -> T) -> T {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        change(channels.entry((channel.clone(), traffic)).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_used_before_it_lapses_and_a_pause_ends() {
        let permits = Permits::default();
        let channel = ChannelName::parse("main-sms").expect("a name");
        let talk = (&channel, Traffic::Talk);
        let rate = Some(Rate { per_second: 10.0, burst: 10 });
        let at = Duration::from_millis;
        permits.give_back(talk, rate, 2, at(0));
        assert_eq!(permits.take_held((&channel, Traffic::Bulk), 5, at(1)), 0, "what a conversation took no broadcast uses");
        assert_eq!(permits.take_held(talk, 5, at(999)), 2);
        permits.give_back(talk, rate, 2, at(1_000));
        assert_eq!(permits.take_held(talk, 5, at(2_000)), 0);
        permits.give_back(talk, None, 2, at(2_000));
        assert_eq!(permits.take_held(talk, 5, at(2_000)), 0, "without a rate nothing is counted");
        assert_eq!(permits.paused(&channel, at(0)), None);
        permits.pause(&channel, Some(Span::seconds(3)), at(0));
        permits.pause(&channel, Some(Span::seconds(1)), at(0));
        assert_eq!(permits.paused(&channel, at(1_000)), Some(at(2_000)));
        assert_eq!(permits.paused(&channel, at(3_000)), None);
        permits.pause(&channel, Some(Span::days(9)), at(0));
        assert_eq!(permits.paused(&channel, at(0)), Some(Duration::from_secs(3_600)));
    }
}
