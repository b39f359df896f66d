//! Journal entries that no commit made: of settles and reports. Their token is derived from what they are about, so that a
//! call of the store that is repeated writes nothing that looks new.

use super::core::Core;
use crate::domain::codec;
use crate::domain::id::{ContactKey, DedupeHash, EffectId, InputId, Token};
use crate::domain::journal::{Entry, Event};
use crate::domain::mode::Mode;
use bytes::Bytes;

/// Of the end of an attempt.
pub(super) fn attempt(effect: EffectId, attempt: u8) -> Token {
    of(&["attempt", &effect.to_string(), &attempt.to_string()])
}

/// Of a delivery report.
pub(super) fn report(effect: EffectId, status: &str, provider_id: &str) -> Token {
    of(&["report", &effect.to_string(), status, provider_id])
}

/// Of a delivery report that does not name an effect.
pub(super) fn nameless(provider_id: &str, status: &str) -> Token {
    of(&["nameless", provider_id, status])
}

/// Of an operator's act on something that failed.
pub(super) fn operator(what: &str, effect: &str, at: i64) -> Token {
    of(&["operator", what, effect, &at.to_string()])
}

/// Of a deletion of what was at this version.
pub(super) fn forgotten(contact: ContactKey, at: Token) -> Token {
    of(&["forgotten", contact.as_str(), &at.to_string()])
}

/// Of an effect that ends with its contact.
pub(super) fn gone(effect: EffectId) -> Token {
    of(&["gone", &effect.to_string()])
}

/// Of what happened to a channel.
pub(super) fn channel(name: &str, id: &str) -> Token {
    of(&["channel", name, id])
}

/// Of what happened to a flow.
pub(super) fn flow(name: &str, id: &str) -> Token {
    of(&["flow", name, id])
}

/// Of the end of a move.
pub(super) fn merged(contact: ContactKey, at: Token) -> Token {
    of(&["merged", contact.as_str(), &at.to_string()])
}

/// The id of the input that the end of an effect gives.
pub(super) fn reply(effect: EffectId) -> (DedupeHash, InputId) {
    let hash = DedupeHash::of(&["effect", &effect.to_string()]);
    (hash, InputId::of(hash))
}

fn of(parts: &[&str]) -> Token {
    Token(DedupeHash::of(parts).0)
}

impl Core {
    /// A journal entry of now.
    pub(super) fn entry(&self, mode: Mode, contact: ContactKey, token: Token, events: Vec<Event>) -> Bytes {
        let at = self.store_now();
        self.overhear(contact, token, at, &events);
        self.lasting(Bytes::from(codec::encode_in(mode, &Entry { contact, token, at, events })))
    }
}
