//! `GET /v1/stuck`: what should have been begun long ago.

use super::{Query, looked};
use crate::domain::scope::Scope;
use crate::domain::time::Span;
use crate::domain::value::rfc3339;
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::service::stuck::{Head, Stuck, Why};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What waits for longer than this is stuck, if nobody says otherwise.
const OLDER: Span = Span::minutes(10);

/// What is stuck.
#[derive(Debug, Serialize, ToSchema)]
pub struct StuckList {
    /// The longest overdue first.
    items: Vec<StuckThing>,
}

/// A contact, or the head of one of its lanes, that could have been begun long ago.
#[derive(Debug, Serialize, ToSchema)]
pub struct StuckThing {
    /// The contact's key.
    contact: String,
    /// Since when it could have been begun.
    since: String,
    /// What waits; null: a turn of the contact.
    #[schema(required)]
    head: Option<StuckHead>,
    /// Why, as far as the instance that answers can tell.
    why: StuckWhy,
}

/// The head of a lane.
#[derive(Debug, Serialize, ToSchema)]
pub struct StuckHead {
    /// Where it waits: `main-sms:talk`, `call` …
    set: String,
    /// What it is: message, call, post, fetch, hook, desk, alert, move, or unreadable.
    kind: &'static str,
    /// The same in one line, without a person or a text.
    about: String,
    /// Attempts that were begun.
    attempts: u8,
    /// What waits in the lane, itself included.
    waiting: usize,
}

/// Why something is stuck.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StuckWhy {
    /// Nobody has taken it: no instance looks, or none has room.
    NotTaken,
    /// This instance has no such channel.
    NoChannel,
    /// Somebody paused the channel.
    Paused,
    /// The provider flagged the channel's number: broadcasts wait.
    Flagged,
    /// The channel's provider is left alone, because it failed again and again.
    ProviderDown,
    /// The channel has sent its day.
    DayUsedUp,
    /// Broadcasts get what conversations leave of the channel's rate.
    GivesWay,
    /// The channel's rate is used up, or its provider said that we are too fast.
    Rate,
    /// A turn of the contact was begun again and again, and never ended.
    Dies,
    /// A newer release wrote the contact's record.
    NewerRelease,
}

impl From<Why> for StuckWhy {
    fn from(why: Why) -> Self {
        match why {
            Why::NotTaken => StuckWhy::NotTaken,
            Why::NoChannel => StuckWhy::NoChannel,
            Why::Paused => StuckWhy::Paused,
            Why::Flagged => StuckWhy::Flagged,
            Why::Broken => StuckWhy::ProviderDown,
            Why::DayUsedUp => StuckWhy::DayUsedUp,
            Why::GivesWay => StuckWhy::GivesWay,
            Why::Rate => StuckWhy::Rate,
            Why::Dies => StuckWhy::Dies,
            Why::Newer => StuckWhy::NewerRelease,
        }
    }
}

impl From<Stuck> for StuckThing {
    fn from(stuck: Stuck) -> Self {
        let head = |Head { set, kind, about, attempts, behind }: Head| StuckHead {
            set: set.to_string(),
            kind,
            about,
            attempts,
            waiting: behind,
        };
        StuckThing {
            contact: stuck.contact.to_string(),
            since: rfc3339(stuck.since),
            head: stuck.head.map(head),
            why: stuck.why.into(),
        }
    }
}

/// What could have been begun long ago and was not, the longest overdue first
///
/// Contacts whose turn nobody makes and lanes whose head nobody begins. What is tried and put off again and again is not among it, but when nobody looks any
/// more: a message that waits for its provider stands in its own history, and `GET /v1/status` says how much waits where. The
/// thousand oldest are looked at, of tests and live; those of the key's mode are shown.
#[utoipa::path(get, path = "/v1/stuck", tag = "Operations", operation_id = "list_stuck", security(("key" = ["operations:read"])),
    params(
        ("older" = Option<String>, Query, description = "Overdue for longer than this: `90s`, `10m` (if nothing is said), `1h`"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200, description = "At most so many; what comes first is the oldest"),
    ),
    responses((status = 200, description = "The oldest of it", body = StuckList)))]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::OperationsRead).await?;
    let query = Query::read(&request, &["older", "limit"])?;
    let positive = |text: &str| Span::parse(text).filter(|older| older.0 > 0);
    let older = query.parsed("older", "a duration, such as 90s or 10m", positive)?.unwrap_or(OLDER);
    let limit = query.limit()?;
    let core = Arc::clone(&web.core);
    let looked = web.engine.spawn(async move { core.stuck(caller.mode, older, limit).await }).await;
    let found = looked.map_err(|_| Failure::Unavailable)?.map_err(|error| {
        tracing::warn!(%error, "what is stuck could not be looked at");
        Failure::Unavailable
    })?;
    Ok(HttpResponse::Ok().json(StuckList { items: found.into_iter().map(StuckThing::from).collect() }))
}
