//! The API below `/v1`: what its handlers share. A handler reads who calls and what they send by [`asked`], its query by [`Query`], answers lists by
//! [`Page`], and does what a `POST` asks for by [`Once`], so that the same request again is answered as the first time.

pub mod alerts;
pub mod audit;
pub mod broadcasts;
pub mod contacts;
pub mod conversation;
pub mod failed;
pub mod flows;
pub mod holds;
pub mod imports;
pub mod instance;
pub mod integrations;
pub mod keys;
pub mod operations;

mod fields;
pub mod figures;
pub mod listing;
pub mod live;
pub mod messages;
mod once;
mod page;
pub mod pauses;
pub mod preview;
pub mod publications;
mod query;
pub mod runs;
pub mod schedules;
pub mod states;
pub mod streams;
pub mod stuck;
pub mod suppressions;
pub mod test;
pub mod timeline;

pub use fields::Fields;
pub use once::{Done, Once, chosen};
pub use page::{Cursor, Page};
pub use query::Query;

use super::body::{self, Body};
use super::caller::Caller;
use super::error::Failure;
use super::web::Web;
use crate::domain::scope::Scope;
use crate::history::HistoryError;
use actix_web::HttpRequest;
use actix_web::web::Payload;
use std::future::Future;
use std::time::Duration;

/// The longest that the record is asked.
const RECORD: Duration = Duration::from_secs(10);
/// Bytes of a body of which a route says nothing else.
pub const BODY: usize = 64 * 1024;

/// Who calls, if they may do this, and what they sent: at most so many bytes. The body is read before anything is answered.
pub async fn asked(
    web: &Web,
    request: &HttpRequest,
    payload: &mut Payload,
    scope: Scope,
    most: usize,
) -> Result<(Caller, Body), Failure> {
    let caller = web.caller(request, scope).await;
    let most = if caller.is_ok() { most } else { most.min(body::UNPROVEN) };
    let body = body::read(payload, most, &web.memory, web.request_timeout).await?;
    Ok((caller?, body))
}

/// What the record says: asked on the service's own threads, for at most ten seconds. 503 if the database does not answer.
pub async fn recorded<T: Send + 'static>(
    web: &Web,
    work: impl Future<Output = Result<T, HistoryError>> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::time::timeout(RECORD, web.engine.spawn(work)).await {
        Ok(Ok(Ok(found))) => Ok(found),
        Ok(Ok(Err(error))) => {
            tracing::error!(%error, "the record could not be read or written");
            Err(Failure::Unavailable)
        }
        Ok(Err(_)) | Err(_) => {
            tracing::error!("the record was asked for too long");
            Err(Failure::Unavailable)
        }
    }
}

/// Who calls, of a request without a body.
pub async fn looked(web: &Web, request: &HttpRequest, payload: &mut Payload, scope: Scope) -> Result<Caller, Failure> {
    Ok(asked(web, request, payload, scope, BODY).await?.0)
}

/// A value of a query that is one of a few words.
pub fn one_of(query: &Query, name: &'static str, words: &[&str]) -> Result<Option<String>, Failure> {
    let form = format!("one of {}", words.join(", "));
    query.parsed(name, &form, |text| words.iter().find(|word| **word == text).map(|word| (*word).to_owned()))
}
