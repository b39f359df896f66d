//! Another system that is called: whatever comes is kept with its headers and answered as the test says.

use super::patience::LONG;
use super::server::Server;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

/// The signing secret of the tests.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// How a path answers.
#[derive(Debug, Clone)]
pub enum Answer {
    /// This status, with an empty JSON body.
    Status(u16),
    /// This status and `Retry-After`.
    Later(u16, &'static str),
    /// Nothing: the connection stays open in silence.
    Silence,
    /// Elsewhere.
    Redirect(String),
    /// 200 and more than anybody reads.
    Huge,
    /// 200 and something that is no JSON.
    Nonsense,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Came {
    /// Its path.
    pub path: String,
    /// `webhook-id`
    pub id: String,
    /// Whether the signature is that of the secret, over what came.
    pub signed: bool,
    /// The body.
    pub body: serde_json::Value,
}

impl Came {
    /// `message.sent`
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or("")
    }
}

#[derive(Default)]
struct State {
    came: Vec<Came>,
    answers: HashMap<String, Answer>,
}

/// The running system.
pub struct Receiver {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    shared: Arc<(Mutex<State>, Condvar)>,
    _server: Server,
}

impl Receiver {
    /// Starts on a free port, on a thread of its own. Every path answers 200.
    pub fn start() -> Self {
        let shared: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let data = web::Data::from(shared.clone());
        let server = Server::start(move |app| {
            app.app_data(data.clone()).default_service(web::to(take));
        });
        Receiver { url: server.url.clone(), shared, _server: server }
    }

    /// From now on this path answers so.
    pub fn answers(&self, path: &str, answer: Answer) {
        self.shared.0.lock().expect("not poisoned").answers.insert(path.to_owned(), answer);
    }

    /// What came to this path.
    pub fn came(&self, path: &str) -> Vec<Came> {
        let state = self.shared.0.lock().expect("not poisoned");
        state.came.iter().filter(|came| came.path == path).cloned().collect()
    }

    /// What came anywhere.
    pub fn all(&self) -> Vec<Came> {
        self.shared.0.lock().expect("not poisoned").came.clone()
    }

    /// Waits until `done` holds for what came to this path.
    pub fn wait(&self, path: &str, done: impl Fn(&[Came]) -> bool) -> Vec<Came> {
        let end = Instant::now() + LONG;
        let mut state = self.shared.0.lock().expect("not poisoned");
        loop {
            let came: Vec<Came> = state.came.iter().filter(|came| came.path == path).cloned().collect();
            if done(&came) {
                return came;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "came to {path}: {came:#?}");
            state = self.shared.1.wait_timeout(state, left).expect("not poisoned").0;
        }
    }
}

async fn take(request: HttpRequest, body: web::Bytes, shared: web::Data<(Mutex<State>, Condvar)>) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let path = request.path().to_owned();
    let signed = header("webhook-signature").split(' ').any(|given| given == signature(&id, &timestamp, &body));
    let answer = {
        let mut state = shared.0.lock().expect("not poisoned");
        let body = serde_json::from_slice(&body).unwrap_or_default();
        state.came.push(Came { path: path.clone(), id, signed, body });
        state.answers.get(&path).cloned().unwrap_or(Answer::Status(200))
    };
    shared.1.notify_all();
    let of = |status: u16| HttpResponse::build(actix_web::http::StatusCode::from_u16(status).expect("a status"));
    match answer {
        Answer::Status(status) => of(status).content_type("application/json").body("{}"),
        Answer::Later(status, after) => of(status).insert_header(("Retry-After", after)).finish(),
        Answer::Redirect(to) => of(302).insert_header(("Location", to)).finish(),
        Answer::Huge => of(200).body(vec![b'x'; 8 << 20]),
        Answer::Nonsense => of(200).content_type("application/json").body("<html>{"),
        Answer::Silence => std::future::pending().await,
    }
}

/// As Standard Webhooks says: written here again, so that the service's own code does not judge itself.
fn signature(id: &str, timestamp: &str, body: &[u8]) -> String {
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_")).expect("base64");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("a key");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}
