//! Long messages come in parts, which are put together here. A part is only acknowledged to the carrier when all are there and stored, or
//! when it was stored alone because the others did not come: what is lost here with the process is delivered again.

use super::Written;
use std::time::Duration;

/// Parts that wait at one time. What comes beyond is a message of its own.
const MOST: usize = 512;

/// Which part of which message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// What the parts of one message have in common.
    pub reference: u16,
    /// Which it is, from 1.
    pub number: u8,
    /// How many there are, from 2.
    pub of: u8,
}

impl Piece {
    /// Nothing if it is the only part, or none that can be.
    pub fn new(reference: u16, number: u8, of: u8) -> Option<Self> {
        (of > 1 && (1..=of).contains(&number)).then_some(Piece { reference, number, of })
    }
}

/// What became of a part. `T` is whatever is needed to acknowledge it.
#[derive(Debug, PartialEq)]
pub enum Joined<T> {
    /// It waits for the others.
    Waits,
    /// It was the last that was missing: all of them in their order.
    Whole(Vec<(Piece, Written, Vec<T>)>),
    /// It waits, and these do not any more: parts of an older message by the same name, whose others will not come. Some senders name all
    /// their messages alike.
    Instead(Vec<(Piece, Written, Vec<T>)>),
    /// There is no room for it to wait.
    Alone(Piece, Written, T),
}

/// The parts that wait.
#[derive(Debug)]
pub struct Joiner<T> {
    wait: Duration,
    waiting: Vec<Incomplete<T>>,
}

#[derive(Debug)]
struct Incomplete<T> {
    /// Until when.
    until: Duration,
    parts: Vec<(Piece, Written, Vec<T>)>,
}

impl<T> Joiner<T> {
    /// Parts wait for so long.
    pub fn new(wait: Duration) -> Self {
        Joiner { wait, waiting: Vec::new() }
    }

    /// A part came. One that came before is the same part: both are acknowledged together.
    pub fn take(&mut self, piece: Piece, written: Written, token: T, now: Duration) -> Joined<T> {
        let is_it = |(known, other, _): &(Piece, Written, Vec<T>)| {
            (known.reference, known.of) == (piece.reference, piece.of) && other.from == written.from && other.to == written.to
        };
        let at = self.waiting.iter().position(|one| one.parts.first().is_some_and(is_it));
        if self.wait.is_zero() || self.len() >= MOST {
            return Joined::Alone(piece, written, token);
        }
        let Some(at) = at else {
            self.waiting.push(Incomplete { until: now + self.wait, parts: vec![(piece, written, vec![token])] });
            return Joined::Waits;
        };
        let parts = &mut self.waiting[at].parts;
        match parts.iter_mut().find(|(known, ..)| known.number == piece.number) {
            Some((_, same, tokens)) if same.octets == written.octets && same.coding == written.coding => tokens.push(token),
            Some(_) => {
                let newer = Incomplete { until: now + self.wait, parts: vec![(piece, written, vec![token])] };
                return Joined::Instead(sorted(std::mem::replace(&mut self.waiting[at], newer).parts));
            }
            None => parts.push((piece, written, vec![token])),
        }
        if parts.len() < usize::from(piece.of) {
            return Joined::Waits;
        }
        Joined::Whole(sorted(self.waiting.swap_remove(at).parts))
    }

    /// The messages whose parts waited long enough, each with those of its parts that came.
    pub fn due(&mut self, now: Duration) -> Vec<Vec<(Piece, Written, Vec<T>)>> {
        let (over, still) = std::mem::take(&mut self.waiting).into_iter().partition(|one: &Incomplete<T>| one.until <= now);
        self.waiting = still;
        over.into_iter().map(|one| sorted(one.parts)).collect()
    }

    /// When the next one has waited long enough.
    pub fn next(&self) -> Option<Duration> {
        self.waiting.iter().map(|one| one.until).min()
    }

    fn len(&self) -> usize {
        self.waiting.iter().flat_map(|one| &one.parts).map(|(_, _, tokens)| tokens.len()).sum()
    }
}

fn sorted<T>(mut parts: Vec<(Piece, Written, Vec<T>)>) -> Vec<(Piece, Written, Vec<T>)> {
    parts.sort_by_key(|(piece, ..)| piece.number);
    parts
}
