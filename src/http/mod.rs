//! HTTP: webhooks of providers and of flows, events, the simulator, health and metrics. Every request is bounded in size, time and rate; a body is read
//! before anything is answered; what went wrong becomes a status in one place (`error`).

pub mod api;
pub mod body;
pub mod caller;
pub mod desks;
pub mod docs;
pub mod error;
pub mod event_stream;
pub mod events;
pub mod flows;
pub mod handoff;
pub mod health;
pub mod hooks;
pub mod keys;
pub mod links;
pub mod media;
pub mod openapi;
pub mod peer;
pub mod person;
pub mod phone;
pub mod rate;
pub mod simulator;
pub mod sources;
pub mod trace;
pub mod unsubscribe;
pub mod web;

use actix_web::HttpResponse;
use actix_web::web::{Data, Payload, ServiceConfig, delete, get, head, patch, post, resource};
use api::{broadcasts, contacts, imports, publications, schedules, suppressions};
use error::Failure;
use simulator::routes;
use web::Web;

/// Every route. What is not here is 404, and what is here with another method 405, both after the body was read.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(route("/hooks/{channel}").route(get().to(hooks::hook)).route(post().to(hooks::hook)))
        .service(route("/hooks/{channel}/status").route(get().to(hooks::hook)).route(post().to(hooks::hook)))
        .service(secret_hook("/hooks/{channel}/{secret}"))
        .service(secret_hook("/hooks/{channel}/{secret}/{what}"))
        .service(route("/u/{token}").route(get().to(unsubscribe::show)).route(post().to(unsubscribe::leave)))
        .service(route("/flows/{flow}/{name}/{secret}").route(get().to(flows::call)).route(post().to(flows::call)))
        .service(route("/sources/{name}").route(post().to(sources::plain)))
        .service(route("/sources/{name}/{secret}").route(post().to(sources::secret)))
        .service(route("/desks/{name}/{secret}").route(post().to(desks::post)))
        .service(route("/v1/events").route(post().to(events::post)))
        .service(route("/v1/contacts").route(get().to(contacts::list::list)).route(post().to(contacts::post)))
        .service(route("/v1/contacts/export").route(get().to(contacts::export::export)))
        .service(
            route("/v1/contacts/{id}")
                .route(get().to(contacts::get))
                .route(patch().to(contacts::patch))
                .route(delete().to(contacts::leave::delete)),
        )
        .service(route("/v1/contacts/{id}/merge").route(post().to(contacts::leave::merge)))
        .service(route("/v1/contacts/{id}/consent").route(get().to(contacts::consent::history)))
        .service(route("/v1/messages/preview").route(post().to(api::preview::post)))
        .service(route("/v1/suppressions").route(get().to(suppressions::list)).route(post().to(suppressions::post)))
        .service(route("/v1/suppressions/import").route(post().to(suppressions::import::post)))
        .service(route("/v1/suppressions/{id}").route(delete().to(suppressions::delete)))
        .service(route("/v1/imports").route(get().to(imports::list)).route(post().to(imports::post)))
        .service(route("/v1/imports/{id}").route(get().to(imports::get)))
        .service(route("/v1/imports/{id}/rows").route(get().to(imports::rows_of)))
        .service(route("/v1/contacts/{id}/handoff").route(get().to(handoff::state)))
        .service(route("/v1/contacts/{id}/handoff/take").route(post().to(handoff::take)))
        .service(route("/v1/contacts/{id}/handoff/messages").route(post().to(handoff::write)))
        .service(route("/v1/contacts/{id}/handoff/resolve").route(post().to(handoff::resolve)))
        .service(route("/v1/contacts/{id}/conversation").route(get().to(api::conversation::show)))
        .service(route("/v1/contacts/{id}/runs").route(post().to(api::conversation::begin)))
        .service(route("/v1/contacts/{id}/runs/end").route(post().to(api::conversation::end)))
        .service(route("/v1/handoffs").route(get().to(api::conversation::handoffs)))
        .service(route("/v1/flows").route(get().to(api::flows::list)))
        .service(route("/v1/flows/{name}").route(get().to(api::flows::show)))
        .service(route("/v1/flows/{name}/versions/{id}").route(get().to(api::flows::version)))
        .service(route("/v1/notifications").route(get().to(api::flows::notifications)))
        .service(route("/v1/channels").route(get().to(api::operations::channels)))
        .service(route("/v1/channels/{name}/pause").route(post().to(api::holds::pause)))
        .service(route("/v1/channels/{name}/resume").route(post().to(api::holds::resume)))
        .service(route("/v1/instance").route(get().to(api::instance::show)))
        .service(route("/v1/instance/drain").route(post().to(api::instance::drain)))
        .service(route("/v1/instance/resume").route(post().to(api::instance::resume)))
        .service(route("/v1/stuck").route(get().to(api::stuck::list)))
        .service(route("/v1/status").route(get().to(api::operations::status)))
        .service(route("/v1/integrations").route(get().to(api::integrations::list)))
        .service(route("/v1/settings").route(get().to(api::operations::settings)))
        .service(route("/v1/failed").route(get().to(api::failed::list)))
        .service(route("/v1/failed/{id}/retry").route(post().to(api::failed::retry)))
        .service(route("/v1/failed/{id}/drop").route(post().to(api::failed::forget)))
        .service(route("/v1/keys").route(get().to(api::keys::list)).route(post().to(api::keys::create)))
        .service(route("/v1/keys/{id}").route(get().to(api::keys::show)))
        .service(route("/v1/keys/{id}/revoke").route(post().to(api::keys::revoke)))
        .service(route("/v1/audit").route(get().to(api::audit::list)))
        .service(
            route("/v1/flows/{name}/publications").route(get().to(publications::list)).route(post().to(publications::publish)),
        )
        .service(route("/v1/flows/{name}/pause").route(post().to(api::pauses::pause)))
        .service(route("/v1/flows/{name}/resume").route(post().to(api::pauses::resume)))
        .service(route("/v1/flows/{name}/rollback").route(post().to(publications::rollback)))
        .service(route("/v1/flows/{name}/difference").route(get().to(publications::difference)))
        .service(route("/v1/contacts/{id}/timeline").route(get().to(api::timeline::get)))
        .service(route("/v1/runs").route(get().to(api::runs::list)))
        .service(route("/v1/runs/{id}").route(get().to(api::runs::get)))
        .service(route("/v1/states").route(get().to(api::states::list)))
        .service(route("/v1/messages").route(get().to(api::messages::list)))
        .service(route("/v1/search").route(get().to(api::messages::search)))
        .service(route("/v1/alerts").route(get().to(api::alerts::list)))
        .service(route("/v1/flows/{name}/figures").route(get().to(api::figures::get)))
        .service(route("/v1/test/messages").route(post().to(api::test::message)))
        .service(route("/v1/test/reports").route(post().to(api::test::report)))
        .service(route("/v1/test/time").route(post().to(api::test::time)))
        .service(route("/v1/test/sent").route(get().to(api::test::sent::sent)))
        .service(route("/v1/test/data").route(delete().to(api::test::data::delete)))
        .service(route("/v1/live").route(get().to(api::live::listen)))
        .service(route("/v1/broadcasts").route(get().to(broadcasts::list)).route(post().to(broadcasts::create)))
        .service(route("/v1/broadcasts/dry-run").route(post().to(broadcasts::dry_run)))
        .service(route("/v1/broadcasts/{id}").route(get().to(broadcasts::show)))
        .service(route("/v1/broadcasts/{id}/members").route(get().to(broadcasts::members)))
        .service(route("/v1/broadcasts/{id}/pause").route(post().to(broadcasts::pause)))
        .service(route("/v1/broadcasts/{id}/resume").route(post().to(broadcasts::resume)))
        .service(route("/v1/broadcasts/{id}/cancel").route(post().to(broadcasts::cancel)))
        .service(route("/v1/schedules").route(get().to(schedules::list)).route(post().to(schedules::create)))
        .service(
            route("/v1/schedules/{id}")
                .route(get().to(schedules::show))
                .route(patch().to(schedules::change))
                .route(delete().to(schedules::delete)),
        )
        .service(route("/v1/schedules/{id}/pause").route(post().to(schedules::pause)))
        .service(route("/v1/schedules/{id}/resume").route(post().to(schedules::resume)))
        .service(route("/v1/openapi.json").route(get().to(openapi::document)))
        .service(route("/v1/docs").route(get().to(docs::there)))
        .service(route("/v1/docs/{file:.*}").route(get().to(docs::file)))
        .service(route("/media/{name}").route(get().to(media::get)).route(head().to(media::get)))
        .service(route("/simulator/messages").route(get().to(routes::messages)).route(delete().to(routes::clear)))
        .service(route("/simulator/send").route(post().to(routes::send)))
        .service(route("/simulator/behaviour").route(get().to(routes::behaviour)).route(post().to(routes::behave)))
        .configure(phone::routes)
        .service(route("/health/live").route(get().to(health::live)))
        .service(route("/health/ready").route(get().to(health::ready)))
        .service(route("/metrics").route(get().to(health::metrics)))
        .default_service(actix_web::web::to(nothing_here));
}

fn secret_hook(path: &str) -> actix_web::Resource {
    route(path).route(get().to(hooks::secret_hook)).route(post().to(hooks::secret_hook))
}

fn route(path: &str) -> actix_web::Resource {
    resource(path).default_service(actix_web::web::to(other_method))
}

/// What `/metrics` says of the names that are counted here.
pub fn describe_metrics() {
    metrics::describe_counter!(hooks::REFUSED, "Webhooks that were not believed, by reason");
    metrics::describe_counter!(hooks::MALFORMED, "Webhooks that were believed and could not be read");
    metrics::describe_counter!(flows::REFUSED, "Calls of flows' webhooks and of sources that were not believed, by reason");
    metrics::describe_counter!(sources::ITEMS, "What analytics services sent, by source and result");
    metrics::describe_counter!(desks::ITEMS, "What persons did at desks, by desk and result");
    metrics::describe_counter!(trace::REQUESTS, "Answered requests by route and status");
    metrics::describe_histogram!(trace::SECONDS, "From a request's head to its answer");
}

async fn nothing_here(web: Data<Web>, payload: Payload) -> Result<HttpResponse, Failure> {
    refuse(web, payload, Failure::NotFound).await
}

async fn other_method(web: Data<Web>, payload: Payload) -> Result<HttpResponse, Failure> {
    refuse(web, payload, Failure::Method).await
}

async fn refuse(web: Data<Web>, mut payload: Payload, failure: Failure) -> Result<HttpResponse, Failure> {
    const NOBODY_READS_IT: usize = 64 * 1024;
    body::read(&mut payload, NOBODY_READS_IT, &web.memory, web.request_timeout).await?;
    Err(failure)
}
