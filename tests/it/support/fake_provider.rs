//! A fake of the providers' own APIs over real HTTP: takes sends as Twilio and Meta do, or as an [`Api`] says, records them, and answers on
//! demand with errors, throttling, garbage or nothing.

use super::server::Server;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};
use replyflow::domain::id::SendRef;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// One provider's API: what it takes and how it answers. `{id}` stands for the id of a message, which the fake makes.
#[derive(Debug, Clone, Copy)]
pub struct Api {
    /// Method and path of a send.
    pub send: (&'static str, &'static str),
    /// What proves the login.
    pub login: Login,
    /// Status and body when it takes a message.
    pub accepted: (u16, &'static str),
    /// When it is asked too fast.
    pub throttled: (u16, &'static str),
    /// When it refuses a message.
    pub refused: (u16, &'static str),
    /// Where it can be asked what became of a message, and what it answers of the last one; `{ref}` is our name of it.
    pub lookup: Option<(&'static str, &'static str)>,
}

/// What proves a login.
#[derive(Debug, Clone, Copy)]
pub enum Login {
    /// This header with this value.
    Header(&'static str, &'static str),
    /// This header, beginning so.
    Begins(&'static str, &'static str),
    /// A part of the query or of the body.
    Within(&'static str),
}

/// How the fake answers one send.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// As the provider answers when all is well.
    Accept,
    /// This status and body, whatever they are.
    Answer(u16, String),
    /// Too many requests, with Retry-After in seconds.
    Throttle(u64),
    /// The message is not taken and never will be, as an [`Api`] says it.
    Refuse,
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
    /// Method and path.
    pub asked: (String, String),
    /// Everything of path, query and body that is text, decoded.
    pub decoded: String,
    /// Whether the login was proven.
    pub known: bool,
    /// The key by which the provider knows a repeat, if the request has one in a header.
    pub key: Option<String>,
    /// The id that it was answered with.
    pub id: String,
}

#[derive(Default)]
struct State {
    sent: Vec<Sent>,
    next: VecDeque<Behaviour>,
    lookups: usize,
    like: Option<(Api, &'static str)>,
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
        FakeProvider::new(State::default())
    }

    /// The API of one provider; its ids of messages are of this form, with `{n}` in them.
    pub fn of(api: Api, id: &'static str) -> Self {
        FakeProvider::new(State { like: Some((api, id)), ..State::default() })
    }

    fn new(state: State) -> Self {
        let shared: Arc<(Mutex<State>, Condvar)> = Arc::new((Mutex::new(state), Condvar::new()));
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

    /// The same for whoever must not stand still meanwhile: the service may be in this very thread.
    pub async fn comes(&self, time: Duration, done: impl Fn(&[Sent]) -> bool) -> Vec<Sent> {
        let end = Instant::now() + time;
        loop {
            let sent = self.sent();
            if done(&sent) {
                return sent;
            }
            assert!(Instant::now() < end, "waited {time:?}; came: {sent:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How often it was asked what became of a message.
    pub fn lookups(&self) -> usize {
        self.lock().lookups
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared.0.lock().expect("not poisoned")
    }
}

async fn take(request: HttpRequest, body: web::Bytes, shared: web::Data<(Mutex<State>, Condvar)>) -> HttpResponse {
    let body = String::from_utf8_lossy(&body).into_owned();
    let (behaviour, n, like, id) = {
        let mut state = shared.0.lock().expect("not poisoned");
        let like = state.like;
        if let Some(answer) = like.and_then(|(api, _)| looked_up(&api, &request, &mut state)) {
            return answer;
        }
        let n = state.sent.len() + 1;
        let mut sent = read(&request, body);
        sent.id = like.map_or_else(String::new, |(_, id)| id.replace("{n}", &format!("{n:04}")));
        sent.known = like.is_none_or(|(api, _)| proves(api.login, &request, &sent.decoded));
        let behaviour = state.next.pop_front().unwrap_or(Behaviour::Accept);
        sent.accepted = matches!(behaviour, Behaviour::Accept | Behaviour::TakeAndDrop | Behaviour::Slow(_));
        let id = sent.id.clone();
        state.sent.push(sent);
        (behaviour, n, like.map(|(api, _)| api), id)
    };
    shared.1.notify_all();
    let accepted = || match like {
        Some(api) => answer(api.accepted, &id),
        None => accepted(request.path(), n),
    };
    match (behaviour, like) {
        (Behaviour::Accept, _) => accepted(),
        (Behaviour::Answer(status, text), _) => answer((status, &text), ""),
        (Behaviour::Throttle(after), Some(api)) if api.throttled.0 == 429 => {
            let mut answer = answer(api.throttled, "");
            answer.headers_mut().insert(RETRY_AFTER, after.into());
            answer
        }
        (Behaviour::Throttle(_), Some(api)) => answer(api.throttled, ""),
        (Behaviour::Throttle(after), None) => HttpResponse::TooManyRequests()
            .insert_header(("Retry-After", after.to_string()))
            .content_type("application/json")
            .body(r#"{"code":20429,"message":"Too Many Requests","status":429}"#),
        (Behaviour::Refuse, like) => answer(like.map_or((400, "{}"), |api| api.refused), ""),
        (Behaviour::TakeAndDrop, _) => {
            // A body that breaks off in the middle: the client has no usable answer.
            let broken = futures_util::stream::once(async { Err::<web::Bytes, std::io::Error>(std::io::Error::other("cut")) });
            HttpResponse::Ok().streaming(broken)
        }
        (Behaviour::Slow(time), _) => {
            actix_web::rt::time::sleep(time).await;
            accepted()
        }
    }
}

fn answer((status, body): (u16, &str), id: &str) -> HttpResponse {
    let kind = if body.starts_with(['{', '[']) { "application/json" } else { "text/plain" };
    let status = actix_web::http::StatusCode::from_u16(status).expect("a status");
    HttpResponse::build(status).content_type(kind).body(body.replace("{id}", id))
}

/// Whether it was only asked what became of a message.
fn looked_up(api: &Api, request: &HttpRequest, state: &mut State) -> Option<HttpResponse> {
    let (path, body) = api.lookup.filter(|(path, _)| request.method() == "GET" && request.path() == *path)?;
    debug_assert_eq!(path, request.path());
    state.lookups += 1;
    let last = state.sent.last()?;
    Some(answer((200, &body.replace("{ref}", last.effect.as_deref().unwrap_or(""))), &last.id))
}

fn proves(login: Login, request: &HttpRequest, decoded: &str) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    match login {
        Login::Header(name, value) => header(name) == value,
        Login::Begins(name, value) => header(name).starts_with(value),
        Login::Within(part) => decoded.contains(part),
    }
}

/// Path, query and body without the escapes of URLs, forms and JSON, as far as they hide names and numbers.
fn decoded(request: &HttpRequest, body: &str) -> String {
    let asked = request.uri().path_and_query().map_or("", |asked| asked.as_str());
    let plain = |text: &str| {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        pairs
            .map(|(name, value)| if value.is_empty() { name.into_owned() } else { format!("{name}={value}") })
            .collect::<Vec<_>>()
    };
    let mut parts = plain(&asked.replacen('?', "&", 1));
    if body.starts_with(['{', '[']) {
        parts.push(body.replace("\\/", "/"))
    } else {
        parts.extend(plain(body))
    }
    parts.join("\n")
}

/// Our name of the message, wherever it stands.
fn name_of_ours(decoded: &str) -> Option<String> {
    let mut words = decoded.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    words.find(|word| SendRef::parse(word).is_some()).map(str::to_owned)
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

fn read(request: &HttpRequest, body: String) -> Sent {
    let decoded = decoded(request, &body);
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut sent = Sent {
        to: String::new(),
        text: String::new(),
        effect: name_of_ours(&decoded),
        accepted: false,
        asked: (request.method().to_string(), request.path().to_owned()),
        decoded,
        known: false,
        key: header("idempotency-key"),
        id: String::new(),
        body,
    };
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(&sent.body) {
        let text = |pointer: &str| json.pointer(pointer).and_then(|v| v.as_str()).map(str::to_owned);
        let (to, words) = (text("/to").or_else(|| text("/recipient")), text("/text/body"));
        (sent.to, sent.text) = (to.unwrap_or_default(), words.or_else(|| text("/interactive/body/text")).unwrap_or_default());
    } else {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(sent.body.as_bytes()).into_owned().collect();
        for (name, value) in pairs {
            match &*name {
                "To" => sent.to = value,
                "Body" => sent.text = value,
                _ => {}
            }
        }
    }
    sent
}
