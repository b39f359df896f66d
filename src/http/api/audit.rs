//! `/v1/audit`: who changed what. A change that is not written down is not made; of what persons do in conversations the journal says who did it.

use super::{Page, Query, looked, recorded};
use crate::domain::api_key::KeyId;
use crate::domain::scope::Scope;
use crate::domain::value::rfc3339;
use crate::history::Database;
pub use crate::history::audit::Act;
use crate::history::audit::{self, AuditFilter, Audited};
use crate::http::caller::Caller;
use crate::http::error::Failure;
use crate::http::trace;
use crate::http::web::Web;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

/// A change by this caller now, as it is written down. `detail` holds no secret and no text of a conversation.
pub fn act(web: &Web, caller: &Caller, action: &str, target: Option<String>, detail: Json) -> Act {
    Act {
        at: web.core.store_now(),
        who: caller.name.clone(),
        key: caller.key,
        mode: caller.mode,
        action: action.to_owned(),
        target,
        detail,
        request: trace::request_id(),
    }
}

/// Writes a change down before it is made. 503 if that cannot be done: then it is not to be made.
pub async fn write(web: &Web, caller: &Caller, action: &str, target: Option<String>, detail: Json) -> Result<(), Failure> {
    let (record, act) = (web.record.clone(), act(web, caller, action, target, detail));
    recorded(web, async move { record.write(vec![audit::insert(&act, rand::random())]).await }).await.map(drop)
}

/// The same within the work of a request that takes effect once.
pub async fn noted(record: &Database, act: &Act) -> Result<(), Failure> {
    let written = record.write(vec![audit::insert(act, rand::random())]).await;
    written.map(drop).map_err(|error| {
        tracing::error!(%error, "what an operator does could not be written down");
        Failure::Unavailable
    })
}

/// A change.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its id.
    id: String,
    /// When.
    at: String,
    /// Who: the name of the key, or the command line.
    who: String,
    /// The key's id; null for the command line and configured keys.
    #[schema(required)]
    key: Option<String>,
    /// What was done.
    #[schema(example = "key.create")]
    action: String,
    /// To what.
    #[schema(required)]
    target: Option<String>,
    /// What else is worth knowing.
    #[schema(value_type = Value)]
    detail: Json,
    /// The request, as the log and its answer name it.
    #[schema(required)]
    request_id: Option<String>,
}

impl AuditEntry {
    fn of(entry: Audited) -> Self {
        let Audited { id, act } = entry;
        AuditEntry {
            id,
            at: rfc3339(act.at),
            who: act.who,
            key: act.key.map(|key| key.to_string()),
            action: act.action,
            target: act.target,
            detail: act.detail,
            request_id: act.request,
        }
    }
}

/// What was changed, the newest first
///
/// With keys of the mode of the one that asks; what was done at the command line with live ones.
#[utoipa::path(get, path = "/v1/audit", tag = "Audit", operation_id = "list_audit", security(("key" = ["operations:read"])),
    params(
        ("action" = Option<String>, Query, description = "Only this: `key.create` …"),
        ("target" = Option<String>, Query, description = "Only what was done to this"),
        ("key" = Option<String>, Query, description = "Only what was done with this key"),
        ("since" = Option<String>, Query, description = "From this moment on"),
        ("until" = Option<String>, Query, description = "Before this moment"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "A page of it", body = Page<AuditEntry>)))]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::OperationsRead).await?;
    let query = Query::read(&request, &["action", "target", "key", "since", "until", "limit", "cursor"])?;
    let limit = query.limit()?;
    let filter = AuditFilter {
        mode: caller.mode,
        action: query.text("action").map(str::to_owned),
        target: query.text("target").map(str::to_owned),
        key: query.parsed("key", "the id of a key: 16 hexadecimal digits", KeyId::parse)?,
        since: query.moment("since")?,
        until: query.moment("until")?,
        after: query.cursor()?,
    };
    let record = web.record.clone();
    let found = recorded(&web, async move { audit::list(&record, &filter, limit + 1).await }).await?;
    let page = Page::cut(found, limit, |entry| (entry.act.at.0, entry.id.clone()));
    Ok(HttpResponse::Ok().json(page.map(AuditEntry::of)))
}
