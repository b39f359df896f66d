//! `GET /v1/integrations`: the other systems that are told what happens, how far behind each is, and how it answers.

use super::operations::depths;
use super::{Query, looked, recorded};
use crate::config::sinks::SinkKind;
use crate::domain::desk::desk_set;
use crate::domain::name::Slug;
use crate::domain::scope::Scope;
use crate::domain::value::rfc3339;
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::service::{Answering, Shelf, Standing, System};
use crate::store::{Depths, WorkSet};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

/// The other systems that are told what happens.
#[derive(Debug, Serialize, ToSchema)]
pub struct Integrations {
    /// Those that get reports: `[endpoints]`.
    endpoints: Vec<EndpointShown>,
    /// Help desks: `[desks]`.
    desks: Vec<DeskShown>,
    /// Analytics services: `[sinks]`.
    sinks: Vec<SinkShown>,
}

/// A system that gets reports.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointShown {
    /// Its name.
    name: String,
    /// Reports that wait to be taken.
    waiting: u64,
    /// How it answers.
    answers: AnswersShown,
}

/// A help desk.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeskShown {
    /// Its name.
    name: String,
    /// The service: chatwoot or zendesk.
    kind: &'static str,
    /// The teams that work there; empty: all.
    teams: Vec<String>,
    /// Hand-offs with something that is still to be done there.
    waiting: u64,
    /// How it answers.
    answers: AnswersShown,
}

/// An analytics service.
#[derive(Debug, Serialize, ToSchema)]
pub struct SinkShown {
    /// Its name.
    name: String,
    /// The service: mixpanel, segment or amplitude.
    kind: &'static str,
    /// Rows that it took, over all instances and starts.
    sent: u64,
    /// Rows that it refused.
    dropped: u64,
    /// Entries of the journal that were too old before it could be told.
    missed: u64,
    /// Entries that it is still to be told of; at most 100,000 are counted.
    waiting: u64,
    /// When the oldest of them happened.
    #[schema(required)]
    waiting_since: Option<String>,
    /// How it answers.
    answers: AnswersShown,
}

/// How a system answered, as the instance that is asked saw it since its start.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswersShown {
    /// When it took something last.
    #[schema(required)]
    taken_at: Option<String>,
    /// Requests in a row that it did not take.
    failing: u32,
    /// The last request that it did not take.
    #[schema(required)]
    last_error: Option<AnswerError>,
}

/// A request that was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswerError {
    /// When.
    at: String,
    /// What became of it, as metrics count it: `4xx`, `5xx`, `timeout`, `refused` …
    outcome: &'static str,
}

impl AnswersShown {
    fn of(answering: Answering) -> Self {
        let Answering { taken_at, failing, last_error } = answering;
        let error = last_error.map(|(at, outcome)| AnswerError { at: rfc3339(at), outcome });
        AnswersShown { taken_at: taken_at.map(rfc3339), failing, last_error: error }
    }
}

impl SinkShown {
    fn of(web: &Web, (name, kind): &(Slug, SinkKind), standing: Option<Standing>) -> Self {
        let nothing = Standing { sent: 0, dropped: 0, missed: 0, waiting: 0, oldest: None };
        let Standing { sent, dropped, missed, waiting, oldest } = standing.unwrap_or(nothing);
        SinkShown {
            name: name.to_string(),
            kind: kind.as_str(),
            sent,
            dropped,
            missed,
            waiting,
            waiting_since: oldest.map(rfc3339),
            answers: AnswersShown::of(web.core.how_it_answers(&System::Sink(name.clone()))),
        }
    }
}

/// Lanes that wait in a set.
fn waiting(depths: &Depths, set: &Slug) -> u64 {
    depths.work.iter().filter(|(of, _)| matches!(of, WorkSet::Hook(name) if name == set)).map(|(_, lanes)| lanes).sum()
}

/// The systems that are told what happens, and how they are
///
/// Endpoints of reports, help desks and analytics services: what waits for each, and how it answers. What waits of test contacts is counted too, though
/// nothing of it leaves.
#[utoipa::path(get, path = "/v1/integrations", tag = "Operations", operation_id = "list_integrations", security(("key" = ["operations:read"])),
    responses((status = 200, description = "All that are configured", body = Integrations)))]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    looked(&web, &request, &mut payload, Scope::OperationsRead).await?;
    Query::read(&request, &[])?;
    let depths = depths(&web).await?;
    let mut sinks = Vec::with_capacity(web.sinks.len());
    for sink in &web.sinks {
        let (record, name) = (web.record.clone(), sink.0.clone());
        let standing = recorded(&web, async move { Shelf::standing(&record, name.as_str()).await }).await?;
        sinks.push(SinkShown::of(&web, sink, standing));
    }
    let world = web.core.world();
    let endpoints = world.endpoints.keys().map(|name| EndpointShown {
        name: name.to_string(),
        waiting: waiting(&depths, name),
        answers: AnswersShown::of(web.core.how_it_answers(&System::Endpoint(name.clone()))),
    });
    let desks = world.desks.values().map(|desk| DeskShown {
        name: desk.name.to_string(),
        kind: desk.kind.as_str(),
        teams: desk.teams.iter().map(ToString::to_string).collect(),
        waiting: desk_set(&desk.name).map_or(0, |set| waiting(&depths, &set)),
        answers: AnswersShown::of(web.core.how_it_answers(&System::Desk(desk.name.clone()))),
    });
    let (endpoints, desks) = (endpoints.collect(), desks.collect());
    Ok(HttpResponse::Ok().json(Integrations { endpoints, desks, sinks }))
}
