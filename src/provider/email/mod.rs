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
pub use prove::{certificate_url, prove};
pub use write::{Mail, write};

use form::Form;
use prove::{Sender, content_type, sender};

use super::webhook::{Decoded, Malformed, Method, Refused, Routes, WebhookRequest};
use crate::config::smtp::SmtpSettings;
use subtle::ConstantTimeEq;

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
