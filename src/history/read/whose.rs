//! Which contact is meant by a key.

use super::select::Select;
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::history::{Database, HistoryError};

/// Whether there is such a contact.
pub async fn is_known(database: &Database, mode: Mode, contact: ContactKey) -> Result<bool, HistoryError> {
    let mut select = Select::new("SELECT 1 FROM contact c");
    select.and("c.id = ?", [contact.into()]).and_mode("c.mode", mode);
    Ok(!select.rows(database).await?.is_empty())
}

/// The contact that this one became part of, if it did; else itself.
pub async fn whose(database: &Database, contact: ContactKey) -> Result<ContactKey, HistoryError> {
    let rows = database.read("SELECT c.target FROM contact c WHERE c.id = $1", &[contact.into()]).await?;
    let target = rows.first().map(|row| row.opt_text(0)).transpose()?.flatten().and_then(ContactKey::parse);
    Ok(target.unwrap_or(contact))
}
