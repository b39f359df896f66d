//! `GET /media/NAME?until=…&sig=…`: files that contacts sent, to whoever has a link that has not ended. What comes back is never shown as a page
//! of ours: a contact chose its bytes. A file never changes under its name, so a copy of it stays good.

use super::error::Failure;
use super::web::Web;
use crate::service::media;
use crate::store::files::{FileError, Pieces};
use actix_web::body::SizedStream;
use actix_web::http::header::{
    ACCEPT_RANGES, CONTENT_RANGE, ContentRange, ContentRangeSpec, ETag, EntityTag, Header as _, IfNoneMatch, IfRange, Range,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::empty;
use serde::Deserialize;
use std::time::Duration;

/// No link of a bucket may last longer: seven days.
const OWN_LINK: Duration = Duration::from_secs(7 * 86_400);

/// What makes an address a link.
#[derive(Deserialize)]
pub struct Signed {
    until: Option<String>,
    sig: Option<String>,
}

/// Gives a file, or a part of it.
pub async fn get(
    web: Data<Web>,
    request: HttpRequest,
    name: Path<String>,
    signed: Query<Signed>,
) -> Result<HttpResponse, Failure> {
    web.buckets.files.take().map_err(|after| Failure::TooMany { after })?;
    if !media::is_name(&name) {
        return Err(Failure::NotFound);
    }
    // Who has no link does not even learn whether there is such a file.
    let left = web.core.opens_file(&name, signed.until.as_deref(), signed.sig.as_deref())?;
    let files = &web.files.store;
    let mime = media::type_of(&name);
    let lasts = Duration::from_millis(left.0.unsigned_abs()).min(OWN_LINK);
    // A link of the bucket is for fetching alone; what is not there yet comes from here.
    let sent_on = web.files.redirect && *request.method() == Method::GET;
    let there = if sent_on { files.own_link(&name, mime, lasts).await.map_err(|error| away(&error))? } else { None };
    if let Some(there) = there {
        let answer =
            HttpResponse::Found().insert_header(("Location", there)).insert_header(("Cache-Control", "no-store")).finish();
        return Ok(answer);
    }
    let size = files.size(&name).await.map_err(|error| away(&error))?.ok_or(Failure::NotFound)?;
    let tag = EntityTag::new_strong(name.split('.').next().unwrap_or(&name).to_owned());
    if has_it(&request, &tag) {
        return Ok(HttpResponse::NotModified().insert_header(ETag(tag)).finish());
    }
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(mime)
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Content-Disposition", format!("attachment; filename=\"{name}\"")))
        .insert_header(("Content-Security-Policy", "default-src 'none'; sandbox"))
        .insert_header(("Cache-Control", format!("private, max-age={}, immutable", left.0 / 1_000)))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header(ETag(tag.clone()));
    let (from, length) = match part(&request, &tag, size) {
        Part::Whole => (0, size),
        Part::Of(from, to) => {
            let range = ContentRangeSpec::Bytes { range: Some((from, to)), instance_length: Some(size) };
            answer.status(StatusCode::PARTIAL_CONTENT).insert_header(ContentRange(range));
            (from, to - from + 1)
        }
        Part::Beyond => {
            let range = (CONTENT_RANGE, format!("bytes */{size}"));
            return Ok(HttpResponse::RangeNotSatisfiable().insert_header(range).finish());
        }
    };
    let pieces: Pieces = match *request.method() {
        Method::HEAD => Box::pin(empty()),
        _ => files.read(&name, from, length).await.map_err(|error| away(&error))?.ok_or(Failure::NotFound)?,
    };
    Ok(answer.body(SizedStream::new(length, pieces)))
}

/// Where files are kept does not answer: whoever asks may come again.
fn away(error: &FileError) -> Failure {
    tracing::error!(%error, "a file of a contact cannot be read");
    Failure::Unavailable
}

/// Whether the caller has it already.
fn has_it(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|one| one.weak_eq(tag)),
        Err(_) => false,
    }
}

/// What of a file is wanted.
enum Part {
    Whole,
    /// From and to, both included.
    Of(u64, u64),
    /// Nothing that there is.
    Beyond,
}

/// One part, as players and downloads that go on ask for it; of several the whole is a right answer (RFC 9110, 14.2).
fn part(request: &HttpRequest, tag: &EntityTag, size: u64) -> Part {
    let Ok(Range::Bytes(parts)) = Range::parse(request) else { return Part::Whole };
    let [only] = parts.as_slice() else { return Part::Whole };
    let same = match request.headers().contains_key("if-range").then(|| IfRange::parse(request)) {
        None => true,
        Some(Ok(IfRange::EntityTag(had))) => had.strong_eq(tag),
        Some(_) => false,
    };
    if !same {
        return Part::Whole;
    }
    only.to_satisfiable_range(size).map_or(Part::Beyond, |(from, to)| Part::Of(from, to))
}
