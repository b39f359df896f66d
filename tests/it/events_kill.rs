//! `Idempotency-Key` while processes die: what was answered is answered again by whoever is asked, and what was cut off in the middle takes effect once.

use crate::support::fake_provider::FakeProvider;
use crate::support::patience::LONG;
use crate::support::process::{Caller, EVENTS_KEY, Service, configuration, project};
use crate::support::redis::RedisServer;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const TELL: &str = r#"
flow: tell
languages: [en]
needs: { n: text }
start:
  - event: told
    contact: "{{ event.phone }}"
    repeat: another
    with: { n: "{{ event.n }}" }
begin: say
states:
  say: { say: "{{ n }}", end: said }
"#;

/// Requests, the events of each, and deaths.
const REQUESTS: usize = 40;
const EVENTS: usize = 20;
const DEATHS: usize = 4;
const LEASES: &str = "send_lease = \"2500ms\"\nclaim_lease = \"1s\"\nhistory = \"history.db\"";
/// A phone for each event of a request; a second number repeats unsure sends, so that nothing is missing at the end.
const PHONES: usize = 50;

fn body(request: usize) -> Value {
    let event = |n: usize| {
        let phone = format!("+4477009{:05}", 30_000 + (request * EVENTS + n) % PHONES);
        json!({ "event": "told", "data": { "phone": phone, "n": format!("{request}x{n}") } })
    };
    json!((0..EVENTS).map(event).collect::<Vec<_>>())
}

/// Status and body; 0 if nobody answered.
async fn post(door: &Caller, key: &str, body: &Value) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().timeout(LONG).build().expect("a client");
    let request = client.post(format!("{}/v1/events", door.url)).bearer_auth(EVENTS_KEY).header("Idempotency-Key", key);
    match request.json(body).send().await {
        Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
        Err(_) => (0, String::new()),
    }
}

/// Sends until it is answered, and once more.
async fn insist(doors: Arc<Mutex<Vec<Caller>>>, request: usize) {
    let (key, body) = (format!("request-{request}"), body(request));
    let mut first: Option<String> = None;
    let mut tries = request;
    let begun = Instant::now();
    let patience = || assert!(begun.elapsed() < LONG * 2, "request {request} is not answered any more");
    loop {
        patience();
        let door = {
            let doors = doors.lock().expect("not poisoned");
            doors[tries % doors.len()].clone()
        };
        tries += 1;
        match post(&door, &key, &body).await {
            (202, answer) => match &first {
                None => first = Some(answer),
                Some(first) => {
                    assert_eq!(*first, answer, "the first answer again, whoever gives it");
                    break;
                }
            },
            (0 | 409 | 503, _) => tokio::time::sleep(Duration::from_millis(30)).await,
            (other, answer) => panic!("{other}: {answer}"),
        }
    }
    let mut changed = body;
    changed[0]["data"]["n"] = "changed".into();
    loop {
        patience();
        let door = doors.lock().expect("not poisoned")[0].clone();
        match post(&door, &key, &changed).await.0 {
            409 => return,
            0 | 503 => tokio::time::sleep(Duration::from_millis(30)).await,
            other => panic!("a changed body was answered {other}"),
        }
    }
}

async fn storm(store: &str, instances: usize) {
    let provider = FakeProvider::start();
    let toml = configuration(&format!("{store}\n{LEASES}"), &provider.url, "")
        .replace("per_second = 100000", "per_second = 100000\nunsure = \"resend\"");
    let folders: Vec<TempDir> = (0..instances).map(|_| tempfile::tempdir().expect("a folder")).collect();
    for folder in &folders {
        project(folder.path(), &toml, &[("flows/tell.yaml", TELL)]);
    }
    let mut services: Vec<Service> = folders.iter().map(|folder| Service::start(folder.path())).collect();
    let doors = Arc::new(Mutex::new(services.iter().map(|service| service.caller()).collect::<Vec<_>>()));
    let all: Vec<_> = (0..REQUESTS).map(|request| tokio::spawn(insist(Arc::clone(&doors), request))).collect();
    for death in 0..DEATHS {
        // At least so many events have led to something since the last death.
        let left = provider.sent().len();
        tokio::task::block_in_place(|| drop(provider.wait(LONG, |sent| sent.len() >= left + 20)));
        let victim = death % instances;
        services.remove(victim).kill9();
        services.insert(victim, Service::start(folders[victim].path()));
        doors.lock().expect("not poisoned")[victim] = services[victim].caller();
    }
    for one in all {
        one.await.expect("no panic");
    }
    let expected = REQUESTS * EVENTS;
    let distinct = |sent: &[crate::support::fake_provider::Sent]| {
        let mut by_text: BTreeMap<String, std::collections::BTreeSet<String>> = BTreeMap::new();
        for one in sent {
            by_text.entry(one.text.clone()).or_default().insert(one.effect.clone().unwrap_or_default());
        }
        by_text
    };
    tokio::task::block_in_place(|| drop(provider.wait(LONG, |sent| distinct(sent).len() >= expected)));
    let by_text = distinct(&provider.sent());
    assert_eq!(by_text.len(), expected, "each event led to its message");
    for (text, effects) in by_text {
        assert_eq!(effects.len(), 1, "event {text} took effect more than once");
    }
    for service in services {
        assert!(service.stop(), "a clean stop");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_instance_on_the_embedded_store_remembers_through_its_deaths() {
    storm("kind = \"embedded\"\npath = \"data\"", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_on_one_redis_remember_for_each_other() {
    let redis = RedisServer::start();
    storm(&format!("kind = \"redis\"\nurl = \"{}\"", redis.url()), 2).await;
}
