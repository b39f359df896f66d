//! `/v1/test`: a test contact writes, its messages come further or fail, its time passes; and what would have left. For keys for test alone.

pub mod data;
pub mod sent;

use super::contacts::{find, mode_of, unavailable};
use super::{BODY, Done, Fields, Once, Query, asked, audit};
use crate::domain::id::{EffectId, SendRef};
use crate::domain::input::OperatorAction;
use crate::domain::limits::MOVE_TIME;
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::mode::Mode;
use crate::domain::name::ChannelName;
use crate::domain::scope::Scope;
use crate::domain::time::Span;
use crate::history::read::tried_message;
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::provider::{Failure as Undelivered, ProviderError, StatusReport, played};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use utoipa::ToSchema;

/// Bytes of a name or an id.
const NAME: usize = 128;

/// What a test contact writes: one of `text`, `choice`, `media`, `location`.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TestMessage {
    /// Over which channel.
    pub channel: String,
    /// Who: a phone number or an email address, as the channel takes it. Who is new becomes a test contact.
    pub from: String,
    /// Words.
    pub text: Option<String>,
    /// A button or row that is tapped, by its id; WhatsApp alone. Elsewhere people write its number or its words as `text`.
    pub choice: Option<String>,
    /// A file: its URL, `{url, type, name}`, or a list of these. Nobody fetches it.
    #[schema(value_type = Option<Object>)]
    pub media: Option<Json>,
    /// A place: `{lat, lon, name, address}`.
    #[schema(value_type = Option<Object>)]
    pub location: Option<Json>,
    /// Their name, as the provider would show it.
    pub name: Option<String>,
    /// What makes it the same message when it comes again.
    pub id: Option<String>,
}

/// A message that a test contact wrote.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestMessageStored {
    /// The test contact's key.
    contact: String,
    /// The message's id.
    id: String,
}

/// A test contact writes
///
/// As if the channel's provider had told it. Keys for test only.
#[utoipa::path(post, path = "/v1/test/messages", tag = "Test", operation_id = "write_as_test_contact", security(("key" = ["conversations:write"])),
    request_body = TestMessage,
    responses((status = 202, description = "It is stored", body = TestMessageStored), (status = 409, description = "The key is not for test")))]
pub async fn message(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::ConversationsWrite, BODY).await?;
    Query::read(&request, &[])?;
    caller.tries()?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let mut fields = Fields::read(&body)?;
    let name = fields.needed("channel", NAME, "the name of a channel")?;
    let unknown = || invalid("channel", "there is none of this name");
    let channel = ChannelName::parse(&name).ok().and_then(|name| web.core.world().channels.get(&name)).ok_or_else(unknown)?;
    let from = fields.needed("from", NAME, "who writes, for example +447700900123")?;
    let id = fields.text("id", NAME)?.unwrap_or_else(|| once.name().to_owned());
    let mut written = json!({ "from": from, "id": id });
    for (field, under) in [("text", "text"), ("choice", "press"), ("media", "media"), ("location", "location"), ("name", "name")]
    {
        if let Some(value) = fields.take(field) {
            written[under] = value;
        }
    }
    fields.finish()?;
    let message = played(&written, channel.route()).map_err(|why| invalid("body", plain(why.0)))?;
    let whose = web.core.contact_key(Mode::Test, &message.from.canonical());
    let act = audit::act(&web, &caller, "test.message", Some(whose.to_string()), json!({ "channel": message.channel.as_str() }));
    let (core, record) = (Arc::clone(&web.core), web.record.clone());
    let work = async move {
        audit::noted(&record, &act).await?;
        let (contact, input, _) = core.receive_test_message(message).await.map_err(unavailable)?;
        Ok(Done::new(StatusCode::ACCEPTED, TestMessageStored { contact: contact.to_string(), id: input.to_string() }))
    };
    once.answer(&web, work).await
}

/// The adapter names a choice by its own word.
fn plain(why: &str) -> String {
    why.replace("`press`", "`choice`").replace(", `edit`, `delete`", "")
}

/// How far a message to a test contact comes.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TestReport {
    /// The message's id.
    pub message: String,
    /// `delivered`, `read` or `failed`.
    pub status: String,
    /// Why it failed: `unreachable`, `invalid`, `blocked`, `filtered`, `limit` …
    pub reason: Option<String>,
}

/// What was done to a test contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestActed {
    /// The test contact's key.
    contact: String,
}

/// A message to a test contact comes further, or fails
///
/// As if its provider had reported it. A status only rises: what was read is not undelivered. Keys for test only.
#[utoipa::path(post, path = "/v1/test/reports", tag = "Test", operation_id = "report_as_provider", security(("key" = ["conversations:write"])),
    request_body = TestReport,
    responses((status = 202, description = "It is stored", body = TestActed), (status = 404, description = "No such message"),
        (status = 409, description = "The key is not for test")))]
pub async fn report(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::ConversationsWrite, BODY).await?;
    Query::read(&request, &[])?;
    caller.tries()?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let mut fields = Fields::read(&body)?;
    let id = fields.needed("message", NAME, "the id of a message")?;
    let status = match fields.needed("status", NAME, "delivered, read or failed")?.as_str() {
        "delivered" => DeliveryStatus::Delivered,
        "read" => DeliveryStatus::Read,
        "failed" => DeliveryStatus::Failed,
        _ => return Err(invalid("status", "is none of delivered, read, failed")),
    };
    let reason = match fields.text("reason", NAME)? {
        None => FailureReason::Unreachable,
        Some(_) if status != DeliveryStatus::Failed => {
            return Err(invalid("reason", "only what failed has one"));
        }
        Some(word) => serde_json::from_value(Json::String(word))
            .map_err(|_| invalid("reason", "is no reason such as unreachable, invalid, blocked, filtered, limit"))?,
    };
    fields.finish()?;
    let effect = EffectId::parse(&id).ok_or(Failure::NotFound)?;
    let found = tried_message(&web.record, &id).await.map_err(|error| super::listing::unavailable(&error))?;
    let (contact, channel) = found.ok_or(Failure::NotFound)?;
    let channel = ChannelName::parse(&channel).map_err(|_| Failure::NotFound)?;
    let failure = (status == DeliveryStatus::Failed).then(|| Undelivered {
        reason,
        retryable: false,
        after: None,
        scope: None,
        opted_out: None,
        error: ProviderError::default(),
    });
    let report = StatusReport {
        channel,
        id: format!("test-{effect}"),
        send: Some(SendRef { contact, effect }),
        status,
        provider_status: status.as_str().to_owned(),
        at: None,
        recipient: None,
        user_id: None,
        failure,
        pricing: None,
    };
    let told = json!({ "message": id, "status": status.as_str() });
    let act = audit::act(&web, &caller, "test.report", Some(contact.to_string()), told);
    let (core, record) = (Arc::clone(&web.core), web.record.clone());
    let work = async move {
        audit::noted(&record, &act).await?;
        core.receive_test_report(report).await.map_err(unavailable)?;
        Ok(Done::new(StatusCode::ACCEPTED, TestActed { contact: contact.to_string() }))
    };
    once.answer(&web, work).await
}

/// How far the clock of a test contact moves.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TestTime {
    /// The contact's key, or an address such as `phone:+447700900123`.
    pub contact: String,
    /// By how much: `30m`, `2h`, `1d`.
    pub by: String,
}

/// Time passes for a test contact
///
/// Every timer on the way fires at its own moment. Keys for test only.
#[utoipa::path(post, path = "/v1/test/time", tag = "Test", operation_id = "move_test_time", security(("key" = ["conversations:write"])),
    request_body = TestTime,
    responses((status = 202, description = "It is stored", body = TestActed), (status = 404, description = "No such test contact"),
        (status = 409, description = "The key is not for test")))]
pub async fn time(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::ConversationsWrite, BODY).await?;
    Query::read(&request, &[])?;
    caller.tries()?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let mut fields = Fields::read(&body)?;
    let whom = fields.needed("contact", NAME * 2, "the key of a test contact, or phone:+447700900123")?;
    let by = fields.needed("by", NAME, "by how much, for example 2h")?;
    fields.finish()?;
    let by = Span::parse(&by).filter(|by| *by > Span::millis(0) && *by <= MOVE_TIME);
    let by =
        by.ok_or_else(|| invalid("by", format!("is no duration of more than nothing and at most {MOVE_TIME}, such as 2h")))?;
    let found = find(&web, &whom, Mode::Test).await?;
    debug_assert_eq!(mode_of(&found.record), Mode::Test);
    let (key, id) = (found.key, format!("test/time/{}/{}", found.key, once.name()));
    let act = audit::act(&web, &caller, "test.time", Some(key.to_string()), json!({ "by_ms": by.0 }));
    let (core, record) = (Arc::clone(&web.core), web.record.clone());
    let work = async move {
        audit::noted(&record, &act).await?;
        core.operate(key, OperatorAction::MoveTime { by }, &id).await.map_err(unavailable)?;
        Ok(Done::new(StatusCode::ACCEPTED, TestActed { contact: key.to_string() }))
    };
    once.answer(&web, work).await
}

fn invalid(field: &'static str, reason: impl Into<String>) -> Failure {
    Failure::Invalid { field, reason: reason.into() }
}
