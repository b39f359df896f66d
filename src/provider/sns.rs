//! Amazon SNS: the envelope in which other services of Amazon write to us, signed with a certificate that lies at SNS itself.

use super::json;
use super::webhook::{Decoded, Facts, Malformed, Other, Refused, Subscription};
use crate::domain::time::{Millis, Span};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use serde_json::Value;
use url::Url;

/// How far the time of a signature may be from now. SNS repeats for an hour, and signs once.
const TOLERANCE: Span = Span::hours(1);

/// What an envelope holds.
pub enum Opened {
    /// What another service says.
    Message(String),
    /// What the envelope itself says.
    Said(Decoded),
}

/// Opens an envelope whose signature was checked.
pub fn open(body: &Value) -> Result<Opened, Malformed> {
    let other = |kind: &str| {
        Opened::Said(Decoded::Other(Other { kind: kind.to_owned(), id: json::owned(body, "MessageId"), error: None }))
    };
    match json::text(body, "Type") {
        Some("SubscriptionConfirmation") => {
            let (topic, url) = (json::owned(body, "TopicArn"), json::owned(body, "SubscribeURL"));
            let (Some(topic), Some(url)) = (topic, url) else { return Err(Malformed("a subscription without its URL")) };
            Ok(Opened::Said(Decoded::Subscription(Subscription { topic, url })))
        }
        Some("UnsubscribeConfirmation") => Ok(other("sns_unsubscribed")),
        Some("Notification") => match json::owned(body, "Message") {
            Some(message) => Ok(Opened::Message(message)),
            None => Err(Malformed("a notification without a message")),
        },
        _ => Err(Malformed("no notification of SNS")),
    }
}

/// Where the certificate of an envelope is, if it is where Amazon keeps them.
pub fn certificate_url(body: &Value) -> Option<String> {
    let url = json::text(body, "SigningCertURL")?;
    (is_of_sns(url) && Url::parse(url).ok()?.path().ends_with(".pem")).then(|| url.to_owned())
}

/// Whether a URL is one of Amazon SNS itself: `https://sns.REGION.amazonaws.com/…`, nothing that only looks like it.
pub fn is_of_sns(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let plain = url.scheme() == "https" && url.port().is_none() && url.username().is_empty() && url.password().is_none();
    let host = url.host_str().unwrap_or("");
    let of = |host: &str| {
        let region = host.strip_prefix("sns.").and_then(|rest| rest.strip_suffix(".amazonaws.com"));
        region.is_some_and(is_region)
    };
    plain && (of(host) || host.strip_suffix(".cn").is_some_and(of))
}

/// `us-east-1`, `us-gov-west-1`: two letters first, a number last. What else stands there is no region: `sns.s3-us-west-2.amazonaws.com`
/// is a bucket of whoever called it `sns`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    match &parts[..] {
        [area, middle @ .., number] if !middle.is_empty() => {
            area.len() == 2
                && letters(area)
                && middle.iter().all(letters)
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
        }
        _ => false,
    }
}

/// Whether an envelope is signed by SNS, now, for one of these topics.
pub fn verify(topics: &[String], body: &Value, facts: &Facts<'_>) -> Result<(), Refused> {
    let text = |key| json::text(body, key);
    let topic = text("TopicArn").ok_or(Refused::Unsigned)?;
    if !topics.iter().any(|known| known == topic) {
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
    let signed = string_to_sign(body).ok_or(Refused::Unsigned)?;
    certificate.verify_signature(algorithm, signed.as_bytes(), &signature).map_err(|_| Refused::Forged)?;
    let at = text("Timestamp").and_then(|text| text.parse::<jiff::Timestamp>().ok()).ok_or(Refused::Forged)?;
    super::proof::fresh(Millis(at.as_millisecond()), facts.now, TOLERANCE)?;
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
