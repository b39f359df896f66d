//! `GET /v1/runs`, `GET /v1/runs/{id}`: passages through flows, and each of them turn by turn.

use super::listing::{self, Listed, Listing, unavailable};
use super::messages::{broadcast, contact};
use super::{Page, Query, looked, one_of};
use crate::domain::id::RunId;
use crate::domain::scope::Scope;
use crate::history::read::{self, RunFilter, RunPlace, RunShown, RunTurns};
use crate::history::{Database, HistoryError};
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

struct Runs {
    database: Database,
    filter: RunFilter,
}

impl Listing for Runs {
    type Item = RunShown;
    type Place = RunPlace;
    const FIELDS: &'static [&'static str] = &RunShown::FIELDS;
    const FILE: &'static str = "runs";

    async fn after(&self, place: Option<&RunPlace>, limit: usize) -> Result<Vec<(RunShown, RunPlace)>, HistoryError> {
        let found = read::runs(&self.database, &self.filter, place, limit).await?;
        Ok(found
            .into_iter()
            .map(|run| {
                let place = run.place();
                (run, place)
            })
            .collect())
    }
}

/// List runs
///
/// Passages of contacts through flows, the newest first.
#[utoipa::path(
    get, path = "/v1/runs", tag = "History", operation_id = "list_runs",
    params(
        ("contact" = Option<String>, Query, description = "Of this contact"),
        ("flow" = Option<String>, Query, description = "Of this flow"),
        ("version" = Option<String>, Query, description = "Of this version of a flow"),
        ("state" = Option<String>, Query, description = "That are in this state now"),
        ("status" = Option<String>, Query, description = "`open` for those under way, `ended`"),
        ("end" = Option<String>, Query, description = "That ended with this result"),
        ("key" = Option<String>, Query, description = "That began with this key"),
        ("broadcast" = Option<String>, Query, description = "That this broadcast began"),
        ("since" = Option<String>, Query, description = "That began from this moment on, RFC 3339"),
        ("until" = Option<String>, Query, description = "That began before this moment, RFC 3339"),
        Listed,
    ),
    responses(
        (status = 200, description = "A page; or all as a file",
            content((Page<RunShown> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    ),
    security(("key" = ["history:read"]))
)]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::HistoryRead).await?;
    let known = [
        "contact",
        "flow",
        "version",
        "state",
        "status",
        "end",
        "key",
        "broadcast",
        "since",
        "until",
        "limit",
        "cursor",
        "format",
    ];
    let query = Query::read(&request, &known)?;
    let text = |name| query.text(name).map(str::to_owned);
    let filter = RunFilter {
        mode: caller.mode,
        contact: contact(&web, &query).await?,
        flow: text("flow"),
        version: text("version"),
        state: text("state"),
        open: one_of(&query, "status", &["open", "ended"])?.map(|status| status == "open"),
        end: text("end"),
        key: text("key"),
        broadcast: broadcast(&query)?,
        since: query.moment("since")?,
        until: query.moment("until")?,
    };
    listing::answer(&web, &query, Runs { database: web.record.clone(), filter }).await
}

/// One run, turn by turn
///
/// Of each turn: what came, the rule that matched and why, what was decided, sent and called, and how long it took.
#[utoipa::path(
    get, path = "/v1/runs/{id}", tag = "History", operation_id = "get_run",
    params(("id" = String, Path, description = "The run")),
    responses(
        (status = 200, description = "The run", body = RunTurns),
        (status = 404, description = "There is no such thing"),
    ),
    security(("key" = ["history:read"]))
)]
pub async fn get(web: Data<Web>, id: Path<String>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::HistoryRead).await?;
    Query::read(&request, &[])?;
    let wrong = || Failure::Invalid { field: "id", reason: "is not a run's id, 16 hexadecimal digits".to_owned() };
    let id = RunId::parse(&id).ok_or_else(wrong)?;
    let run = read::run(&web.record, caller.mode, id).await.map_err(|error| unavailable(&error))?.ok_or(Failure::NotFound)?;
    let turns = read::turns(&web.record, run).await.map_err(|error| unavailable(&error))?;
    Ok(HttpResponse::Ok().json(turns))
}
