//! `Idempotency-Key` of every `POST`: the same request again is answered as the first time, also by another instance and after a crash; another body
//! under the same name is refused. Names belong to their caller: two callers may choose the same one.

use crate::domain::limits::{REQUEST_ANSWER_BYTES, REQUEST_KEY_BYTES};
use crate::domain::time::Span;
use crate::http::caller::Caller;
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::store::{Fingerprint, OnceRequest, RequestKey, RequestStep, Requested};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde_json::{Value as Json, json};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// The header that makes a request take effect once.
pub const HEADER: &str = "idempotency-key";
/// The longest that somebody waits for what a request does; it goes on without them.
const WORK: Duration = Duration::from_secs(30);
/// How often a request that is worked on says so: well within the time for which the store keeps it to whoever began it.
const RENEW: Duration = Duration::from_secs(2);

/// What the caller calls this request.
pub fn chosen(request: &HttpRequest) -> Result<Option<String>, Failure> {
    let Some(given) = request.headers().get(HEADER) else { return Ok(None) };
    let wrong = |reason: &str| Failure::Invalid { field: HEADER, reason: reason.to_owned() };
    let text = given.to_str().map_err(|_| wrong("holds characters other than visible ASCII"))?.trim();
    if text.is_empty() || text.len() > REQUEST_KEY_BYTES {
        return Err(wrong("is not 1 to 256 bytes long"));
    }
    Ok(Some(text.to_owned()))
}

/// What a request did.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    status: StatusCode,
    body: Json,
    kept: Option<Json>,
}

impl Done {
    /// It is answered so.
    pub fn new(status: StatusCode, body: impl serde::Serialize) -> Self {
        Done { status, body: serde_json::to_value(body).unwrap_or(Json::Null), kept: None }
    }

    /// The same request again is answered so instead: what is shown once is not remembered.
    #[must_use]
    pub fn again(self, body: impl serde::Serialize) -> Self {
        Done { kept: Some(serde_json::to_value(body).unwrap_or(Json::Null)), ..self }
    }

    fn response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(&self.body)
    }

    /// What is remembered; nothing if it is too much.
    fn keep(&self) -> Option<Bytes> {
        let body = self.kept.as_ref().unwrap_or(&self.body);
        let bytes = serde_json::to_vec(&json!({ "status": self.status.as_u16(), "body": body })).ok()?;
        (bytes.len() <= REQUEST_ANSWER_BYTES).then(|| Bytes::from(bytes))
    }

    fn kept(bytes: &[u8]) -> Option<Self> {
        let mut json: Json = serde_json::from_slice(bytes).ok()?;
        let status = StatusCode::from_u16(u16::try_from(json["status"].as_u64()?).ok()?).ok()?;
        Some(Done { status, body: json["body"].take(), kept: None })
    }
}

/// A request that takes effect once, if its caller gave it a name.
#[derive(Debug)]
pub struct Once {
    named: Option<(RequestKey, Fingerprint)>,
    name: String,
}

impl Once {
    /// This request with this body. Says no if the name is none.
    pub fn of(web: &Web, request: &HttpRequest, caller: &Caller, body: &[u8]) -> Result<Self, Failure> {
        Self::at(web, request, body, &caller.holder())
    }

    /// The same of what this process alone is asked for: another instance, or this one after a restart, was not asked by it.
    pub fn here(web: &Web, request: &HttpRequest, caller: &Caller, body: &[u8]) -> Result<Self, Failure> {
        Self::at(web, request, body, &format!("{} {}", caller.holder(), web.instance))
    }

    fn at(web: &Web, request: &HttpRequest, body: &[u8], whose: &str) -> Result<Self, Failure> {
        let route = format!("{} {} {whose}", request.method(), request.path());
        let said = [request.query_string().as_bytes(), b"\n", body].concat();
        let named = chosen(request)?.map(|chosen| (RequestKey::of(&route, &chosen), Fingerprint::of(&said)));
        let name = named.map_or_else(|| web.core.fresh_id(), |(key, print)| format!("{key}-{print}"));
        Ok(Once { named, name })
    }

    /// A name for what the request does: the same whenever and wherever it is worked on, so that a request that was cut off can be done again and takes
    /// effect once. Of a request without a name it is a new one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its caller may repeat it.
    pub fn is_named(&self) -> bool {
        self.named.is_some()
    }

    /// Does it, unless it was done. It is done to its end, also if the caller hangs up. What was refused leaves the name free.
    pub async fn answer(
        self,
        web: &Web,
        work: impl Future<Output = Result<Done, Failure>> + Send + 'static,
    ) -> Result<HttpResponse, Failure> {
        let core = Arc::clone(&web.core);
        let done = web.engine.spawn(async move {
            let Some((key, print)) = self.named else { return work.await };
            let who = core.worker();
            let step = |step| core.request(OnceRequest { key, print, who, step });
            let unavailable = |error| {
                tracing::error!(%error, "an Idempotency-Key could not be looked up");
                Failure::Unavailable
            };
            match step(RequestStep::Begin).await.map_err(unavailable)? {
                Requested::Yours => {}
                Requested::Busy(Span(left)) => {
                    return Err(Failure::InProgress { after: Duration::from_millis(left.max(0).unsigned_abs()) });
                }
                Requested::Other => return Err(Failure::OtherBody),
                Requested::Full => return Err(Failure::TooMany { after: Duration::from_secs(60) }),
                Requested::Answered(kept) => return Done::kept(&kept).ok_or(Failure::Unavailable),
                Requested::Done => return Err(Failure::Unavailable),
            }
            let renew = async {
                loop {
                    tokio::time::sleep(RENEW).await;
                    // Whoever comes again meanwhile waits, however long it takes.
                    if let Err(error) = step(RequestStep::Begin).await {
                        tracing::debug!(%error, "a request that is worked on could not be kept to itself");
                    }
                }
            };
            let done = tokio::select! {
                done = work => done,
                () = renew => Err(Failure::Unavailable),
            };
            let end = match &done {
                Ok(done) => done.keep().map_or(RequestStep::Again, RequestStep::Answer),
                Err(failure) if failure.status().is_server_error() => RequestStep::Again,
                Err(_) => RequestStep::Forget,
            };
            // What is done is done: if this is lost, the same request is worked on again under the same name.
            if let Err(error) = step(end).await {
                tracing::warn!(%error, "what a request was answered could not be remembered");
            }
            done
        });
        match tokio::time::timeout(WORK, done).await {
            Ok(Ok(done)) => done.map(|done| done.response()),
            Ok(Err(_)) | Err(_) => {
                tracing::error!("what a request asked for panicked or took too long");
                Err(Failure::Unavailable)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_remembered_as_it_was_but_for_what_is_shown_once() {
        let done = Done::new(StatusCode::CREATED, json!({ "id": "a", "secret": "s" }));
        let again = Done::kept(&done.keep().expect("kept")).expect("read");
        assert_eq!((again.status, &again.body), (StatusCode::CREATED, &done.body));
        let shown = done.again(json!({ "id": "a", "secret": null }));
        let kept = shown.keep().expect("kept");
        assert!(!String::from_utf8_lossy(&kept).contains("\"s\""));
        assert_eq!(shown.body["secret"], "s");
        assert_eq!(Done::kept(&kept).expect("read").body["secret"], Json::Null);
        assert_eq!(Done::new(StatusCode::OK, "x".repeat(REQUEST_ANSWER_BYTES)).keep(), None, "too much");
        assert_eq!(Done::kept(b"[]"), None);
    }
}
