//! Conversations that a flow gave to a person: what was said, and what the person does. 202 means that it is stored; it is
//! done in the order of everything else that happens to the contact.

use super::body;
use super::error::Failure;
use super::web::Web;
use crate::domain::codec;
use crate::domain::id::{ContactKey, DedupeHash, InputId};
use crate::domain::input::OperatorAction;
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use crate::domain::value::rfc3339;
use crate::engine::record::{Record, Said, Waiting};
use crate::engine::write::{Refused, way};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// Bytes of a body: a text of 4,096 characters in any script, escaped.
const BODY: usize = 64 * 1024;
/// Bytes of a name or an id.
const NAME: usize = 128;
/// Characters of the note of a resolution.
const NOTE: usize = 2_000;

/// `GET /v1/contacts/{id}/handoff`: where the conversation is, and what was said since it was handed over.
pub async fn state(
    web: Data<Web>,
    id: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    body::read(&mut payload, BODY, &web.memory, web.request_timeout).await?;
    may(&web, &request)?;
    let contact = contact(&id)?;
    let record = known(&web, contact).await?;
    Ok(HttpResponse::Ok().json(shown(contact, &record)))
}

/// `POST /v1/contacts/{id}/handoff/take`: `{by, id?}`
pub async fn take(web: Data<Web>, id: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let mut asked = Asked::read(&web, &request, payload).await?;
    let action = OperatorAction::Take { by: asked.by()? };
    let act = asked.finish(&id, "take")?;
    act.check(&web, |record, _| if record.is_with_person() { Ok(()) } else { Err(Refused::NotHandedOver) })
        .await?
        .then(action)
        .await
}

/// `POST /v1/contacts/{id}/handoff/messages`: `{by, text, channel?, id?}`
pub async fn write(web: Data<Web>, id: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let mut asked = Asked::read(&web, &request, payload).await?;
    let text = asked.text("text", 4 * 4_096)?.ok_or_else(|| invalid("text", "is missing"))?;
    let channel = match asked.text("channel", NAME)? {
        None => None,
        Some(name) => Some(ChannelName::parse(&name).map_err(|bad| invalid("channel", bad.reason))?),
    };
    let action = OperatorAction::Write { by: asked.by()?, text: text.clone(), channel: channel.clone() };
    let act = asked.finish(&id, "write")?;
    let project = Arc::clone(&web.core.world().project);
    act.check(&web, |record, now| way(record, &project, &text, channel.as_ref(), now).map(drop)).await?.then(action).await
}

/// `POST /v1/contacts/{id}/handoff/resolve`: `{by, note?, id?}`
pub async fn resolve(web: Data<Web>, id: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let mut asked = Asked::read(&web, &request, payload).await?;
    let note = asked.text("note", 4 * NOTE)?;
    if note.as_ref().is_some_and(|note| note.chars().count() > NOTE) {
        return Err(invalid("note", "is longer than 2000 characters"));
    }
    let action = OperatorAction::Resolve { by: asked.by()?, note };
    let act = asked.finish(&id, "resolve")?;
    act.check(&web, |record, _| if record.is_with_person() { Ok(()) } else { Err(Refused::NotHandedOver) })
        .await?
        .then(action)
        .await
}

/// What a request asks for, while its fields are taken out.
struct Asked {
    fields: Map<String, Json>,
    key: Option<String>,
}

impl Asked {
    async fn read(web: &Web, request: &HttpRequest, mut payload: Payload) -> Result<Self, Failure> {
        let body = body::read(&mut payload, BODY, &web.memory, web.request_timeout).await?;
        may(web, request)?;
        let json: Json = serde_json::from_slice(&body).map_err(|_| Failure::Malformed("the body is not JSON"))?;
        let Json::Object(fields) = json else { return Err(Failure::Malformed("the body is JSON but no object")) };
        Ok(Asked { fields, key: super::events::key(request)? })
    }

    fn text(&mut self, field: &'static str, bytes: usize) -> Result<Option<String>, Failure> {
        match self.fields.remove(field) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) if !text.trim().is_empty() && text.len() <= bytes => Ok(Some(text)),
            Some(_) => Err(Failure::Invalid { field, reason: format!("is not text of 1 to {bytes} bytes") }),
        }
    }

    fn by(&mut self) -> Result<String, Failure> {
        self.text("by", NAME)?.ok_or_else(|| invalid("by", "is missing: who does it, for example a name or an email address"))
    }

    fn finish(mut self, contact: &str, what: &str) -> Result<Act, Failure> {
        let contact = self::contact(contact)?;
        let id = self.text("id", NAME)?.or(self.key.take());
        if let Some(unknown) = self.fields.keys().next() {
            let known = "is no field here";
            let unknown: String = unknown.chars().filter(|c| !c.is_control()).take(40).collect();
            return Err(Failure::Invalid { field: "body", reason: format!("`{unknown}` {known}") });
        }
        let repeats = id.is_some();
        let id = id.unwrap_or_else(|| format!("{:032x}", rand_id()));
        Ok(Act { contact, id: format!("handoff/{what}/{contact}/{id}"), repeats })
    }
}

/// What a person does to whom.
struct Act {
    contact: ContactKey,
    /// The same for the same request.
    id: String,
    /// Whether the caller named it, and may repeat it.
    repeats: bool,
}

enum Checked {
    Done(InputId),
    ToDo(Data<Web>, Act),
}

impl Act {
    fn input(&self) -> InputId {
        InputId::of(DedupeHash::of(&["operator", &self.id]))
    }

    /// Looks whether it can be done now; what was done already is done, whatever is the case now.
    async fn check(
        self,
        web: &Data<Web>,
        judge: impl FnOnce(&Record, Millis) -> Result<(), Refused>,
    ) -> Result<Checked, Failure> {
        let record = known(web, self.contact).await?;
        let input = self.input();
        if self.repeats && record.acts.contains(&input) {
            return Ok(Checked::Done(input));
        }
        let now = web.core.store_now() + record.clock.ahead;
        judge(&record, now).map_err(refused)?;
        Ok(Checked::ToDo(web.clone(), self))
    }
}

impl Checked {
    async fn then(self, action: OperatorAction) -> Result<HttpResponse, Failure> {
        let input = match self {
            Checked::Done(input) => input,
            Checked::ToDo(web, act) => {
                let input = act.input();
                let core = Arc::clone(&web.core);
                let done = web.engine.spawn(async move { core.operate(act.contact, action, &act.id).await });
                match done.await.map_err(|_| Failure::Unavailable)? {
                    Ok(_) => input,
                    Err(error) => {
                        tracing::error!(%error, "what a person did could not be stored");
                        return Err(Failure::Unavailable);
                    }
                }
            }
        };
        Ok(HttpResponse::Accepted().json(json!({ "id": input.to_string() })))
    }
}

fn may(web: &Web, request: &HttpRequest) -> Result<(), Failure> {
    web.events.check(request)?;
    web.buckets.api.take().map_err(|after| Failure::TooMany { after })
}

/// The contact as the journal and alerts name it.
fn contact(id: &str) -> Result<ContactKey, Failure> {
    ContactKey::parse(id).ok_or_else(|| invalid("contact", "is not a contact's key, the 22 characters that the journal shows"))
}

async fn known(web: &Web, contact: ContactKey) -> Result<Record, Failure> {
    let found = web.core.store().inspect(contact).await.map_err(|error| {
        tracing::warn!(%error, "a contact could not be looked at");
        Failure::Unavailable
    })?;
    let blob = found.map(|inspection| inspection.record.blob).filter(|blob| !blob.is_empty()).ok_or(Failure::NotFound)?;
    codec::decode::<Record>(&blob).map_err(|_| Failure::Unavailable)
}

fn invalid(field: &'static str, reason: impl Into<String>) -> Failure {
    Failure::Invalid { field, reason: reason.into() }
}

fn refused(why: Refused) -> Failure {
    let reason = why.to_string();
    match why {
        Refused::NotHandedOver | Refused::OptedOut(_) | Refused::WindowClosed(_) => Failure::Conflict { reason },
        Refused::Empty | Refused::TooLong { .. } => Failure::Invalid { field: "text", reason },
        Refused::NoChannel(_) | Refused::NeverWrote | Refused::NoAddress(_) => Failure::Invalid { field: "channel", reason },
    }
}

/// A name for an act that the caller does not repeat.
fn rand_id() -> u128 {
    rand::random()
}

fn shown(contact: ContactKey, record: &Record) -> Json {
    let at = |moment: Millis| rfc3339(moment - record.clock.ahead);
    let mut handoffs = Vec::new();
    let mut talk = None;
    for run in &record.runs {
        let Waiting::Person { until, taken, to, note, talk: said, .. } = &run.waiting else { continue };
        let until = taken.is_none().then(|| at(*until));
        handoffs.push(json!({
            "run": run.id.to_string(), "flow": run.flow.as_str(), "to": to.as_str(), "note": note, "by": taken, "until": until,
        }));
        talk.get_or_insert(said);
    }
    let state = match handoffs.iter().any(|one| one["by"].is_string()) {
        true => "taken",
        false if handoffs.is_empty() => "none",
        false => "awaited",
    };
    let message = |said: &Said| {
        json!({
            "id": said.id, "at": at(said.at), "from": if said.by.is_some() { "person" } else { "contact" }, "by": said.by,
            "channel": said.channel.as_ref().map(|channel| channel.as_str()), "text": said.text,
            "media": said.media.as_ref().map(crate::domain::value::Value::to_json), "refused": said.refused,
        })
    };
    let messages: Vec<Json> = talk.map(|talk| talk.said.iter().map(message).collect()).unwrap_or_default();
    let older = talk.map_or(0, |talk| talk.older);
    json!({ "contact": contact.to_string(), "state": state, "handoffs": handoffs, "messages": messages, "older": older })
}
