//! Telnyx: SMS, MMS and WhatsApp. Webhooks are JSON, signed over their time and their body; sends are JSON with a key by which a
//! repeat is recognised.
//!
//! Verified by recorded vectors: signatures, texts, files, opt-outs, reports, the send of a text and its answers. By Telnyx's
//! documents and libraries only: everything of WhatsApp, whose content has Meta's shape there, and most error codes.

mod decode;
mod encode;
mod errors;
mod signature;
#[cfg(test)]
mod tests;

use super::features::{Features, Proof, Reports};
use super::file::{self, FileSource, NoFile};
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Facts, Headers, Malformed, Refused, Routes, WebhookRequest};
use super::{Account, Provider};
use crate::config::providers::telnyx::TelnyxSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::Millis;

/// The adapter of one channel.
#[derive(Debug, Clone)]
pub struct Telnyx(pub TelnyxSettings);

/// What stands before our number where it is a WhatsApp sender: one number may be both.
const WHATSAPP: &str = "whatsapp:";

impl Provider for Telnyx {
    fn name(&self) -> &'static str {
        "telnyx"
    }

    fn features(&self) -> Features {
        let whatsapp = self.0.kind == ChannelKind::WhatsApp;
        Features {
            media_in: true,
            media_out: true,
            buttons: whatsapp,
            lists: whatsapp,
            templates: whatsapp,
            location: whatsapp,
            reports: Reports::WithEach,
            proof: Proof::Signature("Ed25519 over the time and the body, at most 5 minutes old"),
            documented_only: match whatsapp {
                true => &["WhatsApp", "error codes beside 10009, 10011, 10016, 40008 and 40300"],
                false => &["files that are sent", "error codes beside 10009, 10011, 10016, 40008 and 40300"],
            },
        }
    }

    fn secrets(&self) -> Vec<&Secret> {
        vec![&self.0.api_key]
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        signature::verify(&self.0, request)
    }

    fn prove(&self, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
        signature::fresh(request, facts.now)
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

    fn base_url(&self) -> Option<&str> {
        Some(&self.0.base_url)
    }

    fn number(&self, kind: ChannelKind) -> Option<String> {
        match (&self.0.messaging_profile_id, self.0.from.as_str()) {
            (Some(profile), "") => Some(profile.clone()),
            (_, from) => Some(line(from, kind)),
        }
    }

    /// One account: all of its webhooks are signed with one key.
    fn account(&self) -> Option<Account> {
        Some(Account::new("telnyx", &[self.0.api_key.expose()]))
    }

    fn check(&self, _: Millis) -> Option<HttpRequest> {
        Some(HttpRequest::get(resource(&self.0, "/v2/messaging_profiles?page[size]=1"), authorized(&self.0)))
    }

    fn idempotent(&self) -> bool {
        true
    }

    /// Telnyx's links to files are good for some time and need no credentials.
    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        let url = media.url.as_deref().ok_or(NoFile::Nowhere)?;
        file::wherever(url, &self.0.base_url, &[], Vec::new())
    }
}

/// Our number as webhooks name it, with what tells its media apart.
fn line(wire: &str, kind: ChannelKind) -> String {
    match kind {
        ChannelKind::WhatsApp => format!("{WHATSAPP}{wire}"),
        ChannelKind::Sms | ChannelKind::Email => wire.to_owned(),
    }
}

fn authorized(settings: &TelnyxSettings) -> Vec<(&'static str, String)> {
    vec![("Authorization", format!("Bearer {}", settings.api_key.expose()))]
}

fn resource(settings: &TelnyxSettings, path: &str) -> String {
    format!("{}{path}", settings.base_url.trim_end_matches('/'))
}
