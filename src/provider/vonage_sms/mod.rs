//! Vonage's SMS API, which was there before the Messages API. Webhooks are queries, forms or JSON, as the account is set; they carry a
//! signature only where the account has that switched on, otherwise a secret in the URL must do. A long message arrives here in its
//! parts, each a message of its own: the API does not put them together. Known from documents only: what most error codes mean.

mod decode;
mod encode;
mod errors;
mod signature;

use super::guard;
use super::proof;
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Facts, Headers, Malformed, Method, Refused, Reply, Routes, WebhookRequest};
use super::{Account, Features, Proof, Provider, Reports};
use crate::config::providers::guard::Guard;
use crate::config::providers::vonage::VonageSmsSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::Outbound;
use crate::domain::time::Millis;
use std::borrow::Cow;

/// The adapter of one channel.
#[derive(Debug)]
pub struct VonageSms(pub VonageSmsSettings);

/// Our number as Vonage writes it.
fn line(number: &str) -> &str {
    number.trim_start_matches('+')
}

impl Provider for VonageSms {
    fn name(&self) -> &'static str {
        "vonage_sms"
    }

    fn features(&self) -> Features {
        let proof = match &self.0.signature_secret {
            Some(_) => Proof::Signature("`sig` over the parameters"),
            None => Proof::Guard,
        };
        Features { reports: Reports::WithEach, proof, documented_only: &["error codes"], ..Features::NONE }
    }

    /// Vonage calls a URL without parameters when it is entered there.
    fn handshake(&self, request: &WebhookRequest<'_>) -> Option<Reply> {
        let bare = request.method == Method::Get && request.query().is_empty();
        bare.then_some(Reply { status: 200, content_type: "text/plain", body: Cow::Borrowed("") })
    }

    fn guard(&self) -> Option<&Guard> {
        self.0.guard.as_ref()
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        if let Some(guard) = &self.0.guard {
            guard::verify(guard, request)?;
        }
        match &self.0.signature_secret {
            Some(secret) => signature::verify(secret, self.0.signature_method, request),
            None if self.0.guard.is_some() => Ok(()),
            None => Err(Refused::NoSecret),
        }
    }

    fn prove(&self, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
        match &self.0.signature_secret {
            Some(_) => signature::prove(request, facts.now, self.0.signed_within),
            None => Ok(()),
        }
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

    /// For 24 hours after 429 and 5xx (Vonage: "How long does Vonage retry inbound messages for the SMS, Messages and Dispatch APIs?").
    fn brings_again(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<&Secret> {
        let login = [&self.0.login.api_key, &self.0.login.api_secret];
        login.into_iter().chain(&self.0.signature_secret).collect()
    }

    fn base_url(&self) -> Option<&str> {
        Some(&self.0.base_url)
    }

    fn number(&self, _: ChannelKind) -> Option<String> {
        Some(line(&self.0.number).to_owned())
    }

    fn account(&self) -> Option<Account> {
        let login = &self.0.login;
        let known = !login.api_secret.is_empty();
        known.then(|| Account::new("vonage_sms", &[login.api_key.expose(), login.api_secret.expose()]))
    }

    fn check(&self, _now: Millis) -> Option<HttpRequest> {
        let login = proof::basic(self.0.login.api_key.expose(), self.0.login.api_secret.expose());
        let url = format!("{}/account/get-balance", self.0.base_url.trim_end_matches('/'));
        Some(HttpRequest::get(url, vec![("Authorization", login)]))
    }
}

#[cfg(test)]
mod tests;
