//! Messages in both directions, the newest first.

use super::moment;
use super::select::Select;
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::time::Millis;
use crate::history::{Cell, Database, HistoryError, Row};
use serde::Serialize;
use utoipa::ToSchema;

/// A message as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Message {
    /// Its id: of the effect that sent it, or of the input that it was.
    pub id: String,
    /// The contact.
    pub contact: String,
    /// `in` from the contact, `out` to them.
    pub direction: String,
    /// The channel.
    pub channel: Option<String>,
    /// The kind of channel: `sms`, `whatsapp`, `email`.
    pub kind: Option<String>,
    /// The contact's address.
    pub address: Option<String>,
    /// What was written.
    pub text: Option<String>,
    /// What it is beside its text, as the journal has it.
    pub content: Option<serde_json::Value>,
    /// `received` if it came; else `queued`, `sent`, `delivered`, `read`, `failed`, `unsure` or `withdrawn`.
    pub status: String,
    /// Since when.
    #[serde(serialize_with = "moment::maybe")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub status_at: Option<Millis>,
    /// Why it failed.
    pub reason: Option<String>,
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's words.
    pub detail: Option<String>,
    /// The run that it belongs to.
    pub run: Option<String>,
    /// The flow of that run.
    pub flow: Option<String>,
    /// The broadcast that began that run.
    pub broadcast: Option<String>,
    /// The notification that it comes from.
    pub notification: Option<String>,
    /// What the service itself says: `opted_out`, `help`.
    pub system: Option<String>,
    /// What decided a message that came.
    pub decision: Option<String>,
    /// Which rule matched and why.
    pub rule: Option<String>,
    /// The provider's id of it.
    pub provider_id: Option<String>,
    /// How many parts it has, of a text message.
    pub segments: Option<i64>,
    /// What it cost by the configured prices of when it was decided; only of a message that left.
    pub price: Option<f64>,
    /// In which currency.
    pub currency: Option<String>,
    /// How often it was tried.
    pub attempts: Option<i64>,
    /// When it came or was decided.
    #[serde(serialize_with = "moment::at")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Millis,
    /// When it left.
    #[serde(serialize_with = "moment::maybe")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sent_at: Option<Millis>,
    /// When it arrived.
    #[serde(serialize_with = "moment::maybe")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub delivered_at: Option<Millis>,
    /// When it was read.
    #[serde(serialize_with = "moment::maybe")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub read_at: Option<Millis>,
    /// When it failed.
    #[serde(serialize_with = "moment::maybe")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failed_at: Option<Millis>,
    /// The number under which it was written down: within one moment, what came is before what was answered.
    #[serde(skip)]
    pub(super) number: i64,
}

/// Its columns in the order in which `Message::of` reads them.
pub(super) const COLUMNS: &str = "m.id, m.contact, m.direction, m.channel, m.kind, m.address, m.text, m.content, m.status, \
     m.status_at, m.reason, m.code, m.detail, m.run, m.flow, m.notification, m.system, m.decision, m.rule, m.provider_id, \
     m.segments, CASE WHEN m.sent_at IS NOT NULL THEN m.price END, CASE WHEN m.sent_at IS NOT NULL THEN m.currency END, m.attempts, m.at, m.sent_at, m.delivered_at, m.read_at, m.failed_at, m.n, m.broadcast";

impl Message {
    /// The names of its fields, for tables.
    pub const FIELDS: [&str; 30] = [
        "id",
        "contact",
        "direction",
        "channel",
        "kind",
        "address",
        "text",
        "content",
        "status",
        "status_at",
        "reason",
        "code",
        "detail",
        "run",
        "flow",
        "broadcast",
        "notification",
        "system",
        "decision",
        "rule",
        "provider_id",
        "segments",
        "price",
        "currency",
        "attempts",
        "at",
        "sent_at",
        "delivered_at",
        "read_at",
        "failed_at",
    ];

    pub(super) fn of(row: &Row) -> Result<Self, HistoryError> {
        let text = |i| row.opt_text(i).map(|text| text.map(str::to_owned));
        Ok(Message {
            id: row.text(0)?.to_owned(),
            contact: row.text(1)?.to_owned(),
            direction: row.text(2)?.to_owned(),
            channel: text(3)?,
            kind: text(4)?,
            address: text(5)?,
            text: text(6)?,
            content: json(row.opt_text(7)?),
            status: row.text(8)?.to_owned(),
            status_at: row.opt_at(9)?,
            reason: text(10)?,
            code: text(11)?,
            detail: text(12)?,
            run: text(13)?,
            flow: text(14)?,
            notification: text(15)?,
            system: text(16)?,
            decision: text(17)?,
            rule: text(18)?,
            provider_id: text(19)?,
            segments: row.opt_int(20)?,
            price: row.opt_real(21)?,
            currency: text(22)?,
            attempts: row.opt_int(23)?,
            at: row.at(24)?,
            sent_at: row.opt_at(25)?,
            delivered_at: row.opt_at(26)?,
            read_at: row.opt_at(27)?,
            failed_at: row.opt_at(28)?,
            number: row.int(29)?,
            broadcast: text(30)?,
        })
    }

    /// Where a page goes on after it.
    pub fn place(&self) -> MessagePlace {
        (self.at.0, self.number)
    }
}

/// What JSON a column holds; what cannot be read is shown as the text that it is.
pub(super) fn json(text: Option<&str>) -> Option<serde_json::Value> {
    text.map(|text| serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::String(text.to_owned())))
}

/// The last message of a page: when, and its number.
pub type MessagePlace = (i64, i64);

/// Which messages.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    /// Live or test.
    pub mode: Mode,
    /// Of this contact.
    pub contact: Option<ContactKey>,
    /// Over this channel.
    pub channel: Option<String>,
    /// `in` or `out`.
    pub direction: Option<String>,
    /// With this status.
    pub status: Option<String>,
    /// Of this flow.
    pub flow: Option<String>,
    /// Of runs that this broadcast began.
    pub broadcast: Option<String>,
    /// From this moment on.
    pub since: Option<Millis>,
    /// Before this moment.
    pub until: Option<Millis>,
    /// With this id at its provider.
    pub provider_id: Option<String>,
}

/// The messages after a place, at most so many, the newest first.
pub async fn messages(
    database: &Database,
    filter: &MessageFilter,
    after: Option<&MessagePlace>,
    limit: usize,
) -> Result<Vec<Message>, HistoryError> {
    select(filter, after, limit).rows(database).await?.iter().map(Message::of).collect()
}

pub(super) fn select(filter: &MessageFilter, after: Option<&MessagePlace>, limit: usize) -> Select {
    let mut select = Select::new(&format!("SELECT {COLUMNS} FROM message m"));
    select
        .and_mode("m.mode", filter.mode)
        .and_if("m.contact = ?", filter.contact)
        .and_if("m.flow = ?", filter.flow.as_ref())
        .and_if("m.broadcast = ?", filter.broadcast.as_ref())
        .and_if("m.provider_id = ?", filter.provider_id.as_ref())
        .and_if("m.channel = ?", filter.channel.as_ref())
        .and_if("m.direction = ?", filter.direction.as_ref())
        .and_if("m.at >= ?", filter.since)
        .and_if("m.at < ?", filter.until);
    if let Some(status) = STATUSES.iter().find(|status| filter.status.as_deref() == Some(status)) {
        // A constant too: those that failed have an index of their own.
        select.and(&format!("m.status = '{status}'"), []);
    }
    if let Some((at, n)) = after {
        // Said so that an index over `at` is entered at the place, on both databases.
        select.and("m.at <= ? AND (m.at < ? OR m.n < ?)", [Cell::Int(*at), Cell::Int(*at), Cell::Int(*n)]);
    }
    select.put(" ORDER BY m.at DESC, m.n DESC LIMIT ?", [limit.into()]);
    select
}

/// Every status that a message can have.
pub const STATUSES: [&str; 8] = ["received", "queued", "sent", "delivered", "read", "failed", "unsure", "withdrawn"];
