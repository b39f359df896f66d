//! `messagebird-signature`: an HMAC over the time, the public URL and the plain hash of the body.

use crate::config::secret::Secret;
use crate::domain::time::{Millis, Span};
use crate::provider::proof::{self, Hash};
use crate::provider::webhook::{Refused, WebhookRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How far the time of a signature may be from now. Bird says nothing of it; this is what its newer API says.
const TOLERANCE: Span = Span::minutes(5);

/// Whether Bird signed the request with this key.
pub fn verify(key: &Secret, request: &WebhookRequest<'_>) -> Result<(), Refused> {
    let header = |name| request.headers.get(name).filter(|value| !value.is_empty()).ok_or(Refused::Unsigned);
    let (given, at) = (header("messagebird-signature")?, header("messagebird-request-timestamp")?);
    if key.is_empty() {
        return Err(Refused::NoSecret);
    }
    let given = STANDARD.decode(given).map_err(|_| Refused::Forged)?;
    let url = request.url.split('#').next().unwrap_or(request.url);
    // The 32 bytes of the hash, not their letters.
    let hash = proof::digest(Hash::Sha256, &[request.body]);
    let parts: [&[u8]; 5] = [at.as_bytes(), b"\n", url.as_bytes(), b"\n", &hash];
    if proof::hmac_is(Hash::Sha256, key.expose().as_bytes(), &parts, &given) { Ok(()) } else { Err(Refused::Forged) }
}

/// Whether it was signed just now.
pub fn prove(request: &WebhookRequest<'_>, now: Millis) -> Result<(), Refused> {
    let text = request.headers.get("messagebird-request-timestamp").ok_or(Refused::Unsigned)?;
    let seconds = text.trim().parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(1_000)).ok_or(Refused::Stale)?;
    proof::fresh(Millis(seconds), now, TOLERANCE)
}
