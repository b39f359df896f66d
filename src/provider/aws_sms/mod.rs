//! AWS End User Messaging: SMS. Sends are signed requests (Signature Version 4); replies and what became of messages come through topics
//! of Amazon SNS, whose envelopes are signed. A topic with raw delivery signs nothing: its messages are believed only where the
//! channel's URL ends in a secret.
//!
//! Known by documents and the API model alone: every event but `TEXT_DELIVERED`, and every refusal but the two of the vectors. Files in
//! replies are not told by AWS, and those that it could send lie in a bucket of the account, so there are none here.

mod decode;
mod encode;
mod errors;
mod sign;
#[cfg(test)]
mod tests;

use super::Provider;
use super::account::Account;
use super::features::{Features, Proof, Reports};
use super::send::{Checked, EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Facts, Headers, Malformed, Method, Refused, Routes, WebhookRequest};
use super::{guard, json, sns};
use crate::config::providers::aws_sms::AwsSettings;
use crate::config::providers::guard::Guard;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::Outbound;
use crate::domain::time::Millis;
use serde_json::Value;

/// A number of AWS End User Messaging.
#[derive(Debug, Clone)]
pub struct Aws(pub AwsSettings);

impl Aws {
    /// The body, if it is an envelope for a topic of this channel that has a signature; nothing if it is a bare message of one,
    /// which only the secret in the URL vouches for.
    fn envelope(&self, request: &WebhookRequest<'_>) -> Result<Option<Value>, Refused> {
        if request.method != Method::Post {
            return Err(Refused::Unsigned);
        }
        let body = json::object(request.body).map_err(|_| Refused::Unsigned)?;
        let is_envelope = decode::is_envelope(&body);
        let topic = json::text(&body, "TopicArn").filter(|_| is_envelope).or(request.headers.get("x-amz-sns-topic-arn"));
        let topic = topic.ok_or(Refused::Unsigned)?;
        if !self.0.sns_topics.iter().any(|known| known == topic) {
            return Err(Refused::UnknownKey);
        }
        match (is_envelope, &self.0.guard) {
            (true, _) if json::text(&body, "Signature").is_none() => Err(Refused::Unsigned),
            (true, _) => Ok(Some(body)),
            (false, Some(_)) => Ok(None),
            (false, None) => Err(Refused::Unsigned),
        }
    }
}

impl Provider for Aws {
    fn name(&self) -> &'static str {
        "aws"
    }

    fn features(&self) -> Features {
        Features {
            reports: Reports::AtProvider,
            proof: match self.0.guard {
                Some(_) => Proof::Guard,
                None => Proof::Signature("RSA, with a certificate of Amazon SNS"),
            },
            documented_only: &["events other than TEXT_DELIVERED", "most refusals", "raw delivery"],
            ..Features::NONE
        }
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        if let Some(guard) = &self.0.guard {
            guard::verify(guard, request)?;
            // Whoever knows the secret may go on; the rest is looked at once the body is there.
            return Ok(());
        }
        self.envelope(request).map(|_| ())
    }

    fn prove(&self, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
        match self.envelope(request)? {
            Some(body) => sns::verify(&self.0.sns_topics, &body, facts),
            None => Ok(()),
        }
    }

    fn certificate_url(&self, request: &WebhookRequest<'_>) -> Option<String> {
        sns::certificate_url(&self.envelope(request).ok()??)
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
        vec![&self.0.secret_access_key]
    }

    fn base_url(&self) -> Option<&str> {
        Some(&self.0.base_url)
    }

    fn guard(&self) -> Option<&Guard> {
        self.0.guard.as_ref()
    }

    fn number(&self, _: ChannelKind) -> Option<String> {
        Some(self.0.number.clone())
    }

    /// One topic may carry what comes for several numbers of the account.
    fn account(&self) -> Option<Account> {
        let s = &self.0;
        Some(Account::new("aws", &[&s.region, &s.access_key_id, s.secret_access_key.expose()]))
    }

    fn check(&self, now: Millis) -> Option<HttpRequest> {
        Some(encode::request(&self.0, "DescribeAccountAttributes", "{}".to_owned(), now))
    }

    fn checked(&self, status: u16, body: &[u8]) -> Checked {
        errors::checked(status, body)
    }
}
