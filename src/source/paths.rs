//! Who it is, by paths such as `traits.phone` that the settings give.

use super::{Attributes, Skipped};
use crate::config::project::Project;
use crate::config::sources::{ConsentPaths, ContactPaths};
use crate::domain::channel::ChannelKind;
use crate::domain::consent::Consent;
use crate::domain::input::ContactRef;
use crate::domain::language::Language;
use crate::domain::mail::personal_email;
use crate::domain::phone::parse_phone;
use crate::domain::shape::Shape;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use serde_json::Value as Json;

/// Characters of an address, an id or a name.
const CHARS: usize = 254;

/// What a path leads to. A name may hold dots itself: the longest that is there counts.
pub fn find<'v>(root: &'v Json, path: &str) -> Option<&'v Json> {
    if let Some(whole) = root.get(path) {
        return Some(whole);
    }
    path.rmatch_indices('.').find_map(|(dot, _)| find(root.get(&path[..dot])?, &path[dot + 1..]))
}

/// Text, or a number as text; nothing if it is blank.
pub fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn first(root: &Json, paths: &[String]) -> Option<String> {
    paths.iter().find_map(|path| text(find(root, path)?)).filter(|text| text.chars().count() <= CHARS)
}

/// Whom the properties of an item name. A phone number that cannot be read is left out where an email or an id says who it is.
pub fn contact(paths: &ContactPaths, properties: &Json, project: &Project) -> Result<ContactRef, Skipped> {
    let phone = first(properties, &paths.phone);
    let read = phone.as_deref().map(|phone| parse_phone(phone, project.country.as_deref()));
    let contact = ContactRef {
        phone: read.clone().and_then(Result::ok),
        email: first(properties, &paths.email).as_deref().and_then(personal_email),
        id: first(properties, &paths.id),
        user_id: None,
        name: first(properties, &paths.name),
        language: first(properties, &paths.language).and_then(|code| Language::parse(&code)),
        attributes: attributes(paths, properties, project),
        consent: consent(&paths.consent, properties).map(Box::new),
    };
    match (contact.address(), read) {
        (Some(_), _) => Ok(contact),
        (None, Some(Err(_))) => Err(Skipped::UnreadablePhone),
        (None, _) => Err(Skipped::Nobody),
    }
}

/// What the item says of the contact's declared attributes; what is of another type is left out.
fn attributes(paths: &ContactPaths, properties: &Json, project: &Project) -> Attributes {
    let mut all = Attributes::new();
    for (name, paths) in &paths.attributes {
        let Some(found) = paths.iter().find_map(|path| find(properties, path)) else { continue };
        let value = Value::from_json(found.clone());
        let kind = project.attributes.get(name).copied().unwrap_or(crate::domain::value::Type::Any);
        if Shape::of(kind).check(&value, "", project.country.as_deref()).is_ok() {
            all.push((name.clone(), value));
        }
    }
    all
}

/// What the item says of the contact's consent: `true` and `false`, also as text. Anything else says nothing.
fn consent(paths: &ConsentPaths, properties: &Json) -> Option<Consent> {
    let said = |path: &String| match find(properties, path)? {
        Json::Bool(yes) => Some(*yes),
        Json::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        _ => None,
    };
    let mut consent = Consent::default();
    if let Some(yes) = paths.marketing.as_ref().and_then(said) {
        ChannelKind::ALL.into_iter().for_each(|kind| consent.say(kind, yes));
    }
    for (kind, path) in &paths.kinds {
        if let Some(yes) = said(path) {
            consent.say(*kind, yes);
        }
    }
    let at = paths.at.as_ref().and_then(|path| text(find(properties, path)?));
    consent.at = at.and_then(|at| at.parse::<jiff::Timestamp>().ok()).map(|at| Millis(at.as_millisecond()));
    (!consent.is_empty()).then_some(consent)
}
