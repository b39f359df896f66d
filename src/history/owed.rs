//! Files of deleted contacts that could not be deleted yet. The record remembers whose they are, as a keyed hash: an instance and its disk may be gone
//! before the place answers where files are kept.

use super::cell::Statement;
use super::database::Database;
use super::error::HistoryError;
use crate::domain::id::ContactKey;
use crate::domain::time::Millis;

/// Contacts of one look.
const PAGE: i64 = 100;

/// Somebody's files of before a moment are to be deleted. Of two moments the later one counts.
pub async fn owe(database: &Database, contact: ContactKey, until: Millis) -> Result<(), HistoryError> {
    let sql = "INSERT INTO owed_file (contact, until) VALUES ($1, $2)
               ON CONFLICT (contact) DO UPDATE SET until = excluded.until WHERE owed_file.until < excluded.until";
    let key = contact.to_string();
    database.write(vec![Statement::new(sql, [key.as_str().into(), until.into()])]).await.map(|_| ())
}

/// Whose files are to be deleted, after somebody; each with the moment until which files count.
pub async fn owed(database: &Database, after: &str) -> Result<Vec<(ContactKey, Millis)>, HistoryError> {
    let sql = "SELECT contact, until FROM owed_file WHERE contact > $1 ORDER BY contact LIMIT $2";
    let mut owed = Vec::new();
    for row in database.read(sql, &[after.into(), PAGE.into()]).await? {
        let contact = ContactKey::parse(row.text(0)?).ok_or_else(|| HistoryError("a contact has no key".to_owned()))?;
        owed.push((contact, row.at(1)?));
    }
    Ok(owed)
}

/// It is done, unless more is owed since.
pub async fn paid(database: &Database, contact: ContactKey, until: Millis) -> Result<(), HistoryError> {
    let key = contact.to_string();
    let sql = "DELETE FROM owed_file WHERE contact = $1 AND until = $2";
    database.write(vec![Statement::new(sql, [key.as_str().into(), until.into()])]).await.map(|_| ())
}
