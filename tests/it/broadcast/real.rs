//! The real service as processes of their own, whoever asks it for broadcasts, and a provider that counts what reaches whom.

use crate::support::process::{Service, command};
use crate::support::server::Server;
use actix_web::{HttpResponse, web};
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long anything may take that is waited for.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// A flow that says one thing.
pub const SALE: &str = r#"
flow: sale
languages: [en]
channels: [main-sms]
start:
  - keyword: sale
begin: tell
states:
  tell: { say: Sale!, end: told }
"#;

/// The number of the nth person.
pub fn phone(n: usize) -> String {
    format!("+4477{:08}", 10_000_000 + n)
}

/// Whoever asks a service for broadcasts, with a key of their own.
pub struct Asking {
    client: Client,
    key: String,
}

impl Asking {
    /// With a key of the project in this folder.
    pub fn new(folder: &Path) -> Self {
        let scopes = "contacts:read,contacts:write,broadcasts:read,broadcasts:write,operations:read";
        let key = command(folder, &["key", "create", "caster", "--scope", scopes]).trim().to_owned();
        crate::support::tls();
        Asking { client: Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client"), key }
    }

    /// What is at a path; null while nobody answers.
    pub async fn get(&self, service: &Service, path: &str) -> Value {
        let asked = self.client.get(format!("{}{path}", service.url)).bearer_auth(&self.key).send().await;
        match asked {
            Ok(answer) => answer.json().await.unwrap_or_default(),
            Err(_) => Value::Null,
        }
    }

    /// What is answered to this.
    pub async fn post(&self, service: &Service, path: &str, body: Value) -> Value {
        let asked = self.client.post(format!("{}{path}", service.url)).bearer_auth(&self.key).json(&body).send().await;
        asked.expect("an answer").json().await.expect("JSON")
    }

    /// What is at a path once something holds of it.
    pub async fn until(&self, service: &Service, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let found = self.get(service, path).await;
            if holds(&found) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "{path}: {found}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Makes so many contacts by an import named `people`.
    pub async fn import(&self, service: &Service, people: usize) {
        let mut file = String::from("phone\n");
        for n in 0..people {
            let _ = writeln!(file, "{}", phone(n));
        }
        let url = format!("{}/v1/imports?job=people&format=csv", service.url);
        let sent = self.client.post(url).bearer_auth(&self.key).body(file).send().await;
        let report: Value = sent.expect("an answer").json().await.expect("JSON");
        assert_eq!(report["created"], json!(people), "{report}");
    }

    /// Makes a broadcast; gives where it is.
    pub async fn make(&self, service: &Service, body: Value) -> String {
        let made = self.post(service, "/v1/broadcasts", body).await;
        format!("/v1/broadcasts/{}", made["id"].as_str().unwrap_or_else(|| panic!("{made}")))
    }
}

/// Messages that failed visibly, by the names that they have at the provider: `CONTACT.EFFECT`.
pub fn failed(folder: &Path) -> BTreeSet<String> {
    let list = command(folder, &["failed", "list", "--format", "json"]);
    let list: Value = serde_json::from_str(&list).unwrap_or_else(|e| panic!("{e}: {list}"));
    let name = |id: &str| id.split_once('.').map(|(effect, contact)| format!("{contact}.{effect}"));
    list["failed"].as_array().expect("a list").iter().filter_map(|line| name(line["id"].as_str()?)).collect()
}

/// A provider that takes everything at once and keeps only how often each number was written to.
pub struct Counter {
    /// Where it is.
    pub url: String,
    taken: Arc<Taken>,
    _server: Server,
}

#[derive(Default)]
struct Taken {
    to: Mutex<(BTreeMap<String, u32>, u64)>,
}

impl Counter {
    /// Starts it on a free port, on a thread of its own.
    pub fn start() -> Self {
        let taken: Arc<Taken> = Arc::default();
        let data = web::Data::from(Arc::clone(&taken));
        let server = Server::start(move |app| {
            app.app_data(data.clone()).default_service(web::to(take));
        });
        Counter { url: server.url.clone(), taken, _server: server }
    }

    /// How many messages were taken.
    pub fn messages(&self) -> u64 {
        self.taken.to.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// How often each number was written to.
    pub fn people(&self) -> BTreeMap<String, u32> {
        self.taken.to.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }
}

async fn take(body: web::Bytes, taken: web::Data<Taken>) -> HttpResponse {
    let to = url::form_urlencoded::parse(&body).find(|(name, _)| name == "To").map(|(_, to)| to.into_owned());
    let n = {
        let mut known = taken.to.lock().unwrap_or_else(PoisonError::into_inner);
        *known.0.entry(to.unwrap_or_default()).or_default() += 1;
        known.1 += 1;
        known.1
    };
    HttpResponse::Created()
        .content_type("application/json")
        .body(format!(r#"{{"sid":"SM{n:032x}","status":"queued","num_segments":"1","error_code":null,"error_message":null}}"#))
}
