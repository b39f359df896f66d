//! Contacts as a file, streamed page by page. What was taken out can be imported again.

use super::list::{Chosen, records};
use super::view::Contact;
use crate::config::project::Project;
use crate::domain::scope::Scope;
use crate::http::api::imports::Format;
use crate::http::api::listing::harmless;
use crate::http::api::{Query, audit, looked, recorded};
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Contacts of one piece.
const PIECE: usize = 200;
/// Columns that every export has.
const COLUMNS: [&str; 12] = [
    "contact",
    "phone",
    "email",
    "external_id",
    "whatsapp_id",
    "name",
    "language",
    "timezone",
    "tags",
    "stopped",
    "last_seen",
    "marketing",
];

/// Contacts as CSV or JSON lines
#[utoipa::path(get, path = "/v1/contacts/export", tag = "Contacts", operation_id = "export_contacts", security(("key" = ["contacts:read"])),
    params(("query" = Option<String>, Query, description = "Only those for whom this holds"),
        ("format" = Option<String>, Query, description = "`csv` (the default) or `jsonl`")),
    responses((status = 200, description = "The file", content((String = "text/csv"), (String = "application/x-ndjson")))))]
pub async fn export(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::ContactsRead).await?;
    let asked = Query::read(&request, &["query", "format"])?;
    let format = asked.parsed("format", "csv or jsonl", Format::parse)?.unwrap_or(Format::Csv);
    let permit = web.streams.export()?;
    let chosen = Chosen::read(&web.core, web.record.clone(), caller.mode, asked.text("query"))?;
    audit::write(&web, &caller, "contacts.export", None, json!({ "chosen": asked.text("query").is_some() })).await?;
    let (core, mode) = (Arc::clone(&web.core), caller.mode);
    let head = match format {
        Format::Csv => Some(csv(&[names(&core.world().project)])),
        Format::JsonLines => None,
    };
    // The place is the last key that was sent; nothing when all were.
    let begun = (Some(String::new()), head);
    let pieces = stream::try_unfold(begun, move |(after, head)| {
        // Held until the file is at its end.
        let _ = &permit;
        let (web, core, mode) = (web.clone(), Arc::clone(&core), mode);
        let chosen = chosen.clone();
        async move {
            if let Some(head) = head {
                return Ok(Some((head, (after, None))));
            }
            let Some(after) = after else { return Ok(None) };
            let keys = recorded(&web, async move { chosen.keys(&after, PIECE).await }).await?;
            let Some(last) = keys.last().map(ToString::to_string) else { return Ok(None) };
            let found = records(&core, &keys, mode).await?;
            let contacts: Vec<Contact> = found.iter().map(Contact::of).collect();
            let piece = match format {
                Format::Csv => csv(&contacts.iter().map(|contact| cells(contact, &core.world().project)).collect::<Vec<_>>()),
                Format::JsonLines => lines(&contacts),
            };
            let next = (keys.len() == PIECE).then_some(last);
            Ok::<_, Failure>(Some((piece, (next, None))))
        }
    });
    let media = match format {
        Format::Csv => "text/csv; charset=utf-8",
        Format::JsonLines => "application/x-ndjson",
    };
    let name = if format == Format::Csv { "contacts.csv" } else { "contacts.jsonl" };
    Ok(HttpResponse::Ok()
        .content_type(media)
        .insert_header(("Content-Disposition", format!("attachment; filename=\"{name}\"")))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Cache-Control", "no-store"))
        .streaming(Box::pin(pieces)))
}

fn names(project: &Project) -> Vec<String> {
    let topics = project.topics.keys().map(|topic| format!("topic.{topic}"));
    let attributes = project.attributes.keys().map(|name| format!("attribute.{name}"));
    COLUMNS.iter().map(ToString::to_string).chain(topics).chain(attributes).collect()
}

fn cells(contact: &Contact, project: &Project) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut cells = vec![
        contact.id.clone(),
        text(&contact.phone),
        text(&contact.email),
        text(&contact.external_id),
        text(&contact.whatsapp_id),
        text(&contact.name),
        text(&contact.language),
        text(&contact.timezone),
        contact.tags.join(" "),
        contact.stopped.join(" "),
        text(&contact.last_seen),
        topic(&said(contact)),
    ];
    cells.extend(project.topics.keys().map(|name| contact.topics.get(name.as_str()).map(topic).unwrap_or_default()));
    cells.extend(project.attributes.keys().map(|name| match contact.attributes.get(name.as_str()) {
        None => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }));
    cells
}

fn topic(said: &BTreeMap<&'static str, bool>) -> String {
    let words = said.iter().map(|(kind, yes)| if *yes { (*kind).to_owned() } else { format!("-{kind}") });
    words.collect::<Vec<_>>().join(" ")
}

/// What was said of marketing as a whole: a yes, or a no where there was one. Where nothing was said, nothing is.
fn said(contact: &Contact) -> BTreeMap<&'static str, bool> {
    let said = contact.marketing.iter().filter(|(kind, yes)| **yes || contact.refused.contains(kind));
    said.map(|(kind, yes)| (*kind, *yes)).collect()
}

fn csv(rows: &[Vec<String>]) -> Bytes {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Into memory nothing fails, and all rows have the same number of cells.
    rows.iter().for_each(|row| drop(writer.write_record(row.iter().map(|cell| harmless(cell.clone())))));
    Bytes::from(writer.into_inner().unwrap_or_default())
}

fn lines(contacts: &[Contact]) -> Bytes {
    let mut out = Vec::new();
    for contact in contacts {
        let mut line = Map::new();
        let mut put = |key: &str, value: Json| {
            if !value.is_null() {
                line.insert(key.to_owned(), value);
            }
        };
        put("id", contact.id.as_str().into());
        for (key, value) in [
            ("phone", &contact.phone),
            ("email", &contact.email),
            ("external_id", &contact.external_id),
            ("whatsapp_id", &contact.whatsapp_id),
            ("name", &contact.name),
            ("language", &contact.language),
            ("timezone", &contact.timezone),
            ("last_seen", &contact.last_seen),
        ] {
            put(key, value.clone().into());
        }
        put("tags", json!(contact.tags));
        put("attributes", contact.attributes.clone().into());
        put("stopped", json!(contact.stopped));
        let marketing = said(contact);
        if !marketing.is_empty() || !contact.topics.is_empty() {
            put("consent", json!({ "marketing": marketing, "topics": contact.topics }));
        }
        out.extend(Json::from(line).to_string().into_bytes());
        out.push(b'\n');
    }
    Bytes::from(out)
}
