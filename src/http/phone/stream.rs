//! `GET /phone/stream`: a conversation while it goes on, as server-sent events: `entry` (what was written down), `message`
//! (what the phone shows), `state` (where it stands). Each carries the numbers of the last entry and the last message before
//! it, so that a browser that was cut off goes on where it was.

use super::{desk, guard, state};
use crate::domain::id::ContactKey;
use crate::http::error::Failure;
use crate::http::event_stream::event_stream;
use crate::http::simulator::phone::{Phones, Wanted};
use crate::http::web::Web;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::unfold;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// How long nothing may be said, so that nobody in between takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// After how many milliseconds a browser comes again.
const AGAIN: u32 = 1_000;

/// Whose conversation.
#[derive(Debug, Deserialize)]
pub struct Whose {
    number: String,
}

struct Listener {
    web: Data<Web>,
    phones: Arc<Phones>,
    key: ContactKey,
    number: String,
    /// The numbers of the last entry and the last message that were said.
    at: (u64, u64),
    queue: VecDeque<String>,
    entries: watch::Receiver<u64>,
    messages: watch::Receiver<u64>,
    said: Option<Value>,
    begun: bool,
    over: bool,
    _permit: OwnedSemaphorePermit,
}

/// `GET /phone/stream?number=`
pub async fn stream(web: Data<Web>, request: HttpRequest, query: Query<Whose>) -> Result<HttpResponse, Failure> {
    let permit = Arc::clone(&desk(&web)?.streams).try_acquire_owned();
    let permit = permit.map_err(|_| Failure::TooMany { after: Duration::from_secs(1) })?;
    guard::may_look(&web, &request)?;
    let phones = web.simulator.clone().ok_or(Failure::NotFound)?;
    let person = guard::contact(&web, &query.number).await?;
    let last = request.headers().get("last-event-id").and_then(|id| id.to_str().ok());
    let at = last.and_then(|id| place(id, phones.epoch()));
    // Subscribed before anything is read: what comes in between is news.
    let (entries, messages) = (web.core.overhearing(), phones.news());
    let mut queue = VecDeque::from([format!("retry: {AGAIN}\n\n")]);
    if at.is_none() {
        queue.push_back("event: fresh\ndata: {}\n\n".to_owned());
    }
    let listener = Listener {
        web,
        phones,
        key: person.key,
        number: person.phone.as_str().to_owned(),
        at: at.unwrap_or_default(),
        queue,
        entries,
        messages,
        said: None,
        begun: false,
        over: false,
        _permit: permit,
    };
    let events = unfold(listener, |mut listener| async {
        let next = listener.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(next)), listener))
    });
    Ok(event_stream(events))
}

/// Reads `EPOCH.ENTRY.MESSAGE`; nothing if it is of another process, whose numbers were others.
fn place(id: &str, epoch: &str) -> Option<(u64, u64)> {
    let mut parts = id.split('.');
    let (of, entry, message) = (parts.next()?, parts.next()?, parts.next()?);
    (of == epoch).then_some(())?;
    Some((entry.parse().ok()?, message.parse().ok()?))
}

impl Listener {
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            if !self.web.ready.get() {
                self.over = true;
                self.say("bye", &json!({}));
                continue;
            }
            let heard = self.listen();
            if heard || !self.begun {
                self.begun = true;
                self.stand().await;
                continue;
            }
            tokio::select! {
                changed = self.entries.changed() => self.over |= changed.is_err(),
                changed = self.messages.changed() => self.over |= changed.is_err(),
                () = self.web.ready.gone() => {}
                () = tokio::time::sleep(HEARTBEAT) => self.queue.push_back(": still here\n\n".to_owned()),
            }
        }
    }

    /// What came since the last look; whether there was any.
    fn listen(&mut self) -> bool {
        self.entries.mark_unchanged();
        self.messages.mark_unchanged();
        let entries = self.web.core.overheard(self.key, self.at.0);
        let wanted = Wanted { to: Some(self.number.clone()), channel: None, after: self.at.1 };
        let messages = self.phones.messages(&wanted);
        let any = !entries.is_empty() || !messages.is_empty();
        for one in entries {
            self.at.0 = one.number;
            let entry = json!({ "n": one.number, "at": one.entry.at.0, "ahead": one.ahead.0, "events": one.entry.events });
            self.say("entry", &entry);
        }
        for message in messages {
            self.at.1 = message.get("n").and_then(Value::as_u64).unwrap_or(self.at.1);
            self.say("message", &message);
        }
        any
    }

    /// Where the conversation stands, if that changed.
    async fn stand(&mut self) {
        match state::of(&self.web, self.key).await {
            Ok(Some(state)) if self.said.as_ref() != Some(&state) => {
                self.say("state", &state);
                self.said = Some(state);
            }
            Ok(Some(_)) => {}
            // A real person has this number now: there is nothing more to see.
            Ok(None) => {
                self.over = true;
                self.say("refused", &json!({}));
            }
            Err(_) => self.over = true,
        }
    }

    fn say(&mut self, event: &str, data: &Value) {
        let (entry, message) = self.at;
        let mut text = String::new();
        // JSON has no line breaks of its own, so one `data:` is enough.
        let _ = write!(text, "event: {event}\nid: {}.{entry}.{message}\ndata: {data}\n\n", self.phones.epoch());
        self.queue.push_back(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_only_known_to_the_process_that_gave_it() {
        assert_eq!(place("SIM1.5.7", "SIM1"), Some((5, 7)));
        for id in ["SIM2.5.7", "SIM1.5", "SIM1.x.7", ""] {
            assert_eq!(place(id, "SIM1"), None, "{id}");
        }
    }
}
