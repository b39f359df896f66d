//! `/desks/{name}/{secret}`: what persons do at a desk. Who knows neither the secret of the URL nor, where the service signs, its
//! signature is answered 403 and nothing else; 200 means that what was done is stored.

use super::body;
use super::error::Failure;
use super::web::Web;
use crate::config::desks::DeskSettings;
use crate::domain::desk::DeskPlace;
use crate::domain::input::OperatorAction;
use crate::domain::limits::WEBHOOK_BODY_BYTES;
use crate::provider::Headers;
use crate::provider::desk::{self, Incoming, What};
use crate::service::Received;
use actix_web::http::header::HeaderMap;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;
use std::time::Duration;

/// Counter `{desk, result}`: what came from desks. `result`: wrote, resolved, duplicate, nothing, unreadable.
pub const ITEMS: &str = "replyflow_desk_items_total";
/// The longest that storing what one request said may take: Chatwoot waits for 5 s.
const STORE: Duration = Duration::from_secs(4);

/// `POST /desks/NAME/SECRET`
pub async fn post(
    web: Data<Web>,
    place: Path<(String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Failure> {
    match take(&web, &place.0, &place.1, &request, payload).await {
        Ok(()) => Ok(HttpResponse::Ok().finish()),
        Err(failure) => Ok(failure.bare()),
    }
}

async fn take(web: &Web, name: &str, secret: &str, request: &HttpRequest, mut payload: Payload) -> Result<(), Failure> {
    let body = body::read(&mut payload, WEBHOOK_BODY_BYTES, &web.memory, web.request_timeout).await?;
    web.buckets.hooks.take().map_err(|after| Failure::TooMany { after })?;
    let opens = web.webhooks.open_desk(name, secret);
    let now = web.core.store_now();
    let believed = |desk: &&DeskSettings| desk::verify(desk, &Came(request.headers()), &body, now);
    let Some(desk) = web.core.world().desks.get(name).filter(|_| opens).filter(believed) else {
        metrics::counter!(super::flows::REFUSED, "reason" => "desk").increment(1);
        tracing::warn!("a call of a desk was refused");
        return Err(Failure::Refused);
    };
    let incoming = desk::decode(desk, &body).map_err(|malformed| {
        count(name, "unreadable");
        Failure::Malformed(malformed.0)
    })?;
    let Some(Incoming { talk, conversation, id, by, what }) = incoming else {
        count(name, "nothing");
        return Ok(());
    };
    let (act, result) = match what {
        What::Wrote(text) => (OperatorAction::Write { by, text, channel: None }, "wrote"),
        What::Resolved => (OperatorAction::Resolve { by, note: None }, "resolved"),
    };
    let place = DeskPlace { desk: desk.name.clone(), talk: talk.talk, conversation };
    let action = OperatorAction::AtDesk { place, act: Box::new(act) };
    let id = format!("desk/{}/{id}", desk.name);
    let core = Arc::clone(&web.core);
    let stored = web.engine.spawn(async move { core.operate(talk.contact, action, &id).await });
    match tokio::time::timeout(STORE, stored).await {
        Ok(Ok(Ok(Received::Duplicate))) => count(name, "duplicate"),
        Ok(Ok(Ok(Received::Full))) => return Err(Failure::Unavailable),
        Ok(Ok(Ok(_))) => count(name, result),
        Ok(Ok(Err(error))) => {
            tracing::error!(desk = name, %error, "what was done at a desk could not be stored");
            return Err(Failure::Unavailable);
        }
        Ok(Err(_)) | Err(_) => {
            tracing::error!(desk = name, "storing what was done at a desk panicked or took too long");
            return Err(Failure::Unavailable);
        }
    }
    Ok(())
}

fn count(desk: &str, result: &'static str) {
    metrics::counter!(ITEMS, "desk" => desk.to_owned(), "result" => result).increment(1);
}

/// Headers as they came.
struct Came<'a>(&'a HeaderMap);

impl Headers for Came<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }
}
