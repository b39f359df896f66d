//! `/v1/imports`: contacts from a file, row by row as it streams in. Each row is taken once under its job and number, so a file that was cut off
//! goes on where it was; and each row is told what became of it.

pub(super) mod batch;
mod columns;
pub mod file;
pub mod job;
mod rows;

pub use rows::Format;

use super::{Page, Query, audit, chosen, looked, recorded};
use crate::domain::mode::Mode;
use crate::domain::scope::Scope;
use crate::http::body;
use crate::http::caller::Caller;
use crate::http::error::Failure;
use crate::http::person::unfit;
use crate::http::web::Web;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use batch::Import;
pub use batch::Stopped;
use columns::Columns;
use file::{File, Said, drain, worked};
use job::{Job, JobRow, RESULTS};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::mpsc::channel;
use tokio::task::JoinError;
use utoipa::ToSchema;

/// Rows that are read ahead of those that are worked on.
pub(super) const AHEAD: usize = 256;
/// Rows that were refused which the answer shows.
const SHOWN: usize = 20;

/// An import and the first rows that were refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportReport)]
pub struct Report {
    /// How it is.
    #[serde(flatten)]
    job: Job,
    /// The first rows that were refused; `/rows` has all.
    problems: Vec<JobRow>,
}

/// Import contacts from CSV or JSON lines
#[utoipa::path(post, path = "/v1/imports", tag = "Contacts", operation_id = "post_import", security(("key" = ["contacts:write"])),
    params(("job" = Option<String>, Query, description = "A name for it: the same file under the same name goes on where it was cut off"),
        ("format" = Option<String>, Query, description = "`csv` or `jsonl`; else by the media type"),
        ("dry_run" = Option<bool>, Query, description = "Only say what would become of each row"),
        ("ignore" = Option<String>, Query, description = "Names of columns to leave out, divided by commas")),
    request_body(content((String = "text/csv"), (String = "application/x-ndjson"))),
    responses((status = 200, description = "It is done", body = Report), (status = 409, description = "Another file was imported under this name"), (status = 415, description = "It is neither CSV nor JSON lines"), (status = 422, description = "A column is not known")))]
pub async fn post(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let neither = "contacts are imported as text/csv or application/x-ndjson; `format` says so too";
    let opened = open(&web, &request, &mut payload, Scope::ContactsWrite, neither).await?;
    let mut file = File::new(&web, &mut payload, opened.format);
    let ignored: Vec<&str> = opened.ignored.iter().map(String::as_str).collect();
    let columns = match opened.format {
        Format::JsonLines => None,
        Format::Csv => Some(Columns::read(&file.names(&ignored).await?, &web.core.world().project, &ignored)?),
    };
    opened.begin(&web, "contacts.import").await?;
    let Opened { caller, id, tried, whole, before, .. } = opened;
    let (sender, receiver) = channel(AHEAD);
    let mut import =
        Import::new(Arc::clone(&web.core), web.record.clone(), (id.clone(), caller.name.clone()), caller.mode, tried, before);
    // What was imported whole is only compared: the answer is what became of it then.
    import.whole = whole;
    // Who hangs up ends the file, and not what is being done.
    let work = web.engine.spawn(worked(import, receiver));
    let row = |bytes: Said| match (bytes, &columns) {
        (Said::Cells(cells), Some(columns)) => columns.row(cells),
        (Said::Cells(_), None) => Err(unfit("row", "is no JSON")),
        (Said::Line(line), _) => columns::line(&line),
    };
    let read = file.send(row, &sender).await;
    drop(sender);
    ended(&web, &mut payload, &id, work.await, read).await
}

/// An import before its first row.
pub(super) struct Opened {
    /// Who imports.
    pub caller: Caller,
    /// What it is called.
    pub id: String,
    /// How its rows are written.
    pub format: Format,
    /// Names of columns to leave out.
    pub ignored: Vec<String>,
    /// Whether it only says what would become of each row.
    pub tried: bool,
    /// All rows that there are, if the file was at its end before.
    pub whole: Option<i64>,
    /// Rows up to this one were done before.
    pub before: i64,
}

/// What a caller wants to import. `neither` is said where the file is neither CSV nor JSON lines.
pub(super) async fn open(
    web: &Web,
    request: &HttpRequest,
    payload: &mut Payload,
    scope: Scope,
    neither: &'static str,
) -> Result<Opened, Failure> {
    let caller = match web.caller(request, scope).await {
        Ok(caller) => caller,
        Err(failure) => {
            body::read(payload, body::UNPROVEN, &web.memory, web.request_timeout).await?;
            return Err(failure);
        }
    };
    let asked = Query::read(request, &["job", "format", "dry_run", "ignore"])?;
    let media = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let format = asked.parsed("format", "csv or jsonl", Format::parse)?.or_else(|| Format::of_type(media));
    let format = format.ok_or(Failure::Form(neither))?;
    let tried = asked.boolean("dry_run")?.unwrap_or(false);
    let id = job_id(web, request, &caller, &asked, tried)?;
    let known = find(web, &id).await?;
    let whole = known.as_ref().filter(|job| job.state == "done").map(|job| job.rows);
    let ignored = asked.text("ignore").unwrap_or("").split(',').map(|name| name.trim().to_owned()).collect();
    Ok(Opened { caller, id, format, ignored, tried, whole, before: known.map_or(0, |job| job.rows) })
}

impl Opened {
    /// Writes down that it begins, once its columns are known. What was imported whole does not begin again.
    pub async fn begin(&self, web: &Web, act: &'static str) -> Result<(), Failure> {
        if self.whole.is_some() {
            return Ok(());
        }
        audit::write(web, &self.caller, act, Some(self.id.clone()), json!({ "dry_run": self.tried })).await?;
        let (db, name, by, now) = (web.record.clone(), self.id.clone(), self.caller.name.clone(), web.core.store_now());
        recorded(web, async move { job::begin(&db, &name, &by, "running", now).await }).await
    }
}

/// How an import is
#[utoipa::path(get, path = "/v1/imports/{id}", tag = "Contacts", operation_id = "get_import", security(("key" = ["contacts:read"])),
    params(("id" = String, Path, description = "The import's id")),
    responses((status = 200, description = "How it is", body = Report), (status = 404, description = "No such import")))]
pub async fn get(web: Data<Web>, id: Path<String>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::ContactsRead).await?;
    Query::read(&request, &[])?;
    let job = seen(&web, &caller, &id).await?;
    report(&web, job).await
}

/// Imports, the newest first
#[utoipa::path(get, path = "/v1/imports", tag = "Contacts", operation_id = "list_imports", security(("key" = ["contacts:read"])),
    params(("limit" = Option<u32>, Query, description = "How many, 1 to 200"), ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page", body = Page<Job>)))]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::ContactsRead).await?;
    let asked = Query::read(&request, &["limit", "cursor"])?;
    let limit = asked.limit()?;
    let (db, after, tried) = (web.record.clone(), asked.cursor()?, caller.mode == Mode::Test);
    let jobs = recorded(&web, async move { job::list(&db, (TRIED, tried), after, limit + 1).await }).await?;
    let page = Page::cut(jobs, limit, |(at, job)| (*at, job.id.clone()));
    Ok(HttpResponse::Ok().json(page.map(|(_, job)| job)))
}

/// What became of each row of an import
#[utoipa::path(get, path = "/v1/imports/{id}/rows", tag = "Contacts", operation_id = "get_import_rows", security(("key" = ["contacts:read"])),
    params(("id" = String, Path, description = "The import's id"),
        ("result" = Option<String>, Query, description = "Only `created`, `changed`, `same` or `refused`"),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 200"), ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page", body = Page<JobRow>), (status = 404, description = "No such import")))]
pub async fn rows_of(
    web: Data<Web>,
    id: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::ContactsRead).await?;
    let asked = Query::read(&request, &["result", "limit", "cursor"])?;
    let known = |text: &str| RESULTS.iter().find(|word| **word == text).copied();
    let result = asked.parsed("result", "created, changed, same or refused", known)?;
    let (limit, after) = (asked.limit()?, asked.cursor::<i64>()?.unwrap_or(0));
    seen(&web, &caller, &id).await?;
    let (db, id) = (web.record.clone(), id.into_inner());
    let rows = recorded(&web, async move { job::rows(&db, &id, result, after, limit + 1).await }).await?;
    Ok(HttpResponse::Ok().json(Page::cut(rows, limit, |row| row.row)))
}

/// What became of a file, once it was read and worked on.
pub(super) async fn ended(
    web: &Web,
    payload: &mut Payload,
    id: &str,
    work: Result<Result<(), Stopped>, JoinError>,
    read: Result<(), Failure>,
) -> Result<HttpResponse, Failure> {
    match work.map_err(|_| Failure::Unavailable)? {
        Ok(()) => read?,
        Err(Stopped::Other(row)) => {
            drain(web, payload).await?;
            let reason = format!("row {row} is not what was imported under this name before: another file needs another `job`");
            return Err(Failure::Conflict { reason });
        }
        Err(Stopped::Unavailable(error)) => {
            tracing::error!(job = id, error, "an import was interrupted");
            return Err(Failure::Unavailable);
        }
    }
    let job = find(web, id).await?.ok_or(Failure::Unavailable)?;
    report(web, job).await
}

async fn find(web: &Web, id: &str) -> Result<Option<Job>, Failure> {
    let (db, id) = (web.record.clone(), id.to_owned());
    recorded(web, async move { job::find(&db, &id).await }).await
}

async fn report(web: &Web, job: Job) -> Result<HttpResponse, Failure> {
    let (db, id) = (web.record.clone(), job.id.clone());
    let problems = recorded(web, async move { job::rows(&db, &id, Some("refused"), 0, SHOWN).await }).await?;
    Ok(HttpResponse::Ok().json(Report { job, problems }))
}

/// What the import is called: as the caller says, by the name of the request, or a new name. One that changes nothing is always a new one.
fn job_id(web: &Web, request: &HttpRequest, caller: &Caller, asked: &Query, tried: bool) -> Result<String, Failure> {
    let form = "1 to 64 letters, digits, `-` and `_`";
    let is_id = |id: &str| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let given = asked.parsed("job", form, |id| is_id(id).then(|| id.to_owned()))?;
    let named = chosen(request)?.map(|name| {
        let hash = Sha256::digest(format!("{}\n{name}", caller.holder()));
        format!("request-{}", hex::encode(&hash[..12]))
    });
    if given.as_ref().is_some_and(|id| id.starts_with(TRIED)) {
        return Err(unfit("job", format!("begins with `{TRIED}`, which is for keys of the mode test")));
    }
    let id = given.or(named).filter(|_| !tried).unwrap_or_else(|| web.core.fresh_id());
    Ok(if caller.mode == Mode::Test { format!("{TRIED}{id}") } else { id })
}

/// What the ids of imports begin with that a key of the mode test began: others do not see them.
const TRIED: &str = "test-";

/// Whether the import of this name is at its end; nothing if the caller sees none of this name. One of a key for test may be named without what its id begins with.
pub async fn is_done(web: &Web, caller: &Caller, id: &str) -> Result<Option<bool>, Failure> {
    let whole = if caller.mode == Mode::Test && !id.starts_with(TRIED) { format!("{TRIED}{id}") } else { id.to_owned() };
    match seen(web, caller, &whole).await {
        Ok(job) => Ok(Some(job.state != "running")),
        Err(Failure::NotFound) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// An import as a caller may see it.
async fn seen(web: &Web, caller: &Caller, id: &str) -> Result<Job, Failure> {
    let found = if id.starts_with(TRIED) == (caller.mode == Mode::Test) { find(web, id).await? } else { None };
    found.ok_or(Failure::NotFound)
}
