//! Standard Webhooks: an HMAC over the id, the time and the body.

use crate::config::secret::Secret;
use crate::domain::time::{Millis, Span};
use crate::provider::proof::{self, Hash};
use crate::provider::webhook::{Refused, WebhookRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How far the time of a signature may be from now.
const TOLERANCE: Span = Span::minutes(5);
/// Signatures that one request may carry: one for each secret that is in use.
const SIGNATURES: usize = 8;

/// Whether one of these secrets signed the request.
pub fn verify<'s>(secrets: impl IntoIterator<Item = &'s Secret>, request: &WebhookRequest<'_>) -> Result<(), Refused> {
    let header = |name| request.headers.get(name).filter(|value| !value.is_empty()).ok_or(Refused::Unsigned);
    let (id, at, signatures) = (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", at.as_bytes(), b".", request.body];
    let mut refused = Refused::NoSecret;
    for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
        let coded = secret.expose().strip_prefix("whsec_").unwrap_or(secret.expose());
        let Ok(key) = STANDARD.decode(coded) else { continue };
        refused = Refused::Forged;
        let given = signatures.split(' ').take(SIGNATURES).filter_map(|one| one.strip_prefix("v1,"));
        let mut given = given.filter_map(|coded| STANDARD.decode(coded).ok());
        if given.any(|given| proof::hmac_is(Hash::Sha256, &key, &parts, &given)) {
            return Ok(());
        }
    }
    Err(refused)
}

/// Whether it was signed just now.
pub fn prove(request: &WebhookRequest<'_>, now: Millis) -> Result<(), Refused> {
    let text = request.headers.get("webhook-timestamp").ok_or(Refused::Unsigned)?;
    let seconds = text.trim().parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(1_000)).ok_or(Refused::Stale)?;
    proof::fresh(Millis(seconds), now, TOLERANCE)
}
