//! Whether a carrier lives, and what of ours it has surely read: it is asked when it is silent, and when nothing else shows that it has read an
//! answer.

use super::doubts::Doubt;
use super::proof::{Proof, Stamp};
use std::time::Duration;
use tokio::time::Instant;

/// How long a question whether the connection lives is waited for at most.
const ENQUIRED: Duration = Duration::from_secs(10);
/// An answer that nothing shows to be read is asked about after this time: the answer to any question shows it.
const UNREAD: Duration = Duration::from_secs(1);

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    Nothing,
    /// To ask whether it lives.
    Ask,
    /// It does not.
    Silent,
}

/// What is known of one connection.
pub(super) struct Pulse {
    /// It is asked after so much silence.
    every: Duration,
    proof: Proof,
    /// The last question, as long as it is not answered.
    asked: Option<(u32, Stamp)>,
    /// When it was asked, as long as nothing at all has come behind the question.
    waits: Option<Instant>,
    /// When the carrier said something last.
    spoke: Instant,
}

impl Pulse {
    pub fn new(every: Duration, now: Instant) -> Self {
        Pulse { every, proof: Proof::default(), asked: None, waits: None, spoke: now }
    }

    /// An answer is written: should the connection end, it is in doubt until it is known to be read.
    pub fn answers(&mut self, doubt: Doubt, now: Instant) {
        self.proof.answers(doubt, now);
    }

    /// A request is written.
    pub fn asks(&mut self) -> Stamp {
        self.proof.asks()
    }

    /// Such a request was answered: what the carrier has read.
    pub fn answered(&mut self, request: Stamp) -> Vec<Doubt> {
        self.proof.answered(request)
    }

    /// The question whether it lives is written, under this number.
    pub fn enquires(&mut self, sequence: u32, now: Instant) {
        (self.asked, self.waits) = (Some((sequence, self.proof.asks())), Some(now));
    }

    /// Something with this number was answered: if it was that question, what the carrier has read.
    pub fn enquired(&mut self, sequence: u32) -> Vec<Doubt> {
        let asked = self.asked.take_if(|(asked, _)| *asked == sequence);
        asked.map_or_else(Vec::new, |(_, stamp)| self.proof.answered(stamp))
    }

    /// Something came: what the carrier has read. Whatever it says, it lives: some refuse the question, some answer it behind everything else.
    pub fn heard(&mut self, now: Instant) -> Vec<Doubt> {
        (self.spoke, self.waits) = (now, None);
        self.proof.heard(now)
    }

    /// To be asked now and then.
    pub fn looks(&self, now: Instant) -> Look {
        let since = |then: Instant| now.saturating_duration_since(then);
        let is_silent = since(self.spoke) >= self.every;
        // Who leaves such questions without an answer is not asked more often for that.
        let is_unread = self.asked.is_none() && self.proof.waits_since().is_some_and(|then| since(then) >= UNREAD);
        match self.waits {
            Some(asked) if is_silent && since(asked) > self.every.min(ENQUIRED) => Look::Silent,
            None if is_silent || is_unread => Look::Ask,
            Some(_) | None => Look::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::doubts::Doubts;
    use super::*;

    fn pulse() -> (Pulse, impl Fn(u64) -> Instant) {
        let begin = Instant::now();
        (Pulse::new(Duration::from_secs(30), begin), move |seconds| begin + Duration::from_secs(seconds))
    }

    #[test]
    fn silence_is_asked_about_and_then_believed() {
        let (mut pulse, at) = pulse();
        assert_eq!((pulse.looks(at(29)), pulse.looks(at(30))), (Look::Nothing, Look::Ask));
        pulse.enquires(7, at(30));
        assert_eq!((pulse.looks(at(40)), pulse.looks(at(41))), (Look::Nothing, Look::Silent));
        // Anything that comes shows that it lives, and it is asked again only when it is silent again.
        assert_eq!(pulse.heard(at(41)), []);
        assert_eq!((pulse.looks(at(70)), pulse.looks(at(71))), (Look::Nothing, Look::Ask));
    }

    #[test]
    fn what_may_be_unread_is_asked_about_once() {
        let (mut pulse, at) = pulse();
        let doubt = Doubts::default().name(1, 1, Duration::ZERO, String::new).0;
        pulse.answers(doubt, at(10));
        assert_eq!((pulse.looks(at(10)), pulse.looks(at(11))), (Look::Nothing, Look::Ask));
        pulse.enquires(7, at(11));
        // It says other things, and does not answer that.
        assert_eq!(pulse.heard(at(12)), []);
        assert_eq!((pulse.enquired(6), pulse.looks(at(20))), (vec![], Look::Nothing));
        assert_eq!(pulse.enquired(7), [doubt]);
        assert_eq!(pulse.enquired(7), []);
        assert_eq!(pulse.looks(at(20)), Look::Nothing, "nothing is unread");
    }

    #[test]
    fn a_question_about_what_may_be_unread_ends_nothing_sooner_than_silence_does() {
        let (mut pulse, at) = pulse();
        let doubt = Doubts::default().name(1, 1, Duration::ZERO, String::new).0;
        pulse.answers(doubt, at(0));
        pulse.enquires(7, at(1));
        assert_eq!((pulse.looks(at(29)), pulse.looks(at(30))), (Look::Nothing, Look::Silent));
    }
}
