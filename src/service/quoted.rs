//! Which of our questions a message quotes. Providers name the quoted message by their own id, which only the answer to our request
//! tells: it is remembered here, so that neither sending nor receiving costs the store anything. What this instance did not send, or
//! sent too long ago, is not known; then a message counts as one that quotes nothing.

use crate::domain::id::{DedupeHash, EffectId};
use crate::domain::name::ChannelName;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Questions that are remembered: about 60 bytes each.
const CAP: usize = 20_000;

/// The memory.
#[derive(Debug, Default)]
pub(super) struct Quoted(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    known: HashMap<u64, EffectId>,
    order: VecDeque<u64>,
}

impl Quoted {
    /// The provider took a question under this id.
    pub fn remember(&self, channel: &ChannelName, id: &str, question: EffectId) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(channel, id);
        if inner.known.insert(key, question).is_none() {
            inner.order.push_back(key);
        }
        while inner.order.len() > CAP {
            let Some(oldest) = inner.order.pop_front() else { break };
            inner.known.remove(&oldest);
        }
    }

    /// Our question that the provider knows under this id.
    pub fn find(&self, channel: &ChannelName, id: &str) -> Option<EffectId> {
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
