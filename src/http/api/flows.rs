//! `/v1/flows` and `/v1/notifications`: what runs, version by version.

use super::pauses::FlowPause;
use super::{Page, Query, looked, recorded};
use crate::domain::id::VersionId;
use crate::domain::mode::Mode;
use crate::domain::name::Slug;
use crate::domain::scope::Scope;
use crate::flow::definition::{Flow, Hop, Kind, Notification, Origin, Start, Trigger};
use crate::flow::version::Version;
use crate::history::Cell;
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// A flow.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlowRow {
    /// Its name.
    name: String,
    /// Its title for people.
    #[schema(required)]
    title: Option<String>,
    /// The version on which new runs begin.
    version: String,
    /// Its former names.
    was: Vec<String>,
    /// Its languages, the first one for contacts of whom none is known.
    languages: Vec<String>,
    /// The channels on which it speaks.
    channels: Vec<String>,
    /// Since when no run of it begins, because somebody paused it.
    #[schema(required)]
    paused: Option<FlowPause>,
}

impl FlowRow {
    fn of(web: &Web, flow: &Flow) -> Self {
        FlowRow {
            name: flow.name.to_string(),
            title: flow.title.clone(),
            version: flow.version.to_string(),
            was: texts(&flow.was),
            languages: texts(&flow.languages),
            channels: texts(&flow.channels),
            paused: FlowPause::of(web, &flow.name),
        }
    }
}

/// A flow and what it is made of.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlowShown {
    /// The flow.
    flow: FlowRow,
    /// Runs of the key's mode that are on this version now.
    live: i64,
    /// What must or can be given when a run begins.
    needs: Vec<FlowNeed>,
    /// What begins runs.
    starts: Vec<FlowStart>,
    /// Its states, in the order of the file.
    states: Vec<FlowState>,
    /// The notifications that it names.
    notifications: Vec<String>,
}

/// What a run or a notification needs.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlowNeed {
    /// Its name.
    name: String,
    /// Its type.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Whether it must be given.
    required: bool,
}

/// What begins a run.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlowStart {
    /// What it is: an event, a webhook, a keyword, or any message.
    by: StartKind,
    /// The event's or webhook's name, or the keywords.
    names: Vec<String>,
    /// The channels on which it does.
    channels: Vec<String>,
}

/// What begins runs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StartKind {
    /// An event.
    Event,
    /// A call of the flow's webhook.
    Webhook,
    /// A message that is one of these words.
    Keyword,
    /// Any message.
    Message,
}

/// A state of a flow.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlowState {
    /// Its name.
    name: String,
    /// What it does.
    does: &'static str,
}

impl FlowStart {
    fn of(start: &Start) -> Self {
        let (by, names) = match &start.trigger {
            Trigger::Event(name) => (StartKind::Event, vec![name.to_string()]),
            Trigger::Webhook(name) => (StartKind::Webhook, vec![name.to_string()]),
            Trigger::Keyword(words) => (StartKind::Keyword, words.clone()),
            Trigger::AnyMessage => (StartKind::Message, Vec::new()),
        };
        FlowStart { by, names, channels: texts(&start.channels) }
    }
}

fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Pass(_) => "go",
        Kind::End(_) => "end",
        Kind::Ask(_) => "ask",
        Kind::Call(_) => "call",
        Kind::Wait(_) => "wait",
        Kind::Split(_) => "split",
        Kind::Deliver(_) => "deliver",
        Kind::Run(_) => "run",
        Kind::Digest(_) => "digest",
        Kind::Handoff(_) => "handoff",
    }
}

fn texts<T: ToString>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

/// A version of a flow: its files, as they were published.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionShown {
    /// The flow.
    flow: String,
    /// The version: the hash of its files.
    version: String,
    /// Whether new runs begin on it.
    current: bool,
    /// Runs of the key's mode that are on it now.
    live: i64,
    /// The flow's file, the notifications that it names, and the pages beside them.
    files: Vec<VersionFile>,
}

/// A file of a version.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionFile {
    /// Where it stands in a project.
    path: String,
    /// What stands in it.
    text: String,
}

/// A notification.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationShown {
    /// Its name.
    name: String,
    /// Its title for people.
    #[schema(required)]
    title: Option<String>,
    /// What it is to the contact and the law: service, marketing or code.
    category: &'static str,
    /// Its languages; none: those of its flow.
    languages: Vec<String>,
    /// The channels, or kinds of channel, that are tried in this order; none: those of its flow.
    route: Vec<String>,
    /// Where it is sent besides.
    also: Vec<String>,
    /// The report with which it has succeeded.
    until: String,
    /// How long that is awaited before the next of the route is tried.
    #[schema(required)]
    within: Option<String>,
    /// The hours in which it is sent.
    #[schema(required)]
    hours: Option<String>,
    /// What must or can be given.
    needs: Vec<FlowNeed>,
    /// The flows that send it.
    flows: Vec<String>,
}

impl NotificationShown {
    fn of(notification: &Notification) -> Self {
        let hop = |hop: &Hop| match hop {
            Hop::Kind(kind) => kind.as_str().to_owned(),
            Hop::Channel(name) => name.to_string(),
        };
        let need = |(name, need): (&crate::domain::name::Name, &crate::flow::definition::Need)| FlowNeed {
            name: name.to_string(),
            kind: need.kind.as_str(),
            required: need.default.is_none(),
        };
        NotificationShown {
            name: notification.name.to_string(),
            title: notification.title.clone(),
            category: notification.category.as_str(),
            languages: texts(&notification.languages),
            route: notification.route.iter().map(hop).collect(),
            also: notification.also.iter().map(hop).collect(),
            until: notification.until.as_str().to_owned(),
            within: notification.within.map(|span| span.to_string()),
            hours: notification.hours.as_ref().map(ToString::to_string),
            needs: notification.needs.iter().map(need).collect(),
            flows: Vec::new(),
        }
    }
}

/// The current flows, by name.
fn flows(web: &Web) -> BTreeMap<String, Arc<Flow>> {
    web.core.versions().catalog().flows().map(|flow| (flow.name.to_string(), Arc::clone(flow))).collect()
}

/// A page of what has names, after the one where the page before ended.
fn page<T>(all: BTreeMap<String, T>, query: &Query) -> Result<Page<(String, T)>, Failure> {
    let (limit, after) = (query.limit()?, query.cursor::<String>()?);
    let rest = all.into_iter().filter(|(name, _)| after.as_ref().is_none_or(|after| name > after));
    Ok(Page::cut(rest.take(limit + 1).collect(), limit, |(name, _)| name.clone()))
}

/// The flows on which new runs begin, by name
#[utoipa::path(get, path = "/v1/flows", tag = "Flows", operation_id = "list_flows", security(("key" = ["flows:read"])),
    params(("limit" = Option<u16>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of them", body = Page<FlowRow>)))]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    looked(&web, &request, &mut payload, Scope::FlowsRead).await?;
    let query = Query::read(&request, &["limit", "cursor"])?;
    Ok(HttpResponse::Ok().json(page(flows(&web), &query)?.map(|(_, flow)| FlowRow::of(&web, &flow))))
}

/// A flow and what it is made of
#[utoipa::path(get, path = "/v1/flows/{name}", tag = "Flows", operation_id = "get_flow", security(("key" = ["flows:read"])),
    params(("name" = String, Path, description = "The flow's name, or a former one")),
    responses((status = 200, description = "It", body = FlowShown), (status = 404, description = "No such flow")))]
pub async fn show(
    web: Data<Web>,
    name: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::FlowsRead).await?;
    Query::read(&request, &[])?;
    let flow = web.core.versions().catalog().current(&name).cloned().ok_or(Failure::NotFound)?;
    let need = |(name, variable): (&crate::domain::name::Name, &crate::flow::definition::Variable)| match &variable.origin {
        Origin::Need { default } => {
            Some(FlowNeed { name: name.to_string(), kind: variable.kind.as_str(), required: default.is_none() })
        }
        Origin::Own(_) | Origin::Saved => None,
    };
    let state = |(name, state): (&crate::domain::name::Name, &crate::flow::definition::State)| FlowState {
        name: name.to_string(),
        does: word(&state.kind),
    };
    Ok(HttpResponse::Ok().json(FlowShown {
        flow: FlowRow::of(&web, &flow),
        live: live(&web, caller.mode, &flow.name, flow.version).await?,
        needs: flow.variables.iter().filter_map(need).collect(),
        starts: flow.starts.iter().map(FlowStart::of).collect(),
        states: flow.states.iter().map(state).collect(),
        notifications: flow.notifications.keys().map(ToString::to_string).collect(),
    }))
}

/// A version of a flow with its files, as they were published
#[utoipa::path(get, path = "/v1/flows/{name}/versions/{id}", tag = "Flows", operation_id = "get_flow_version",
    security(("key" = ["flows:read"])),
    params(("name" = String, Path, description = "The flow's name"), ("id" = String, Path, description = "The version")),
    responses((status = 200, description = "It", body = VersionShown), (status = 404, description = "No such version of this flow")))]
pub async fn version(
    web: Data<Web>,
    place: Path<(String, String)>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::FlowsRead).await?;
    Query::read(&request, &[])?;
    let (name, id) = place.into_inner();
    let name = Slug::parse(&name).map_err(|_| Failure::NotFound)?;
    let id = VersionId::parse(&id).ok_or(Failure::NotFound)?;
    let core = Arc::clone(&web.core);
    let found = web.engine.spawn(async move { core.store().get_version(id).await }).await.map_err(|_| Failure::Unavailable)?;
    let content = found.map_err(unavailable)?.ok_or(Failure::NotFound)?;
    let version = Version::decode(&content).map_err(|error| {
        tracing::error!(%error, version = %id, "a stored version cannot be read");
        Failure::Unavailable
    })?;
    if *version.name() != name {
        return Err(Failure::NotFound);
    }
    let current = web.core.versions().catalog().current(name.as_str()).is_some_and(|flow| flow.version == id);
    let files = version.files().map(|(path, text)| VersionFile { path, text: text.to_owned() }).collect();
    let shown = VersionShown {
        flow: name.to_string(),
        version: id.to_string(),
        current,
        live: live(&web, caller.mode, &name, id).await?,
        files,
    };
    Ok(HttpResponse::Ok().json(shown))
}

/// The notifications that flows send, by name
#[utoipa::path(get, path = "/v1/notifications", tag = "Flows", operation_id = "list_notifications", security(("key" = ["flows:read"])),
    params(("limit" = Option<u16>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of them", body = Page<NotificationShown>)))]
pub async fn notifications(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    looked(&web, &request, &mut payload, Scope::FlowsRead).await?;
    let query = Query::read(&request, &["limit", "cursor"])?;
    let mut all: BTreeMap<String, NotificationShown> = BTreeMap::new();
    for (flow, definition) in flows(&web) {
        for (name, notification) in &definition.notifications {
            let shown = all.entry(name.to_string()).or_insert_with(|| NotificationShown::of(notification));
            shown.flows.push(flow.clone());
        }
    }
    Ok(HttpResponse::Ok().json(page(all, &query)?.map(|(_, notification)| notification)))
}

/// Runs of this mode on a version. The store counts all of them at once; those of test are what the record tells, a moment later.
async fn live(web: &Web, mode: Mode, flow: &Slug, version: VersionId) -> Result<i64, Failure> {
    const TRIED: &str = "SELECT count(*) FROM run WHERE flow = $1 AND mode = 'test' AND version = $2 AND ended_at IS NULL";
    let (record, params) = (web.record.clone(), [Cell::from(flow.as_str()), version.to_string().into()]);
    let tried = recorded(web, async move { record.read(TRIED, &params).await?.first().map_or(Ok(0), |row| row.int(0)) }).await?;
    if mode == Mode::Test {
        return Ok(tried);
    }
    let core = Arc::clone(&web.core);
    let found = web.engine.spawn(async move { core.store().live(version).await }).await;
    let all = found.map_err(|_| Failure::Unavailable)?.map_err(unavailable)?;
    Ok(all.saturating_sub(tried).max(0))
}

fn unavailable(error: crate::store::StoreError) -> Failure {
    tracing::warn!(%error, "the store could not say what a version is");
    Failure::Unavailable
}
