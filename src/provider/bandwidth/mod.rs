//! Bandwidth: SMS and MMS in North America. Webhooks are lists of events and are believed by HTTP Basic, which Bandwidth may say only
//! when it is asked with 401. For MMS its reports tell that the next carrier has the message, not that a person has it.

mod decode;
mod encode;
mod errors;

use super::file::{self, FileSource, NoFile};
use super::proof;
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Headers, Malformed, Refused, Routes, WebhookRequest};
use super::{Account, Features, Proof, Provider, Reports};
use crate::config::providers::bandwidth::BandwidthSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::Millis;

/// The adapter of one channel.
#[derive(Debug)]
pub struct Bandwidth(pub BandwidthSettings);

impl Bandwidth {
    fn headers(&self) -> Vec<(&'static str, String)> {
        vec![("Authorization", proof::basic(&self.0.username, self.0.password.expose()))]
    }

    fn url(&self, what: &str) -> String {
        format!("{}/api/v2/users/{}/{what}", self.0.base_url.trim_end_matches('/'), self.0.account_id)
    }
}

impl Provider for Bandwidth {
    fn name(&self) -> &'static str {
        "bandwidth"
    }

    fn features(&self) -> Features {
        Features {
            media_in: true,
            media_out: true,
            reports: Reports::AtProvider,
            proof: Proof::Signature("HTTP Basic"),
            documented_only: &["media out", "failed reports", "error codes"],
            ..Features::NONE
        }
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        if self.0.callback_password.is_empty() {
            return Err(Refused::NoSecret);
        }
        let given = request.headers.get("authorization").ok_or(Refused::NoLogin)?;
        let wanted = proof::basic(&self.0.callback_user, self.0.callback_password.expose());
        if proof::same(wanted.as_bytes(), given.as_bytes()) { Ok(()) } else { Err(Refused::Forged) }
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        decode::decode(request, routes)
    }

    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        let body = encode::body(&self.0, message, context)?;
        Ok(HttpRequest::json(self.url("messages"), self.headers(), &body))
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        errors::classify(status, headers, body)
    }

    /// For 24 hours (Bandwidth: "Webhooks", on repeats).
    fn brings_again(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<&Secret> {
        vec![&self.0.password, &self.0.callback_password]
    }

    fn base_url(&self) -> Option<&str> {
        Some(&self.0.base_url)
    }

    fn number(&self, _: ChannelKind) -> Option<String> {
        Some(self.0.number.clone())
    }

    fn account(&self) -> Option<Account> {
        let known = !self.0.callback_password.is_empty();
        let parts = [&*self.0.account_id, &*self.0.callback_user, self.0.callback_password.expose()];
        known.then(|| Account::new("bandwidth", &parts))
    }

    fn check(&self, _now: Millis) -> Option<HttpRequest> {
        Some(HttpRequest::get(self.url("media"), self.headers()))
    }

    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        let url = media.url.as_deref().ok_or(NoFile::Nowhere)?;
        file::with_credentials(url, &self.0.base_url, &["bandwidth.com"], self.headers()).map(FileSource::There)
    }
}

#[cfg(test)]
mod tests;
