//! The phones of the simulator: what was sent to whom, in order, as far back as it is kept.

use super::behaviour::{Behaviour, Turn};
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// Messages that are kept, over all phones.
const KEPT: usize = 20_000;

/// The simulator's state. It is gone with the process, as a real phone is not.
#[derive(Debug)]
pub struct Phones {
    inner: Mutex<Inner>,
    /// The number of the last message, for those who wait for one.
    last: watch::Sender<u64>,
    /// Makes the ids of this process its own.
    prefix: String,
}

#[derive(Debug, Default)]
struct Inner {
    messages: VecDeque<Message>,
    behaviour: Behaviour,
}

/// One message as a phone shows it.
#[derive(Debug, Clone)]
struct Message {
    number: u64,
    to: String,
    content: Map<String, Value>,
}

/// Which messages somebody wants to see.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// To this phone.
    pub to: Option<String>,
    /// On this channel.
    pub channel: Option<String>,
    /// Only after this number.
    pub after: u64,
}

impl Phones {
    /// No messages yet; well-behaved.
    pub fn new() -> Self {
        let prefix = format!("SIM{:08x}", rand::random::<u32>());
        Phones { inner: Mutex::default(), last: watch::Sender::new(0), prefix }
    }

    /// Names this process: numbers of messages are its own.
    pub fn epoch(&self) -> &str {
        &self.prefix
    }

    /// How the next send is answered.
    pub fn turn(&self) -> Turn {
        self.lock().behaviour.turn()
    }

    /// From now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.lock().behaviour = behaviour;
    }

    /// How it behaves now.
    pub fn behaviour(&self) -> Behaviour {
        self.lock().behaviour.clone()
    }

    /// Shows a message; gives the provider's id of it.
    pub fn show(&self, to: &str, mut content: Map<String, Value>, at: &str) -> String {
        let mut inner = self.lock();
        let number = *self.last.borrow() + 1;
        let id = format!("{}-{number}", self.prefix);
        content.insert("n".to_owned(), number.into());
        content.insert("id".to_owned(), id.clone().into());
        content.insert("at".to_owned(), at.into());
        // Where reports go is not part of what a person sees.
        content.remove("callback");
        inner.messages.push_back(Message { number, to: plain(to), content });
        if inner.messages.len() > KEPT {
            inner.messages.pop_front();
        }
        self.last.send_replace(number);
        id
    }

    /// The messages that somebody wants, oldest first.
    pub fn messages(&self, wanted: &Wanted) -> Vec<Value> {
        let to = wanted.to.as_deref().map(plain);
        let fits = |message: &&Message| {
            message.number > wanted.after
                && to.as_ref().is_none_or(|to| *to == message.to)
                && wanted.channel.as_ref().is_none_or(|c| message.content.get("channel").and_then(Value::as_str) == Some(c))
        };
        self.lock().messages.iter().filter(fits).map(|message| Value::Object(message.content.clone())).collect()
    }

    /// Tells when a message came.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// Forgets the messages to those who were deleted.
    pub fn forget(&self, deleted: impl Fn(&str) -> bool) {
        self.lock().messages.retain(|message| !deleted(&message.to));
    }

    /// Forgets all messages; numbers go on.
    pub fn clear(&self) {
        self.lock().messages.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Phones {
    fn default() -> Self {
        Phones::new()
    }
}

/// A number is the same with and without `+`; in a query `+` is a space.
fn plain(to: &str) -> String {
    to.trim().trim_start_matches('+').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(channel: &str, text: &str) -> Map<String, Value> {
        let Value::Object(map) = json!({"channel": channel, "text": text, "callback": "http://x"}) else { panic!("map") };
        map
    }

    #[test]
    fn a_phone_shows_its_messages_in_order_and_no_others() {
        let phones = Phones::new();
        for n in 0..3 {
            phones.show("+447700900001", message("main-sms", &n.to_string()), "now");
        }
        phones.show("+447700900002", message("main-sms", "other"), "now");
        let seen = phones.messages(&Wanted { to: Some(" 447700900001".into()), ..Wanted::default() });
        let texts: Vec<&str> = seen.iter().filter_map(|m| m["text"].as_str()).collect();
        assert_eq!(texts, ["0", "1", "2"]);
        assert!(seen.iter().all(|m| m.get("callback").is_none() && m["id"].is_string()));
        assert_eq!(phones.messages(&Wanted { after: 3, ..Wanted::default() }).len(), 1);
        assert_eq!(phones.messages(&Wanted { channel: Some("x".into()), ..Wanted::default() }).len(), 0);
    }

    #[test]
    fn memory_is_bounded() {
        let phones = Phones::new();
        for _ in 0..=KEPT {
            phones.show("1", Map::new(), "now");
        }
        assert_eq!(phones.messages(&Wanted::default()).len(), KEPT);
        assert_eq!(phones.messages(&Wanted::default())[0]["n"], 2);
    }
}
