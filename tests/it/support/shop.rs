//! The shop of the mission's example: `GET /customers/{phone}` says what kind of customer, `PUT /orders/{id}` changes an order.

use actix_web::{App, HttpResponse, HttpServer, web};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The running shop.
pub struct Shop {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    state: Arc<State>,
    handle: actix_web::dev::ServerHandle,
}

struct State {
    kinds: HashMap<String, String>,
    changed: Mutex<Vec<(String, serde_json::Value)>>,
}

impl Shop {
    /// Starts on a free port with these customers.
    pub fn start<const N: usize>(customers: [(&str, &str); N]) -> Self {
        let kinds = customers.into_iter().map(|(phone, kind)| (phone.to_owned(), kind.to_owned())).collect();
        let state = Arc::new(State { kinds, changed: Mutex::default() });
        let (tell, told) = std::sync::mpsc::channel();
        let shared = state.clone();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let data = web::Data::from(shared);
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(data.clone())
                        .route("/customers/{phone}", web::get().to(customer))
                        .route("/orders/{id}", web::put().to(order))
                });
                let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).expect("a free port");
                let port = server.addrs()[0].port();
                let server = server.run();
                tell.send((port, server.handle())).expect("the test waits");
                server.await.expect("the shop runs");
            });
        });
        let (port, handle) = told.recv().expect("the shop starts");
        Shop { url: format!("http://127.0.0.1:{port}"), state, handle }
    }

    /// The orders that were changed, in order.
    pub fn changed(&self) -> Vec<(String, serde_json::Value)> {
        self.state.changed.lock().expect("not poisoned").clone()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn customer(phone: web::Path<String>, state: web::Data<State>) -> HttpResponse {
    match state.kinds.get(phone.as_str()) {
        Some(kind) => HttpResponse::Ok().json(serde_json::json!({ "type": kind })),
        None => HttpResponse::NotFound().finish(),
    }
}

async fn order(id: web::Path<String>, body: web::Json<serde_json::Value>, state: web::Data<State>) -> HttpResponse {
    state.changed.lock().expect("not poisoned").push((id.into_inner(), body.into_inner()));
    HttpResponse::NoContent().finish()
}
