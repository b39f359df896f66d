//! The HTTP side of a stand-in for another system: real, on a free port, on a thread of its own.

use actix_web::dev::ServerHandle;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};
use std::time::Duration;

/// How long a connection may be idle: longer than the service keeps one.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The running server; it stops when this is dropped.
pub struct Server {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    handle: ServerHandle,
}

impl Server {
    /// Starts one that answers as this configures it.
    pub fn start(configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> Self {
        super::watch::begin();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || App::new().configure(configure.clone()));
                // As providers do; a connection that is closed while something is on its way to it makes a message unsure.
                let server = server.workers(1).keep_alive(KEEP_ALIVE).disable_signals();
                let server = server.bind(("127.0.0.1", 0)).expect("a free port");
                let port = server.addrs()[0].port();
                let server = server.run();
                tell.send((port, server.handle())).expect("the test waits");
                server.await.expect("the server runs");
            });
        });
        let (port, handle) = told.recv().expect("the server starts");
        Server { url: format!("http://127.0.0.1:{port}"), handle }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}
