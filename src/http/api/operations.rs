//! How the service is: channels and how sending over them goes, what waits where, what is left alone, the settings as they are in force.

use super::holds::HoldShown;
use super::{Query, failed, looked};
use crate::domain::mode::Mode;
use crate::domain::scope::Scope;
use crate::domain::time::Millis;
use crate::domain::value::rfc3339;
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::service::{ChannelHealth, Day};
use crate::store::{Depths, WorkSet};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::Value as Json;
use std::sync::Arc;
use utoipa::ToSchema;

/// The channels.
#[derive(Debug, Serialize, ToSchema)]
pub struct Channels {
    /// In the order of the configuration.
    items: Vec<ChannelShown>,
}

/// A channel and how it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelShown {
    /// Its name.
    name: String,
    /// Its medium: sms, whatsapp or email.
    kind: &'static str,
    /// Its provider.
    provider: &'static str,
    /// Whether nobody real is behind it.
    simulated: bool,
    /// Messages a second over all contacts; 0: as many as there are.
    per_second: u32,
    /// Contacts for whom something waits to be sent over it.
    waiting: u64,
    /// The part of that which is left after the provider said "too fast", as this instance knows: 1 is all.
    pace: f64,
    /// What it has sent of its day, if that is bounded.
    #[schema(required)]
    day: Option<DayShown>,
    /// Whether this instance sends over it now.
    circuit: Circuit,
    /// Channels over which its messages go while nothing is sent over it.
    stand_ins: Vec<String>,
    /// What holds it back until somebody ends it.
    holds: Vec<HoldShown>,
    /// How sending went, as this instance saw it since its start.
    sending: SendingShown,
}

/// What a channel has sent of its day, as one instance saw it last.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayShown {
    /// Messages in 24 hours at most: `per_day`.
    most: u32,
    /// Messages in the last 24 hours; nothing if this instance sent none.
    #[schema(required)]
    used: Option<u32>,
    /// When the day is used up if it goes on as in the last hour.
    #[schema(required)]
    used_up_at: Option<String>,
}

impl DayShown {
    fn of(most: u32, day: Option<Day>) -> Self {
        DayShown { most, used: day.map(|day| day.used), used_up_at: day.and_then(|day| day.used_up_at).map(rfc3339) }
    }
}

/// How sending over a channel went, as one instance saw it since its start.
#[derive(Debug, Serialize, ToSchema)]
pub struct SendingShown {
    /// When the provider took a message last.
    #[schema(required)]
    accepted_at: Option<String>,
    /// Attempts in a row that it did not take.
    failing: u32,
    /// The last attempt that it did not take.
    #[schema(required)]
    last_error: Option<SendError>,
}

/// An attempt that the provider did not take.
#[derive(Debug, Serialize, ToSchema)]
pub struct SendError {
    /// When.
    at: String,
    /// What became of it: retry, retry_unsure, failed, unsure.
    outcome: &'static str,
    /// Why, if it is given up.
    #[schema(required)]
    reason: Option<String>,
}

/// What waits where.
#[derive(Debug, Serialize, ToSchema)]
pub struct Status {
    /// The version of the program.
    program: &'static str,
    /// The database of the record.
    database: &'static str,
    /// Contacts that are being worked on or have an alarm.
    contacts_waiting: u64,
    /// Lanes of messages, calls and reports that are not empty, by where they go.
    work: Vec<WorkShown>,
    /// Effects and inputs of contacts of the key's mode that failed visibly: `GET /v1/failed`.
    failed: u64,
    /// How long the longest overdue contact or message has been due, in milliseconds.
    overdue_ms: i64,
    /// Entries of the journal that are not in the record yet.
    journal_entries: u64,
    /// Flows whose files have mistakes: they run as they were published last, or not at all.
    flows_refused: usize,
    /// The apis that flows call.
    apis: Vec<ApiShown>,
}

/// What waits in one place.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkShown {
    /// What kind of work it is.
    kind: WorkKind,
    /// The channel or endpoint.
    #[schema(required)]
    name: Option<String>,
    /// Lanes that are not empty.
    lanes: u64,
}

/// A kind of work.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WorkKind {
    /// Messages of conversations.
    Talk,
    /// Messages to many.
    Bulk,
    /// Calls to apis.
    Call,
    /// Inputs for other contacts.
    Post,
    /// Contacts on their way to become part of another.
    Move,
    /// Reports to an endpoint.
    Hook,
}

/// An api that flows call.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiShown {
    /// Its name.
    name: String,
    /// Whether this instance calls it now.
    circuit: Circuit,
}

/// Whether an api is called, or a channel's provider.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Circuit {
    /// It is.
    Closed,
    /// It failed again and again, and is left alone for a while.
    Open,
}

impl WorkShown {
    fn of((set, lanes): (WorkSet, u64)) -> Self {
        let (kind, name) = match set {
            WorkSet::Talk(channel) => (WorkKind::Talk, Some(channel)),
            WorkSet::Bulk(channel) => (WorkKind::Bulk, Some(channel)),
            WorkSet::Call => (WorkKind::Call, None),
            WorkSet::Post => (WorkKind::Post, None),
            WorkSet::Move => (WorkKind::Move, None),
            WorkSet::Hook(endpoint) => (WorkKind::Hook, Some(endpoint)),
        };
        WorkShown { kind, name: name.map(|name| name.to_string()), lanes }
    }
}

impl SendingShown {
    fn of(health: ChannelHealth) -> Self {
        let error =
            |(at, outcome, reason): (Millis, &'static str, Option<String>)| SendError { at: rfc3339(at), outcome, reason };
        SendingShown {
            accepted_at: health.accepted_at.map(rfc3339),
            failing: health.failing,
            last_error: health.last_error.map(error),
        }
    }
}

pub(super) async fn depths(web: &Web) -> Result<Depths, Failure> {
    let core = Arc::clone(&web.core);
    let asked = web.engine.spawn(async move { core.store().depths().await }).await.map_err(|_| Failure::Unavailable)?;
    asked.map_err(|error| {
        tracing::warn!(%error, "what waits where could not be asked");
        Failure::Unavailable
    })
}

/// The channels, and how sending over them goes
#[utoipa::path(get, path = "/v1/channels", tag = "Operations", operation_id = "list_channels", security(("key" = ["operations:read"])),
    responses((status = 200, description = "All of them", body = Channels)))]
pub async fn channels(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    looked(&web, &request, &mut payload, Scope::OperationsRead).await?;
    Query::read(&request, &[])?;
    let depths = depths(&web).await?;
    let (world, broken) = (web.core.world(), web.core.broken_channels());
    let items = world.channels.values().map(|channel| {
        let ours = |set: &WorkSet| matches!(set, WorkSet::Talk(name) | WorkSet::Bulk(name) if *name == channel.name);
        ChannelShown {
            name: channel.name.to_string(),
            kind: channel.kind.as_str(),
            provider: channel.adapter.provider(),
            simulated: world.project.channels.get(&channel.name).is_some_and(|known| known.simulated),
            per_second: channel.policy.per_second,
            waiting: depths.work.iter().filter(|(set, _)| ours(set)).map(|(_, n)| n).sum(),
            pace: web.core.channel_pace(&channel.name),
            day: channel.policy.per_day.map(|most| DayShown::of(most, web.core.channel_day(&channel.name))),
            circuit: if broken.contains(&channel.name) { Circuit::Open } else { Circuit::Closed },
            stand_ins: channel.policy.stand_ins.iter().map(ToString::to_string).collect(),
            holds: HoldShown::all(&web, &channel.name),
            sending: SendingShown::of(web.core.channel_health(&channel.name)),
        }
    });
    Ok(HttpResponse::Ok().json(Channels { items: items.collect() }))
}

/// What waits where, and what is left alone
///
/// How busy the service is, with whatever: the work of live and test contacts waits in one place. What failed is told of the key's mode.
#[utoipa::path(get, path = "/v1/status", tag = "Operations", operation_id = "get_status", security(("key" = ["operations:read"])),
    responses((status = 200, description = "How it is", body = Status)))]
pub async fn status(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::OperationsRead).await?;
    Query::read(&request, &[])?;
    let depths = depths(&web).await?;
    let tried = match depths.failed {
        0 => 0,
        _ => failed::own(&web, Mode::Test, None, usize::MAX).await?.len() as u64,
    };
    let broken = web.core.broken_apis();
    let api = |name: &crate::domain::name::Slug| ApiShown {
        name: name.to_string(),
        circuit: if broken.contains(name) { Circuit::Open } else { Circuit::Closed },
    };
    Ok(HttpResponse::Ok().json(Status {
        program: env!("CARGO_PKG_VERSION"),
        database: web.record.dialect().as_str(),
        contacts_waiting: depths.attention,
        work: depths.work.into_iter().map(WorkShown::of).collect(),
        failed: if caller.mode == Mode::Test { tried } else { depths.failed.saturating_sub(tried) },
        overdue_ms: depths.lag.0.max(0),
        journal_entries: depths.journal_entries,
        flows_refused: web.core.versions().refused(),
        apis: web.core.world().apis.keys().map(api).collect(),
    }))
}

/// The settings as they are in force
///
/// As in the project's file, with what is not given from the defaults and what stands above both from the environment. Of secrets it only says that there is one.
#[utoipa::path(get, path = "/v1/settings", tag = "Operations", operation_id = "get_settings", security(("key" = ["operations:read"])),
    responses((status = 200, description = "By section", body = Object)))]
pub async fn settings(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    looked(&web, &request, &mut payload, Scope::OperationsRead).await?;
    Query::read(&request, &[])?;
    let shown: &Json = &web.settings;
    Ok(HttpResponse::Ok().json(shown))
}
