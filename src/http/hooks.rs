//! Webhooks: `/hooks/{channel}` for what people write, `/hooks/{channel}/status` for what became of our messages. The order is
//! fixed: the body is read, the signature checked, the content decoded and stored, and only then is the provider answered.

use super::body;
use super::error::Failure;
use super::peer::peer;
use super::web::{Hook, Web};
use crate::provider::guard;
use crate::provider::{Decoded, Facts, Headers, Method, Refused, Reply, WebhookRequest};
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use std::time::Duration;

/// Counter `{channel, reason}`: webhooks that were not believed.
pub const REFUSED: &str = "replyflow_hooks_refused_total";
/// Counter `{channel}`: webhooks that were believed and could not be read.
pub const MALFORMED: &str = "replyflow_hooks_malformed_total";
/// The longest that storing one webhook's content may take. Providers give up after 5 (Meta) to 15 seconds (Twilio).
const STORE: Duration = Duration::from_secs(5);

/// `GET` and `POST` of a webhook.
pub async fn hook(web: Data<Web>, name: Path<String>, request: HttpRequest, payload: Payload) -> HttpResponse {
    written(answer(&web, &name, Ends::InItsName, &request, payload).await)
}

/// `GET` and `POST` of a webhook whose URL holds a secret.
pub async fn secret_hook(web: Data<Web>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let name = request.match_info().get("channel").unwrap_or("").to_owned();
    written(answer(&web, &name, Ends::InASecret, &request, payload).await)
}

/// What the URL of a webhook ends in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    InItsName,
    InASecret,
}

fn written(answer: Result<Reply, Failure>) -> HttpResponse {
    match answer {
        Ok(reply) => HttpResponse::build(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK))
            .content_type(reply.content_type)
            .body(reply.body.into_owned()),
        Err(failure) => failure.bare(),
    }
}

async fn answer(web: &Web, name: &str, ends: Ends, request: &HttpRequest, mut payload: Payload) -> Result<Reply, Failure> {
    let hook = web.hooks.get(name).filter(|hook| hook.adapter.has_secret_url() == (ends == Ends::InASecret));
    let most = match hook {
        // Without a signature nothing of the body proves anything: whoever does not know the secret need not send much.
        Some(hook) if ends == Ends::InASecret && !is_believed(web, hook, request) => body::UNPROVEN,
        Some(hook) => hook.adapter.body_limit(),
        None => body::UNPROVEN,
    };
    let body = body::read(&mut payload, most, &web.memory, web.request_timeout).await?;
    let hook = hook.ok_or(Failure::NotFound)?;
    web.buckets.hooks.take().map_err(|after| Failure::TooMany { after })?;
    let method = match request.method().as_str() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        _ => return Err(Failure::Method),
    };
    let url = public_url(web, request);
    let peer = peer(request, &web.proxies);
    receive(web, hook, WebhookRequest { method, url: &url, headers: &Received(request.headers()), body: &body, peer }).await
}

/// The provider signed the URL that it called: the public one, whatever a proxy made of it.
fn public_url(web: &Web, request: &HttpRequest) -> String {
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
    format!("{}{path}", web.public_url)
}

fn is_believed(web: &Web, hook: &Hook, request: &HttpRequest) -> bool {
    let url = public_url(web, request);
    let (headers, peer) = (&Received(request.headers()), peer(request, &web.proxies));
    let head = WebhookRequest { method: Method::Post, url: &url, headers, body: &[], peer };
    match hook.adapter.guard() {
        // There may be a signature beside it, which is of the body.
        Some(guard) => guard::verify(guard, &head).is_ok(),
        None => hook.adapter.verify(&head).is_ok(),
    }
}

/// What a believed webhook said is stored; everything else is refused.
pub async fn receive(web: &Web, hook: &Hook, request: WebhookRequest<'_>) -> Result<Reply, Failure> {
    let channel = hook.name.as_str();
    if let Some(reply) = hook.adapter.handshake(&request) {
        return Ok(reply);
    }
    if let Err(refused) = believed(web, hook, &request).await? {
        let reason = word(refused);
        metrics::counter!(REFUSED, "channel" => channel.to_owned(), "reason" => reason).increment(1);
        tracing::warn!(channel, reason, "a webhook was refused");
        return Err(if refused == Refused::NoLogin { Failure::NoLogin } else { Failure::Refused });
    }
    let mut said = hook.adapter.decode(&request, &hook.routes).map_err(|malformed| {
        metrics::counter!(MALFORMED, "channel" => channel.to_owned()).increment(1);
        tracing::warn!(channel, reason = malformed.0, "a webhook could not be read");
        Failure::Malformed(malformed.0)
    })?;
    for one in &mut said {
        // A gateway that names nothing: whether it is a repeat cannot be known, and nothing may be lost.
        if let Decoded::Message(received) = one
            && received.message.id.is_empty()
        {
            received.message.id = format!("unnamed-{:016x}", web.core.random_bits());
        }
    }
    let core = std::sync::Arc::clone(&web.core);
    // A client that hangs up cancels its request here, but not what the request has begun.
    let stored = web.engine.spawn(async move { core.receive(said).await });
    match tokio::time::timeout(STORE, stored).await {
        Ok(Ok(Ok(_))) => Ok(hook.adapter.acknowledge()),
        Ok(Ok(Err(error))) => {
            tracing::error!(channel, %error, "a webhook could not be stored");
            Err(Failure::Unavailable)
        }
        Ok(Err(_)) => {
            tracing::error!(channel, "storing a webhook panicked");
            Err(Failure::Unavailable)
        }
        Err(_) => {
            tracing::error!(channel, "storing a webhook took too long");
            Err(Failure::Unavailable)
        }
    }
}

/// Whether the webhook is its provider's: by what it carries, and by a certificate where it is signed with one.
async fn believed(web: &Web, hook: &Hook, request: &WebhookRequest<'_>) -> Result<Result<(), Refused>, Failure> {
    if let Err(refused) = hook.adapter.verify(request) {
        return Ok(Err(refused));
    }
    let certificate = match hook.adapter.certificate_url(request) {
        None => None,
        Some(url) => {
            let core = std::sync::Arc::clone(&web.core);
            let fetched = web.engine.spawn(async move { core.certificate(&url).await }).await;
            // Its service tries again; that we cannot look says nothing of the request.
            Some(fetched.ok().flatten().ok_or(Failure::Unavailable)?)
        }
    };
    Ok(hook.adapter.prove(request, &Facts { now: web.core.store_now(), certificate: certificate.as_deref() }))
}

fn word(refused: Refused) -> &'static str {
    match refused {
        Refused::Unsigned => "unsigned",
        Refused::Forged => "forged",
        Refused::UnknownKey => "unknown_key",
        Refused::NoSecret => "no_secret",
        Refused::Stale => "stale",
        Refused::NoLogin => "no_login",
        Refused::Elsewhere => "elsewhere",
    }
}

/// Headers as they came.
struct Received<'a>(&'a HeaderMap);

impl Headers for Received<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }
}
