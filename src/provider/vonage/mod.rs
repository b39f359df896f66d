//! Vonage's Messages API: SMS, MMS and WhatsApp as JSON. Webhooks carry a token that is signed with the account's signature secret and
//! names the hash of the body. Documents alone (no recorded request) were there for: templates, files that are sent, error codes,
//! fetching files.

mod content;
mod decode;
mod encode;
mod errors;
mod signature;

use super::file::{self, FileSource, NoFile};
use super::proof;
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Facts, Headers, Malformed, Refused, Routes, WebhookRequest};
use super::{Account, Features, Proof, Provider, Reports};
use crate::config::providers::vonage::VonageSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::Millis;
use jsonwebtoken::EncodingKey;
use std::fmt;

/// The account's balance is asked at another host than messages are sent to.
const ACCOUNT_URL: &str = "https://rest.nexmo.com";

/// The adapter of one channel.
pub struct Vonage {
    settings: VonageSettings,
    /// The application's key, read once.
    key: Option<EncodingKey>,
}

impl fmt::Debug for Vonage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Vonage").field(&self.settings).finish()
    }
}

impl Vonage {
    /// The adapter for these settings.
    pub fn new(settings: VonageSettings) -> Self {
        let pem = settings.private_key.as_ref();
        let key = pem.and_then(|pem| EncodingKey::from_rsa_pem(pem.expose().as_bytes()).ok());
        Vonage { settings, key }
    }

    /// What proves that a request is ours: a token of the application, else the account's key and secret.
    fn authorization(&self, now: Millis, about: &[u8]) -> Vec<(&'static str, String)> {
        let token = self.settings.application_id.as_deref().zip(self.key.as_ref());
        let value = match token.and_then(|(id, key)| signature::token(id, key, now, about)) {
            Some(token) => Some(format!("Bearer {token}")),
            None => self.basic(),
        };
        value.map(|value| ("Authorization", value)).into_iter().collect()
    }

    fn basic(&self) -> Option<String> {
        self.settings.login.as_ref().map(|login| proof::basic(login.api_key.expose(), login.api_secret.expose()))
    }
}

/// Our number, or a person's, as Vonage writes it with its medium before it: one number can be a channel of each.
fn line(kind: ChannelKind, number: &str) -> String {
    format!("{kind}:{}", number.trim_start_matches('+'))
}

impl Provider for Vonage {
    fn name(&self) -> &'static str {
        "vonage"
    }

    fn features(&self) -> Features {
        let is_whatsapp = self.settings.kind == ChannelKind::WhatsApp;
        Features {
            media_in: true,
            media_out: true,
            buttons: is_whatsapp,
            lists: is_whatsapp,
            templates: is_whatsapp,
            location: is_whatsapp,
            reports: Reports::WithEach,
            proof: Proof::Signature("JWT with HS256 and the body's hash"),
            documented_only: &["media out", "lists", "templates", "fetching files", "error codes"],
        }
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        signature::verify(&self.settings, request)
    }

    fn prove(&self, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
        signature::prove(&self.settings, request, facts.now)
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        decode::decode(request, routes)
    }

    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        let body = encode::body(&self.settings.number, message, context)?;
        let url = format!("{}/v1/messages", self.settings.base_url.trim_end_matches('/'));
        Ok(HttpRequest::json(url, self.authorization(context.now, body.to_string().as_bytes()), &body))
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        errors::classify(status, headers, body)
    }

    /// For 24 hours after 429 and 5xx (Vonage: "How long does Vonage retry inbound messages for the SMS, Messages and Dispatch APIs?").
    fn brings_again(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<&Secret> {
        let s = &self.settings;
        let login = s.login.iter().flat_map(|login| [&login.api_key, &login.api_secret]);
        std::iter::once(&s.signature_secret).chain(&s.private_key).chain(login).collect()
    }

    fn base_url(&self) -> Option<&str> {
        Some(&self.settings.base_url)
    }

    fn number(&self, kind: ChannelKind) -> Option<String> {
        Some(line(kind, &self.settings.number))
    }

    fn account(&self) -> Option<Account> {
        let secret = &self.settings.signature_secret;
        (!secret.is_empty()).then(|| Account::new("vonage", &[secret.expose()]))
    }

    fn check(&self, _now: Millis) -> Option<HttpRequest> {
        // A stand-in for tests takes both hosts' requests.
        let base = match self.settings.base_url == VonageSettings::BASE_URL {
            true => ACCOUNT_URL,
            false => self.settings.base_url.trim_end_matches('/'),
        };
        let headers = vec![("Authorization", self.basic()?)];
        Some(HttpRequest::get(format!("{base}/account/get-balance"), headers))
    }

    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        let url = media.url.as_deref().ok_or(NoFile::Nowhere)?;
        // Files of MMS lie open; those of WhatsApp want a login. That the account's is enough is not verified.
        let headers = self.basic().map(|value| ("Authorization", value)).into_iter().collect();
        match file::with_credentials(url, &self.settings.base_url, &["nexmo.com", "vonage.com"], headers) {
            Err(NoFile::Elsewhere) => file::open(media),
            found => found.map(FileSource::There),
        }
    }
}

#[cfg(test)]
mod tests;
