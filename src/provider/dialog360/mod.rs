//! 360dialog: Meta's WhatsApp Cloud API behind a key of theirs. Bodies in both directions are Meta's; what differs is how a request is
//! allowed, where it goes and where files are. Webhooks carry no signature of Meta's: the URL ends in a secret, and a header may be
//! set beside it (`POST /v1/configs/webhook`).

#[cfg(test)]
mod tests;

use super::Provider;
use super::features::{Features, Proof, Reports};
use super::file::{self, FileRequest, FileSource, NoFile};
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Headers, Malformed, Refused, Routes, WebhookRequest};
use super::{guard, json, meta};
use crate::config::providers::dialog360::Dialog360Settings;
use crate::config::providers::guard::Guard;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::Millis;
use url::Url;

/// Where Meta says that a file is; 360dialog gives it from its own host under the same path.
const LOOKASIDE: &str = "lookaside.fbsbx.com";

/// A number at 360dialog.
#[derive(Debug, Clone)]
pub struct Dialog360(pub Dialog360Settings);

impl Dialog360 {
    fn key(&self) -> Vec<(&'static str, String)> {
        vec![("D360-API-KEY", self.0.api_key.expose().to_owned())]
    }
}

impl Provider for Dialog360 {
    fn name(&self) -> &'static str {
        "360dialog"
    }

    fn features(&self) -> Features {
        Features {
            media_in: true,
            media_out: true,
            buttons: true,
            lists: true,
            templates: true,
            location: true,
            reports: Reports::AtProvider,
            proof: Proof::Guard,
            documented_only: &["files that come in"],
        }
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        guard::verify(&self.0.guard, request)
    }

    /// A key belongs to one number: without its id everything that comes to this URL is about it.
    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        match self.0.phone_number_id {
            Some(_) => meta::decode(request, routes),
            None => meta::decode(request, &routes.clone().or_here()),
        }
    }

    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        Ok(HttpRequest::json(format!("{}/messages", self.0.base_url), self.key(), &meta::body(message, context)?))
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        meta::classify(status, headers, body)
    }

    /// For about a day (360dialog: "Webhooks", on repeats).
    fn brings_again(&self) -> bool {
        true
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

    fn phone(&self) -> Option<String> {
        self.0.number.clone()
    }

    fn number(&self, _: ChannelKind) -> Option<String> {
        self.0.phone_number_id.clone()
    }

    /// Which URL is entered there: answered only to who knows the key.
    fn check(&self, _: Millis) -> Option<HttpRequest> {
        Some(HttpRequest::get(format!("{}/v1/configs/webhook", self.0.base_url), self.key()))
    }

    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        let url = format!("{}/{}", self.0.base_url, file::id(media)?);
        file::with_credentials(&url, &self.0.base_url, &[], self.key()).map(FileSource::Asked)
    }

    fn located(&self, body: &[u8]) -> Result<FileRequest, NoFile> {
        let answer = json::object(body).map_err(|_| NoFile::Unreadable)?;
        let mut url = Url::parse(json::text(&answer, "url").ok_or(NoFile::Unreadable)?).map_err(|_| NoFile::Unreadable)?;
        if url.scheme() == "https" && url.domain() == Some(LOOKASIDE) && url.port().is_none() {
            let base = Url::parse(&self.0.base_url).map_err(|_| NoFile::Unreadable)?;
            let moved = url.set_scheme(base.scheme()).and_then(|()| url.set_port(base.port()));
            moved.map_err(|()| NoFile::Unreadable)?;
            url.set_host(base.host_str()).map_err(|_| NoFile::Unreadable)?;
        }
        file::with_credentials(url.as_str(), &self.0.base_url, &[], self.key())
    }
}
