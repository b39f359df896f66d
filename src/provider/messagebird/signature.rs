//! `MessageBird-Signature-JWT`: a token over the whole URL, and over the body where there is one.

use crate::config::secret::Secret;
use crate::domain::time::{Millis, Span};
use crate::provider::json;
use crate::provider::jwt;
use crate::provider::webhook::{Refused, WebhookRequest};
use serde_json::Value;

/// How far the clocks may be apart.
const LEEWAY: Span = Span::seconds(1);

fn claims(key: &Secret, request: &WebhookRequest<'_>) -> Result<Value, Refused> {
    let token = request.headers.get("MessageBird-Signature-JWT").filter(|token| !token.is_empty()).ok_or(Refused::Unsigned)?;
    jwt::claims(token, [key], jwt::HMACS)
}

/// Whether MessageBird signed this URL and this body: a body without a hash is as wrong as a hash without a body.
pub fn verify(key: &Secret, request: &WebhookRequest<'_>) -> Result<(), Refused> {
    let claims = claims(key, request)?;
    let issued = json::text(&claims, "iss") == Some("MessageBird");
    let url = request.url.split('#').next().unwrap_or(request.url);
    let hashed = claims.get("payload_hash").is_some();
    let body = match request.body.is_empty() {
        true => !hashed,
        false => jwt::is_hash(&claims, "payload_hash", request.body),
    };
    if issued && body && jwt::is_hash(&claims, "url_hash", url.as_bytes()) { Ok(()) } else { Err(Refused::Forged) }
}

/// Whether it is meant for this moment.
pub fn prove(key: &Secret, request: &WebhookRequest<'_>, now: Millis) -> Result<(), Refused> {
    let claims = claims(key, request)?;
    let moment = |name| json::moment(&claims, name).ok_or(Refused::Stale);
    let (from, until) = (moment("nbf")?, moment("exp")?);
    let early = from.0.saturating_sub(LEEWAY.0) > now.0;
    let late = until.0.saturating_add(LEEWAY.0) < now.0;
    if early || late { Err(Refused::Stale) } else { Ok(()) }
}
