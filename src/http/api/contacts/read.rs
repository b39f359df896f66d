//! A contact as callers describe it: in a body of the API and in a row of an import.

use crate::config::project::Project;
use crate::domain::address::Address;
use crate::domain::change::{ContactChange, Edit};
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::limits;
use crate::domain::name::Slug;
use crate::http::error::Failure;
use crate::http::events::consent;
use crate::http::person::{attributes, email, excerpt, phone, unfit};
use jiff::tz::TimeZoneDatabase;
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

/// Bytes of the caller's own id of a contact.
const ID_BYTES: usize = 254;
/// Every field, for whoever named another one.
pub const FIELDS: &str = "phone, email, external_id, name, language, timezone, tags, attributes, stopped, consent";

/// What a caller says of a contact. What is not named stays as it is; null takes away what can be.
#[derive(Debug, ToSchema)]
#[schema(as = ContactGiven)]
#[expect(dead_code, reason = "it documents what `change` reads")]
pub struct Given {
    /// The phone number; it is not exchanged.
    phone: Option<String>,
    /// The email address.
    email: Option<String>,
    /// Your own id of the contact; it is not exchanged.
    external_id: Option<String>,
    /// The name.
    name: Option<String>,
    /// A language code such as `en` or `pt-BR`.
    language: Option<String>,
    /// IANA name of the time zone.
    timezone: Option<String>,
    /// Tags that are put on, or `{"add": [], "remove": []}`.
    #[schema(value_type = Value)]
    tags: Option<Json>,
    /// Declared attributes, each of its type.
    #[schema(value_type = Object)]
    attributes: Option<Json>,
    /// Kinds of channel over which they want no message any more: `sms`, `whatsapp`, `email`. It is added to what they said; only they themselves undo it.
    stopped: Option<Vec<String>>,
    /// What they agreed to: `marketing`, `topics`, `at`, `how`, `proof`.
    #[schema(value_type = Object)]
    consent: Option<Json>,
}

/// Reads what becomes of a contact. What is not named stays as it is, and null takes away what can be. `by` is who says so.
pub fn change(mut map: Map<String, Json>, project: &Project, by: &str) -> Result<ContactChange, Failure> {
    let country = project.country.as_deref();
    let mut change = ContactChange { by: by.to_owned(), ..ContactChange::default() };
    if let Some(text) = known(edit(&mut map, "phone", limits::CONSENT_WORDS_BYTES)?) {
        change.phone = Some(phone(&text, "phone", country)?);
    }
    change.external = known(edit(&mut map, "external_id", ID_BYTES)?);
    change.email = match edit(&mut map, "email", limits::CONSENT_WORDS_BYTES)? {
        Edit::To(text) => Edit::To(email(&text, "email")?),
        Edit::Clear => Edit::Clear,
        Edit::Keep => Edit::Keep,
    };
    change.name = edit(&mut map, "name", 4 * limits::CONTACT_NAME_CHARS)?;
    if matches!(&change.name, Edit::To(name) if name.chars().count() > limits::CONTACT_NAME_CHARS) {
        return Err(unfit("name", format!("is longer than {} characters", limits::CONTACT_NAME_CHARS)));
    }
    change.language = match edit(&mut map, "language", 64)? {
        Edit::To(code) => Edit::To(Language::parse(&code).ok_or_else(|| unfit("language", "is not a code such as en or pt-BR"))?),
        Edit::Clear => Edit::Clear,
        Edit::Keep => Edit::Keep,
    };
    change.timezone = edit(&mut map, "timezone", 64)?;
    if matches!(&change.timezone, Edit::To(zone) if TimeZoneDatabase::bundled().get(zone).is_err()) {
        return Err(unfit("timezone", "is not a time zone such as Europe/Madrid"));
    }
    match map.remove("attributes") {
        None | Some(Json::Null) => {}
        Some(Json::Object(given)) => change.attributes = attributes(given, "attributes", project)?,
        Some(_) => return Err(unfit("attributes", "is not an object")),
    }
    (change.tag, change.untag) = tags(map.remove("tags"))?;
    change.stop = match map.remove("stopped") {
        None | Some(Json::Null) => 0,
        Some(given) => stopped(&given).ok_or_else(|| unfit("stopped", "is not a list of sms, whatsapp and email"))?,
    };
    change.consent = match map.remove("consent") {
        None | Some(Json::Null) => None,
        Some(given) => Some(Box::new(consent::read(given, "consent", project)?)),
    };
    match map.keys().next() {
        None => Ok(change),
        Some(id) if id == "id" => Err(unfit("id", "is given by the service; your own id of a contact is external_id")),
        Some(unknown) => Err(unfit("body", format!("`{}` is no field of a contact; there are {FIELDS}", excerpt(unknown)))),
    }
}

fn stopped(given: &Json) -> Option<u8> {
    let kinds = given.as_array()?.iter().map(|kind| ChannelKind::parse(kind.as_str()?));
    kinds.collect::<Option<Vec<_>>>().map(|kinds| kinds.into_iter().fold(0, |bits, kind| bits | kind.stop_bit()))
}

/// The addresses that a change names, the usual identity first.
pub fn addresses(change: &ContactChange) -> Vec<Address> {
    let email = if let Edit::To(email) = &change.email { Some(Address::Email(email.clone())) } else { None };
    let phone = change.phone.clone().map(Address::Phone);
    phone.into_iter().chain(email).chain(change.external.clone().map(Address::External)).collect()
}

/// What the field is called in which an address stands.
pub fn field_of(address: &Address) -> &'static str {
    match address {
        Address::Phone(_) => "phone",
        Address::Email(_) => "email",
        Address::External(_) | Address::Bsuid(_) | Address::Verbatim(_) => "external_id",
    }
}

fn edit(map: &mut Map<String, Json>, field: &str, bytes: usize) -> Result<Edit<String>, Failure> {
    match map.remove(field) {
        None => Ok(Edit::Keep),
        Some(Json::Null) => Ok(Edit::Clear),
        Some(Json::String(text)) if !text.trim().is_empty() && text.len() <= bytes && !text.contains('\0') => {
            Ok(Edit::To(text.trim().to_owned()))
        }
        Some(_) => Err(unfit(field, format!("is not text of 1 to {bytes} bytes"))),
    }
}

/// What cannot be taken away is only given.
fn known(edit: Edit<String>) -> Option<String> {
    if let Edit::To(text) = edit { Some(text) } else { None }
}

/// A list of tags that are put on, or `{"add": […], "remove": […]}`.
fn tags(given: Option<Json>) -> Result<(Vec<Slug>, Vec<Slug>), Failure> {
    const FORM: &str = "is neither a list of tags nor an object with `add` and `remove`";
    match given {
        None | Some(Json::Null) => Ok((Vec::new(), Vec::new())),
        Some(Json::Array(add)) => Ok((slugs(add, "tags")?, Vec::new())),
        Some(Json::Object(mut map)) => {
            let mut list = |field: &str, at: &str| match map.remove(field) {
                None | Some(Json::Null) => Ok(Vec::new()),
                Some(Json::Array(tags)) => slugs(tags, at),
                Some(_) => Err(unfit(at, "is not a list of tags")),
            };
            let both = (list("add", "tags.add")?, list("remove", "tags.remove")?);
            if map.is_empty() { Ok(both) } else { Err(unfit("tags", FORM)) }
        }
        Some(_) => Err(unfit("tags", FORM)),
    }
}

fn slugs(given: Vec<Json>, at: &str) -> Result<Vec<Slug>, Failure> {
    if given.len() > limits::TAGS {
        return Err(unfit(at, format!("holds {} tags; a contact has at most {}", given.len(), limits::TAGS)));
    }
    let read = |(place, tag): (usize, Json)| {
        let wrong = || unfit(format!("{at}[{place}]"), "is not a tag: a–z, 0–9, `-` and `_`, at most 64 characters");
        tag.as_str().and_then(|tag| Slug::parse(tag).ok()).ok_or_else(wrong)
    };
    given.into_iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Secrets, Settings};
    use crate::domain::name::Name;
    use crate::domain::value::{Type, Value};

    fn read(text: &str) -> Result<ContactChange, String> {
        let settings = Settings::load(None, &Environment::default(), Secrets::Tolerated).expect("the defaults");
        let mut project = settings.project;
        project.attributes.insert(Name::parse("vip").expect("a name"), Type::Boolean);
        project.country = Some("GB".to_owned());
        let Ok(Json::Object(map)) = serde_json::from_str(text) else { panic!("{text}") };
        change(map, &project, "ann").map_err(|failure| failure.field().unwrap_or("").to_owned())
    }

    #[test]
    fn a_contact_is_read_and_null_takes_away() {
        let whole = r#"{"phone": "07700 900123", "email": "A@b.example", "external_id": "c-1", "name": " Ann ", "language": "es",
            "timezone": "Europe/Madrid", "tags": ["vip"], "attributes": {"vip": true}, "consent": {"marketing": ["sms"]}}"#;
        let change = read(whole).expect("a change");
        assert_eq!(change.phone.as_ref().map(|phone| phone.as_str()), Some("+447700900123"));
        assert_eq!((&change.email, &change.name), (&Edit::To("a@b.example".to_owned()), &Edit::To("Ann".to_owned())));
        assert_eq!((change.tag.len(), change.consent.as_ref().map(|c| (c.yes, c.no))), (1, Some((1, 6))));
        assert_eq!(addresses(&change).iter().map(field_of).collect::<Vec<_>>(), ["phone", "email", "external_id"]);
        let less =
            read(r#"{"email": null, "name": null, "phone": null, "attributes": {"vip": null}, "tags": {"remove": ["x"]}}"#);
        let less = less.expect("a change");
        assert_eq!((&less.email, &less.name, &less.phone), (&Edit::Clear, &Edit::Clear, &None));
        assert_eq!((less.untag.len(), &less.attributes[0].1), (1, &Value::Null));
        assert!(addresses(&less).is_empty());
    }

    #[test]
    fn every_slip_names_its_field() {
        for (text, field) in [
            (r#"{"phone": "12"}"#, "phone"),
            (r#"{"phone": 447700900123}"#, "phone"),
            (r#"{"email": "a@b"}"#, "email"),
            (r#"{"external_id": ""}"#, "external_id"),
            (r#"{"language": "english"}"#, "language"),
            (r#"{"timezone": "Mars/Olympus"}"#, "timezone"),
            (r#"{"attributes": {"vip": "yes"}}"#, "attributes.vip"),
            (r#"{"attributes": {"size": 1}}"#, "attributes.size"),
            (r#"{"attributes": []}"#, "attributes"),
            (r#"{"tags": "vip"}"#, "tags"),
            (r#"{"tags": ["a b"]}"#, "tags[0]"),
            (r#"{"tags": {"add": ["x"], "set": []}}"#, "tags"),
            (r#"{"tags": {"remove": [7]}}"#, "tags.remove[0]"),
            (r#"{"consent": {"marketing": "yes"}}"#, "consent.marketing"),
            (r#"{"id": "x"}"#, "id"),
            (r#"{"fax": "x"}"#, "body"),
        ] {
            assert_eq!(read(text).map(drop), Err(field.to_owned()), "{text}");
        }
        let name = |n: usize| format!(r#"{{"name": "{}"}}"#, "é".repeat(n));
        assert!(read(&name(limits::CONTACT_NAME_CHARS)).is_ok());
        assert_eq!(read(&name(limits::CONTACT_NAME_CHARS + 1)).map(drop), Err("name".to_owned()));
        let tags = |n: usize| format!(r#"{{"tags": [{}]}}"#, vec!["\"x\""; n].join(","));
        assert!(read(&tags(limits::TAGS)).is_ok());
        assert_eq!(read(&tags(limits::TAGS + 1)).map(drop), Err("tags".to_owned()));
    }
}
