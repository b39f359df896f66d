//! Full-text search over messages, the newest first: every word must stand in the text, in any order; words in quotes in this
//! order. Case does not count, accents do: the same on both databases.

use super::message::{COLUMNS, Message, MessagePlace};
use super::select::Select;
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::time::Millis;
use crate::history::{Cell, Database, Dialect, HistoryError};

/// Words of a search.
const TERMS: usize = 10;

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms(Vec<String>);

impl Terms {
    /// Reads words and `"several in this order"`. The reason completes "`q` …".
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut terms = Vec::new();
        // What stands between quotes is every second part.
        for (i, part) in text.split('"').enumerate() {
            if i % 2 == 1 {
                terms.push(words(part).join(" "));
            } else {
                terms.extend(words(part));
            }
        }
        terms.retain(|term| !term.is_empty());
        match terms.len() {
            0 => Err("holds no word to search for"),
            n if n > TERMS => Err("holds more than 10 words"),
            _ => Ok(Terms(terms)),
        }
    }

    /// As FTS5 reads it: each term a text of its own, so that nothing in it is an operator.
    fn for_sqlite(&self) -> String {
        self.0.iter().map(|term| format!("\"{term}\"")).collect::<Vec<_>>().join(" ")
    }
}

/// The words of a text: letters and digits that stand together, as both databases see them.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Which messages are searched.
#[derive(Debug, Clone, Default)]
pub struct SearchScope {
    /// Live or test.
    pub mode: Mode,
    /// Of this contact.
    pub contact: Option<ContactKey>,
    /// `in` or `out`.
    pub direction: Option<String>,
    /// From this moment on.
    pub since: Option<Millis>,
    /// Before this moment.
    pub until: Option<Millis>,
}

/// The messages in which all of this stands, after a place, at most so many, the newest first; each with its place.
pub async fn search(
    database: &Database,
    terms: &Terms,
    scope: &SearchScope,
    after: Option<&MessagePlace>,
    limit: usize,
) -> Result<Vec<(Message, MessagePlace)>, HistoryError> {
    let rows = select(database.dialect(), terms, scope, after, limit).rows(database).await?;
    let found = |row| {
        let message = Message::of(row)?;
        let place = message.place();
        Ok((message, place))
    };
    rows.iter().map(found).collect()
}

pub(super) fn select(dialect: Dialect, terms: &Terms, scope: &SearchScope, after: Option<&MessagePlace>, limit: usize) -> Select {
    let mut select = match dialect {
        // The index gives its rows in the order of their numbers, which is that in which messages were written down.
        Dialect::Sqlite => {
            let mut select = Select::new(&format!("SELECT {COLUMNS} FROM message_text f CROSS JOIN message m ON m.n = f.rowid"));
            select.and("f.message_text MATCH ?", [terms.for_sqlite().into()]).and_if("f.rowid < ?", after.map(|place| place.1));
            select
        }
        Dialect::Postgres => {
            let mut select = Select::new(&format!("SELECT {COLUMNS} FROM message m"));
            for term in &terms.0 {
                select.and("to_tsvector('simple', coalesce(m.text, '')) @@ phraseto_tsquery('simple', ?)", [term.into()]);
            }
            if let Some((at, n)) = after {
                select.and("m.at <= ? AND (m.at < ? OR m.n < ?)", [Cell::Int(*at), Cell::Int(*at), Cell::Int(*n)]);
            }
            select
        }
    };
    select
        .and_mode("m.mode", scope.mode)
        .and_if("m.contact = ?", scope.contact)
        .and_if("m.direction = ?", scope.direction.as_ref())
        .and_if("m.at >= ?", scope.since)
        .and_if("m.at < ?", scope.until);
    let order = match dialect {
        Dialect::Sqlite => " ORDER BY f.rowid DESC LIMIT ?",
        Dialect::Postgres => " ORDER BY m.at DESC, m.n DESC LIMIT ?",
    };
    select.put(order, [limit.into()]);
    select
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_phrases_are_read_and_nothing_in_them_is_an_operator() {
        let read = |text: &str| Terms::parse(text).map(|terms| terms.for_sqlite());
        assert_eq!(read("Refund PLEASE").as_deref(), Ok(r#""refund" "please""#));
        assert_eq!(read(r#"order "is late" NEAR(a) b*"#).as_deref(), Ok(r#""order" "is late" "near" "a" "b""#));
        assert_eq!(read(r#"col:x OR "open"#).as_deref(), Ok(r#""col" "x" "or" "open""#));
        assert_eq!(read("रिफंड नहीं").map(|text| text.contains(' ')), Ok(true));
        for none in ["", "  ", "\"\"", "?!"] {
            assert_eq!(Terms::parse(none), Err("holds no word to search for"), "{none}");
        }
        assert!(Terms::parse("a b c d e f g h i j k").is_err());
    }
}
