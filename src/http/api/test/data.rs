//! `DELETE /v1/test/data`: everything that was tried goes.

use super::super::{Query, audit, looked};
use crate::domain::scope::Scope;
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::service::trials::Cleared;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How long one request deletes contacts.
const PATIENCE: Duration = Duration::from_secs(20);

/// Delete all test data
///
/// Every contact that belongs to test with everything that belongs to it, broadcasts, schedules and imports of keys for test, and counts of their runs.
/// Keys and the audit stay. Keys for test only.
#[utoipa::path(delete, path = "/v1/test/data", tag = "Test", operation_id = "delete_test_data", security(("key" = ["contacts:write"])),
    responses((status = 200, description = "All of it is gone", body = Cleared),
        (status = 202, description = "Some is left: ask again", body = Cleared),
        (status = 409, description = "The key is not for test")))]
pub async fn delete(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::ContactsWrite).await?;
    Query::read(&request, &[])?;
    caller.tries()?;
    audit::write(&web, &caller, "test_data.delete", None, json!({})).await?;
    let (core, record, by) = (Arc::clone(&web.core), web.record.clone(), caller.name.clone());
    // To its end, also if the caller hangs up.
    let cleared = web.engine.spawn(async move { core.clear_trials(&record, &by, PATIENCE).await }).await;
    let cleared = cleared.map_err(|_| Failure::Unavailable)?.map_err(|error| {
        tracing::error!(%error, "test data could not be deleted");
        Failure::Unavailable
    })?;
    Ok(match cleared.left {
        0 => HttpResponse::Ok().json(cleared),
        _ => HttpResponse::Accepted().json(cleared),
    })
}
