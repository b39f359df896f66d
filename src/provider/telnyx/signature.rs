//! `telnyx-signature-ed25519` over the time and the body as it came.

use crate::config::providers::telnyx::TelnyxSettings;
use crate::domain::time::{Millis, Span};
use crate::provider::proof;
use crate::provider::webhook::{Method, Refused, WebhookRequest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const SIGNATURE: &str = "telnyx-signature-ed25519";
const TIMESTAMP: &str = "telnyx-timestamp";
/// How far the time of a signature may be from now: Telnyx's own libraries allow as much.
const TOLERANCE: Span = Span::seconds(300);
/// Bytes of a signature (RFC 8032).
const SIGNATURE_BYTES: usize = 64;

/// Whether Telnyx signed this body with a key of this account.
pub fn verify(settings: &TelnyxSettings, request: &WebhookRequest<'_>) -> Result<(), Refused> {
    if request.method != Method::Post {
        return Err(Refused::Unsigned);
    }
    let header = |name: &'static str| request.headers.get(name).filter(|value| !value.is_empty()).ok_or(Refused::Unsigned);
    let given = STANDARD.decode(header(SIGNATURE)?).map_err(|_| Refused::Forged)?;
    let signed = [header(TIMESTAMP)?.as_bytes(), b"|", request.body].concat();
    let keys = std::iter::once(&settings.public_key).chain(&settings.second_public_key);
    let keys: Vec<&Vec<u8>> = keys.filter(|key| !key.is_empty()).collect();
    if keys.is_empty() {
        return Err(Refused::NoSecret);
    }
    let fits = |key: &&Vec<u8>| UnparsedPublicKey::new(&ED25519, key.as_slice()).verify(&signed, &given).is_ok();
    if given.len() == SIGNATURE_BYTES && keys.iter().any(fits) { Ok(()) } else { Err(Refused::Forged) }
}

/// Whether it was signed just now. The time is part of what is signed: `verify` comes first.
pub fn fresh(request: &WebhookRequest<'_>, now: Millis) -> Result<(), Refused> {
    let seconds: i64 = request.headers.get(TIMESTAMP).and_then(|t| t.trim().parse().ok()).ok_or(Refused::Stale)?;
    let at = seconds.checked_mul(1_000).map(Millis).ok_or(Refused::Stale)?;
    proof::fresh(at, now, TOLERANCE)
}
