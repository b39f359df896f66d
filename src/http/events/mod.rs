//! `POST /v1/events`: what happened elsewhere, for the flows that wait for it; one event, or up to 1,000 at once with an answer for each.
//! 202 means that it is stored.

pub mod consent;
mod once;
mod read;
pub mod schema;

use super::api::{asked, chosen};
use super::error::Failure;
use super::web::Web;
use crate::domain::limits::{EVENT_BATCH_BYTES, EVENT_BODY_BYTES};
use crate::domain::scope::Scope;
use crate::service::{Core, EventRefused, NewEvent};
use crate::store::{Fingerprint, RequestKey};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use once::Once;
use read::Rules;
use serde_json::{Value as Json, json};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// The longest that storing events may take.
const STORE: Duration = Duration::from_secs(10);

/// Tell of an event, or of up to 1,000 at once
///
/// 202 means that all are stored; 207 that some are not: each says what became of it, in the order in which they came.
#[utoipa::path(post, path = "/v1/events", tag = "Events", operation_id = "post_events", security(("key" = ["events:write"])),
    request_body(content = schema::Posted, description = "One event, a list of events, or an object with `events`"),
    responses((status = 202, description = "All are stored", body = schema::Told), (status = 207, description = "Some are not stored", body = schema::Results)))]
pub async fn post(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::EventsWrite, EVENT_BATCH_BYTES).await?;
    let route = match caller.key {
        // Releases that knew no other keys remembered names so.
        None => "/v1/events".to_owned(),
        Some(key) => format!("/v1/events {key}"),
    };
    let once = chosen(&request)?.map(|chosen| Once::new(RequestKey::of(&route, &chosen), Fingerprint::of(&body)));
    let world = web.core.world();
    let (project, callbacks) = (&world.project, world.callbacks.as_ref());
    let rules = Rules { project, callbacks, only_declared: web.only_declared, mode: caller.mode };
    let mut posted = read::posted(&body, &rules)?;
    // Whether the same request may come again without storing anything twice.
    let repeats = once.is_some() || posted.events.iter().flatten().all(|event| event.id.is_some());
    for (place, event) in posted.events.iter_mut().enumerate() {
        let Ok(event) = event else { continue };
        let named = once.as_ref().map(|once| once.name(place));
        event.id.get_or_insert_with(|| named.unwrap_or_else(|| web.core.fresh_id()));
    }
    drop(body);
    let core = Arc::clone(&web.core);
    // A client that hangs up cancels its request, but not what the request has begun.
    let answered = web.engine.spawn(async move {
        match once {
            None => {
                let many = posted.many;
                answer(many, repeats, store(&core, posted).await)
            }
            Some(once) => once::answer(&core, &once, posted).await,
        }
    });
    match tokio::time::timeout(STORE, answered).await {
        Ok(Ok(answered)) => answered.map(Answered::response),
        Ok(Err(_)) | Err(_) => {
            tracing::error!("storing events panicked or took too long");
            Err(Failure::Unavailable)
        }
    }
}

/// What one request holds.
pub struct Posted {
    /// Its events in their order; why one cannot be read.
    pub events: Vec<Result<NewEvent, Failure>>,
    /// Whether it is a list, and is answered with one.
    pub many: bool,
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// Stored.
    Stored {
        /// Its id, the caller's or ours.
        id: String,
    },
    /// Not stored.
    Refused {
        /// As the only event of a request it would be answered so.
        status: u16,
        /// Which field is wrong.
        field: Option<String>,
        /// What is wrong with it.
        detail: Option<String>,
    },
}

/// Characters of a reason or a place that are said of one of many.
const REASON: usize = 200;

impl Taken {
    fn refused(failure: &Failure) -> Self {
        let cut = |text: &str| text.chars().take(REASON).collect();
        Taken::Refused {
            status: failure.status().as_u16(),
            field: failure.field().map(cut),
            detail: failure.detail().as_deref().map(cut),
        }
    }

    /// Whether it may be stored when it comes again.
    fn is_for_now(&self) -> bool {
        matches!(self, Taken::Refused { status: 500.., .. })
    }

    fn json(&self) -> Json {
        match self {
            Taken::Stored { id } => json!({ "status": 202, "id": id }),
            Taken::Refused { status, field, detail } => {
                let mut all = json!({ "status": status });
                let said = [("field", field), ("detail", detail)];
                said.into_iter()
                    .filter_map(|(key, text)| Some((key, text.as_ref()?)))
                    .for_each(|(key, text)| all[key] = text.as_str().into());
                all
            }
        }
    }
}

/// Stores what can be stored.
async fn store(core: &Arc<Core>, posted: Posted) -> Vec<Result<String, Failure>> {
    let mut results: Vec<Option<Result<String, Failure>>> = Vec::with_capacity(posted.events.len());
    let (mut good, mut ids) = (Vec::new(), Vec::new());
    for event in posted.events {
        match event {
            Ok(event) => {
                ids.push((results.len(), event.id.clone().unwrap_or_default()));
                good.push(event);
                results.push(None);
            }
            Err(failure) => results.push(Some(Err(failure))),
        }
    }
    for ((place, id), stored) in ids.into_iter().zip(core.receive_events(good).await) {
        results[place] = Some(match stored {
            Ok(_) => Ok(id),
            Err(refused) => Err(failure(refused)),
        });
    }
    results.into_iter().map(|result| result.unwrap_or(Err(Failure::Unavailable))).collect()
}

/// What the caller hears of an event that was not taken.
pub(super) fn failure(refused: EventRefused) -> Failure {
    match refused {
        EventRefused::Contact(reason) => Failure::Invalid { field: "contact", reason },
        EventRefused::TooLarge => Failure::TooLarge { limit: EVENT_BODY_BYTES },
        EventRefused::Store(error) => {
            tracing::error!(%error, "an event could not be stored");
            Failure::Unavailable
        }
    }
}

/// What a request is answered.
pub enum Answered {
    /// To one event: its id.
    One(String),
    /// To a list.
    List(Vec<Taken>),
}

impl Answered {
    /// 202 if all are stored, else 207: each says what became of it, in the order in which they came.
    fn response(self) -> HttpResponse {
        match self {
            Answered::One(id) => HttpResponse::Accepted().json(json!({ "id": id })),
            Answered::List(taken) => {
                let all = taken.iter().all(|one| matches!(one, Taken::Stored { .. }));
                let mut builder = if all { HttpResponse::Accepted() } else { HttpResponse::MultiStatus() };
                builder.json(json!({ "results": taken.iter().map(Taken::json).collect::<Vec<_>>() }))
            }
        }
    }
}

/// The answer to a request. A list of which something could not be stored now is to come again as it is, if that stores nothing twice:
/// who sees a 2xx looks no further.
fn answer(many: bool, repeats: bool, results: Vec<Result<String, Failure>>) -> Result<Answered, Failure> {
    match (many, &results[..]) {
        (false, [Ok(id)]) => Ok(Answered::One(id.clone())),
        (false, [Err(failure), ..]) => Err(failure.clone()),
        _ => {
            let all: Vec<Taken> = results.iter().map(taken).collect();
            let nothing = !all.iter().any(|one| matches!(one, Taken::Stored { .. }));
            match all.iter().any(Taken::is_for_now) && (repeats || nothing) {
                true => Err(Failure::Unavailable),
                false => Ok(Answered::List(all)),
            }
        }
    }
}

fn taken(result: &Result<String, Failure>) -> Taken {
    match result {
        Ok(id) => Taken::Stored { id: id.clone() },
        Err(failure) => Taken::refused(failure),
    }
}

/// The reason of a failure in one field.
fn invalid(field: &'static str, reason: impl Into<Cow<'static, str>>) -> Failure {
    Failure::Invalid { field, reason: reason.into().into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_was_not_all_stored_comes_again_as_a_whole_where_that_stores_nothing_twice() {
        let (stored, later) = (|| Ok("x".to_owned()), || Err(Failure::Unavailable));
        let wrong = || Err(Failure::Malformed("it is JSON but no object"));
        let of = |repeats, results: Vec<Result<String, Failure>>| {
            answer(true, repeats, results).map(|a| a.response().status().as_u16())
        };
        for (repeats, results, expected) in [
            (true, vec![later(), later()], Err(Failure::Unavailable)),
            (true, vec![stored(), later(), wrong()], Err(Failure::Unavailable)),
            (false, vec![later(), wrong()], Err(Failure::Unavailable)),
            // Only the sender can tell which of them are new: it hears of each.
            (false, vec![stored(), later()], Ok(207)),
            (true, vec![stored(), wrong()], Ok(207)),
            (true, vec![wrong(), wrong()], Ok(207)),
            (false, vec![stored(), stored()], Ok(202)),
        ] {
            assert_eq!(of(repeats, results.clone()), expected, "{repeats} {results:?}");
        }
    }
}
