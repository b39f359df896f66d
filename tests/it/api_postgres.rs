//! The API with its record in PostgreSQL: keys, the audit and lists as in SQLite, and what happens while the server is dead.

use crate::support::api::Api;
use crate::support::live::{GREETING, SIMULATED, Service};
use crate::support::postgres::{PostgresServer, settings};
use replyflow::history::{Database, Statement};
use replyflow::service::KeyRing;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn names(list: &Value, field: &str) -> Vec<String> {
    list["items"].as_array().expect("a list").iter().map(|one| one[field].as_str().unwrap_or("").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_the_audit_are_in_postgres_and_who_was_met_gets_in_while_it_is_dead() {
    let mut server = tokio::task::spawn_blocking(PostgresServer::start).await.expect("a server");
    let url = server.database().await;
    let config = format!("{SIMULATED}\n[history]\npostgres = \"{url}\"\ntls = \"off\"\n");
    let service = Service::start(&config, &[("greeting", GREETING)]).await;
    let record = Database::open(&settings(&url)).await.expect("opens");
    let admin = Api::keyed_in(&record, &service, &["admin"], "live").await;
    let made = admin.post("/v1/keys", json!({ "name": "shop", "scopes": ["conversations:read"], "expires": "90d" })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let met = admin.with_key(made.json["secret"].as_str().expect("a secret"));
    let never = Api::keyed_in(&record, &service, &["conversations:read"], "live").await;
    let first = admin.get("/v1/keys?limit=1").await;
    let next = first.json["next"].as_str().expect("more").to_owned();
    let second = admin.get(&format!("/v1/keys?limit=1&cursor={next}")).await;
    assert_ne!(names(&first.json, "id"), names(&second.json, "id"));
    let id = made.json["key"]["id"].as_str().expect("an id");
    let audit = admin
        .get(&format!("/v1/audit?target={id}&action=key.create&since=2020-01-01T00:00:00Z&until=2090-01-01T00:00:00Z"))
        .await;
    assert_eq!(names(&audit.json, "who"), ["made by a test"]);
    let rows = vec![
        Statement::new("INSERT INTO contact (id, mode, simulated, created_at, changed_at) VALUES ('a', 'live', 0, 1, 1)", []),
        Statement::new("INSERT INTO handoff (contact, run, team, opened_at) VALUES ('a', '0000000000000001', 'help', 5)", []),
    ];
    record.write(rows).await.expect("written");
    assert_eq!(names(&admin.get("/v1/handoffs?team=help&taken=false&limit=1").await.json, "contact"), ["a"]);
    let path = format!("/v1/contacts/{}/handoff", service.contact_key("+447700900123"));
    assert_eq!(met.get(&path).await.status, 404, "it is let in; nobody of this number is known");
    server.kill9();
    // Longer than a key is believed without asking.
    let patience = Instant::now();
    while patience.elapsed() < KeyRing::FRESH + Duration::from_secs(1) {
        assert_eq!(met.get(&path).await.status, 404, "who was met lately gets in");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(never.get(&path).await.status, 503, "who was never met does not");
    let unwritten = admin.post("/v1/keys", json!({ "name": "late", "scopes": ["admin"] })).await;
    assert_eq!(unwritten.status, 503, "what cannot be written down is not done");
    tokio::task::block_in_place(|| server.restart());
    assert_eq!(never.becomes(&path, 404).await, 404);
    let revoked = admin.post(&format!("/v1/keys/{id}/revoke"), json!({})).await;
    assert_eq!(revoked.status, 200, "{}", revoked.text);
    assert_eq!(met.becomes(&path, 401).await, 401);
    assert!(!names(&admin.get("/v1/keys").await.json, "name").contains(&"late".to_owned()));
    service.stop().await;
}
