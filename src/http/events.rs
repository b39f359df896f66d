//! `POST /v1/events`: what happened elsewhere, for the flows that wait for it. 202 means that it is stored.

use super::body;
use super::error::Failure;
use super::web::Web;
use crate::domain::address::E164;
use crate::domain::input::ContactRef;
use crate::domain::language::Language;
use crate::domain::limits::EVENT_BODY_BYTES;
use crate::domain::name::EventName;
use crate::domain::phone::parse_phone;
use crate::domain::value::Value;
use crate::service::{EventRefused, NewEvent};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;

/// The longest that storing an event may take.
const STORE: Duration = Duration::from_secs(10);
/// Characters of an id, a name or an address.
const TEXT: usize = 256;

/// `POST /v1/events`
pub async fn post(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let body = body::read(&mut payload, EVENT_BODY_BYTES, &web.memory, web.request_timeout).await?;
    web.buckets.api.take().map_err(|after| Failure::TooMany { after })?;
    web.events.check(&request)?;
    let posted = parse(&body, web.country.as_deref())?;
    store(&web, posted).await
}

/// Reads an event; says which field is wrong and why.
pub fn parse(body: &[u8], country: Option<&str>) -> Result<NewEvent, Failure> {
    let json: Json = serde_json::from_slice(body).map_err(|_| Failure::Malformed("the body is not JSON"))?;
    let Json::Object(mut json) = json else { return Err(Failure::Malformed("the body is JSON but no object")) };
    let invalid = |field, reason: &str| Failure::Invalid { field, reason: reason.to_owned() };
    let event = match json.remove("event") {
        Some(Json::String(name)) => EventName::parse(&name).map_err(|bad| invalid("event", bad.reason))?,
        Some(_) => return Err(invalid("event", "is not text")),
        None => return Err(invalid("event", "is missing")),
    };
    let contact = match json.remove("contact") {
        None | Some(Json::Null) => None,
        Some(contact) => Some(self::contact(contact, country)?),
    };
    let data = match json.remove("data") {
        None | Some(Json::Null) => Value::Map(indexmap::IndexMap::new()),
        Some(data @ Json::Object(_)) => Value::from_json(data),
        Some(_) => return Err(invalid("data", "is not an object")),
    };
    let id = match json.remove("id") {
        None | Some(Json::Null) => None,
        Some(Json::String(id)) if !id.is_empty() && id.len() <= TEXT => Some(id),
        Some(Json::Number(id)) => Some(id.to_string()),
        Some(_) => return Err(invalid("id", "is not text of 1 to 256 bytes")),
    };
    if let Some(unknown) = json.keys().next() {
        let known = "is not a field of an event; there are event, contact, data, id";
        return Err(Failure::Invalid { field: "body", reason: format!("`{}` {known}", excerpt(unknown)) });
    }
    Ok(NewEvent { name: event, contact, data, id })
}

fn contact(json: Json, country: Option<&str>) -> Result<ContactRef, Failure> {
    let invalid = |field, reason: &str| Failure::Invalid { field, reason: reason.to_owned() };
    let mut map = match json {
        Json::String(phone) => return Ok(ContactRef { phone: Some(self::phone(&phone, country)?), ..ContactRef::default() }),
        Json::Object(map) => map,
        _ => return Err(invalid("contact", "is neither a phone number nor an object")),
    };
    let mut text = |key: &'static str, field: &'static str| match map.remove(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if !text.trim().is_empty() && text.len() <= TEXT => Ok(Some(text)),
        Some(_) => Err(invalid(field, "is not text of 1 to 256 bytes")),
    };
    let contact = ContactRef {
        phone: text("phone", "contact.phone")?.map(|phone| self::phone(&phone, country)).transpose()?,
        email: text("email", "contact.email")?.map(|email| self::email(&email)).transpose()?,
        id: text("id", "contact.id")?,
        user_id: None,
        name: text("name", "contact.name")?,
        language: text("language", "contact.language")?
            .map(|code| Language::parse(&code).ok_or_else(|| invalid("contact.language", "is not a code such as en or pt-BR")))
            .transpose()?,
    };
    if contact.address().is_none() {
        return Err(invalid("contact", "needs one of phone, email, id"));
    }
    match map.is_empty() {
        true => Ok(contact),
        false => Err(invalid("contact", "has fields other than phone, email, id, name, language")),
    }
}

/// E.164, in the spellings that people use; without a country code only where the project has a country.
fn phone(text: &str, country: Option<&str>) -> Result<E164, Failure> {
    parse_phone(text, country).map_err(|problem| {
        let example = "for example +447700900123";
        Failure::Invalid { field: "contact.phone", reason: format!("{problem}; {example}") }
    })
}

fn email(text: &str) -> Result<String, Failure> {
    let text = text.trim().to_lowercase();
    let fine = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.contains('@') && !text.contains(char::is_whitespace)
    });
    match fine {
        true => Ok(text),
        false => Err(Failure::Invalid { field: "contact.email", reason: "is not an email address".to_owned() }),
    }
}

fn excerpt(key: &str) -> String {
    key.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// Stores it: in its contact's mailbox, or in those of the contacts whom the flows find in its data.
async fn store(web: &Web, posted: NewEvent) -> Result<HttpResponse, Failure> {
    let core = Arc::clone(&web.core);
    let stored = web.engine.spawn(async move { core.receive_event(posted).await });
    match tokio::time::timeout(STORE, stored).await {
        Ok(Ok(Ok(_))) => Ok(HttpResponse::Accepted().finish()),
        Ok(Ok(Err(EventRefused::Contact(reason)))) => Err(Failure::Invalid { field: "contact", reason }),
        Ok(Ok(Err(EventRefused::TooLarge))) => Err(Failure::TooLarge { limit: EVENT_BODY_BYTES }),
        Ok(Ok(Err(EventRefused::Store(error)))) => {
            tracing::error!(%error, "an event could not be stored");
            Err(Failure::Unavailable)
        }
        Ok(Err(_)) | Err(_) => {
            tracing::error!("storing an event panicked or took too long");
            Err(Failure::Unavailable)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(body: &str) -> (u16, &'static str) {
        match parse(body.as_bytes(), None) {
            Err(Failure::Invalid { field, .. }) => (422, field),
            Err(Failure::Malformed(_)) => (400, ""),
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn an_event_is_read_with_its_contact_in_both_forms() {
        let body = br#"{"event": "payment.failed", "contact": "+44 7700 900123", "data": {"amount": 499}, "id": "e1"}"#;
        let posted = parse(body, None).expect("an event");
        let contact = posted.contact.expect("a contact");
        assert_eq!(contact.phone.as_ref().map(E164::as_str), Some("+447700900123"));
        assert_eq!((posted.name.as_str(), posted.id.as_deref()), ("payment.failed", Some("e1")));
        let body = br#"{"event": "x", "contact": {"phone": "07700 900123", "email": "A@B.example", "language": "es"}}"#;
        let contact = parse(body, Some("GB")).expect("an event").contact.expect("a contact");
        assert_eq!(contact.phone.as_ref().map(E164::as_str), Some("+447700900123"));
        assert_eq!(contact.email.as_deref(), Some("a@b.example"));
        assert_eq!(parse(br#"{"event": "x"}"#, None).expect("an event").contact, None);
    }

    #[test]
    fn every_slip_names_its_field() {
        for (body, expected) in [
            ("", (400, "")),
            ("[]", (400, "")),
            ("{", (400, "")),
            ("{}", (422, "event")),
            (r#"{"event": 1}"#, (422, "event")),
            (r#"{"event": "a b"}"#, (422, "event")),
            (r#"{"event": "x", "contact": 7}"#, (422, "contact")),
            (r#"{"event": "x", "contact": {}}"#, (422, "contact")),
            (r#"{"event": "x", "contact": {"name": "A"}}"#, (422, "contact")),
            (r#"{"event": "x", "contact": {"id": "1", "fax": "A"}}"#, (422, "contact")),
            (r#"{"event": "x", "contact": "07700 900123"}"#, (422, "contact.phone")),
            (r#"{"event": "x", "contact": {"phone": 44}}"#, (422, "contact.phone")),
            (r#"{"event": "x", "contact": {"email": "a@b"}}"#, (422, "contact.email")),
            (r#"{"event": "x", "contact": {"id": "1", "language": "english"}}"#, (422, "contact.language")),
            (r#"{"event": "x", "data": []}"#, (422, "data")),
            (r#"{"event": "x", "id": ""}"#, (422, "id")),
            (r#"{"event": "x", "contct": "+447700900123"}"#, (422, "body")),
        ] {
            assert_eq!(failure(body), expected, "{body}");
        }
        let long = format!(r#"{{"event": "x", "id": "{}"}}"#, "a".repeat(TEXT + 1));
        assert_eq!(failure(&long), (422, "id"));
        assert!(parse(long.replacen('a', "", 1).as_bytes(), None).is_ok(), "256 bytes are an id");
    }
}
