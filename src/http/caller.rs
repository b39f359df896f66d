//! Who calls the API, and whether they may do what they ask for. Every handler below `/v1` asks here first.

use super::error::Failure;
use super::keys::bearer;
use super::rate::Holder;
use super::web::Web;
use crate::domain::api_key::{KeyId, ShownKey};
use crate::domain::mode::Mode;
use crate::domain::scope::{Scope, Scopes};
use crate::domain::time::Millis;
use crate::engine::record::Record;
use crate::service::KeyRefused;
use actix_web::{HttpMessage, HttpRequest};
use std::sync::Arc;

/// Whoever holds a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key; nothing if it is a configured one.
    pub key: Option<KeyId>,
    /// What the key is called.
    pub name: String,
    /// What the key is for: reads see only this, and what is changed is changed in this.
    pub mode: Mode,
    /// What the key may do.
    pub scopes: Scopes,
    /// When the key ends by itself.
    pub ends: Option<Millis>,
}

/// What the configured keys, `[events] keys`, may do.
pub const CONFIGURED: [Scope; 3] = [Scope::EventsWrite, Scope::ConversationsRead, Scope::ConversationsWrite];

impl Caller {
    /// Whoever holds the configured key at this place.
    fn configured(place: usize) -> Self {
        let name = format!("configured key {}", place + 1);
        Caller { key: None, name, mode: Mode::Live, scopes: Scopes::of(&CONFIGURED), ends: None }
    }

    /// Says no if the key may not do this.
    pub fn may(&self, scope: Scope) -> Result<(), Failure> {
        if self.scopes.has(scope) { Ok(()) } else { Err(Failure::Forbidden { scope }) }
    }

    /// Whether the caller may know of the contact with this record: a key for test sees test contacts and those whom a simulator plays, any
    /// other everybody else.
    pub fn sees(&self, record: &Record) -> bool {
        record.mode() == self.mode
    }

    /// Says no to a key that is not for test, where only test contacts are meant.
    pub fn tries(&self) -> Result<(), Failure> {
        match self.mode {
            Mode::Test => Ok(()),
            Mode::Live => Err(Failure::Conflict { reason: "this key is not for test".to_owned() }),
        }
    }

    /// The caller in one word, for what must not be mixed up between callers: names of requests, the audit.
    pub fn holder(&self) -> String {
        match self.key {
            Some(id) => id.to_string(),
            None => self.name.clone(),
        }
    }
}

impl Web {
    /// Whose request this is, if they may do this. 401 without a key that is known, 429 if the key asks too much, 403 without the scope.
    pub async fn caller(&self, request: &HttpRequest, scope: Scope) -> Result<Caller, Failure> {
        let (caller, holder) = self.identify(request).await?;
        // Only who has a key takes of what those who have one may do; also for what the key may not do, or it would be free to try.
        let bucket = self.buckets.keys.of(holder);
        let taken = bucket.take().and_then(|()| self.buckets.api.take());
        request.extensions_mut().insert(bucket.standing());
        taken.map_err(|after| Failure::TooMany { after })?;
        caller.may(scope)?;
        Ok(caller)
    }

    async fn identify(&self, request: &HttpRequest) -> Result<(Caller, Holder), Failure> {
        let configured = self.events.which(request);
        if let Ok(place) = configured {
            return Ok((Caller::configured(place), Holder::Configured(place)));
        }
        let shown = bearer(request).and_then(ShownKey::parse).ok_or(Failure::Unauthorized)?;
        let caller = self.drawn(&shown).await?;
        Ok((caller, Holder::Key(shown.id)))
    }

    /// Whether the key that this request came with still opens; for answers that go on for long. While nobody can say, it does.
    pub async fn still_opens(&self, shown: &ShownKey) -> bool {
        let now = self.core.store_now();
        let opened = match self.ring.look(shown, now) {
            Some(known) => known,
            None => {
                let (ring, shown) = (Arc::clone(&self.ring), *shown);
                let asked = self.engine.spawn(async move { ring.ask(&shown, now).await });
                asked.await.unwrap_or(Err(KeyRefused::Unreachable))
            }
        };
        !matches!(opened, Err(KeyRefused::Nobody))
    }

    /// Whoever holds a key that was made for the API.
    async fn drawn(&self, shown: &ShownKey) -> Result<Caller, Failure> {
        let now = self.core.store_now();
        let opened = match self.ring.look(shown, now) {
            Some(known) => known,
            None => {
                // Whoever tries keys that do not exist locks out none that does.
                if !self.ring.has_met(shown) {
                    self.buckets.lookups.take().map_err(|after| Failure::TooMany { after })?;
                }
                let (ring, shown) = (Arc::clone(&self.ring), *shown);
                let asked = self.engine.spawn(async move { ring.ask(&shown, now).await });
                asked.await.map_err(|_| Failure::Unavailable)?
            }
        };
        let key = opened.map_err(|refused| match refused {
            KeyRefused::Nobody => Failure::Unauthorized,
            KeyRefused::Unreachable => Failure::Unavailable,
        })?;
        if self.ring.notes(key.id, now) {
            let (ring, id) = (Arc::clone(&self.ring), key.id);
            self.engine.spawn(async move { ring.note(id, now).await });
        }
        Ok(Caller { key: Some(key.id), name: key.name.clone(), mode: key.mode, scopes: key.scopes, ends: key.expires_at })
    }
}
