//! The page `/phone`: a phone that is not one, for the channels of the simulator. What it writes goes the ordinary way, through
//! the webhook of its channel; what it shows comes from the simulator's phones and from the journal. It exists only while a
//! channel is simulated, and shows nothing of contacts that are known over a real channel. Like the simulator it has no
//! password: whoever reaches the port may use it. Only another site in the same browser may not.

mod act;
mod assets;
mod describe;
mod guard;
mod picture;
mod save;
mod state;
mod stream;

use super::error::Failure;
use super::web::Web;
use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, get, post};
use picture::Pictures;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Conversations that are looked at in one moment.
const STREAMS: usize = 64;

/// What the page's routes share.
#[derive(Debug)]
pub struct Desk {
    /// The folder of flows and their tests.
    flows: PathBuf,
    pictures: Pictures,
    streams: Arc<Semaphore>,
}

impl Desk {
    /// A desk without pictures on it.
    pub fn new(flows: PathBuf) -> Self {
        Desk { flows, pictures: Pictures::default(), streams: Arc::new(Semaphore::new(STREAMS)) }
    }
}

/// The desk, while there is one and its routes are not called too fast.
fn desk(web: &Web) -> Result<&Desk, Failure> {
    web.buckets.simulator.take().map_err(|after| Failure::TooMany { after })?;
    web.phone.as_ref().ok_or(Failure::NotFound)
}

/// The routes of the page.
pub fn routes(config: &mut ServiceConfig) {
    use super::route;
    config
        .service(route("/").route(get().to(home)))
        .service(route("/phone").route(get().to(assets::page)))
        .service(route("/phone/assets/{name}").route(get().to(assets::asset)))
        .service(route("/phone/project").route(get().to(describe::project)))
        .service(route("/phone/stream").route(get().to(stream::stream)))
        .service(route("/phone/time").route(post().to(act::time)))
        .service(route("/phone/language").route(post().to(act::language)))
        .service(route("/phone/begin").route(post().to(act::begin)))
        .service(route("/phone/event").route(post().to(act::event)))
        .service(route("/phone/save").route(post().to(save::save)))
        .service(route("/phone/add").route(post().to(save::add)))
        .service(route("/phone/pictures").route(post().to(picture::put)))
        .service(route("/phone/pictures/{id}").route(get().to(picture::get)));
}

/// `GET /`: who opens the service in a browser wants to see something.
async fn home(web: Data<Web>) -> Result<HttpResponse, Failure> {
    desk(&web)?;
    Ok(HttpResponse::TemporaryRedirect().insert_header(("Location", "/phone")).finish())
}
