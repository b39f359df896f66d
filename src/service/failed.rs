//! What failed visibly: messages that could not be sent or may have been, inputs that were set aside. An operator looks at
//! them and has them done again, or forgets them.

use super::marks;
use crate::domain::codec;
use crate::domain::id::{ContactKey, EffectId, InputId};
use crate::domain::input::Input;
use crate::domain::journal::{Entry, Event};
use crate::domain::mode::Mode;
use crate::domain::time::Millis;
use crate::engine::effect::{Effect, Hook};
use crate::engine::record::Record;
use crate::store::{Answer, FailedBody, FailedItem, FailedKey, Place, Store};
use bytes::Bytes;

/// Failed things that are looked at together.
const PART: usize = 1_000;

/// Something that failed, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// What `retry` and `drop` take: `EFFECT.CONTACT` or `INPUT.CONTACT`. Never begins with a dash, as a contact's name can:
    /// a command line would take it for an option.
    pub id: String,
    /// The store's name of it.
    pub key: FailedKey,
    /// Since when.
    pub at: Millis,
    /// `message`, `call`, `post`, `fetch`, `hook`, `alert`, `input`, or `unreadable`.
    pub kind: &'static str,
    /// What it is, in one line without a person or a text.
    pub about: String,
    /// Attempts that were made; 0 for an input.
    pub attempts: u8,
    /// Whose it is.
    pub mode: Mode,
}

/// What an operator does to something that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Do it again, as if it had never been tried.
    Retry,
    /// Forget it.
    Drop,
}

/// The oldest `most` of what failed.
pub async fn list(store: &dyn Store, most: usize) -> Answer<Vec<Failed>> {
    Ok(described(store.failed_list(most).await?))
}

/// All that failed, however much it is: in parts, the oldest first, each sorted by time and name.
#[derive(Debug)]
pub struct Walk {
    since: Millis,
    part: usize,
    over: bool,
}

impl Walk {
    /// From what failed then on.
    pub fn from(since: Millis) -> Self {
        Walk::of(since, PART)
    }

    /// In parts of about this many.
    pub fn of(since: Millis, part: usize) -> Self {
        Walk { since, part, over: false }
    }

    /// The next part; nothing when all was seen. What fails meanwhile comes in a later part.
    pub async fn next(&mut self, store: &dyn Store) -> Answer<Option<Vec<Failed>>> {
        let mut part = self.part;
        while !self.over {
            let (mut items, more) = store.failed_since(self.since, part).await?;
            self.over = !more;
            if let Some(last) = items.last().map(|item| item.at).filter(|_| more) {
                // Others of the same moment may not be among these: a part ends between two moments.
                items.retain(|item| item.at < last);
                self.since = last;
            }
            if self.over || !items.is_empty() {
                return Ok(Some(described(items)));
            }
            part = part.saturating_mul(2);
        }
        Ok(None)
    }
}

fn described(items: Vec<FailedItem>) -> Vec<Failed> {
    let mut all: Vec<Failed> = items.into_iter().map(describe).collect();
    all.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    all
}

/// Does it. False if it is no longer there.
pub async fn act(store: &dyn Store, key: FailedKey, act: Act) -> Answer<bool> {
    let now = store.now().await?;
    let (FailedKey::Effect(of, _) | FailedKey::Input(of, _)) = key;
    let mode = store.inspect(of).await?.map_or(Mode::Live, |found| codec::mode_of(&found.record.blob));
    let (contact, name) = match key {
        FailedKey::Effect(contact, effect) => (contact, effect.to_string()),
        FailedKey::Input(contact, input) => (contact, input.to_string()),
    };
    let word = match act {
        Act::Retry => "retry",
        Act::Drop => "drop",
    };
    let text = format!("an operator said `{word}` to the failed {name}");
    let token = marks::operator(word, &name, now.0);
    let entry = Entry { contact, token, at: now, events: vec![Event::Note { run: None, text }] };
    let journal = Bytes::from(codec::encode_in(mode, &entry));
    match act {
        Act::Retry => store.failed_retry(key, journal).await,
        Act::Drop => store.failed_drop(key, journal).await,
    }
}

/// Of which mode the contact of something that failed is.
pub async fn mode_of(store: &dyn Store, key: FailedKey) -> Answer<Mode> {
    let (FailedKey::Effect(contact, _) | FailedKey::Input(contact, _)) = key;
    mode_of_contact(store, contact).await
}

/// Of which mode a contact is; live if there is none.
pub async fn mode_of_contact(store: &dyn Store, contact: ContactKey) -> Answer<Mode> {
    let mut found = store.inspect(contact).await?;
    if let Some(Place::Moved(to)) = found.as_ref().map(|found| found.place) {
        found = store.inspect(to).await?;
    }
    Ok(found.map_or(Mode::Live, |found| match Record::decode(&found.record.blob) {
        Ok(record) => record.mode(),
        Err(_) => codec::mode_of(&found.record.blob),
    }))
}

/// Reads what `list` prints as an id.
pub fn parse_id(text: &str) -> Option<FailedKey> {
    let (name, contact) = text.split_once('.')?;
    let contact = ContactKey::parse(contact)?;
    match EffectId::parse(name) {
        Some(effect) => Some(FailedKey::Effect(contact, effect)),
        None => InputId::parse(name).map(|input| FailedKey::Input(contact, input)),
    }
}

fn describe(item: FailedItem) -> Failed {
    let id = match item.key {
        FailedKey::Effect(contact, effect) => format!("{effect}.{contact}"),
        FailedKey::Input(contact, input) => format!("{input}.{contact}"),
    };
    let (kind, about, attempts) = match &item.body {
        FailedBody::Effect { attempts, body, .. } => {
            let (kind, about) = about_effect(body);
            (kind, about, *attempts)
        }
        FailedBody::Input(entry) => (
            "input",
            codec::decode_in::<Input>(&entry.body)
                .map_or_else(|e| format!("cannot be read: {e}"), |(_, input)| about_input(&input)),
            0,
        ),
    };
    let mode = mode_of_body(&item);
    Failed { id, key: item.key, at: item.at, kind, about, attempts, mode }
}

fn mode_of_body(item: &FailedItem) -> Mode {
    match &item.body {
        FailedBody::Effect { body, .. } => codec::mode_of(body),
        FailedBody::Input(entry) => codec::mode_of(&entry.body),
    }
}

pub(super) fn about_effect(body: &[u8]) -> (&'static str, String) {
    match codec::decode_in::<Effect>(body).map(|(_, effect)| effect) {
        Ok(Effect::Send(send)) => ("message", format!("over {}", send.channel)),
        Ok(Effect::Call(call)) => ("call", format!("{} at {}", call.method, call.api)),
        Ok(Effect::Post(post)) => ("post", format!("event {}", post.event.name)),
        Ok(Effect::Fetch(fetch)) => ("fetch", format!("a file over {}", fetch.channel)),
        Ok(Effect::Pass(passed)) => ("post", format!("notification {} for somebody else", passed.notification)),
        Ok(Effect::Desk(desk)) => ("desk", format!("{} at {}", desk.task.job.word(), desk.task.desk)),
        Ok(Effect::Move(_)) => ("move", "two contacts on the way to become one".to_owned()),
        Ok(Effect::Hook(hook)) => ("hook", about_hook(&hook)),
        Ok(Effect::Raise(raise)) => ("alert", format!("{} on their way to teams", raise.alerts.len())),
        Ok(Effect::Tell(tell)) => ("alert", format!("to {} by {}", tell.team, tell.to.medium().as_str())),
        Err(error) => ("unreadable", error.to_string()),
    }
}

/// Of a callback only the host: the rest of its URL can name a person.
fn about_hook(hook: &Hook) -> String {
    match &hook.url {
        None => format!("{} to {}", hook.kind, hook.endpoint),
        Some(url) => {
            let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
            format!("{} to the callback at {}", hook.kind, host.as_deref().unwrap_or("?"))
        }
    }
}

fn about_input(input: &Input) -> String {
    match input {
        Input::Message(message) => format!("a message on {}", message.channel),
        Input::Event(event) => format!("the event {}", event.name),
        Input::Webhook(webhook) => format!("the webhook {} of {}", webhook.name, webhook.flow),
        Input::CallResult(result) => format!("the result of the call {}", result.effect),
        Input::Delivery(delivery) => format!("a report on the message {}", delivery.effect),
        Input::Operator(_) => "an operator's act".to_owned(),
        Input::Passed(passed) => format!("the notification {} from a run of {}", passed.notification, passed.flow),
        Input::Desk(done) => format!("what became of a task at the desk {}", done.desk),
        Input::Merge(_) => "two contacts on the way to become one".to_owned(),
        Input::Reach(_) => "whether the contact is reached".to_owned(),
        Input::Alerts(alerts) => format!("alerts for {}", alerts.team),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Token;

    #[test]
    fn an_id_names_an_effect_or_an_input() {
        let contact = ContactKey::derive(b"s", "a");
        let effect = Token(1).effect(0);
        assert_eq!(parse_id(&format!("{effect}.{contact}")), Some(FailedKey::Effect(contact, effect)));
        assert_eq!(parse_id(&format!("{}.{contact}", InputId(7))), Some(FailedKey::Input(contact, InputId(7))));
        for bad in ["", ".", "x.y", &format!(".{contact}"), &format!("12.{contact}"), &effect.to_string()] {
            assert_eq!(parse_id(bad), None, "{bad}");
        }
    }
}
