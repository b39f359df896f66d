//! `/v1/failed`: what could not be done and waits for a decision.

use super::{BODY, Done, Fields, Once, Page, Query, asked, audit, looked};
use crate::domain::mode::Mode;
use crate::domain::scope::Scope;
use crate::domain::time::Millis;
use crate::domain::value::rfc3339;
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::service::failed::{self, Act, Failed, Walk};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// Something that failed visibly.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailedThing {
    /// What `retry` and `drop` take.
    id: String,
    /// Since when.
    at: String,
    /// What it is: message, call, post, fetch, hook, desk, alert, input, or unreadable.
    kind: &'static str,
    /// The same in one line, without a person or a text.
    about: String,
    /// Attempts that were made; 0 for an input.
    attempts: u8,
}

/// What became of something that failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailedDecided)]
pub struct Decided {
    /// Which.
    id: String,
}

impl FailedThing {
    fn of(failed: Failed) -> Self {
        let Failed { id, at, kind, about, attempts, .. } = failed;
        FailedThing { id, at: rfc3339(at), kind, about, attempts }
    }
}

/// What failed, the oldest first
#[utoipa::path(get, path = "/v1/failed", tag = "Operations", operation_id = "list_failed", security(("key" = ["operations:read"])),
    params(("limit" = Option<u16>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of it", body = Page<FailedThing>)))]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::OperationsRead).await?;
    let query = Query::read(&request, &["limit", "cursor"])?;
    let (limit, after) = (query.limit()?, query.cursor::<(i64, String)>()?);
    let found = own(&web, caller.mode, after, limit + 1).await?;
    let page = Page::cut(found, limit, |one: &Failed| (one.at.0, one.id.clone()));
    Ok(HttpResponse::Ok().json(page.map(FailedThing::of)))
}

/// What failed of contacts of this mode, after a place, at most so many.
pub(super) async fn own(web: &Web, mode: Mode, after: Option<(i64, String)>, most: usize) -> Result<Vec<Failed>, Failure> {
    let core = Arc::clone(&web.core);
    // Of whoever a simulator plays only the record says so.
    let played = core.world().project.channels.values().any(|channel| channel.simulated);
    let looked = async move {
        let mut own = Vec::new();
        let mut walk = Walk::from(after.as_ref().map_or(Millis(0), |(at, _)| Millis(*at)));
        while let Some(part) = walk.next(core.store()).await? {
            for one in part {
                if own.len() >= most {
                    return Ok(own);
                }
                if after.as_ref().is_some_and(|(at, id)| (one.at.0, &one.id) <= (*at, id)) {
                    continue;
                }
                let of = match one.mode {
                    Mode::Live if played => failed::mode_of(core.store(), one.key).await?,
                    known => known,
                };
                if of == mode {
                    own.push(one);
                }
            }
        }
        Ok(own)
    };
    web.engine.spawn(looked).await.map_err(|_| Failure::Unavailable)?.map_err(unavailable)
}

/// Do it again, as if it had never been tried
#[utoipa::path(post, path = "/v1/failed/{id}/retry", tag = "Operations", operation_id = "retry_failed", security(("key" = ["operations:write"])),
    params(("id" = String, Path, description = "As the list shows it")),
    responses((status = 200, description = "It will be done again", body = Decided), (status = 404, description = "It is not among what failed")))]
pub async fn retry(web: Data<Web>, id: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    decide(web, &id, request, payload, Act::Retry, "failed.retry").await
}

/// Forget it
#[utoipa::path(post, path = "/v1/failed/{id}/drop", tag = "Operations", operation_id = "drop_failed", security(("key" = ["operations:write"])),
    params(("id" = String, Path, description = "As the list shows it")),
    responses((status = 200, description = "It is forgotten", body = Decided), (status = 404, description = "It is not among what failed")))]
pub async fn forget(web: Data<Web>, id: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    decide(web, &id, request, payload, Act::Drop, "failed.drop").await
}

async fn decide(
    web: Data<Web>,
    id: &str,
    request: HttpRequest,
    mut payload: Payload,
    act: Act,
    what: &'static str,
) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::OperationsWrite, BODY).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    Fields::read(&body)?.finish()?;
    let key = failed::parse_id(id).ok_or(Failure::NotFound)?;
    let of = failed::mode_of(web.core.store(), key).await.map_err(unavailable)?;
    if of != caller.mode {
        return Err(Failure::NotFound);
    }
    let noted = audit::act(&web, &caller, what, Some(id.to_owned()), json!({}));
    let (core, record, id) = (Arc::clone(&web.core), web.record.clone(), id.to_owned());
    let work = async move {
        audit::noted(&record, &noted).await?;
        match failed::act(core.store(), key, act).await.map_err(unavailable)? {
            true => Ok(Done::new(StatusCode::OK, Decided { id })),
            false => Err(Failure::NotFound),
        }
    };
    once.answer(&web, work).await
}

fn unavailable(error: crate::store::StoreError) -> Failure {
    tracing::warn!(%error, "what failed could not be looked at or decided");
    Failure::Unavailable
}
