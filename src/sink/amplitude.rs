//! Amplitude, HTTP V2 API (amplitude.com/docs/apis/analytics/http-v2 and …/http-api-batching-retries): the API key in the body, less than 1 MB
//! and 2,000 events a request (10 are recommended on the Starter plan). A 400 names rows by their places in `events_with_…`, and none of the
//! request was taken. A 429 names users who are over a limit and the places of their rows; what is over the quota of a day would be refused for
//! hours. A repeated `insert_id` is dropped for 7 days. Ids have at least 5 characters unless `min_id_length` says otherwise.

use super::{Encoded, Person, Request, Row, Verdict, field_name, key, list};
use crate::config::sinks::Access;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Of a body, and of one event.
pub(super) const BYTES: (usize, usize) = (950_000, 500_000);

pub(super) fn row(row: &Row, person: &Person) -> Json {
    let who = if person.known { "user_id" } else { "device_id" };
    json!({
        "event_type": row.name,
        who: person.id,
        "time": row.at.0,
        "insert_id": row.id,
        "event_properties": row.properties,
    })
}

pub(super) fn request(base_url: &str, access: &Access, rows: &[Encoded]) -> Request {
    let api_key = Json::from(key(access));
    let body = list(&format!("{{\"api_key\":{api_key},\"options\":{{\"min_id_length\":1}},\"events\":["), rows, "]}");
    Request { url: format!("{base_url}/2/httpapi"), authorization: None, body }
}

pub(super) fn refusal(body: &Json, n: usize) -> Verdict {
    let mut wrong: BTreeMap<usize, String> = BTreeMap::new();
    for (kind, listed) in body.as_object().into_iter().flatten() {
        match listed {
            // {"time": [0, 3]}
            Json::Object(fields) if kind.starts_with("events_with_") => {
                for (field, places) in fields {
                    wrong.extend(places_of(places, n).map(|place| (place, field_name(field))));
                }
            }
            Json::Array(_) if kind.starts_with("events_with_") || kind == "silenced_events" => {
                wrong.extend(places_of(listed, n).map(|place| (place, field_name(kind))));
            }
            _ => {}
        }
    }
    let said = body["error"].as_str().unwrap_or("").to_ascii_lowercase();
    match wrong.is_empty() {
        false => Verdict::AgainWithout(wrong.into_iter().collect()),
        true if said.contains("api key") || said.contains("api_key") => Verdict::Closed("400: look at its key".to_owned()),
        true if body["missing_field"] == "api_key" => Verdict::Closed("400: it has no key".to_owned()),
        true => Verdict::Refused("400".to_owned()),
    }
}

pub(super) fn throttled(body: &Json, rows: &[Encoded]) -> Verdict {
    let places: Vec<usize> = places_of(&body["throttled_events"], rows.len()).collect();
    let over = |kind: &str, id: &Json| id.as_str().is_some_and(|id| body[kind].get(id).is_some());
    // Only who is over the quota of a day is refused for hours: to wait for them would hold up everybody else.
    let spent = |row: &Encoded| {
        let row: Json = serde_json::from_slice(&row.json).unwrap_or(Json::Null);
        over("exceeded_daily_quota_users", &row["user_id"]) || over("exceeded_daily_quota_devices", &row["device_id"])
    };
    let hopeless = rows.iter().enumerate().filter(|(_, row)| spent(row));
    let hopeless: Vec<_> = hopeless.map(|(place, _)| (place, "daily_quota".to_owned())).collect();
    if !hopeless.is_empty() {
        return Verdict::AgainWithout(hopeless);
    }
    match places.is_empty() || places.len() == rows.len() {
        true => Verdict::Later("429".to_owned()),
        false => Verdict::Throttled(places),
    }
}

fn places_of(list: &Json, n: usize) -> impl Iterator<Item = usize> {
    let places = list.as_array().into_iter().flatten().filter_map(Json::as_u64);
    places.filter_map(|place| usize::try_from(place).ok()).filter(move |place| *place < n)
}
