//! The journal as it was, for people: `replyflow journal export` and what reads such lines.

use super::cell::Cell;
use super::database::Database;
use super::error::HistoryError;
use crate::domain::codec;
use crate::domain::id::ContactKey;
use crate::domain::input::Input;
use crate::domain::journal;
use crate::domain::mode::Mode;
use crate::domain::time::Millis;

/// Entries that are read at once.
const PAGE: i64 = 500;

/// One entry as people read it: `replyflow journal export` prints one in each line.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// Its place: `SHARD/TIME-NUMBER`.
    pub id: String,
    /// As JSON: `{id, contact, token, at, events}`, `{id, contact, at, overflow}`, or `{id, at, unreadable}`.
    pub json: serde_json::Value,
}

/// Which entries are exported.
#[derive(Debug, Clone, Default)]
pub struct ExportFilter {
    /// From this moment on.
    pub since: Option<Millis>,
    /// Of this contact, and of those who became part of it.
    pub contact: Option<ContactKey>,
}

/// Reads the journal, oldest first, and gives each entry to `each` until that says `false`. May run beside the service. What belonged to a
/// contact who was deleted is not there.
pub async fn export(
    database: &Database,
    filter: &ExportFilter,
    mut each: impl FnMut(Exported) -> bool,
) -> Result<(), HistoryError> {
    let all = "SELECT shard, time, number, at, kind, body FROM entry WHERE (at, shard, time, number) > ($1, $2, $3, $4) AND kind <> 'forgotten'
               ORDER BY at, shard, time, number LIMIT $5";
    // What is theirs is found first: a database that is asked for it in the order of time would walk through everybody's.
    let of_one = "WITH own AS MATERIALIZED (
                    SELECT shard, time, number, at, kind, body FROM entry WHERE contact = $6 AND at >= $1
                    UNION ALL SELECT e.shard, e.time, e.number, e.at, e.kind, e.body FROM contact c JOIN entry e ON e.contact = c.id
                    WHERE c.target = $6 AND e.at >= $1)
                  SELECT shard, time, number, at, kind, body FROM own WHERE (at, shard, time, number) > ($1, $2, $3, $4) AND kind <> 'forgotten'
                  ORDER BY at, shard, time, number LIMIT $5";
    let mut place = (filter.since.map_or(i64::MIN, |since| since.0), -1, i64::MIN, i64::MIN);
    loop {
        let mut params: Vec<Cell> = vec![place.0.into(), place.1.into(), place.2.into(), place.3.into(), PAGE.into()];
        params.extend(filter.contact.map(Cell::from));
        let rows = database.read(if filter.contact.is_some() { of_one } else { all }, &params).await?;
        for row in &rows {
            let (shard, time, number, at) = (row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?);
            place = (at, shard, time, number);
            let id = format!("{shard}/{time}-{number}");
            let json = readable(&id, Millis(at), row.text(4)?, row.bytes(5)?);
            if !each(Exported { id, json }) {
                return Ok(());
            }
        }
        if (rows.len() as i64) < PAGE {
            return Ok(());
        }
    }
}

fn readable(id: &str, at: Millis, kind: &str, body: &[u8]) -> serde_json::Value {
    let time = crate::domain::value::rfc3339(at);
    let read = |result: Result<serde_json::Value, String>, name: &str| match result {
        Ok(value) => serde_json::json!({ "id": id, "time": time, name: value }),
        Err(why) => serde_json::json!({ "id": id, "time": time, "unreadable": why }),
    };
    if kind == "overflow" {
        return read(json_of::<Input>(body), "overflow");
    }
    match json_of::<journal::Entry>(body) {
        Ok(serde_json::Value::Object(entry)) => {
            let mut out = serde_json::json!({ "id": id, "time": time });
            if let serde_json::Value::Object(map) = &mut out {
                map.extend(entry);
                if codec::mode_of(body) == Mode::Test {
                    map.insert("mode".to_owned(), Mode::Test.as_str().into());
                }
            }
            out
        }
        other => read(other, "entry"),
    }
}

fn json_of<T: serde::Serialize + serde::de::DeserializeOwned>(body: &[u8]) -> Result<serde_json::Value, String> {
    let (_, value) = codec::decode_in::<T>(body).map_err(|e| e.to_string())?;
    serde_json::to_value(value).map_err(|e| e.to_string())
}
