//! Files of addresses for the suppression list, row by row as they stream in, with a report for each row as imports of contacts have it. A row that
//! comes again says what is on the list already, so a file that was cut off is sent again.

use super::super::imports::file::{File, Said as Row, Taker, worked};
use super::super::imports::job::{self, Problem};
use super::super::imports::{AHEAD, Format, Opened, Report, Stopped, batch, ended, open};
use super::{Columns, live, read};
use crate::domain::scope::Scope;
use crate::domain::suppression::{Put, SuppressionReason};
use crate::history::Database;
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::service::Core;
use crate::service::suppressions::Putting;
use crate::store::StoreError;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Map, Value as Json};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::mpsc::channel;

/// Addresses that are changed at one time.
const SIDE_BY_SIDE: usize = 16;

/// Import addresses into the suppression list from CSV or JSON lines
///
/// Columns are the fields of an entry; `phone`, `email` and `whatsapp_id` name the address too. Rows are reported as those of contacts are: `created` is new on the
/// list, `changed` took the place of another entry, `same` was there. `GET /v1/imports/{id}/rows` has all rows.
#[utoipa::path(post, path = "/v1/suppressions/import", tag = "Contacts", operation_id = "import_suppressions", security(("key" = ["suppressions:write"])),
    params(("job" = Option<String>, Query, description = "A name for it: the same file under the same name goes on where it was cut off"),
        ("format" = Option<String>, Query, description = "`csv` or `jsonl`; else by the media type"),
        ("dry_run" = Option<bool>, Query, description = "Only say what would become of each row"),
        ("ignore" = Option<String>, Query, description = "Names of columns to leave out, divided by commas")),
    request_body(content((String = "text/csv"), (String = "application/x-ndjson"))),
    responses((status = 200, description = "It is done", body = Report), (status = 409, description = "Another file was imported under this name, or the key is for test"), (status = 415, description = "It is neither CSV nor JSON lines"), (status = 422, description = "A column is not known")))]
pub async fn post(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let neither = "addresses are imported as text/csv or application/x-ndjson; `format` says so too";
    let opened = open(&web, &request, &mut payload, Scope::SuppressionsWrite, neither).await?;
    live(&opened.caller)?;
    // Imports of contacts have their names from the same place: the same file under one name is not both.
    let mut file = File::new(&web, &mut payload, opened.format).of("suppressions");
    let ignored: Vec<&str> = opened.ignored.iter().map(String::as_str).collect();
    let columns = match opened.format {
        Format::JsonLines => None,
        Format::Csv => Some(Columns::read(&file.names(&ignored).await?, &ignored)?),
    };
    opened.begin(&web, "suppressions.import").await?;
    let Opened { caller, id, tried, whole, before, .. } = opened;
    let (sender, receiver) = channel(AHEAD);
    let (core, db) = (Arc::clone(&web.core), web.record.clone());
    let (by, waiting, named) = (caller.name.clone(), Vec::new(), HashSet::new());
    let import = Import { core, db, job: id.clone(), by, tried, before, whole, waiting, named };
    // Who hangs up ends the file, and not what is being done.
    let work = web.engine.spawn(worked(import, receiver));
    let row = |said: Row| match (said, &columns) {
        (Row::Cells(cells), Some(columns)) => columns.row(cells),
        (Row::Cells(_), None) => Err(crate::http::person::unfit("row", "is no JSON")),
        (Row::Line(line), _) => read::line(&line),
    };
    let read = file.send(row, &sender).await;
    drop(sender);
    ended(&web, &mut payload, &id, work.await, read).await
}

/// A row that waits for its batch: its number, the hash of what it says, and what it says if it was not done before.
type Waiting = (i64, i64, Option<Result<read::Said, Problem>>);

struct Import {
    core: Arc<Core>,
    db: Database,
    job: String,
    by: String,
    tried: bool,
    /// Rows up to this one were done before.
    before: i64,
    /// All rows that there are, if the file was at its end before.
    whole: Option<i64>,
    waiting: Vec<Waiting>,
    named: HashSet<crate::domain::id::ContactKey>,
}

impl Import {
    async fn done(&mut self) -> Result<(), Stopped> {
        let waiting = std::mem::take(&mut self.waiting);
        self.named.clear();
        let (Some((first, ..)), Some((last, ..))) = (waiting.first(), waiting.last()) else { return Ok(()) };
        for (n, _, mark) in job::decided(&self.db, &self.job, *first, *last).await? {
            let same = waiting.iter().any(|(known, own, _)| *known == n && mark == Some(*own));
            if !same {
                return Err(Stopped::Other(n));
            }
        }
        let new = waiting.into_iter().filter_map(|(n, mark, said)| Some((n, mark, said?)));
        let core = &self.core;
        let tried = self.tried;
        let rows: Vec<Result<_, Stopped>> = stream::iter(new)
            .map(|(n, mark, said)| async move {
                let (result, problem) = match said {
                    Ok(said) => put(core, said, tried).await?,
                    Err(problem) => ("refused", Some(problem)),
                };
                Ok((n, result, problem, mark))
            })
            .buffered(SIDE_BY_SIDE)
            .collect()
            .await;
        let rows = rows.into_iter().collect::<Result<Vec<_>, Stopped>>()?;
        Ok(job::told(&self.db, &self.job, &rows).await?)
    }
}

/// What becomes of a row.
async fn put(core: &Core, said: read::Said, tried: bool) -> Result<(&'static str, Option<Problem>), Stopped> {
    let refused = |reason: String| ("refused", Some(Problem { field: "address".to_owned(), reason }));
    let put = match tried {
        true => core.suppressions_of(said.address).await.map(|mut known| known.put(said.entry)),
        false => core.put_suppression(said.address, said.entry, Putting::Asked).await,
    };
    match put {
        Ok(Put::Added) => Ok(("created", None)),
        Ok(Put::Changed) => Ok(("changed", None)),
        Ok(Put::Same) => Ok(("same", None)),
        Ok(Put::TooMany) => Ok(refused("has as many entries as one may have".to_owned())),
        Err(StoreError::Full(reason)) => Ok(refused(reason)),
        Err(error) => Err(batch::stopped(error)),
    }
}

impl Taker for Import {
    type Row = Map<String, Json>;

    async fn take(&mut self, n: i64, mark: i64, row: Result<Self::Row, Failure>) -> Result<(), Stopped> {
        if self.whole.is_some_and(|whole| n > whole) {
            return Err(Stopped::Other(n));
        }
        let read = |row| read::said(row, &self.core, &self.by, SuppressionReason::Imported);
        let said = (n > self.before).then(|| row.and_then(read).map_err(batch::problem));
        let address = said.as_ref().and_then(|said| said.as_ref().ok()).map(|said| said.address);
        // Rows of one address are done in their order.
        if self.waiting.len() >= batch::BATCH || address.is_some_and(|address| self.named.contains(&address)) {
            self.done().await?;
        }
        self.named.extend(address);
        self.waiting.push((n, mark, said));
        Ok(())
    }

    async fn work(&mut self) -> Result<(), Stopped> {
        self.done().await
    }

    async fn end(&mut self, rows: i64) -> Result<(), Stopped> {
        self.done().await?;
        job::at_end(&self.db, &self.job, (self.tried, self.whole), rows).await
    }
}
