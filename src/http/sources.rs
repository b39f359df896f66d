//! `/sources/{name}` and `/sources/{name}/{secret}`: what analytics services send becomes events. One answer for whoever is not believed.
//! 200 means that everything that can be read is stored; what cannot is counted, because most services stop at a 4xx.

use super::body;
use super::error::Failure;
use super::events::failure;
use super::keys::Keys;
use super::web::Web;
use crate::config::signed::Signed;
use crate::config::sources::{SourceKind, SourceSettings};
use crate::domain::limits::WEBHOOK_BODY_BYTES;
use crate::domain::mode::Mode;
use crate::service::NewEvent;
use crate::source::signature::{self, Sent};
use crate::source::{Item, mixpanel, segment};
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// Counter `{source, result}`: what came from analytics services. `result`: stored, unlistened, refused, nobody, unreadable_phone,
/// other_kind, unreadable.
pub const ITEMS: &str = "replyflow_source_items_total";
/// The longest that storing what one request said may take.
const STORE: Duration = Duration::from_secs(10);

/// `POST /sources/NAME`
pub async fn plain(web: Data<Web>, name: Path<String>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    take(&web, &name, None, &request, payload).await
}

/// `POST /sources/NAME/SECRET`
pub async fn secret(
    web: Data<Web>,
    place: Path<(String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Failure> {
    take(&web, &place.0, Some(&place.1), &request, payload).await
}

async fn take(
    web: &Web,
    name: &str,
    secret: Option<&str>,
    request: &HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let opens = secret.is_some_and(|secret| web.webhooks.open_source(name, secret));
    let known = web.sources.get(name).map(|source| (source, at_the_door(source, secret.is_some(), opens, request)));
    let most = match &known {
        Some((source, proof)) if proof.good && (proof.proven || !source.secrets.is_empty()) => WEBHOOK_BODY_BYTES,
        _ => body::UNPROVEN,
    };
    let body = body::read(&mut payload, most, &web.memory, web.request_timeout).await?;
    let Some((source, _)) = known.filter(|(source, proof)| believed(web, source, *proof, request, &body)) else {
        metrics::counter!(super::flows::REFUSED, "reason" => "source").increment(1);
        tracing::warn!("a call of a source was refused");
        return Err(Failure::Refused);
    };
    web.buckets.flows.take().map_err(|after| Failure::TooMany { after })?;
    let said = match crate::source::read(source, &web.core.world().project, &body) {
        Ok(said) => said,
        Err(why) => {
            tracing::warn!(source = name, reason = why.0, "what a source sent could not be read");
            return Ok(answered(source, "", Some((why.0, 400))));
        }
    };
    drop(body);
    let mut events = Vec::with_capacity(said.items.len());
    for item in said.items {
        match item {
            Ok(item) if web.core.listens(&item.name) || item.tells() => events.push(event(item, source.mode)),
            Ok(_) => count(name, "unlistened", 1),
            Err(why) => count(name, why.word(), 1),
        }
    }
    let action = said.action.unwrap_or_default();
    Ok(match store(web, name, events).await {
        Ok(()) => answered(source, &action, None),
        Err(()) => answered(source, &action, Some(("unavailable, come again", 503))),
    })
}

fn event(item: Item, mode: Mode) -> NewEvent {
    NewEvent { name: item.name, contact: Some(item.contact), data: item.data, id: item.id, callback: None, mode }
}

fn count(source: &str, result: &'static str, n: u64) {
    metrics::counter!(ITEMS, "source" => source.to_owned(), "result" => result).increment(n);
}

/// What a call proves.
#[derive(Clone, Copy)]
struct Proof {
    /// Whether everything holds that is configured.
    good: bool,
    /// Whether something holds.
    proven: bool,
}

/// What it proves before its body is read.
fn at_the_door(source: &SourceSettings, in_url: bool, opens: bool, request: &HttpRequest) -> Proof {
    let mut proven = opens;
    let mut good = opens || !in_url;
    if let Some((user, password)) = &source.basic {
        let given = basic(request).unwrap_or_default();
        let same: bool = Sha256::digest(&given).ct_eq(&Sha256::digest(format!("{user}:{}", password.expose()))).into();
        good &= same;
        proven |= same;
    }
    if !source.keys.is_empty() {
        let same = Keys::new(&source.keys).check(request).is_ok();
        good &= same;
        proven |= same;
    }
    Proof { good, proven }
}

/// Everything that is configured must hold; and something must: the secret in the URL, or what the service sends of itself. A signature
/// that covers only a part of the body does not open the URL without its secret.
fn believed(web: &Web, source: &SourceSettings, proof: Proof, request: &HttpRequest, body: &[u8]) -> bool {
    let Proof { mut good, mut proven } = proof;
    if !source.secrets.is_empty() {
        let (part, whole) = segment::signed_part(body);
        let how = Signed::sha1_of_body("X-Signature", &source.secrets);
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let same = signature::verify(&how, &Sent { header: &header, body: part, url: "", now: web.core.store_now() }).is_ok();
        good &= same;
        proven |= same && whole;
    }
    good & proven
}

/// `user:password` of basic authentication.
fn basic(request: &HttpRequest) -> Option<Vec<u8>> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, given) = header.split_once(' ')?;
    let given = base64::engine::general_purpose::STANDARD.decode(given.trim()).ok()?;
    scheme.eq_ignore_ascii_case("basic").then_some(given)
}

/// Stores all; an error if the store could not.
async fn store(web: &Web, name: &str, events: Vec<NewEvent>) -> Result<(), ()> {
    let core = Arc::clone(&web.core);
    let stored = web.engine.spawn(async move { core.receive_events(events).await });
    let Ok(Ok(results)) = tokio::time::timeout(STORE, stored).await else {
        tracing::error!(source = name, "storing what a source sent panicked or took too long");
        return Err(());
    };
    let mut lost = false;
    for result in results {
        match result.map_err(failure) {
            Ok(_) => count(name, "stored", 1),
            Err(Failure::Unavailable) => lost = true,
            Err(_) => count(name, "refused", 1),
        }
    }
    if lost { Err(()) } else { Ok(()) }
}

/// As the service expects it.
fn answered(source: &SourceSettings, action: &str, error: Option<(&str, u16)>) -> HttpResponse {
    let status = error.map_or(200, |(_, status)| status);
    let mut builder = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::OK));
    if status == 503 {
        builder.insert_header(("Retry-After", "2"));
    }
    match source.kind {
        SourceKind::Mixpanel => builder.content_type("application/json").body(mixpanel::answer(action, error)),
        SourceKind::Segment | SourceKind::Amplitude => match error {
            None => builder.finish(),
            Some((message, _)) => builder.json(serde_json::json!({ "detail": message })),
        },
    }
}
