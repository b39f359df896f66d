//! What a service knows a contact by.

use super::Sink;
use crate::config::sinks::Identity;
use crate::domain::id::ContactKey;
use crate::service::core::Core;
use crate::sink::{Encoded, Person, Row};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::{BTreeSet, HashMap};

/// Ids of contacts in other systems that are kept in memory.
const KNOWN: usize = 20_000;
/// What the key of the hash is derived from the store's secret by.
const PURPOSE: &[u8] = b"replyflow sinks: contacts";

/// Contacts whose id in other systems is known. One that has none yet may get one, so that is not kept.
#[derive(Debug, Default)]
pub(super) struct People(HashMap<ContactKey, String>);

impl Sink {
    /// The rows as the service wants them; nothing if the store cannot be asked now who they are about.
    pub(super) async fn encode(&self, core: &Core, people: &mut People, rows: &[Row]) -> Option<Vec<Encoded>> {
        let key = match &self.settings.secret {
            Some(secret) => secret.expose().as_bytes().to_vec(),
            None => hash(&core.secret, PURPOSE).to_vec(),
        };
        let mut persons: HashMap<ContactKey, Person> = HashMap::new();
        let contacts: BTreeSet<ContactKey> = rows.iter().map(|row| row.contact).collect();
        for contact in contacts {
            let person = self.person(core, people, &key, contact).await?;
            persons.insert(contact, person);
        }
        Some(rows.iter().filter_map(|row| Some(self.service.row(row, persons.get(&row.contact)?))).collect())
    }

    async fn person(&self, core: &Core, people: &mut People, key: &[u8], contact: ContactKey) -> Option<Person> {
        let hashed = || Person { id: hex::encode(&hash(key, contact.as_str().as_bytes())[..16]), known: false };
        match self.settings.identity {
            Identity::Hash => Some(hashed()),
            Identity::Contact => Some(Person { id: contact.to_string(), known: true }),
            Identity::External => {
                if let Some(id) = people.0.get(&contact) {
                    return Some(Person { id: id.clone(), known: true });
                }
                // Whoever became part of another is known by the other's id.
                let found = core.contact(contact).await;
                let found = found
                    .inspect_err(|error| tracing::warn!(sink = self.name(), %error, "a contact cannot be looked up"))
                    .ok()?;
                let Some(id) = found.and_then(|found| found.record.external) else { return Some(hashed()) };
                if people.0.len() >= KNOWN {
                    people.0.clear();
                }
                people.0.insert(contact, id.clone());
                Some(Person { id, known: true })
            }
        }
    }
}

fn hash(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}
