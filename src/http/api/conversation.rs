//! Where a contact's runs rest, beginning and ending them, and the conversations that wait for persons.

use super::{BODY, Done, Fields, Once, Page, Query, asked, audit, looked, recorded};
use crate::domain::id::ContactKey;
use crate::domain::input::OperatorAction;
use crate::domain::name::{Name, Slug};
use crate::domain::scope::Scope;
use crate::domain::shape::Shape;
use crate::domain::time::Millis;
use crate::domain::value::{Value, rfc3339};
use crate::engine::record::{Record, Run, Waiting};
use crate::flow::catalog::Catalog;
use crate::flow::definition::{Flow, Origin, Slot};
use crate::history::Cell;
use crate::http::caller::Caller;
use crate::http::error::Failure;
use crate::http::handoff::{Acted, contact, record_of};
use crate::http::web::Web;
use crate::service::Received;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;
use utoipa::ToSchema;

/// Where a contact's conversation stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Conversation {
    /// The contact's key.
    contact: String,
    /// The live runs, the oldest first.
    runs: Vec<LiveRun>,
    /// Flows that begin when no question is open any more.
    waiting: Vec<String>,
}

/// A run that is not over.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveRun {
    /// Its id.
    id: String,
    /// Its flow.
    flow: String,
    /// The version of the flow.
    version: String,
    /// The key that it began with.
    #[schema(required)]
    key: Option<String>,
    /// When it began.
    began_at: String,
    /// The sub-flow in which it is, if it is in one.
    #[schema(required)]
    inside: Option<String>,
    /// The state in which it rests.
    state: String,
    /// What it waits for.
    waits_for: WaitsFor,
    /// When it goes on by itself.
    #[schema(required)]
    until: Option<String>,
    /// When it is over whatever happens.
    expires_at: String,
    /// The open question, if there is one.
    #[schema(required)]
    question: Option<OpenQuestion>,
    /// Its variables that have a value; of private ones null.
    #[schema(value_type = Object)]
    variables: Map<String, Json>,
}

/// What a run waits for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WaitsFor {
    /// A reply.
    Reply,
    /// That its question is asked again.
    Paused,
    /// That another question is closed.
    Turn,
    /// The result of a call.
    Call,
    /// A moment.
    Time,
    /// The hours in which it may go on.
    Hours,
    /// That a message arrives.
    Delivery,
    /// An event.
    Event,
    /// Further events of a batch.
    Digest,
    /// That a person takes the conversation over.
    Person,
    /// The person who has the conversation.
    Taken,
}

/// A question that is open.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenQuestion {
    /// The language in which it was asked.
    language: String,
    /// How often a reply was no answer.
    wrong: u32,
    /// How often there was no reply.
    silent: u32,
    /// When it is silence.
    silence_at: String,
}

impl LiveRun {
    fn of(run: &Run, record: &Record, catalog: &Catalog) -> Self {
        let at = |moment: Millis| rfc3339(moment - record.clock.ahead);
        let frame = run.frame();
        let found = catalog.version(frame.version);
        let inside = found.map(|flow| flow.name.to_string()).filter(|name| *name != run.flow.as_str());
        let (waits_for, until) = waits(run);
        let question = run.question().map(|question| OpenQuestion {
            language: question.language.to_string(),
            wrong: question.wrong,
            silent: question.silent,
            silence_at: at(question.until),
        });
        LiveRun {
            id: run.id.to_string(),
            flow: run.flow.to_string(),
            version: run.frames.first().map_or(frame.version, |first| first.version).to_string(),
            key: run.key.clone(),
            began_at: at(run.begun),
            inside,
            state: found.map_or("?", |flow| flow.state_name(frame.state)).to_owned(),
            waits_for,
            until: until.map(at),
            expires_at: at(run.expires),
            question,
            variables: found.map(|flow| variables(run, flow)).unwrap_or_default(),
        }
    }
}

fn variables(run: &Run, flow: &Flow) -> Map<String, Json> {
    let mut shown = Map::new();
    for (place, (name, variable)) in flow.variables.iter().enumerate() {
        let slot = Slot(u16::try_from(place).unwrap_or(u16::MAX));
        if let Some(value) = run.frame().vars.get(slot) {
            shown.insert(name.to_string(), if variable.private { Json::Null } else { value.to_json() });
        }
    }
    shown
}

fn waits(run: &Run) -> (WaitsFor, Option<Millis>) {
    match &run.waiting {
        Waiting::Reply(question) => (WaitsFor::Reply, Some(question.alarm())),
        Waiting::Paused { .. } => (WaitsFor::Paused, None),
        Waiting::Turn => (WaitsFor::Turn, None),
        Waiting::Call { until, .. } => (WaitsFor::Call, Some(*until)),
        Waiting::Time { until } => (WaitsFor::Time, Some(*until)),
        Waiting::Held { until, .. } | Waiting::Hours { until } => (WaitsFor::Hours, Some(*until)),
        Waiting::Delivery { .. } => (WaitsFor::Delivery, None),
        Waiting::Event { until } => (WaitsFor::Event, Some(*until)),
        Waiting::Digest { items, .. } if items.is_empty() => (WaitsFor::Digest, None),
        Waiting::Digest { until, .. } => (WaitsFor::Digest, Some(*until)),
        Waiting::Person { until, taken: None, .. } => (WaitsFor::Person, Some(*until)),
        Waiting::Person { .. } => (WaitsFor::Taken, None),
    }
}

/// The record of a contact whom this caller may see: one of the key's mode.
async fn seen(web: &Web, caller: &Caller, id: &str) -> Result<(ContactKey, Record), Failure> {
    let key = contact(id)?;
    let record = record_of(&web.core, key).await?;
    if caller.sees(&record) { Ok((key, record)) } else { Err(Failure::NotFound) }
}

/// Where a contact's runs rest, what they wait for, and their variables
#[utoipa::path(get, path = "/v1/contacts/{id}/conversation", tag = "Conversations", operation_id = "get_conversation",
    params(("id" = String, Path, description = "The contact's key")), security(("key" = ["conversations:read"])),
    responses((status = 200, description = "Where they are", body = Conversation), (status = 404, description = "No such contact")))]
pub async fn show(web: Data<Web>, id: Path<String>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::ConversationsRead).await?;
    Query::read(&request, &[])?;
    let (key, record) = seen(&web, &caller, &id).await?;
    let catalog = web.core.versions().catalog();
    Ok(HttpResponse::Ok().json(Conversation {
        contact: key.to_string(),
        runs: record.runs.iter().map(|run| LiveRun::of(run, &record, &catalog)).collect(),
        waiting: record.waiting.iter().map(|start| start.flow.to_string()).collect(),
    }))
}

/// A run that is to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRun {
    /// The flow.
    pub flow: String,
    /// Values for what it needs.
    #[schema(value_type = Option<Object>)]
    pub with: Option<Map<String, Json>>,
}

/// Begin a run of a flow's current version
///
/// Whatever its start says. It is stored, and begins in the order of everything else that happens to the contact, who must be known.
#[utoipa::path(post, path = "/v1/contacts/{id}/runs", tag = "Conversations", operation_id = "begin_run",
    params(("id" = String, Path, description = "The contact's key")), security(("key" = ["conversations:write"])),
    request_body = NewRun,
    responses((status = 202, description = "It is stored", body = Acted), (status = 404, description = "No such contact"),
        (status = 409, description = "The flow is paused; or the request's name came with another body")))]
pub async fn begin(
    web: Data<Web>,
    id: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::ConversationsWrite, BODY).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let mut fields = Fields::read(&body)?;
    let name = fields.needed("flow", 128, "the flow's name")?;
    let given = match fields.take("with") {
        None => Map::new(),
        Some(Json::Object(given)) => given,
        Some(_) => return Err(invalid("with", "is not an object")),
    };
    fields.finish()?;
    let flow =
        web.core.versions().catalog().current(&name).cloned().ok_or_else(|| invalid("flow", "there is none of this name"))?;
    let with = values(&flow, given, web.core.world().project.country.as_deref())?;
    let (key, record) = seen(&web, &caller, &id).await?;
    let action = OperatorAction::Begin { flow: flow.name.clone(), with, sending: None };
    operate(&web, &caller, once, (key, record.test), "run.begin", json!({ "flow": flow.name.as_str() }), action).await
}

/// The values of a run's variables, each of its type.
pub fn values(flow: &Flow, given: Map<String, Json>, country: Option<&str>) -> Result<Vec<(Name, Value)>, Failure> {
    let mut with = Vec::new();
    for (name, json) in given {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
        let at = format!("with.{shown}");
        let found = flow.variables.get_key_value(name.as_str()).filter(|(_, variable)| !matches!(variable.origin, Origin::Saved));
        let Some((name, variable)) = found else {
            return Err(Failure::Unfit { at, reason: "is nothing that this flow can be given".to_owned() });
        };
        let value = Value::from_json(json);
        let fits = Shape::of(variable.kind).check(&value, &at, country);
        fits.map_err(|misfit| Failure::Unfit { at: misfit.at, reason: misfit.reason })?;
        with.push((name.clone(), value));
    }
    let lacks = flow.variables.iter().find(|(name, variable)| {
        matches!(variable.origin, Origin::Need { default: None }) && !with.iter().any(|(given, _)| given == *name)
    });
    match lacks {
        None => Ok(with),
        Some((name, _)) => Err(Failure::Unfit { at: format!("with.{name}"), reason: "is missing: the flow needs it".to_owned() }),
    }
}

/// End all runs of a contact
///
/// They end as `interrupted`, also those that wait for their turn.
#[utoipa::path(post, path = "/v1/contacts/{id}/runs/end", tag = "Conversations", operation_id = "end_runs",
    params(("id" = String, Path, description = "The contact's key")), security(("key" = ["conversations:write"])),
    responses((status = 202, description = "It is stored", body = Acted), (status = 404, description = "No such contact")))]
pub async fn end(web: Data<Web>, id: Path<String>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::ConversationsWrite, BODY).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    Fields::read(&body)?.finish()?;
    let (key, record) = seen(&web, &caller, &id).await?;
    let detail = json!({ "runs": record.runs.len() });
    operate(&web, &caller, once, (key, record.test), "runs.end", detail, OperatorAction::EndRuns).await
}

async fn operate(
    web: &Data<Web>,
    caller: &Caller,
    once: Once,
    (key, is_test): (ContactKey, bool),
    what: &'static str,
    detail: Json,
    action: OperatorAction,
) -> Result<HttpResponse, Failure> {
    let id = format!("api/{what}/{key}/{}", once.name());
    let act = audit::act(web, caller, what, Some(key.to_string()), detail);
    let (core, record) = (Arc::clone(&web.core), web.record.clone());
    let begins = match &action {
        OperatorAction::Begin { flow, .. } if !is_test => Some(flow.clone()),
        _ => None,
    };
    let work = async move {
        // Only now: what began before the pause is answered as it was then.
        if let Some(flow) = begins.filter(|flow| core.versions().catalog().is_paused(flow)) {
            return Err(Failure::Conflict { reason: format!("the flow `{flow}` is paused: no run of it begins") });
        }
        let input = crate::domain::id::InputId::of(crate::domain::id::DedupeHash::of(&["operator", &id]));
        audit::noted(&record, &act).await?;
        match core.operate(key, action, &id).await {
            Ok(Received::Full) => Err(Failure::Unavailable),
            Ok(_) => Ok(Done::new(StatusCode::ACCEPTED, Acted { id: input.to_string() })),
            Err(error) => {
                tracing::error!(%error, "what an operator does could not be stored");
                Err(Failure::Unavailable)
            }
        }
    };
    once.answer(web, work).await
}

/// A conversation that was handed over.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenHandoff {
    /// The contact's key.
    contact: String,
    /// The run that waits.
    run: String,
    /// The team.
    team: String,
    /// What the flow says about it.
    #[schema(required)]
    note: Option<String>,
    /// Since when.
    opened_at: String,
    /// When nobody is waited for any more.
    #[schema(required)]
    until: Option<String>,
    /// When somebody took it.
    #[schema(required)]
    taken_at: Option<String>,
    /// Who took it.
    #[schema(required)]
    taken_by: Option<String>,
}

/// The conversations that are with persons or wait for one, the longest open first
#[utoipa::path(get, path = "/v1/handoffs", tag = "Hand-offs", operation_id = "list_handoffs", security(("key" = ["conversations:read"])),
    params(
        ("team" = Option<String>, Query, description = "Only of this team"),
        ("taken" = Option<bool>, Query, description = "Only those that somebody took, or nobody"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "A page of them", body = Page<OpenHandoff>)))]
pub async fn handoffs(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::ConversationsRead).await?;
    let query = Query::read(&request, &["team", "taken", "limit", "cursor"])?;
    let limit = query.limit()?;
    let team = query.parsed("team", "the name of a team", |text| Slug::parse(text).ok())?;
    let after = query.cursor::<(i64, String, String)>()?;
    let mut params: Vec<Cell> = vec![(limit + 1).into(), caller.mode.as_str().into()];
    let mut sql = "SELECT h.contact, h.run, h.team, h.note, h.opened_at, h.until, h.taken_at, h.taken_by FROM handoff h \
                   JOIN contact c ON c.id = h.contact WHERE h.closed_at IS NULL AND c.mode = $2"
        .to_owned();
    if let Some(team) = team {
        params.push(team.into());
        sql.push_str(&format!(" AND h.team = ${}", params.len()));
    }
    match query.boolean("taken")? {
        Some(true) => sql.push_str(" AND h.taken_at IS NOT NULL"),
        Some(false) => sql.push_str(" AND h.taken_at IS NULL"),
        None => {}
    }
    if let Some((at, contact, run)) = after {
        params.extend([Cell::Int(at), contact.into(), run.into()]);
        let n = params.len();
        sql.push_str(&format!(" AND (h.opened_at, h.contact, h.run) > (${}, ${}, ${n})", n - 2, n - 1));
    }
    sql.push_str(" ORDER BY h.opened_at, h.contact, h.run LIMIT $1");
    let record = web.record.clone();
    let work = async move {
        let mut found = Vec::new();
        for row in record.read(&sql, &params).await? {
            let opened = row.at(4)?;
            let text = |i| Ok::<_, crate::history::HistoryError>(row.opt_text(i)?.map(str::to_owned));
            let shown = OpenHandoff {
                contact: row.text(0)?.to_owned(),
                run: row.text(1)?.to_owned(),
                team: row.text(2)?.to_owned(),
                note: text(3)?,
                opened_at: rfc3339(opened),
                until: row.opt_at(5)?.map(rfc3339),
                taken_at: row.opt_at(6)?.map(rfc3339),
                taken_by: text(7)?,
            };
            found.push((opened, shown));
        }
        Ok(found)
    };
    let found = recorded(&web, work).await?;
    let page = Page::cut(found, limit, |(at, one)| (at.0, one.contact.clone(), one.run.clone()));
    Ok(HttpResponse::Ok().json(page.map(|(_, one)| one)))
}

fn invalid(field: &'static str, reason: impl Into<String>) -> Failure {
    Failure::Invalid { field, reason: reason.into() }
}
