//! An entry of the suppression list as callers describe it: in a body of the API and in a row of a file.

use crate::domain::address::Address;
use crate::domain::id::ContactKey;
use crate::domain::limits;
use crate::domain::suppression::{Over, Suppression, SuppressionReason, Withheld};
use crate::domain::time::Millis;
use crate::http::error::Failure;
use crate::http::person::{email, excerpt, phone, unfit};
use crate::service::Core;
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

/// Bytes of an address.
const ADDRESS: usize = 320;
/// What a field may be called.
pub const FIELDS: [&str; 8] = ["address", "hash", "hash_key", "over", "what", "reason", "note", "until"];
/// Fields of an export that say nothing to an import.
const ONLY_SHOWN: [&str; 3] = ["id", "by", "at"];

/// An entry that is to be put on the list.
#[derive(Debug, ToSchema)]
#[schema(as = SuppressionGiven)]
#[expect(dead_code, reason = "it documents what `said` reads")]
pub struct Given {
    /// A phone number, a mail address or a WhatsApp id. Only its hash is kept.
    #[schema(max_length = 320, example = "+447700900123")]
    address: Option<String>,
    /// Instead of it: the hash that this service gave out, with `hash_key`.
    hash: Option<String>,
    /// The `hash_key` that came with the hash.
    hash_key: Option<String>,
    /// Over which channels nothing is sent: `all` (the default), `sms`, `whatsapp`, `email` or `channel:NAME`.
    #[schema(example = "all")]
    over: Option<String>,
    /// What is not sent: `everything` (the default) or `marketing`.
    #[schema(example = "everything")]
    what: Option<String>,
    /// Why; `manual` if nothing is said.
    #[schema(example = "requested")]
    reason: Option<String>,
    /// A word for people, without names and numbers. It goes when the contact is deleted.
    #[schema(max_length = 500)]
    note: Option<String>,
    /// When it ends by itself.
    #[schema(format = DateTime)]
    until: Option<String>,
}

/// An entry, and the hash of its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The address.
    pub address: ContactKey,
    /// What is said of it.
    pub entry: Suppression,
}

/// What names an address: a phone number in a spelling that people use, a mail address, a WhatsApp id.
pub fn address(text: &str, at: &str, country: Option<&str>) -> Result<Address, Failure> {
    let text = text.trim();
    if text.len() > ADDRESS {
        return Err(unfit(at, format!("is longer than {ADDRESS} bytes")));
    }
    if text.contains('@') {
        return email(text, at).map(Address::Email);
    }
    match Address::from_whatsapp(text) {
        id @ Address::Bsuid(_) => Ok(id),
        _ => phone(text, at, country).map(Address::Phone).map_err(|_| {
            unfit(at, "is no phone number such as +447700900123, no mail address and no WhatsApp id such as GB.1349...")
        }),
    }
}

fn text(map: &mut Map<String, Json>, field: &'static str) -> Result<Option<String>, Failure> {
    match map.remove(field) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(_) => Err(unfit(field, "is not text")),
    }
}

fn word<T>(
    map: &mut Map<String, Json>,
    field: &'static str,
    form: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Failure> {
    let Some(text) = text(map, field)? else { return Ok(None) };
    read(&text).map(Some).ok_or_else(|| unfit(field, format!("`{}` is not {form}", excerpt(&text))))
}

fn moment(text: &str) -> Option<Millis> {
    Some(Millis(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()))
}

/// The form of `over`, for whoever wrote something else.
pub const OVER: &str = "all, sms, whatsapp, email or channel:NAME";

/// All reasons, for whoever wrote another one.
pub fn reasons() -> String {
    format!("one of {}", SuppressionReason::ALL.map(SuppressionReason::as_str).join(", "))
}

/// Reads an entry. `by` is who says so, `reason` why if nothing is said.
pub fn said(mut map: Map<String, Json>, core: &Core, by: &str, reason: SuppressionReason) -> Result<Said, Failure> {
    let now = core.store_now();
    let country = core.world().project.country.clone();
    let (given, hash, key) = (text(&mut map, "address")?, text(&mut map, "hash")?, text(&mut map, "hash_key")?);
    let address = match (given, hash) {
        (Some(text), None) => core.listed_as(&address(&text, "address", country.as_deref())?),
        (None, Some(hash)) => {
            if key.as_deref() != Some(core.hash_key().as_str()) {
                let reason =
                    "is not the key of this service: a hash of another service names nobody here; give the address instead";
                return Err(unfit("hash_key", reason));
            }
            ContactKey::parse(&hash).ok_or_else(|| unfit("hash", "is not the 22 characters of a hash"))?
        }
        (Some(_), Some(_)) => return Err(unfit("hash", "and address are both given: one of them names the address")),
        (None, None) => return Err(unfit("address", "is missing: a phone number, a mail address or a WhatsApp id")),
    };
    let over = word(&mut map, "over", OVER, Over::parse)?.unwrap_or(Over::All);
    if let Over::Channel(channel) = &over
        && !core.world().project.channels.contains_key(channel)
    {
        return Err(unfit("over", format!("there is no channel `{channel}`")));
    }
    let what = word(&mut map, "what", "everything or marketing", Withheld::parse)?.unwrap_or(Withheld::Everything);
    let reason = word(&mut map, "reason", &reasons(), SuppressionReason::parse)?.unwrap_or(reason);
    let note = text(&mut map, "note")?;
    if note.as_ref().is_some_and(|note| note.chars().count() > limits::SUPPRESSION_NOTE_CHARS) {
        return Err(unfit("note", format!("is longer than {} characters", limits::SUPPRESSION_NOTE_CHARS)));
    }
    let until = word(&mut map, "until", "a moment such as 2027-03-02T10:00:00Z", moment)?;
    if until.is_some_and(|until| until <= now) {
        return Err(unfit("until", "has passed"));
    }
    match map.keys().find(|field| !ONLY_SHOWN.contains(&field.as_str())) {
        None => {}
        Some(unknown) => {
            return Err(unfit("body", format!("`{}` is no field here; there are {}", excerpt(unknown), FIELDS.join(", "))));
        }
    }
    Ok(Said { address, entry: Suppression { over, what, reason, by: by.to_owned(), at: now, note, until } })
}

/// The columns of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(Vec<Option<String>>);

impl Columns {
    /// Reads the line of names. `ignored` are names of columns that say nothing here.
    pub fn read(names: &[String], ignored: &[&str]) -> Result<Self, Failure> {
        let mut columns: Vec<Option<String>> = Vec::with_capacity(names.len());
        for name in names {
            let column = match name.as_str() {
                name if ignored.contains(&name) || ONLY_SHOWN.contains(&name) => None,
                // As files of contacts and other systems call it.
                "phone" | "email" | "whatsapp_id" => Some("address".to_owned()),
                name if FIELDS.contains(&name) => Some(name.to_owned()),
                name => {
                    let what = format!("`{}` is no column that is known: there are {}", excerpt(name), FIELDS.join(", "));
                    return Err(unfit(
                        "header",
                        format!("{what}, and phone, email, whatsapp_id for the address; name it in `ignore` to leave it out"),
                    ));
                }
            };
            columns.push(column);
        }
        match columns.iter().flatten().any(|column| column == "address" || column == "hash") {
            true => Ok(Columns(columns)),
            false => {
                Err(unfit("header", "names no address: one of the columns address, phone, email, whatsapp_id, hash is needed"))
            }
        }
    }

    /// The fields of a row. Of several columns for the address one is filled.
    pub fn row(&self, cells: Vec<String>) -> Result<Map<String, Json>, Failure> {
        if cells.len() > self.0.len() {
            return Err(unfit("row", format!("has {} cells, the line of names {}", cells.len(), self.0.len())));
        }
        let mut map = Map::new();
        for (column, cell) in self.0.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            let Some(column) = column else { continue };
            let cell = super::super::listing::plain(&cell).to_owned();
            if map.insert(column.clone(), Json::String(cell)).is_some() {
                return Err(unfit(column.as_str(), "is there twice: a row is about one address"));
            }
        }
        Ok(map)
    }
}

/// The fields of a line of JSON.
pub fn line(bytes: &[u8]) -> Result<Map<String, Json>, Failure> {
    match serde_json::from_slice(bytes) {
        Ok(Json::Object(mut map)) => {
            for name in ["phone", "email", "whatsapp_id"] {
                if let Some(value) = map.remove(name).filter(|value| !value.is_null())
                    && map.insert("address".to_owned(), value).is_some()
                {
                    return Err(unfit("address", "is there twice: a row is about one address"));
                }
            }
            Ok(map)
        }
        Ok(_) => Err(unfit("row", "is JSON but no object")),
        Err(_) => Err(unfit("row", "is not JSON")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_the_spellings_that_people_use() {
        let read = |text| address(text, "address", Some("GB"));
        assert_eq!(read(" +44 7700 900123 ").expect("a number").canonical(), "+447700900123");
        assert_eq!(read("07700 900123").expect("a number of the country").canonical(), "+447700900123");
        assert_eq!(read("Ann@Example.COM").expect("a mail address").canonical(), "email:ann@example.com");
        assert_eq!(read("GB.1349").expect("a WhatsApp id").canonical(), "bsuid:GB.1349");
        for bad in ["", "hello", "12", "a@", "+44"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn columns_are_known_and_one_of_them_names_the_address() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let columns = Columns::read(&names(&["phone", "email", "reason", "at", "junk"]), &["junk"]).expect("known");
        let row = |cells: &[&str]| columns.row(names(cells));
        let read = row(&["'+447700900123", "", "legal", "yesterday", "x"]).expect("reads");
        assert_eq!(serde_json::Value::from(read), serde_json::json!({ "address": "+447700900123", "reason": "legal" }));
        assert_eq!(row(&["+447700900123", "a@b.example"]).expect_err("twice").field(), Some("address"));
        assert_eq!(row(&["1", "2", "3", "4", "5", "6"]).expect_err("too many").field(), Some("row"));
        for bad in [&["reason"][..], &["address", "junk"]] {
            assert_eq!(Columns::read(&names(bad), &[]).expect_err("refused").field(), Some("header"), "{bad:?}");
        }
        assert!(line(br#"{"phone": "1", "email": "2"}"#).is_err() && line(b"[]").is_err() && line(b"{").is_err());
    }
}
