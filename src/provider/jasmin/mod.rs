//! Jasmin, a gateway of one's own that speaks SMPP to carriers. Sends are a `GET` on its HTTP API, reports come to a URL that goes with
//! each message, messages from its `httpccm`. It repeats whatever is not answered with `ACK/Jasmin`.
//!
//! Jasmin hands octets through as the carrier has them. Those of coding 0 are the GSM alphabet by the standard, and Latin-1 or ASCII
//! at carriers that know better: `alphabet` says which. Octets go out in hexadecimal wherever they differ from ASCII, because releases
//! of Jasmin differ in whether they translate `content`.

mod decode;
mod encode;
mod errors;
#[cfg(test)]
mod tests;

use super::Provider;
use super::account::Account;
use super::features::{Features, Proof, Reports};
use super::guard;
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Headers, Malformed, Refused, Reply, Routes, WebhookRequest};
use crate::config::providers::guard::Guard;
use crate::config::providers::jasmin::JasminSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::Outbound;
use crate::domain::time::Millis;
use std::borrow::Cow;

/// A channel of a Jasmin.
#[derive(Debug, Clone)]
pub struct Jasmin(pub JasminSettings);

impl Provider for Jasmin {
    fn name(&self) -> &'static str {
        "jasmin"
    }

    fn features(&self) -> Features {
        Features {
            reports: Reports::WithEach,
            proof: Proof::Guard,
            documented_only: &["Latin-1", "reports of level 1", "refusals for throughput and charging"],
            ..Features::NONE
        }
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        guard::verify(&self.0.guard, request)
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        decode::decode(self.0.alphabet, request, routes)
    }

    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        encode::encode(&self.0, message, context)
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        errors::classify(status, headers, body)
    }

    fn secrets(&self) -> Vec<&Secret> {
        vec![&self.0.password]
    }

    fn base_url(&self) -> Option<&str> {
        Some(&self.0.base_url)
    }

    fn guard(&self) -> Option<&Guard> {
        Some(&self.0.guard)
    }

    fn acknowledge(&self) -> Reply {
        Reply { status: 200, content_type: "text/plain", body: Cow::Borrowed("ACK/Jasmin") }
    }

    fn number(&self, _: ChannelKind) -> Option<String> {
        Some(self.0.number.clone())
    }

    fn account(&self) -> Option<Account> {
        Some(Account::new("jasmin", &[&self.0.base_url, &self.0.username, self.0.password.expose()]))
    }

    fn check(&self, _: Millis) -> Option<HttpRequest> {
        Some(encode::balance(&self.0))
    }
}
