//! `POST /v1/flows/{name}/pause` and `/resume`: flows of which no run begins.

use super::{BODY, Done, Fields, Once, Query, asked, audit};
use crate::domain::hold::Hold;
use crate::domain::mode::Mode;
use crate::domain::name::Slug;
use crate::domain::scope::Scope;
use crate::domain::value::rfc3339;
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// A pause of a flow.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlowPause {
    /// Since when.
    since: String,
    /// Who: the name of a key, the command line.
    by: String,
    /// Why, if it was said.
    #[schema(required)]
    reason: Option<String>,
}

/// A pause, or its end.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "read field by field, so that each slip names its field; this is its form")]
pub struct PauseFlow {
    /// Why, for whoever looks later.
    #[schema(max_length = 400)]
    reason: Option<String>,
}

/// A flow and whether it is paused now.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlowHeld {
    /// Its name.
    name: String,
    /// Whether this request changed anything.
    changed: bool,
    /// Since when it is paused, if it is.
    #[schema(required)]
    paused: Option<FlowPause>,
}

impl FlowPause {
    /// The pause of a flow, as this instance knows.
    pub(super) fn of(web: &Web, flow: &Slug) -> Option<Self> {
        let Hold { since, by, reason } = web.core.paused_flow(flow)?;
        Some(FlowPause { since: rfc3339(since), by, reason })
    }
}

/// Pause a flow
///
/// No run of it begins, at no instance and also after a restart, until it is resumed: events, webhooks, keywords and operators begin none, and the journal says
/// why; broadcasts of it wait. Live runs go on, as sub-flows of other flows too. A flow that is paused already stays as it was.
#[utoipa::path(post, path = "/v1/flows/{name}/pause", tag = "Operations", operation_id = "pause_flow", security(("key" = ["operations:write"])),
    params(("name" = String, Path, description = "The flow's name, or a former one")),
    request_body = PauseFlow,
    responses((status = 200, description = "It is paused", body = FlowHeld), (status = 404, description = "There is no such flow"),
        (status = 409, description = "A key for test pauses nothing")))]
pub async fn pause(web: Data<Web>, name: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    change(web, &name, request, payload, "flow.pause").await
}

/// Resume a flow
///
/// What was refused meanwhile is not made up for.
#[utoipa::path(post, path = "/v1/flows/{name}/resume", tag = "Operations", operation_id = "resume_flow", security(("key" = ["operations:write"])),
    params(("name" = String, Path, description = "The flow's name, or a former one")),
    request_body = PauseFlow,
    responses((status = 200, description = "It is not paused any more", body = FlowHeld), (status = 404, description = "There is no such flow"),
        (status = 409, description = "A key for test resumes nothing")))]
pub async fn resume(web: Data<Web>, name: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    change(web, &name, request, payload, "flow.resume").await
}

/// The flow of this name, or what was paused under it before it was deleted.
fn found(web: &Web, name: &str) -> Result<Slug, Failure> {
    let named = Slug::parse(name).map_err(|_| Failure::NotFound)?;
    let catalog = web.core.versions().catalog();
    if let Some(paused) = catalog.paused_as(&named) {
        return Ok(paused.clone());
    }
    catalog.current(name).map(|flow| flow.name.clone()).ok_or(Failure::NotFound)
}

async fn change(
    web: Data<Web>,
    name: &str,
    request: HttpRequest,
    mut payload: Payload,
    action: &'static str,
) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::OperationsWrite, BODY).await?;
    Query::read(&request, &[])?;
    if caller.mode == Mode::Test {
        return Err(Failure::Conflict { reason: "a key for test holds no flow back".to_owned() });
    }
    let once = Once::of(&web, &request, &caller, &body)?;
    let mut fields = Fields::read(&body)?;
    let reason = fields.reason()?;
    fields.finish()?;
    let flow = found(&web, name)?;
    let pauses = action == "flow.pause";
    let noted = audit::act(&web, &caller, action, Some(flow.to_string()), json!({ "reason": &reason }));
    let (here, record, by) = (Arc::clone(&web), web.record.clone(), caller.name.clone());
    let work = async move {
        audit::noted(&record, &noted).await?;
        let changed = match pauses {
            true => here.core.pause_flow(&flow, &by, reason.as_deref()).await,
            false => here.core.resume_flow(&flow, &by, reason.as_deref()).await,
        };
        let changed = changed.map_err(|error| {
            tracing::warn!(%error, "a flow could not be paused or resumed");
            Failure::Unavailable
        })?;
        let paused = FlowPause::of(&here, &flow);
        Ok(Done::new(StatusCode::OK, FlowHeld { name: flow.to_string(), changed, paused }))
    };
    once.answer(&web, work).await
}
