//! Reading what was posted: says which field of which event is wrong and why.

use super::{Posted, invalid};
use crate::config::hooks::CallbackSettings;
use crate::config::project::Project;
use crate::domain::input::{Callback, ContactRef};
use crate::domain::language::Language;
use crate::domain::limits::{CALLBACK_BYTES, EVENT_BODY_BYTES, EVENTS_PER_BATCH};
use crate::domain::mode::Mode;
use crate::domain::name::EventName;
use crate::domain::value::Value;
use crate::http::error::Failure;
use crate::http::person::{self, excerpt, misfit};
use crate::service::NewEvent;
use indexmap::IndexMap;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// Characters of an id, a name or an address.
const TEXT: usize = 256;

/// What events must keep to.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The project.
    pub project: &'a Project,
    /// Where callbacks may go; nothing: nowhere.
    pub callbacks: Option<&'a CallbackSettings>,
    /// Whether an event that is not declared is refused.
    pub only_declared: bool,
    /// Whose contacts they are for.
    pub mode: Mode,
}

/// Reads a body: one event, a list of events, or `{"events": [...]}`.
pub fn posted(body: &[u8], rules: &Rules<'_>) -> Result<Posted, Failure> {
    // Only a list may be larger than one event.
    let too_large = |failure| if body.len() > EVENT_BODY_BYTES { Failure::TooLarge { limit: EVENT_BODY_BYTES } } else { failure };
    let not_json = || too_large(Failure::Malformed("the body is not JSON"));
    let list = match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => Some(serde_json::from_slice::<Vec<&RawValue>>(body).map_err(|_| not_json())?),
        Some(b'{') => {
            let mut fields: HashMap<String, &RawValue> = serde_json::from_slice(body).map_err(|_| not_json())?;
            match fields.remove("events") {
                None => None,
                Some(_) if !fields.is_empty() => {
                    return Err(invalid("events", "stands beside other fields; they belong into each event"));
                }
                Some(list) => Some(
                    serde_json::from_str::<Vec<&RawValue>>(list.get())
                        .map_err(|_| invalid("events", "is not a list of events"))?,
                ),
            }
        }
        _ => {
            serde_json::from_slice::<Json>(body).map_err(|_| not_json())?;
            return Err(too_large(Failure::Malformed("the body is JSON but neither an event nor a list of events")));
        }
    };
    match list {
        None if body.len() > EVENT_BODY_BYTES => Err(Failure::TooLarge { limit: EVENT_BODY_BYTES }),
        None => {
            let json = serde_json::from_slice(body).map_err(|_| not_json())?;
            Ok(Posted { events: vec![event(json, rules)], many: false })
        }
        Some(list) if list.is_empty() => Err(invalid("events", "is empty")),
        Some(list) if list.len() > EVENTS_PER_BATCH => {
            Err(invalid("events", format!("holds {} events; at most {EVENTS_PER_BATCH} come at once", list.len())))
        }
        Some(list) => Ok(Posted { events: list.into_iter().map(|one| item(one, rules)).collect(), many: true }),
    }
}

fn item(raw: &RawValue, rules: &Rules<'_>) -> Result<NewEvent, Failure> {
    if raw.get().len() > EVENT_BODY_BYTES {
        return Err(Failure::TooLarge { limit: EVENT_BODY_BYTES });
    }
    event(serde_json::from_str(raw.get()).map_err(|_| Failure::Malformed("it is nested too deep"))?, rules)
}

/// Reads one event.
fn event(json: Json, rules: &Rules<'_>) -> Result<NewEvent, Failure> {
    let Json::Object(mut json) = json else { return Err(Failure::Malformed("it is JSON but no object")) };
    let name = match json.remove("event") {
        Some(Json::String(name)) => EventName::parse(&name).map_err(|bad| invalid("event", bad.reason))?,
        Some(_) => return Err(invalid("event", "is not text")),
        None => return Err(invalid("event", "is missing")),
    };
    if rules.only_declared && !rules.project.events.contains(&name) {
        return Err(invalid("event", "is not declared in this project"));
    }
    let contact = match json.remove("contact") {
        None | Some(Json::Null) => None,
        Some(contact) => Some(self::contact(contact, rules)?),
    };
    let data = match json.remove("data") {
        None | Some(Json::Null) => Value::Map(IndexMap::new()),
        Some(data @ Json::Object(_)) => Value::from_json(data),
        Some(_) => return Err(invalid("data", "is not an object")),
    };
    let country = rules.project.country.as_deref();
    if let Some(shape) = rules.project.event_fields.get(&name) {
        shape.check(&data, "data", country).map_err(misfit)?;
    }
    let id = match json.remove("id") {
        None | Some(Json::Null) => None,
        Some(Json::String(id)) if !id.is_empty() && id.len() <= TEXT => Some(id),
        Some(Json::Number(id)) => Some(id.to_string()),
        Some(_) => return Err(invalid("id", "is not text of 1 to 256 bytes")),
    };
    let callback = match json.remove("callback") {
        None | Some(Json::Null) => None,
        Some(callback) => Some(Box::new(self::callback(callback, rules)?)),
    };
    if let Some(unknown) = json.keys().next() {
        let known = "is not a field of an event; there are event, contact, data, id, callback";
        return Err(invalid("body", format!("`{}` {known}", excerpt(unknown))));
    }
    Ok(NewEvent { name, contact, data, id, callback, mode: rules.mode })
}

/// `{url, id, data}`, or only the URL.
fn callback(json: Json, rules: &Rules<'_>) -> Result<Callback, Failure> {
    let mut map = match json {
        Json::String(url) => Map::from_iter([("url".to_owned(), Json::String(url))]),
        Json::Object(map) => map,
        _ => return Err(invalid("callback", "is neither a URL nor an object")),
    };
    let Some(Json::String(url)) = map.remove("url") else { return Err(invalid("callback.url", "is missing or not text")) };
    // Kept as it was judged: what is one host is written in one way, and has one queue.
    let url = match rules.callbacks {
        None => return Err(invalid("callback.url", "lies under no prefix that [callbacks] allows: there are none")),
        Some(allowed) => allowed.check(&url).map_err(|why| invalid("callback.url", why))?,
    };
    let id = match map.remove("id") {
        None | Some(Json::Null) => None,
        Some(Json::String(id)) if id.len() <= TEXT => Some(id),
        Some(Json::Number(id)) => Some(id.to_string()),
        Some(_) => return Err(invalid("callback.id", "is not text of at most 256 bytes")),
    };
    // As text: it is carried along and not looked at, and a large number would become another one.
    let json = map.remove("data").filter(|data| !data.is_null()).map(|data| data.to_string());
    let bytes = id.as_ref().map_or(0, String::len) + json.as_ref().map_or(0, String::len);
    if bytes > CALLBACK_BYTES {
        return Err(invalid("callback.data", format!("is larger than {CALLBACK_BYTES} bytes with the id")));
    }
    match map.is_empty() {
        true => Ok(Callback { url: url.into(), id, data: None, json }),
        false => Err(invalid("callback", "has fields other than url, id, data")),
    }
}

fn contact(json: Json, rules: &Rules<'_>) -> Result<ContactRef, Failure> {
    let country = rules.project.country.as_deref();
    let mut map = match json {
        Json::String(phone) => {
            return Ok(ContactRef { phone: Some(person::phone(&phone, "contact.phone", country)?), ..ContactRef::default() });
        }
        Json::Object(map) => map,
        _ => return Err(invalid("contact", "is neither a phone number nor an object")),
    };
    let attributes = match map.remove("attributes") {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Object(given)) => person::attributes(given, "contact.attributes", rules.project)?,
        Some(_) => return Err(invalid("contact.attributes", "is not an object")),
    };
    let consent = match map.remove("consent") {
        None | Some(Json::Null) => None,
        Some(given) => Some(Box::new(super::consent::read(given, "contact.consent", rules.project)?)),
    };
    let mut text = |key: &'static str, field: &'static str| match map.remove(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if !text.trim().is_empty() && text.len() <= TEXT => Ok(Some(text)),
        Some(_) => Err(invalid(field, "is not text of 1 to 256 bytes")),
    };
    let contact = ContactRef {
        phone: text("phone", "contact.phone")?.map(|phone| person::phone(&phone, "contact.phone", country)).transpose()?,
        email: text("email", "contact.email")?.map(|email| person::email(&email, "contact.email")).transpose()?,
        id: text("id", "contact.id")?,
        user_id: None,
        name: text("name", "contact.name")?,
        language: text("language", "contact.language")?
            .map(|code| Language::parse(&code).ok_or_else(|| invalid("contact.language", "is not a code such as en or pt-BR")))
            .transpose()?,
        attributes,
        consent,
    };
    if contact.address().is_none() {
        return Err(invalid("contact", "needs one of phone, email, id"));
    }
    match map.is_empty() {
        true => Ok(contact),
        false => Err(invalid("contact", "has fields other than phone, email, id, name, language, attributes, consent")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Secrets, Settings};
    use crate::domain::address::E164;

    fn read(body: &str, country: Option<&str>) -> Result<Posted, Failure> {
        let settings = Settings::load(None, &Environment::default(), Secrets::Tolerated).expect("the defaults");
        let project = Project { country: country.map(str::to_owned), ..settings.project };
        posted(body.as_bytes(), &Rules { project: &project, callbacks: None, only_declared: false, mode: Mode::Live })
    }

    fn one(body: &str, country: Option<&str>) -> Result<NewEvent, Failure> {
        read(body, country).and_then(|posted| posted.events.into_iter().next().expect("an event"))
    }

    fn failure(body: &str) -> (u16, String) {
        let failure = one(body, None).expect_err(body);
        (failure.status().as_u16(), failure.field().unwrap_or("").to_owned())
    }

    #[test]
    fn an_event_is_read_with_its_contact_in_both_forms() {
        let body = r#"{"event": "payment.failed", "contact": "+44 7700 900123", "data": {"amount": 499}, "id": "e1"}"#;
        let posted = one(body, None).expect("an event");
        let contact = posted.contact.expect("a contact");
        assert_eq!(contact.phone.as_ref().map(E164::as_str), Some("+447700900123"));
        assert_eq!((posted.name.as_str(), posted.id.as_deref()), ("payment.failed", Some("e1")));
        let body = r#"{"event": "x", "contact": {"phone": "07700 900123", "email": "A@B.example", "language": "es"}}"#;
        let contact = one(body, Some("GB")).expect("an event").contact.expect("a contact");
        assert_eq!(contact.phone.as_ref().map(E164::as_str), Some("+447700900123"));
        assert_eq!(contact.email.as_deref(), Some("a@b.example"));
        assert_eq!(one(r#"{"event": "x"}"#, None).expect("an event").contact, None);
    }

    #[test]
    fn every_slip_names_its_field() {
        for (body, status, field) in [
            ("", 400, ""),
            ("7", 400, ""),
            ("{", 400, ""),
            ("[]", 422, "events"),
            ("[7]", 400, ""),
            (r#"{"events": {}}"#, 422, "events"),
            (r#"{"events": [], "event": "x"}"#, 422, "events"),
            ("{}", 422, "event"),
            (r#"{"event": 1}"#, 422, "event"),
            (r#"{"event": "a b"}"#, 422, "event"),
            (r#"{"event": "x", "contact": 7}"#, 422, "contact"),
            (r#"{"event": "x", "contact": {}}"#, 422, "contact"),
            (r#"{"event": "x", "contact": {"name": "A"}}"#, 422, "contact"),
            (r#"{"event": "x", "contact": {"id": "1", "fax": "A"}}"#, 422, "contact"),
            (r#"{"event": "x", "contact": "07700 900123"}"#, 422, "contact.phone"),
            (r#"{"event": "x", "contact": {"phone": 44}}"#, 422, "contact.phone"),
            (r#"{"event": "x", "contact": {"email": "a@b"}}"#, 422, "contact.email"),
            (r#"{"event": "x", "contact": {"email": "<ann@x.com>"}}"#, 422, "contact.email"),
            (r#"{"event": "x", "contact": {"email": "Ann <ann@x.com>"}}"#, 422, "contact.email"),
            (r#"{"event": "x", "contact": {"id": "1", "language": "english"}}"#, 422, "contact.language"),
            (r#"{"event": "x", "contact": {"id": "1", "attributes": {"vip": true}}}"#, 422, "contact.attributes.vip"),
            (r#"{"event": "x", "data": []}"#, 422, "data"),
            (r#"{"event": "x", "id": ""}"#, 422, "id"),
            (r#"{"event": "x", "callback": "https://x.example/"}"#, 422, "callback.url"),
            (r#"{"event": "x", "contct": "+447700900123"}"#, 422, "body"),
        ] {
            assert_eq!(failure(body), (status, field.to_owned()), "{body}");
        }
        let long = format!(r#"{{"event": "x", "id": "{}"}}"#, "a".repeat(TEXT + 1));
        assert_eq!(failure(&long), (422, "id".to_owned()));
        assert!(one(&long.replacen('a', "", 1), None).is_ok(), "256 bytes are an id");
    }

    #[test]
    fn a_list_is_bounded_and_one_bad_event_leaves_the_others() {
        let list = |n: usize| format!("[{}]", vec![r#"{"event": "x"}"#; n].join(","));
        assert_eq!(read(&list(EVENTS_PER_BATCH), None).expect("read").events.len(), EVENTS_PER_BATCH);
        assert_eq!(failure(&list(EVENTS_PER_BATCH + 1)), (422, "events".to_owned()));
        let large = format!(r#"{{"event": "x", "data": {{"a": "{}"}}}}"#, "a".repeat(EVENT_BODY_BYTES));
        let mixed = format!(r#"{{"events": [{{"event": "x"}}, {{"event": 1}}, {large}]}}"#);
        let all = read(&mixed, None).expect("read").events;
        let statuses: Vec<u16> = all.iter().map(|one| one.as_ref().map_or_else(|f| f.status().as_u16(), |_| 202)).collect();
        assert_eq!(statuses, [202, 422, 413]);
        assert_eq!(failure(&large), (413, String::new()));
    }
}
