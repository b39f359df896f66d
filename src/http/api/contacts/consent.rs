//! What a contact agreed to, and how that came: who told it, when it was said, how, and with what proof.

use super::find;
use super::view::{Contact, Kinds};
use crate::domain::scope::Scope;
use crate::domain::value::rfc3339;
use crate::history::{HistoryError, Row};
use crate::http::api::{Page, Query, looked, recorded};
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What a contact agreed to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentNow {
    /// Kinds of channel over which it wants no message at all.
    #[schema(value_type = Vec<String>)]
    stopped: Vec<&'static str>,
    /// Whether it agreed to marketing, for each kind of channel.
    #[schema(value_type = Object)]
    marketing: Kinds,
    /// What it said of single topics.
    #[schema(value_type = Object)]
    topics: BTreeMap<String, Kinds>,
    /// What was said, the newest first.
    items: Vec<Told>,
    /// For `cursor`: where the next page of `items` goes on; null if this is the last one.
    #[schema(required)]
    next: Option<String>,
}

/// One thing that was said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentTold)]
pub struct Told {
    /// When they said so; else when it was told.
    at: String,
    /// `in`: they agreed. `out`: to no marketing. `stopped`: to no message at all.
    state: String,
    /// On which kind of channel.
    kind: String,
    /// The topic; without one it is about all marketing, or, where it is `stopped`, about every message.
    #[schema(required)]
    topic: Option<String>,
    /// How they said so.
    #[schema(required)]
    how: Option<String>,
    /// What proves it.
    #[schema(required)]
    proof: Option<String>,
    /// Who told it: an event, a caller of the API, a flow.
    #[schema(required)]
    by: Option<String>,
}

/// Where a page goes on: the moment, the entry, the event in it, the kind of channel.
type Place = (i64, String, i64, String);

/// What a contact agreed to, and how that came
#[utoipa::path(get, path = "/v1/contacts/{id}/consent", tag = "Contacts", operation_id = "get_consent", security(("key" = ["contacts:read"])),
    params(("id" = String, Path, description = "The contact's key, or an address as for reading"),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 200"), ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "What it agreed to", body = ConsentNow), (status = 404, description = "No such contact")))]
pub async fn history(
    web: Data<Web>,
    id: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::ContactsRead).await?;
    let asked = Query::read(&request, &["limit", "cursor"])?;
    let (limit, place) = (asked.limit()?, asked.cursor::<Place>()?);
    let found = find(&web, &id, caller.mode).await?;
    let (at, token, idx, kind) = place.unwrap_or((i64::MAX, String::new(), 0, String::new()));
    const SQL: &str = "SELECT at, token, idx, kind, state, topic, how, proof, by FROM consent_event \
                       WHERE contact = $1 AND (at < $2 OR (at = $2 AND (token, idx, kind) > ($3, $4, $5))) ORDER BY at DESC, token, idx, kind LIMIT $6";
    let params = [found.key.into(), at.into(), token.into(), idx.into(), kind.into(), (limit + 1).into()];
    let db = web.record.clone();
    let read = async move {
        let rows = db.read(SQL, &params).await?;
        rows.iter().map(told).collect::<Result<Vec<(Place, Told)>, HistoryError>>()
    };
    let page = Page::cut(recorded(&web, read).await?, limit, |(place, _)| place.clone());
    let Contact { stopped, marketing, topics, .. } = Contact::of(&found);
    let items = page.items.into_iter().map(|(_, told)| told).collect();
    Ok(HttpResponse::Ok().json(ConsentNow { stopped, marketing, topics, items, next: page.next }))
}

fn told(row: &Row) -> Result<(Place, Told), HistoryError> {
    let text = |i: usize| row.opt_text(i).map(|text| text.map(str::to_owned));
    let place = (row.int(0)?, row.text(1)?.to_owned(), row.int(2)?, row.text(3)?.to_owned());
    let told = Told {
        at: rfc3339(row.at(0)?),
        kind: place.3.clone(),
        state: row.text(4)?.to_owned(),
        topic: text(5)?,
        how: text(6)?,
        proof: text(7)?,
        by: text(8)?,
    };
    Ok((place, told))
}
