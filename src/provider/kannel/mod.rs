//! Kannel, a gateway of one's own that speaks SMPP and modems to carriers. Sends are a `GET` on its smsbox, which gives no id: reports
//! come to a URL that goes with each message and that names the send itself. What people write comes from an `sms-service`, by
//! parameters that its `get-url` names; those that are understood stand in `decode`.
//!
//! Kannel turns UTF-8 into the alphabet of the carrier by itself; it wants UTF-16 for everything else. A text that is longer than one
//! message is split there (`max-messages` of the `sendsms-user`).

mod decode;
mod encode;
#[cfg(test)]
mod tests;

use super::Provider;
use super::features::{Features, Proof, Reports};
use super::guard;
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Headers, Malformed, Refused, Routes, WebhookRequest};
use crate::config::providers::guard::Guard;
use crate::config::providers::kannel::KannelSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::Outbound;

/// A channel of a Kannel.
#[derive(Debug, Clone)]
pub struct Kannel(pub KannelSettings);

impl Provider for Kannel {
    fn name(&self) -> &'static str {
        "kannel"
    }

    fn features(&self) -> Features {
        Features {
            reports: Reports::WithEach,
            proof: Proof::Guard,
            documented_only: &["messages by GET", "reports 1 and 4", "refusals other than of the login"],
            ..Features::NONE
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
        encode::classify(status, headers, body)
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

    fn number(&self, _: ChannelKind) -> Option<String> {
        Some(self.0.number.clone())
    }
}
