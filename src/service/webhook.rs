//! Webhooks of flows: any JSON or form that another system sends to the URL of a flow begins a run of it. Who knows the URL may
//! call it, so it ends in a secret: derived, not stored, from the project's keys or from the store's own.

use super::core::Core;
use super::events::EventRefused;
use super::inbox::Received;
use super::metrics;
use crate::config::secret::Secret;
use crate::domain::address::Address;
use crate::domain::codec;
use crate::domain::id::{ContactKey, DedupeHash};
use crate::domain::input::{Class, ContactRef, Input, Webhook};
use crate::domain::limits;
use crate::domain::mode::Mode;
use crate::domain::value::Value;
use crate::flow::catalog::webhook_contacts;
use crate::store::WhenFull;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use std::sync::Arc;
use subtle::{Choice, ConstantTimeEq};

/// What the secrets in the URLs of webhooks are derived from.
#[derive(Clone)]
pub struct WebhookKeys(Vec<Bytes>);

impl WebhookKeys {
    /// The configured keys, the first of which makes URLs; without any the store's own.
    pub fn new(configured: &[Secret], of_the_store: &Bytes) -> Self {
        let keys: Vec<Bytes> = configured.iter().map(|key| Bytes::copy_from_slice(key.expose().as_bytes())).collect();
        WebhookKeys(if keys.is_empty() { vec![of_the_store.clone()] } else { keys })
    }

    /// The secret in the URL of a webhook: 22 characters.
    pub fn secret(&self, flow: &str, name: &str) -> String {
        self.0.first().map_or_else(String::new, |key| derive(key, &[WEBHOOK, flow, name]))
    }

    /// Whether this is the secret of the webhook under one of the keys. Takes as long for a wrong one as for a right one.
    pub fn open(&self, flow: &str, name: &str, given: &str) -> bool {
        self.opens(&[WEBHOOK, flow, name], given)
    }

    /// The secret in the URL of a source: 22 characters.
    pub fn source_secret(&self, name: &str) -> String {
        self.0.first().map_or_else(String::new, |key| derive(key, &[SOURCE, name]))
    }

    /// Whether this is the secret of the source.
    pub fn open_source(&self, name: &str, given: &str) -> bool {
        self.opens(&[SOURCE, name], given)
    }

    /// The secret in the URL of a desk: 22 characters.
    pub fn desk_secret(&self, name: &str) -> String {
        self.0.first().map_or_else(String::new, |key| derive(key, &[DESK, name]))
    }

    /// Whether this is the secret of the desk.
    pub fn open_desk(&self, name: &str, given: &str) -> bool {
        self.opens(&[DESK, name], given)
    }

    fn opens(&self, parts: &[&str], given: &str) -> bool {
        let found =
            self.0.iter().fold(Choice::from(0), |found, key| found | derive(key, parts).as_bytes().ct_eq(given.as_bytes()));
        found.into()
    }
}

impl fmt::Debug for WebhookKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookKeys({})", self.0.len())
    }
}

/// What a secret is for stands before what it opens.
const WEBHOOK: &str = "the webhook of a flow";
const SOURCE: &str = "the webhook of a source";
const DESK: &str = "the webhook of a desk";

fn derive(key: &[u8], parts: &[&str]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part.as_bytes());
        mac.update(&[0]);
    }
    URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..16])
}

/// A call of a webhook as it comes from outside, its secret already checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewWebhook {
    /// The flow, by its name or a former one.
    pub flow: String,
    /// The webhook's name.
    pub name: String,
    /// What was sent.
    pub data: Value,
    /// What makes it the same call when it is delivered again. Without one every delivery is a call of its own.
    pub id: Option<String>,
    /// Whose contacts it is for.
    pub mode: Mode,
}

impl Core {
    /// The keys of webhooks, where these are configured.
    pub fn webhook_keys(&self, configured: &[Secret]) -> WebhookKeys {
        WebhookKeys::new(configured, &self.secret)
    }

    /// Whether a flow has this webhook now.
    pub fn has_webhook(&self, flow: &str, name: &str) -> bool {
        !self.versions.catalog().starts_by_webhook(flow, name).is_empty()
    }

    /// Takes a call of a webhook: it is stored for whom it concerns before this answers. Nothing is stored where no start of the
    /// flow can want it.
    pub async fn receive_webhook(self: &Arc<Self>, call: NewWebhook) -> Result<Vec<Received>, EventRefused> {
        let result = self.take_webhook(call).await;
        match &result {
            Ok(all) if all.is_empty() => metrics::input("webhook", "ignored"),
            Ok(all) => all.iter().for_each(|r| metrics::input("webhook", r.name())),
            Err(_) => metrics::input("webhook", "refused"),
        }
        result
    }

    async fn take_webhook(self: &Arc<Self>, call: NewWebhook) -> Result<Vec<Received>, EventRefused> {
        let id = call.id.unwrap_or_else(|| format!("{:08x}{:08x}", self.random.bits(), self.random.bits()));
        let mut all = Vec::new();
        // Nobody hears of it before it is known that it fits everybody.
        for (contact, input) in self.webhook_inputs(call.mode, &call.flow, &call.name, &call.data)? {
            let named: Vec<Address> = input.to.addresses().collect();
            let body = Bytes::from(codec::encode_in(call.mode, &Input::Webhook(Box::new(input))));
            if body.len() > limits::INPUT_BYTES {
                return Err(EventRefused::TooLarge);
            }
            all.push((contact, body, named));
        }
        let hash = DedupeHash::of(&["webhook", &call.flow, &call.name, &id]);
        let mut done = Vec::with_capacity(all.len());
        for (contact, body, named) in all {
            done.push(self.put_encoded(contact, hash, Class::Normal, body, WhenFull::Refuse).await?);
            self.known_by(call.mode, contact, &named).await;
        }
        Ok(done)
    }

    fn webhook_inputs(
        &self,
        mode: Mode,
        flow: &str,
        name: &str,
        data: &Value,
    ) -> Result<Vec<(ContactKey, Webhook)>, EventRefused> {
        let catalog = self.versions.catalog();
        let starts = catalog.starts_by_webhook(flow, name);
        let found = webhook_contacts(&starts, &self.world.project, data);
        let found: Vec<ContactRef> = found.map_err(|problem| EventRefused::Contact(problem.to_string()))?;
        let Some(start) = starts.first() else { return Ok(Vec::new()) };
        let flow = &start.published.flow.name;
        let Ok(name) = crate::domain::name::Name::parse(name) else { return Ok(Vec::new()) };
        let of = |to: ContactRef| {
            let key = self.contact_key(mode, &to.address()?.canonical());
            Some((key, Webhook { flow: flow.clone(), name: name.clone(), data: data.clone(), to, callback: None }))
        };
        Ok(found.into_iter().filter_map(of).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_one_webhook_and_an_old_key_goes_on_while_it_is_listed() {
        let store = Bytes::from_static(b"the store's own secret");
        let own = WebhookKeys::new(&[], &store);
        let secret = own.secret("orders", "shop");
        assert_eq!(secret.len(), 22);
        assert!(own.open("orders", "shop", &secret));
        for (flow, name, given) in
            [("orders", "shopx", &*secret), ("order", "sshop", &secret), ("orders", "shop", ""), ("orders", "shop", &secret[1..])]
        {
            assert!(!own.open(flow, name, given), "{flow} {name} {given}");
        }
        let (old, new) = (Secret::new("an old key of 32 characters"), Secret::new("a new key of 32 characters"));
        let before = WebhookKeys::new(std::slice::from_ref(&old), &store).secret("orders", "shop");
        assert_ne!(before, secret);
        let both = WebhookKeys::new(&[new.clone(), old], &store);
        assert!(both.open("orders", "shop", &before) && both.open("orders", "shop", &both.secret("orders", "shop")));
        let after = WebhookKeys::new(&[new], &store);
        assert!(!after.open("orders", "shop", &before) && !after.open("orders", "shop", &secret));
        assert_eq!(format!("{after:?}"), "WebhookKeys(1)", "no key in a log");
    }
}
