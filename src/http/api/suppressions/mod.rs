//! `/v1/suppressions`: addresses that nothing is written to. Addresses come in and hashes go out: the list does not know whose they are.

pub mod import;
mod read;

pub use read::{Columns, line, said};

use super::listing::{self, Found, Listing};
use super::{BODY, Done, Fields, Once, Query, asked, audit, looked};
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::scope::Scope;
use crate::domain::suppression::{Over, Put, Suppression, SuppressionReason, Withheld};
use crate::domain::time::Millis;
use crate::domain::value::rfc3339;
use crate::history::HistoryError;
use crate::http::caller::Caller;
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::service::Core;
use crate::service::suppressions::{ListedAddress, Putting};
use crate::store::StoreError;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// Addresses that are read at one time.
const PART: usize = 1_000;

/// An entry of the suppression list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Suppression)]
pub struct Entry {
    /// Its name: the hash, `over` and `what`.
    #[schema(example = "3q2-7wAAAAAAAAAAAAAAAA.all.everything")]
    id: String,
    /// The keyed hash of the address: the id that a contact who began at the address has.
    hash: String,
    /// Which key the hash is made with: a hash names its address only where this is the same.
    hash_key: String,
    /// Over which channels nothing is sent: `all`, `sms`, `whatsapp`, `email` or `channel:NAME`.
    over: String,
    /// What is not sent: `everything` or `marketing`.
    what: &'static str,
    /// Why: `manual`, `imported`, `requested`, `legal`, `erased`, `hard_bounce`, `complaint` or `invalid_number`.
    reason: &'static str,
    /// Who put it there: a key, whom its request names, or `channel:NAME` of what a provider said.
    by: String,
    /// When.
    at: String,
    /// A word for people.
    #[schema(required)]
    note: Option<String>,
    /// When it ends by itself.
    #[schema(required)]
    until: Option<String>,
}

impl Entry {
    fn of(address: ContactKey, entry: &Suppression, hash_key: &str) -> Self {
        Entry {
            id: id(address, &entry.over, entry.what),
            hash: address.to_string(),
            hash_key: hash_key.to_owned(),
            over: entry.over.to_string(),
            what: entry.what.as_str(),
            reason: entry.reason.as_str(),
            by: entry.by.clone(),
            at: rfc3339(entry.at),
            note: entry.note.clone(),
            until: entry.until.map(rfc3339),
        }
    }
}

/// The name of an entry.
fn id(address: ContactKey, over: &Over, what: Withheld) -> String {
    format!("{address}.{over}.{}", what.as_str())
}

/// What has this name.
fn named(text: &str) -> Option<(ContactKey, Over, Withheld)> {
    let (address, rest) = text.split_once('.')?;
    let (over, what) = rest.rsplit_once('.')?;
    Some((ContactKey::parse(address)?, Over::parse(over)?, Withheld::parse(what)?))
}

/// What is chosen of the list, from its last change backwards.
pub struct Chosen {
    core: Arc<Core>,
    address: Option<ContactKey>,
    reason: Option<SuppressionReason>,
    over: Option<Over>,
    begun: Option<u64>,
}

/// An address by the number of its last change, and the entries of it that were given.
type Place = (u64, u64);

impl Chosen {
    /// All of the list.
    pub fn all(core: Arc<Core>) -> Self {
        Chosen { core, address: None, reason: None, over: None, begun: None }
    }

    /// The whole of it, for a file that takes its time: behind the end comes what was changed since it was begun, and would be missed else, because it
    /// goes to the beginning. An entry that was there before may be there twice then.
    pub async fn whole(self) -> Result<Self, StoreError> {
        let begun = Some(self.core.last_suppression().await?);
        Ok(Chosen { begun, ..self })
    }

    fn shows(&self, entry: &Suppression, now: Millis) -> bool {
        let reason = self.reason.is_none_or(|reason| reason == entry.reason);
        reason && self.over.as_ref().is_none_or(|over| *over == entry.over) && !entry.has_ended(now)
    }

    /// What is behind a place: before it, or in a file, where its number is higher than when the file was begun, changed after it.
    async fn part(&self, at: &At, most: usize) -> Result<Vec<ListedAddress>, HistoryError> {
        let failed = |error: StoreError| HistoryError(format!("the suppression list: {error}"));
        let before = match at {
            At::Before(before) => *before,
            At::Since(after) => return self.core.suppressions_since(*after, most.min(PART)).await.map_err(failed),
        };
        match self.address {
            None => self.core.suppressions(before, most.min(PART)).await.map_err(failed),
            Some(_) if before.is_some_and(|before| before == 0) => Ok(Vec::new()),
            Some(address) => {
                let entries = self.core.suppressions_of(address).await.map_err(failed)?;
                Ok(vec![ListedAddress { number: 0, address, entries }])
            }
        }
    }
}

/// Where the list is read.
enum At {
    Before(Option<u64>),
    Since(u64),
}

impl Listing for Chosen {
    type Item = Entry;
    type Place = Place;
    const FIELDS: &'static [&'static str] = &["id", "hash", "hash_key", "over", "what", "reason", "by", "at", "note", "until"];
    const FILE: &'static str = "suppressions";

    async fn after(&self, place: Option<&Place>, limit: usize) -> Found<Entry, Place> {
        let (now, hash_key) = (self.core.store_now(), self.core.hash_key());
        let mut out = Vec::new();
        // The address of the place once more, for what is left of it.
        let mut at = match (place, self.begun) {
            (Some((number, _)), Some(begun)) if *number > begun => At::Since(number - 1),
            (Some((number, _)), _) => At::Before(Some(number.saturating_add(1))),
            (None, begun) => At::Before(begun.map(|begun| begun.saturating_add(1))),
        };
        // Of what is chosen there may be little among much: then as many are read at one time as may be.
        let chooses = self.reason.is_some() || self.over.is_some();
        let most = if chooses { PART } else { limit.saturating_add(1) };
        loop {
            let part = self.part(&at, most).await?;
            let Some(last) = part.last().map(|listed| listed.number) else {
                match (&at, self.begun, self.address) {
                    (At::Before(_), Some(begun), None) => at = At::Since(begun),
                    _ => return Ok(out),
                }
                continue;
            };
            for listed in &part {
                for (n, entry) in (1..).zip(listed.entries.iter()) {
                    if place.is_some_and(|(number, given)| *number == listed.number && n <= *given) || !self.shows(entry, now) {
                        continue;
                    }
                    if out.len() >= limit {
                        return Ok(out);
                    }
                    out.push((Entry::of(listed.address, entry, &hash_key), (listed.number, n)));
                }
            }
            at = match at {
                At::Before(_) => At::Before(Some(last)),
                At::Since(_) => At::Since(last),
            };
        }
    }
}

/// Entries of the suppression list, the last change first
///
/// With `format` all of them as a file, which can be imported again where `hash_key` is the same.
#[utoipa::path(get, path = "/v1/suppressions", tag = "Contacts", operation_id = "list_suppressions", security(("key" = ["suppressions:read"])),
    params(("address" = Option<String>, Query, description = "Only those of this phone number, mail address or WhatsApp id"),
        ("hash" = Option<String>, Query, description = "Only those of the address with this hash"),
        ("reason" = Option<String>, Query, description = "Only those for this reason"),
        ("over" = Option<String>, Query, description = "Only those over `all`, `sms`, `whatsapp`, `email` or `channel:NAME`"),
        listing::Listed),
    responses((status = 200, description = "A page of them, or all as a file", content((super::Page<Entry> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson")))))]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::SuppressionsRead).await?;
    let query = Query::read(&request, &["address", "hash", "reason", "over", "limit", "cursor", "format"])?;
    let core = Arc::clone(&web.core);
    let country = core.world().project.country.clone();
    let given = query.text("address").map(|text| read::address(text, "address", country.as_deref())).transpose()?;
    let hash = query.parsed("hash", "the 22 characters of a hash", ContactKey::parse)?;
    let address = given.map(|address| core.listed_as(&address)).or(hash);
    let reason = query.parsed("reason", &read::reasons(), SuppressionReason::parse)?;
    let over = query.parsed("over", read::OVER, Over::parse)?;
    let mut chosen = Chosen { address, reason, over, ..Chosen::all(core) };
    if matches!(query.text("format"), Some("csv" | "jsonl")) {
        audit::write(&web, &caller, "suppressions.export", None, json!({})).await?;
        chosen = chosen.whole().await.map_err(unavailable)?;
    }
    listing::answer(&web, &query, chosen).await
}

/// Put an address on the suppression list
///
/// Nothing is sent there from now on by this instance, and within a second by every other one. An entry of the same `over` and `what` is replaced.
#[utoipa::path(post, path = "/v1/suppressions", tag = "Contacts", operation_id = "create_suppression", security(("key" = ["suppressions:write"])),
    request_body = read::Given,
    responses((status = 201, description = "It is on the list", body = Entry), (status = 200, description = "It was on the list, and is now as asked", body = Entry),
        (status = 409, description = "The key is for test")))]
pub async fn post(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::SuppressionsWrite, BODY).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let said = read::said(Fields::read(&body)?.rest(), &web.core, &caller.name, SuppressionReason::Manual)?;
    live(&caller)?;
    let (address, entry) = (said.address, said.entry);
    let detail = json!({ "over": entry.over, "what": entry.what, "reason": entry.reason, "until": entry.until.map(rfc3339) });
    let noted = audit::act(&web, &caller, "suppression.put", Some(id(address, &entry.over, entry.what)), detail);
    let (core, record) = (Arc::clone(&web.core), web.record.clone());
    let work = async move {
        record.write(vec![crate::history::audit::insert(&noted, rand::random())]).await.map_err(unwritten)?;
        let (over, what) = (entry.over.clone(), entry.what);
        let status = match core.put_suppression(address, entry, Putting::Asked).await.map_err(unavailable)? {
            Put::Added => StatusCode::CREATED,
            Put::Changed | Put::Same => StatusCode::OK,
            Put::TooMany => {
                let reason =
                    format!("has {} entries, as many as one may have", crate::domain::limits::SUPPRESSIONS_OF_AN_ADDRESS);
                return Err(Failure::Invalid { field: "address", reason });
            }
        };
        let entries = core.suppressions_of(address).await.map_err(unavailable)?;
        // Somebody may have taken it off in between.
        let entry = entries.get(&over, what).ok_or(Failure::Unavailable)?;
        Ok(Done::new(status, Entry::of(address, entry, &core.hash_key())))
    };
    once.answer(&web, work).await
}

/// Take an entry off the suppression list
///
/// Its address is written to again as its contact's consent says.
#[utoipa::path(delete, path = "/v1/suppressions/{id}", tag = "Contacts", operation_id = "delete_suppression", security(("key" = ["suppressions:write"])),
    params(("id" = String, Path, description = "The entry's id, as the list shows it")),
    responses((status = 204, description = "It is off the list"), (status = 404, description = "It is not on the list"), (status = 409, description = "The key is for test")))]
pub async fn delete(
    web: Data<Web>,
    name: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::SuppressionsWrite).await?;
    Query::read(&request, &[])?;
    live(&caller)?;
    let (address, over, what) = named(&name).ok_or(Failure::NotFound)?;
    let known = web.core.suppressions_of(address).await.map_err(unavailable)?;
    let entry = known.get(&over, what).ok_or(Failure::NotFound)?;
    let detail = json!({ "reason": entry.reason, "by": entry.by, "at": rfc3339(entry.at) });
    audit::write(&web, &caller, "suppression.take", Some(id(address, &over, what)), detail).await?;
    match web.core.take_suppression(address, &over, what).await.map_err(unavailable)? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Failure::NotFound),
    }
}

/// There is one list, for those who are meant: whoever tries things out only reads it.
fn live(caller: &Caller) -> Result<(), Failure> {
    match caller.mode {
        Mode::Live => Ok(()),
        Mode::Test => Err(Failure::Conflict { reason: "a key for test does not change the suppression list".to_owned() }),
    }
}

fn unwritten(error: HistoryError) -> Failure {
    tracing::error!(%error, "a change of the suppression list could not be written down");
    Failure::Unavailable
}

fn unavailable(error: StoreError) -> Failure {
    match error {
        StoreError::Full(reason) => Failure::Conflict { reason },
        error => {
            tracing::warn!(%error, "the suppression list could not be read or changed");
            Failure::Unavailable
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_entries_are_read_as_written() {
        let address = ContactKey::derive(b"secret", "+447700900123");
        for (over, what) in [("all", Withheld::Everything), ("channel:main-sms", Withheld::Marketing)] {
            let over = Over::parse(over).expect("a place");
            assert_eq!(named(&id(address, &over, what)), Some((address, over, what)));
        }
        for bad in ["", "x.all.everything", &format!("{address}.all"), &format!("{address}.fax.everything")] {
            assert_eq!(named(bad), None, "{bad}");
        }
    }
}
