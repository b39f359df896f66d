//! Health and metrics: for whoever starts, stops and watches instances.

use super::error::Failure;
use super::web::{Readiness, Web};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;
use std::time::Duration;

/// The longest that the store may take to say that it is there.
const STORE: Duration = Duration::from_secs(2);

/// `GET /health/live`: the process answers. Nothing else: a restart cures no store.
///
/// Without a limit: whoever asks too much for it must not have the instance restarted.
pub async fn live() -> Result<HttpResponse, Failure> {
    Ok(HttpResponse::Ok().json(serde_json::json!({ "status": "live" })))
}

/// `GET /health/ready`: webhooks would be stored now.
pub async fn ready(web: Data<Web>) -> Result<HttpResponse, Failure> {
    web.buckets.probes.take().map_err(|after| Failure::TooMany { after })?;
    match web.ready.how() {
        Readiness::Stopping => return Ok(unready("stopping")),
        // The core is what takes work or does not.
        Readiness::Draining | Readiness::Working if web.core.is_draining() => return Ok(unready("draining")),
        Readiness::Draining | Readiness::Working => {}
    }
    let core = Arc::clone(&web.core);
    let asked = web.engine.spawn(async move { core.store().now().await });
    match tokio::time::timeout(STORE, asked).await {
        // A flow that was refused runs as it was published last: no reason to take the instance away.
        Ok(Ok(Ok(_))) => {
            let (refused, read) = (web.core.versions().refused(), web.core.versions().reads());
            let broken: Vec<String> = web.core.broken_apis().iter().map(ToString::to_string).collect();
            let channels: Vec<String> = web.core.broken_channels().iter().map(ToString::to_string).collect();
            Ok(HttpResponse::Ok().json(serde_json::json!({
                "status": "ready", "flows_refused": refused, "flows_read": read, "apis_broken": broken, "channels_broken": channels
            })))
        }
        _ => Ok(unready("the store does not answer")),
    }
}

fn unready(why: &str) -> HttpResponse {
    HttpResponse::ServiceUnavailable().json(serde_json::json!({ "status": "not ready", "reason": why }))
}

/// `GET /metrics`: Prometheus' text format.
pub async fn metrics(web: Data<Web>, request: HttpRequest) -> Result<HttpResponse, Failure> {
    web.buckets.probes.take().map_err(|after| Failure::TooMany { after })?;
    let (handle, keys) = web.metrics.as_ref().ok_or(Failure::NotFound)?;
    if !keys.is_empty() {
        keys.check(&request)?;
    }
    let core = Arc::clone(&web.core);
    let asked = web.engine.spawn(async move { core.store().depths().await });
    // Without the store the depths stay as they were: the other figures matter all the more.
    let depths = tokio::time::timeout(STORE, asked).await;
    crate::service::metrics::store_up(matches!(depths, Ok(Ok(Ok(_)))));
    if let Ok(Ok(Ok(depths))) = depths {
        crate::service::metrics::depths(&depths);
    }
    for channel in web.core.world().channels.keys() {
        crate::service::metrics::pace(channel.as_str(), web.core.channel_pace(channel));
    }
    let (contacts, sends) = web.core.busy();
    crate::service::metrics::busy(contacts, sends);
    let broken = web.core.broken_apis();
    let apis = web.core.world().apis.keys();
    crate::service::metrics::circuits(apis.map(|api| (api.as_str(), broken.contains(api))));
    let broken = web.core.broken_channels();
    let channels = web.core.world().channels.keys();
    crate::service::metrics::channel_circuits(channels.map(|channel| (channel.as_str(), broken.contains(channel))));
    crate::service::metrics::flows_refused(web.core.versions().refused());
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render()))
}
