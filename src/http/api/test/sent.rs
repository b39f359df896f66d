//! `GET /v1/test/sent`: what would have left for test contacts.

use super::super::listing::{self, Listing};
use super::super::messages::contact;
use super::super::{Page, Query, looked};
use crate::domain::scope::Scope;
use crate::domain::tried::TriedKind;
use crate::history::read::{self, TriedFilter, TriedPlace, TriedShown};
use crate::history::{Database, HistoryError};
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

struct Sent {
    database: Database,
    filter: TriedFilter,
}

impl Listing for Sent {
    type Item = TriedShown;
    type Place = TriedPlace;
    const FIELDS: &'static [&'static str] = &TriedShown::FIELDS;
    const FILE: &'static str = "tried";

    async fn after(&self, place: Option<&TriedPlace>, limit: usize) -> Result<Vec<(TriedShown, TriedPlace)>, HistoryError> {
        let found = read::tried(&self.database, &self.filter, place, limit).await?;
        let placed = |shown: TriedShown| {
            let place = shown.place();
            (shown, place)
        };
        Ok(found.into_iter().map(placed).collect())
    }
}

/// What would have left for test contacts
///
/// Messages as their providers would have got them, calls, reports, alerts and tasks at desks, the newest first. Secrets are masked.
/// Keys for test only.
#[utoipa::path(
    get, path = "/v1/test/sent", tag = "Test", operation_id = "list_tried",
    params(
        ("contact" = Option<String>, Query, description = "Of this test contact"),
        ("kind" = Option<String>, Query, description = "`message`, `call`, `report`, `alert` or `desk`"),
        ("since" = Option<String>, Query, description = "From this moment on, RFC 3339"),
        ("until" = Option<String>, Query, description = "Before this moment, RFC 3339"),
        ("limit" = Option<usize>, Query, description = "Items of a page, 1 to 200; 50 if it is not given"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("format" = Option<String>, Query, description = "`json`; `csv` or `jsonl` for the whole list as a file"),
    ),
    responses(
        (status = 200, description = "A page; or all as a file",
            content((Page<TriedShown> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 409, description = "The key is not for test"),
    ),
    security(("key" = ["history:read"]))
)]
pub async fn sent(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::HistoryRead).await?;
    let query = Query::read(&request, &["contact", "kind", "since", "until", "limit", "cursor", "format"])?;
    caller.tries()?;
    let filter = TriedFilter {
        contact: contact(&web, &query).await?,
        kind: query.parsed("kind", "one of message, call, report, alert, desk", TriedKind::parse)?,
        since: query.moment("since")?,
        until: query.moment("until")?,
    };
    listing::answer(&web, &query, Sent { database: web.record.clone(), filter }).await
}
