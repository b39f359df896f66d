//! How fast a kind of route may be called: a bucket that fills evenly. One number, moved with compare-and-set, so that it costs
//! nothing to ask.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A bucket. Holds twice what it gets in a second.
#[derive(Debug)]
pub struct Bucket {
    begun: Instant,
    /// Nanoseconds from one request to the next.
    interval: u64,
    /// How far ahead of time requests may be.
    ahead: u64,
    /// When the next request would come if all came evenly, in nanoseconds after `begun`.
    next: AtomicU64,
}

impl Bucket {
    /// A full bucket of so many requests a second.
    pub fn new(per_second: u32) -> Self {
        let interval = 1_000_000_000 / u64::from(per_second.max(1));
        Bucket { begun: Instant::now(), interval, ahead: 2_000_000_000, next: AtomicU64::new(0) }
    }

    /// Takes one, or says when there will be one.
    pub fn take(&self) -> Result<(), Duration> {
        self.take_at(self.begun.elapsed())
    }

    fn take_at(&self, now: Duration) -> Result<(), Duration> {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let taken = self.next.fetch_update(Ordering::AcqRel, Ordering::Acquire, |next| {
            let after = next.max(now).saturating_add(self.interval);
            (after <= now.saturating_add(self.ahead)).then_some(after)
        });
        taken.map(|_| ()).map_err(|next| {
            let after = next.max(now).saturating_add(self.interval);
            Duration::from_nanos(after.saturating_sub(now.saturating_add(self.ahead)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_a_second_s_worth_at_once_then_evenly() {
        let bucket = Bucket::new(10);
        let at = Duration::from_millis;
        assert_eq!((0..30).filter(|_| bucket.take_at(at(0)).is_ok()).count(), 20);
        assert_eq!(bucket.take_at(at(0)), Err(at(100)));
        assert!(bucket.take_at(at(100)).is_ok());
        assert!(bucket.take_at(at(150)).is_err());
        assert!(bucket.take_at(at(200)).is_ok());
        assert_eq!((0..30).filter(|_| bucket.take_at(at(60_000)).is_ok()).count(), 20, "a rest does not add up");
    }
}
