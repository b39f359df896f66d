//! Which of our messages a provider means by an id of its own, which only the answer to our request tells: the question that a person
//! quotes, and what a report is about where the provider does not hand our name back. It is remembered here, so that neither sending
//! nor receiving costs the store anything. What this instance did not send, or sent too long ago, is not known; then a message counts
//! as one that quotes nothing, and of a report the record is asked (`reported`).

use crate::domain::id::DedupeHash;
use crate::domain::name::ChannelName;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Messages that are remembered: about 60 bytes each, 80 with whose they are.
const CAP: usize = 20_000;

/// The memory of what each of them is.
#[derive(Debug)]
pub(super) struct Quoted<T>(Mutex<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    known: HashMap<u64, T>,
    order: VecDeque<u64>,
}

impl<T> Default for Quoted<T> {
    fn default() -> Self {
        Quoted(Mutex::new(Inner { known: HashMap::new(), order: VecDeque::new() }))
    }
}

impl<T: Copy> Quoted<T> {
    /// The provider took a message under this id.
    pub fn remember(&self, channel: &ChannelName, id: &str, message: T) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(channel, id);
        if inner.known.insert(key, message).is_none() {
            inner.order.push_back(key);
        }
        while inner.order.len() > CAP {
            let Some(oldest) = inner.order.pop_front() else { break };
            inner.known.remove(&oldest);
        }
    }

    /// Our message that the provider knows under this id.
    pub fn find(&self, channel: &ChannelName, id: &str) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).known.get(&key(channel, id)).copied()
    }
}

fn key(channel: &ChannelName, id: &str) -> u64 {
    DedupeHash::of(&["question", channel.as_str(), id]).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Token;

    #[test]
    fn the_newest_questions_are_known_by_channel_and_id() {
        let quoted = Quoted::default();
        let (sms, whatsapp) = (ChannelName::parse("sms").expect("a name"), ChannelName::parse("wa").expect("a name"));
        let effect = |i: u64| Token(i).effect(0);
        quoted.remember(&sms, "1", effect(1));
        quoted.remember(&sms, "1", effect(2));
        assert_eq!((quoted.find(&sms, "1"), quoted.find(&whatsapp, "1"), quoted.find(&sms, "")), (Some(effect(2)), None, None));
        for i in 0..CAP as u64 {
            quoted.remember(&whatsapp, &i.to_string(), effect(i));
        }
        assert_eq!((quoted.find(&sms, "1"), quoted.find(&whatsapp, "0")), (None, Some(effect(0))));
    }
}
