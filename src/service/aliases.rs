//! Contacts that became part of another: where their inputs go. A small cache; a stale entry meets the next stub. Inputs follow what was walked by
//! one of them a short while ago: who was deleted and began again elsewhere is found, and a stub that people use does not fade.

use crate::domain::id::ContactKey;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const CAP: usize = 10_000;
/// Stubs that are followed for one input; a longer chain is a loop.
pub const HOPS: usize = 8;

/// How long an input need not look at a stub again that was met on the way of one before it: much shorter than a stub takes to fade.
const FRESH: Duration = Duration::from_secs(3_600);

/// Where a stub leads, and when an input was led on by it.
#[derive(Debug, Clone, Copy)]
struct Stub {
    to: ContactKey,
    walked: Option<Duration>,
}

/// The cache.
#[derive(Debug, Default)]
pub struct Aliases {
    inner: Mutex<(HashMap<ContactKey, Stub>, VecDeque<ContactKey>)>,
}

impl Aliases {
    /// Where the contact's inputs go, as far as this instance knows.
    pub fn target(&self, contact: ContactKey) -> ContactKey {
        let guard = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut at = contact;
        for _ in 0..HOPS {
            match guard.0.get(&at) {
                Some(stub) => at = stub.to,
                None => break,
            }
        }
        at
    }

    /// The same for an input, if one went all this way a short while ago; else it goes to the address itself.
    pub fn target_of_input(&self, contact: ContactKey, now: Duration) -> ContactKey {
        let guard = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut at = contact;
        for _ in 0..HOPS {
            match guard.0.get(&at) {
                Some(Stub { to, walked: Some(walked) }) if now.saturating_sub(*walked) < FRESH => at = *to,
                Some(_) => return contact,
                None => break,
            }
        }
        at
    }

    /// An input was led on by a stub.
    pub fn walked(&self, from: ContactKey, to: ContactKey, now: Duration) {
        self.moved(from, to);
        let mut guard = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stub) = guard.0.get_mut(&from).filter(|stub| stub.to == to) {
            stub.walked = Some(now);
        }
    }

    /// Remembers a stub. The oldest is forgotten when there are too many.
    pub fn moved(&self, from: ContactKey, to: ContactKey) {
        if from == to {
            return;
        }
        let mut guard = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (map, order) = &mut *guard;
        match map.get_mut(&from) {
            Some(stub) if stub.to == to => {}
            Some(stub) => *stub = Stub { to, walked: None },
            None => {
                map.insert(from, Stub { to, walked: None });
                order.push_back(from);
            }
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
        map.retain(|from, stub| *from != contact && stub.to != contact);
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
        let (at, later) = (Duration::from_secs(10), FRESH + Duration::from_secs(11));
        aliases.moved(key(5), key(6));
        assert_eq!(aliases.target_of_input(key(5), at), key(5), "nobody knows since when it leads there");
        aliases.walked(key(5), key(6), at);
        aliases.moved(key(5), key(6));
        assert_eq!((aliases.target_of_input(key(5), at), aliases.target_of_input(key(5), later)), (key(6), key(5)));
        aliases.moved(key(6), key(7));
        assert_eq!(aliases.target_of_input(key(5), at), key(5), "not all of the way was walked");
        for n in 0..CAP + 5 {
            aliases.moved(key(n), key(n + 1_000_000));
        }
        assert!(aliases.inner.lock().expect("not poisoned").0.len() <= CAP);
    }
}
