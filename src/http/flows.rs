//! `/flows/{flow}/{name}/{secret}`: the webhooks of flows. 202 means that what came is stored. Whoever does not know the whole URL
//! learns nothing: a flow that is not there, a name that it does not have and a wrong secret are one answer.

use super::body;
use super::error::Failure;
use super::web::Web;
use crate::domain::limits::EVENT_BODY_BYTES;
use crate::domain::value::Value;
use crate::service::{EventRefused, NewWebhook};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use indexmap::IndexMap;
use std::sync::Arc;
use std::time::Duration;

/// The longest that storing a call may take.
const STORE: Duration = Duration::from_secs(10);
/// Bytes of a header that names a delivery.
const ID: usize = 256;
/// The headers that name a delivery, so that a repeat takes no effect.
const IDS: [&str; 2] = ["idempotency-key", "webhook-id"];

/// `GET` and `POST` of a flow's webhook.
pub async fn call(
    web: Data<Web>,
    place: Path<(String, String, String)>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let body = body::read(&mut payload, EVENT_BODY_BYTES, &web.memory, web.request_timeout).await?;
    web.buckets.flows.take().map_err(|after| Failure::TooMany { after })?;
    let (flow, name, secret) = place.into_inner();
    // Both are asked, whatever the first says.
    let (opens, exists) = (web.webhooks.open(&flow, &name, &secret), web.core.has_webhook(&flow, &name));
    if !(opens & exists) {
        return Err(Failure::NotFound);
    }
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let data = read(header(CONTENT_TYPE.as_str()).unwrap_or(""), &body, request.query_string())?;
    let id = IDS.into_iter().find_map(header).map(str::trim).filter(|id| !id.is_empty());
    if id.is_some_and(|id| id.len() > ID) {
        return Err(Failure::Invalid { field: "idempotency-key", reason: format!("is longer than {ID} bytes") });
    }
    let id = id.map(str::to_owned);
    store(&web, NewWebhook { flow, name, data, id }).await
}

/// What was sent: the body as JSON or as a form; without a body the query.
fn read(content_type: &str, body: &[u8], query: &str) -> Result<Value, Failure> {
    let kind = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(form(query.as_bytes()));
    }
    if kind == "application/x-www-form-urlencoded" {
        // Some senders call everything a form.
        return Ok(json(body).filter(|value| matches!(value, Value::Map(_))).unwrap_or_else(|| form(body)));
    }
    json(body).ok_or(Failure::Malformed("the body is neither JSON nor a form (application/x-www-form-urlencoded)"))
}

fn json(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok().map(Value::from_json)
}

/// A field that comes several times is a list.
fn form(encoded: &[u8]) -> Value {
    let mut fields: IndexMap<String, Value> = IndexMap::new();
    for (name, value) in url::form_urlencoded::parse(encoded) {
        let value = Value::text(value.into_owned());
        match fields.get_mut(&*name) {
            None => drop(fields.insert(name.into_owned(), value)),
            Some(Value::List(values)) => values.push(value),
            Some(first) => *first = Value::List(vec![std::mem::take(first), value]),
        }
    }
    Value::Map(fields)
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_forms_and_queries_are_read() {
        let read = |kind: &str, body: &str, query: &str| super::read(kind, body.as_bytes(), query).map(|v| v.to_json());
        let form = "application/x-www-form-urlencoded";
        assert_eq!(read("application/json", r#"{"a": {"b": [1]}}"#, "x=1"), Ok(json!({"a": {"b": [1]}})));
        assert_eq!(read("", "[1, 2]", ""), Ok(json!([1, 2])), "any JSON, whatever it is called");
        assert_eq!(read(form, "a=1&b=x+y&b=%C3%A9", ""), Ok(json!({"a": "1", "b": ["x y", "é"]})));
        assert_eq!(read(form, r#"{"a": 1}"#, ""), Ok(json!({"a": 1})));
        assert_eq!(read("", " ", "phone=%2B44&n=007"), Ok(json!({"phone": "+44", "n": "007"})));
        assert_eq!(read("", "", ""), Ok(json!({})));
        for wrong in ["{", "<a/>", "a=1"] {
            assert!(matches!(read("text/plain", wrong, ""), Err(Failure::Malformed(_))), "{wrong}");
        }
    }
}
