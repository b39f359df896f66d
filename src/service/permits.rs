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
    /// Permits that were used without being asked for: those that are taken next pay for them. And since when.
    owed: u32,
    owed_at: Duration,
    /// The provider said "too fast".
    paused_until: Duration,
    /// The store has no permit before, or did not answer and is not asked before.
    dry_until: Duration,
    /// When the store had fewer permits than were wanted.
    short_at: Option<Duration>,
}

impl Pool {
    /// What is owed still: after so long without a permit the store's bucket is as full as if it had been taken from there.
    fn owes(&self, rate: Rate, now: Duration) -> u32 {
        let lapses = KEEP + Duration::from_secs_f64(f64::from(self.owed) * rate.step_millis() / 1_000.0);
        if now.saturating_sub(self.owed_at) < lapses { self.owed } else { 0 }
    }

    /// Pays with so many permits; how many it took.
    fn pays(&mut self, with: u32, rate: Rate, now: Duration) -> u32 {
        let owed = self.owes(rate, now);
        let paid = owed.min(with);
        self.owed = owed - paid;
        if paid > 0 {
            self.owed_at = now;
        }
        paid
    }

    /// Keeps permits for what comes next.
    fn keeps(&mut self, n: u32, now: Duration) {
        if n > 0 {
            let fresh = now.saturating_sub(self.taken_at) < KEEP;
            self.left = if fresh { self.left.saturating_add(n) } else { n };
            self.taken_at = now;
        }
    }
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
        let held = self.take_held((channel, traffic), rate, want, now);
        if held > 0 || want == 0 {
            return Ok((held, None));
        }
        let dry = self.with((channel, traffic), |pool| pool.dry_until.saturating_sub(now));
        if !dry.is_zero() {
            return Ok((0, Some(dry)));
        }
        let owed = self.with((channel, traffic), |pool| pool.owes(rate, now));
        let asked = store.permits(channel, traffic, want.saturating_add(owed), rate).await;
        // The others who want one would wait as long for the same: a channel's bucket is in one place, and that may be away. The answer may have
        // been awaited for longer than it is left alone.
        let unanswered = || clock.monotonic() + UNANSWERED;
        let answer = asked.inspect_err(|_| self.with((channel, traffic), |pool| pool.dry_until = unanswered()))?;
        let wait = Duration::from_millis(answer.wait.0.max(0).unsigned_abs());
        let (granted, wait) = self.with((channel, traffic), |pool| {
            let left = answer.granted - pool.pays(answer.granted, rate, now);
            // What was owed another one has paid meanwhile.
            pool.keeps(left.saturating_sub(want), now);
            let granted = left.min(want);
            let step = Duration::from_secs_f64(rate.step_millis() / 1_000.0);
            // What came paid for others: the next one is a step away.
            let wait = if granted == 0 && answer.granted > 0 { wait.max(step) } else { wait };
            if granted < want {
                pool.short_at = Some(now);
            }
            if granted == 0 {
                pool.dry_until = now + wait;
            }
            (granted, wait)
        });
        Ok((granted, (granted < want).then_some(wait)))
    }

    /// So many more permits were used than were taken, by a message that counts for several: those that are taken next pay for them.
    pub fn owe(&self, of: (&ChannelName, Traffic), rate: Option<Rate>, n: u32, now: Duration) {
        if let Some(rate) = rate.filter(|_| n > 0) {
            self.with(of, |pool| (pool.owed, pool.owed_at) = (pool.owes(rate, now).saturating_add(n), now));
        }
    }

    /// One permit, if one is left from what was taken before. Asks nobody.
    pub fn take_left(&self, (channel, traffic): (&ChannelName, Traffic), rate: Option<Rate>, now: Duration) -> bool {
        let held = |rate| self.take_held((channel, traffic), rate, 1, now) == 1;
        self.paused(channel, now).is_none() && rate.is_none_or(held)
    }

    /// Gives permits back that were not used.
    pub fn give_back(&self, of: (&ChannelName, Traffic), rate: Option<Rate>, n: u32, now: Duration) {
        if n > 0 && rate.is_some() {
            self.with(of, |pool| pool.keeps(n, now));
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

    fn take_held(&self, of: (&ChannelName, Traffic), rate: Rate, want: u32, now: Duration) -> u32 {
        self.with(of, |pool| {
            if now.saturating_sub(pool.taken_at) >= KEEP {
                pool.left = 0;
            }
            pool.left -= pool.pays(pool.left, rate, now);
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
        let ten = Rate { per_second: 10.0, burst: 10 };
        let (rate, at) = (Some(ten), Duration::from_millis);
        permits.give_back(talk, rate, 2, at(0));
        assert_eq!(permits.take_held((&channel, Traffic::Bulk), ten, 5, at(1)), 0, "what a conversation took no broadcast uses");
        assert_eq!(permits.take_held(talk, ten, 5, at(999)), 2);
        permits.give_back(talk, rate, 2, at(1_000));
        assert_eq!(permits.take_held(talk, ten, 5, at(2_000)), 0);
        permits.give_back(talk, None, 2, at(2_000));
        assert_eq!(permits.take_held(talk, ten, 5, at(2_000)), 0, "without a rate nothing is counted");
        assert_eq!(permits.paused(&channel, at(0)), None);
        permits.pause(&channel, Some(Span::seconds(3)), at(0));
        permits.pause(&channel, Some(Span::seconds(1)), at(0));
        assert_eq!(permits.paused(&channel, at(1_000)), Some(at(2_000)));
        assert_eq!(permits.paused(&channel, at(3_000)), None);
        permits.pause(&channel, Some(Span::days(9)), at(0));
        assert_eq!(permits.paused(&channel, at(0)), Some(Duration::from_secs(3_600)));
    }

    #[test]
    fn what_a_message_of_several_parts_used_is_paid_by_the_next() {
        let (permits, at) = (Permits::default(), Duration::from_millis);
        let channel = ChannelName::parse("main-sms").expect("a name");
        let (talk, ten) = ((&channel, Traffic::Talk), Rate { per_second: 10.0, burst: 10 });
        let owed = |now| permits.with(talk, |pool| pool.owes(ten, at(now)));
        permits.owe(talk, None, 2, at(0));
        assert_eq!(owed(0), 0, "without a rate nothing is counted");
        permits.owe(talk, Some(ten), 2, at(0));
        permits.owe(talk, Some(ten), 3, at(0));
        assert_eq!(permits.with((&channel, Traffic::Bulk), |pool| pool.owes(ten, at(0))), 0, "each traffic has its own");
        // One after the other, as a busy channel is given them.
        permits.give_back(talk, Some(ten), 1, at(100));
        assert!(!permits.take_left(talk, Some(ten), at(100)), "it is not for the next message");
        permits.give_back(talk, Some(ten), 6, at(200));
        assert_eq!((permits.take_held(talk, ten, 5, at(200)), owed(200)), (2, 0), "four are paid, and two are left");
        // What nobody asked for in the meantime lies in the bucket.
        permits.owe(talk, Some(ten), 10, at(1_000));
        assert_eq!((owed(2_999), owed(3_000)), (10, 0));
        permits.give_back(talk, Some(ten), 1, at(3_000));
        assert!(permits.take_left(talk, Some(ten), at(3_000)));
    }
}
