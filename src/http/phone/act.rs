//! What the page does beside writing: time passes, a language is chosen, a flow begins, something happens elsewhere.

use super::{desk, guard};
use crate::domain::input::{ContactRef, OperatorAction};
use crate::domain::language::Language;
use crate::domain::limits::{EVENT_BODY_BYTES, MOVE_TIME};
use crate::domain::mode::Mode;
use crate::domain::name::{ChannelName, EventName, Name, Slug};
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::http::body;
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::service::{EventRefused, NewEvent};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Map;
use std::sync::Arc;

/// Who acts and over which channel.
#[derive(Debug, Deserialize)]
struct Person {
    number: String,
    channel: String,
    #[serde(default)]
    language: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Move {
    #[serde(flatten)]
    person: Person,
    by: String,
}

#[derive(Debug, Deserialize)]
struct Begin {
    #[serde(flatten)]
    person: Person,
    flow: String,
    #[serde(default)]
    with: Map<String, serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Happened {
    #[serde(flatten)]
    person: Person,
    event: String,
    #[serde(default)]
    data: Map<String, serde_json::Value>,
}

/// `POST /phone/time`: `{number, channel, by: "4h"}`
pub async fn time(web: Data<Web>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let asked: Move = read(&web, &request, payload).await?;
    let by = Span::parse(&asked.by).filter(|by| *by > Span(0) && *by <= MOVE_TIME);
    let by = by.ok_or_else(|| invalid("by", "is no time from 1s to 366d, for example 4h or 1d12h"))?;
    let (_, key) = met(&web, &asked.person).await?;
    operate(&web, key, OperatorAction::MoveTime { by }).await
}

/// `POST /phone/language`: `{number, channel, language}`
pub async fn language(web: Data<Web>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let asked: Person = read(&web, &request, payload).await?;
    if asked.language.is_none() {
        return Err(invalid("language", "is missing"));
    }
    met(&web, &asked).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// `POST /phone/begin`: `{number, channel, flow, with}`
pub async fn begin(web: Data<Web>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let asked: Begin = read(&web, &request, payload).await?;
    let flow = Slug::parse(&asked.flow).map_err(|bad| invalid("flow", bad.reason))?;
    let catalog = web.core.versions().catalog();
    let found = catalog.current(flow.as_str()).ok_or_else(|| invalid("flow", "there is none of this name"))?;
    speaks_to_nobody_real(&web, &found.channels)?;
    let value = |(name, value): (String, serde_json::Value)| match Name::parse(&name) {
        Ok(name) => Ok((name, Value::from_json(value))),
        Err(_) => Err(invalid("with", "has a name that no variable can have")),
    };
    let with = asked.with.into_iter().map(value).collect::<Result<Vec<_>, _>>()?;
    let (_, key) = met(&web, &asked.person).await?;
    operate(&web, key, OperatorAction::Begin { flow, with, sending: None }).await
}

/// `POST /phone/event`: `{number, channel, event, data}`
pub async fn event(web: Data<Web>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let asked: Happened = read(&web, &request, payload).await?;
    let name = EventName::parse(&asked.event).map_err(|bad| invalid("event", bad.reason))?;
    let catalog = web.core.versions().catalog();
    for start in catalog.starts_by_event(&name) {
        speaks_to_nobody_real(&web, &start.published.flow.channels)?;
    }
    let person = guard::contact(&web, &asked.person.number).await?;
    let named = ContactRef { phone: Some(person.phone.clone()), ..ContactRef::default() };
    let data = Value::from_json(serde_json::Value::Object(asked.data));
    // Where a flow says how the event names its contact, the event is left to name it.
    let says = !catalog.starts_by_event(&name).is_empty();
    let event = NewEvent { name, contact: (!says).then_some(named), data, id: None, callback: None, mode: Mode::Live };
    let concerned = web.core.concerns(&event).map_err(refused)?;
    if concerned.iter().any(|key| *key != person.key) {
        return Err(invalid("data", "names another phone than this one"));
    }
    met(&web, &asked.person).await?;
    let core = Arc::clone(&web.core);
    let stored = web.engine.spawn(async move { core.receive_event(event).await });
    stored.await.map_err(|_| Failure::Unavailable)?.map_err(refused)?;
    Ok(HttpResponse::Accepted().finish())
}

pub(super) async fn read<T: DeserializeOwned>(web: &Web, request: &HttpRequest, mut payload: Payload) -> Result<T, Failure> {
    let body = body::read(&mut payload, EVENT_BODY_BYTES, &web.memory, web.request_timeout).await?;
    desk(web)?;
    guard::may_act(web, request)?;
    serde_json::from_slice(&body).map_err(|error| Failure::Invalid { field: "body", reason: error.to_string() })
}

pub(super) fn invalid(field: &'static str, reason: impl Into<String>) -> Failure {
    Failure::Invalid { field, reason: reason.into() }
}

fn refused(why: EventRefused) -> Failure {
    match why {
        EventRefused::Contact(reason) => invalid("data", reason),
        EventRefused::TooLarge => Failure::TooLarge { limit: EVENT_BODY_BYTES },
        EventRefused::Store(_) => Failure::Unavailable,
    }
}

/// A flow that may speak over a real channel would write to whoever has the number.
fn speaks_to_nobody_real(web: &Web, channels: &[ChannelName]) -> Result<(), Failure> {
    let known = &web.core.world().project.channels;
    let simulated = |name: &ChannelName| known.get(name).is_some_and(|channel| channel.simulated);
    match channels.iter().find(|name| !simulated(name)) {
        None => Ok(()),
        Some(real) => Err(invalid("flow", format!("speaks on `{real}` too, whose provider is no simulator"))),
    }
}

/// The contact, introduced to the service if it does not know it or is to speak another language.
async fn met(web: &Data<Web>, asked: &Person) -> Result<(guard::Simulated, crate::domain::id::ContactKey), Failure> {
    let channel = guard::channel(web, &asked.channel)?;
    let language = match &asked.language {
        None => None,
        Some(code) => Some(Language::parse(code).ok_or_else(|| invalid("language", "is not a code such as en or pt-BR"))?),
    };
    let person = guard::contact(web, &asked.number).await?;
    let known = person.record.as_ref();
    let changes = language.is_some() && known.and_then(|record| record.language) != language;
    if known.is_none_or(|record| record.phone.is_none()) || changes {
        let who = ContactRef { phone: Some(person.phone.clone()), language, ..ContactRef::default() };
        operate(web, person.key, OperatorAction::Meet { channel, who }).await?;
    }
    let key = person.key;
    Ok((person, key))
}

async fn operate(web: &Data<Web>, key: crate::domain::id::ContactKey, action: OperatorAction) -> Result<HttpResponse, Failure> {
    let id = format!("phone-{:016x}", rand::random::<u64>());
    let core = Arc::clone(&web.core);
    let stored = web.engine.spawn(async move { core.operate(key, action, &id).await });
    match stored.await {
        Ok(Ok(_)) => Ok(HttpResponse::Accepted().finish()),
        _ => Err(Failure::Unavailable),
    }
}
