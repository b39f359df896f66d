//! `GET /v1/alerts`: what operators were told.

use super::listing::{self, Listed, Listing};
use super::messages::contact;
use super::{Page, Query, looked};
use crate::domain::journal::AlertLevel;
use crate::domain::name::Slug;
use crate::domain::scope::Scope;
use crate::history::read::{self, AlertFilter, AlertPlace, AlertShown};
use crate::history::{Database, HistoryError};
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

struct Alerts {
    database: Database,
    filter: AlertFilter,
}

impl Listing for Alerts {
    type Item = AlertShown;
    type Place = AlertPlace;
    const FIELDS: &'static [&'static str] = &AlertShown::FIELDS;
    const FILE: &'static str = "alerts";

    async fn after(&self, place: Option<&AlertPlace>, limit: usize) -> Result<Vec<(AlertShown, AlertPlace)>, HistoryError> {
        let found = read::alerts(&self.database, &self.filter, place, limit).await?;
        let placed = |shown: AlertShown| {
            let place = shown.place();
            (shown, place)
        };
        Ok(found.into_iter().map(placed).collect())
    }
}

/// List alerts
///
/// What flows and the service said to operators, each by itself, the newest first; also where no team can be told. Persons who wait for a team are in
/// `/v1/handoffs`, inputs that were set aside in `/v1/failed`.
#[utoipa::path(
    get, path = "/v1/alerts", tag = "History", operation_id = "list_alerts",
    params(
        ("level" = Option<String>, Query, description = "`info`, `warning` or `urgent`"),
        ("team" = Option<String>, Query, description = "That name this team"),
        ("contact" = Option<String>, Query, description = "About this contact"),
        ("flow" = Option<String>, Query, description = "Of runs of this flow"),
        ("since" = Option<String>, Query, description = "From this moment on, RFC 3339"),
        ("until" = Option<String>, Query, description = "Before this moment, RFC 3339"),
        Listed,
    ),
    responses(
        (status = 200, description = "A page; or all as a file",
            content((Page<AlertShown> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    ),
    security(("key" = ["history:read"]))
)]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::HistoryRead).await?;
    let query = Query::read(&request, &["level", "team", "contact", "flow", "since", "until", "limit", "cursor", "format"])?;
    let filter = AlertFilter {
        mode: caller.mode,
        level: query.parsed("level", "one of info, warning, urgent", AlertLevel::parse)?,
        team: query.parsed("team", "the name of a team", |text| Slug::parse(text).ok())?,
        contact: contact(&web, &query).await?,
        flow: query.text("flow").map(str::to_owned),
        since: query.moment("since")?,
        until: query.moment("until")?,
    };
    listing::answer(&web, &query, Alerts { database: web.record.clone(), filter }).await
}
