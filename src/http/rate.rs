//! How fast a kind of route may be called: a bucket that fills evenly. One number, moved with compare-and-set, so that it costs
//! nothing to ask.

use crate::domain::api_key::KeyId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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

    /// How it stands now.
    pub fn standing(&self) -> Standing {
        self.standing_at(self.begun.elapsed())
    }

    fn standing_at(&self, now: Duration) -> Standing {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let taken = self.next.load(Ordering::Acquire).saturating_sub(now);
        Standing {
            most: self.ahead / self.interval,
            within: Duration::from_nanos(self.ahead),
            left: self.ahead.saturating_sub(taken) / self.interval,
            full_after: Duration::from_nanos(taken),
        }
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

/// How a bucket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What a full one holds.
    pub most: u64,
    /// The time in which an empty one fills.
    pub within: Duration,
    /// What it holds now.
    pub left: u64,
    /// When it is full again if nothing is taken.
    pub full_after: Duration,
}

/// The name of the limit that answers speak of.
const POLICY: &str = "key";

impl Standing {
    /// `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers: seconds are whole ones, rounded up.
    pub fn headers(&self) -> [(&'static str, String); 2] {
        let seconds = |time: Duration| time.as_millis().div_ceil(1_000);
        [
            ("ratelimit-policy", format!("\"{POLICY}\";q={};w={}", self.most, seconds(self.within))),
            ("ratelimit", format!("\"{POLICY}\";r={};t={}", self.left, seconds(self.full_after))),
        ]
    }
}

/// A bucket for each key of the API.
#[derive(Debug)]
pub struct KeyBuckets {
    per_second: u32,
    all: Mutex<HashMap<Holder, Arc<Bucket>>>,
}

/// Whose bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    /// The configured key at this place.
    Configured(usize),
    /// A key of the API.
    Key(KeyId),
}

/// Buckets above which those that are full are forgotten: a full one says nothing.
const BUCKETS: usize = 10_000;

impl KeyBuckets {
    /// Of so many requests a second each.
    pub fn new(per_second: u32) -> Self {
        KeyBuckets { per_second, all: Mutex::default() }
    }

    /// The bucket of a key that was believed.
    pub fn of(&self, holder: Holder) -> Arc<Bucket> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= BUCKETS {
            all.retain(|_, bucket| bucket.standing().full_after > Duration::ZERO);
        }
        Arc::clone(all.entry(holder).or_insert_with(|| Arc::new(Bucket::new(self.per_second))))
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

    #[test]
    fn what_is_left_is_what_can_still_be_taken() {
        let bucket = Bucket::new(10);
        let at = Duration::from_millis;
        let headers = |ms| bucket.standing_at(at(ms)).headers().map(|(_, value)| value);
        assert_eq!(headers(0), [r#""key";q=20;w=2"#, r#""key";r=20;t=0"#]);
        assert!((0..5).all(|_| bucket.take_at(at(0)).is_ok()));
        assert_eq!(headers(0)[1], r#""key";r=15;t=1"#);
        assert_eq!((0..30).filter(|_| bucket.take_at(at(0)).is_ok()).count(), 15);
        assert_eq!(headers(0)[1], r#""key";r=0;t=2"#);
        assert_eq!(headers(2_000)[1], r#""key";r=20;t=0"#);
    }

    #[test]
    fn each_key_has_its_own_bucket() {
        let buckets = KeyBuckets::new(1);
        let (one, other) = (Holder::Configured(0), Holder::Key(KeyId::of(0)));
        assert!(buckets.of(one).take().is_ok() && buckets.of(one).take().is_ok());
        assert!(buckets.of(one).take().is_err(), "the same bucket again");
        assert!(buckets.of(other).take().is_ok());
    }
}
