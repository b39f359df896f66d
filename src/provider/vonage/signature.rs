//! The token in `Authorization` of Vonage's webhooks, and the one in ours.

use crate::config::providers::vonage::VonageSettings;
use crate::domain::time::{Millis, Span};
use crate::provider::json;
use crate::provider::jwt;
use crate::provider::proof;
use crate::provider::webhook::{Refused, WebhookRequest};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How long a token of ours is good for.
const TOKEN_LASTS: Span = Span::minutes(15);

fn claims(settings: &VonageSettings, request: &WebhookRequest<'_>) -> Result<Value, Refused> {
    request.headers.get("authorization").ok_or(Refused::Unsigned)?;
    let token = proof::bearer(request.headers).ok_or(Refused::Forged)?;
    // HS256 and nothing else: another algorithm would take the secret for a public key.
    jwt::claims(token, [&settings.signature_secret], &[Algorithm::HS256])
}

/// Whether Vonage signed this body. A token without the body's hash proves no body.
pub fn verify(settings: &VonageSettings, request: &WebhookRequest<'_>) -> Result<(), Refused> {
    let claims = claims(settings, request)?;
    let bare = claims.get("payload_hash").is_none() && request.body.is_empty();
    if bare || jwt::is_hash(&claims, "payload_hash", request.body) { Ok(()) } else { Err(Refused::Forged) }
}

/// Whether it was signed just now.
pub fn prove(settings: &VonageSettings, request: &WebhookRequest<'_>, now: Millis) -> Result<(), Refused> {
    let claims = claims(settings, request)?;
    let at = json::moment(&claims, "iat").ok_or(Refused::Stale)?;
    proof::fresh(at, now, settings.signed_within)?;
    match json::moment(&claims, "exp") {
        Some(end) if end < now => Err(Refused::Stale),
        _ => Ok(()),
    }
}

/// A token of the application for one request: `about` is what it is sent with. Its id is made of that, so that nothing random is needed.
pub fn token(application: &str, key: &EncodingKey, now: Millis, about: &[u8]) -> Option<String> {
    let id = Sha256::new().chain_update(now.0.to_be_bytes()).chain_update(about).finalize();
    let seconds = now.0.div_euclid(1_000);
    let claims = json!({
        "application_id": application,
        "iat": seconds,
        "exp": seconds + TOKEN_LASTS.0 / 1_000,
        "jti": hex::encode(&id[..16]),
    });
    jwt::signed(key, &claims)
}
