//! MessageBird, the API of `rest.messagebird.com`: SMS and MMS. Messages come as forms, reports as queries; both carry a token that is
//! signed with the signing key and names the hashes of the URL and the body. Flows of the Flow Builder may come unsigned: then a
//! secret in the URL must do. Known from documents only: files in both directions, most error codes, that 103 means an opt-out.

mod decode;
mod encode;
mod errors;
mod signature;

pub use errors::delivery;

use super::file::{self, FileSource, NoFile};
use super::guard;
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Facts, Headers, Malformed, Refused, Reply, Routes, WebhookRequest};
use super::{Account, Features, Proof, Provider, Reports};
use crate::config::providers::guard::Guard;
use crate::config::providers::messagebird::MessageBirdSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::Millis;
use std::borrow::Cow;

/// The adapter of one channel.
#[derive(Debug)]
pub struct MessageBird(pub MessageBirdSettings);

impl MessageBird {
    fn headers(&self) -> Vec<(&'static str, String)> {
        vec![("Authorization", format!("AccessKey {}", self.0.access_key.expose()))]
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.0.base_url.trim_end_matches('/'))
    }
}

/// Our number as MessageBird writes it.
fn line(number: &str) -> &str {
    number.trim_start_matches('+')
}

impl Provider for MessageBird {
    fn name(&self) -> &'static str {
        "messagebird"
    }

    fn features(&self) -> Features {
        let proof = match &self.0.signing_key {
            Some(_) => Proof::Signature("JWT with HMAC and the hashes of URL and body"),
            None => Proof::Guard,
        };
        Features {
            media_in: true,
            media_out: true,
            reports: Reports::WithEach,
            proof,
            documented_only: &["media in", "media out", "error codes"],
            ..Features::NONE
        }
    }

    fn guard(&self) -> Option<&Guard> {
        self.0.guard.as_ref()
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        if let Some(guard) = &self.0.guard {
            guard::verify(guard, request)?;
        }
        match &self.0.signing_key {
            Some(key) => signature::verify(key, request),
            None if self.0.guard.is_some() => Ok(()),
            None => Err(Refused::NoSecret),
        }
    }

    fn prove(&self, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
        match &self.0.signing_key {
            Some(key) => signature::prove(key, request, facts.now),
            None => Ok(()),
        }
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        decode::decode(request, routes)
    }

    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        let (path, body) = encode::body(&self.0.number, message, context)?;
        Ok(HttpRequest::json(self.url(path), self.headers(), &body))
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        errors::classify(status, headers, body)
    }

    fn acknowledge(&self) -> Reply {
        Reply { status: 200, content_type: "text/plain", body: Cow::Borrowed("OK") }
    }

    fn secrets(&self) -> Vec<&Secret> {
        std::iter::once(&self.0.access_key).chain(&self.0.signing_key).collect()
    }

    fn base_url(&self) -> Option<&str> {
        Some(&self.0.base_url)
    }

    fn number(&self, _: ChannelKind) -> Option<String> {
        Some(line(&self.0.number).to_owned())
    }

    fn account(&self) -> Option<Account> {
        let key = self.0.signing_key.as_ref().filter(|key| !key.is_empty())?;
        Some(Account::new("messagebird", &[key.expose()]))
    }

    fn check(&self, _now: Millis) -> Option<HttpRequest> {
        Some(HttpRequest::get(self.url("balance"), self.headers()))
    }

    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        let url = media.url.as_deref().ok_or(NoFile::Nowhere)?;
        match file::with_credentials(url, &self.0.base_url, &["messagebird.com"], self.headers()) {
            // Some lie open at a store of files.
            Err(NoFile::Elsewhere) => file::open(media),
            found => found.map(FileSource::There),
        }
    }
}

#[cfg(test)]
mod tests;
