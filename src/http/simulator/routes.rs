//! The simulator's routes: an API to send to, phones to look at, and how it is told to misbehave.

use super::behaviour::{Behaviour, Turn};
use super::phone::{Phones, Wanted};
use crate::domain::name::ChannelName;
use crate::http::body::{self, Body};
use crate::http::error::Failure;
use crate::http::hooks;
use crate::http::web::Web;
use crate::provider::{Method, Pairs, WebhookRequest};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Payload, Query};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// What one send may be, in bytes.
const SEND_BYTES: usize = 256 * 1024;
/// The longest that somebody waits for a message.
const WAIT: Duration = Duration::from_secs(30);

/// What `GET /simulator/messages` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    to: Option<String>,
    channel: Option<String>,
    #[serde(default)]
    after: u64,
    /// Seconds to wait for a first message.
    #[serde(default)]
    wait: u64,
}

fn phones(web: &Web) -> Result<&Arc<Phones>, Failure> {
    web.buckets.simulator.take().map_err(|after| Failure::TooMany { after })?;
    web.simulator.as_ref().ok_or(Failure::NotFound)
}

async fn read(web: &Web, payload: &mut Payload) -> Result<Body, Failure> {
    body::read(payload, SEND_BYTES, &web.memory, web.request_timeout).await
}

/// `GET /simulator/messages?to=`
pub async fn messages(web: Data<Web>, query: Query<Filter>) -> Result<HttpResponse, Failure> {
    let phones = phones(&web)?;
    let Filter { to, channel, after, wait } = query.into_inner();
    let wanted = Wanted { to, channel, after };
    let mut news = phones.news();
    let until = tokio::time::Instant::now() + Duration::from_secs(wait).min(WAIT);
    loop {
        let messages = phones.messages(&wanted);
        if !messages.is_empty() || tokio::time::timeout_at(until, news.changed()).await.is_err() {
            return Ok(HttpResponse::Ok().json(json!({ "messages": messages })));
        }
    }
}

/// `DELETE /simulator/messages`
pub async fn clear(web: Data<Web>) -> Result<HttpResponse, Failure> {
    phones(&web)?.clear();
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /simulator/behaviour`
pub async fn behaviour(web: Data<Web>) -> Result<HttpResponse, Failure> {
    Ok(HttpResponse::Ok().json(phones(&web)?.behaviour()))
}

/// `POST /simulator/behaviour`
pub async fn behave(web: Data<Web>, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let body = read(&web, &mut payload).await?;
    let behaviour = Behaviour::parse(&body).map_err(|(field, reason)| Failure::Invalid { field, reason })?;
    phones(&web)?.behave(behaviour);
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /simulator/send`: the API that simulator channels send to.
pub async fn send(web: Data<Web>, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let body = read(&web, &mut payload).await?;
    let phones = Arc::clone(phones(&web)?);
    let turn = phones.turn();
    if turn.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(turn.delay_ms.into())).await;
    }
    let Ok(Value::Object(content)) = serde_json::from_slice::<Value>(&body) else {
        return Err(Failure::Malformed("the body is no JSON object"));
    };
    if let Some(status) = turn.status.filter(|status| !(200..300).contains(status)) {
        return Ok(refusal(status, &turn));
    }
    let text = |key: &str| content.get(key).and_then(Value::as_str).map(str::to_owned);
    let Some(to) = text("to").filter(|to| !to.is_empty()) else {
        return Err(Failure::Invalid { field: "to", reason: "is missing".to_owned() });
    };
    let (channel, effect) = (text("channel"), text("effect"));
    let id = phones.show(&to, content, &jiff::Timestamp::now().to_string());
    report(&web, phones.behaviour(), channel, &id, effect);
    let mut answer = HttpResponse::Ok();
    if turn.lost {
        // The status arrives, the body breaks off: the caller cannot know what became of its message.
        answer.no_chunking(64);
        let broken = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("lost on demand"))]);
        return Ok(answer.streaming(broken));
    }
    if turn.garbage {
        return Ok(answer.body("<html>It works!</html>"));
    }
    Ok(answer.json(json!({ "id": id })))
}

fn refusal(status: u16, turn: &Turn) -> HttpResponse {
    let mut answer = HttpResponseBuilder::new(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    if let Some(seconds) = turn.retry_after {
        answer.insert_header(("Retry-After", seconds.to_string()));
    }
    if turn.garbage {
        return answer.body("<html>No.</html>");
    }
    let mut error = Map::new();
    error.insert("text".to_owned(), "on demand".into());
    for (key, value) in [("reason", &turn.reason), ("code", &turn.code)] {
        if let Some(value) = value {
            error.insert(key.to_owned(), value.as_str().into());
        }
    }
    answer.json(json!({ "error": error }))
}

/// Reports to the channel's own webhook how far the message came, as a provider would.
fn report(web: &Data<Web>, behaviour: Behaviour, channel: Option<String>, id: &str, effect: Option<String>) {
    if behaviour.reports.is_empty() {
        return;
    }
    let Some(channel) = channel.and_then(|name| ChannelName::parse(&name).ok()) else { return };
    let (web, id) = (Data::clone(web), id.to_owned());
    actix_web::rt::spawn(async move {
        for word in behaviour.reports {
            tokio::time::sleep(Duration::from_millis(behaviour.report_delay_ms.into())).await;
            let Some(hook) = web.hooks.get(&channel) else { return };
            let body = json!({ "id": id, "status": word.as_str(), "effect": effect }).to_string();
            let url = format!("{}/hooks/{channel}/status", web.public_url);
            let request =
                WebhookRequest { method: Method::Post, url: &url, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
            if hooks::receive(&web, hook, request).await.is_err() {
                tracing::warn!(%channel, "a simulated report was not stored");
            }
        }
    });
}
