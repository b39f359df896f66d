//! Everything that happened to one contact, the newest first: messages and all else from their two tables, merged.

use super::message::{self, Message, json};
use super::moment;
use super::select::Select;
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::time::Millis;
use crate::history::{Cell, Database, HistoryError, Row};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Happened {
    /// When.
    #[serde(serialize_with = "moment::at")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Millis,
    /// What: `message`, `run.started`, `state.left`, `answer.saved`, `alert.raised` …
    pub kind: String,
    /// Its id; that of the message if it is one.
    pub id: String,
    /// The run that it belongs to.
    pub run: Option<String>,
    /// The message.
    pub message: Option<Message>,
    /// What else is known of it, as the journal has it.
    pub detail: Option<serde_json::Value>,
    /// Within one moment: what came, what it led to, what was sent.
    #[serde(skip)]
    rank: i64,
}

impl Happened {
    /// The names of its fields, for tables.
    pub const FIELDS: [&str; 6] = ["at", "kind", "id", "run", "message", "detail"];

    fn of_message(row: &Row) -> Result<Self, HistoryError> {
        let message = Message::of(row)?;
        let rank = if message.direction == "in" { 0 } else { 2 };
        let (id, run) = (message.id.clone(), message.run.clone());
        Ok(Happened { at: message.at, kind: "message".to_owned(), id, run, message: Some(message), detail: None, rank })
    }

    fn of_happening(row: &Row) -> Result<Self, HistoryError> {
        Ok(Happened {
            at: row.at(0)?,
            kind: row.text(1)?.to_owned(),
            id: format!("{}-{}", row.text(2)?, row.int(3)?),
            run: row.opt_text(4)?.map(str::to_owned),
            message: None,
            detail: json(row.opt_text(5)?),
            rank: 1,
        })
    }

    /// Where a page goes on after it.
    pub fn place(&self) -> TimelinePlace {
        match &self.message {
            Some(message) => (self.at.0, self.rank, message.number.to_string()),
            None => (self.at.0, self.rank, self.id.clone()),
        }
    }

    /// By this they are in order, the oldest first.
    fn order(&self) -> (i64, i64, &str, i64) {
        let (token, number) = match &self.message {
            Some(message) => ("", message.number),
            None => parts(&self.id),
        };
        (self.at.0, self.rank, token, number)
    }
}

/// The last of a page: when, its rank within that moment, its id.
pub type TimelinePlace = (i64, i64, String);

/// The token and the number of what is no message; of a message only its number.
fn parts(id: &str) -> (&str, i64) {
    let (token, number) = id.rsplit_once('-').unwrap_or(("", id));
    (token, number.parse().unwrap_or(0))
}

/// From when until before when.
pub type Between = (Option<Millis>, Option<Millis>);

/// What happened to a contact before a place, at most so many, the newest first.
pub async fn timeline(
    database: &Database,
    mode: Mode,
    contact: ContactKey,
    between: Between,
    after: Option<&TimelinePlace>,
    limit: usize,
) -> Result<Vec<Happened>, HistoryError> {
    let (messages, others) =
        (of_messages(mode, contact, between, after, limit), of_happenings(mode, contact, between, after, limit));
    let (messages, others) = (messages.rows(database).await?, others.rows(database).await?);
    let mut all = messages.iter().map(Happened::of_message).collect::<Result<Vec<_>, _>>()?;
    for row in &others {
        all.push(Happened::of_happening(row)?);
    }
    all.sort_by(|a, b| b.order().cmp(&a.order()));
    all.truncate(limit);
    Ok(all)
}

pub(super) fn of_messages(
    mode: Mode,
    contact: ContactKey,
    between: Between,
    after: Option<&TimelinePlace>,
    limit: usize,
) -> Select {
    const RANK: &str = "CASE m.direction WHEN 'in' THEN 0 ELSE 2 END";
    let mut select = Select::new(&format!("SELECT {} FROM message m", message::COLUMNS));
    select
        .and("m.contact = ?", [contact.into()])
        .and_mode("m.mode", mode)
        .and_if("m.at >= ?", between.0)
        .and_if("m.at < ?", between.1);
    if let Some((at, rank, id)) = after {
        let (at, rank) = (Cell::Int(*at), Cell::Int(*rank));
        select.and(
            &format!("m.at <= ? AND (m.at < ? OR {RANK} < ? OR ({RANK} = ? AND m.n < ?))"),
            [at.clone(), at, rank.clone(), rank, Cell::Int(parts(id).1)],
        );
    }
    select.put(&format!(" ORDER BY m.at DESC, {RANK} DESC, m.n DESC LIMIT ?"), [limit.into()]);
    select
}

pub(super) fn of_happenings(
    mode: Mode,
    contact: ContactKey,
    between: Between,
    after: Option<&TimelinePlace>,
    limit: usize,
) -> Select {
    let mut select = Select::new("SELECT h.at, h.kind, h.token, h.idx, h.run, h.detail FROM happening h");
    select
        .and("h.contact = ?", [contact.into()])
        .and_mode("h.mode", mode)
        .and_if("h.at >= ?", between.0)
        .and_if("h.at < ?", between.1);
    if let Some((at, rank, id)) = after {
        let (token, number) = parts(id);
        match rank {
            0 => select.and("h.at < ?", [Cell::Int(*at)]),
            1 => select.and(
                "h.at <= ? AND (h.at < ? OR h.token < ? OR (h.token = ? AND h.idx < ?))",
                [Cell::Int(*at), Cell::Int(*at), token.into(), token.into(), Cell::Int(number)],
            ),
            _ => select.and("h.at <= ?", [Cell::Int(*at)]),
        };
    }
    select.put(" ORDER BY h.at DESC, h.token DESC, h.idx DESC LIMIT ?", [limit.into()]);
    select
}
