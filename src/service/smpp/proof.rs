//! Which of our answers the carrier has surely read. What goes over one connection is read in its order: who answers a request of ours has
//! read everything that was written before it.

use super::doubts::Doubt;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Who still speaks so long after our answer was written has read it, whatever requests of ours it answers: had the connection broken, we
/// would not hear it.
const READ: Duration = Duration::from_secs(30);

/// The place of something that was written among all that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Stamp(u64);

/// The answers of one connection that may not have been read.
#[derive(Debug, Default)]
pub(super) struct Proof {
    written: Stamp,
    unproved: VecDeque<(Stamp, Instant, Doubt)>,
}

impl Proof {
    /// An answer is written.
    pub fn answers(&mut self, doubt: Doubt, now: Instant) {
        let stamp = self.asks();
        self.unproved.push_back((stamp, now, doubt));
    }

    /// A request is written.
    pub fn asks(&mut self) -> Stamp {
        self.written = Stamp(self.written.0 + 1);
        self.written
    }

    /// This request was answered: what was read.
    pub fn answered(&mut self, request: Stamp) -> Vec<Doubt> {
        self.read(|stamp, _| stamp < request)
    }

    /// The carrier said anything: what was read.
    pub fn heard(&mut self, now: Instant) -> Vec<Doubt> {
        self.read(|_, since| now.saturating_duration_since(since) >= READ)
    }

    /// Since when the first answer waits to be known to be read.
    pub fn waits_since(&self) -> Option<Instant> {
        self.unproved.front().map(|(_, since, _)| *since)
    }

    fn read(&mut self, is_read: impl Fn(Stamp, Instant) -> bool) -> Vec<Doubt> {
        let n = self.unproved.iter().take_while(|(stamp, since, _)| is_read(*stamp, *since)).count();
        self.unproved.drain(..n).map(|(_, _, doubt)| doubt).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::doubts::Doubts;
    use super::*;

    #[test]
    fn who_answers_a_request_has_read_what_was_written_before_it() {
        let (mut proof, mut doubts) = (Proof::default(), Doubts::default());
        let mut doubt = |of| doubts.name(of, 1, Duration::ZERO, String::new).0;
        let (first, second, third) = (doubt(1), doubt(2), doubt(3));
        let begin = Instant::now();
        let before = proof.asks();
        proof.answers(first, begin);
        proof.answers(second, begin + Duration::from_secs(1));
        let between = proof.asks();
        proof.answers(third, begin + Duration::from_secs(2));
        assert_eq!(proof.answered(before), []);
        assert_eq!(proof.waits_since(), Some(begin));
        assert_eq!(proof.answered(between), [first, second]);
        assert_eq!(proof.answered(between), []);
        assert_eq!(proof.waits_since(), Some(begin + Duration::from_secs(2)));
        // Who answers nothing and goes on to speak has read it, too.
        assert_eq!(proof.heard(begin + READ), []);
        assert_eq!(proof.heard(begin + READ + Duration::from_secs(2)), [third]);
        assert_eq!(proof.waits_since(), None);
    }
}
