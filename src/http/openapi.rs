//! The API's own description: OpenAPI 3.1, made from the handlers and their types. What is the same for every operation is added here once: who may
//! call, the name of a request, and what goes wrong everywhere.

use super::error::{PROBLEM, Problem};
use super::web::Web;
use super::{body, error::Failure};
use actix_web::HttpResponse;
use actix_web::web::{Data, Payload};
use std::sync::OnceLock;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Type};
use utoipa::{Modify, OpenApi};

/// The document: every operation is listed here, and a test finds those that are not.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Replyflow",
        description = "Two-way conversations over SMS, WhatsApp and mail. Lists are pages: `limit` items, and `next` is the `cursor` of the next page. \
                       Moments are RFC 3339 in UTC. What goes wrong is a problem (RFC 9457) with `field` and `request_id`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        super::events::post,
        super::api::contacts::post,
        super::api::contacts::list::list,
        super::api::contacts::export::export,
        super::api::contacts::get,
        super::api::contacts::patch,
        super::api::contacts::leave::delete,
        super::api::contacts::leave::merge,
        super::api::contacts::consent::history,
        super::api::imports::post,
        super::api::imports::list,
        super::api::imports::get,
        super::api::imports::rows_of,
        super::api::suppressions::list,
        super::api::suppressions::post,
        super::api::suppressions::delete,
        super::api::suppressions::import::post,
        super::handoff::state,
        super::handoff::take,
        super::handoff::write,
        super::handoff::resolve,
        super::api::conversation::show,
        super::api::conversation::begin,
        super::api::conversation::end,
        super::api::conversation::handoffs,
        super::api::flows::list,
        super::api::flows::show,
        super::api::flows::version,
        super::api::flows::notifications,
        super::api::operations::channels,
        super::api::holds::pause,
        super::api::holds::resume,
        super::api::instance::show,
        super::api::instance::drain,
        super::api::instance::resume,
        super::api::pauses::pause,
        super::api::pauses::resume,
        super::api::stuck::list,
        super::api::operations::status,
        super::api::integrations::list,
        super::api::operations::settings,
        super::api::failed::list,
        super::api::failed::retry,
        super::api::failed::forget,
        super::api::keys::list,
        super::api::keys::create,
        super::api::keys::show,
        super::api::keys::revoke,
        super::api::audit::list,
        super::api::publications::list,
        super::api::publications::publish,
        super::api::publications::rollback,
        super::api::publications::difference,
        super::api::timeline::get,
        super::api::runs::list,
        super::api::runs::get,
        super::api::states::list,
        super::api::messages::list,
        super::api::messages::search,
        super::api::alerts::list,
        super::api::preview::post,
        super::api::figures::get,
        super::api::live::listen,
        super::api::broadcasts::list,
        super::api::broadcasts::create,
        super::api::broadcasts::dry_run::dry_run,
        super::api::broadcasts::show,
        super::api::broadcasts::members,
        super::api::broadcasts::pause,
        super::api::broadcasts::resume,
        super::api::broadcasts::cancel,
        super::api::schedules::list,
        super::api::schedules::create,
        super::api::schedules::show,
        super::api::schedules::change,
        super::api::schedules::delete,
        super::api::schedules::pause,
        super::api::schedules::resume,
        super::api::test::message,
        super::api::test::report,
        super::api::test::time,
        super::api::test::sent::sent,
        super::api::test::data::delete,
        self::document,
    ),
    components(schemas(Problem)),
    modifiers(&Everywhere),
    tags(
        (name = "Contacts", description = "The people whom the service talks with"),
        (name = "Events", description = "What happened elsewhere, for the flows that wait for it"),
        (name = "Hand-offs", description = "Conversations that a flow gave to a person"),
        (name = "Conversations", description = "Where a contact's runs rest; beginning and ending them"),
        (name = "Flows", description = "What runs, version by version; what would change, publishing it, and the way back"),
        (name = "Operations", description = "How the service is, and what failed"),
        (name = "Keys", description = "Who may call the API, and what they may do"),
        (name = "Audit", description = "Who changed what, when, and by which request"),
        (name = "Broadcasts", description = "Messages to many: at once, at a time, in each contact's own morning, again and again"),
        (name = "History", description = "What happened: timelines, runs, messages, figures, and what happens now"),
        (name = "Test", description = "Trying things out with test contacts: what they write, their time, and what would have left"),
        (name = "About the API", description = "This document"),
    )
)]
struct Document;

/// The name of the security scheme.
const KEY: &str = "key";

/// What every operation has.
struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description = Some(
            "A key of the API (`replyflow key create`), or one of `[events] keys`. Its scopes say what it may do.".to_owned(),
        );
        let components = document.components.get_or_insert_default();
        components.security_schemes.insert(KEY.to_owned(), RefOr::T(SecurityScheme::Http(bearer)));
        for item in document.paths.paths.values_mut() {
            for (operation, is_post) in [
                (&mut item.get, false),
                (&mut item.delete, false),
                (&mut item.put, false),
                (&mut item.patch, false),
                (&mut item.post, true),
            ] {
                if let Some(operation) = operation {
                    complete(operation, is_post);
                }
            }
        }
    }
}

/// What goes wrong everywhere, and what else only where a key is needed.
const ALWAYS: [(u16, &str); 4] = [
    (408, "Reading the request took too long"),
    (413, "The body is too large"),
    (429, "Too many requests; `Retry-After` says when there is room again"),
    (503, "The store is not there or busy; the same request may come again"),
];
const WITH_KEY: [(u16, &str); 4] = [
    (400, "The request cannot be read"),
    (401, "No key, or one that is not known, expired or revoked"),
    (403, "The key has not the scope; `scope` says which"),
    (422, "A field or parameter is wrong; `field` says which"),
];
const POST: (u16, &str) = (409, "The request's name came with another body, or the request is being worked on");

fn complete(operation: &mut Operation, is_post: bool) {
    let secured = operation.security.as_ref().is_some_and(|all| !all.is_empty());
    let responses = &mut operation.responses.responses;
    // What a handler says of a failure itself has no body yet.
    for (status, response) in responses.iter_mut() {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && response.content.is_empty()
        {
            *response = problem(&response.description);
        }
    }
    let both = secured && is_post;
    let common = ALWAYS.iter().chain(WITH_KEY.iter().filter(|_| secured)).chain(Some(&POST).filter(|_| both));
    for (status, description) in common {
        responses.entry(status.to_string()).or_insert_with(|| RefOr::T(problem(description)));
    }
    for response in responses.values_mut() {
        if let RefOr::T(response) = response {
            response.headers.insert("X-Request-Id".to_owned(), header("The name of the request in the log").into());
            if secured {
                let policy = "`\"key\";q=…;w=…`: so many requests of this key within so many seconds";
                response.headers.insert("RateLimit-Policy".to_owned(), header(policy).into());
                let left = "`\"key\";r=…;t=…`: so many are left; all of them again after so many seconds";
                response.headers.insert("RateLimit".to_owned(), header(left).into());
            }
        }
    }
    for status in ["429", "503"] {
        if let Some(RefOr::T(response)) = responses.get_mut(status) {
            response.headers.insert("Retry-After".to_owned(), header("Seconds").into());
        }
    }
    if both {
        let name =
            "A name for this request, 1 to 256 characters: the same request again is answered as the first time, for 24 hours";
        operation.parameters.get_or_insert_default().push(in_header("Idempotency-Key", name).into());
    }
}

fn problem(description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    ResponseBuilder::new().description(description).content(PROBLEM, ContentBuilder::new().schema(Some(schema)).build()).build()
}

fn header(description: &str) -> utoipa::openapi::Header {
    HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String))).description(Some(description)).build()
}

fn in_header(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

/// The document as JSON.
pub fn json() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| Document::openapi().to_pretty_json().unwrap_or_default())
}

/// This document
///
/// It says nothing of the project, and needs no key.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "About the API", operation_id = "get_openapi",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
pub async fn document(web: Data<Web>, mut payload: Payload) -> Result<HttpResponse, Failure> {
    body::read(&mut payload, body::UNPROVEN, &web.memory, web.request_timeout).await?;
    web.buckets.docs.take().map_err(|after| Failure::TooMany { after })?;
    Ok(HttpResponse::Ok().content_type("application/json").body(json()))
}
