//! `GET /v1/messages`, `GET /v1/search`: messages in both directions.

use super::listing::{self, Listed, Listing};
use super::{Page, Query, looked, one_of};
use crate::domain::broadcast::BroadcastId;
use crate::domain::id::ContactKey;
use crate::domain::scope::Scope;
use crate::history::read::{self, Message, MessageFilter, MessagePlace, SearchScope, Terms};
use crate::history::{Database, HistoryError};
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

struct Messages {
    database: Database,
    filter: MessageFilter,
}

impl Listing for Messages {
    type Item = Message;
    type Place = MessagePlace;
    const FIELDS: &'static [&'static str] = &Message::FIELDS;
    const FILE: &'static str = "messages";

    async fn after(&self, place: Option<&MessagePlace>, limit: usize) -> Result<Vec<(Message, MessagePlace)>, HistoryError> {
        let found = read::messages(&self.database, &self.filter, place, limit).await?;
        Ok(found
            .into_iter()
            .map(|message| {
                let place = message.place();
                (message, place)
            })
            .collect())
    }
}

/// List messages
///
/// In both directions, the newest first.
#[utoipa::path(
    get, path = "/v1/messages", tag = "History", operation_id = "list_messages",
    params(
        ("contact" = Option<String>, Query, description = "Of this contact"),
        ("channel" = Option<String>, Query, description = "Over this channel"),
        ("direction" = Option<String>, Query, description = "`in` or `out`"),
        ("status" = Option<String>, Query, description = "`received`, `queued`, `sent`, `delivered`, `read`, `failed`, `unsure`, `withdrawn`"),
        ("flow" = Option<String>, Query, description = "Of runs of this flow"),
        ("broadcast" = Option<String>, Query, description = "Of runs that this broadcast began"),
        ("since" = Option<String>, Query, description = "From this moment on, RFC 3339"),
        ("until" = Option<String>, Query, description = "Before this moment, RFC 3339"),
        ("provider_id" = Option<String>, Query, description = "With this id at its provider"),
        Listed,
    ),
    responses(
        (status = 200, description = "A page; or all as a file",
            content((Page<Message> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    ),
    security(("key" = ["history:read"]))
)]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::HistoryRead).await?;
    let known = [
        "contact",
        "channel",
        "direction",
        "status",
        "flow",
        "broadcast",
        "since",
        "until",
        "provider_id",
        "limit",
        "cursor",
        "format",
    ];
    let query = Query::read(&request, &known)?;
    let filter = MessageFilter {
        mode: caller.mode,
        contact: contact(&web, &query).await?,
        channel: query.text("channel").map(str::to_owned),
        direction: one_of(&query, "direction", &["in", "out"])?,
        status: one_of(&query, "status", &read::STATUSES)?,
        flow: query.text("flow").map(str::to_owned),
        broadcast: broadcast(&query)?,
        since: query.moment("since")?,
        until: query.moment("until")?,
        provider_id: query.text("provider_id").map(str::to_owned),
    };
    listing::answer(&web, &query, Messages { database: web.record.clone(), filter }).await
}

/// `broadcast` of a query.
pub(super) fn broadcast(query: &Query) -> Result<Option<String>, Failure> {
    let id = query.parsed("broadcast", "a broadcast's id, `b_` and 16 hexadecimal digits", BroadcastId::parse)?;
    Ok(id.map(|id| id.to_string()))
}

/// `contact` of a query: the one that it became part of, if it did.
pub(super) async fn contact(web: &Web, query: &Query) -> Result<Option<ContactKey>, Failure> {
    match query.parsed("contact", "a contact's id, 22 characters", ContactKey::parse)? {
        Some(contact) => Ok(Some(read::whose(&web.record, contact).await.map_err(|error| listing::unavailable(&error))?)),
        None => Ok(None),
    }
}

struct Found {
    database: Database,
    terms: Terms,
    scope: SearchScope,
}

impl Listing for Found {
    type Item = Message;
    type Place = MessagePlace;
    const FIELDS: &'static [&'static str] = &Message::FIELDS;
    const FILE: &'static str = "found";

    async fn after(&self, place: Option<&MessagePlace>, limit: usize) -> Result<Vec<(Message, MessagePlace)>, HistoryError> {
        read::search(&self.database, &self.terms, &self.scope, place, limit).await
    }
}

/// Search messages
///
/// Those in whose text all of the words stand, the newest first. Case does not count, accents do.
#[utoipa::path(
    get, path = "/v1/search", tag = "History", operation_id = "search_messages",
    params(
        ("q" = String, Query, description = "Words, all of which must stand in the text; `\"in quotes\"` in this order"),
        ("contact" = Option<String>, Query, description = "Of this contact"),
        ("direction" = Option<String>, Query, description = "`in` or `out`"),
        ("since" = Option<String>, Query, description = "From this moment on, RFC 3339"),
        ("until" = Option<String>, Query, description = "Before this moment, RFC 3339"),
        Listed,
    ),
    responses(
        (status = 200, description = "A page; or all as a file",
            content((Page<Message> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    ),
    security(("key" = ["history:read"]))
)]
pub async fn search(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::HistoryRead).await?;
    let query = Query::read(&request, &["q", "contact", "direction", "since", "until", "limit", "cursor", "format"])?;
    let wrong = |reason: &str| Failure::Invalid { field: "q", reason: reason.to_owned() };
    let terms = Terms::parse(query.text("q").ok_or_else(|| wrong("is missing: the words to search for"))?).map_err(wrong)?;
    let scope = SearchScope {
        mode: caller.mode,
        contact: contact(&web, &query).await?,
        direction: one_of(&query, "direction", &["in", "out"])?,
        since: query.moment("since")?,
        until: query.moment("until")?,
    };
    listing::answer(&web, &query, Found { database: web.record.clone(), terms, scope }).await
}
