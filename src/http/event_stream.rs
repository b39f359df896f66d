//! Server-sent events as an answer.

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::Stream;
use std::convert::Infallible;

/// Answers with these events. Nobody in between may keep them, guess at them or hold them back.
pub fn event_stream(events: impl Stream<Item = Result<Bytes, Infallible>> + 'static) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(events)
}
