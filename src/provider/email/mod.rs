//! Mail: what leaves is written for a server that speaks SMTP, what comes back is read as the mail that it is. A server signs
//! nothing, so the URL of the webhook ends in a secret.

mod answer;
mod inbound;
mod parse;
mod postmark;
mod quote;
mod report;
#[cfg(test)]
mod tests;
mod write;

pub use answer::{SmtpAnswer, SmtpStep, classify};
pub use write::{Mail, write};

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

/// What came: a mail as it is (`message/rfc822`), or a webhook of Postmark (`application/json`).
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    if request.method != Method::Post {
        return Err(Malformed("a mail is a POST"));
    }
    let here = routes.here();
    let kind = request.headers.get("content-type").unwrap_or("").split(';').next().unwrap_or("").trim();
    let said = match kind.eq_ignore_ascii_case("application/json") {
        true => postmark::read(request.body, here)?,
        false => inbound::read(request.body, here)?,
    };
    Ok(vec![said])
}
