//! `GET /v1/live`: what happens now, as server-sent events. Each carries a place as its id; whoever was cut off comes again
//! with it (`Last-Event-ID`, which browsers send by themselves) and goes on there, without a gap and without hearing anything
//! twice, at whichever instance.

use super::{Query, looked, messages};
use crate::domain::api_key::ShownKey;
use crate::domain::id::ContactKey;
use crate::domain::journal::{Entry, Event};
use crate::domain::mode::Mode;
use crate::domain::scope::Scope;
use crate::domain::value::rfc3339;
use crate::history::HistoryError;
use crate::history::read::{self, Heard, KINDS, LivePlace, RunFlows, kind_of};
use crate::http::error::Failure;
use crate::http::event_stream::event_stream;
use crate::http::keys::bearer;
use crate::http::web::Web;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::unfold;
use serde_json::{Value as Json, json};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

/// Those who listen at one time.
pub const LISTENERS: usize = 64;
/// How often the record is looked at for news.
const LOOK: Duration = Duration::from_millis(250);
/// How long nothing may be said, so that nobody in between takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often the key is looked at: who is let out hears nothing more.
const KEY: Duration = Duration::from_secs(2);
/// Events that wait to be sent to one listener, at least; the rest is read again when these are gone.
const QUEUE: usize = 256;
/// After how many milliseconds a browser comes again.
const AGAIN: u32 = 1_000;

/// What somebody wants to hear.
struct Wanted {
    mode: Mode,
    contact: Option<ContactKey>,
    flow: Option<String>,
    channel: Option<String>,
    kinds: Vec<&'static str>,
}

struct Listener {
    web: Data<Web>,
    /// With which key they came, and when it was last looked at; none with a configured one, which ends with the process.
    key: Option<ShownKey>,
    looked: Instant,
    wanted: Wanted,
    place: LivePlace,
    flows: RunFlows,
    queue: VecDeque<String>,
    said: Instant,
    over: bool,
    _permit: OwnedSemaphorePermit,
}

/// Hear what happens now
///
/// Server-sent events. Each carries a place as its id: whoever comes again with it (`Last-Event-ID`) hears everything after it,
/// at whichever instance, and nothing twice.
#[utoipa::path(
    get, path = "/v1/live", tag = "History", operation_id = "listen",
    params(
        ("contact" = Option<String>, Query, description = "Of this contact"),
        ("flow" = Option<String>, Query, description = "In runs of this flow"),
        ("channel" = Option<String>, Query, description = "Messages over this channel"),
        ("kind" = Option<String>, Query, description = "Of these kinds, with commas between: `received,sent,run_started,left,run_ended` …"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard: what came after it comes first"),
    ),
    responses(
        (status = 200, description = "Server-sent events `happened`: `{contact, at, token, index, kind, run, flow, data}`", content_type = "text/event-stream", body = String),
    ),
    security(("key" = ["history:read"]))
)]
pub async fn listen(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::HistoryRead).await?;
    let query = Query::read(&request, &["contact", "flow", "channel", "kind"])?;
    let text = |name| query.text(name).map(str::to_owned);
    let wanted = Wanted {
        mode: caller.mode,
        contact: messages::contact(&web, &query).await?,
        flow: text("flow"),
        channel: text("channel"),
        kinds: kinds(&query)?,
    };
    let permit = web.streams.listener()?;
    let last = request.headers().get("last-event-id").filter(|id| !id.is_empty());
    let place = match last {
        Some(id) => id.to_str().ok().and_then(LivePlace::read).ok_or_else(|| Failure::Invalid {
            field: "last-event-id",
            reason: "is not the id of an event of this stream; leave it out to hear what happens from now on".to_owned(),
        })?,
        None => read::newest(&web.record).await.map_err(|error| super::listing::unavailable(&error))?,
    };
    // With the place at once: whoever is cut off before the first event misses nothing either.
    let hello = format!("retry: {AGAIN}\nid: {}\nevent: open\ndata: {{}}\n\n", place.write());
    let listener = Listener {
        web,
        key: caller.key.and_then(|_| bearer(&request).and_then(ShownKey::parse)),
        looked: Instant::now(),
        wanted,
        place,
        flows: RunFlows::default(),
        queue: VecDeque::from([hello]),
        said: Instant::now(),
        over: false,
        _permit: permit,
    };
    let events = unfold(listener, |mut listener| async {
        let next = listener.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(next)), listener))
    });
    Ok(event_stream(events))
}

impl Listener {
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                self.said = Instant::now();
                return Some(event);
            }
            if self.over || !self.web.ready.get() {
                return None;
            }
            if self.looked.elapsed() >= KEY {
                self.looked = Instant::now();
                if let Some(key) = &self.key
                    && !self.web.still_opens(key).await
                {
                    return None;
                }
            }
            match self.listen().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    // They come again with the place where they were.
                    tracing::warn!(%error, "somebody who listened was cut off");
                    self.over = true;
                    return None;
                }
            }
            if self.said.elapsed() >= HEARTBEAT {
                self.queue.push_back(": still here\n\n".to_owned());
                continue;
            }
            tokio::select! {
                () = self.web.ready.gone() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// What was written down since the last look; whether there was anything.
    async fn listen(&mut self) -> Result<bool, HistoryError> {
        let all = read::heard(&self.web.record, &self.place).await?;
        let any = !all.is_empty();
        for heard in &all {
            if self.queue.len() >= QUEUE {
                break;
            }
            let entry = heard.entry.as_ref().filter(|entry| heard.mode == Some(self.wanted.mode) && self.wanted.concerns(entry));
            let Some(entry) = entry else {
                self.place.pass(heard);
                continue;
            };
            self.say(heard, entry).await?;
        }
        Ok(any)
    }

    async fn say(&mut self, heard: &Heard, entry: &Entry) -> Result<(), HistoryError> {
        let passed = self.place.passed_of(heard);
        for (index, event) in entry.events.iter().enumerate().skip(passed) {
            let kind = kind_of(event);
            if !self.wanted.hears(event, kind) {
                continue;
            }
            let flow = self.flows.of(&self.web.record, entry, event).await?;
            if self.wanted.flow.is_some() && self.wanted.flow != flow {
                continue;
            }
            self.place.pass_events(heard, index + 1);
            let event = json!({
                "contact": entry.contact.to_string(), "at": rfc3339(entry.at), "token": entry.token.to_string(), "index": index,
                "kind": kind, "run": event.run().map(|run| run.to_string()), "flow": flow, "data": said(event),
            });
            // JSON has no line breaks of its own, so one `data:` is enough.
            self.queue.push_back(format!("event: happened\nid: {}\ndata: {event}\n\n", self.place.write()));
        }
        self.place.pass(heard);
        Ok(())
    }
}

impl Wanted {
    fn concerns(&self, entry: &Entry) -> bool {
        self.contact.is_none_or(|contact| contact == entry.contact)
    }

    fn hears(&self, event: &Event, kind: &str) -> bool {
        let over = match event {
            Event::Received { channel, .. } | Event::Sent { channel, .. } => Some(channel.as_str()),
            _ => None,
        };
        let on_channel = self.channel.as_deref().is_none_or(|channel| over == Some(channel));
        on_channel && (self.kinds.is_empty() || self.kinds.contains(&kind))
    }
}

/// What an event says, as the journal writes it.
fn said(event: &Event) -> Json {
    match serde_json::to_value(event) {
        Ok(Json::Object(map)) => map.into_values().next().unwrap_or_default(),
        _ => Json::Null,
    }
}

/// The kinds that somebody wants to hear of; none: all.
fn kinds(query: &Query) -> Result<Vec<&'static str>, Failure> {
    let Some(text) = query.text("kind") else { return Ok(Vec::new()) };
    let known = |kind: &str| KINDS.iter().find(|known| **known == kind.trim()).copied();
    let unknown = |kind: &str| {
        let kind: String = kind.chars().filter(|c| !c.is_control()).take(40).collect();
        Failure::Invalid { field: "kind", reason: format!("`{kind}` is none of {}", KINDS.join(", ")) }
    };
    text.split(',').map(|kind| known(kind).ok_or_else(|| unknown(kind))).collect()
}
