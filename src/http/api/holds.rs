//! `POST /v1/channels/{name}/pause` and `/resume`: channels that a person holds back, and what holds them.

use super::{BODY, Done, Fields, Once, Query, asked, audit};
use crate::domain::hold::{Hold, HoldKind};
use crate::domain::mode::Mode;
use crate::domain::name::ChannelName;
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

/// Why a channel is held back.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldShown {
    /// What holds it back.
    why: HoldWhy,
    /// Since when.
    since: String,
    /// Who: the name of a key, the command line, `provider`.
    by: String,
    /// Why, if it was said; of a number that is flagged its limit.
    #[schema(required)]
    reason: Option<String>,
}

/// What holds a channel back.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HoldWhy {
    /// Its provider flagged the number: broadcasts wait, conversations go on.
    Flagged,
    /// A person: nothing leaves over it.
    Paused,
}

/// A pause.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "read field by field, so that each slip names its field; this is its form")]
pub struct PauseChannel {
    /// Why, for whoever looks later.
    #[schema(max_length = 400)]
    reason: Option<String>,
}

/// The end of a pause.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "read field by field, so that each slip names its field; this is its form")]
pub struct ResumeChannel {
    /// Why, for whoever looks later.
    #[schema(max_length = 400)]
    reason: Option<String>,
    /// What ends; `paused` if nothing is said.
    hold: Option<HoldWhy>,
}

/// A channel with what holds it back now.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelHeld {
    /// Its name.
    name: String,
    /// Whether this request changed anything.
    changed: bool,
    /// What holds it back now.
    holds: Vec<HoldShown>,
}

impl HoldShown {
    fn of(kind: HoldKind, hold: Hold) -> Self {
        let why = match kind {
            HoldKind::Flagged => HoldWhy::Flagged,
            HoldKind::Paused => HoldWhy::Paused,
        };
        HoldShown { why, since: rfc3339(hold.since), by: hold.by, reason: hold.reason }
    }

    /// All that holds a channel back, as this instance knows.
    pub(super) fn all(web: &Web, channel: &ChannelName) -> Vec<Self> {
        let of = |kind| Some(HoldShown::of(kind, web.core.held(channel, kind)?));
        HoldKind::ALL.into_iter().filter_map(of).collect()
    }
}

/// Pause a channel
///
/// Nothing leaves over it, at no instance and also after a restart, until it is resumed; what people write still comes in. Its messages go over its stand-ins; without one
/// they wait, and fail visibly when they get too old. Broadcasts wait as long as it takes. A channel that is paused already stays as it was.
#[utoipa::path(post, path = "/v1/channels/{name}/pause", tag = "Operations", operation_id = "pause_channel", security(("key" = ["operations:write"])),
    params(("name" = String, Path, description = "The channel")),
    request_body = PauseChannel,
    responses((status = 200, description = "It is paused", body = ChannelHeld), (status = 404, description = "There is no such channel"),
        (status = 409, description = "A key for test pauses nothing")))]
pub async fn pause(web: Data<Web>, name: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    change(web, &name, request, payload, "channel.pause").await
}

/// Resume a channel
///
/// What waits leaves within half a minute. With `hold` = `flagged` broadcasts go on over a number of which the provider did not say that it is no longer flagged.
#[utoipa::path(post, path = "/v1/channels/{name}/resume", tag = "Operations", operation_id = "resume_channel", security(("key" = ["operations:write"])),
    params(("name" = String, Path, description = "The channel")),
    request_body = ResumeChannel,
    responses((status = 200, description = "It is not paused any more", body = ChannelHeld), (status = 404, description = "There is no such channel"),
        (status = 409, description = "A key for test resumes nothing")))]
pub async fn resume(web: Data<Web>, name: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    change(web, &name, request, payload, "channel.resume").await
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
        return Err(Failure::Conflict { reason: "a key for test holds no channel back".to_owned() });
    }
    let once = Once::of(&web, &request, &caller, &body)?;
    let mut fields = Fields::read(&body)?;
    let reason = fields.reason()?;
    let pauses = action == "channel.pause";
    let kind = match if pauses { None } else { fields.text("hold", 16)? } {
        None => HoldKind::Paused,
        Some(word) => HoldKind::parse(&word)
            .ok_or_else(|| Failure::Invalid { field: "hold", reason: "is neither paused nor flagged".to_owned() })?,
    };
    fields.finish()?;
    let channel = ChannelName::parse(name).map_err(|_| Failure::NotFound)?;
    if !web.core.world().channels.contains_key(&channel) {
        return Err(Failure::NotFound);
    }
    let detail = json!({ "hold": kind.as_str(), "reason": &reason });
    let noted = audit::act(&web, &caller, action, Some(channel.to_string()), detail);
    let (core, record, by, here) = (Arc::clone(&web.core), web.record.clone(), caller.name.clone(), web.clone());
    let work = async move {
        audit::noted(&record, &noted).await?;
        let changed = match pauses {
            true => core.pause_channel(&channel, &by, reason.as_deref()).await,
            false => core.resume_channel(&channel, kind, &by, reason.as_deref()).await,
        };
        let changed = changed.map_err(|error| {
            tracing::warn!(%error, "a channel could not be paused or resumed");
            Failure::Unavailable
        })?;
        let holds = HoldShown::all(&here, &channel);
        Ok(Done::new(StatusCode::OK, ChannelHeld { name: channel.to_string(), changed, holds }))
    };
    once.answer(&web, work).await
}
