//! Contacts that became part of another: where their inputs go. A small cache; a stale entry meets the next stub.

use crate::domain::id::ContactKey;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

const CAP: usize = 10_000;
/// Stubs that are followed for one input; a longer chain is a loop.
pub const HOPS: usize = 8;

/// The cache.
#[derive(Debug, Default)]
pub struct Aliases {
    inner: Mutex<(HashMap<ContactKey, ContactKey>, VecDeque<ContactKey>)>,
}

impl Aliases {
    /// Where the contact's inputs go, as far as this instance knows.
    pub fn target(&self, contact: ContactKey) -> ContactKey {
        let guard = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut at = contact;
        for _ in 0..HOPS {
            match guard.0.get(&at) {
                Some(next) => at = *next,
                None => break,
            }
        }
        at
    }

    /// Remembers a stub. The oldest is forgotten when there are too many.
    pub fn moved(&self, from: ContactKey, to: ContactKey) {
        if from == to {
            return;
        }
        let mut guard = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (map, order) = &mut *guard;
        if map.insert(from, to).is_none() {
            order.push_back(from);
        }
        while map.len() > CAP {
            let Some(oldest) = order.pop_front() else { break };
            map.remove(&oldest);
        }
    }

    /// The contact was deleted: nothing leads there any more, nor from there.
    pub fn forget(&self, contact: ContactKey) {
        let mut guard = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (map, order) = &mut *guard;
        map.retain(|from, to| *from != contact && *to != contact);
        order.retain(|from| map.contains_key(from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_followed_and_loops_end() {
        let key = |n: usize| ContactKey::derive(b"s", &n.to_string());
        let aliases = Aliases::default();
        assert_eq!(aliases.target(key(1)), key(1));
        aliases.moved(key(1), key(2));
        aliases.moved(key(2), key(3));
        assert_eq!(aliases.target(key(1)), key(3));
        aliases.moved(key(3), key(1));
        aliases.target(key(1));
        aliases.forget(key(2));
        assert_eq!((aliases.target(key(1)), aliases.target(key(3))), (key(1), key(1)), "as if it had never been");
        for n in 0..CAP + 5 {
            aliases.moved(key(n), key(n + 1_000_000));
        }
        assert!(aliases.inner.lock().expect("not poisoned").0.len() <= CAP);
    }
}
