//! `x-sinch-webhook-signature` over the body as it came, a nonce and the time.

use crate::config::secret::Secret;
use crate::domain::time::{Millis, Span};
use crate::provider::proof::{self, Hash, hmac_is};
use crate::provider::webhook::{Method, Refused, WebhookRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const SIGNATURE: &str = "x-sinch-webhook-signature";
const NONCE: &str = "x-sinch-webhook-signature-nonce";
const TIMESTAMP: &str = "x-sinch-webhook-signature-timestamp";
const ALGORITHM: &str = "x-sinch-webhook-signature-algorithm";
/// How far the time of a signature may be from now: callbacks are repeated for a day, and what comes twice takes effect once.
const TOLERANCE: Span = Span::hours(24);

/// Whether Sinch signed this body with the secret of this webhook.
pub fn verify(secret: &Secret, request: &WebhookRequest<'_>) -> Result<(), Refused> {
    if request.method != Method::Post {
        return Err(Refused::Unsigned);
    }
    let header = |name: &'static str| request.headers.get(name).filter(|value| !value.is_empty()).ok_or(Refused::Unsigned);
    let given = STANDARD.decode(header(SIGNATURE)?).map_err(|_| Refused::Forged)?;
    let (nonce, timestamp) = (header(NONCE)?, header(TIMESTAMP)?);
    if secret.is_empty() {
        return Err(Refused::NoSecret);
    }
    if request.headers.get(ALGORITHM).is_some_and(|algorithm| !algorithm.eq_ignore_ascii_case("HmacSHA256")) {
        return Err(Refused::UnknownKey);
    }
    let parts = [request.body, b".", nonce.as_bytes(), b".", timestamp.as_bytes()];
    let fits = hmac_is(Hash::Sha256, secret.expose().as_bytes(), &parts, &given);
    if fits { Ok(()) } else { Err(Refused::Forged) }
}

/// Whether it was signed lately. The time is part of what is signed: `verify` comes first.
pub fn fresh(request: &WebhookRequest<'_>, now: Millis) -> Result<(), Refused> {
    let seconds: i64 = request.headers.get(TIMESTAMP).and_then(|t| t.trim().parse().ok()).ok_or(Refused::Stale)?;
    let at = seconds.checked_mul(1_000).map(Millis).ok_or(Refused::Stale)?;
    proof::fresh(at, now, TOLERANCE)
}
