//! The shop of the mission's example: `GET /customers/{phone}` says what kind of customer, `PUT /orders/{id}` changes an order.

use super::server::Server;
use actix_web::{HttpResponse, web};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How the shop answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// As documented.
    Well,
    /// As documented, after this time.
    Slow(Duration),
    /// 503 to everything.
    Down,
    /// 200 with something that is no JSON.
    Nonsense,
}

/// The running shop.
pub struct Shop {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    state: Arc<State>,
    _server: Server,
}

struct State {
    kinds: HashMap<String, String>,
    changed: Mutex<Vec<(String, serde_json::Value)>>,
    asked: AtomicUsize,
    mood: Mutex<Mood>,
}

impl Shop {
    /// Starts on a free port with these customers.
    pub fn start<const N: usize>(customers: [(&str, &str); N]) -> Self {
        let kinds = customers.into_iter().map(|(phone, kind)| (phone.to_owned(), kind.to_owned())).collect();
        let state =
            Arc::new(State { kinds, changed: Mutex::default(), asked: AtomicUsize::new(0), mood: Mutex::new(Mood::Well) });
        let data = web::Data::from(state.clone());
        let server = Server::start(move |app| {
            app.app_data(data.clone())
                .route("/customers/{phone}", web::get().to(customer))
                .route("/orders/{id}", web::put().to(order));
        });
        Shop { url: server.url.clone(), state, _server: server }
    }

    /// Answers so from now on.
    pub fn be(&self, mood: Mood) {
        *self.state.mood.lock().expect("not poisoned") = mood;
    }

    /// How often somebody asked for a customer.
    pub fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    /// The orders that were changed, in order.
    pub fn changed(&self) -> Vec<(String, serde_json::Value)> {
        self.state.changed.lock().expect("not poisoned").clone()
    }
}

/// What the mood makes of a request; nothing where it is answered as documented.
async fn moody(state: &State) -> Option<HttpResponse> {
    let mood = *state.mood.lock().expect("not poisoned");
    match mood {
        Mood::Well => None,
        Mood::Slow(time) => {
            tokio::time::sleep(time).await;
            None
        }
        Mood::Down => Some(HttpResponse::ServiceUnavailable().body("<html>upstream</html>")),
        Mood::Nonsense => Some(HttpResponse::Ok().content_type("application/json").body("{\"type\": pow")),
    }
}

async fn customer(phone: web::Path<String>, state: web::Data<State>) -> HttpResponse {
    state.asked.fetch_add(1, Ordering::SeqCst);
    if let Some(answer) = moody(&state).await {
        return answer;
    }
    match state.kinds.get(phone.as_str()) {
        Some(kind) => HttpResponse::Ok().json(serde_json::json!({ "type": kind })),
        None => HttpResponse::NotFound().finish(),
    }
}

async fn order(id: web::Path<String>, body: web::Json<serde_json::Value>, state: web::Data<State>) -> HttpResponse {
    if let Some(answer) = moody(&state).await {
        return answer;
    }
    state.changed.lock().expect("not poisoned").push((id.into_inner(), body.into_inner()));
    HttpResponse::NoContent().finish()
}
