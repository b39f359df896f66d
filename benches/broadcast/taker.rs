//! A fake of Twilio's API that takes every message at once, and counts messages and people.

use actix_web::web::{Bytes, Data, PayloadConfig, to};
use actix_web::{App, HttpResponse, HttpServer};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The running fake.
pub struct Taker {
    /// Where it is.
    pub url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    taken: AtomicU64,
    people: Mutex<HashSet<u64>>,
}

impl Taker {
    /// Starts it on a free port, on a thread of its own.
    pub fn start() -> Self {
        let state: Arc<State> = Arc::default();
        let (tell, told) = std::sync::mpsc::channel();
        let data = Data::from(Arc::clone(&state));
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let app = App::new().app_data(Data::clone(&data)).app_data(PayloadConfig::new(1 << 20));
                    app.default_service(to(take))
                });
                let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).expect("a free port");
                tell.send(server.addrs()[0].port()).expect("the bench waits");
                server.run().await.expect("the fake provider runs");
            });
        });
        let port = told.recv().expect("the fake provider starts");
        Taker { url: format!("http://127.0.0.1:{port}"), state }
    }

    /// Messages.
    pub fn taken(&self) -> u64 {
        self.state.taken.load(Ordering::Relaxed)
    }

    /// People to whom they were.
    pub fn people(&self) -> usize {
        self.state.people.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

async fn take(body: Bytes, state: Data<State>) -> HttpResponse {
    for (name, value) in url::form_urlencoded::parse(&body) {
        if name == "To"
            && let Some(number) = value.strip_prefix('+').and_then(|digits| digits.parse().ok())
        {
            state.people.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
        }
    }
    let n = state.taken.fetch_add(1, Ordering::Relaxed);
    HttpResponse::Created()
        .content_type("application/json")
        .body(format!(r#"{{"sid":"SM{n:032x}","status":"queued","num_segments":"1","error_code":null,"error_message":null}}"#))
}
