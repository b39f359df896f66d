//! What operators were told, the newest first. An alert is kept as long as everything else that happened to its contact.

use super::message::json;
use super::moment;
use super::select::Select;
use crate::domain::id::ContactKey;
use crate::domain::journal::AlertLevel;
use crate::domain::mode::Mode;
use crate::domain::name::Slug;
use crate::domain::time::Millis;
use crate::history::{Cell, Database, HistoryError, Row};
use serde::Serialize;
use utoipa::ToSchema;

/// An alert.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AlertShown {
    /// Its id, as in the contact's timeline.
    pub id: String,
    /// When.
    #[serde(serialize_with = "moment::at")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Millis,
    /// How urgent: `info`, `warning` or `urgent`.
    pub level: String,
    /// What it says.
    pub text: String,
    /// The team that it names; null: the receivers of `[alerts]` hear of it.
    pub team: Option<String>,
    /// Whom it is about.
    pub contact: String,
    /// The run that said it; null if the service itself did.
    pub run: Option<String>,
    /// The flow of that run.
    pub flow: Option<String>,
    #[serde(skip)]
    place: (String, i64),
}

/// Which.
#[derive(Debug, Clone, Default)]
pub struct AlertFilter {
    /// Of contacts of this mode.
    pub mode: Mode,
    /// Only this urgent.
    pub level: Option<AlertLevel>,
    /// Only those that name this team.
    pub team: Option<Slug>,
    /// Of this contact.
    pub contact: Option<ContactKey>,
    /// Of runs of this flow.
    pub flow: Option<String>,
    /// From this moment on.
    pub since: Option<Millis>,
    /// Before this moment.
    pub until: Option<Millis>,
}

/// The last of a page: when, whose, and its place in the journal.
pub type AlertPlace = (i64, String, String, i64);

impl AlertShown {
    /// The names of its fields, for tables.
    pub const FIELDS: [&str; 8] = ["id", "at", "level", "text", "team", "contact", "run", "flow"];

    /// Where a page goes on after it.
    pub fn place(&self) -> AlertPlace {
        (self.at.0, self.contact.clone(), self.place.0.clone(), self.place.1)
    }

    fn of(row: &Row) -> Result<Self, HistoryError> {
        let text = |i| row.opt_text(i).map(|text| text.map(str::to_owned));
        let (token, index) = (row.text(1)?.to_owned(), row.int(2)?);
        let detail = json(row.opt_text(6)?).unwrap_or_default();
        let said = |name: &str| detail[name].as_str().map(str::to_owned);
        Ok(AlertShown {
            id: format!("{token}-{index}"),
            at: row.at(3)?,
            level: text(4)?.or_else(|| said("level")).unwrap_or_else(|| AlertLevel::default().as_str().to_owned()),
            text: said("say").unwrap_or_default(),
            team: text(5)?.or_else(|| said("to")),
            contact: row.text(0)?.to_owned(),
            run: text(7)?,
            flow: text(8)?,
            place: (token, index),
        })
    }
}

/// Alerts after a place, at most so many, the newest first.
pub async fn alerts(
    database: &Database,
    filter: &AlertFilter,
    after: Option<&AlertPlace>,
    limit: usize,
) -> Result<Vec<AlertShown>, HistoryError> {
    select(filter, after, limit).rows(database).await?.iter().map(AlertShown::of).collect()
}

/// A pattern of what an alert's detail has. A release before this one, beside which it is rolled out, fills no columns for it. In what is said a quotation
/// mark has a backslash before it, so that the pattern finds nothing there.
fn written(name: &str, value: &str) -> Cell {
    format!("%\"{name}\":\"{}\"%", value.replace('_', "!_")).as_str().into()
}

pub(super) fn select(filter: &AlertFilter, after: Option<&AlertPlace>, limit: usize) -> Select {
    let mut select = Select::new(
        "SELECT h.contact, h.token, h.idx, h.at, h.level, h.team, h.detail, h.run, r.flow FROM happening h \
         LEFT JOIN run r ON r.contact = h.contact AND r.id = h.run",
    );
    select
        // A constant: the index of what is rare is found.
        .and("h.kind = 'alert.raised'", [])
        .and_mode("h.mode", filter.mode)
        .and_if("h.contact = ?", filter.contact)
        .and_if("r.flow = ?", filter.flow.as_deref())
        .and_if("h.at >= ?", filter.since)
        .and_if("h.at < ?", filter.until);
    if let Some(level) = filter.level.map(AlertLevel::as_str) {
        select.and("(h.level = ? OR (h.level IS NULL AND h.detail LIKE ? ESCAPE '!'))", [level.into(), written("level", level)]);
    }
    if let Some(team) = filter.team.as_ref().map(Slug::as_str) {
        select.and("(h.team = ? OR (h.level IS NULL AND h.detail LIKE ? ESCAPE '!'))", [team.into(), written("to", team)]);
    }
    if let Some((at, contact, token, index)) = after {
        let place = [Cell::Int(*at), contact.as_str().into(), token.as_str().into(), Cell::Int(*index)];
        select.and("(h.at, h.contact, h.token, h.idx) < (?, ?, ?, ?)", place);
    }
    select.put(" ORDER BY h.at DESC, h.contact DESC, h.token DESC, h.idx DESC LIMIT ?", [limit.into()]);
    select
}
