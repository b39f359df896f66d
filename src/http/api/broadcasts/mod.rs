//! `/v1/broadcasts`: a flow begun or a notification sent for many at once; and what would become of it before it is made. A request writes a broadcast
//! down; whichever instance comes first does it.

pub mod dry_run;
mod read;
mod view;

pub use dry_run::dry_run;
pub use read::{Brief, brief, fastest, name};
pub use view::{Cancelled, New, NewArm, NewAudience, Sends, Shown, Skipped, Whole};

use super::{Done, Fields, Once, Page, Query, asked, audit, looked, recorded};
use crate::domain::broadcast::{BroadcastId, Reentry, Refusal};
use crate::domain::broadcast_plan::Plan;
use crate::domain::broadcast_state::{BroadcastMove, BroadcastState};
use crate::domain::id::{ContactKey, DedupeHash};
use crate::domain::limits::{BROADCAST_BODY_BYTES, BROADCAST_LATEST, BROADCASTS_LIVE, REQUEST_KEPT};
use crate::domain::schedule::{Morning, time_of_day};
use crate::domain::scope::Scope;
use crate::domain::time::Millis;
use crate::history::audit::Act;
use crate::history::broadcasts::{self, Broadcast, BroadcastFilter, members, moves, progress};
use crate::history::{Database, HistoryError};
use crate::http::caller::Caller;
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

/// Broadcasts, the newest first
#[utoipa::path(get, path = "/v1/broadcasts", tag = "Broadcasts", operation_id = "list_broadcasts", security(("key" = ["broadcasts:read"])),
    params(("state" = Option<String>, Query, description = "Only those in this state"),
        ("schedule" = Option<String>, Query, description = "Only those that this schedule made"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of them", body = Page<Shown>)))]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::BroadcastsRead).await?;
    let query = Query::read(&request, &["state", "schedule", "limit", "cursor"])?;
    let limit = query.limit()?;
    let filter = BroadcastFilter {
        mode: caller.mode,
        state: query.parsed("state", "a state of a broadcast", BroadcastState::parse)?,
        schedule: query.text("schedule").map(str::to_owned),
        after: query.cursor()?,
    };
    let db = web.record.clone();
    let found = recorded(&web, async move { broadcasts::list(&db, &filter, limit + 1).await }).await?;
    let page = Page::cut(found, limit, |last| (last.created_at.0, last.id.to_string()));
    Ok(HttpResponse::Ok().json(page.map(|broadcast| Shown::of(&broadcast))))
}

/// Send something to many
///
/// It begins a flow, or sends a notification, for a list, an import or a query: now, at a time, or in each contact's own morning. What is asked for is
/// written down; it begins within seconds of its time.
#[utoipa::path(post, path = "/v1/broadcasts", tag = "Broadcasts", operation_id = "create_broadcast",
    security(("key" = ["broadcasts:write"])), request_body = view::New,
    responses((status = 201, description = "It is made", body = Shown), (status = 409, description = "Too many are not over, or this Idempotency-Key made one more than a day ago")))]
pub async fn create(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::BroadcastsWrite, BROADCAST_BODY_BYTES).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let (broadcast, listed) = wanted(&web, &caller, &body, once.name()).await?;
    let act = audit::act(&web, &caller, "broadcast.create", Some(broadcast.id.to_string()), described(&broadcast));
    let db = web.record.clone();
    let work = async move { made(&db, broadcast, listed.as_deref(), &act).await };
    once.answer(&web, work).await
}

/// What a request asks for.
async fn wanted(web: &Web, caller: &Caller, body: &[u8], name: &str) -> Result<(Broadcast, Option<Vec<ContactKey>>), Failure> {
    let mut fields = Fields::read(&web.core.keeping(body))?;
    let mut brief = brief(&mut fields, web, caller, Reentry::Never).await?;
    let now = web.core.store_now();
    let starts_at = match fields.text("at", 64)? {
        None => now,
        Some(text) => moment(&text, now)?,
    };
    brief.plan.morning = morning(&mut fields)?;
    fields.finish()?;
    let id = BroadcastId::of(DedupeHash::of(&["broadcast made", name]).0);
    let broadcast = Broadcast::new(id, caller.mode, brief.name, (brief.plan, brief.audience), starts_at);
    let broadcast = Broadcast { created_at: now, changed_at: now, created_by: caller.name.clone(), ..broadcast };
    Ok((broadcast, brief.listed))
}

fn moment(text: &str, now: Millis) -> Result<Millis, Failure> {
    let read = text.parse::<jiff::Timestamp>().ok().map(|at| Millis(at.as_millisecond()));
    let at = read.ok_or_else(|| invalid("at", "is not a moment such as 2026-03-02T10:00:00Z"))?;
    if at > now + BROADCAST_LATEST {
        return Err(invalid("at", format!("is more than {BROADCAST_LATEST} from now")));
    }
    // What is past begins now.
    Ok(at.max(now))
}

fn morning(fields: &mut Fields) -> Result<Option<Morning>, Failure> {
    let Some(text) = fields.text("morning", 16)? else { return Ok(None) };
    let time = time_of_day(&text).ok_or_else(|| invalid("morning", "is not a time of day such as 09:00"))?;
    Ok(Some(Morning { time, date: None }))
}

/// The same request again. For a while its answer is the same; whoever sends it later means another broadcast, and must hear that there is none.
fn made_before(known: &Broadcast, now: Millis) -> Result<Done, Failure> {
    if now - known.created_at > REQUEST_KEPT {
        let reason = format!("the broadcast {} was made with this Idempotency-Key; a new one needs a new key", known.id);
        return Err(Failure::Conflict { reason });
    }
    Ok(Done::new(StatusCode::CREATED, Shown::of(known)))
}

async fn made(db: &Database, broadcast: Broadcast, listed: Option<&[ContactKey]>, act: &Act) -> Result<Done, Failure> {
    if let Some(known) = broadcasts::find(db, broadcast.id).await.map_err(unwritten)? {
        return made_before(&known, broadcast.created_at);
    }
    if broadcasts::live(db).await.map_err(unwritten)? >= BROADCASTS_LIVE {
        return Err(Failure::Conflict { reason: format!("{BROADCASTS_LIVE} broadcasts are not over yet") });
    }
    let noted = vec![crate::history::audit::insert(act, rand::random())];
    broadcasts::only_if(db, broadcasts::insert(&broadcast, listed), noted).await.map_err(unwritten)?;
    Ok(Done::new(StatusCode::CREATED, Shown::of(&broadcast)))
}

/// What the audit keeps of it: nothing of what is said.
fn described(broadcast: &Broadcast) -> serde_json::Value {
    json!({ "name": broadcast.name, "sends": sends(&broadcast.plan), "audience": view::Audience::of(&broadcast.audience) })
}

/// What a plan sends, in few words.
pub fn sends(plan: &Plan) -> serde_json::Value {
    plan.contents.all().map(|(_, content)| json!({ content.what.kind(): content.what.name().as_str() })).collect()
}

/// A broadcast and how far it is
#[utoipa::path(get, path = "/v1/broadcasts/{id}", tag = "Broadcasts", operation_id = "get_broadcast",
    params(("id" = String, Path, description = "Its id")), security(("key" = ["broadcasts:read"])),
    responses((status = 200, description = "It", body = Whole), (status = 404, description = "No such broadcast")))]
pub async fn show(web: Data<Web>, id: Path<String>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::BroadcastsRead).await?;
    Query::read(&request, &[])?;
    let broadcast = seen(&web, &caller, &id).await?;
    let by_arm = broadcast.plan.contents.all().any(|(arm, _)| arm.is_some());
    let (db, asked) = (web.record.clone(), broadcast.clone());
    let progress = recorded(&web, async move { progress::progress(&db, &asked, by_arm).await }).await?;
    Ok(HttpResponse::Ok().json(Whole::of(&broadcast, progress)))
}

/// Who got nothing, and why
///
/// In the order of their keys. With `reason` only those of this one.
#[utoipa::path(get, path = "/v1/broadcasts/{id}/members", tag = "Broadcasts", operation_id = "list_broadcast_members",
    params(("id" = String, Path, description = "The broadcast"), ("reason" = Option<String>, Query, description = "`no_consent`, `opted_out`, `holdout` …"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query)),
    security(("key" = ["broadcasts:read"])),
    responses((status = 200, description = "A page of them", body = Page<Skipped>), (status = 404, description = "No such broadcast")))]
pub async fn members(
    web: Data<Web>,
    id: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::BroadcastsRead).await?;
    let query = Query::read(&request, &["reason", "limit", "cursor"])?;
    let (limit, after) = (query.limit()?, query.cursor::<String>()?.unwrap_or_default());
    let reason = query.parsed("reason", "a reason for which contacts are passed over", Refusal::parse)?;
    let broadcast = seen(&web, &caller, &id).await?;
    let db = web.record.clone();
    let found = recorded(&web, async move { members::list(&db, broadcast.id, reason, &after, limit + 1).await }).await?;
    let page = Page::cut(found, limit, |last| last.contact.to_string());
    Ok(HttpResponse::Ok().json(page.map(Skipped::from)))
}

/// Stop a broadcast for a while
///
/// Within seconds nothing more is handed over. What was handed over goes on: at most five seconds' worth of what its channels send.
#[utoipa::path(post, path = "/v1/broadcasts/{id}/pause", tag = "Broadcasts", operation_id = "pause_broadcast",
    params(("id" = String, Path, description = "The broadcast")), security(("key" = ["broadcasts:write"])),
    responses((status = 200, description = "It is paused", body = Shown), (status = 404, description = "No such broadcast"),
        (status = 409, description = "It is over")))]
pub async fn pause(web: Data<Web>, id: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    acts(
        web,
        &id,
        request,
        payload,
        Step { name: "broadcast.pause", to: &[BroadcastState::Paused], what: |_| BroadcastMove::Pause },
    )
    .await
}

/// Let a paused broadcast go on where it was
#[utoipa::path(post, path = "/v1/broadcasts/{id}/resume", tag = "Broadcasts", operation_id = "resume_broadcast",
    params(("id" = String, Path, description = "The broadcast")), security(("key" = ["broadcasts:write"])),
    responses((status = 200, description = "It goes on", body = Shown), (status = 404, description = "No such broadcast"),
        (status = 409, description = "It is not paused")))]
pub async fn resume(web: Data<Web>, id: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let what = |broadcast: &Broadcast| BroadcastMove::Resume { resolved: broadcast.resolved_at.is_some() };
    let to = &[BroadcastState::Running, BroadcastState::Scheduled, BroadcastState::Resolving];
    acts(web, &id, request, payload, Step { name: "broadcast.resume", to, what }).await
}

/// End a broadcast
///
/// Nothing more is handed over, for good, and what has not left does not leave; `messages` says how much had. Who wrote back has a conversation, and that
/// goes on.
#[utoipa::path(post, path = "/v1/broadcasts/{id}/cancel", tag = "Broadcasts", operation_id = "cancel_broadcast",
    params(("id" = String, Path, description = "The broadcast")), security(("key" = ["broadcasts:write"])),
    responses((status = 200, description = "It is cancelled", body = Cancelled), (status = 404, description = "No such broadcast"),
        (status = 409, description = "It is over")))]
pub async fn cancel(web: Data<Web>, id: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let act = Step { name: "broadcast.cancel", to: &[BroadcastState::Cancelled], what: |_| BroadcastMove::Cancel };
    acts(web, &id, request, payload, act).await
}

/// What somebody does to a broadcast: how the audit calls it, where it can be then, and which move that is.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    to: &'static [BroadcastState],
    what: fn(&Broadcast) -> BroadcastMove,
}

async fn acts(web: Data<Web>, id: &str, request: HttpRequest, mut payload: Payload, act: Step) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::BroadcastsWrite, super::BODY).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    Fields::read(&body)?.finish()?;
    let found = seen(&web, &caller, id).await?;
    let noted = audit::act(&web, &caller, act.name, Some(found.id.to_string()), json!({ "name": found.name }));
    let (db, now) = (web.record.clone(), web.core.store_now());
    once.answer(&web, async move { moved(&db, found, act, now, &noted).await }).await
}

/// Tries until nobody else moves it at the same moment.
const TRIES: usize = 10;

async fn moved(db: &Database, mut broadcast: Broadcast, act: Step, now: Millis, noted: &Act) -> Result<Done, Failure> {
    for _ in 0..TRIES {
        let from = broadcast.state;
        // A repetition finds it done.
        if act.to.contains(&from) {
            return shown(db, &broadcast).await;
        }
        let Some(to) = from.after((act.what)(&broadcast)) else {
            return Err(Failure::Conflict { reason: format!("it is {from}") });
        };
        let written = moves::step_noted(db, broadcast.id, (from, to), now, (noted, rand::random())).await.map_err(unwritten)?;
        broadcast = broadcasts::find(db, broadcast.id).await.map_err(unwritten)?.ok_or(Failure::NotFound)?;
        if written {
            return shown(db, &broadcast).await;
        }
    }
    Err(Failure::Unavailable)
}

/// What is answered to an act: of one that was cancelled also how much of it had left.
async fn shown(db: &Database, broadcast: &Broadcast) -> Result<Done, Failure> {
    if broadcast.state != BroadcastState::Cancelled {
        return Ok(Done::new(StatusCode::OK, Shown::of(broadcast)));
    }
    let progress = progress::progress(db, broadcast, false).await.map_err(unwritten)?;
    Ok(Done::new(StatusCode::OK, Cancelled::of(broadcast, &progress)))
}

/// A broadcast as a caller may see it: of the key's mode.
async fn seen(web: &Web, caller: &Caller, id: &str) -> Result<Broadcast, Failure> {
    let id = BroadcastId::parse(id).ok_or(Failure::NotFound)?;
    let db = web.record.clone();
    let found = recorded(web, async move { broadcasts::find(&db, id).await }).await?;
    found.filter(|broadcast| broadcast.mode == caller.mode).ok_or(Failure::NotFound)
}

pub(super) fn unwritten(error: HistoryError) -> Failure {
    tracing::error!(%error, "a broadcast could not be read or written");
    Failure::Unavailable
}

pub(super) fn invalid(field: &'static str, reason: impl Into<String>) -> Failure {
    read::invalid(field, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::broadcast_plan::{Audience, Content, Contents, What};
    use crate::domain::mode::Mode;
    use crate::domain::name::Slug;
    use crate::domain::time::Span;

    #[test]
    fn a_key_makes_one_broadcast_and_says_so_when_its_answer_is_no_longer_kept() {
        let what = What::Flow(Slug::parse("sale").expect("a slug"));
        let contents = Contents::One(Content { what, with: Vec::new(), version: None });
        let plan = Plan { contents, holdout: 0, again: Reentry::Never, morning: None, rate: None };
        let audience = Audience::Query("tag = vip".to_owned());
        let known = Broadcast::new(BroadcastId::of(7), Mode::Live, "sale".to_owned(), (plan, audience), Millis(0));
        assert!(made_before(&known, known.created_at + Span::hours(24)).is_ok());
        let late = made_before(&known, known.created_at + Span::hours(25));
        assert!(matches!(&late, Err(Failure::Conflict { reason }) if reason.contains("b_0000000000000007")));
    }
}
