//! `X-Hub-Signature-256` over the raw body, and the question whether a URL is ours. There is no time in the signature: repeats are
//! recognised by the message id.

use crate::config::channel::MetaSettings;
use crate::provider::webhook::{Method, Refused, Reply, WebhookRequest};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::borrow::Cow;
use subtle::ConstantTimeEq;
use url::form_urlencoded;

/// The longest `hub.challenge` that is repeated. Meta's are about ten digits.
const CHALLENGE_MAX: usize = 256;

/// Whether Meta signed this body with the secret of this app. Meta escapes characters in its own way: only the bytes as they came
/// can be checked.
pub fn verify(settings: &MetaSettings, request: &WebhookRequest<'_>) -> Result<(), Refused> {
    if request.method != Method::Post {
        return Err(Refused::Unsigned);
    }
    let header = request.headers.get("X-Hub-Signature-256").ok_or(Refused::Unsigned)?;
    let mut given = [0u8; 32];
    let hex = header.strip_prefix("sha256=").ok_or(Refused::Forged)?;
    hex::decode_to_slice(hex, &mut given).map_err(|_| Refused::Forged)?;
    let mut checked = false;
    for secret in std::iter::once(&settings.app_secret).chain(&settings.second_app_secret).filter(|s| !s.is_empty()) {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { continue };
        mac.update(request.body);
        checked = true;
        // Compares in constant time.
        if mac.verify_slice(&given).is_ok() {
            return Ok(());
        }
    }
    Err(if checked { Refused::Forged } else { Refused::NoSecret })
}

/// The answer to Meta's question whether this URL is ours: the challenge, for whoever knows the verify token.
pub fn handshake(settings: &MetaSettings, request: &WebhookRequest<'_>) -> Option<Reply> {
    if request.method != Method::Get {
        return None;
    }
    let mut mode = Cow::Borrowed("");
    let mut challenge = Cow::Borrowed("");
    let mut token = Cow::Borrowed("");
    for (name, value) in form_urlencoded::parse(request.query().as_bytes()) {
        match &*name {
            "hub.mode" => mode = value,
            "hub.challenge" => challenge = value,
            "hub.verify_token" => token = value,
            _ => {}
        }
    }
    let known = settings.verify_token.expose().as_bytes();
    let (status, body) = if mode != "subscribe" || challenge.is_empty() || challenge.len() > CHALLENGE_MAX {
        (400, Cow::Borrowed(""))
    } else if known.is_empty() || !bool::from(known.ct_eq(token.as_bytes())) {
        (403, Cow::Borrowed(""))
    } else {
        (200, Cow::Owned(challenge.into_owned()))
    };
    Some(Reply { status, content_type: "text/plain", body })
}
