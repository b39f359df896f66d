//! How much may be in the air at once. A slot is given back when it is dropped, also when its task is.

use crate::store::WorkSet;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// A bound.
#[derive(Debug)]
pub struct Slots {
    max: usize,
    busy: AtomicUsize,
    /// Somebody left work behind for lack of slots, and hears of it when there are some again.
    wanted: AtomicBool,
    free_again: Arc<Notify>,
    /// What else each of them takes one of.
    of: Option<Arc<Slots>>,
}

/// One of them, while it is held.
#[derive(Debug)]
pub struct Slot {
    of: Arc<Slots>,
    _under: Option<Box<Slot>>,
}

/// What each channel, and all calls together, may have in the air.
#[derive(Debug, Default)]
pub struct Shares(Mutex<HashMap<WorkSet, Arc<Slots>>>);

impl Shares {
    /// The slots of one of them, within those of all. There are as many as there are channels.
    pub fn of(&self, set: &WorkSet, all: &Arc<Slots>) -> Arc<Slots> {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match shares.get(set) {
            Some(slots) => Arc::clone(slots),
            None => Arc::clone(shares.entry(set.clone()).or_insert_with(|| Slots::within(all))),
        }
    }
}

impl Slots {
    /// So many. `free_again` is signalled when a quarter is free after somebody `want`ed one in vain.
    pub fn new(max: usize, free_again: Arc<Notify>) -> Arc<Self> {
        Arc::new(Slots { max: max.max(1), busy: AtomicUsize::new(0), wanted: AtomicBool::new(false), free_again, of: None })
    }

    /// Some of others, for what gives way: at most three quarters of them, so that some are left, and a tenth of them even if none is.
    pub fn within(of: &Arc<Slots>) -> Arc<Self> {
        let (busy, wanted, free_again) = (AtomicUsize::new(0), AtomicBool::new(false), Arc::clone(&of.free_again));
        Arc::new(Slots { max: (of.max * 3 / 4).max(1), busy, wanted, free_again, of: Some(Arc::clone(of)) })
    }

    /// Up to so many. If others hold what is missing, the caller hears when there are more; more than there are is nothing to wait for.
    pub fn take_up_to(self: &Arc<Self>, n: usize) -> Vec<Slot> {
        std::iter::from_fn(|| self.take()).take(n.min(self.max)).collect()
    }

    /// One, if there is one; else the caller hears when there is, of the bound that was met: what this caller itself gives back signals nothing of
    /// another one's.
    pub fn take(self: &Arc<Self>) -> Option<Slot> {
        let more = |n: usize| (n < self.max).then_some(n + 1);
        let Ok(before) = self.busy.fetch_update(Ordering::AcqRel, Ordering::Acquire, more) else {
            self.wanted.store(true, Ordering::Release);
            return None;
        };
        let under = match &self.of {
            None => None,
            Some(of) => match of.take() {
                Some(slot) => Some(slot),
                None if before < (of.max / 10).max(1) => Some(of.take_anyway()),
                None => {
                    self.busy.fetch_sub(1, Ordering::AcqRel);
                    of.wanted.store(true, Ordering::Release);
                    return None;
                }
            },
        };
        Some(Slot { of: Arc::clone(self), _under: under.map(Box::new) })
    }

    /// One above the bound: for work that is already the caller's and would wait for a lease to end otherwise.
    pub fn take_anyway(self: &Arc<Self>) -> Slot {
        self.busy.fetch_add(1, Ordering::AcqRel);
        Slot { of: Arc::clone(self), _under: self.of.as_ref().map(|of| Box::new(of.take_anyway())) }
    }

    /// Whether there is none left.
    pub fn is_full(&self) -> bool {
        self.busy() >= self.max
    }

    /// How many are held.
    pub fn busy(&self) -> usize {
        self.busy.load(Ordering::Acquire)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Slots { max, busy, wanted, free_again, .. } = &*self.of;
        let left = busy.fetch_sub(1, Ordering::AcqRel) - 1;
        if left <= max - max / 4 && wanted.swap(false, Ordering::AcqRel) {
            free_again.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future as _;

    #[test]
    fn a_slot_comes_back_when_it_is_dropped() {
        let slots = Slots::new(2, Arc::default());
        let (a, b) = (slots.take(), slots.take());
        assert!(a.is_some() && b.is_some() && slots.take().is_none());
        let above = slots.take_anyway();
        assert_eq!(slots.busy(), 3);
        drop((a, above));
        assert!(slots.take().is_some());
        assert_eq!(slots.busy(), 1);
    }

    #[test]
    fn what_gives_way_leaves_a_quarter_and_keeps_a_tenth() {
        let all = Slots::new(20, Arc::default());
        let some = Slots::within(&all);
        let taken = some.take_up_to(100);
        assert_eq!((taken.len(), all.busy()), (15, 15));
        assert_eq!(all.take_up_to(100).len(), 5, "what is left is there for the others");
        drop(taken);
        assert_eq!((some.busy(), all.busy()), (0, 0));
        let others = all.take_up_to(100);
        assert_eq!((others.len(), some.take_up_to(100).len()), (20, 2), "two above the bound, so that it does not starve");
        assert_eq!(all.busy(), 20);
    }

    #[test]
    fn who_left_work_behind_hears_when_a_quarter_is_free() {
        let heard: Arc<Notify> = Arc::default();
        let slots = Slots::new(8, Arc::clone(&heard));
        let mut taken = slots.take_up_to(10);
        assert!(taken.len() == 8 && slots.take().is_none());
        let mut signal = std::pin::pin!(heard.notified());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        taken.pop();
        assert!(signal.as_mut().poll(&mut context).is_pending());
        taken.pop();
        assert!(signal.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn whoever_gives_back_what_is_too_much_is_not_called_by_that() {
        let heard: Arc<Notify> = Arc::default();
        let all = Slots::new(256, Arc::clone(&heard));
        let [slow, busy, other] = [(); 3].map(|()| Slots::within(&all));
        let _hangs = (slow.take_up_to(192), busy.take_up_to(10));
        let mut signal = std::pin::pin!(heard.notified());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        // A look takes what there may be, learns that there are no permits, and gives it back.
        let mut taken = other.take_up_to(64);
        taken.truncate(4);
        drop(taken);
        assert!(signal.as_mut().poll(&mut context).is_pending(), "nobody waits for what it did not need");
        let few = Slots::new(20, Arc::clone(&heard));
        drop(Slots::within(&few).take_up_to(64));
        assert!(signal.as_mut().poll(&mut context).is_pending(), "more than there are is nothing to wait for");
    }
}
