//! Mixpanel, Import Events (docs.mixpanel.com/reference/import-events): up to 2,000 events of less than 1 MB each; the page names 10 MB for a
//! request, older ones 2 MB, which is kept to. With `strict=1` a 400 names what is wrong in `failed_records`, and everything else of the
//! request was taken. `$insert_id` has at most 36 characters. No `Retry-After` is documented for 429.

use super::{Encoded, Person, Request, Row, Verdict, basic, field_name, key, list};
use crate::config::sinks::Access;
use serde_json::{Value as Json, json};

/// Of a body, and of one event.
pub(super) const BYTES: (usize, usize) = (2_000_000, 900_000);

pub(super) fn row(row: &Row, person: &Person) -> Json {
    let mut properties = row.properties.clone();
    properties.insert("time".to_owned(), row.at.0.into());
    properties.insert("distinct_id".to_owned(), person.id.as_str().into());
    properties.insert("$insert_id".to_owned(), row.id.as_str().into());
    json!({ "event": row.name, "properties": properties })
}

pub(super) fn request(base_url: &str, access: &Access, rows: &[Encoded]) -> Request {
    let (url, authorization) = match access {
        // The token is the name, and there is no password.
        Access::Key(_) => (format!("{base_url}/import?strict=1"), basic(key(access), "")),
        Access::Account { project, user, password } => {
            let project: String = url::form_urlencoded::byte_serialize(project.as_bytes()).collect();
            (format!("{base_url}/import?strict=1&project_id={project}"), basic(user, password.expose()))
        }
    };
    Request { url, authorization: Some(authorization), body: list("[", rows, "]") }
}

pub(super) fn refusal(body: &Json, n: usize) -> Verdict {
    let mut failed = Vec::new();
    for record in body["failed_records"].as_array().into_iter().flatten() {
        let Some(index) = record["index"].as_u64().and_then(|index| usize::try_from(index).ok()).filter(|i| *i < n) else {
            continue;
        };
        let field = record["field"].as_str().map_or_else(|| "not valid".to_owned(), field_name);
        if !failed.iter().any(|(known, _)| *known == index) {
            failed.push((index, field));
        }
    }
    match failed.is_empty() {
        true => Verdict::Refused("400".to_owned()),
        false => Verdict::Without(failed),
    }
}
