//! Segment, HTTP Tracking API (twilio.com/docs/segment/connections/sources/catalog/libraries/server/http-api): the write key as the name of basic
//! authentication without a password, 500 KB and 2,500 events in a batch, 32 KB an event. It answers 200 to whatever is JSON and not too
//! large, else 400 without saying what; a repeated `messageId` is dropped. Workspaces in the EU have a host of their own.

use super::{Encoded, Person, Request, Row, Verdict, basic, key, list};
use crate::config::sinks::Access;
use crate::domain::value::rfc3339;
use serde_json::{Value as Json, json};

/// Of a body, and of one event.
pub(super) const BYTES: (usize, usize) = (490_000, 31_000);

pub(super) fn row(row: &Row, person: &Person) -> Json {
    let who = if person.known { "userId" } else { "anonymousId" };
    json!({
        "type": "track",
        "messageId": row.id,
        who: person.id,
        "event": row.name,
        "timestamp": rfc3339(row.at),
        "properties": row.properties,
    })
}

pub(super) fn request(base_url: &str, access: &Access, rows: &[Encoded]) -> Request {
    let body = list("{\"batch\":[", rows, "]}");
    Request { url: format!("{base_url}/v1/batch"), authorization: Some(basic(key(access), "")), body }
}

pub(super) fn refusal() -> Verdict {
    Verdict::Refused("400".to_owned())
}
