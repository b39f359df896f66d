//! Stand-ins for Chatwoot and Zendesk: they keep what they are given as their public documents say, over real HTTP, and fail as a
//! test plans it.

use super::patience::LONG;
use super::server::Server;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

/// How the next request goes wrong whose method and path hold this text.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing is done; this is the answer, with `Retry-After` in seconds.
    Refused(u16, Option<&'static str>),
    /// It is done, and the answer is lost.
    DoneAndLost,
}

#[derive(Default)]
struct State {
    /// `METHOD path`, in their order.
    asked: Vec<String>,
    faults: VecDeque<(&'static str, Fault)>,
    /// What was made: contacts or users.
    people: Vec<Value>,
    /// Conversations or tickets, each with its `messages`.
    talks: Vec<Value>,
    /// Requests without the credentials.
    strangers: usize,
}

/// The running desk.
pub struct FakeDesk {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    shared: Arc<(Mutex<State>, Condvar)>,
    _server: Server,
}

impl FakeDesk {
    /// Starts on a free port. `credentials`: the header that every request must have.
    pub fn start(credentials: (&'static str, &'static str)) -> Self {
        let shared: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let data = web::Data::from(shared.clone());
        let server = Server::start(move |app| {
            app.app_data(data.clone()).app_data(web::Data::new(credentials)).default_service(web::to(take));
        });
        FakeDesk { url: server.url.clone(), shared, _server: server }
    }

    /// The next request that holds this text goes wrong so.
    pub fn fails(&self, what: &'static str, fault: Fault) {
        self.shared.0.lock().expect("not poisoned").faults.push_back((what, fault));
    }

    /// Conversations or tickets.
    pub fn talks(&self) -> Vec<Value> {
        self.shared.0.lock().expect("not poisoned").talks.clone()
    }

    /// Contacts or users.
    pub fn people(&self) -> Vec<Value> {
        self.shared.0.lock().expect("not poisoned").people.clone()
    }

    /// Requests without the credentials.
    pub fn strangers(&self) -> usize {
        self.shared.0.lock().expect("not poisoned").strangers
    }

    /// Waits until the conversations are so; gives them.
    pub fn wait(&self, done: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        self.until(|state| done(&state.talks));
        self.talks()
    }

    fn until(&self, done: impl Fn(&State) -> bool) {
        let end = Instant::now() + LONG;
        let mut state = self.shared.0.lock().expect("not poisoned");
        while !done(&state) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "asked: {:#?}\ntalks: {:#?}", state.asked, state.talks);
            state = self.shared.1.wait_timeout(state, left).expect("not poisoned").0;
        }
    }
}

/// The settings of a Chatwoot at this place.
pub fn chatwoot(base: &str) -> String {
    format!(
        r#"[desks.support]
kind = "chatwoot"
base_url = "{base}"
account_id = 1
inbox_id = 5
api_token = {{ env = "META_ACCESS_TOKEN" }}
webhook_secret = {{ env = "META_APP_SECRET" }}
allow_private = true
"#
    )
}

/// The texts of a conversation: `customer: …` or `note: …`.
pub fn said(talk: &Value) -> Vec<String> {
    let words = |message: &Value| {
        let note = message["private"] == true || message["public"] == false;
        let text = message["content"].as_str().or(message["body"].as_str()).unwrap_or("");
        format!("{}: {text}", if note { "note" } else { "customer" })
    };
    talk["messages"].as_array().into_iter().flatten().map(words).collect()
}

async fn take(
    request: HttpRequest,
    body: web::Bytes,
    shared: web::Data<(Mutex<State>, Condvar)>,
    credentials: web::Data<(&'static str, &'static str)>,
) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let asked = format!("{} {}", request.method(), request.uri());
    let known = request.headers().get(credentials.0).and_then(|value| value.to_str().ok()) == Some(credentials.1);
    let key = request.headers().get("idempotency-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (answer, lost) = {
        let mut state = shared.0.lock().expect("not poisoned");
        state.asked.push(asked.clone());
        let fault = state.faults.iter().position(|(what, _)| asked.contains(what));
        let fault = fault.and_then(|place| state.faults.remove(place)).map(|(_, fault)| fault);
        match fault {
            _ if !known => {
                state.strangers += 1;
                ((401, json!({})), None)
            }
            Some(Fault::Refused(status, after)) => ((status, json!({ "error": "no" })), Some(Err(after))),
            Some(Fault::DoneAndLost) => (state.answer(&asked, &body, key), Some(Ok(()))),
            None => (state.answer(&asked, &body, key), None),
        }
    };
    shared.1.notify_all();
    if let Some(Ok(())) = lost {
        return std::future::pending().await;
    }
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.0).expect("a status"));
    if let Some(Err(Some(after))) = lost {
        response.insert_header(("Retry-After", after));
    }
    response.json(answer.1)
}

impl State {
    fn answer(&mut self, asked: &str, body: &Value, key: Option<String>) -> (u16, Value) {
        let (method, path) = asked.split_once(' ').expect("two words");
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["api", "v1", "accounts", "1", rest @ ..]) => self.chatwoot_get(rest, query),
            ("POST", ["api", "v1", "accounts", "1", rest @ ..]) => self.chatwoot_post(rest, body),
            (_, ["api", "v2", rest @ ..]) => self.zendesk(method, rest, query, body, key),
            _ => (404, json!({})),
        }
    }

    fn chatwoot_get(&self, path: &[&str], query: &str) -> (u16, Value) {
        match path {
            ["inboxes", "5"] => (200, json!({ "id": 5, "channel_type": "Channel::Api" })),
            ["contacts", "search"] => {
                let wanted = query.trim_start_matches("q=").replace("%2B", "+");
                let holds = |one: &&Value| one.to_string().contains(&wanted);
                (200, json!({ "payload": self.people.iter().filter(holds).collect::<Vec<_>>() }))
            }
            ["contacts", id, "conversations"] => {
                let theirs = |one: &&Value| one["contact_id"] == *id;
                (200, json!({ "payload": self.talks.iter().filter(theirs).collect::<Vec<_>>() }))
            }
            ["conversations", id, "messages"] => match self.talks.iter().find(|one| one["id"].as_u64() == id.parse().ok()) {
                Some(talk) => (200, json!({ "payload": talk["messages"] })),
                None => (404, json!({})),
            },
            _ => (404, json!({})),
        }
    }

    fn chatwoot_post(&mut self, path: &[&str], body: &Value) -> (u16, Value) {
        match path {
            ["contacts"] => {
                if self.people.iter().any(|one| one["identifier"] == body["identifier"]) {
                    return (422, json!({ "message": "Identifier has already been taken" }));
                }
                let mut contact = body.clone();
                contact["id"] = (31 + self.people.len()).into();
                self.people.push(contact.clone());
                (200, json!({ "payload": { "contact": contact, "contact_inbox": {} } }))
            }
            ["conversations"] => {
                let mut talk = body.clone();
                talk["id"] = (9 + self.talks.len()).into();
                talk["messages"] = json!([]);
                self.talks.push(talk.clone());
                (200, talk)
            }
            ["conversations", id, what] => {
                let Some(talk) = self.talks.iter_mut().find(|one| one["id"].as_u64() == id.parse().ok()) else {
                    return (404, json!({}));
                };
                match *what {
                    "messages" => talk["messages"].as_array_mut().expect("a list").push(body.clone()),
                    "toggle_status" => talk["status"] = body["status"].clone(),
                    _ => return (404, json!({})),
                }
                (200, json!({ "id": 1 }))
            }
            _ => (404, json!({})),
        }
    }

    fn zendesk(&mut self, method: &str, path: &[&str], query: &str, body: &Value, key: Option<String>) -> (u16, Value) {
        match (method, path) {
            ("GET", ["users", "me"]) => (200, json!({ "user": { "id": 1, "role": "agent" } })),
            ("POST", ["users", "create_or_update"]) => {
                let user = &body["user"];
                if let Some(known) = self.people.iter().find(|one| one["external_id"] == user["external_id"]) {
                    return (200, json!({ "user": known }));
                }
                let mut user = user.clone();
                user["id"] = (88 + self.people.len()).into();
                self.people.push(user.clone());
                (201, json!({ "user": user }))
            }
            ("GET", ["tickets"]) => {
                let wanted = query.trim_start_matches("external_id=");
                let theirs = |one: &&Value| one["external_id"] == wanted;
                (200, json!({ "tickets": self.talks.iter().filter(theirs).collect::<Vec<_>>() }))
            }
            ("POST", ["tickets"]) => {
                if let Some(made) = self.talks.iter().find(|one| key.is_some() && one["key"] == json!(key)) {
                    return (201, json!({ "ticket": made }));
                }
                let mut ticket = body["ticket"].clone();
                ticket["id"] = (35 + self.talks.len()).into();
                ticket["key"] = json!(key);
                ticket["audits"] = json!([]);
                ticket["messages"] = json!([ticket["comment"].take()]);
                self.talks.push(ticket.clone());
                (201, json!({ "ticket": ticket }))
            }
            ("GET", ["tickets", id, "audits"]) => match self.talks.iter().find(|one| one["id"].as_u64() == id.parse().ok()) {
                Some(ticket) => (200, json!({ "audits": ticket["audits"] })),
                None => (404, json!({})),
            },
            ("PUT", ["tickets", id]) => {
                let Some(ticket) = self.talks.iter_mut().find(|one| one["id"].as_u64() == id.parse().ok()) else {
                    return (404, json!({}));
                };
                let change = &body["ticket"];
                ticket["messages"].as_array_mut().expect("a list").push(change["comment"].clone());
                let audit = json!({ "metadata": { "custom": change["metadata"] } });
                ticket["audits"].as_array_mut().expect("a list").push(audit);
                if change["status"].is_string() {
                    ticket["status"] = change["status"].clone();
                }
                (200, json!({ "ticket": ticket }))
            }
            _ => (404, json!({})),
        }
    }
}
