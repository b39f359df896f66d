//! Amplitude's cohort webhooks and its event streaming by webhook, both with the default payload. A cohort update is
//! `{cohort_id, in_cohort, message_id, users}`, an event has `event_type`, and a user who was identified `user_properties` without one.
//!
//! From Amplitude's documentation (Cohort Webhooks, Webhooks). Retries carry the same `message_id`, events their `$insert_id` or `uuid`.
//! Amplitude signs nothing: the URL holds the secret, or one of its own headers a bearer key. Not verified against the service itself: whether
//! several events come in one request (a list is read), and the form of `user_properties` after an Identify (`$set` is read too).

use super::{NotReadable, Reader, Said, Skipped, event_name, fields, text};
use serde_json::{Map, Value as Json, json};

pub(super) fn read(reader: &Reader<'_>, body: Json) -> Result<Said, NotReadable> {
    let messages = match body {
        Json::Array(messages) => messages,
        Json::Object(_) => vec![body],
        _ => return Err(NotReadable("the body is neither an object nor a list")),
    };
    let mut items = Vec::new();
    for message in messages {
        match message.get("users") {
            Some(Json::Array(users)) if message.get("cohort_id").is_some() => cohort(reader, &message, users, &mut items),
            _ => items.push(event(reader, &message)),
        }
    }
    Ok(Said { items, action: None })
}

fn cohort(reader: &Reader<'_>, message: &Json, users: &[Json], items: &mut Vec<Result<super::Item, Skipped>>) {
    let name = match message.get("in_cohort") {
        Some(Json::Bool(true)) => "amplitude.cohort.entered",
        Some(Json::Bool(false)) => "amplitude.cohort.left",
        _ => return items.push(Err(Skipped::Unreadable)),
    };
    let about = fields(message, &[("cohort_id", "id"), ("cohort_name", "name")]);
    let sent = text(message, "message_id");
    for user in users {
        let mut data = Map::new();
        data.insert("cohort".to_owned(), Json::Object(about.clone()));
        data.insert("member".to_owned(), user.clone());
        if let Some(at) = message.get("computed_time") {
            data.insert("at".to_owned(), at.clone());
        }
        let id = sent.as_ref().zip(text(user, "user_id")).map(|(sent, user)| json!([sent, user]).to_string());
        items.push(reader.item(name, user, data, id));
    }
}

fn event(reader: &Reader<'_>, message: &Json) -> Result<super::Item, Skipped> {
    if !message.is_object() {
        return Err(Skipped::Unreadable);
    }
    let message = &with_properties_set(message);
    let name = match text(message, "event_type") {
        Some(kind) if kind == "$identify" => "amplitude.identify".to_owned(),
        Some(kind) => event_name("amplitude.event.", &kind).ok_or(Skipped::Unreadable)?,
        None if message.get("user_properties").is_some() => "amplitude.identify".to_owned(),
        None => return Err(Skipped::Unreadable),
    };
    let data = fields(
        message,
        &[
            ("event_type", "name"),
            ("event_properties", "properties"),
            ("user_properties", "user_properties"),
            ("user_id", "user_id"),
            ("device_id", "device_id"),
            ("event_time", "at"),
        ],
    );
    let id = ["$insert_id", "insert_id", "uuid"].into_iter().find_map(|field| text(message, field));
    reader.item(&name, message, data, id)
}

/// An Identify may say what it sets under `$set`: then that is what the user has.
fn with_properties_set(message: &Json) -> Json {
    let mut message = message.clone();
    if let Some(properties) = message.get_mut("user_properties").and_then(Json::as_object_mut)
        && let Some(Json::Object(set)) = properties.remove("$set")
    {
        properties.extend(set);
    }
    message
}
