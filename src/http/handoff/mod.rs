//! Conversations that a flow gave to a person: what was said, and what the person does. 202 means that it is stored; it is
//! done in the order of everything else that happens to the contact.

mod view;

pub use view::{Acted, Handoff, Resolve, Take, Write};

use super::api::{Done, Fields, Once, Query, asked, audit, looked};
use super::caller::Caller;
use super::error::Failure;
use super::web::Web;
use crate::domain::id::{ContactKey, DedupeHash, InputId};
use crate::domain::input::OperatorAction;
use crate::domain::name::ChannelName;
use crate::domain::scope::Scope;
use crate::domain::suppression::Barred;
use crate::domain::time::Millis;
use crate::engine::record::Record;
use crate::engine::write::{Refused, way};
use crate::history::Database;
use crate::history::audit::insert;
use crate::service::{Core, Received};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Bytes of a body: a text of 4,096 characters in any script, escaped.
const BODY: usize = 64 * 1024;
/// Bytes of a name or an id.
const NAME: usize = 128;
/// Characters of the note of a resolution.
const NOTE: usize = 2_000;

/// Where a conversation that was handed over is, and what was said since
#[utoipa::path(get, path = "/v1/contacts/{id}/handoff", tag = "Hand-offs", operation_id = "get_handoff",
    params(("id" = String, Path, description = "The contact's key")), security(("key" = ["conversations:read"])),
    responses((status = 200, description = "Where it is", body = view::Handoff), (status = 404, description = "No such contact")))]
pub async fn state(
    web: Data<Web>,
    id: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::ConversationsRead).await?;
    Query::read(&request, &[])?;
    let contact = contact(&id)?;
    let record = record_of(&web.core, contact).await?;
    if !caller.sees(&record) {
        return Err(Failure::NotFound);
    }
    Ok(HttpResponse::Ok().json(view::Handoff::of(contact, &record)))
}

/// A person takes the conversation over
#[utoipa::path(post, path = "/v1/contacts/{id}/handoff/take", tag = "Hand-offs", operation_id = "take_handoff",
    params(("id" = String, Path, description = "The contact's key")), security(("key" = ["conversations:write"])),
    request_body = view::Take,
    responses((status = 202, description = "It is stored", body = view::Acted), (status = 404, description = "No such contact"),
        (status = 409, description = "Nothing was handed over")))]
pub async fn take(web: Data<Web>, id: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let mut asked = Asked::read(&web, &request, payload).await?;
    let action = OperatorAction::Take { by: asked.by()? };
    let judge = |(record, _): (&Record, &Barred), _| if record.is_with_person() { Ok(()) } else { Err(Refused::NotHandedOver) };
    asked.act(&web, &id, "take", action, judge).await
}

/// A person writes to the contact, over the channel that the contact used last or another one
#[utoipa::path(post, path = "/v1/contacts/{id}/handoff/messages", tag = "Hand-offs", operation_id = "write_in_handoff",
    params(("id" = String, Path, description = "The contact's key")), security(("key" = ["conversations:write"])),
    request_body = view::Write,
    responses((status = 202, description = "It is stored", body = view::Acted), (status = 404, description = "No such contact"),
        (status = 409, description = "Nothing was handed over, the contact opted out, or the channel's window is closed")))]
pub async fn write(web: Data<Web>, id: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let mut asked = Asked::read(&web, &request, payload).await?;
    let text = asked.fields.text("text", 4 * 4_096)?.ok_or_else(|| invalid("text", "is missing"))?;
    let channel = match asked.fields.text("channel", NAME)? {
        None => None,
        Some(name) => Some(ChannelName::parse(&name).map_err(|bad| invalid("channel", bad.reason))?),
    };
    let action = OperatorAction::Write { by: asked.by()?, text: text.clone(), channel: channel.clone() };
    let project = Arc::clone(&web.core.world().project);
    let judge = move |whom: (&Record, &Barred), now| way(whom, &project, &text, channel.as_ref(), now).map(drop);
    asked.act(&web, &id, "write", action, judge).await
}

/// A person gives the conversation back to its flow
#[utoipa::path(post, path = "/v1/contacts/{id}/handoff/resolve", tag = "Hand-offs", operation_id = "resolve_handoff",
    params(("id" = String, Path, description = "The contact's key")), security(("key" = ["conversations:write"])),
    request_body = view::Resolve,
    responses((status = 202, description = "It is stored", body = view::Acted), (status = 404, description = "No such contact"),
        (status = 409, description = "Nothing was handed over")))]
pub async fn resolve(web: Data<Web>, id: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let mut asked = Asked::read(&web, &request, payload).await?;
    let note = asked.fields.text("note", 4 * NOTE)?;
    if note.as_ref().is_some_and(|note| note.chars().count() > NOTE) {
        return Err(invalid("note", "is longer than 2000 characters"));
    }
    let action = OperatorAction::Resolve { by: asked.by()?, note };
    let judge = |(record, _): (&Record, &Barred), _| if record.is_with_person() { Ok(()) } else { Err(Refused::NotHandedOver) };
    asked.act(&web, &id, "resolve", action, judge).await
}

/// What a request asks for, while its fields are taken out.
struct Asked {
    caller: Caller,
    fields: Fields,
    once: Once,
    /// A hash of what is said: another text under the same id is another act.
    said: String,
}

impl Asked {
    async fn read(web: &Web, request: &HttpRequest, mut payload: Payload) -> Result<Self, Failure> {
        let (caller, body) = asked(web, request, &mut payload, Scope::ConversationsWrite, BODY).await?;
        Query::read(request, &[])?;
        let once = Once::of(web, request, &caller, &body)?;
        let said = hex::encode(&Sha256::digest(&*body)[..8]);
        Ok(Asked { caller, fields: Fields::read(&body)?, once, said })
    }

    fn by(&mut self) -> Result<String, Failure> {
        self.fields.needed("by", NAME, "who does it, for example a name or an email address")
    }

    async fn act(
        mut self,
        web: &Data<Web>,
        contact: &str,
        what: &str,
        action: OperatorAction,
        judge: impl FnOnce((&Record, &Barred), Millis) -> Result<(), Refused> + Send + 'static,
    ) -> Result<HttpResponse, Failure> {
        let contact = self::contact(contact)?;
        let named = self.fields.text("id", NAME)?;
        self.fields.finish()?;
        let repeats = named.is_some() || self.once.is_named();
        // An id belongs to whoever chose it.
        let named = named.map(|id| format!("{}/{id}/{}", self.caller.holder(), self.said));
        let id = named.unwrap_or_else(|| self.once.name().to_owned());
        let noted = audit::act(web, &self.caller, &format!("handoff.{what}"), Some(contact.to_string()), json!({}));
        let act = Act { caller: self.caller, contact, id: format!("handoff/{what}/{contact}/{id}"), repeats, noted };
        let (core, record) = (Arc::clone(&web.core), web.record.clone());
        self.once.answer(web, async move { act.done(&core, &record, action, judge).await }).await
    }
}

/// What a person does to whom.
struct Act {
    caller: Caller,
    contact: ContactKey,
    /// The same for the same request.
    id: String,
    /// Whether the caller named it, and may repeat it.
    repeats: bool,
    /// What the audit says of it.
    noted: audit::Act,
}

impl Act {
    fn input(&self) -> InputId {
        InputId::of(DedupeHash::of(&["operator", &self.id]))
    }

    /// Does it if it can be done now; what was done already is done, whatever is the case now.
    async fn done(
        self,
        core: &Arc<Core>,
        database: &Database,
        action: OperatorAction,
        judge: impl FnOnce((&Record, &Barred), Millis) -> Result<(), Refused>,
    ) -> Result<Done, Failure> {
        let record = record_of(core, self.contact).await?;
        if !self.caller.sees(&record) {
            return Err(Failure::NotFound);
        }
        let input = self.input();
        let done = Done::new(StatusCode::ACCEPTED, view::Acted { id: input.to_string() });
        if self.repeats && record.acts.contains(&input) {
            return Ok(done);
        }
        judge((&record, &core.barred(&record).await), core.store_now() + record.clock.ahead).map_err(refused)?;
        match core.operate(self.contact, action, &self.id).await {
            Ok(Received::Full) => Err(Failure::Unavailable),
            Ok(_) => {
                // The journal has who did what: persons go on answering while the database is away.
                if let Err(error) = database.write(vec![insert(&self.noted, rand::random())]).await {
                    tracing::error!(%error, "what a person did is in the journal and not in the audit");
                }
                Ok(done)
            }
            Err(error) => {
                tracing::error!(%error, "what a person did could not be stored");
                Err(Failure::Unavailable)
            }
        }
    }
}

/// The contact as the journal and alerts name it.
pub(super) fn contact(id: &str) -> Result<ContactKey, Failure> {
    ContactKey::parse(id).ok_or_else(|| invalid("contact", "is not a contact's key, the 22 characters that the journal shows"))
}

/// The record of a contact who is known.
pub(super) async fn record_of(core: &Core, contact: ContactKey) -> Result<Record, Failure> {
    let found = core.seen(contact).await.map_err(|error| {
        tracing::warn!(%error, "a contact could not be looked at");
        Failure::Unavailable
    })?;
    let blob = found.map(|(_, inspection)| inspection.record.blob).filter(|blob| !blob.is_empty()).ok_or(Failure::NotFound)?;
    Record::decode(&blob).map_err(|_| Failure::Unavailable)
}

fn invalid(field: &'static str, reason: impl Into<String>) -> Failure {
    Failure::Invalid { field, reason: reason.into() }
}

fn refused(why: Refused) -> Failure {
    let reason = why.to_string();
    match why {
        Refused::NotHandedOver | Refused::OptedOut(_) | Refused::WindowClosed(_) | Refused::Suppressed => {
            Failure::Conflict { reason }
        }
        Refused::Empty | Refused::TooLong { .. } => Failure::Invalid { field: "text", reason },
        Refused::NoChannel(_) | Refused::NeverWrote | Refused::Simulated(_) | Refused::NoAddress(_) => {
            Failure::Invalid { field: "channel", reason }
        }
    }
}
