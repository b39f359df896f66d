//! `/v1/docs/`: a page on which the API can be tried. Its files are part of the program; it loads nothing from elsewhere, and nobody frames it.

use super::error::Failure;
use super::web::Web;
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path};
use std::sync::{Arc, LazyLock};
use utoipa_swagger_ui::Config;

/// Scripts and requests only from and to where the page is from; the page's program writes its own styles and shows pictures that it holds itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where the document is, and that nobody else is asked what they think of it.
static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("/v1/openapi.json");
    Arc::new(config.use_base_layout().validator_url("none").display_request_duration(true).try_it_out_enabled(true))
});

/// `GET /v1/docs`
pub async fn there(web: Data<Web>) -> Result<HttpResponse, Failure> {
    web.buckets.docs.take().map_err(|after| Failure::TooMany { after })?;
    Ok(HttpResponse::PermanentRedirect().insert_header((LOCATION, "/v1/docs/")).finish())
}

/// `GET /v1/docs/FILE`
pub async fn file(web: Data<Web>, name: Path<String>) -> Result<HttpResponse, Failure> {
    web.buckets.docs.take().map_err(|after| Failure::TooMany { after })?;
    let found = utoipa_swagger_ui::serve(&name, Arc::clone(&CONFIG)).map_err(|error| {
        tracing::error!(%error, "the page of the API could not be made");
        Failure::NotFound
    })?;
    let file = found.ok_or(Failure::NotFound)?;
    Ok(HttpResponse::Ok()
        .content_type(file.content_type)
        .insert_header(("Content-Security-Policy", POLICY))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .insert_header(("Cache-Control", "max-age=3600"))
        .body(file.bytes.into_owned()))
}
