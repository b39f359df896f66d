//! How much of the machine a broadcast takes beside conversations. As long as their turns take what they take at the best of times it takes what there is;
//! when they take longer it pauses between two handfuls, up to nine times as long as a handful took: then it works a tenth of the time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Between two looks at what turns took.
const LOOK: Duration = Duration::from_millis(250);
/// Turns of one look: of fewer nothing can be said.
const FEW: u64 = 5;
/// What turns may take, of what they took at the best of times.
const SLOWER: f64 = 1.1;
/// How fast the best of times is forgotten, with each look: conversations change.
const FORGOTTEN: f64 = 1.002;
/// The longest pause, of what a handful took.
const MOST: f64 = 9.0;
/// A pause is no longer than this.
const LONGEST: Duration = Duration::from_secs(1);

/// What conversations' turns took, summed up.
#[derive(Debug, Default)]
pub struct Pulse {
    turns: AtomicU64,
    nanos: AtomicU64,
}

impl Pulse {
    /// A turn of a conversation, from when its input was taken.
    pub fn took(&self, time: Duration) {
        self.turns.fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(0), Ordering::Relaxed);
    }

    fn seen(&self) -> Seen {
        Seen { turns: self.turns.load(Ordering::Relaxed), nanos: self.nanos.load(Ordering::Relaxed) }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    turns: u64,
    nanos: u64,
}

/// How an instance's broadcasts behave; one for all of them.
#[derive(Debug, Default)]
pub(super) struct Manners(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    looked: Duration,
    seen: Seen,
    /// Nanoseconds of a turn at the best of times.
    best: Option<f64>,
    /// How long to pause, of what a handful took.
    factor: f64,
}

impl Manners {
    /// How long to pause after a handful that took so long.
    pub fn pause(&self, took: Duration, now: Duration, pulse: &Pulse) -> Duration {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(state.looked) >= LOOK {
            state.look(now, pulse.seen());
        }
        took.mul_f64(state.factor).min(LONGEST)
    }
}

impl State {
    fn look(&mut self, now: Duration, seen: Seen) {
        let turns = seen.turns.saturating_sub(self.seen.turns);
        if turns < FEW {
            // Whoever writes now and then is not slowed by what is done in between; of a few, more is said at the next look.
            if now.saturating_sub(self.looked) >= LOOK * 8 {
                (self.looked, self.seen, self.factor) = (now, seen, 0.0);
            }
            return;
        }
        let mean = seen.nanos.saturating_sub(self.seen.nanos) as f64 / turns as f64;
        let best = self.best.map_or(mean, |best| (best * FORGOTTEN).min(mean));
        let grows = mean > best * SLOWER;
        self.factor = if grows { (self.factor * 1.5 + 0.5).min(MOST) } else { (self.factor - 0.25).max(0.0) };
        (self.looked, self.seen, self.best) = (now, seen, Some(best));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDFUL: Duration = Duration::from_millis(20);

    /// So many looks, in each of which so many turns took so long each; gives the pause at the end.
    fn looks(manners: &Manners, pulse: &Pulse, now: &mut Duration, looks: usize, (turns, each): (usize, u64)) -> Duration {
        let mut pause = Duration::ZERO;
        for _ in 0..looks {
            (0..turns).for_each(|_| pulse.took(Duration::from_micros(each)));
            *now += LOOK;
            pause = manners.pause(HANDFUL, *now, pulse);
        }
        pause
    }

    #[test]
    fn it_takes_all_there_is_until_conversations_are_slowed_and_then_a_tenth() {
        let (manners, pulse, mut now) = (Manners::default(), Pulse::default(), Duration::from_secs(9));
        assert_eq!(looks(&manners, &pulse, &mut now, 20, (0, 0)), Duration::ZERO, "nobody is there");
        assert_eq!(looks(&manners, &pulse, &mut now, 20, (50, 1_000)), Duration::ZERO, "nobody is slowed");
        assert_eq!(looks(&manners, &pulse, &mut now, 10, (50, 1_500)), HANDFUL * 9, "nine times the time of a handful");
        let less = looks(&manners, &pulse, &mut now, 10, (50, 1_000));
        assert!(less < HANDFUL * 7 && less > HANDFUL * 6, "it comes back slowly: {less:?}");
        assert_eq!(looks(&manners, &pulse, &mut now, 30, (50, 1_000)), Duration::ZERO);
        assert_eq!(looks(&manners, &pulse, &mut now, 10, (50, 1_500)), HANDFUL * 9);
        assert_eq!(looks(&manners, &pulse, &mut now, 16, (0, 0)), Duration::ZERO, "and nobody is there any more");
    }

    #[test]
    fn what_conversations_took_long_ago_is_forgotten() {
        let (manners, pulse, mut now) = (Manners::default(), Pulse::default(), Duration::from_secs(9));
        looks(&manners, &pulse, &mut now, 10, (50, 1_000));
        // They do more from now on.
        assert!(looks(&manners, &pulse, &mut now, 10, (50, 1_500)) > Duration::ZERO);
        assert_eq!(looks(&manners, &pulse, &mut now, 300, (50, 1_500)), Duration::ZERO);
    }

    #[test]
    fn no_pause_is_so_long_that_a_broadcast_stands_still() {
        let (manners, pulse, mut now) = (Manners::default(), Pulse::default(), Duration::from_secs(9));
        looks(&manners, &pulse, &mut now, 4, (50, 1_000));
        looks(&manners, &pulse, &mut now, 10, (50, 9_000));
        assert_eq!(manners.pause(Duration::from_secs(9), now, &pulse), LONGEST);
    }
}
