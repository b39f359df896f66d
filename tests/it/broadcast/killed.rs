//! A broadcast on the real service, which is killed in the middle of it, again and again: nobody is missed and nobody gets it twice.

use crate::support::fake_provider::FakeProvider;
use crate::support::process::{Service, command, configuration, project};
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// People who get it: as many as a build for tests takes in and sends to in the time that a test may take. `benches/broadcast.rs` does it with a million.
const PEOPLE: usize = 3_000;
/// So many a second, so that it takes longer than its deaths.
const RATE: usize = 600;
const DEATHS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(120);

const SALE: &str = r#"
flow: sale
languages: [en]
channels: [main-sms]
start:
  - keyword: sale
begin: tell
states:
  tell: { say: Sale!, end: told }
"#;

fn phone(n: usize) -> String {
    format!("+4477{:08}", 10_000_000 + n)
}

struct Asking {
    client: Client,
    key: String,
}

impl Asking {
    async fn get(&self, service: &Service, path: &str) -> Value {
        let answer = self.client.get(format!("{}{path}", service.url)).bearer_auth(&self.key).send().await;
        answer.expect("an answer").json().await.unwrap_or_default()
    }

    async fn until(&self, service: &Service, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let found = self.get(service, path).await;
            if holds(&found) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "{path}: {found}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broadcast_that_is_killed_again_and_again_reaches_everybody_once() {
    let provider = FakeProvider::start();
    let store = "kind = \"embedded\"\npath = \"data\"\nhistory = \"history.db\"\nsend_lease = \"2500ms\"\nclaim_lease = \"1s\"";
    let folder = tempfile::tempdir().expect("a folder");
    project(folder.path(), &configuration(store, &provider.url, ""), &[("flows/sale.yaml", SALE)]);
    let mut service = Service::start(folder.path());
    let scopes = "contacts:read,contacts:write,broadcasts:read,broadcasts:write";
    let key = command(folder.path(), &["key", "create", "caster", "--scope", scopes]).trim().to_owned();
    let asking = Asking { client: Client::builder().no_proxy().build().expect("a client"), key };
    let mut file = String::from("phone\n");
    for n in 0..PEOPLE {
        let _ = writeln!(file, "{}", phone(n));
    }
    let import =
        asking.client.post(format!("{}/v1/imports?job=people&format=csv", service.url)).bearer_auth(&asking.key).body(file);
    let report: Value = import.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(report["created"], json!(PEOPLE), "{report}");
    // What is found of an import is what the record knows of it.
    let known = json!({ "flow": "sale", "audience": { "import": "people" } });
    let begun = Instant::now();
    loop {
        let post = asking.client.post(format!("{}/v1/broadcasts/dry-run", service.url)).bearer_auth(&asking.key).json(&known);
        let forecast: Value = post.send().await.expect("an answer").json().await.expect("JSON");
        if forecast["total"] == json!(PEOPLE) {
            assert_eq!(forecast["gets"], forecast["looked_at"], "{forecast}");
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{forecast}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let wanted = json!({ "flow": "sale", "rate": RATE, "audience": { "import": "people" } });
    let post = asking.client.post(format!("{}/v1/broadcasts", service.url)).bearer_auth(&asking.key).json(&wanted);
    let made: Value = post.send().await.expect("an answer").json().await.expect("JSON");
    let path = format!("/v1/broadcasts/{}", made["id"].as_str().unwrap_or_else(|| panic!("{made}")));
    for death in 1..=DEATHS {
        let sent =
            tokio::task::block_in_place(|| provider.wait(PATIENCE, |sent| sent.len() >= death * PEOPLE / (DEATHS + 2)).len());
        assert!(sent < PEOPLE, "it is over before it is killed");
        service.kill9();
        service = Service::start(folder.path());
    }
    let whole = asking.until(&service, &path, |whole| whole["broadcast"]["state"] == "done").await;
    assert_eq!(whole["broadcast"]["fed"], json!(PEOPLE), "{whole}");
    // Each was decided once; what was in the air when the service died fails visibly and is not sent again.
    let failed = || -> BTreeSet<String> {
        let list = command(folder.path(), &["failed", "list", "--format", "json"]);
        let list: Value = serde_json::from_str(&list).unwrap_or_else(|e| panic!("{e}: {list}"));
        let name = |id: &str| id.split_once('.').map(|(effect, contact)| format!("{contact}.{effect}"));
        list["failed"].as_array().expect("a list").iter().filter_map(|line| name(line["id"].as_str()?)).collect()
    };
    let begun = Instant::now();
    loop {
        let arrived: BTreeSet<String> = provider.sent().iter().filter_map(|sent| sent.effect.clone()).collect();
        let reached = arrived.union(&failed()).count();
        if reached == PEOPLE {
            break;
        }
        assert!(reached < PEOPLE, "{reached} messages were decided");
        assert!(begun.elapsed() < PATIENCE, "{reached} of {PEOPLE}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut to: BTreeMap<String, usize> = BTreeMap::new();
    for sent in provider.sent() {
        *to.entry(sent.to).or_default() += 1;
    }
    assert!(to.values().all(|n| *n == 1), "somebody got it twice: {:?}", to.iter().find(|(_, n)| **n > 1));
    assert!(to.len() + failed().len() >= PEOPLE, "{} arrived, {} failed", to.len(), failed().len());
    let whole = asking.until(&service, &path, |whole| whole["messages"]["began"] == json!(PEOPLE)).await;
    println!(
        "{PEOPLE} contacts, {DEATHS} deaths: {} arrived, {} failed visibly; {}",
        to.len(),
        failed().len(),
        whole["messages"]
    );
    assert!(service.stop(), "a clean stop");
}
