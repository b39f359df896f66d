//! Flows go live by a call: `/v1/flows/{name}/publications`, `…/rollback`, `…/difference`. What is published runs on every instance within seconds,
//! and on this one at once.

mod sources;
mod view;

pub use sources::Folders;
pub use view::{Difference, LiveRuns, Publication, Publish, Published, Review, Rollback, RunsIn, Sentence, TextChange, Warning};

use super::{Done, Fields, Once, Page, Query, asked, audit, looked};
use crate::domain::id::VersionId;
use crate::domain::limits::NOTE_CHARS;
use crate::domain::mode::Mode;
use crate::domain::name::Slug;
use crate::domain::publication::{OldRuns, Share, tidy_note};
use crate::domain::scope::Scope;
use crate::flow::definition::Flow;
use crate::history::audit::Act;
use crate::http::caller::Caller;
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::service::release::{Order, Refused, Wish, history, plan, release};
use crate::service::review::{Around, review};
use crate::service::{LoadError, read_standings, stored_version};
use crate::store::StoreError;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use sources::Given;
use std::sync::Arc;

/// Bytes of a body: a flow of 256 KiB with its notifications, escaped.
const BODY: usize = 2 * 1024 * 1024;

/// Who published what, when and why
///
/// The newest first.
#[utoipa::path(get, path = "/v1/flows/{name}/publications", tag = "Flows", operation_id = "list_publications",
    params(("name" = String, Path, description = "The flow"), ("limit" = Option<u16>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query)),
    security(("key" = ["flows:read"])),
    responses((status = 200, description = "Publications", body = Page<view::Publication>), (status = 404, description = "It was never published")))]
pub async fn list(
    web: Data<Web>,
    name: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    looked(&web, &request, &mut payload, Scope::FlowsRead).await?;
    let query = Query::read(&request, &["limit", "cursor"])?;
    let (flow, limit, before) = (flow_name(&name)?, query.limit()?, query.cursor::<u64>()?);
    let log = history(web.core.store(), &flow, before, limit + 1).await.map_err(unavailable)?;
    if log.is_empty() && before.is_none() && !read_standings(web.core.store()).await.map_err(unavailable)?.contains_key(&flow) {
        return Err(Failure::NotFound);
    }
    let page = Page::cut(log, limit, |(number, _)| *number);
    Ok(HttpResponse::Ok().json(page.map(|(number, said)| view::Publication::of(number, &said))))
}

/// Publish a version of a flow
///
/// With `flow` the version is made of what is sent; without it, of the folder of the service. New runs begin on it, or a `share` of them; publish again
/// with another share, or without one for all. Mistakes refuse it (422). With `base`, the number of the publication that was looked at, it is refused
/// when somebody else published in between (409).
#[utoipa::path(post, path = "/v1/flows/{name}/publications", tag = "Flows", operation_id = "publish_flow",
    params(("name" = String, Path, description = "The flow")), security(("key" = ["flows:publish"])), request_body = view::Publish,
    responses((status = 201, description = "It is published", body = view::Published), (status = 404, description = "The folder has no such flow"),
        (status = 409, description = "It runs so already, or somebody else published in between")))]
pub async fn publish(
    web: Data<Web>,
    name: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::FlowsPublish, BODY).await?;
    Query::read(&request, &[])?;
    let flow = flow_name(&name)?;
    live_only(&caller)?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let mut fields = Fields::read(&body)?;
    let given = Given::take(&mut fields)?;
    let retire = flag(&mut fields, "retire")?;
    let share = share(&mut fields)?;
    let order = order(&mut fields, &caller)?;
    fields.finish()?;
    if retire && (share.is_some() || given.is_some()) {
        return Err(invalid("retire", "goes with neither `flow` nor `share`"));
    }
    let act = audit::act(&web, &caller, if retire { "flow.retire" } else { "flow.publish" }, Some(flow.to_string()), json!({}));
    let shared = web.clone();
    let work = async move {
        let version = if retire { None } else { Some(sources::version(&shared, &flow, given).await?.1) };
        let wish = version.as_ref().map_or(Wish::Retire, |version| Wish::Version(version, share));
        publishes(&shared, &flow, wish, &order, act).await
    };
    once.answer(&web, work).await
}

/// Go back to the version before
///
/// A running share is taken back; without one, new runs begin on the version that ran before, or on the one that `to` names. What becomes of the runs on
/// the version that is left is said by `runs`. A version that could not be published any more, because it names a channel, an api or a flow that is no
/// longer there, is refused with its mistakes, unless the request says `anyway`.
#[utoipa::path(post, path = "/v1/flows/{name}/rollback", tag = "Flows", operation_id = "roll_back_flow",
    params(("name" = String, Path, description = "The flow")), security(("key" = ["flows:publish"])), request_body = view::Rollback,
    responses((status = 201, description = "It is published", body = view::Published), (status = 404, description = "It was never published"),
        (status = 409, description = "There is no version before, it has mistakes now, or somebody else published in between")))]
pub async fn rollback(
    web: Data<Web>,
    name: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::FlowsPublish, super::BODY).await?;
    Query::read(&request, &[])?;
    let flow = flow_name(&name)?;
    live_only(&caller)?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let mut fields = Fields::read(&body)?;
    let to = fields.text("to", 16)?.map(|id| VersionId::parse(&id).ok_or_else(|| invalid("to", VERSION))).transpose()?;
    let anyway = flag(&mut fields, "anyway")?;
    let order = order(&mut fields, &caller)?;
    fields.finish()?;
    let act = audit::act(&web, &caller, "flow.rollback", Some(flow.to_string()), json!({}));
    let shared = web.clone();
    let work = async move {
        let (_, said) = plan(shared.core.store(), &flow, Wish::Back(to), &order).await.map_err(refused)?;
        stored(&shared, said.whole).await?;
        if !anyway && let Some(mistakes) = sources::mistakes_of(&shared, &flow, said.whole).await? {
            let reason = format!("the version {} {mistakes}\nSend `\"anyway\": true` to go back to it all the same.", said.whole);
            return Err(Failure::Conflict { reason });
        }
        publishes(&shared, &flow, Wish::Back(to), &order, act).await
    };
    once.answer(&web, work).await
}

/// What would change, in words
///
/// From `from`, else the version on which new runs begin, to `to`, else what the folder of the service holds. With the live runs of each version, and
/// what to think of before it is published.
#[utoipa::path(get, path = "/v1/flows/{name}/difference", tag = "Flows", operation_id = "flow_difference",
    params(("name" = String, Path, description = "The flow"),
        ("from" = Option<String>, Query, description = "A version: 16 hexadecimal digits"),
        ("to" = Option<String>, Query, description = "A version: 16 hexadecimal digits")),
    security(("key" = ["flows:read"])),
    responses((status = 200, description = "What would change", body = view::Review), (status = 404, description = "No such flow or version")))]
pub async fn difference(
    web: Data<Web>,
    name: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    looked(&web, &request, &mut payload, Scope::FlowsRead).await?;
    let query = Query::read(&request, &["from", "to"])?;
    let flow = flow_name(&name)?;
    let (from, to) = (query.parsed("from", VERSION_IS, VersionId::parse)?, query.parsed("to", VERSION_IS, VersionId::parse)?);
    let core = &web.core;
    let mut stands = read_standings(core.store()).await.map_err(unavailable)?.remove(&flow);
    let newer: Arc<Flow> = match to {
        Some(id) => Arc::new(of_flow(&web, stored(&web, id).await?, &flow)?),
        None => sources::version(&web, &flow, None).await?.0,
    };
    if let Some(id) = from {
        // Whether it can be read is told here; from then on it counts as what runs.
        of_flow(&web, stored(&web, id).await?, &flow)?;
        match &mut stands {
            Some(stands) => stands.said.whole = id,
            None => return Err(Failure::NotFound),
        }
    }
    let shared = web.clone();
    let looked_at = web.engine.spawn(async move {
        let others: Vec<Arc<Flow>> = shared.core.versions().catalog().flows().cloned().collect();
        let around = Around { project: &shared.core.world().project, database: Some(&shared.record), others: &others };
        review(shared.core.store(), around, stands.as_ref(), &newer).await
    });
    let review = looked_at.await.map_err(|_| Failure::Unavailable)?.map_err(unavailable)?;
    Ok(HttpResponse::Ok().json(view::Review::of(&review)))
}

const VERSION: &str = "is not a version: 16 hexadecimal digits";
const VERSION_IS: &str = "a version: 16 hexadecimal digits";

async fn publishes(web: &Web, flow: &Slug, wish: Wish<'_>, order: &Order, mut act: Act) -> Result<Done, Failure> {
    // What cannot be done is not written down; what is written down may still be overtaken, and says what was wanted.
    let (base, said) = plan(web.core.store(), flow, wish, order).await.map_err(refused)?;
    act.detail =
        json!({ "version": said.version(), "share": said.trial.map(|trial| trial.share), "runs": said.runs, "builds_on": base });
    let statement = crate::history::audit::insert(&act, rand::random());
    web.record.write(vec![statement]).await.map_err(|error| {
        tracing::error!(%error, "a publication could not be written down; it is not made");
        Failure::Unavailable
    })?;
    let order = &Order { base: Some(base), ..order.clone() };
    let released = release(web.core.store(), flow, wish, order).await.map_err(refused)?;
    // Here at once; elsewhere, and here too if this fails, within seconds.
    if let Err(error) = web.core.follow_publications().await {
        tracing::warn!(%error, "what was published is not taken over yet");
    }
    let publication = view::Publication::of(released.number, &released.said);
    Ok(Done::new(StatusCode::CREATED, view::Published { flow: flow.to_string(), publication }))
}

/// What is published is what customers get: a key for test has no part in it.
fn live_only(caller: &Caller) -> Result<(), Failure> {
    match caller.mode {
        Mode::Live => Ok(()),
        Mode::Test => Err(Failure::Conflict { reason: "a key for test publishes nothing".to_owned() }),
    }
}

/// Who wants it, why, and what becomes of runs on other versions.
fn order(fields: &mut Fields, caller: &Caller) -> Result<Order, Failure> {
    let note = fields.text("note", 4 * NOTE_CHARS)?.as_deref().and_then(tidy_note);
    let runs = match fields.text("runs", 16)? {
        None => OldRuns::Stay,
        Some(word) => OldRuns::parse(&word).ok_or_else(|| invalid("runs", "is not stay, move or end"))?,
    };
    let base = match fields.take("base") {
        None => None,
        Some(number) => Some(number.as_u64().ok_or_else(|| invalid("base", "is not the number of a publication"))?),
    };
    Ok(Order { by: caller.name.clone(), note, runs, base })
}

fn flag(fields: &mut Fields, name: &'static str) -> Result<bool, Failure> {
    let given = fields.take(name).map(|value| value.as_bool().ok_or_else(|| invalid(name, "is not true or false")));
    Ok(given.transpose()?.unwrap_or(false))
}

fn share(fields: &mut Fields) -> Result<Option<Share>, Failure> {
    let wrong = || invalid("share", "is not a whole number from 1 to 99; leave it out for all new runs");
    let Some(given) = fields.take("share") else { return Ok(None) };
    let percent = given.as_u64().and_then(|n| u8::try_from(n).ok()).and_then(Share::percent);
    percent.map(Some).ok_or_else(wrong)
}

fn flow_name(name: &str) -> Result<Slug, Failure> {
    Slug::parse(name).map_err(|_| Failure::NotFound)
}

async fn stored(web: &Web, id: VersionId) -> Result<Flow, Failure> {
    stored_version(web.core.store(), id, &web.core.world().project).await.map_err(|why| match why {
        LoadError::Store(error) => unavailable(error),
        LoadError::Missing => Failure::NotFound,
        why => Failure::Conflict { reason: format!("this release cannot read that version: {why}") },
    })
}

/// A version of another flow is none of this one.
fn of_flow(web: &Web, version: Flow, flow: &Slug) -> Result<Flow, Failure> {
    let was = web.core.versions().catalog().current(flow.as_str()).is_some_and(|now| now.is_called(&version.name));
    if was || version.is_called(flow) { Ok(version) } else { Err(Failure::NotFound) }
}

fn refused(why: Refused) -> Failure {
    let reason = why.to_string();
    match why {
        Refused::Store(error) => unavailable(error),
        Refused::Unknown(_) => Failure::NotFound,
        Refused::Overtaken { .. } | Refused::Same(_) | Refused::NothingBefore(_) => Failure::Conflict { reason },
        Refused::NoWhole(_) => Failure::Invalid { field: "share", reason },
        Refused::ShareStays | Refused::NowhereToMove => Failure::Invalid { field: "runs", reason },
        Refused::NeverPublished(..) => Failure::Invalid { field: "to", reason },
    }
}

pub(super) fn unavailable(error: StoreError) -> Failure {
    tracing::error!(%error, "publications cannot be read or written");
    Failure::Unavailable
}

fn invalid(field: &'static str, reason: impl Into<String>) -> Failure {
    Failure::Invalid { field, reason: reason.into() }
}
