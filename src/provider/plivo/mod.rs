//! Plivo: SMS, MMS and WhatsApp. Webhooks are forms, signed over the URL and the form; sends are JSON.
//!
//! Verified by recorded vectors: all signatures, opt-outs, files, WhatsApp texts, reports, the send of a text and its answers. By
//! Plivo's documents and libraries only: WhatsApp's buttons, lists, places and templates, and most error codes. What a WhatsApp
//! message holds beside a text is not documented in full: its fields are read where they are there.

mod decode;
mod encode;
mod errors;
mod signature;
#[cfg(test)]
mod tests;

use super::features::{Features, Proof, Reports};
use super::file::{self, FileSource, NoFile};
use super::proof::basic;
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Headers, Malformed, Refused, Routes, WebhookRequest};
use super::{Account, Provider};
use crate::config::providers::plivo::PlivoSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::Millis;

/// The adapter of one channel.
#[derive(Debug, Clone)]
pub struct Plivo(pub PlivoSettings);

/// What stands before our number where it is a WhatsApp sender: one number may be both.
const WHATSAPP: &str = "whatsapp:";

impl Provider for Plivo {
    fn name(&self) -> &'static str {
        "plivo"
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
            proof: Proof::Signature("HMAC-SHA256 over the URL and the form"),
            documented_only: match whatsapp {
                true => &["buttons, lists, places and templates", "files that are sent", "error codes above 200"],
                false => &["files that are sent", "error codes above 200"],
            },
        }
    }

    fn secrets(&self) -> Vec<&Secret> {
        std::iter::once(&self.0.auth_token).chain(&self.0.second_auth_token).collect()
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        signature::verify(&self.0, request)
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        decode::decode(&self.0, request, routes)
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
        Some(self.0.powerpack_uuid.clone().unwrap_or_else(|| line(&self.0.from, kind)))
    }

    fn account(&self) -> Option<Account> {
        Some(Account::new("plivo", &[&self.0.auth_id, self.0.auth_token.expose()]))
    }

    fn check(&self, _: Millis) -> Option<HttpRequest> {
        Some(HttpRequest::get(resource(&self.0, ""), vec![("Authorization", authorization(&self.0))]))
    }

    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        let url = media.url.as_deref().ok_or(NoFile::Nowhere)?;
        file::wherever(url, &self.0.base_url, &["plivo.com"], vec![("Authorization", authorization(&self.0))])
    }
}

/// Our number as webhooks name it, with what tells its media apart.
fn line(wire: &str, kind: ChannelKind) -> String {
    let digits = wire.strip_prefix('+').unwrap_or(wire);
    match kind {
        ChannelKind::WhatsApp => format!("{WHATSAPP}{digits}"),
        ChannelKind::Sms | ChannelKind::Email => digits.to_owned(),
    }
}

/// What proves that a request is the account's.
fn authorization(settings: &PlivoSettings) -> String {
    basic(&settings.auth_id, settings.auth_token.expose())
}

/// The URL of something in the account.
fn resource(settings: &PlivoSettings, what: &str) -> String {
    format!("{}/v1/Account/{}/{what}", settings.base_url.trim_end_matches('/'), settings.auth_id)
}
