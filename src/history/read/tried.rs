//! What would have left for test contacts, the newest first; of a message also what it says and how far it came.

use super::message::json;
use super::moment;
use super::select::Select;
use crate::domain::id::ContactKey;
use crate::domain::time::Millis;
use crate::domain::tried::TriedKind;
use crate::history::{Cell, Database, HistoryError, Row};
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

/// What would have left.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TriedShown {
    /// Its id; of a message the message's.
    pub id: String,
    /// The test contact.
    pub contact: String,
    /// When it would have.
    #[serde(serialize_with = "moment::at")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Millis,
    /// `message`, `call`, `report`, `alert` or `desk`.
    pub kind: String,
    /// The request, secrets masked.
    pub request: TriedRequest,
    /// Whether it went to the stand-in that the configuration names for test; else nothing left.
    pub left: bool,
    /// Of a message: what it says and how far it came.
    #[schema(required)]
    pub message: Option<TriedMessage>,
}

/// A request that would have left.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TriedRequest {
    /// `POST` and so on, `SMTP` for a mail; empty where it goes to no other system.
    pub method: String,
    /// Whither.
    pub host: String,
    /// The path there, without its query.
    pub path: String,
    /// Its headers; of those that can be a secret only the name.
    #[schema(value_type = Object)]
    pub headers: Json,
    /// Its body.
    pub body: String,
    /// Whether there was more of the body than is kept.
    pub cut: bool,
}

/// A message that would have left.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TriedMessage {
    /// Over which channel.
    #[schema(required)]
    pub channel: Option<String>,
    /// To which address.
    #[schema(required)]
    pub to: Option<String>,
    /// Its text.
    #[schema(required)]
    pub text: Option<String>,
    /// What it is: text, choices, an approved template …
    #[schema(required, value_type = Option<Object>)]
    pub content: Option<Json>,
    /// How far it came.
    pub status: String,
    /// Why it failed.
    #[schema(required)]
    pub reason: Option<String>,
    /// The flow of its run.
    #[schema(required)]
    pub flow: Option<String>,
    /// The notification.
    #[schema(required)]
    pub notification: Option<String>,
}

/// Which.
#[derive(Debug, Clone, Default)]
pub struct TriedFilter {
    /// Of this test contact.
    pub contact: Option<ContactKey>,
    /// Only what is this.
    pub kind: Option<TriedKind>,
    /// From this moment on.
    pub since: Option<Millis>,
    /// Before this moment.
    pub until: Option<Millis>,
}

/// The last of a page: when, and its id.
pub type TriedPlace = (i64, String);

impl TriedShown {
    /// The names of its fields, for tables.
    pub const FIELDS: [&str; 7] = ["id", "contact", "at", "kind", "request", "left", "message"];

    /// Where a page goes on after it.
    pub fn place(&self) -> TriedPlace {
        (self.at.0, self.id.clone())
    }

    fn of(row: &Row) -> Result<Self, HistoryError> {
        let text = |i| row.opt_text(i).map(|text| text.map(str::to_owned));
        let headers = json(row.opt_text(7)?).and_then(|headers| serde_json::from_value::<Vec<(String, String)>>(headers).ok());
        let headers = headers.unwrap_or_default().into_iter().map(|(name, value)| (name, Json::String(value)));
        let message = match text(14)? {
            None => None,
            Some(status) => Some(TriedMessage {
                channel: text(11)?,
                to: text(12)?,
                text: text(13)?,
                status,
                reason: text(15)?,
                content: json(row.opt_text(16)?),
                flow: text(17)?,
                notification: text(18)?,
            }),
        };
        Ok(TriedShown {
            id: row.text(0)?.to_owned(),
            contact: row.text(1)?.to_owned(),
            at: row.at(2)?,
            kind: row.text(3)?.to_owned(),
            request: TriedRequest {
                method: row.text(4)?.to_owned(),
                host: row.text(5)?.to_owned(),
                path: row.text(6)?.to_owned(),
                headers: Json::Object(headers.collect()),
                body: row.text(8)?.to_owned(),
                cut: row.flag(9)?,
            },
            left: !row.text(10)?.is_empty(),
            message,
        })
    }
}

/// What would have left after a place, at most so many, the newest first.
pub async fn tried(
    database: &Database,
    filter: &TriedFilter,
    after: Option<&TriedPlace>,
    limit: usize,
) -> Result<Vec<TriedShown>, HistoryError> {
    select(filter, after, limit).rows(database).await?.iter().map(TriedShown::of).collect()
}

pub(super) fn select(filter: &TriedFilter, after: Option<&TriedPlace>, limit: usize) -> Select {
    let mut select = Select::new(
        "SELECT t.id, t.contact, t.at, t.kind, t.method, t.host, t.path, t.headers, t.body, t.cut, t.left_for, m.channel, m.address, \
         m.text, m.status, m.reason, m.content, m.flow, m.notification FROM tried t LEFT JOIN message m ON m.id = t.id",
    );
    select
        .and_if("t.contact = ?", filter.contact)
        .and_if("t.kind = ?", filter.kind.map(TriedKind::as_str))
        .and_if("t.at >= ?", filter.since)
        .and_if("t.at < ?", filter.until);
    if let Some((at, id)) = after {
        select.and("t.at <= ? AND (t.at < ? OR t.id < ?)", [Cell::Int(*at), Cell::Int(*at), id.as_str().into()]);
    }
    select.put(" ORDER BY t.at DESC, t.id DESC LIMIT ?", [limit.into()]);
    select
}

/// The contact and the channel of a message to a test contact.
pub async fn tried_message(database: &Database, id: &str) -> Result<Option<(ContactKey, String)>, HistoryError> {
    let mut select = Select::new("SELECT m.contact, m.channel FROM message m JOIN tried t ON t.id = m.id");
    select.and("m.id = ? AND m.mode = 'test' AND m.direction = 'out'", [id.into()]);
    let rows = select.rows(database).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let contact = ContactKey::parse(row.text(0)?).ok_or_else(|| HistoryError("a contact has no key".to_owned()))?;
    Ok(Some((contact, row.opt_text(1)?.unwrap_or_default().to_owned())))
}
