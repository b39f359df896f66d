//! SMPP gives what people write no id, so nothing tells a message that comes again from a second one with the same words. What may come
//! again is known here: it was answered "later", or the connection ended before the carrier had surely read our answer. A message that is
//! the same as such a one is that one, and has its id.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Messages that are remembered, the newest: about 150 bytes each. What the carrier is known to have read is not among them.
const MOST: usize = 32_768;
/// Who was told "later" and has not come again for so long does not.
const LATER: Duration = Duration::from_secs(6 * 3_600);
/// After a break carriers bring what was not acknowledged within minutes. The same words after so long are another message.
const BROKEN: Duration = Duration::from_secs(30 * 60);

/// Names one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Doubt(u64);

/// What may come again.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    last: Doubt,
    all: BTreeMap<Doubt, Entry>,
    /// Those that may come again now, by what they are.
    open: BTreeSet<(u64, Doubt)>,
}

#[derive(Debug)]
struct Entry {
    of: u64,
    id: String,
    session: u64,
    /// Until when it may come again. Nothing as long as its connection lives: it is being stored, or it was taken and the carrier may not
    /// have read that yet.
    until: Option<Duration>,
}

impl Doubts {
    /// A message with this content came: the id of the one that it surely is, else a fresh one.
    pub fn name(&mut self, of: u64, session: u64, now: Duration, fresh: impl FnOnce() -> String) -> (Doubt, String) {
        let id = self.take(of, now).map_or_else(fresh, |entry| entry.id);
        (self.put(of, session, id.clone(), now), id)
    }

    /// The same of what has no id of its own: whether it is one that may come again. If it is not, nothing is remembered.
    pub fn again(&mut self, of: u64, session: u64, now: Duration) -> Option<Doubt> {
        let entry = self.take(of, now)?;
        Some(self.put(of, session, entry.id, now))
    }

    /// It was answered "later".
    pub fn later(&mut self, doubt: Doubt, now: Duration) {
        self.opens(doubt, now + LATER);
    }

    /// The carrier has read that it was taken: it does not come again.
    pub fn proved(&mut self, doubt: Doubt) {
        if self.all.get(&doubt).is_some_and(|entry| entry.until.is_none()) {
            self.all.remove(&doubt);
        }
    }

    /// A connection ended.
    pub fn ended(&mut self, session: u64, now: Duration) {
        let of_it = self.all.iter().filter(|(_, entry)| entry.session == session && entry.until.is_none());
        let of_it: Vec<Doubt> = of_it.map(|(doubt, _)| *doubt).collect();
        for doubt in of_it {
            self.opens(doubt, now + BROKEN);
        }
    }

    fn opens(&mut self, doubt: Doubt, until: Duration) {
        if let Some(entry) = self.all.get_mut(&doubt) {
            entry.until = Some(until);
            self.open.insert((entry.of, doubt));
        }
    }

    /// The first one with this content that may come again.
    fn take(&mut self, of: u64, now: Duration) -> Option<Entry> {
        loop {
            let (_, doubt) = *self.open.range((of, Doubt(0))..=(of, Doubt(u64::MAX))).next()?;
            self.open.remove(&(of, doubt));
            let entry = self.all.remove(&doubt);
            if let Some(entry) = entry.filter(|entry| entry.until.is_some_and(|until| until > now)) {
                return Some(entry);
            }
        }
    }

    fn put(&mut self, of: u64, session: u64, id: String, now: Duration) -> Doubt {
        while let Some(oldest) = self.all.first_entry() {
            let is_over = oldest.get().until.is_some_and(|until| until <= now);
            if !is_over && self.all.len() < MOST {
                break;
            }
            if let Some((doubt, entry)) = self.all.pop_first() {
                self.open.remove(&(entry.of, doubt));
            }
        }
        self.last = Doubt(self.last.0 + 1);
        self.all.insert(self.last, Entry { of, id, session, until: None });
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn name(doubts: &mut Doubts, session: u64, now: u64, fresh: &str) -> (Doubt, String) {
        doubts.name(7, session, at(now), || fresh.to_owned())
    }

    #[test]
    fn the_same_words_are_another_message_unless_the_first_may_come_again() {
        let mut doubts = Doubts::default();
        name(&mut doubts, 1, 0, "a");
        let (second, id) = name(&mut doubts, 1, 1, "b");
        assert_eq!(id, "b", "yes, and once more yes");
        doubts.later(second, at(1));
        assert_eq!(name(&mut doubts, 1, 2, "c").1, "b", "it was to come again");
        doubts.ended(1, at(3));
        assert_eq!(name(&mut doubts, 2, 4, "d").1, "a");
        assert_eq!(name(&mut doubts, 2, 4, "e").1, "b");
        assert_eq!(name(&mut doubts, 2, 4, "f").1, "f", "each comes again once");
        assert_eq!(doubts.name(8, 2, at(4), || "g".to_owned()).1, "g");
    }

    #[test]
    fn what_the_carrier_has_read_does_not_come_again() {
        let mut doubts = Doubts::default();
        let (read, _) = name(&mut doubts, 1, 0, "a");
        doubts.proved(read);
        doubts.ended(1, at(1));
        assert_eq!(name(&mut doubts, 2, 2, "b").1, "b", "a moment before the break, and read");
        // That "later" was read says nothing: it comes again for that.
        let (later, _) = name(&mut doubts, 2, 3, "c");
        doubts.later(later, at(3));
        doubts.proved(later);
        assert_eq!(name(&mut doubts, 2, 4, "d").1, "c");
    }

    #[test]
    fn what_has_no_id_is_only_known_again() {
        let mut doubts = Doubts::default();
        assert_eq!(doubts.again(7, 1, at(0)), None);
        name(&mut doubts, 1, 0, "");
        assert_eq!(doubts.again(7, 1, at(0)), None, "nothing broke");
        doubts.ended(1, at(1));
        let again = doubts.again(7, 2, at(2)).expect("is known");
        assert_eq!(doubts.again(7, 2, at(2)), None, "it comes again once");
        doubts.ended(2, at(3));
        assert!(doubts.again(7, 3, at(4)).is_some_and(|doubt| doubt > again), "its second answer may be lost, too");
    }

    #[test]
    fn what_has_not_come_again_for_long_does_not() {
        let mut doubts = Doubts::default();
        name(&mut doubts, 1, 0, "a");
        doubts.ended(1, at(1_000));
        assert_eq!(name(&mut doubts, 2, 1_000 + BROKEN.as_secs(), "b").1, "b");
        let (later, _) = name(&mut doubts, 2, 3_000, "c");
        doubts.later(later, at(3_000));
        assert_eq!(name(&mut doubts, 2, 3_000 + 2 * BROKEN.as_secs(), "d").1, "c");
        let (later, _) = name(&mut doubts, 2, 10_000, "e");
        doubts.later(later, at(10_000));
        assert_eq!(name(&mut doubts, 2, 10_000 + LATER.as_secs(), "f").1, "f");
    }

    #[test]
    fn what_was_read_takes_no_room_from_what_may_come_again() {
        let mut doubts = Doubts::default();
        name(&mut doubts, 1, 0, "a");
        doubts.ended(1, at(0));
        for other in 0..2 * MOST as u64 {
            let (doubt, _) = doubts.name(100 + other, 2, at(1), String::new);
            doubts.proved(doubt);
        }
        assert_eq!(name(&mut doubts, 2, 2, "b").1, "a");
        // Whatever comes, it does not grow without end.
        for other in 0..2 * MOST as u64 {
            doubts.name(100 + other, 2, at(3), String::new);
        }
        doubts.ended(2, at(4));
        assert_eq!((doubts.all.len(), doubts.open.len()), (MOST, MOST));
    }
}
