//! Whether a hosted mail service wrote what came to the webhook of a mail channel. Each signs in its own way; what it signs is
//! checked beside the secret in the URL, and a service whose key is not configured is not believed.

use super::form::Form;
use crate::config::smtp::SmtpSettings;
use crate::domain::time::{Millis, Span};
use crate::provider::json;
use crate::provider::webhook::{Facts, Refused, WebhookRequest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use serde_json::Value;
use sha2::Sha256;
use url::Url;

/// How far the time of a signature may be from now. SNS repeats for an hour, and signs once.
const TOLERANCE: Span = Span::hours(1);
/// The same of SendGrid and Mailgun, who repeat for up to a day; what comes twice takes effect once, however it is signed.
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

fn fresh(at: Millis, now: Millis, tolerance: Span) -> Result<(), Refused> {
    if (now.0 - at.0).abs() <= tolerance.0 { Ok(()) } else { Err(Refused::Stale) }
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
    fresh(seconds(timestamp)?, now, FRESH)
}

/// HMAC-SHA256 of timestamp and token, in hexadecimal. The content is not signed; that is what the secret in the URL is for.
fn mailgun(settings: &SmtpSettings, timestamp: &str, token: &str, signature: &str, now: Millis) -> Result<(), Refused> {
    let key = settings.mailgun_key.as_ref().ok_or(Refused::UnknownKey)?;
    let given = unhex(signature).ok_or(Refused::Forged)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).map_err(|_| Refused::UnknownKey)?;
    mac.update(timestamp.as_bytes());
    mac.update(token.as_bytes());
    mac.verify_slice(&given).map_err(|_| Refused::Forged)?;
    fresh(seconds(timestamp)?, now, FRESH)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| u8::try_from(digit(*pair.first()?)? * 16 + digit(*pair.get(1)?)?).ok();
    text.len().is_multiple_of(2).then(|| text.as_bytes().chunks(2).map(pair).collect()).flatten()
}

/// Where the certificate of an envelope of SNS is, if it is where Amazon keeps them.
pub fn certificate_url(request: &WebhookRequest<'_>) -> Option<String> {
    let body = (sender(request) == Sender::Sns).then(|| json::object(request.body).ok()).flatten()?;
    let url = json::text(&body, "SigningCertURL")?;
    (is_of_sns(url) && Url::parse(url).ok()?.path().ends_with(".pem")).then(|| url.to_owned())
}

/// Whether a URL is one of Amazon SNS itself: `https://sns.REGION.amazonaws.com/…`, nothing that only looks like it.
pub fn is_of_sns(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let plain = url.scheme() == "https" && url.port().is_none() && url.username().is_empty() && url.password().is_none();
    let host = url.host_str().unwrap_or("");
    let of = |host: &str| {
        let region = host.strip_prefix("sns.").and_then(|rest| rest.strip_suffix(".amazonaws.com"));
        region.is_some_and(|region| {
            region.len() >= 3 && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
    };
    plain && (of(host) || host.strip_suffix(".cn").is_some_and(of))
}

fn sns(settings: &SmtpSettings, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
    let body = json::object(request.body).map_err(|_| Refused::Unsigned)?;
    let text = |key| json::text(&body, key);
    let topic = text("TopicArn").ok_or(Refused::Unsigned)?;
    if !settings.sns_topics.iter().any(|known| known == topic) {
        return Err(Refused::UnknownKey);
    }
    let signature = STANDARD.decode(text("Signature").ok_or(Refused::Unsigned)?).map_err(|_| Refused::Forged)?;
    let pem = facts.certificate.ok_or(Refused::UnknownKey)?;
    let der = CertificateDer::from_pem_slice(pem).map_err(|_| Refused::UnknownKey)?;
    let certificate = webpki::EndEntityCert::try_from(&der).map_err(|_| Refused::UnknownKey)?;
    let algorithm: &dyn SignatureVerificationAlgorithm = match text("SignatureVersion") {
        Some("1") => &RsaSha1,
        Some("2") => webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(Refused::UnknownKey),
    };
    let signed = string_to_sign(&body).ok_or(Refused::Unsigned)?;
    certificate.verify_signature(algorithm, signed.as_bytes(), &signature).map_err(|_| Refused::Forged)?;
    let at = text("Timestamp").and_then(|text| text.parse::<jiff::Timestamp>().ok()).ok_or(Refused::Forged)?;
    fresh(Millis(at.as_millisecond()), facts.now, TOLERANCE)?;
    // What is asked to be confirmed is signed too; that it is Amazon's is looked at all the same.
    match text("SubscribeURL").filter(|_| text("Type") == Some("SubscriptionConfirmation")) {
        Some(url) if !is_of_sns(url) => Err(Refused::Forged),
        _ => Ok(()),
    }
}

/// What SNS signs: names and values in a fixed order, a line each.
fn string_to_sign(body: &Value) -> Option<String> {
    let keys: &[&str] = match json::text(body, "Type")? {
        "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
            &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        }
        _ => return None,
    };
    let mut signed = String::new();
    for key in keys {
        match body.get(*key).and_then(Value::as_str) {
            Some(value) => signed.push_str(&format!("{key}\n{value}\n")),
            None if *key == "Subject" => {}
            None => return None,
        }
    }
    Some(signed)
}

/// RSA with SHA-1: what SNS signs with unless its topic says `SignatureVersion` 2.
#[derive(Debug)]
struct RsaSha1;

impl SignatureVerificationAlgorithm for RsaSha1 {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, key);
        key.verify(message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_PKCS1_SHA256
    }
}
