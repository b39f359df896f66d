//! Who changed what, when, and by which request. Never a secret, never what somebody wrote.

use super::cell::{Cell, Row, Statement};
use super::database::Database;
use super::error::HistoryError;
use crate::domain::api_key::KeyId;
use crate::domain::mode::Mode;
use crate::domain::time::Millis;
use serde_json::Value as Json;

/// A change by somebody outside.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// When.
    pub at: Millis,
    /// Who: the key's name, or the command line.
    pub who: String,
    /// The key, if it is none of the configuration.
    pub key: Option<KeyId>,
    /// Whom it concerns: the key's mode.
    pub mode: Mode,
    /// What was done: `key.create`.
    pub action: String,
    /// To what: an id.
    pub target: Option<String>,
    /// What else is worth knowing: no secret, no text of a conversation.
    pub detail: Json,
    /// The request.
    pub request: Option<String>,
}

/// An act that was written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Audited {
    /// Its place in time.
    pub id: String,
    /// What it is.
    pub act: Act,
}

/// Writes an act down; `chance` sets acts of one millisecond apart.
pub fn insert(act: &Act, chance: u64) -> Statement {
    let id = format!("{:012x}{chance:016x}", act.at.0.max(0));
    Statement::new(
        "INSERT INTO audit (id, at, who, key, action, target, detail, request, mode) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            id.into(),
            act.at.into(),
            act.who.clone().into(),
            act.key.map(|key| key.to_string()).into(),
            act.action.clone().into(),
            act.target.clone().into(),
            act.detail.to_string().into(),
            act.request.clone().into(),
            act.mode.as_str().into(),
        ],
    )
}

/// Which acts are looked for.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Of this mode.
    pub mode: Mode,
    /// What was done.
    pub action: Option<String>,
    /// To what.
    pub target: Option<String>,
    /// With which key.
    pub key: Option<KeyId>,
    /// From then on.
    pub since: Option<Millis>,
    /// Before then.
    pub until: Option<Millis>,
    /// After this one in the list.
    pub after: Option<(i64, String)>,
}

/// Acts, the newest first, at most so many.
pub async fn list(database: &Database, filter: &AuditFilter, most: usize) -> Result<Vec<Audited>, HistoryError> {
    let mut params: Vec<Cell> = vec![most.into(), filter.mode.as_str().into()];
    let mut sql = "SELECT id, at, who, key, action, target, detail, request, mode FROM audit WHERE mode = $2".to_owned();
    let mut and = |condition: &str, value: Cell| {
        params.push(value);
        sql.push_str(&format!(" AND {condition} ${}", params.len()));
    };
    if let Some(action) = &filter.action {
        and("action =", action.into());
    }
    if let Some(target) = &filter.target {
        and("target =", target.into());
    }
    if let Some(key) = filter.key {
        and("key =", key.to_string().into());
    }
    if let Some(since) = filter.since {
        and("at >=", since.into());
    }
    if let Some(until) = filter.until {
        and("at <", until.into());
    }
    if let Some((at, id)) = &filter.after {
        params.extend([Cell::Int(*at), id.into()]);
        sql.push_str(&format!(" AND (at, id) < (${}, ${})", params.len() - 1, params.len()));
    }
    sql.push_str(" ORDER BY at DESC, id DESC LIMIT $1");
    database.read(&sql, &params).await?.iter().map(audited).collect()
}

fn audited(row: &Row) -> Result<Audited, HistoryError> {
    Ok(Audited {
        id: row.text(0)?.to_owned(),
        act: Act {
            at: row.at(1)?,
            who: row.opt_text(2)?.unwrap_or_default().to_owned(),
            key: row.opt_text(3)?.and_then(KeyId::parse),
            action: row.text(4)?.to_owned(),
            target: row.opt_text(5)?.map(str::to_owned),
            detail: row.opt_text(6)?.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Json::Null),
            request: row.opt_text(7)?.map(str::to_owned),
            mode: row.opt_text(8)?.and_then(Mode::parse).unwrap_or_default(),
        },
    })
}
