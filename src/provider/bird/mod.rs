//! Bird's API of 2026 (v1): SMS and WhatsApp as JSON. Webhooks are signed as Standard Webhooks describe; each send carries a key by which
//! Bird recognises a repeat for three hours. No recorded request was there for WhatsApp: it is written by the shapes that Bird publishes
//! for its own libraries, and read tolerantly.

mod content;
mod decode;
mod encode;
mod errors;
mod interactive;
mod signature;

use super::file::{self, FileSource, NoFile};
use super::send::{Checked, EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Facts, Headers, Malformed, Refused, Routes, WebhookRequest};
use super::{Account, Features, Proof, Provider, Reports};
use crate::config::providers::bird::BirdSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::Millis;

/// The adapter of one channel.
#[derive(Debug)]
pub struct Bird(pub BirdSettings);

/// Our number as webhooks name it, with its medium before it: one number can be a channel of each.
fn line(kind: ChannelKind, number: &str) -> String {
    format!("{kind}:{number}")
}

impl Bird {
    fn headers(&self) -> Vec<(&'static str, String)> {
        vec![("Authorization", format!("Bearer {}", self.0.api_key.expose()))]
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v1/{path}", self.0.base_url.trim_end_matches('/'))
    }
}

impl Provider for Bird {
    fn name(&self) -> &'static str {
        "bird"
    }

    fn features(&self) -> Features {
        let proof = Proof::Signature("Standard Webhooks");
        let reports = Reports::AtProvider;
        match self.0.kind {
            ChannelKind::WhatsApp => Features {
                media_in: true,
                media_out: true,
                buttons: true,
                lists: true,
                templates: true,
                location: true,
                reports,
                proof,
                documented_only: &["WhatsApp", "error codes"],
            },
            ChannelKind::Sms | ChannelKind::Email => {
                Features { reports, proof, documented_only: &["error codes"], ..Features::NONE }
            }
        }
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        let secrets = std::iter::once(&self.0.webhook_signing_secret).chain(&self.0.second_webhook_signing_secret);
        signature::verify(secrets, request)
    }

    fn prove(&self, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
        signature::prove(request, facts.now)
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        decode::decode(request, routes)
    }

    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        let (path, body) = encode::body(&self.0, message, context)?;
        let mut headers = self.headers();
        headers.push(("Idempotency-Key", encode::key(context, &body)));
        Ok(HttpRequest::json(self.url(path), headers, &body))
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        errors::classify(status, headers, body)
    }

    fn secrets(&self) -> Vec<&Secret> {
        let s = &self.0;
        [&s.api_key, &s.webhook_signing_secret].into_iter().chain(&s.second_webhook_signing_secret).collect()
    }

    fn base_url(&self) -> Option<&str> {
        Some(&self.0.base_url)
    }

    fn number(&self, kind: ChannelKind) -> Option<String> {
        Some(line(kind, &self.0.number))
    }

    fn account(&self) -> Option<Account> {
        let secret = &self.0.webhook_signing_secret;
        (!secret.is_empty()).then(|| Account::new("bird", &[secret.expose()]))
    }

    fn check(&self, _now: Millis) -> Option<HttpRequest> {
        let path = match self.0.kind {
            ChannelKind::WhatsApp => "whatsapp/messages?limit=1",
            ChannelKind::Sms | ChannelKind::Email => "sms/messages?limit=1",
        };
        Some(HttpRequest::get(self.url(path), self.headers()))
    }

    /// A key may be allowed to send and not to read: it is known all the same.
    fn checked(&self, status: u16, _: &[u8]) -> Checked {
        match status {
            200..=299 => Checked::Valid,
            401 => Checked::Refused,
            _ => Checked::Unclear,
        }
    }

    fn idempotent(&self) -> bool {
        true
    }

    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        let url = media.url.as_deref().ok_or(NoFile::Nowhere)?;
        file::with_credentials(url, &self.0.base_url, &["bird.com"], self.headers()).map(FileSource::There)
    }
}

#[cfg(test)]
mod tests;
