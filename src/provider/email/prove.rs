//! Whether a hosted mail service wrote what came to the webhook of a mail channel. Each signs in its own way; what it signs is
//! checked beside the secret in the URL, and a service whose key is not configured is not believed.

use super::form::Form;
use crate::config::smtp::SmtpSettings;
use crate::domain::time::{Millis, Span};
use crate::provider::webhook::{Facts, Refused, WebhookRequest};
use crate::provider::{json, proof, sns};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// How far the time of a signature of SendGrid and Mailgun may be from now: they repeat for up to a day, and what comes twice takes
/// effect once, however it is signed.
const FRESH: Span = Span::hours(24);

/// Who writes, as far as the form of the request says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A list of events.
    SendgridEvents,
    /// A form in parts that holds a mail.
    SendgridInbound,
    /// A webhook.
    MailgunEvent,
    /// A form that a route posted.
    MailgunRoute,
    /// An envelope of Amazon SNS.
    Sns,
    /// JSON of a service that signs nothing.
    Postmark,
    /// A mail as it is.
    Raw,
}

/// Who writes.
pub fn sender(request: &WebhookRequest<'_>) -> Sender {
    let kind = content_type(request);
    if request.headers.get("x-amz-sns-message-type").is_some() {
        return Sender::Sns;
    }
    let begins = |byte: u8| request.body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&byte);
    match kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase().as_str() {
        "application/json" if begins(b'[') => Sender::SendgridEvents,
        "application/json" => match json::object(request.body) {
            Ok(body) if body.get("event-data").is_some() || body.get("signature").is_some_and(Value::is_object) => {
                Sender::MailgunEvent
            }
            _ => Sender::Postmark,
        },
        "multipart/form-data" | "application/x-www-form-urlencoded" => match Form::read(kind, request.body) {
            Some(Ok(form)) if form.get("signature").is_some() && form.get("token").is_some() => Sender::MailgunRoute,
            Some(Ok(form)) if form.get("recipient").is_some() && form.get("body-plain").is_some() => Sender::MailgunRoute,
            _ => Sender::SendgridInbound,
        },
        _ => Sender::Raw,
    }
}

pub(super) fn content_type<'a>(request: &WebhookRequest<'a>) -> &'a str {
    let headers: &'a dyn crate::provider::webhook::Headers = request.headers;
    headers.get("content-type").unwrap_or("")
}

/// Whether the request is its sender's. The secret in the URL was checked before.
pub fn prove(settings: &SmtpSettings, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
    match sender(request) {
        Sender::SendgridEvents => sendgrid(settings, request, facts.now),
        Sender::MailgunEvent => {
            let body = json::object(request.body).map_err(|_| Refused::Unsigned)?;
            let signature = body.get("signature").ok_or(Refused::Unsigned)?;
            let field = |key| json::code(signature, key).ok_or(Refused::Unsigned);
            mailgun(settings, &field("timestamp")?, &field("token")?, &field("signature")?, facts.now)
        }
        Sender::MailgunRoute => {
            let Some(Ok(form)) = Form::read(content_type(request), request.body) else { return Err(Refused::Unsigned) };
            let field = |key| form.get(key).ok_or(Refused::Unsigned);
            mailgun(settings, field("timestamp")?, field("token")?, field("signature")?, facts.now)
        }
        Sender::Sns => sns(settings, request, facts),
        // They sign nothing: the secret in the URL is all there is.
        Sender::SendgridInbound | Sender::Postmark | Sender::Raw => Ok(()),
    }
}

fn seconds(text: &str) -> Result<Millis, Refused> {
    let seconds: i64 = text.parse().ok().filter(|n| (0..100_000_000_000).contains(n)).ok_or(Refused::Forged)?;
    Ok(Millis(seconds * 1_000))
}

/// ECDSA over P-256 and SHA-256, of the timestamp and the body as it came.
fn sendgrid(settings: &SmtpSettings, request: &WebhookRequest<'_>, now: Millis) -> Result<(), Refused> {
    let key = settings.sendgrid_key.as_ref().ok_or(Refused::UnknownKey)?;
    let header = |name| request.headers.get(name).ok_or(Refused::Unsigned);
    let timestamp = header("X-Twilio-Email-Event-Webhook-Timestamp")?;
    let signature = STANDARD.decode(header("X-Twilio-Email-Event-Webhook-Signature")?).map_err(|_| Refused::Forged)?;
    let signed = [timestamp.as_bytes(), request.body].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key);
    key.verify(&signed, &signature).map_err(|_| Refused::Forged)?;
    proof::fresh(seconds(timestamp)?, now, FRESH)
}

/// HMAC-SHA256 of timestamp and token, in hexadecimal. The content is not signed; that is what the secret in the URL is for.
fn mailgun(settings: &SmtpSettings, timestamp: &str, token: &str, signature: &str, now: Millis) -> Result<(), Refused> {
    let key = settings.mailgun_key.as_ref().ok_or(Refused::UnknownKey)?;
    let given = hex::decode(signature).map_err(|_| Refused::Forged)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).map_err(|_| Refused::UnknownKey)?;
    mac.update(timestamp.as_bytes());
    mac.update(token.as_bytes());
    mac.verify_slice(&given).map_err(|_| Refused::Forged)?;
    proof::fresh(seconds(timestamp)?, now, FRESH)
}

/// Where the certificate of an envelope of SNS is, if it is where Amazon keeps them.
pub fn certificate_url(request: &WebhookRequest<'_>) -> Option<String> {
    let body = (sender(request) == Sender::Sns).then(|| json::object(request.body).ok()).flatten()?;
    sns::certificate_url(&body)
}

fn sns(settings: &SmtpSettings, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
    let body = json::object(request.body).map_err(|_| Refused::Unsigned)?;
    sns::verify(&settings.sns_topics, &body, facts)
}
