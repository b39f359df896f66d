//! `/flows/{flow}/{name}/{secret}`: the webhooks of flows. 202 means that what came is stored. Whoever does not know the whole URL, or
//! cannot sign where calls are signed, learns nothing: a flow that is not there, a name that it does not have, a wrong secret and a
//! wrong signature are one answer.

mod content;

use super::body::{self, Body};
use super::error::Failure;
use super::web::Web;
use crate::config::signed::Signed;
use crate::domain::limits::{EVENT_BODY_BYTES, WEBHOOK_BODY_BYTES};
use crate::domain::mode::Mode;
use crate::domain::name::{Name, Slug};
use crate::domain::value::Value;
use crate::service::{EventRefused, NewWebhook};
use crate::source::signature::{self, Sent};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;
use std::time::Duration;

/// Counter `{reason}`: calls of flows' webhooks that were not believed.
pub const REFUSED: &str = "replyflow_webhooks_refused_total";
/// The longest that storing a call may take.
const STORE: Duration = Duration::from_secs(10);
/// What the URL of a call that tries something says.
const MODE: &str = "replyflow_mode";
/// Bytes of what names a delivery.
const ID: usize = 256;
/// The headers that name a delivery, so that a repeat takes no effect: the usual ones, and those of Razorpay, Shopify and GitHub.
const IDS: [&str; 5] = ["idempotency-key", "webhook-id", "x-razorpay-event-id", "x-shopify-webhook-id", "x-github-delivery"];

/// `GET` and `POST` of a flow's webhook.
pub async fn call(
    web: Data<Web>,
    place: Path<(String, String, String)>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let form = content::Form::of(header(CONTENT_TYPE.as_str()).unwrap_or(""));
    let (flow, name, secret) = place.into_inner();
    // Both are asked, whatever the first says.
    let (opens, exists) = (web.webhooks.open(&flow, &name, &secret), web.core.has_webhook(&flow, &name));
    let limit = match form {
        // A form with files is read to know its fields; the files themselves are not kept.
        content::Form::Multipart if opens & exists => WEBHOOK_BODY_BYTES,
        _ => EVENT_BODY_BYTES,
    };
    let body = body::read(&mut payload, limit, &web.memory, web.request_timeout).await?;
    if !(opens & exists) {
        return Err(refused("secret"));
    }
    web.buckets.flows.take().map_err(|after| Failure::TooMany { after })?;
    let signed = signed(&web, &flow, &name);
    for how in &signed {
        verify(&web, &request, how, &body).map_err(|why| refused(why.word()))?;
    }
    let data = content::read(form, request.headers(), &body, request.query_string()).await?;
    let id = match IDS.into_iter().find_map(header).map(str::trim).filter(|id| !id.is_empty()) {
        Some(id) => Some(id.to_owned()),
        None => signed.iter().find_map(|how| named(how, &data)),
    };
    if id.as_ref().is_some_and(|id| id.len() > ID) {
        return Err(Failure::Invalid { field: "idempotency-key", reason: format!("is longer than {ID} bytes") });
    }
    let mode = mode(&request)?;
    store(&web, NewWebhook { flow, name, data, id, mode }).await
}

/// A webhook is meant, unless its URL says `replyflow_mode=test`.
fn mode(request: &HttpRequest) -> Result<Mode, Failure> {
    let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    match pairs.find(|(name, _)| name == MODE) {
        None => Ok(Mode::Live),
        Some((_, word)) => {
            let reason = || "is neither live nor test".to_owned();
            Mode::parse(&word).ok_or_else(|| Failure::Invalid { field: MODE, reason: reason() })
        }
    }
}

fn refused(reason: &'static str) -> Failure {
    metrics::counter!(REFUSED, "reason" => reason).increment(1);
    tracing::warn!(reason, "a call of a flow's webhook was refused");
    Failure::Refused
}

/// How calls of this webhook are signed, under the flow's name or a former one.
fn signed<'w>(web: &'w Web, flow: &str, name: &str) -> Vec<&'w Signed> {
    let catalog = web.core.versions().catalog();
    let current = catalog.current(flow).map(|flow| flow.name.clone());
    let Ok(name) = Name::parse(name) else { return Vec::new() };
    let mut names: Vec<Slug> = current.into_iter().chain(Slug::parse(flow)).collect();
    names.dedup();
    names.into_iter().filter_map(|flow| web.signed.get(&(flow, name.clone()))).collect()
}

fn verify(web: &Web, request: &HttpRequest, how: &Signed, body: &Body) -> Result<(), signature::Unbelieved> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    // The sender signed the URL that it called: the public one, whatever a proxy made of it.
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
    let url = format!("{}{path}", web.public_url);
    signature::verify(how, &Sent { header: &header, body, url: &url, now: web.core.store_now() })
}

/// What the body calls the delivery.
fn named(how: &Signed, data: &Value) -> Option<String> {
    let mut at = data;
    for field in how.id_field.as_deref()?.split('.') {
        let Value::Map(map) = at else { return None };
        at = map.get(field)?;
    }
    at.as_text().map(str::to_owned).filter(|id| !id.is_empty())
}

async fn store(web: &Web, call: NewWebhook) -> Result<HttpResponse, Failure> {
    let core = Arc::clone(&web.core);
    let stored = web.engine.spawn(async move { core.receive_webhook(call).await });
    match tokio::time::timeout(STORE, stored).await {
        Ok(Ok(Ok(_))) => Ok(HttpResponse::Accepted().finish()),
        Ok(Ok(Err(EventRefused::Contact(reason)))) => Err(Failure::Invalid { field: "contact", reason }),
        Ok(Ok(Err(EventRefused::TooLarge))) => Err(Failure::TooLarge { limit: EVENT_BODY_BYTES }),
        Ok(Ok(Err(EventRefused::Store(error)))) => {
            tracing::error!(%error, "a call of a flow's webhook could not be stored");
            Err(Failure::Unavailable)
        }
        Ok(Err(_)) | Err(_) => {
            tracing::error!("storing a call of a flow's webhook panicked or took too long");
            Err(Failure::Unavailable)
        }
    }
}
