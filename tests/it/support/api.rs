//! A client of the API that holds the service to its own document: every answer that it gets must be one that `/v1/openapi.json` describes, in its
//! status, its headers, its media type and its body.

use super::live::Service;
use super::patience::LONG;
use jsonschema::Validator;
use replyflow::domain::time::Millis;
use replyflow::history::{Database, api_keys};
use replyflow::http::api::keys::Asked;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

/// The configured key of `live::Service`.
pub const KEY: &str = "0123456789abcdef0123456789abcdef";

/// The document that the service was built with.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(replyflow::http::openapi::json()).expect("the document is JSON"));

/// Somebody who calls the API.
#[derive(Clone)]
pub struct Api {
    base: String,
    client: Client,
    key: Option<String>,
}

/// The record of a running service, on connections of our own.
pub async fn record(service: &Service) -> Database {
    Database::open_file(&service.folder().join("data/history.db")).await.expect("opens")
}

/// An answer that is as the document says.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; null if it is no JSON.
    pub json: Value,
    /// Its body as it came.
    pub text: String,
}

impl Answer {
    /// A header's text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

impl Api {
    /// The status of a page once it is this, or what it is after a long time.
    pub async fn becomes(&self, path: &str, status: u16) -> u16 {
        let patience = Instant::now();
        loop {
            let found = self.get(path).await.status;
            if found == status || patience.elapsed() > LONG {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What is at a path once something holds of it.
    pub async fn until(&self, path: &str, holds: impl Fn(&Answer) -> bool) -> Answer {
        let begun = Instant::now();
        loop {
            let answer = self.get(path).await;
            if holds(&answer) {
                return answer;
            }
            assert!(begun.elapsed() < LONG, "{path}: {} {}", answer.status, answer.text);
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// With the configured key.
    pub fn of(service: &Service) -> Self {
        Api { base: service.base.clone(), client: service.client.clone(), key: Some(KEY.to_owned()) }
    }

    /// With a new key that may do this, `live` or `test`.
    pub async fn keyed(service: &Service, scopes: &[&str], mode: &str) -> Self {
        Api::keyed_in(&record(service).await, service, scopes, mode).await
    }

    /// The same where the record is somewhere else.
    pub async fn keyed_in(record: &Database, service: &Service, scopes: &[&str], mode: &str) -> Self {
        let asked = Asked::read("made by a test", scopes.iter().copied(), Some(mode), None).expect("scopes");
        let (key, secret) = asked.draw(Millis(jiff::Timestamp::now().as_millisecond()), "a test");
        record.write(vec![api_keys::insert(&key)]).await.expect("written");
        Api::of(service).with_key(&secret)
    }

    /// With a new key that may do everything.
    pub async fn admin(service: &Service) -> Self {
        Api::keyed(service, &["admin"], "live").await
    }

    /// The key.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or("")
    }

    /// With another key.
    pub fn with_key(&self, key: &str) -> Self {
        Api { key: Some(key.to_owned()), ..self.clone() }
    }

    /// Without a key.
    pub fn without_key(&self) -> Self {
        Api { key: None, ..self.clone() }
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Vec::new()).await
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[], body.to_string().into_bytes()).await
    }

    /// `POST` of JSON under a name.
    pub async fn post_named(&self, path: &str, name: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[("idempotency-key", name)], body.to_string().into_bytes()).await
    }

    /// Any request.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body);
        }
        let answer = request.send().await.unwrap_or_else(|e| panic!("{method} {path}: {e}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        // A stream has no end.
        let text = if kind.starts_with("text/event-stream") { String::new() } else { answer.text().await.unwrap_or_default() };
        let json = if kind.contains("json") { serde_json::from_str(&text).unwrap_or_default() } else { Value::Null };
        let answer = Answer { status, headers, json, text };
        if let Err(why) = check(method.as_str(), path, &kind, &answer) {
            panic!("{method} {path}: {why}\n{} {}", answer.status, answer.text);
        }
        answer
    }
}

/// Whether a path is one of a template.
fn fits(template: &str, path: &str) -> bool {
    let (mut ours, mut theirs) = (template.split('/'), path.split('/'));
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return true,
            (Some(part), Some(given)) if part == given || (part.starts_with('{') && !given.is_empty()) => {}
            _ => return false,
        }
    }
}

/// The template of a path and its operations: one without parameters before others.
fn operations(path: &str) -> Option<(&'static str, &'static Value)> {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let all = DOCUMENT["paths"].as_object().expect("paths");
    let mut found: Vec<_> = all.iter().filter(|(template, _)| fits(template, path)).collect();
    found.sort_by_key(|(template, _)| template.matches('{').count());
    found.first().map(|(template, item)| (template.as_str(), *item))
}

/// Whether the document describes this answer.
fn check(method: &str, path: &str, kind: &str, answer: &Answer) -> Result<(), String> {
    let Some((template, item)) = operations(path) else {
        return Err("the document has no such path".to_owned());
    };
    let operation = &item[method.to_lowercase()];
    if operation.is_null() {
        // What is there with other methods says so.
        return if answer.status == 405 { Ok(()) } else { Err(format!("the document has no {method} {template}")) };
    }
    let status = answer.status.to_string();
    let response = &operation["responses"][&status];
    if response.is_null() {
        return Err(format!("the document has no {status} for {method} {template}"));
    }
    for name in response["headers"].as_object().into_iter().flat_map(Map::keys) {
        // Who is not known has no limits that could be told.
        let told = !name.starts_with("RateLimit") || matches!(answer.status, 200..=299 | 403 | 429);
        if told && !answer.headers.contains_key(name.to_lowercase().as_str()) {
            return Err(format!("{name} is missing"));
        }
    }
    let described = response["content"].as_object();
    let Some(content) = described.filter(|content| !content.is_empty()) else {
        return if answer.text.is_empty() { Ok(()) } else { Err(format!("{status} of {method} {template} has no body")) };
    };
    let essence = kind.split(';').next().unwrap_or(kind).trim();
    let Some(media) = content.get(essence) else {
        return Err(format!("{status} of {method} {template} is not described as `{kind}`"));
    };
    if !essence.contains("json") || essence.contains("lines") || essence.contains("ndjson") {
        return Ok(());
    }
    let json: Value = serde_json::from_str(&answer.text).map_err(|e| format!("the body is no JSON: {e}"))?;
    let validator = validator(&format!("{template} {method} {status} {essence}"), &media["schema"]);
    let wrong: Vec<String> = validator.iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("the body is not as described: {wrong:#?}")) }
}

fn validator(name: &str, schema: &Value) -> Arc<Validator> {
    static ALL: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    static COMPONENTS: LazyLock<Value> = LazyLock::new(|| {
        let mut components = DOCUMENT["components"].clone();
        let loose = joined(&DOCUMENT, false);
        for (name, schema) in components["schemas"].as_object_mut().expect("schemas") {
            if !loose.contains(name) {
                close(schema);
            }
        }
        components
    });
    let mut all = ALL.lock().unwrap_or_else(|e| e.into_inner());
    let made = all.entry(name.to_owned()).or_insert_with(|| {
        let mut schema = schema.clone();
        close(&mut schema);
        let root = json!({ "allOf": [schema], "components": *COMPONENTS });
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
        Arc::new(options.build(&root).unwrap_or_else(|e| panic!("{name}: {e}")))
    });
    Arc::clone(made)
}

/// The components that are parts of others: what they do not name, the whole may.
fn joined(schema: &Value, inside: bool) -> HashSet<String> {
    match schema {
        Value::Array(items) => items.iter().flat_map(|item| joined(item, inside)).collect(),
        Value::Object(map) => {
            let here = map.get("$ref").and_then(Value::as_str).filter(|_| inside).and_then(|text| text.rsplit('/').next());
            let below = map.iter().flat_map(|(key, value)| joined(value, key == "allOf"));
            here.map(str::to_owned).into_iter().chain(below).collect()
        }
        _ => HashSet::new(),
    }
}

/// An object has no fields but those that are described.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(map) => {
            if map.contains_key("allOf") {
                map.entry("unevaluatedProperties").or_insert(Value::Bool(false));
                return;
            }
            if map.contains_key("properties") {
                map.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            for (key, value) in map.iter_mut() {
                // What stands under these is no schema.
                if !matches!(key.as_str(), "example" | "examples" | "enum" | "const" | "default" | "required") {
                    close(value);
                }
            }
        }
        _ => {}
    }
}

/// Every operation of the document: path, method, and what it says.
pub fn all_operations() -> Vec<(&'static str, &'static str, &'static Value)> {
    const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let of = |(path, item): (&'static String, &'static Value)| {
        METHODS.into_iter().filter(|method| !item[*method].is_null()).map(move |method| (path.as_str(), method, &item[method]))
    };
    paths.iter().flat_map(of).collect()
}

/// The scope that an operation needs; nothing if it needs no key.
pub fn scope_of(operation: &Value) -> Option<&str> {
    operation["security"][0]["key"][0].as_str()
}
