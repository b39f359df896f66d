//! Lists as they are answered: a page as JSON, or all of it as CSV or JSON lines, which is read and sent a part at a time, so
//! that an export of any length takes the memory of one part.

use super::{Cursor, Page, Query};
use crate::history::HistoryError;
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures_util::stream::unfold;
use serde::Serialize;
use serde_json::Value as Json;
use std::future::Future;
use tokio::sync::OwnedSemaphorePermit;

/// Items that an export reads at once.
const PART: usize = 500;
/// Exports at one time.
pub const EXPORTS: usize = 4;

/// Items, each with its own place.
pub type Found<T, P> = Result<Vec<(T, P)>, HistoryError>;

/// A list that can be read from any place in it.
pub trait Listing: Send + 'static {
    /// What it lists.
    type Item: Serialize + Send;
    /// A place in it.
    type Place: Cursor + Send;
    /// The columns of a table of it.
    const FIELDS: &'static [&'static str];
    /// What a file of it is called.
    const FILE: &'static str;
    /// The items after a place, at most so many, each with its own place.
    fn after(&self, place: Option<&Self::Place>, limit: usize) -> impl Future<Output = Found<Self::Item, Self::Place>>;
}

/// In which form a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Page,
    Csv,
    Lines,
}

/// The same, for the API's document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `answer` reads")]
pub struct Listed {
    /// Items of a page, 1 to 200; 50 if it is not given
    limit: Option<usize>,
    /// `next` of the page before
    cursor: Option<String>,
    /// `json`; `csv` or `jsonl` for the whole list as a file
    format: Option<String>,
}

/// The parameters of every such list, beside its own filters.
pub const PARAMETERS: [&str; 3] = ["limit", "cursor", "format"];

/// The answer: a page, or the whole list as a file.
pub async fn answer<L: Listing>(web: &Data<Web>, query: &Query, listing: L) -> Result<HttpResponse, Failure> {
    let read = |text: &str| {
        Some(match text {
            "json" => Form::Page,
            "csv" => Form::Csv,
            "jsonl" => Form::Lines,
            _ => return None,
        })
    };
    let form = query.parsed("format", "json, csv or jsonl", read)?.unwrap_or(Form::Page);
    let place = query.cursor::<L::Place>()?;
    if form == Form::Page {
        let limit = query.limit()?;
        let items = listing.after(place.as_ref(), limit + 1).await.map_err(|error| unavailable(&error))?;
        let mut last = None;
        let more = items.len() > limit;
        let mut shown = Vec::with_capacity(limit);
        for (item, place) in items.into_iter().take(limit) {
            last = Some(place);
            shown.push(item);
        }
        let next = last.filter(|_| more).map(|place| place.write());
        return Ok(HttpResponse::Ok().json(Page { items: shown, next }));
    }
    if query.text("limit").is_some() {
        return Err(Failure::Invalid {
            field: "limit",
            reason: "does not go with a format that gives the whole list".to_owned(),
        });
    }
    let permit = web.streams.export()?;
    let name = format!("{}.{}", L::FILE, if form == Form::Csv { "csv" } else { "jsonl" });
    let kind = if form == Form::Csv { "text/csv; charset=utf-8; header=present" } else { "application/x-ndjson" };
    let export = Export { listing, form, place, begun: false, over: false, _permit: permit };
    let parts = unfold(export, |mut export| async {
        let part = export.part().await?;
        Some((part, export))
    });
    Ok(HttpResponse::Ok()
        .content_type(kind)
        .insert_header(("Content-Disposition", format!("attachment; filename=\"{name}\"")))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Cache-Control", "no-store"))
        .streaming(parts))
}

/// The database does not answer.
pub fn unavailable(error: &HistoryError) -> Failure {
    tracing::error!(%error, "history could not be read");
    Failure::Unavailable
}

struct Export<L: Listing> {
    listing: L,
    form: Form,
    place: Option<L::Place>,
    begun: bool,
    over: bool,
    _permit: OwnedSemaphorePermit,
}

impl<L: Listing> Export<L> {
    /// The next part; an error breaks the connection off, so that nobody takes a part for the whole.
    async fn part(&mut self) -> Option<Result<Bytes, HistoryError>> {
        if self.over {
            return None;
        }
        let items = match self.listing.after(self.place.as_ref(), PART).await {
            Ok(items) => items,
            Err(error) => {
                tracing::error!(%error, "an export was cut off");
                self.over = true;
                return Some(Err(error));
            }
        };
        self.over = items.len() < PART;
        let head = !std::mem::replace(&mut self.begun, true);
        let mut shown = Vec::with_capacity(items.len());
        for (item, place) in items {
            shown.push(serde_json::to_value(item).unwrap_or_default());
            self.place = Some(place);
        }
        let bytes = match self.form {
            Form::Csv => table(head.then_some(L::FIELDS), L::FIELDS, &shown),
            Form::Page | Form::Lines => shown.iter().map(|item| format!("{item}\n")).collect::<String>().into_bytes(),
        };
        Some(Ok(Bytes::from(bytes)))
    }
}

/// A cell that a spreadsheet would run, after OWASP's "CSV injection", is a text for it with an apostrophe before it. Numbers and phone numbers stay.
pub fn harmless(cell: String) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let number = || cell.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b' '));
    if formula && !number() { format!("'{cell}") } else { cell }
}

/// A cell as it was before it was made harmless.
pub fn plain(cell: &str) -> &str {
    let behind = cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@', '\t', '\r']));
    behind.unwrap_or(cell)
}

/// Rows of a table; what is no single value is JSON.
fn table(head: Option<&[&str]>, fields: &[&str], items: &[Json]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Into memory nothing fails to be written.
    if let Some(head) = head {
        let _ = writer.write_record(head);
    }
    for item in items {
        let _ = writer.write_record(fields.iter().map(|field| match &item[*field] {
            Json::Null => String::new(),
            Json::String(text) => harmless(text.clone()),
            other => other.to_string(),
        }));
    }
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tables_hold_texts_as_they_are_and_the_rest_as_json() {
        let items = [json!({ "a": "x, \"y\"\n", "b": 1, "c": { "d": [1] } }), json!({ "b": null })];
        let text = String::from_utf8(table(Some(&["a", "b", "c"]), &["a", "b", "c"], &items)).expect("text");
        assert_eq!(text, "a,b,c\n\"x, \"\"y\"\"\n\",1,\"{\"\"d\"\":[1]}\"\n,,\n");
        assert_eq!(table(None, &["a", "b"], &[]), b"");
        let formula = json!({ "a": "=HYPERLINK(\"x\")", "b": "+447700900123", "c": -1.5 });
        let text = String::from_utf8(table(None, &["a", "b", "c"], &[formula])).expect("text");
        assert_eq!(text, "\"'=HYPERLINK(\"\"x\"\")\",+447700900123,-1.5\n");
        for cell in ["=1+1", "-sms", "@a", "+447700900123", "-1.5", "'quoted", "", "Ann"] {
            assert_eq!(plain(&harmless(cell.to_owned())), cell);
        }
    }
}
