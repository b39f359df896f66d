//! Bird's Channels API, as `docs.bird.com` describes it: SMS and WhatsApp in one shape. Webhooks are signed over time, URL and body. Known
//! from documents only: everything but texts.

mod decode;
mod encode;
mod errors;
mod signature;

use super::file::{self, FileSource, NoFile};
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Facts, Headers, Malformed, Refused, Routes, WebhookRequest};
use super::{Account, Features, Proof, Provider, Reports};
use crate::config::providers::bird::BirdChannelsSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::Millis;

/// The adapter of one channel.
#[derive(Debug)]
pub struct BirdChannels(pub BirdChannelsSettings);

impl BirdChannels {
    fn headers(&self) -> Vec<(&'static str, String)> {
        vec![("Authorization", format!("AccessKey {}", self.0.access_key.expose()))]
    }

    fn url(&self, path: &str) -> String {
        let base = self.0.base_url.trim_end_matches('/');
        format!("{base}/workspaces/{}/channels/{}{path}", self.0.workspace_id, self.0.channel_id)
    }
}

impl Provider for BirdChannels {
    fn name(&self) -> &'static str {
        "bird_channels"
    }

    fn features(&self) -> Features {
        let is_whatsapp = self.0.kind == ChannelKind::WhatsApp;
        Features {
            media_in: is_whatsapp,
            media_out: is_whatsapp,
            buttons: is_whatsapp,
            templates: is_whatsapp,
            reports: Reports::AtProvider,
            proof: Proof::Signature("HMAC-SHA256 over time, URL and body"),
            documented_only: match is_whatsapp {
                true => &["media in", "media out", "buttons", "templates", "reports", "error codes"],
                false => &["reports", "error codes"],
            },
            ..Features::NONE
        }
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        signature::verify(&self.0.signing_key, request)
    }

    fn prove(&self, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
        signature::prove(request, facts.now)
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        decode::decode(request, routes)
    }

    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        let body = encode::body(message, context)?;
        Ok(HttpRequest::json(self.url("/messages"), self.headers(), &body))
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        errors::classify(status, headers, body)
    }

    fn secrets(&self) -> Vec<&Secret> {
        vec![&self.0.access_key, &self.0.signing_key]
    }

    fn base_url(&self) -> Option<&str> {
        Some(&self.0.base_url)
    }

    fn number(&self, _: ChannelKind) -> Option<String> {
        Some(self.0.channel_id.clone())
    }

    fn account(&self) -> Option<Account> {
        let key = &self.0.signing_key;
        (!key.is_empty()).then(|| Account::new("bird_channels", &[key.expose()]))
    }

    /// What a person did with a message (`interaction`) comes without our name of it.
    fn reports_by_its_id(&self) -> bool {
        true
    }

    fn check(&self, _now: Millis) -> Option<HttpRequest> {
        Some(HttpRequest::get(self.url(""), self.headers()))
    }

    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        let url = media.url.as_deref().ok_or(NoFile::Nowhere)?;
        match file::with_credentials(url, &self.0.base_url, &["bird.com"], self.headers()) {
            // Some lie open at a store of files.
            Err(NoFile::Elsewhere) => file::open(media),
            found => found.map(FileSource::There),
        }
    }
}

#[cfg(test)]
mod tests;
