//! Gupshup: WhatsApp through one app of theirs. Its callbacks are JSON that nobody signs, so the URL ends in a secret; what is answered
//! to them would be sent to the person, so nothing is. An app whose callback is set to the format `v3` passes Meta's own JSON on.
//!
//! Known by documents alone, and read tolerantly: reactions, contact cards and template events that come in; captions of documents,
//! links, requests for a place and reactions that leave; ids of messages in `v3`.

mod content;
mod decode;
mod encode;
mod errors;
mod interactive;
#[cfg(test)]
mod tests;

use super::Provider;
use super::features::{Features, Proof, Reports};
use super::file::{FileRequest, FileSource, NoFile};
use super::guard;
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Headers, Malformed, Refused, Routes, WebhookRequest};
use crate::config::providers::guard::Guard;
use crate::config::providers::gupshup::GupshupSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::Millis;

/// An app of Gupshup.
#[derive(Debug, Clone)]
pub struct Gupshup(pub GupshupSettings);

impl Provider for Gupshup {
    fn name(&self) -> &'static str {
        "gupshup"
    }

    fn features(&self) -> Features {
        Features {
            media_in: true,
            media_out: true,
            buttons: true,
            lists: true,
            templates: true,
            location: true,
            reports: Reports::AtProvider,
            proof: Proof::Guard,
            documented_only: &[
                "reactions",
                "contact cards",
                "links",
                "requests for a place",
                "callbacks in v3",
                "template events",
            ],
        }
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        guard::verify(&self.0.guard, request)
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        decode::decode(request, routes)
    }

    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        encode::encode(&self.0, message, context)
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        errors::classify(status, headers, body)
    }

    fn secrets(&self) -> Vec<&Secret> {
        vec![&self.0.api_key]
    }

    fn base_url(&self) -> Option<&str> {
        Some(&self.0.base_url)
    }

    fn guard(&self) -> Option<&Guard> {
        Some(&self.0.guard)
    }

    fn number(&self, _: ChannelKind) -> Option<String> {
        Some(self.0.app.clone())
    }

    fn reports_by_its_id(&self) -> bool {
        true
    }

    fn check(&self, _: Millis) -> Option<HttpRequest> {
        Some(encode::templates(&self.0))
    }

    /// Files lie open for a week at an address that only the callback names: they are fetched while they are there.
    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        let url = media.url.as_deref().ok_or(NoFile::Nowhere)?;
        if !url.starts_with("https://") {
            return Err(NoFile::Elsewhere);
        }
        Ok(FileSource::There(FileRequest { request: HttpRequest::get(url, Vec::new()), configured: false }))
    }
}
