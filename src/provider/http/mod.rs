//! Any gateway with HTTP, as its operator describes it: templates for what is sent, places for what comes. Nothing is assumed of the
//! gateway but that a status of 4xx or 5xx means what HTTP says.
//!
//! Where a report says nothing of how far a message came, the URL that it was posted to does: `…/sent`, `…/delivered`, `…/read`,
//! `…/failed`. What is posted to `…/stopped` says that a person wants no more messages. These URLs have a secret in them.

mod answer;
mod decode;
mod encode;
mod place;
#[cfg(test)]
mod tests;

use super::Provider;
use super::features::{Features, Proof, Reports};
use super::file::{self, FileSource, NoFile};
use super::guard;
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Facts, Headers, Malformed, Method, Refused, Reply, Routes, WebhookRequest};
use crate::config::providers::guard::Guard;
use crate::config::providers::http::HttpSettings;
use crate::config::providers::http::template::Variable;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::source::signature::{self, Sent, Unbelieved};
use std::borrow::Cow;

/// A gateway and our number there.
#[derive(Debug)]
pub struct Http(pub HttpSettings);

impl Provider for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn features(&self) -> Features {
        let s = &self.0;
        let files = [Variable::Media, Variable::MediaList];
        Features {
            media_in: !s.inbound.media.is_empty(),
            media_out: s.send.url.has(&files) || s.send.body.has(&files),
            reports: match (s.tells_callback(), s.report.id.is_empty() && s.report.send.is_empty()) {
                (_, true) => Reports::None,
                (true, false) => Reports::WithEach,
                (false, false) => Reports::AtProvider,
            },
            proof: match (&s.signed, &s.guard) {
                (Some(_), _) => Proof::Signature("an HMAC as the channel describes it"),
                (None, _) => Proof::Guard,
            },
            ..Features::NONE
        }
    }

    fn guard(&self) -> Option<&Guard> {
        self.0.guard.as_ref()
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        match (&self.0.guard, &self.0.signed) {
            (Some(guard), _) => guard::verify(guard, request),
            // The signature is looked at where the present moment is known; without its header nothing more is read.
            (None, Some(signed)) if signed.keys.is_empty() => Err(Refused::NoSecret),
            // The signature of an empty body is the same for every call: it proves nothing of one.
            (None, Some(signed)) if request.method == Method::Get && !signed.covers_url() => Err(Refused::Forged),
            (None, Some(signed)) => request.headers.get(&signed.header).map(|_| ()).ok_or(Refused::Unsigned),
            (None, None) => Err(Refused::NoSecret),
        }
    }

    fn prove(&self, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
        let Some(signed) = &self.0.signed else { return Ok(()) };
        let header = |name: &str| request.headers.get(name);
        let sent = Sent { header: &header, body: request.body, url: request.url, now: facts.now };
        signature::verify(signed, &sent).map_err(|unbelieved| match unbelieved {
            Unbelieved::Unsigned => Refused::Unsigned,
            Unbelieved::Stale => Refused::Stale,
            Unbelieved::Forged => Refused::Forged,
        })
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        decode::decode(&self.0, request, routes)
    }

    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        encode::encode(&self.0, message, context)
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        answer::classify(&self.0.answer, status, headers, body)
    }

    fn acknowledge(&self) -> Reply {
        let inbound = &self.0.inbound;
        Reply { status: 200, content_type: inbound.answer_type, body: Cow::Owned(inbound.answer.clone()) }
    }

    fn number(&self, _: ChannelKind) -> Option<String> {
        Some(self.0.number.clone()).filter(|number| !number.is_empty())
    }

    fn reports_by_its_id(&self) -> bool {
        !self.0.report.id.is_empty() && self.0.report.send.is_empty()
    }

    fn secrets(&self) -> Vec<&Secret> {
        self.0.send.headers.iter().chain(&self.0.send.secrets).map(|(_, value)| value).collect()
    }

    /// Whoever knows the URL of a file may have it: our credentials are not known to be meant for where it is.
    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        file::open(media)
    }
}
