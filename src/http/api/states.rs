//! `GET /v1/states`: where live runs are.

use super::listing::{self, Listed, Listing};
use super::{Page, Query, looked};
use crate::domain::scope::Scope;
use crate::history::read::{self, StateCount, StateFilter, StatePlace};
use crate::history::{Database, HistoryError};
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

struct States {
    database: Database,
    filter: StateFilter,
}

impl Listing for States {
    type Item = StateCount;
    type Place = StatePlace;
    const FIELDS: &'static [&'static str] = &StateCount::FIELDS;
    const FILE: &'static str = "states";

    async fn after(&self, place: Option<&StatePlace>, limit: usize) -> Result<Vec<(StateCount, StatePlace)>, HistoryError> {
        let found = read::states(&self.database, &self.filter, place, limit).await?;
        let placed = |shown: StateCount| {
            let place = shown.place();
            (shown, place)
        };
        Ok(found.into_iter().map(placed).collect())
    }
}

/// List states in which contacts are
///
/// How many live runs are in each state of each flow. Which they are says `/v1/runs` with `status=open`, `flow` and `state`; those that wait for a person
/// are in `/v1/handoffs`.
#[utoipa::path(
    get, path = "/v1/states", tag = "History", operation_id = "list_states",
    params(
        ("flow" = Option<String>, Query, description = "Of this flow"),
        Listed,
    ),
    responses(
        (status = 200, description = "A page; or all as a file",
            content((Page<StateCount> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    ),
    security(("key" = ["history:read"]))
)]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::HistoryRead).await?;
    let query = Query::read(&request, &["flow", "limit", "cursor", "format"])?;
    let filter = StateFilter { mode: caller.mode, flow: query.text("flow").map(str::to_owned) };
    listing::answer(&web, &query, States { database: web.record.clone(), filter }).await
}
