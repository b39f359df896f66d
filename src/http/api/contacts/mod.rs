//! Contacts: found by their key or an address, made and changed, listed and taken out. The store's record is what is shown: a change is an input of
//! the contact, and is answered when it was worked on.

mod apply;
pub mod consent;
pub mod export;
pub mod leave;
pub mod list;
mod read;
mod view;

pub use apply::{Meant, Problem, Refused, apply, fits, is_news, is_own, meant, unavailable};
pub use read::{addresses, change};
pub use view::{Contact, mode_of};

use super::{Done, Once, Query, asked, audit, looked};
use crate::domain::address::Address;
use crate::domain::id::{ContactKey, InputId};
use crate::domain::limits::CONTACT_BODY_BYTES;
use crate::domain::mode::Mode;
use crate::domain::scope::Scope;
use crate::history::audit::insert;
use crate::http::error::Failure;
use crate::http::person::{email, excerpt, phone, unfit};
use crate::http::web::Web;
use crate::service::{After, Core, Found};
use actix_web::body::MessageBody as _;
use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// What a request changed, as it is remembered: nothing of the person.
#[derive(Debug, Serialize, Deserialize)]
struct Made {
    id: String,
}

/// A change that is stored and waits for its turn.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContactLater)]
pub struct Later {
    /// The contact's key.
    id: String,
    /// Where the contact is to be seen.
    #[schema(example = "/v1/contacts/4kXl0aQ3xvH2tqkXmPz7Yw")]
    href: String,
}

/// Make a contact, or change the one that these addresses name
#[utoipa::path(post, path = "/v1/contacts", tag = "Contacts", operation_id = "post_contact", security(("key" = ["contacts:write"])),
    request_body = read::Given,
    responses((status = 201, description = "It began", body = Contact), (status = 200, description = "It was there", body = Contact),
        (status = 202, description = "It is stored, and made when what is before it is done", body = Later),
        (status = 409, description = "The addresses are of several contacts, or the contact has another number")))]
pub async fn post(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::ContactsWrite, CONTACT_BODY_BYTES).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let given = object(&body)?;
    let mut act = audit::act(&web, &caller, "contact.change", None, fields(&given));
    let change = change(given, &web.core.world().project, &caller.name)?;
    let (core, record, id, mode) = (Arc::clone(&web.core), web.record.clone(), once.name().to_owned(), caller.mode);
    let input: Arc<Mutex<Option<InputId>>> = Arc::default();
    let told = Arc::clone(&input);
    let work = async move {
        let Meant { key, found } = meant(&core, mode, &change).await?;
        act.target = Some(key.to_string());
        if found.is_none() {
            "contact.create".clone_into(&mut act.action);
        }
        record.write(vec![insert(&act, rand::random())]).await.map_err(|error| {
            tracing::error!(%error, "a change of a contact could not be written down");
            Failure::Unavailable
        })?;
        let input = apply(&core, mode, key, change, &id).await?;
        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(input);
        let status = if found.is_none() { StatusCode::CREATED } else { StatusCode::OK };
        Ok(Done::new(status, Made { id: key.to_string() }))
    };
    let answer = once.answer(&web, work).await?;
    let status = answer.status();
    let bytes = answer.into_body().try_into_bytes().unwrap_or_default();
    let made: Made = serde_json::from_slice(&bytes).map_err(|_| Failure::Unavailable)?;
    let key = ContactKey::parse(&made.id).ok_or(Failure::Unavailable)?;
    let input = *input.lock().unwrap_or_else(PoisonError::into_inner);
    shown(&web.core, caller.mode, key, input, status).await
}

/// A contact
#[utoipa::path(get, path = "/v1/contacts/{id}", tag = "Contacts", operation_id = "get_contact", security(("key" = ["contacts:read"])),
    params(("id" = String, Path, description = "The contact's key, or `phone:+447700900123`, `email:ann@shop.example`, `id:` with your own id")),
    responses((status = 200, description = "As it is now", body = Contact), (status = 404, description = "No such contact")))]
pub async fn get(web: Data<Web>, id: Path<String>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::ContactsRead).await?;
    Query::read(&request, &[])?;
    let found = find(&web, &id, caller.mode).await?;
    Ok(HttpResponse::Ok().json(Contact::of(&found)))
}

/// Change a contact
#[utoipa::path(patch, path = "/v1/contacts/{id}", tag = "Contacts", operation_id = "patch_contact", security(("key" = ["contacts:write"])),
    params(("id" = String, Path, description = "The contact's key, or an address as for reading")), request_body = read::Given,
    responses((status = 200, description = "As it is then", body = Contact),
        (status = 202, description = "It is stored, and made when what is before it is done", body = Later), (status = 404, description = "No such contact"),
        (status = 409, description = "An address is another contact's, or the contact has another number")))]
pub async fn patch(
    web: Data<Web>,
    id: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::ContactsWrite, CONTACT_BODY_BYTES).await?;
    Query::read(&request, &[])?;
    let given = object(&body)?;
    let named = fields(&given);
    let change = change(given, &web.core.world().project, &caller.name)?;
    let found = find(&web, &id, caller.mode).await?;
    fits(&web.core, &found, &change)?;
    is_own(&web.core, caller.mode, found.key, &change).await?;
    audit::write(&web, &caller, "contact.change", Some(found.key.to_string()), named).await?;
    let (core, name, key) = (Arc::clone(&web.core), web.core.fresh_id(), found.key);
    let mode = caller.mode;
    let done = web.engine.spawn(async move { apply(&core, mode, key, change, &name).await });
    let input = done.await.map_err(|_| Failure::Unavailable)??;
    shown(&web.core, mode, key, Some(input), StatusCode::OK).await
}

/// The contact after a change; of one that is not made yet where to look for it.
async fn shown(
    core: &Core,
    mode: Mode,
    key: ContactKey,
    input: Option<InputId>,
    status: StatusCode,
) -> Result<HttpResponse, Failure> {
    let after = match input {
        Some(input) => core.after(key, input).await,
        // The same request again: whatever it changed is done, or waits.
        None => core.contact(key).await.map(|found| match found {
            Some(found) if found.waits => After::Waits,
            Some(found) => After::Done(Box::new(found)),
            None => After::Nobody,
        }),
    };
    match after.map_err(unavailable)? {
        After::Done(found) if mode_of(&found.record) == mode => Ok(HttpResponse::build(status).json(Contact::of(&found))),
        After::Waits => {
            let (id, href) = (key.to_string(), format!("/v1/contacts/{key}"));
            Ok(HttpResponse::Accepted().insert_header((header::LOCATION, href.as_str())).json(Later { id, href: href.clone() }))
        }
        After::SetAside => Err(Failure::Conflict {
            reason: "the change could not be made, for example because the contact would be too large; GET /v1/failed has it"
                .to_owned(),
        }),
        After::Done(_) | After::Nobody => Err(Failure::NotFound),
    }
}

fn object(body: &[u8]) -> Result<Map<String, Json>, Failure> {
    match serde_json::from_slice(body) {
        Ok(Json::Object(map)) => Ok(map),
        Ok(_) => Err(Failure::Malformed("the body is JSON but no object")),
        Err(_) => Err(Failure::Malformed("the body is not JSON")),
    }
}

/// Which fields were given, for the audit: nothing of what they say.
fn fields(given: &Map<String, Json>) -> Json {
    json!({ "fields": given.keys().map(|name| excerpt(name)).take(20).collect::<Vec<_>>() })
}

/// The contact of this mode that a path names: by its key or an address.
pub async fn find(web: &Web, id: &str, mode: Mode) -> Result<Found, Failure> {
    let found = match id.split_once(':') {
        None => {
            let key = ContactKey::parse(id).ok_or_else(|| {
                unfit(
                    "id",
                    "is neither a contact's key nor an address such as phone:+447700900123, email:ann@shop.example, id:cust-1",
                )
            })?;
            web.core.contact(key).await
        }
        Some((kind, rest)) => web.core.contact_at(mode, &address(kind, rest, web.country.as_deref())?).await,
    };
    let found = found.map_err(unavailable)?;
    found.filter(|found| mode_of(&found.record) == mode).ok_or(Failure::NotFound)
}

/// An address as paths and lists name it: its kind, a colon, and it.
pub fn address(kind: &str, rest: &str, country: Option<&str>) -> Result<Address, Failure> {
    match kind {
        "phone" => Ok(Address::Phone(phone(rest, "id", country)?)),
        "email" => Ok(Address::Email(email(rest, "id")?)),
        "id" if !rest.is_empty() => Ok(Address::External(rest.to_owned())),
        _ => Err(unfit("id", "is no address: there are phone:, email: and id:")),
    }
}
