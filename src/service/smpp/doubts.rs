//! SMPP gives what people write no id, so nothing tells a message that comes again from a second one with the same words. What may come
//! again is known here: it was answered "later", or the connection broke before the carrier surely had our answer. A message that is the
//! same as such a one is that one, and has its id.

use std::collections::VecDeque;
use std::time::Duration;

/// Messages that are remembered.
const MOST: usize = 4_096;
/// An answer that was written so long before the connection ended was read.
const READ: Duration = Duration::from_secs(60);
/// Carriers that have not tried again for so long do not.
const KEPT: Duration = Duration::from_secs(6 * 3_600);

/// What may come again.
#[derive(Debug, Default)]
pub(super) struct Doubts(VecDeque<Entry>);

#[derive(Debug)]
struct Entry {
    of: u64,
    id: String,
    session: u64,
    since: Duration,
    answered: Option<Duration>,
    open: bool,
}

impl Doubts {
    /// The id of a message with this content: that of the one that it surely is, else a fresh one.
    pub fn name(&mut self, of: u64, session: u64, now: Duration, fresh: impl FnOnce() -> String) -> String {
        self.0.retain(|entry| now.saturating_sub(entry.since) < KEPT);
        let known = self.0.iter().position(|entry| entry.open && entry.of == of).and_then(|at| self.0.remove(at));
        let id = known.map_or_else(fresh, |entry| entry.id);
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(Entry { of, id: id.clone(), session, since: now, answered: None, open: false });
        id
    }

    /// It was answered: taken, or "later".
    pub fn answered(&mut self, id: &str, taken: bool, now: Duration) {
        if let Some(entry) = self.0.iter_mut().rev().find(|entry| entry.id == id) {
            entry.answered = Some(now);
            entry.open = !taken;
        }
    }

    /// A connection ended.
    pub fn ended(&mut self, session: u64, now: Duration) {
        for entry in self.0.iter_mut().filter(|entry| entry.session == session) {
            entry.open |= entry.answered.is_none_or(|at| now.saturating_sub(at) < READ);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_same_words_are_another_message_unless_the_first_may_come_again() {
        let mut doubts = Doubts::default();
        let first = doubts.name(7, 1, at(0), || "a".to_owned());
        doubts.answered(&first, true, at(0));
        assert_eq!(doubts.name(7, 1, at(1), || "b".to_owned()), "b", "yes, and once more yes");
        doubts.answered("b", false, at(1));
        assert_eq!(doubts.name(7, 1, at(2), || "c".to_owned()), "b", "it was to come again");
        doubts.answered("b", true, at(2));
        doubts.ended(1, at(3));
        assert_eq!(doubts.name(7, 2, at(4), || "d".to_owned()), "a");
        assert_eq!(doubts.name(7, 2, at(4), || "e".to_owned()), "b");
        assert_eq!(doubts.name(7, 2, at(4), || "f".to_owned()), "f", "each comes again once");
        assert_eq!(doubts.name(8, 2, at(4), || "g".to_owned()), "g");
    }

    #[test]
    fn an_old_answer_was_read() {
        let mut doubts = Doubts::default();
        doubts.name(7, 1, at(0), || "a".to_owned());
        doubts.answered("a", true, at(0));
        doubts.ended(1, at(61));
        assert_eq!(doubts.name(7, 2, at(62), || "b".to_owned()), "b");
        // Of what was never answered it is not known, however long that took.
        doubts.ended(2, at(200));
        assert_eq!(doubts.name(7, 3, at(201), || "c".to_owned()), "b");
        assert_eq!(doubts.name(7, 3, at(KEPT.as_secs() + 300), || "d".to_owned()), "d");
    }
}
