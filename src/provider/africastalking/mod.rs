//! Africa's Talking: SMS over short codes and alphanumeric senders. Webhooks are forms that nobody signs, so the URL ends in a secret.
//! Each kind of event has an address of its own in their dashboard; all of them may be this one, as they differ by their fields.
//!
//! Known by documents alone, and read tolerantly: the forms of opt-outs and subscriptions, and the reasons of failures other than
//! `UserInBlackList`, `DeliveryFailure` and `AbsentSubscriber`.

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
use super::webhook::{Decoded, Headers, Malformed, Refused, Routes, WebhookRequest};
use crate::config::providers::africastalking::AfricasTalkingSettings;
use crate::config::providers::guard::Guard;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::Outbound;
use crate::domain::time::Millis;

/// A channel of Africa's Talking.
#[derive(Debug, Clone)]
pub struct AfricasTalking(pub AfricasTalkingSettings);

impl Provider for AfricasTalking {
    fn name(&self) -> &'static str {
        "africastalking"
    }

    fn features(&self) -> Features {
        Features {
            reports: Reports::AtProvider,
            proof: Proof::Guard,
            documented_only: &["opt-outs", "subscriptions", "most reasons of failures"],
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
        self.0.number.clone()
    }

    fn account(&self) -> Option<Account> {
        Some(Account::new("africastalking", &[&self.0.username, self.0.api_key.expose()]))
    }

    fn reports_by_its_id(&self) -> bool {
        true
    }

    fn check(&self, _: Millis) -> Option<HttpRequest> {
        Some(encode::balance(&self.0))
    }
}
