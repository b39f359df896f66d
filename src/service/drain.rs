//! An instance that takes nothing new while it runs on: what comes in is stored and left to others, what it has in hand ends. Unlike a stop it can be taken
//! back, and somebody can see when the instance is empty. Only this process knows of it: after a restart it works again.

use super::core::Core;
use super::metrics;
use crate::domain::time::Millis;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

/// Since when an instance takes nothing new, by whom and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drain {
    /// Since when.
    pub since: Millis,
    /// Who: the name of a key.
    pub by: String,
    /// Why, if it was said.
    pub reason: Option<String>,
}

/// What an instance has in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InHand {
    /// Contacts that it works on.
    pub contacts: usize,
    /// Messages, calls and reports that are on their way.
    pub sends: usize,
    /// Broadcasts that it hands over.
    pub broadcasts: usize,
}

impl InHand {
    /// Whether that is nothing: the process may be stopped and nobody notices.
    pub fn is_empty(self) -> bool {
        self == InHand::default()
    }
}

/// What the instance knows of its own drain.
#[derive(Debug, Default)]
pub(super) struct Draining {
    now: RwLock<Option<Drain>>,
    pub broadcasts: AtomicUsize,
}

impl Core {
    /// Takes nothing new from now on. Whether it did until now: a drain that stands goes on as it was.
    pub fn drain(&self, by: &str, reason: Option<&str>) -> bool {
        let mut now = self.draining.now.write().unwrap_or_else(PoisonError::into_inner);
        if now.is_some() {
            return false;
        }
        *now = Some(Drain { since: self.store_now(), by: by.to_owned(), reason: reason.map(str::to_owned) });
        metrics::draining(true);
        true
    }

    /// Works again, beginning with what has fallen due. Whether it did not until now.
    pub fn work_again(&self) -> bool {
        let there = self.draining.now.write().unwrap_or_else(PoisonError::into_inner).take().is_some();
        metrics::draining(false);
        self.room().notify_one();
        there
    }

    /// Since when it takes nothing new, if somebody told it so.
    pub fn drained_since(&self) -> Option<Drain> {
        self.draining.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether somebody told it to take nothing new.
    pub fn is_draining(&self) -> bool {
        self.draining.now.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether it leaves to others what it has not begun.
    pub(super) fn takes_nothing(&self) -> bool {
        self.is_stopping() || self.is_draining()
    }

    /// What it has in hand now.
    pub fn in_hand(&self) -> InHand {
        let (contacts, sends) = self.busy();
        InHand { contacts, sends, broadcasts: self.draining.broadcasts.load(Ordering::Relaxed) }
    }
}
