//! `/v1/instance`: the one instance that answers. `drain` takes it out of work without stopping it, `resume` takes that back.

use super::{BODY, Done, Fields, Once, Query, asked, audit, looked};
use crate::domain::mode::Mode;
use crate::domain::scope::Scope;
use crate::domain::value::rfc3339;
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// An instance and what it has in hand.
#[derive(Debug, Serialize, ToSchema)]
pub struct Instance {
    /// The version of the program.
    program: &'static str,
    /// Whether it takes work.
    state: InstanceState,
    /// Contacts that it works on now.
    contacts: usize,
    /// Messages, calls and reports that it has on their way now.
    sends: usize,
    /// Broadcasts that it hands over now.
    broadcasts: usize,
    /// Since when it takes no work, if somebody told it so.
    #[schema(required)]
    drain: Option<DrainShown>,
}

/// Whether an instance takes work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InstanceState {
    /// It does.
    Working,
    /// It takes nothing new, and has something in hand.
    Draining,
    /// It takes nothing new and has nothing in hand: it may be stopped.
    Drained,
    /// It is being stopped.
    Stopping,
}

/// A drain.
#[derive(Debug, Serialize, ToSchema)]
pub struct DrainShown {
    /// Since when.
    since: String,
    /// Who: the name of a key.
    by: String,
    /// Why, if it was said.
    #[schema(required)]
    reason: Option<String>,
}

/// The beginning of a drain.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "read field by field, so that each slip names its field; this is its form")]
pub struct DrainInstance {
    /// Why, for whoever looks later.
    #[schema(max_length = 400)]
    reason: Option<String>,
}

impl Instance {
    fn of(web: &Web) -> Self {
        let (hand, drain) = (web.core.in_hand(), web.core.drained_since());
        let state = match &drain {
            _ if web.core.is_stopping() => InstanceState::Stopping,
            None => InstanceState::Working,
            Some(_) if hand.is_empty() => InstanceState::Drained,
            Some(_) => InstanceState::Draining,
        };
        Instance {
            program: env!("CARGO_PKG_VERSION"),
            state,
            contacts: hand.contacts,
            sends: hand.sends,
            broadcasts: hand.broadcasts,
            drain: drain.map(|drain| DrainShown { since: rfc3339(drain.since), by: drain.by, reason: drain.reason }),
        }
    }
}

/// The instance that answers, and what it has in hand
#[utoipa::path(get, path = "/v1/instance", tag = "Operations", operation_id = "get_instance", security(("key" = ["operations:read"])),
    responses((status = 200, description = "How it is", body = Instance)))]
pub async fn show(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    looked(&web, &request, &mut payload, Scope::OperationsRead).await?;
    Query::read(&request, &[])?;
    Ok(HttpResponse::Ok().json(Instance::of(&web)))
}

/// Drain the instance that answers
///
/// It takes no new work: `GET /health/ready` answers 503, what comes in all the same is stored for other instances, and what it has in hand ends. It goes on
/// answering the API. `GET /v1/instance` says `drained` when nothing is left. Only this process knows of it: a restart ends it.
/// An `Idempotency-Key` counts for this process alone, too: another instance, or this one after a restart, is asked anew under the same one.
#[utoipa::path(post, path = "/v1/instance/drain", tag = "Operations", operation_id = "drain_instance", security(("key" = ["operations:write"])),
    request_body = DrainInstance,
    responses((status = 200, description = "It takes no new work", body = Instance), (status = 409, description = "A key for test drains nothing")))]
pub async fn drain(web: Data<Web>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    change(web, request, payload, "instance.drain").await
}

/// Let a drained instance work again
///
/// An `Idempotency-Key` counts for this process alone.
#[utoipa::path(post, path = "/v1/instance/resume", tag = "Operations", operation_id = "resume_instance", security(("key" = ["operations:write"])),
    responses((status = 200, description = "It takes work", body = Instance), (status = 409, description = "A key for test resumes nothing")))]
pub async fn resume(web: Data<Web>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    change(web, request, payload, "instance.resume").await
}

async fn change(
    web: Data<Web>,
    request: HttpRequest,
    mut payload: Payload,
    action: &'static str,
) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::OperationsWrite, BODY).await?;
    Query::read(&request, &[])?;
    if caller.mode == Mode::Test {
        return Err(Failure::Conflict { reason: "a key for test takes no instance out of work".to_owned() });
    }
    let once = Once::here(&web, &request, &caller, &body)?;
    let mut fields = Fields::read(&body)?;
    let drains = action == "instance.drain";
    let reason = if drains { fields.reason()? } else { None };
    fields.finish()?;
    let noted = audit::act(&web, &caller, action, None, json!({ "reason": &reason }));
    let (here, record, by) = (Arc::clone(&web), web.record.clone(), caller.name.clone());
    let work = async move {
        audit::noted(&record, &noted).await?;
        match drains {
            true => {
                here.core.drain(&by, reason.as_deref());
                tracing::info!("the instance takes no new work until it is resumed");
            }
            false => {
                here.core.work_again();
                tracing::info!("the instance takes work again");
            }
        }
        here.ready.follow(|| here.core.is_draining());
        Ok(Done::new(StatusCode::OK, Instance::of(&here)))
    };
    once.answer(&web, work).await
}
