//! Mail: what leaves is written for a server that speaks SMTP, what comes back is read as the mail that it is. A server signs
//! nothing, so the URL of the webhook ends in a secret; hosted services sign beside it.

mod answer;
mod fate;
mod form;
#[cfg(test)]
mod hosted_tests;
mod inbound;
mod mailgun;
mod parse;
mod postmark;
mod prove;
mod quote;
mod report;
mod sendgrid;
mod ses;
#[cfg(test)]
mod tests;
mod write;

pub use answer::{SmtpAnswer, SmtpStep, classify};
pub use write::Mail;

use form::Form;
use prove::{Sender, certificate_url, content_type, prove, sender};
use write::write;

use super::Provider;
use super::features::{Features, Proof, Reports};
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome, Wire};
use super::webhook::{Decoded, Facts, Headers, Malformed, Method, Refused, Routes, WebhookRequest};
use crate::config::secret::Secret;
use crate::config::smtp::SmtpSettings;
use crate::domain::limits::MAIL_BYTES;
use crate::domain::message::Outbound;
use crate::domain::time::Span;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// A mail server and the sender of one channel.
#[derive(Debug)]
pub struct Smtp(pub Arc<SmtpSettings>);

impl Provider for Smtp {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn features(&self) -> Features {
        let proof = Proof::Signature("a secret in the URL, and what SendGrid, Mailgun and Amazon SNS sign");
        Features { media_out: false, reports: Reports::AtProvider, proof, ..Features::NONE }
    }

    fn secrets(&self) -> Vec<&Secret> {
        let password = self.0.login.iter().map(|login| &login.password);
        password.chain(&self.0.webhook_secret).chain(&self.0.mailgun_key).collect()
    }

    fn has_secret_url(&self) -> bool {
        true
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        verify(&self.0, request)
    }

    fn prove(&self, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
        prove(&self.0, request, facts)
    }

    fn certificate_url(&self, request: &WebhookRequest<'_>) -> Option<String> {
        certificate_url(request)
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        decode(request, routes)
    }

    fn body_limit(&self) -> usize {
        MAIL_BYTES
    }

    fn timeout(&self) -> Option<Span> {
        self.0.timeout
    }

    fn is_mail(&self) -> bool {
        true
    }

    fn wire(&self, message: &Outbound, context: &SendContext<'_>) -> Result<Wire, EncodeError> {
        write(&self.0, message, context).map(Wire::Mail)
    }

    fn encode(&self, _: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        Err(EncodeError::Unsupported { provider: "a mail server", what: "requests", kind: context.kind })
    }

    /// It answers no HTTP: see [`classify`].
    fn classify(&self, _: u16, _: &dyn Headers, _: &[u8]) -> SendOutcome {
        SendOutcome::Unknown
    }
}

/// Believes whoever knows the secret that the URL ends in.
pub fn verify(settings: &SmtpSettings, request: &WebhookRequest<'_>) -> Result<(), Refused> {
    let Some(secret) = &settings.webhook_secret else { return Err(Refused::NoSecret) };
    let path = request.url.split(['?', '#']).next().unwrap_or("");
    let given = path.rsplit('/').next().unwrap_or("");
    match bool::from(secret.expose().as_bytes().ct_eq(given.as_bytes())) {
        true => Ok(()),
        false => Err(Refused::Forged),
    }
}

/// What came: a mail as it is (`message/rfc822`), or what a hosted service posts.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    if request.method != Method::Post {
        return Err(Malformed("a mail is a POST"));
    }
    let here = routes.here();
    let form = || Form::read(content_type(request), request.body).unwrap_or(Err(Malformed("this is no form")));
    let said = match sender(request) {
        Sender::SendgridEvents => return sendgrid::events(request.body, here),
        Sender::Sns => return ses::read(request.body, here),
        Sender::SendgridInbound => sendgrid::inbound(&form()?, here)?,
        Sender::MailgunEvent => mailgun::event(request.body, here)?,
        Sender::MailgunRoute => mailgun::route(&form()?, here)?,
        Sender::Postmark => postmark::read(request.body, here)?,
        Sender::Raw => inbound::read(request.body, here)?,
    };
    Ok(vec![said])
}
