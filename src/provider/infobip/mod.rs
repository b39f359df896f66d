//! Infobip: SMS and WhatsApp. Its webhooks are JSON with several results each, and signed by nothing unless the account's subscription
//! is set to HMAC: a secret in the URL is what they are believed by, and beside it what the operator sets.
//!
//! Verified by recorded vectors: texts, batches, files that come in, WhatsApp's texts, buttons and lists that come in, one report, the
//! send of a text on both media and its answers. By Infobip's documents and libraries only: WhatsApp's other messages, signatures, and
//! most error codes.

mod content;
mod decode;
mod encode;
mod errors;
mod status;
#[cfg(test)]
mod tests;
mod whatsapp;

use super::features::{Features, Proof, Reports};
use super::file::{self, FileSource, NoFile};
use super::guard;
use super::proof::{Hash, hmac_is};
use super::send::{Checked, EncodeError, Found, HttpRequest, SendContext, SendOutcome, Sought};
use super::webhook::{Decoded, Headers, Malformed, Refused, Routes, WebhookRequest};
use super::{Account, Provider, callback};
use crate::config::providers::guard::Guard;
use crate::config::providers::infobip::{InfobipAlgorithm, InfobipSettings, InfobipSignature};
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::Millis;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The adapter of one channel.
#[derive(Debug, Clone)]
pub struct Infobip(pub InfobipSettings);

/// What stands before our number where it is a WhatsApp sender: one number may be both.
const WHATSAPP: &str = "whatsapp:";

impl Provider for Infobip {
    fn name(&self) -> &'static str {
        "infobip"
    }

    fn features(&self) -> Features {
        let whatsapp = self.0.kind == ChannelKind::WhatsApp;
        Features {
            media_in: true,
            media_out: whatsapp,
            buttons: whatsapp,
            lists: whatsapp,
            templates: whatsapp,
            location: whatsapp,
            reports: Reports::WithEach,
            proof: Proof::Guard,
            documented_only: &[
                "WhatsApp beside texts, and buttons and lists that come in",
                "signatures (HMAC)",
                "looking up a send",
                "that a repeated id is refused",
                "error codes",
            ],
        }
    }

    fn secrets(&self) -> Vec<&Secret> {
        std::iter::once(&self.0.api_key).chain(self.0.signature.as_ref().map(|signature| &signature.secret)).collect()
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        guard::verify(&self.0.guard, request)?;
        self.0.signature.as_ref().map_or(Ok(()), |signature| signed(signature, request))
    }

    fn guard(&self) -> Option<&Guard> {
        Some(&self.0.guard)
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
        Some(line(&self.0.from, kind))
    }

    fn account(&self) -> Option<Account> {
        Some(Account::new("infobip", &[&self.0.base_url, self.0.api_key.expose()]))
    }

    fn check(&self, _: Millis) -> Option<HttpRequest> {
        Some(HttpRequest::get(resource(&self.0, "/account/1/balance"), authorized(&self.0)))
    }

    /// A key may be allowed to send and not to see the balance.
    fn checked(&self, status: u16, _: &[u8]) -> Checked {
        match status {
            200..=299 => Checked::Valid,
            401 => Checked::Refused,
            _ => Checked::Unclear,
        }
    }

    fn lookup(&self, sought: &Sought<'_>) -> Option<HttpRequest> {
        let id = callback::uuid(sought.send.filter(|_| self.0.kind == ChannelKind::Sms)?);
        Some(HttpRequest::get(resource(&self.0, &format!("/sms/3/logs?messageId={id}&limit=1")), authorized(&self.0)))
    }

    fn found(&self, sought: &Sought<'_>, status: u16, body: &[u8]) -> Found {
        sought.send.map_or(Found::Unclear, |send| errors::found(&callback::uuid(send), status, body))
    }

    /// A text message with an id that was used already is refused with `REJECTED_DUPLICATE_MESSAGE_ID`.
    fn idempotent(&self) -> bool {
        self.0.kind == ChannelKind::Sms
    }

    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        let url = media.url.as_deref().ok_or(NoFile::Nowhere)?;
        file::wherever(url, &self.0.base_url, &["infobip.com"], authorized(&self.0))
    }
}

/// Whether the body is signed, in whichever way the signature is written.
fn signed(settings: &InfobipSignature, request: &WebhookRequest<'_>) -> Result<(), Refused> {
    let given = request.headers.get(&settings.header).filter(|value| !value.is_empty()).ok_or(Refused::Unsigned)?;
    if settings.secret.is_empty() {
        return Err(Refused::NoSecret);
    }
    let hash = match settings.algorithm {
        InfobipAlgorithm::Sha1 => Hash::Sha1,
        InfobipAlgorithm::Sha256 => Hash::Sha256,
        InfobipAlgorithm::Sha512 => Hash::Sha512,
    };
    // `sha256=…` is how others write it. Base64 ends in `=`, too.
    let named = given.split_once('=').filter(|(name, _)| matches!(*name, "sha1" | "sha256" | "sha512"));
    let given = named.map_or(given, |(_, rest)| rest);
    let forms = [hex::decode(given).ok(), STANDARD.decode(given).ok()];
    let fits = |mac: Vec<u8>| hmac_is(hash, settings.secret.expose().as_bytes(), &[request.body], &mac);
    if forms.into_iter().flatten().any(fits) { Ok(()) } else { Err(Refused::Forged) }
}

/// Our number as webhooks name it, with what tells its media apart.
fn line(wire: &str, kind: ChannelKind) -> String {
    match kind {
        ChannelKind::WhatsApp => format!("{WHATSAPP}{}", digits(wire)),
        ChannelKind::Sms | ChannelKind::Email => digits(wire).to_owned(),
    }
}

fn digits(wire: &str) -> &str {
    wire.strip_prefix('+').unwrap_or(wire)
}

fn authorized(settings: &InfobipSettings) -> Vec<(&'static str, String)> {
    vec![("Authorization", format!("App {}", settings.api_key.expose()))]
}

fn resource(settings: &InfobipSettings, path: &str) -> String {
    format!("{}{path}", settings.base_url.trim_end_matches('/'))
}
