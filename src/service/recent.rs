//! What this instance sent in the last ten minutes. Not needed for correctness: it catches the one case that the store
//! cannot see, a store that forgot an attempt (a failover to a replica that had not heard of it).

use crate::domain::id::EffectId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long an id is remembered.
pub const WINDOW: Duration = Duration::from_secs(600);
/// How many are remembered at most: about 100 bytes each.
const CAP: usize = 50_000;

/// What is known of a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// The provider took it, under this id.
    Accepted(Option<String>),
    /// The provider took it, under this id, and the store does not have that: it could not be told for as long as a lease lasts, or was told
    /// before this was known. Whoever hears of it again tells it.
    Unsettled(Option<String>),
    /// It was begun, and is in the air.
    Begun,
    /// It was begun and is no longer in the air, and whether the provider has it is not known: the store has it tried again, or could not be
    /// told. Whoever hears of it tells it.
    Rests,
    /// The provider took it, and the store has nothing of it any more: a further report says nothing new.
    Over,
}

/// The memory.
#[derive(Debug, Default)]
pub struct Recent {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    known: HashMap<EffectId, (Duration, Known)>,
    order: VecDeque<(Duration, EffectId)>,
}

impl Recent {
    /// Remembers the end of an attempt.
    pub fn remember(&self, effect: EffectId, known: Known, now: Duration) {
        let mut inner = self.lock();
        inner.forget_before(now);
        if inner.known.insert(effect, (now, known)).is_none() {
            inner.order.push_back((now, effect));
        }
        while inner.known.len() > CAP {
            let Some((_, oldest)) = inner.order.pop_front() else { break };
            inner.known.remove(&oldest);
        }
    }

    /// Forgets an effect: it surely did not arrive, or the store knows as much as we do.
    pub fn forget(&self, effect: EffectId) {
        self.lock().known.remove(&effect);
    }

    /// Its attempt is over, and is not the last one: it is tried again, or the store could not be told how it ended. A report of it is news
    /// for the store from now on.
    pub fn rests(&self, effect: EffectId) {
        if let Some((_, known)) = self.lock().known.get_mut(&effect) {
            match known {
                Known::Begun => *known = Known::Rests,
                Known::Accepted(id) => *known = Known::Unsettled(id.take()),
                Known::Unsettled(_) | Known::Rests | Known::Over => {}
            }
        }
    }

    /// What is known of the effect.
    pub fn get(&self, effect: EffectId, now: Duration) -> Option<Known> {
        let mut inner = self.lock();
        inner.forget_before(now);
        inner.known.get(&effect).map(|(_, known)| known.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget_before(&mut self, now: Duration) {
        let horizon = now.saturating_sub(WINDOW);
        while let Some((at, effect)) = self.order.front().copied() {
            if at >= horizon {
                break;
            }
            self.order.pop_front();
            match self.known.get(&effect) {
                // Remembered again since: it goes to the end of the line.
                Some((again, _)) if *again >= horizon => self.order.push_back((*again, effect)),
                _ => {
                    self.known.remove(&effect);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Token;

    #[test]
    fn ids_are_forgotten_after_the_window_and_kept_within_it() {
        let recent = Recent::default();
        let (a, b) = (Token(1).effect(0), Token(1).effect(1));
        let at = Duration::from_secs;
        recent.remember(a, Known::Begun, at(0));
        recent.remember(b, Known::Accepted(None), at(1));
        recent.remember(a, Known::Accepted(Some("x".into())), at(500));
        assert_eq!(recent.get(b, at(600)), Some(Known::Accepted(None)));
        assert_eq!(recent.get(b, at(602)), None);
        assert_eq!(recent.get(a, at(1_000)), Some(Known::Accepted(Some("x".into()))));
        assert_eq!(recent.get(a, at(1_101)), None);
        recent.remember(a, Known::Begun, at(1_200));
        recent.forget(a);
        assert_eq!(recent.get(a, at(1_200)), None);
        let inner = recent.lock();
        assert!(inner.known.is_empty() && inner.order.len() <= 1, "nothing piles up");
    }

    #[test]
    fn what_rests_is_in_the_air_no_more_and_nothing_of_it_is_lost() {
        let (recent, now) = (Recent::default(), Duration::from_secs(1));
        let id = || Some("x".to_owned());
        let all = [
            (Known::Begun, Known::Rests),
            (Known::Rests, Known::Rests),
            (Known::Accepted(id()), Known::Unsettled(id())),
            (Known::Unsettled(id()), Known::Unsettled(id())),
            (Known::Over, Known::Over),
        ];
        for (n, (before, after)) in all.into_iter().enumerate() {
            let effect = Token(1).effect(n);
            recent.remember(effect, before, now);
            recent.rests(effect);
            assert_eq!(recent.get(effect, now), Some(after));
        }
        let unknown = Token(2).effect(0);
        recent.rests(unknown);
        assert_eq!(recent.get(unknown, now), None);
    }
}
