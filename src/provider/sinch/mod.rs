//! Sinch: the SMS API, and the Conversation API with WhatsApp. Callbacks are JSON; those of the Conversation API are signed over the
//! body, a nonce and the time, those of the SMS API on request. What is not signed needs a secret in its URL.
//!
//! Verified by recorded vectors: signatures, texts, files, places, reports of both APIs, buttons that are sent. By Sinch's documents and
//! libraries only: what the SMS API is sent, lists, templates, cards, and most error codes. Sinch does not say whether a callback that is
//! repeated is signed again: the time of a signature may be a day old.

mod conversation;
mod errors;
mod rich;
mod signature;
mod sms;
#[cfg(test)]
mod tests;

use super::features::{Features, Proof, Reports};
use super::file::{self, FileSource, NoFile};
use super::proof::basic;
use super::send::{EncodeError, Found, HttpRequest, SendContext, SendOutcome, Sought};
use super::webhook::{Decoded, Facts, Headers, Malformed, Method, Refused, Routes, WebhookRequest};
use super::{Account, Provider, guard, json};
use crate::config::providers::guard::Guard;
use crate::config::providers::sinch::{SinchApi, SinchLogin, SinchSettings};
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::Millis;
use serde_json::Value;

/// The adapter of one channel.
#[derive(Debug, Clone)]
pub struct Sinch(pub SinchSettings);

impl Provider for Sinch {
    fn name(&self) -> &'static str {
        "sinch"
    }

    fn features(&self) -> Features {
        let conversation = matches!(self.0.api, SinchApi::Conversation { .. });
        let rich = conversation && self.0.kind == ChannelKind::WhatsApp;
        Features {
            media_in: true,
            media_out: true,
            buttons: rich,
            lists: rich,
            templates: rich,
            location: rich,
            reports: if conversation { Reports::AtProvider } else { Reports::WithEach },
            proof: match self.0.signing_secret {
                Some(_) => Proof::Signature("HMAC-SHA256 over the body, a nonce and the time"),
                None => Proof::Guard,
            },
            documented_only: &[
                "what the SMS API is sent",
                "lists, templates, files with a text, contact cards that are sent",
                "opt-outs at Sinch",
                "looking up a send",
                "error codes beside those of reports",
            ],
        }
    }

    /// After 5xx, from 5 s on, each pause twice the last, up to 81,920 s (Sinch: "Callbacks", on repeats).
    fn brings_again(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<&Secret> {
        let own = match &self.0.api {
            SinchApi::Sms { api_token: secret, .. } => secret,
            SinchApi::Conversation { login: SinchLogin::Key { secret, .. } | SinchLogin::Token(secret), .. } => secret,
        };
        std::iter::once(own).chain(&self.0.signing_secret).collect()
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        if let Some(guard) = &self.0.guard {
            guard::verify(guard, request)?;
        }
        match &self.0.signing_secret {
            Some(secret) => signature::verify(secret, request),
            None if self.0.guard.is_some() => Ok(()),
            None => Err(Refused::NoSecret),
        }
    }

    fn prove(&self, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
        match self.0.signing_secret {
            Some(_) => signature::fresh(request, facts.now),
            None => Ok(()),
        }
    }

    fn guard(&self) -> Option<&Guard> {
        self.0.guard.as_ref()
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        if request.method != Method::Post {
            return Err(Malformed("Sinch's callbacks come by POST"));
        }
        let body = json::object(request.body)?;
        match (json::text(&body, "type"), json::text(&body, "app_id")) {
            (Some(kind), _) => sms::decode(kind, &body, routes),
            (None, Some(app)) => Ok(vec![conversation::decode(&self.0, app, &body, routes)]),
            (None, None) => Err(Malformed("there is neither `type` nor `app_id`")),
        }
    }

    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        match &self.0.api {
            SinchApi::Sms { .. } => sms::encode(&self.0, message, context),
            SinchApi::Conversation { app_id, .. } => rich::encode(&self.0, app_id, message, context),
        }
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        errors::classify(status, headers, body)
    }

    fn base_url(&self) -> Option<&str> {
        Some(&self.0.base_url)
    }

    fn number(&self, kind: ChannelKind) -> Option<String> {
        Some(match &self.0.api {
            SinchApi::Sms { .. } => digits(&self.0.from).to_owned(),
            SinchApi::Conversation { app_id, .. } => app(app_id, kind),
        })
    }

    fn account(&self) -> Option<Account> {
        Some(match &self.0.api {
            SinchApi::Sms { service_plan_id, api_token } => Account::new("sinch", &[service_plan_id, api_token.expose()]),
            SinchApi::Conversation { project_id, login, .. } => {
                let secret = match login {
                    SinchLogin::Key { secret, .. } | SinchLogin::Token(secret) => secret,
                };
                Account::new("sinch", &[project_id, secret.expose()])
            }
        })
    }

    fn check(&self, _: Millis) -> Option<HttpRequest> {
        let path = match &self.0.api {
            SinchApi::Sms { .. } => "batches?page_size=1".to_owned(),
            SinchApi::Conversation { app_id, .. } => format!("apps/{app_id}"),
        };
        Some(HttpRequest::get(resource(&self.0, &path), authorized(&self.0)))
    }

    fn lookup(&self, sought: &Sought<'_>) -> Option<HttpRequest> {
        match &self.0.api {
            // Nothing in the name of a send needs escaping.
            SinchApi::Sms { .. } => {
                let path = format!("batches?page_size=1&client_reference={}", sought.send?);
                Some(HttpRequest::get(resource(&self.0, &path), authorized(&self.0)))
            }
            // There a message is known by its own id only.
            SinchApi::Conversation { .. } => None,
        }
    }

    fn found(&self, sought: &Sought<'_>, status: u16, body: &[u8]) -> Found {
        sought.send.map_or(Found::Unclear, |send| errors::found(send, status, body))
    }

    /// Sinch's links to files need no credentials.
    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        let url = media.url.as_deref().ok_or(NoFile::Nowhere)?;
        file::wherever(url, &self.0.base_url, &[], Vec::new())
    }
}

/// An app as the target of callbacks: it may have several media.
fn app(app_id: &str, kind: ChannelKind) -> String {
    format!("{kind}:{app_id}")
}

fn digits(wire: &str) -> &str {
    wire.strip_prefix('+').unwrap_or(wire)
}

fn authorized(settings: &SinchSettings) -> Vec<(&'static str, String)> {
    let value = match &settings.api {
        SinchApi::Sms { api_token: token, .. } | SinchApi::Conversation { login: SinchLogin::Token(token), .. } => {
            format!("Bearer {}", token.expose())
        }
        SinchApi::Conversation { login: SinchLogin::Key { id, secret }, .. } => basic(id, secret.expose()),
    };
    vec![("Authorization", value)]
}

/// The URL of something in the service plan or the project.
fn resource(settings: &SinchSettings, path: &str) -> String {
    let base = settings.base_url.trim_end_matches('/');
    match &settings.api {
        SinchApi::Sms { service_plan_id, .. } => format!("{base}/xms/v1/{service_plan_id}/{path}"),
        SinchApi::Conversation { project_id, .. } => format!("{base}/v1/projects/{project_id}/{path}"),
    }
}

/// Something that is kept and decides nothing.
fn other(kind: &str, id: Option<&str>) -> Decoded {
    Decoded::Other(super::webhook::Other { kind: kind.to_owned(), id: id.map(str::to_owned), error: None })
}

/// A text beside what stands above and below it: Sinch has no place of its own for these on every channel.
fn framed(header: Option<&str>, text: &str, footer: Option<&str>) -> String {
    let parts = [header, Some(text), footer];
    let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n")
}

/// The value under a key, or nothing to read.
fn under<'v>(value: &'v Value, key: &str) -> &'v Value {
    json::object_of(value, key)
}
