//! Around every request: an id, a line in the log, a count and a duration. Neither addresses of people nor queries get into any
//! of them: a route is named by its pattern.

use super::rate::Standing;
use actix_web::HttpMessage;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use std::time::Instant;
use tracing::Instrument;

/// The header that names a request, as its caller chose it or we did, and carries the name back.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Counter `{route, status}`: answered requests.
pub const REQUESTS: &str = "replyflow_http_requests_total";
/// Histogram of seconds `{route}`: from a request's head to its answer.
pub const SECONDS: &str = "replyflow_http_request_seconds";

tokio::task_local! {
    /// The id of the request that this task answers.
    static CURRENT: String;
}

/// The id of the request that is being answered; nothing outside of requests.
pub fn request_id() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// The id that a caller chose, if it is one: 8 to 64 letters, digits, `.`, `_` and `-`. It gets into logs: what has no letter could be
/// somebody's number.
fn chosen(request: &ServiceRequest) -> Option<String> {
    let text = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let sane = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    let named = (8..=64).contains(&text.len()) && text.bytes().any(|b| b.is_ascii_alphabetic());
    (sane && named).then(|| text.to_owned())
}

/// Wraps a request.
pub async fn around<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, actix_web::Error> {
    let begun = Instant::now();
    let id = chosen(&request).unwrap_or_else(|| format!("{:016x}", rand::random::<u64>()));
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = %id);
    let answer = CURRENT.scope(id.clone(), next.call(request)).instrument(span.clone()).await;
    let mut answer = answer?;
    let route = answer.request().match_pattern().unwrap_or_else(|| "unknown".to_owned());
    let status = answer.status().as_u16();
    let took = begun.elapsed();
    let limits = answer.request().extensions().get::<Standing>().map(Standing::headers);
    for (name, value) in limits.into_iter().flatten() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            answer.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    metrics::counter!(REQUESTS, "route" => route.clone(), "status" => status.to_string()).increment(1);
    metrics::histogram!(SECONDS, "route" => route.clone()).record(took.as_secs_f64());
    let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    match status {
        500.. => tracing::warn!(parent: &span, %method, route, status, took_us, "request answered"),
        400..500 => tracing::info!(parent: &span, %method, route, status, took_us, "request answered"),
        _ => tracing::debug!(parent: &span, %method, route, status, took_us, "request answered"),
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_a_sane_id_of_the_caller_is_taken() {
        let chosen = |id: &str| chosen(&TestRequest::get().insert_header(("X-Request-Id", id)).to_srv_request());
        for good in ["order-17a", "018f3c1e-7b1a-7cc2-9c1f-5f6d2c1b0a9e", &"a".repeat(64)] {
            assert_eq!(chosen(good).as_deref(), Some(good));
        }
        for bad in ["", "short-7", &"a".repeat(65), "447700900123", "+447700900123", "a b c d e f", "<script>", "sch\u{fc}ssel-1"]
        {
            assert_eq!(chosen(bad), None, "{bad}");
        }
        assert!(request_id().is_none(), "there is no request here");
    }
}
