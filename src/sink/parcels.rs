//! What is still to be sent of some rows, and what an answer means for it: sent again, in halves, later, without some, or not at all.
//! Rows are dropped one by one, and only those that the service refuses by themselves.

use super::{Bounds, Encoded, Verdict};
use std::collections::BTreeSet;

/// So many rows may be refused in a row, each alone and without a reason of its own. Then it is not the rows: something is wrong with
/// the account or with what stands between, and nothing more is dropped.
const ALONE: usize = 10;

/// Rows on their way.
#[derive(Debug)]
pub struct Parcels {
    bounds: Bounds,
    /// The last one is next.
    waiting: Vec<Vec<Encoded>>,
    /// Of somebody who is over a limit.
    later: Vec<Encoded>,
    /// Refused alone since the service last took one.
    doubtful: Vec<(Encoded, String)>,
    /// Refused alone before the service took another one: if they are refused again, it is they.
    tried_again: BTreeSet<String>,
    /// Dropped so before, since the service last took one.
    alone: usize,
}

/// What follows from an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Next {
    /// Rows that the service has now.
    pub taken: usize,
    /// Rows that are dropped: their ids, and why.
    pub dropped: Vec<(String, String)>,
    /// Nothing is to be sent for a while.
    pub wait: Option<Wait>,
}

/// Why nothing is to be sent for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// The service is busy or down.
    Busy(String),
    /// Somebody whom these rows are about is over a limit.
    Throttled,
    /// Somebody must act.
    Closed(String),
}

impl Parcels {
    /// Nothing yet, for a service with these bounds.
    pub fn new(bounds: Bounds) -> Self {
        Parcels { bounds, waiting: Vec::new(), later: Vec::new(), doubtful: Vec::new(), tried_again: BTreeSet::new(), alone: 0 }
    }

    /// Packs rows. Gives the ids of those that are too large for any request, and why they are dropped.
    pub fn load(&mut self, rows: Vec<Encoded>) -> Vec<(String, String)> {
        let (mut parcels, mut parcel, mut bytes, mut dropped) = (Vec::new(), Vec::new(), 0, Vec::new());
        for row in rows {
            let size = row.json.len() + 1;
            if size > self.bounds.row_bytes {
                dropped.push((row.id, "too_large".to_owned()));
                continue;
            }
            if !parcel.is_empty() && (parcel.len() >= self.bounds.rows || bytes + size > self.bounds.bytes) {
                parcels.push(std::mem::take(&mut parcel));
                bytes = 0;
            }
            bytes += size;
            parcel.push(row);
        }
        parcels.extend((!parcel.is_empty()).then_some(parcel));
        parcels.reverse();
        self.waiting.splice(0..0, parcels);
        dropped
    }

    /// The rows of the next request; none if all is done.
    pub fn next(&self) -> Option<&[Encoded]> {
        self.waiting.last().map(Vec::as_slice)
    }

    /// The request of `next` ended so.
    pub fn heard(&mut self, verdict: Verdict) -> Next {
        let mut next = Next::default();
        match verdict {
            Verdict::Taken => self.took(0, &mut next),
            Verdict::Without(refused) => {
                let n = self.drop_rows(refused, &mut next);
                self.took(n, &mut next);
            }
            Verdict::AgainWithout(refused) => {
                self.drop_rows(refused, &mut next);
                if self.next().is_some_and(<[Encoded]>::is_empty) {
                    self.waiting.pop();
                }
            }
            Verdict::TooLarge => {
                if let Some(row) = self.halve() {
                    next.dropped.push((row.id, "too_large".to_owned()));
                }
            }
            Verdict::Refused(why) => {
                if let Some(row) = self.halve() {
                    if self.tried_again.remove(&row.id) {
                        next.dropped.push((row.id, why));
                    } else {
                        self.doubtful.push((row, why));
                    }
                    if self.alone + self.doubtful.len() >= ALONE {
                        let back = self.doubtful.drain(..).map(|(row, _)| row).collect();
                        self.waiting.push(back);
                        next.wait = Some(Wait::Closed("it refuses one row after the other".to_owned()));
                    }
                }
            }
            Verdict::Throttled(places) => {
                let parcel = self.waiting.pop().unwrap_or_default();
                let mut rest = Vec::new();
                for (place, row) in parcel.into_iter().enumerate() {
                    if places.contains(&place) { self.later.push(row) } else { rest.push(row) }
                }
                self.waiting.extend((!rest.is_empty()).then_some(rest));
            }
            Verdict::Later(why) => next.wait = Some(Wait::Busy(why)),
            Verdict::Closed(why) => next.wait = Some(Wait::Closed(why)),
        }
        if self.waiting.is_empty() {
            self.settle_doubts(&mut next);
            self.tried_again.clear();
            if !self.later.is_empty() {
                self.waiting.push(std::mem::take(&mut self.later));
                next.wait = Some(Wait::Throttled);
            }
        }
        next
    }

    /// The service has the rows of the parcel but for `refused`, which are out of it.
    fn took(&mut self, refused: usize, next: &mut Next) {
        let parcel = self.waiting.pop().unwrap_or_default();
        next.taken += parcel.len();
        if !parcel.is_empty() || refused == 0 {
            self.alone = 0;
            for (row, _) in self.doubtful.drain(..) {
                self.tried_again.insert(row.id.clone());
                self.waiting.insert(0, vec![row]);
            }
        }
    }

    /// Takes rows out of the parcel for good.
    fn drop_rows(&mut self, refused: Vec<(usize, String)>, next: &mut Next) -> usize {
        let Some(parcel) = self.waiting.last_mut() else { return 0 };
        let n = refused.len();
        let mut place = 0;
        parcel.retain(|row| {
            let why = refused.iter().find(|(refused, _)| *refused == place).map(|(_, why)| why.clone());
            place += 1;
            let kept = why.is_none();
            next.dropped.extend(why.map(|why| (row.id.clone(), why)));
            kept
        });
        n
    }

    /// Two parcels of one; a row that is alone is given back and is in none.
    fn halve(&mut self) -> Option<Encoded> {
        let mut parcel = self.waiting.pop()?;
        if parcel.len() <= 1 {
            return parcel.pop();
        }
        let second = parcel.split_off(parcel.len() / 2);
        self.waiting.push(second);
        self.waiting.push(parcel);
        None
    }

    /// All else is done: what was refused alone is dropped.
    fn settle_doubts(&mut self, next: &mut Next) {
        self.alone += self.doubtful.len();
        next.dropped.extend(self.doubtful.drain(..).map(|(row, why)| (row.id, why)));
    }
}
