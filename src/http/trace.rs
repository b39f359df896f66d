//! Around every request: an id, a line in the log, a count and a duration. Neither addresses of people nor queries get into any
//! of them: a route is named by its pattern.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use std::time::Instant;
use tracing::Instrument;

/// The header that carries a request's id back.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Counter `{route, status}`: answered requests.
pub const REQUESTS: &str = "replyflow_http_requests_total";
/// Histogram of seconds `{route}`: from a request's head to its answer.
pub const SECONDS: &str = "replyflow_http_request_seconds";

/// Wraps a request.
pub async fn around<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, actix_web::Error> {
    let begun = Instant::now();
    let id = format!("{:016x}", rand::random::<u64>());
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = %id);
    let answer = next.call(request).instrument(span.clone()).await;
    let mut answer = answer?;
    let route = answer.request().match_pattern().unwrap_or_else(|| "unknown".to_owned());
    let status = answer.status().as_u16();
    let took = begun.elapsed();
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
