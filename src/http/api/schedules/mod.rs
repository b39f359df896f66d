//! `/v1/schedules`: what makes broadcasts again and again.

mod view;

pub use view::{Changes, New, Shown};

use super::broadcasts::{Brief, brief, name};
use super::{Done, Fields, Once, Page, Query, asked, audit, looked, recorded};
use crate::domain::broadcast::Reentry;
use crate::domain::id::{ContactKey, DedupeHash};
use crate::domain::limits::{BROADCAST_BODY_BYTES, SCHEDULES};
use crate::domain::schedule::{Every, Rule, Zone, time_of_day, weekday};
use crate::domain::scope::Scope;
use crate::domain::time::{Millis, Span};
use crate::history::audit::{Act, insert};
use crate::history::broadcasts::only_if;
use crate::history::broadcasts::schedules::{self, Schedule};
use crate::history::{Database, HistoryError};
use crate::http::caller::Caller;
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value as Json, json};

/// Schedules, the newest first
#[utoipa::path(get, path = "/v1/schedules", tag = "Broadcasts", operation_id = "list_schedules", security(("key" = ["broadcasts:read"])),
    params(("limit" = Option<u16>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of them", body = Page<Shown>)))]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::BroadcastsRead).await?;
    let query = Query::read(&request, &["limit", "cursor"])?;
    let (limit, after) = (query.limit()?, query.cursor::<(i64, String)>()?);
    let db = web.record.clone();
    let found = recorded(&web, async move { schedules::list(&db, caller.mode, after.as_ref(), limit + 1).await }).await?;
    let page = Page::cut(found, limit, |last| (last.created_at.0, last.id.clone()));
    Ok(HttpResponse::Ok().json(page.map(|schedule| Shown::of(&schedule))))
}

/// Make broadcasts again and again
///
/// Every day, on days of the week, or on a day of the month, at a time of day of the project's or of each contact's own zone. Each time it makes a
/// broadcast of its own. A time that was missed because the service was down is made up for once, late; one that is more than a day late is left out.
#[utoipa::path(post, path = "/v1/schedules", tag = "Broadcasts", operation_id = "create_schedule",
    security(("key" = ["broadcasts:write"])), request_body = view::New,
    responses((status = 201, description = "It is made", body = Shown), (status = 409, description = "There are too many")))]
pub async fn create(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::BroadcastsWrite, BROADCAST_BODY_BYTES).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let mut fields = Fields::read(&web.core.keeping(&body))?;
    let Brief { name, plan, audience, listed } = brief(&mut fields, &web, &caller, AGAIN).await?;
    let rule = rule(&mut fields, None)?.ok_or_else(|| invalid("every", "is missing: day, week or month"))?;
    fields.finish()?;
    let now = web.core.store_now();
    let schedule = Schedule {
        id: id_of(once.name()),
        mode: caller.mode,
        name,
        created_at: now,
        created_by: caller.name.clone(),
        changed_at: now,
        paused_at: None,
        next: rule.next(&web.core.world().project.timezone, now),
        rule,
        plan,
        audience,
        last_at: None,
        last_broadcast: None,
        missed: 0,
    };
    let act = audit::act(&web, &caller, "schedule.create", Some(schedule.id.clone()), described(&schedule));
    let db = web.record.clone();
    once.answer(&web, async move { made(&db, schedule, listed.as_deref(), &act).await }).await
}

/// Who had it by one of a schedule's broadcasts gets the next one too, but not while they are still in it.
const AGAIN: Reentry = Reentry::After(Span::millis(0));

fn id_of(name: &str) -> String {
    format!("s_{:016x}", DedupeHash::of(&["schedule made", name]).0)
}

async fn made(db: &Database, schedule: Schedule, listed: Option<&[ContactKey]>, act: &Act) -> Result<Done, Failure> {
    if let Some(known) = schedules::find(db, &schedule.id).await.map_err(unwritten)? {
        return Ok(Done::new(StatusCode::CREATED, Shown::of(&known)));
    }
    if schedules::count(db).await.map_err(unwritten)? >= SCHEDULES {
        return Err(Failure::Conflict { reason: format!("there are {SCHEDULES} schedules") });
    }
    only_if(db, schedules::insert(&schedule, listed), vec![insert(act, rand::random())]).await.map_err(unwritten)?;
    Ok(Done::new(StatusCode::CREATED, Shown::of(&schedule)))
}

fn described(schedule: &Schedule) -> Json {
    json!({ "name": schedule.name, "sends": super::broadcasts::sends(&schedule.plan) })
}

/// A schedule
#[utoipa::path(get, path = "/v1/schedules/{id}", tag = "Broadcasts", operation_id = "get_schedule",
    params(("id" = String, Path, description = "Its id")), security(("key" = ["broadcasts:read"])),
    responses((status = 200, description = "It", body = Shown), (status = 404, description = "No such schedule")))]
pub async fn show(web: Data<Web>, id: Path<String>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::BroadcastsRead).await?;
    Query::read(&request, &[])?;
    Ok(HttpResponse::Ok().json(Shown::of(&seen(&web, &caller, &id).await?)))
}

/// Change a schedule
///
/// What is not named stays as it is. With `flow`, `notification` or `arms` everything that it sends is said anew, with the audience. Broadcasts that it made
/// stay as they are.
#[utoipa::path(patch, path = "/v1/schedules/{id}", tag = "Broadcasts", operation_id = "change_schedule",
    params(("id" = String, Path, description = "Its id")), security(("key" = ["broadcasts:write"])), request_body = view::Changes,
    responses((status = 200, description = "As it is then", body = Shown), (status = 404, description = "No such schedule"),
        (status = 409, description = "Somebody else changed it at the same moment")))]
pub async fn change(
    web: Data<Web>,
    id: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::BroadcastsWrite, BROADCAST_BODY_BYTES).await?;
    Query::read(&request, &[])?;
    let mut schedule = seen(&web, &caller, &id).await?;
    let before = schedule.changed_at;
    let mut fields = Fields::read(&web.core.keeping(&body))?;
    let (mut listed, named) = (None, fields.has(&["name"]));
    if fields.has(&["flow", "notification", "arms", "audience", "with", "holdout", "again", "rate"]) {
        let brief = brief(&mut fields, &web, &caller, schedule.plan.again).await?;
        (schedule.plan, schedule.audience, listed) = (brief.plan, brief.audience, brief.listed);
        // What is not named stays as it is.
        if named {
            schedule.name = brief.name;
        }
    } else if let Some(name) = name(&mut fields)? {
        schedule.name = name;
    }
    let now = web.core.store_now();
    if let Some(rule) = rule(&mut fields, Some(&schedule.rule))? {
        schedule.next = rule.next(&web.core.world().project.timezone, now);
        schedule.rule = rule;
    }
    fields.finish()?;
    schedule.changed_at = now.max(Millis(before.0 + 1));
    let act = audit::act(&web, &caller, "schedule.change", Some(schedule.id.clone()), described(&schedule));
    let (db, shown) = (web.record.clone(), Shown::of(&schedule));
    let (update, noted) = (schedules::update(&schedule, before, listed.as_deref()), vec![insert(&act, rand::random())]);
    match recorded(&web, async move { only_if(&db, update, noted).await }).await? {
        true => Ok(HttpResponse::Ok().json(shown)),
        false => Err(Failure::Conflict { reason: "somebody else changed it at the same moment".to_owned() }),
    }
}

/// Make no more broadcasts for a while
#[utoipa::path(post, path = "/v1/schedules/{id}/pause", tag = "Broadcasts", operation_id = "pause_schedule",
    params(("id" = String, Path, description = "Its id")), security(("key" = ["broadcasts:write"])),
    responses((status = 200, description = "It is paused", body = Shown), (status = 404, description = "No such schedule")))]
pub async fn pause(web: Data<Web>, id: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    acts(web, &id, request, payload, true).await
}

/// Make broadcasts again
///
/// From the next time on: those that were missed while it was paused are not made up for.
#[utoipa::path(post, path = "/v1/schedules/{id}/resume", tag = "Broadcasts", operation_id = "resume_schedule",
    params(("id" = String, Path, description = "Its id")), security(("key" = ["broadcasts:write"])),
    responses((status = 200, description = "It goes on", body = Shown), (status = 404, description = "No such schedule")))]
pub async fn resume(web: Data<Web>, id: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    acts(web, &id, request, payload, false).await
}

async fn acts(
    web: Data<Web>,
    id: &str,
    request: HttpRequest,
    mut payload: Payload,
    pause: bool,
) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::BroadcastsWrite, super::BODY).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    Fields::read(&body)?.finish()?;
    let mut schedule = seen(&web, &caller, id).await?;
    let (what, now) = (if pause { "schedule.pause" } else { "schedule.resume" }, web.core.store_now());
    let act = audit::act(&web, &caller, what, Some(schedule.id.clone()), json!({ "name": schedule.name }));
    let (db, zone) = (web.record.clone(), web.core.world().project.timezone.clone());
    let work = async move {
        if schedule.paused_at.is_some() == pause {
            return Ok(Done::new(StatusCode::OK, Shown::of(&schedule)));
        }
        let before = schedule.changed_at;
        schedule.changed_at = now.max(Millis(before.0 + 1));
        schedule.paused_at = pause.then_some(now);
        schedule.next = schedule.rule.next(&zone, now);
        let (update, noted) = (schedules::update(&schedule, before, None), vec![insert(&act, rand::random())]);
        match only_if(&db, update, noted).await.map_err(unwritten)? {
            true => Ok(Done::new(StatusCode::OK, Shown::of(&schedule))),
            false => Err(Failure::Conflict { reason: "somebody else changed it at the same moment".to_owned() }),
        }
    };
    once.answer(&web, work).await
}

/// End a schedule
///
/// Broadcasts that it made stay as they are.
#[utoipa::path(delete, path = "/v1/schedules/{id}", tag = "Broadcasts", operation_id = "delete_schedule",
    params(("id" = String, Path, description = "Its id")), security(("key" = ["broadcasts:write"])),
    responses((status = 204, description = "It is gone"), (status = 404, description = "No such schedule")))]
pub async fn delete(
    web: Data<Web>,
    id: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::BroadcastsWrite, super::BODY).await?;
    Query::read(&request, &[])?;
    Fields::read(&body)?.finish()?;
    let schedule = seen(&web, &caller, &id).await?;
    let act = audit::act(&web, &caller, "schedule.delete", Some(schedule.id.clone()), json!({ "name": schedule.name }));
    let db = web.record.clone();
    let (delete, noted) = (schedules::delete(&schedule.id), vec![insert(&act, rand::random())]);
    match recorded(&web, async move { only_if(&db, delete, noted).await }).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Failure::NotFound),
    }
}

/// When it makes broadcasts. What is not given stays as it was; nothing if nothing is given.
fn rule(fields: &mut Fields, was: Option<&Rule>) -> Result<Option<Rule>, Failure> {
    let (every, at, zone) = (fields.text("every", 16)?, fields.text("at", 16)?, fields.text("zone", 16)?);
    let (on, day) = (fields.texts("on", 16)?, fields.take("day"));
    if every.is_none() && at.is_none() && zone.is_none() && on.is_none() && day.is_none() {
        return Ok(None);
    }
    let every = match (every.as_deref(), was) {
        (None, Some(was)) if on.is_none() && day.is_none() => was.every.clone(),
        (None, Some(_)) => return Err(invalid("every", "is missing: it says what `on` and `day` mean")),
        (None, None) => return Err(invalid("every", "is missing: day, week or month")),
        (Some("day"), _) if on.is_none() && day.is_none() => Every::Day,
        (Some("day"), _) => return Err(invalid("every", "is day: it has neither `on` nor `day`")),
        (Some("week"), _) if day.is_none() => Every::Week(days(on)?),
        (Some("month"), _) if on.is_none() => {
            let number = day.as_ref().and_then(Json::as_i64).and_then(|n| i8::try_from(n).ok()).filter(|n| (1..=31).contains(n));
            Every::Month(number.ok_or_else(|| invalid("day", "is not a day of the month from 1 to 31"))?)
        }
        (Some("week" | "month"), _) => return Err(invalid("every", "a week has `on`, a month has `day`")),
        (Some(_), _) => return Err(invalid("every", "is not day, week or month")),
    };
    let time = match (at, was) {
        (Some(text), _) => time_of_day(&text).ok_or_else(|| invalid("at", "is not a time of day such as 09:00"))?,
        (None, Some(was)) => was.time,
        (None, None) => return Err(invalid("at", "is missing: the time of day, such as 09:00")),
    };
    let zone = match (zone.as_deref(), was) {
        (Some("project"), _) => Zone::Project,
        (Some("contact"), _) => Zone::Contact,
        (Some(_), _) => return Err(invalid("zone", "is not project or contact")),
        (None, was) => was.map(|was| was.zone).unwrap_or_default(),
    };
    Ok(Some(Rule { every, time, zone }))
}

/// Days of the week, in their order.
fn days(on: Option<Vec<String>>) -> Result<Vec<i8>, Failure> {
    let on = on.unwrap_or_default();
    let read = |text: &String| weekday(text).ok_or_else(|| invalid("on", "is not a list of days such as mon, thu"));
    let mut days = on.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    days.sort_unstable();
    days.dedup();
    if days.is_empty() { Err(invalid("on", "is missing: days of the week such as mon, thu")) } else { Ok(days) }
}

/// A schedule as a caller may see it: of the key's mode.
async fn seen(web: &Web, caller: &Caller, id: &str) -> Result<Schedule, Failure> {
    let (db, id) = (web.record.clone(), id.to_owned());
    let found = recorded(web, async move { schedules::find(&db, &id).await }).await?;
    found.filter(|schedule| schedule.mode == caller.mode).ok_or(Failure::NotFound)
}

fn unwritten(error: HistoryError) -> Failure {
    tracing::error!(%error, "a schedule could not be read or written");
    Failure::Unavailable
}

fn invalid(field: &'static str, reason: impl Into<String>) -> Failure {
    Failure::Invalid { field, reason: reason.into() }
}
