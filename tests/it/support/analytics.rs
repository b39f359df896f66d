//! A stand-in for Mixpanel, Segment and Amplitude over real HTTP: it checks what they check, keeps what it took, and answers as they document
//! it when it is busy, limited or displeased.

use super::patience::LONG;
use super::server::Server;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// How a request is answered.
#[derive(Debug, Clone)]
pub enum Mood {
    /// It is taken.
    Take,
    /// This status and something that is no JSON.
    Status(u16),
    /// 429 and `Retry-After`.
    Limited(&'static str),
    /// 413 if there are more rows.
    AtMost(usize),
    /// Rows of this name are refused as the service documents it.
    Refuse(&'static str),
    /// 429 for the rows of this name, as Amplitude documents it.
    Throttle(&'static str),
    /// It is taken, and the connection breaks before the answer.
    TakeAndCut,
    /// It is taken after this time.
    Slow(Duration),
    /// Nothing: the connection stays open in silence.
    Silence,
}

/// A row as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What it is the same by.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whom it is about.
    pub person: String,
    /// Whether that is said to be a known person.
    pub known: bool,
    /// The rest.
    pub properties: Value,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `/import`, `/v1/batch`, `/2/httpapi`
    pub path: String,
    /// When.
    pub at: Instant,
    /// Its rows.
    pub rows: usize,
    /// The answer, 0 for none.
    pub status: u16,
}

#[derive(Default)]
struct State {
    mood: Option<Mood>,
    next: VecDeque<Mood>,
    taken: Vec<(String, Told)>,
    asked: Vec<Asked>,
    bodies: String,
}

/// The running services.
pub struct Analytics {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    shared: Arc<(Mutex<State>, Condvar)>,
    _server: Server,
}

/// What they know us by.
pub const KEY: &str = super::process::EVENTS_KEY;

impl Analytics {
    /// Starts on a free port; everything is taken.
    pub fn start() -> Self {
        let shared: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let data = web::Data::from(shared.clone());
        let server = Server::start(move |app| {
            app.app_data(data.clone()).app_data(web::PayloadConfig::new(16 << 20)).default_service(web::to(take));
        });
        Analytics { url: server.url.clone(), shared, _server: server }
    }

    /// From now on it is so.
    pub fn be(&self, mood: Mood) {
        self.lock().mood = Some(mood);
    }

    /// The next requests are answered so, in turn.
    pub fn then(&self, moods: impl IntoIterator<Item = Mood>) {
        self.lock().next.extend(moods);
    }

    /// What this service has taken, repetitions included.
    pub fn taken(&self, path: &str) -> Vec<Told> {
        self.lock().taken.iter().filter(|(of, _)| of == path).map(|(_, told)| told.clone()).collect()
    }

    /// Every request.
    pub fn asked(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    /// Everything that ever came, as it came.
    pub fn bodies(&self) -> String {
        self.lock().bodies.clone()
    }

    /// Waits until `done` holds for what this service has taken.
    pub fn wait(&self, path: &str, done: impl Fn(&[Told]) -> bool) -> Vec<Told> {
        let end = Instant::now() + LONG;
        let mut state = self.lock();
        loop {
            let taken: Vec<Told> = state.taken.iter().filter(|(of, _)| of == path).map(|(_, told)| told.clone()).collect();
            if done(&taken) {
                return taken;
            }
            let left = end.saturating_duration_since(Instant::now());
            let names: Vec<&str> = taken.iter().map(|told| told.name.as_str()).collect();
            assert!(!left.is_zero(), "{path} took {names:?}; asked: {:#?}", state.asked);
            state = self.shared.1.wait_timeout(state, left).expect("not poisoned").0;
        }
    }

    /// Waits until `done` holds for the requests.
    pub fn wait_asked(&self, done: impl Fn(&[Asked]) -> bool) {
        let end = Instant::now() + LONG;
        let mut state = self.lock();
        while !done(&state.asked) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{:#?}", state.asked);
            state = self.shared.1.wait_timeout(state, left).expect("not poisoned").0;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared.0.lock().expect("not poisoned")
    }
}

/// The rows of a request, or why it cannot be one.
fn read(request: &HttpRequest, body: &Value) -> Result<Vec<Told>, u16> {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let given = request.headers().get("Authorization").and_then(|v| v.to_str().ok()).unwrap_or("");
    let knows = given == format!("Basic {}", STANDARD.encode(format!("{KEY}:")));
    let told = |id: &Value, name: &Value, who: (&Value, &Value), properties: &Value| Told {
        id: text(id),
        name: text(name),
        person: text(if who.0.is_null() { who.1 } else { who.0 }),
        known: !who.0.is_null(),
        properties: properties.clone(),
    };
    let list = |value: &Value| value.as_array().cloned().ok_or(400u16);
    match request.path() {
        "/import" if !knows || !request.query_string().contains("strict=1") => Err(401),
        "/import" => {
            let rows = list(body)?;
            let of = |row: &Value| {
                let with = &row["properties"];
                assert!(with["time"].is_i64(), "{row}");
                told(&with["$insert_id"], &row["event"], (&with["distinct_id"], &Value::Null), with)
            };
            Ok(rows.iter().map(of).collect())
        }
        "/v1/batch" if !knows => Err(401),
        "/v1/batch" => {
            let of = |row: &Value| {
                assert_eq!((&row["type"], row["timestamp"].is_string()), (&json!("track"), true), "{row}");
                told(&row["messageId"], &row["event"], (&row["userId"], &row["anonymousId"]), &row["properties"])
            };
            Ok(list(&body["batch"])?.iter().map(of).collect())
        }
        "/2/httpapi" if body["api_key"] != KEY => Err(400),
        "/2/httpapi" => {
            let of = |row: &Value| {
                told(&row["insert_id"], &row["event_type"], (&row["user_id"], &row["device_id"]), &row["event_properties"])
            };
            Ok(list(&body["events"])?.iter().map(of).collect())
        }
        _ => Err(404),
    }
}

/// What a service answers to rows of which it refuses those at `places`, and whether it took the others.
fn refusal(path: &str, places: &[usize]) -> (u16, Value, bool) {
    match path {
        "/import" => {
            let failed: Vec<Value> =
                places.iter().map(|i| json!({ "index": i, "field": "properties.x", "message": "no" })).collect();
            (400, json!({ "code": 400, "status": "Bad Request", "failed_records": failed }), true)
        }
        "/2/httpapi" => (400, json!({ "code": 400, "error": "bad", "events_with_invalid_fields": { "time": places } }), false),
        _ => (400, json!({ "success": false }), false),
    }
}

async fn take(request: HttpRequest, body: web::Bytes, shared: web::Data<(Mutex<State>, Condvar)>) -> HttpResponse {
    let path = request.path().to_owned();
    let read = read(&request, &serde_json::from_slice(&body).unwrap_or_default());
    let mood = {
        let mut state = shared.0.lock().expect("not poisoned");
        state.bodies.push_str(&String::from_utf8_lossy(&body));
        state.next.pop_front().or_else(|| state.mood.clone()).unwrap_or(Mood::Take)
    };
    if let Mood::Slow(time) = &mood {
        actix_web::rt::time::sleep(*time).await;
    }
    let rows = read.as_ref().map_or(0, Vec::len);
    let (status, answer, taken) = match (&mood, read) {
        (_, Err(status)) => (status, json!({ "error": "Invalid API key" }), Vec::new()),
        (Mood::Status(status), _) => (*status, Value::Null, Vec::new()),
        (Mood::Limited(_), _) => (429, Value::Null, Vec::new()),
        (Mood::AtMost(most), Ok(rows)) if rows.len() > *most => (413, Value::Null, Vec::new()),
        (Mood::Refuse(name), Ok(rows)) if rows.iter().any(|row| row.name == *name) => {
            let places: Vec<usize> = (0..rows.len()).filter(|i| rows[*i].name == *name).collect();
            let (status, answer, others) = refusal(&path, &places);
            (status, answer, if others { rows.into_iter().filter(|row| row.name != *name).collect() } else { Vec::new() })
        }
        (Mood::Throttle(name), Ok(rows)) if rows.iter().any(|row| row.name == *name) => {
            let places: Vec<usize> = (0..rows.len()).filter(|i| rows[*i].name == *name).collect();
            (429, json!({ "code": 429, "throttled_devices": { "x": 31 }, "throttled_events": places }), Vec::new())
        }
        (Mood::Silence, _) => (0, Value::Null, Vec::new()),
        (_, Ok(rows)) => (200, json!({ "code": 200, "status": "OK", "success": true }), rows),
    };
    {
        let mut state = shared.0.lock().expect("not poisoned");
        state.taken.extend(taken.into_iter().map(|told| (path.clone(), told)));
        state.asked.push(Asked { path, at: Instant::now(), rows, status });
    }
    shared.1.notify_all();
    let mut response = HttpResponse::build(StatusCode::from_u16(status.max(200)).expect("a status"));
    match mood {
        Mood::Silence => std::future::pending().await,
        Mood::Limited(after) => response.insert_header(("Retry-After", after)).finish(),
        Mood::TakeAndCut => {
            let broken = futures_util::stream::once(async { Err::<web::Bytes, std::io::Error>(std::io::Error::other("cut")) });
            HttpResponse::Ok().streaming(broken)
        }
        _ if answer.is_null() => response.body("<html>upstream</html>"),
        _ => response.json(answer),
    }
}
