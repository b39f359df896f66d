//! A change on its way to the contact whom it means: who that is, that every address of one person leads there, and the input.

use super::read::{addresses, field_of};
use crate::domain::address::Address;
use crate::domain::change::ContactChange;
use crate::domain::id::{ContactKey, InputId};
use crate::domain::mode::Mode;
use crate::engine::record::Record;
use crate::http::error::Failure;
use crate::service::{Core, Found, Whom};
use crate::store::StoreError;
use std::sync::Arc;

/// Why a change cannot be made: the field, and the reason for whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// Its sender must change it.
    Refused(Refused),
    /// It may come again as it is.
    Store(StoreError),
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Problem::Store(error)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Refused(Refused { field, reason }) if reason.starts_with("is missing") => Failure::Invalid { field, reason },
            Problem::Refused(Refused { field, reason }) => Failure::Conflict { reason: format!("{field} {reason}") },
            Problem::Store(error) => unavailable(error),
        }
    }
}

/// The store did not answer.
pub fn unavailable(error: StoreError) -> Failure {
    tracing::error!(%error, "a contact could not be read or changed");
    Failure::Unavailable
}

/// The contact whom a change means.
#[derive(Debug)]
pub struct Meant {
    /// Its key.
    pub key: ContactKey,
    /// The contact as it is; nothing if it begins with the change.
    pub found: Option<Box<Found>>,
}

/// Who is meant by the addresses of a change.
pub async fn meant(core: &Core, mode: Mode, change: &ContactChange) -> Result<Meant, Problem> {
    let addresses = addresses(change);
    let Some(first) = addresses.first() else {
        let reason = "is missing: a contact needs one of phone, email, external_id".to_owned();
        return Err(Problem::Refused(Refused { field: "phone", reason }));
    };
    match core.whom(mode, &addresses).await? {
        Whom::Nobody => Ok(Meant { key: core.address_key(mode, first), found: None }),
        Whom::One(found) => {
            // Somebody is meant whom a simulator plays: nobody else leads here from the other mode.
            if super::view::mode_of(&found.record) != mode {
                let reason = format!("belongs to a contact whom a simulator plays, {}; delete that one first", found.key);
                return Err(Problem::Refused(Refused { field: field_of(first), reason }));
            }
            fits(core, &found, change)?;
            Ok(Meant { key: found.key, found: Some(found) })
        }
        Whom::Several(address, key) => Err(elsewhere(&address, key)),
    }
}

/// Says no to a change that would make another person of the contact. A number or an id that leads to it already is its own: it had it
/// before, or whoever became part of it did. A number that they gave up may be another person's by now, and so may be what is said with it.
pub fn fits(core: &Core, found: &Found, change: &ContactChange) -> Result<(), Problem> {
    let record = &found.record;
    let leads_here = |address: Address| {
        let key = core.address_key(record.mode(), &address);
        let live = core.address_key(Mode::Live, &address);
        [key, live].iter().any(|key| *key == found.key || record.merged.contains(key))
    };
    let other = |field, what: &str| {
        let reason = format!("is another one than the contact has: {what} is not exchanged; merge contacts that are one person");
        Err(Problem::Refused(Refused { field, reason }))
    };
    if change.phone.as_ref().is_some_and(|phone| record.has_left(phone)) {
        let reason = "is a number that this contact has given up, and may be somebody else's now: leave it out, and name the contact by their new number or their key";
        return Err(Problem::Refused(Refused { field: "phone", reason: reason.to_owned() }));
    }
    if let Some(phone) = change.phone.clone().filter(|phone| record.phone.as_ref().is_some_and(|known| known != phone))
        && !leads_here(Address::Phone(phone))
    {
        return other("phone", "a phone number");
    }
    if let Some(id) = change.external.clone().filter(|id| record.external.as_ref().is_some_and(|known| known != id))
        && !leads_here(Address::External(id))
    {
        return other("external_id", "your own id");
    }
    Ok(())
}

fn elsewhere(address: &Address, key: ContactKey) -> Problem {
    let reason = format!("belongs to another contact, {key}; merge the two if they are one person");
    Problem::Refused(Refused { field: field_of(address), reason })
}

/// Gives the change to the contact, and lets every address that it names lead there. `id` makes it the same change when it is repeated.
pub async fn apply(core: &Arc<Core>, mode: Mode, key: ContactKey, change: ContactChange, id: &str) -> Result<InputId, Problem> {
    let named = addresses(&change);
    let (input, _) = core.change_contact(mode, key, change, id).await?;
    for address in named {
        // Somebody came there just now.
        if let Some(other) = core.lead(mode, &address, key).await? {
            return Err(elsewhere(&address, other));
        }
    }
    Ok(input)
}

/// Says no to a change that names an address of somebody else.
pub async fn is_own(core: &Core, mode: Mode, key: ContactKey, change: &ContactChange) -> Result<(), Problem> {
    for address in addresses(change) {
        if let Some(found) = core.contact_at(mode, &address).await?.filter(|found| found.key != key) {
            return Err(elsewhere(&address, found.key));
        }
    }
    Ok(())
}

/// Whether the change says anything that the record does not know. What it says of consent is looked at by the engine alone.
pub fn is_news(record: &Record, change: &ContactChange) -> bool {
    let attribute = |name: &crate::domain::name::Name| record.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value);
    let news = (change.phone.is_some() && record.phone.is_none())
        || (change.external.is_some() && record.external.is_none())
        || change.email.over(record.email.as_ref()) != record.email.as_ref()
        || change.name.over(record.name.as_ref()) != record.name.as_ref()
        || change.language.over(record.language.as_ref()) != record.language.as_ref()
        || change.timezone.over(record.timezone.as_ref()) != record.timezone.as_ref();
    let tags = change.tag.iter().any(|tag| !record.tags.contains(tag))
        || change.untag.iter().any(|tag| record.tags.contains(tag) && !change.tag.contains(tag));
    let attributes = change.attributes.iter().any(|(name, value)| match attribute(name) {
        None => *value != crate::domain::value::Value::Null,
        Some(known) => known.to_json() != value.to_json(),
    });
    let consent = change.consent.as_ref().is_some_and(|consent| {
        let wanted = record.topics.iter().fold(record.consent, |bits, own| bits | own.yes);
        let unsaid = crate::domain::channel::ChannelKind::ALL
            .into_iter()
            .filter(|kind| !record.refused(*kind))
            .fold(0, |bits, kind| bits | kind.stop_bit());
        let general = (consent.yes & !record.consent) | (consent.no & (wanted | unsaid));
        let of =
            |topic: &crate::domain::name::Slug| record.topics.iter().find(|own| own.topic == *topic).map(|own| own.consent());
        let topics = consent.topics.iter().any(|said| match of(&said.topic) {
            None => said.yes | said.no != 0,
            Some(own) => (said.yes & !own.yes) | (said.no & !own.no) != 0,
        });
        general != 0 || topics
    });
    news || tags || attributes || consent || change.stop & !record.stop != 0
}
