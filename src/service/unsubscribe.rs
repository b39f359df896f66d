//! One click to get no more mail (RFC 8058): every mail carries a URL that holds whose it is and a proof that we made it. Nothing
//! of it is stored, so it works for as long as the key does.

use super::core::Core;
use super::inbox::Received;
use super::metrics;
use super::settings::Channel;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, DedupeHash};
use crate::domain::input::{Input, Reach, ReachChange};
use crate::domain::name::ChannelName;
use crate::engine::effect::Send;
use crate::store::{Answer, WhenFull};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use std::sync::Arc;
use subtle::{Choice, ConstantTimeEq};

/// Longer tokens are none of ours.
const TOKEN_CHARS: usize = 160;

/// How links in mails are made.
#[derive(Clone, Default)]
pub struct LinkSettings {
    /// How the service is reached from outside, without a slash at the end; nothing: mails hold no links.
    pub public_url: Option<String>,
    /// The keys of `[webhooks]`, the first of which makes links; without any the store's own is used.
    pub keys: Vec<Secret>,
}

impl fmt::Debug for LinkSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkSettings").field("public_url", &self.public_url).field("keys", &self.keys.len()).finish()
    }
}

/// Whose mail, over which channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    /// The contact.
    pub contact: ContactKey,
    /// The channel.
    pub channel: ChannelName,
}

impl Core {
    /// The URL by which a mail is unsubscribed from, where it is to have one.
    pub(super) fn unsubscribe_link(&self, contact: ContactKey, send: &Send, channel: &Channel) -> Option<String> {
        // Whoever has just opted out needs no way to do so.
        if !channel.adapter.is_mail() || send.is_stop_confirmation() {
            return None;
        }
        let url = self.settings.links.public_url.as_deref()?;
        let key = self.link_keys().into_iter().next()?;
        Some(format!("{url}/u/{contact}.{}.{}", channel.name, proof(&key, contact, &channel.name)))
    }

    /// What a token says, if it is one of ours.
    pub fn unsubscribe_token(&self, token: &str) -> Option<Unsubscribe> {
        if token.len() > TOKEN_CHARS {
            return None;
        }
        let (rest, given) = token.rsplit_once('.')?;
        let (contact, channel) = rest.split_once('.')?;
        let (contact, channel) = (ContactKey::parse(contact)?, ChannelName::parse(channel).ok()?);
        // Every key is tried, whatever the first says.
        let ours = self
            .link_keys()
            .iter()
            .fold(Choice::from(0), |found, key| found | proof(key, contact, &channel).as_bytes().ct_eq(given.as_bytes()));
        bool::from(ours).then_some(Unsubscribe { contact, channel })
    }

    /// The contact gets no more mail. Stored when this answers; the same link takes effect as often as the contact opted in again.
    pub async fn unsubscribe(self: &Arc<Self>, who: &Unsubscribe) -> Answer<Received> {
        let kind = self.channel(&who.channel).map_or(ChannelKind::Email, |channel| channel.kind);
        let what = ReachChange::OptedOut { how: "link".to_owned() };
        let input = Input::Reach(Box::new(Reach { channel: who.channel.clone(), kind, what }));
        let id = format!("{:08x}{:08x}", self.random.bits(), self.random.bits());
        let hash = DedupeHash::of(&["unsubscribe", who.channel.as_str(), &id]);
        let received = self.put_known(who.contact, hash, &input, WhenFull::Refuse).await;
        if received == Ok(Received::Nobody) {
            self.keep_opt_out(who.contact, kind).await?;
        }
        metrics::input("unsubscribe", received.as_ref().map_or("refused", |r| r.name()));
        received
    }

    fn link_keys(&self) -> Vec<Bytes> {
        keys(&self.settings.links.keys, &self.secret)
    }
}

/// The keys of links, the first of which makes them. The store's own stays among them: mails that left before a key was configured hold
/// links of it, and nobody can change those.
fn keys(configured: &[Secret], of_the_store: &Bytes) -> Vec<Bytes> {
    let configured = configured.iter().map(|key| Bytes::copy_from_slice(key.expose().as_bytes()));
    configured.chain([of_the_store.clone()]).collect()
}

fn proof(key: &[u8], contact: ContactKey, channel: &ChannelName) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in ["no more mail", contact.as_str(), channel.as_str()] {
        mac.update(part.as_bytes());
        mac.update(&[0]);
    }
    URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_the_stores_own_key_go_on_when_one_is_configured() {
        let store = Bytes::from_static(b"the store's own secret");
        assert_eq!(keys(&[], &store), vec![store.clone()]);
        let (new, old) = (Secret::new("a new key of 32 characters"), Secret::new("an old key of 32 characters"));
        let all = keys(&[new, old], &store);
        assert_eq!(all[0], "a new key of 32 characters".as_bytes(), "the first makes links");
        assert_eq!(all[1..], [Bytes::from_static(b"an old key of 32 characters"), store]);
    }
}
