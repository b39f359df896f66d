//! `GET /v1/contacts/{id}/timeline`: everything that happened to a contact.

use super::listing::{self, Listed, Listing, unavailable};
use super::{Page, Query, looked};
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::scope::Scope;
use crate::history::read::{self, Between, Happened, TimelinePlace};
use crate::history::{Database, HistoryError};
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

struct Timeline {
    database: Database,
    mode: Mode,
    contact: ContactKey,
    between: Between,
}

impl Listing for Timeline {
    type Item = Happened;
    type Place = TimelinePlace;
    const FIELDS: &'static [&'static str] = &Happened::FIELDS;
    const FILE: &'static str = "timeline";

    async fn after(&self, place: Option<&TimelinePlace>, limit: usize) -> Result<Vec<(Happened, TimelinePlace)>, HistoryError> {
        let found = read::timeline(&self.database, self.mode, self.contact, self.between, place, limit).await?;
        Ok(found
            .into_iter()
            .map(|one| {
                let place = one.place();
                (one, place)
            })
            .collect())
    }
}

/// The timeline of a contact
///
/// Everything that happened, the newest first: messages, runs, changes, alerts.
#[utoipa::path(
    get, path = "/v1/contacts/{id}/timeline", tag = "History", operation_id = "get_timeline",
    params(
        ("id" = String, Path, description = "The contact"),
        ("since" = Option<String>, Query, description = "From this moment on, RFC 3339"),
        ("until" = Option<String>, Query, description = "Before this moment, RFC 3339"),
        Listed,
    ),
    responses(
        (status = 200, description = "A page; or all as a file",
            content((Page<Happened> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 404, description = "There is no such thing"),
    ),
    security(("key" = ["history:read"]))
)]
pub async fn get(web: Data<Web>, id: Path<String>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::HistoryRead).await?;
    let query = Query::read(&request, &["since", "until", "limit", "cursor", "format"])?;
    let wrong = || Failure::Invalid { field: "id", reason: "is not a contact's id, 22 characters".to_owned() };
    let contact = ContactKey::parse(&id).ok_or_else(wrong)?;
    let between = (query.moment("since")?, query.moment("until")?);
    let contact = read::whose(&web.record, contact).await.map_err(|error| unavailable(&error))?;
    if !read::is_known(&web.record, caller.mode, contact).await.map_err(|error| unavailable(&error))? {
        return Err(Failure::NotFound);
    }
    listing::answer(&web, &query, Timeline { database: web.record.clone(), mode: caller.mode, contact, between }).await
}
