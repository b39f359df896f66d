//! Contacts that go: deleted with all that belongs to them, or made part of another.

use super::super::{Done, Fields, Once, Query, asked, audit, looked, recorded};
use super::{find, unavailable};
use crate::domain::scope::Scope;
use crate::domain::value::rfc3339;
use crate::history::audit::insert;
use crate::history::leaving::{Written, written_of};
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::service::Received;
use crate::service::forget::{Erased, Receipt};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// Bytes of a body.
const BODY: usize = 4 * 1024;
/// Bytes of what names a contact.
const NAME: usize = 300;

/// What was deleted, without a name or a number.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deleted {
    /// The contact's key, which leads to nobody any more.
    contact: String,
    /// When.
    at: String,
    /// The key of the API that asked for it, or whom the request names.
    by: String,
    /// Addresses that the contact was known by.
    addresses: usize,
    /// Live runs that ended with it.
    runs: usize,
    /// Attributes that had a value.
    attributes: usize,
    /// Tags.
    tags: usize,
    /// Messages and events that were not processed yet.
    inputs: u64,
    /// Messages that had not left.
    messages: u64,
    /// Requests and reports that were under way.
    requests: u64,
    /// What had failed and waited for an operator.
    failed: u64,
    /// Files that the contact had sent.
    files: u64,
    /// The place where files are kept did not answer: they are deleted when it does.
    files_left: bool,
    /// What was written down of the contact, and goes within a second or so.
    history: Written,
    /// Addresses that are on the suppression list since then, as hashes.
    suppressed: usize,
    /// Kinds of channel of which is kept, as a hash of each address, that this person is not to be written to.
    opted_out: Vec<&'static str>,
}

impl Deleted {
    fn of(receipt: Receipt, history: Written) -> Self {
        Deleted {
            contact: receipt.contact.to_string(),
            at: rfc3339(receipt.at),
            by: receipt.by,
            addresses: receipt.addresses,
            runs: receipt.runs,
            attributes: receipt.attributes,
            tags: receipt.tags,
            inputs: receipt.inputs,
            messages: receipt.messages,
            requests: receipt.requests,
            failed: receipt.failed,
            files: receipt.files,
            files_left: receipt.files_left,
            history,
            suppressed: receipt.suppressed,
            opted_out: receipt.opted_out.into_iter().map(|kind| kind.as_str()).collect(),
        }
    }
}

/// Which contact becomes part of this one.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MergeContact)]
#[allow(dead_code)] // The document is made from it; the body is read field by field, so that each mistake is said.
pub struct Merge {
    /// The other contact: its key, or an address as for reading.
    from: String,
}

/// That two contacts are becoming one.
#[derive(Debug, Serialize, ToSchema)]
pub struct Merging {
    /// The contact that stays.
    contact: String,
    /// The one that becomes part of it.
    from: String,
}

/// Delete a contact with everything that belongs to them
///
/// Record, messages that wait, live runs, files, what failed, and their part of the history. An opt-out is kept as a hash of the address.
#[utoipa::path(delete, path = "/v1/contacts/{id}", tag = "Contacts", operation_id = "delete_contact",
    params(("id" = String, Path, description = "The contact's key, or an address as for reading"),
        ("suppress" = Option<bool>, Query, description = "Put their addresses onto the suppression list, as hashes: nothing is written there any more. The key needs `suppressions:write` for it")), security(("key" = ["contacts:write"])),
    responses((status = 200, description = "It is done: the receipt", body = Deleted), (status = 404, description = "No such contact"),
        (status = 409, description = "The contact is just becoming one with another: ask again in a moment")))]
pub async fn delete(
    web: Data<Web>,
    id: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::ContactsWrite).await?;
    let suppress = Query::read(&request, &["suppress"])?.boolean("suppress")?.unwrap_or(false);
    if suppress && !caller.scopes.has(Scope::SuppressionsWrite) {
        return Err(Failure::Forbidden { scope: Scope::SuppressionsWrite });
    }
    let contact = find(&web, &id, caller.mode).await?.key;
    let record = web.record.clone();
    let history = recorded(&web, async move { written_of(&record, contact).await }).await?;
    let asked = if suppress { json!({ "suppress": true }) } else { json!({}) };
    audit::write(&web, &caller, "contact.delete", Some(contact.to_string()), asked).await?;
    let (core, by) = (Arc::clone(&web.core), caller.name.clone());
    let work =
        async move { if suppress { core.forget_and_suppress(contact, &by).await } else { core.forget(contact, &by).await } };
    // To its end, also if the caller hangs up.
    let erased = web.engine.spawn(work).await.map_err(|_| Failure::Unavailable)?;
    match erased.map_err(unavailable)? {
        Erased::Done(receipt) => {
            let deleted = Deleted::of(*receipt, history);
            // The receipt again. It is done: that this cannot be written changes nothing for the caller.
            let detail = serde_json::to_value(&deleted).unwrap_or_default();
            if audit::write(&web, &caller, "contact.deleted", Some(contact.to_string()), detail).await.is_err() {
                tracing::warn!(%contact, "the receipt of a deletion could not be written down");
            }
            Ok(HttpResponse::Ok().json(deleted))
        }
        Erased::Nobody => Err(Failure::NotFound),
        Erased::Merging => Err(Failure::Conflict { reason: "the contact is just becoming one with another".to_owned() }),
    }
}

/// Make another contact part of this one
///
/// 202 means that it is stored: it is done when what was said to the other contact has left. What this contact says of itself counts, the
/// other fills gaps; runs of both go on.
#[utoipa::path(post, path = "/v1/contacts/{id}/merge", tag = "Contacts", operation_id = "merge_contact",
    params(("id" = String, Path, description = "The contact that stays: its key, or an address as for reading")), security(("key" = ["contacts:write"])),
    request_body = Merge,
    responses((status = 202, description = "It is stored", body = Merging), (status = 404, description = "No such contact")))]
pub async fn merge(
    web: Data<Web>,
    id: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::ContactsWrite, BODY).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let mut fields = Fields::read(&body)?;
    let from = fields.needed("from", NAME, "the key or an address of the contact that becomes part of this one")?;
    fields.finish()?;
    let mut act = audit::act(&web, &caller, "contact.merge", None, json!({}));
    let (data, name) = (web.clone(), once.name().to_owned());
    // All of it once: afterwards both names are of one contact.
    once.answer(&web, async move {
        let into = find(&data, &id, caller.mode).await?.key;
        let from = find(&data, &from, caller.mode).await.map_err(|failure| match failure {
            Failure::NotFound => Failure::Invalid { field: "from", reason: "is no contact".to_owned() },
            Failure::Invalid { reason, .. } | Failure::Unfit { reason, .. } => Failure::Invalid { field: "from", reason },
            other => other,
        })?;
        let from = from.key;
        if from == into {
            return Err(Failure::Invalid { field: "from", reason: "is this contact".to_owned() });
        }
        (act.target, act.detail) = (Some(into.to_string()), json!({ "from": from }));
        data.record.write(vec![insert(&act, rand::random())]).await.map_err(|error| {
            tracing::error!(%error, "a merge could not be written down");
            Failure::Unavailable
        })?;
        match data.core.merge(from, into, &caller.name, &name).await.map_err(unavailable)? {
            Received::Nobody => Err(Failure::NotFound),
            _ => Ok(Done::new(StatusCode::ACCEPTED, Merging { contact: into.to_string(), from: from.to_string() })),
        }
    })
    .await
}
