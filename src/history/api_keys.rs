//! Keys of the API in SQL. Of a secret only its hash is ever here.

use super::cell::{Cell, Row, Statement};
use super::database::Database;
use super::error::HistoryError;
use crate::domain::api_key::{KeyHash, KeyId};
use crate::domain::mode::Mode;
use crate::domain::scope::Scopes;
use crate::domain::time::Millis;

/// A key of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its name for machines.
    pub id: KeyId,
    /// Its name for people.
    pub name: String,
    /// The SHA-256 of its secret.
    pub hash: KeyHash,
    /// What it may do.
    pub scopes: Scopes,
    /// What it is for.
    pub mode: Mode,
    /// Since when there is it.
    pub created_at: Millis,
    /// Who made it: a key's id, or the command line.
    pub created_by: Option<String>,
    /// From when on it opens nothing; nothing: it does not end by itself.
    pub expires_at: Option<Millis>,
    /// When it was used last, to about a minute.
    pub last_used_at: Option<Millis>,
    /// Since when it opens nothing any more.
    pub revoked_at: Option<Millis>,
}

impl ApiKey {
    /// Whether it opens something at this moment.
    pub fn opens(&self, now: Millis) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    fn of(row: &Row) -> Result<Self, HistoryError> {
        let odd = |what: &str| HistoryError(format!("a key has no readable {what}"));
        let hash: KeyHash = hex::decode(row.text(2)?).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| odd("hash"))?;
        Ok(ApiKey {
            id: KeyId::parse(row.text(0)?).ok_or_else(|| odd("id"))?,
            name: row.text(1)?.to_owned(),
            hash,
            scopes: Scopes::read(row.text(3)?),
            mode: Mode::parse(row.text(4)?).ok_or_else(|| odd("mode"))?,
            created_at: row.at(5)?,
            created_by: row.opt_text(6)?.map(str::to_owned),
            expires_at: row.opt_at(7)?,
            last_used_at: row.opt_at(8)?,
            revoked_at: row.opt_at(9)?,
        })
    }
}

const COLUMNS: &str = "id, name, hash, scopes, mode, created_at, created_by, expires_at, last_used_at, revoked_at";

/// The key with this id.
pub async fn find(database: &Database, id: KeyId) -> Result<Option<ApiKey>, HistoryError> {
    let sql = format!("SELECT {COLUMNS} FROM api_key WHERE id = $1");
    let rows = database.look_up(&sql, &[id.to_string().into()]).await?;
    rows.first().map(ApiKey::of).transpose()
}

/// Where a list of keys goes on: after the key that was made then.
pub type After = (i64, String);

/// Keys, the newest first, at most so many; of one mode, or of both.
pub async fn list(
    database: &Database,
    mode: Option<Mode>,
    after: Option<&After>,
    most: usize,
) -> Result<Vec<ApiKey>, HistoryError> {
    let mut params: Vec<Cell> = vec![most.into()];
    let mut sql = format!("SELECT {COLUMNS} FROM api_key WHERE 1 = 1");
    if let Some(mode) = mode {
        params.push(mode.as_str().into());
        sql.push_str(&format!(" AND mode = ${}", params.len()));
    }
    if let Some((at, id)) = after {
        params.extend([Cell::Int(*at), id.into()]);
        sql.push_str(&format!(" AND (created_at, id) < (${}, ${})", params.len() - 1, params.len()));
    }
    sql.push_str(" ORDER BY created_at DESC, id DESC LIMIT $1");
    database.read(&sql, &params).await?.iter().map(ApiKey::of).collect()
}

/// Adds a key.
pub fn insert(key: &ApiKey) -> Statement {
    Statement::new(
        "INSERT INTO api_key (id, name, hash, scopes, mode, created_at, created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            key.id.to_string().into(),
            key.name.clone().into(),
            hex::encode(key.hash).into(),
            key.scopes.to_string().into(),
            key.mode.as_str().into(),
            key.created_at.into(),
            key.created_by.clone().into(),
            key.expires_at.into(),
        ],
    )
}

/// Ends a key. One that was ended before stays as it is.
pub fn revoke(id: KeyId, at: Millis) -> Statement {
    Statement::new("UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", [id.to_string().into(), at.into()])
}

/// Notes that a key was used.
pub fn used(id: KeyId, at: Millis) -> Statement {
    Statement::new(
        "UPDATE api_key SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
        [id.to_string().into(), at.into()],
    )
}
