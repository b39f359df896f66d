//! Contacts in pages, all or those of a query.

use super::view::Contact;
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::scope::Scope;
use crate::history::query::{ContactQuery, Terms};
use crate::history::{Cell, Database, HistoryError};
use crate::http::api::{Page, Query, looked, recorded};
use crate::http::error::Failure;
use crate::http::person::unfit;
use crate::http::web::Web;
use crate::service::{Core, Found};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::{self, StreamExt as _};

/// Records that are read at one time.
const SIDE_BY_SIDE: usize = 16;

/// Contacts, in the order of their keys
#[utoipa::path(get, path = "/v1/contacts", tag = "Contacts", operation_id = "list_contacts", security(("key" = ["contacts:read"])),
    params(("query" = Option<String>, Query, description = "Only those for whom this holds: `tag = vip and last_seen > 30d`"),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 200"), ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page", body = Page<Contact>)))]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::ContactsRead).await?;
    let asked = Query::read(&request, &["query", "limit", "cursor"])?;
    let (limit, after) = (asked.limit()?, asked.cursor::<String>()?.unwrap_or_default());
    let chosen = Chosen::read(&web.core, web.record.clone(), caller.mode, asked.text("query"))?;
    let keys = recorded(&web, async move { chosen.keys(&after, limit + 1).await }).await?;
    let page = Page::cut(keys, limit, |key: &ContactKey| key.to_string());
    let items = records(&web.core, &page.items, caller.mode).await?;
    Ok(HttpResponse::Ok().json(Page { items: items.iter().map(Contact::of).collect(), next: page.next }))
}

/// Contacts of one mode for whom something holds.
#[derive(Clone)]
pub struct Chosen {
    db: Database,
    mode: Mode,
    sql: String,
    params: Vec<Cell>,
}

impl Chosen {
    /// Those of a query; without one all.
    pub fn read(core: &Core, db: Database, mode: Mode, query: Option<&str>) -> Result<Self, Failure> {
        let project = &core.world().project;
        let terms = Terms { attributes: &project.attributes, zone: &project.timezone, now: core.store_now() };
        let (sql, params) = match query {
            None => ("1 = 1".to_owned(), Vec::new()),
            Some(source) => {
                let query = ContactQuery::parse(source, &terms).map_err(|problem| unfit("query", problem.to_string()))?;
                let selection = query.selection(db.dialect(), 4);
                (selection.sql, selection.params)
            }
        };
        Ok(Chosen { db, mode, sql, params })
    }

    /// The next keys behind one.
    pub async fn keys(&self, after: &str, count: usize) -> Result<Vec<ContactKey>, HistoryError> {
        let sql = format!("SELECT c.id FROM contact c WHERE c.mode = $1 AND c.id > $2 AND ({}) ORDER BY c.id LIMIT $3", self.sql);
        let mut params: Vec<Cell> = vec![self.mode.as_str().into(), after.into(), count.into()];
        params.extend(self.params.iter().cloned());
        let rows = self.db.read(&sql, &params).await?;
        rows.iter()
            .map(|row| ContactKey::parse(row.text(0)?).ok_or_else(|| HistoryError("a contact has no key".to_owned())))
            .collect()
    }
}

/// What the store has of these contacts. Those that are gone since, or part of another one, are left out.
pub async fn records(core: &Core, keys: &[ContactKey], mode: Mode) -> Result<Vec<Found>, Failure> {
    let found: Vec<_> = stream::iter(keys.iter().copied())
        .map(|key| async move { core.contact(key).await.map(|found| found.filter(|found| found.key == key)) })
        .buffered(SIDE_BY_SIDE)
        .collect()
        .await;
    let mut records = Vec::with_capacity(found.len());
    for one in found {
        records.extend(one.map_err(super::unavailable)?.filter(|found| super::mode_of(&found.record) == mode));
    }
    Ok(records)
}
