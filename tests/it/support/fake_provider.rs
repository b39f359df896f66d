//! A fake of the providers' own APIs over real HTTP: takes sends as Twilio and Meta do, records them, and answers on demand with
//! errors, throttling, garbage or nothing.

use super::server::Server;
use actix_web::{HttpRequest, HttpResponse, web};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// How the fake answers one send.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// As the provider answers when all is well.
    Accept,
    /// This status and body, whatever they are.
    Answer(u16, String),
    /// Too many requests, with Retry-After in seconds.
    Throttle(u64),
    /// Takes the message and closes the connection without an answer.
    TakeAndDrop,
    /// Takes the message and answers after this time.
    Slow(Duration),
}

/// One send as it came.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The receiver as it was written.
    pub to: String,
    /// The text or question.
    pub text: String,
    /// The whole body.
    pub body: String,
    /// Our name of the message: the effect id in the status callback or in the opaque data.
    pub effect: Option<String>,
    /// Whether it was accepted.
    pub accepted: bool,
}

#[derive(Default)]
struct State {
    sent: Vec<Sent>,
    next: VecDeque<Behaviour>,
}

/// The running fake.
pub struct FakeProvider {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    shared: Arc<(Mutex<State>, Condvar)>,
    _server: Server,
}

impl FakeProvider {
    /// Starts on a free port, on a thread of its own.
    pub fn start() -> Self {
        let shared: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let data = web::Data::from(shared.clone());
        let server = Server::start(move |app| {
            let all = web::PayloadConfig::new(8 << 20);
            app.app_data(data.clone()).app_data(all).default_service(web::to(take));
        });
        FakeProvider { url: server.url.clone(), shared, _server: server }
    }

    /// The next sends are answered so, in turn; all others are accepted.
    pub fn then(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.lock().next.extend(behaviours);
    }

    /// Everything that came, accepted or not.
    pub fn sent(&self) -> Vec<Sent> {
        self.lock().sent.clone()
    }

    /// Waits until `done` holds for what came; panics with what came after the time.
    pub fn wait(&self, time: Duration, done: impl Fn(&[Sent]) -> bool) -> Vec<Sent> {
        let end = Instant::now() + time;
        let mut state = self.lock();
        loop {
            if done(&state.sent) {
                return state.sent.clone();
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited {time:?}; came: {:#?}", state.sent.iter().map(|s| &s.text).collect::<Vec<_>>());
            state = self.shared.1.wait_timeout(state, left).expect("not poisoned").0;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared.0.lock().expect("not poisoned")
    }
}

async fn take(request: HttpRequest, body: web::Bytes, shared: web::Data<(Mutex<State>, Condvar)>) -> HttpResponse {
    let body = String::from_utf8_lossy(&body).into_owned();
    let mut sent = read(&body);
    let behaviour = {
        let mut state = shared.0.lock().expect("not poisoned");
        let behaviour = state.next.pop_front().unwrap_or(Behaviour::Accept);
        sent.accepted = matches!(behaviour, Behaviour::Accept | Behaviour::TakeAndDrop | Behaviour::Slow(_));
        state.sent.push(sent);
        behaviour
    };
    shared.1.notify_all();
    let n = shared.0.lock().expect("not poisoned").sent.len();
    match behaviour {
        Behaviour::Accept => accepted(request.path(), n),
        Behaviour::Answer(status, text) => HttpResponse::build(actix_web::http::StatusCode::from_u16(status).expect("a status"))
            .content_type("application/json")
            .body(text),
        Behaviour::Throttle(after) => HttpResponse::TooManyRequests()
            .insert_header(("Retry-After", after.to_string()))
            .content_type("application/json")
            .body(r#"{"code":20429,"message":"Too Many Requests","status":429}"#),
        Behaviour::TakeAndDrop => {
            // A body that breaks off in the middle: the client has no usable answer.
            let broken = futures_util::stream::once(async { Err::<web::Bytes, std::io::Error>(std::io::Error::other("cut")) });
            HttpResponse::Ok().streaming(broken)
        }
        Behaviour::Slow(time) => {
            actix_web::rt::time::sleep(time).await;
            accepted(request.path(), n)
        }
    }
}

fn accepted(path: &str, n: usize) -> HttpResponse {
    if path.ends_with("Messages.json") {
        HttpResponse::Created().content_type("application/json").body(format!(
            r#"{{"sid":"SM{n:032x}","status":"queued","num_segments":"1","error_code":null,"error_message":null}}"#
        ))
    } else {
        HttpResponse::Ok().content_type("application/json").body(format!(
            r#"{{"messaging_product":"whatsapp","contacts":[{{"input":"x","wa_id":"x"}}],"messages":[{{"id":"wamid.{n}"}}]}}"#
        ))
    }
}

fn read(body: &str) -> Sent {
    let mut sent = Sent { to: String::new(), text: String::new(), body: body.to_owned(), effect: None, accepted: false };
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(body) {
        let text = |pointer: &str| json.pointer(pointer).and_then(|v| v.as_str()).map(str::to_owned);
        sent.to = text("/to").or_else(|| text("/recipient")).unwrap_or_default();
        sent.text = text("/text/body").or_else(|| text("/interactive/body/text")).unwrap_or_default();
        sent.effect = text("/biz_opaque_callback_data");
    } else {
        for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
            match &*name {
                "To" => sent.to = value.into_owned(),
                "Body" => sent.text = value.into_owned(),
                "StatusCallback" => {
                    sent.effect = value.split_once("send=").map(|(_, e)| e.split('&').next().unwrap_or(e).to_owned());
                }
                _ => {}
            }
        }
    }
    sent
}
