//! The journal of simulated contacts as it is written, kept in memory for whoever looks on while a conversation goes on. Of this
//! instance, as the simulator's phones are, and bounded. Where no channel is simulated it costs nothing.

use super::core::Core;
use crate::domain::id::{ContactKey, Token};
use crate::domain::journal::{Entry, Event};
use crate::domain::time::{Millis, Span};
use crate::engine::is_simulated;
use crate::engine::record::Record;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Contacts that are kept; the one that was quiet for the longest time goes.
const CONTACTS: usize = 200;
/// Entries that are kept of one contact; the oldest go.
const ENTRIES: usize = 1_000;

/// An entry of the journal with what is known beside it.
#[derive(Debug, Clone)]
pub struct Overheard {
    /// Its number, greater than those before it; never 0.
    pub number: u64,
    /// How far the contact's clock was ahead of the store's before it.
    pub ahead: Span,
    /// The entry.
    pub entry: Arc<Entry>,
}

#[derive(Debug, Default)]
struct Conversation {
    entries: VecDeque<Overheard>,
    /// How far the contact's clock is ahead.
    ahead: Span,
    last: u64,
}

/// The memory.
#[derive(Debug)]
pub struct Feed {
    open: bool,
    inner: Mutex<Inner>,
    /// The number of the last entry, for those who wait for one.
    last: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    conversations: HashMap<ContactKey, Conversation>,
    number: u64,
}

impl Feed {
    /// Nothing yet; nothing ever if it is not open.
    pub(super) fn new(open: bool) -> Self {
        Feed { open, inner: Mutex::default(), last: watch::Sender::new(0) }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// A commit was made. Only of simulated contacts anything is kept.
    pub(super) fn committed(&self, entry: Entry, ahead: Span, simulated: bool) {
        let mut inner = self.lock();
        if !simulated {
            inner.conversations.remove(&entry.contact);
            return;
        }
        inner.conversations.entry(entry.contact).or_default();
        inner.push(entry, ahead);
        self.last.send_replace(inner.number);
    }

    /// Something else was written down: of contacts that are known here.
    fn noted(&self, contact: ContactKey, token: Token, at: Millis, events: &[Event]) {
        let mut inner = self.lock();
        let Some(conversation) = inner.conversations.get(&contact) else { return };
        let ahead = conversation.ahead;
        inner.push(Entry { contact, token, at, events: events.to_vec() }, ahead);
        self.last.send_replace(inner.number);
    }

    /// The contact was deleted.
    pub(super) fn forget(&self, contact: ContactKey) {
        self.lock().conversations.remove(&contact);
    }

    fn after(&self, contact: ContactKey, number: u64) -> Vec<Overheard> {
        let inner = self.lock();
        let entries = inner.conversations.get(&contact).into_iter().flat_map(|c| &c.entries);
        entries.filter(|one| one.number > number).cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn push(&mut self, entry: Entry, ahead: Span) {
        let number = self.number + 1;
        let Some(conversation) = self.conversations.get_mut(&entry.contact) else { return };
        // A call of the store that was repeated writes the same again.
        if conversation.entries.iter().any(|one| one.entry.token == entry.token) {
            return;
        }
        let moved = |event: &Event| if let Event::TimeMoved { by } = event { by.0 } else { 0 };
        conversation.ahead = Span(ahead.0 + entry.events.iter().map(moved).sum::<i64>());
        conversation.last = number;
        conversation.entries.push_back(Overheard { number, ahead, entry: Arc::new(entry) });
        if conversation.entries.len() > ENTRIES {
            conversation.entries.pop_front();
        }
        self.number = number;
        if self.conversations.len() > CONTACTS {
            let quiet = self.conversations.iter().min_by_key(|(_, c)| c.last).map(|(contact, _)| *contact);
            quiet.and_then(|contact| self.conversations.remove(&contact));
        }
    }
}

impl Core {
    /// What was written down of a simulated contact after the entry of this number, as far back as it is kept.
    pub fn overheard(&self, contact: ContactKey, after: u64) -> Vec<Overheard> {
        self.feed.after(contact, after)
    }

    /// Tells when something was written down of a simulated contact.
    pub fn overhearing(&self) -> watch::Receiver<u64> {
        self.feed.last.subscribe()
    }

    pub(super) fn overhear(&self, contact: ContactKey, token: Token, at: Millis, events: &[Event]) {
        if self.feed.is_open() {
            self.feed.noted(contact, token, at, events);
        }
    }

    /// What a commit writes down, if its contact is simulated.
    pub(super) fn to_overhear(&self, entry: &Entry, before: &Record, after: &Record) -> Option<(Entry, Span, bool)> {
        let project = &self.world.project;
        self.feed.is_open().then(|| (entry.clone(), before.clock.ahead, is_simulated(after, project)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(contact: &str, token: u64) -> Entry {
        let contact = ContactKey::derive(b"s", contact);
        let token = Token(token);
        Entry { contact, token, at: Millis(5), events: vec![Event::TimeMoved { by: Span(7) }] }
    }

    #[test]
    fn entries_are_kept_once_in_order_with_the_clock_before_them() {
        let feed = Feed::new(true);
        let ada = entry("ada", 1).contact;
        feed.noted(ada, Token(9), Millis(1), &[]);
        assert!(feed.after(ada, 0).is_empty(), "nobody knows yet that she is simulated");
        feed.committed(entry("ada", 1), Span(0), true);
        feed.committed(entry("ada", 1), Span(0), true);
        feed.noted(ada, Token(9), Millis(6), &[]);
        let seen: Vec<_> = feed.after(ada, 0).iter().map(|one| (one.number, one.ahead)).collect();
        assert_eq!(seen, [(1, Span(0)), (2, Span(7))]);
        assert_eq!(feed.after(ada, 1).len(), 1);
        feed.committed(entry("ada", 2), Span(7), false);
        assert!(feed.after(ada, 0).is_empty(), "a real person is not looked at");
    }

    #[test]
    fn memory_is_bounded() {
        let feed = Feed::new(true);
        for n in 0..=CONTACTS {
            feed.committed(entry(&n.to_string(), 1), Span(0), true);
        }
        assert_eq!(feed.lock().conversations.len(), CONTACTS);
        assert!(feed.after(entry("0", 1).contact, 0).is_empty(), "the one that was quiet for the longest time");
        for n in 0..=ENTRIES {
            feed.committed(entry("x", n as u64), Span(0), true);
        }
        assert_eq!(feed.after(entry("x", 1).contact, 0).len(), ENTRIES);
    }
}
