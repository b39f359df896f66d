//! What people who watch over the service look at: alerts, and how the systems are that are told what happens.

use crate::support::analytics::{Analytics, Mood};
use crate::support::api::Api;
use crate::support::desk::{FakeDesk, Fault};
use crate::support::live::{SIMULATED, Service};
use crate::support::receiver::{Answer, Receiver};
use serde_json::{Value, json};

const PHONE: &str = "+447700900123";

const PAYMENT: &str = r#"
flow: payment
languages: [en]
start:
  - message: any
begin: ask
states:
  ask:
    ask: Card, cash or a person?
    answer: { choice: { card: Card, cash: Cash, human: Person } }
    go:
      card: { do: [ { alert: { say: "The card was refused", to: payments, level: urgent } } ], end: refused }
      cash: { do: [ { alert: "Somebody pays cash" } ], end: paid }
      human: help
      nomatch: { again: 1, end: unclear }
      silence: { after: 1d, end: silent }
  help:
    handoff: { to: payments, say: One moment. }
    go: { ok: { end: helped }, silence: { after: 2h, end: unattended } }
"#;

/// What is at a path once something holds of it.
async fn until(api: &Api, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    api.until(path, |answer| answer.status == 200 && wanted(&answer.json)).await.json
}

fn texts(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("items").iter().filter_map(|alert| alert["text"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_listed_for_whoever_may_read_what_happened() {
    let service = Service::start(&format!("{SIMULATED}\n[teams.payments]\n"), &[("payment", PAYMENT)]).await;
    // Whom a simulator plays, a key for test sees.
    let api = Api::keyed(&service, &["history:read"], "test").await;
    assert_eq!(api.get("/v1/alerts").await.json, json!({ "items": [], "next": null }));
    for (n, choice) in ["card", "cash"].into_iter().enumerate() {
        let phone = format!("+44770090012{n}");
        service.write("main-sms", &phone, "1", "hi").await;
        service.shown(&phone, 1).await;
        service.write("main-sms", &phone, "2", choice).await;
        until(&api, "/v1/alerts", |all| texts(all).len() > n).await;
    }
    let all = api.get("/v1/alerts").await.json;
    assert_eq!(texts(&all), ["Somebody pays cash", "The card was refused"]);
    let refused = &all["items"][1];
    assert_eq!(
        (&refused["level"], &refused["team"], &refused["flow"]),
        (&json!("urgent"), &json!("payments"), &json!("payment"))
    );
    let contact = service.contact_key("+447700900120");
    assert_eq!(refused["contact"], json!(contact));
    assert!(refused["run"].is_string() && refused["at"].is_string() && all["items"][0]["team"].is_null(), "{all}");
    for (query, expected) in [
        ("level=urgent", vec!["The card was refused"]),
        ("level=info", vec![]),
        ("team=payments", vec!["The card was refused"]),
        ("flow=payment", vec!["Somebody pays cash", "The card was refused"]),
        ("flow=other", vec![]),
        (format!("contact={contact}").as_str(), vec!["The card was refused"]),
        ("since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z", vec![]),
    ] {
        assert_eq!(texts(&api.get(&format!("/v1/alerts?{query}")).await.json), expected, "{query}");
    }
    let first = api.get("/v1/alerts?limit=1").await.json;
    assert_eq!(texts(&first), ["Somebody pays cash"]);
    let second = api.get(&format!("/v1/alerts?limit=1&cursor={}", first["next"].as_str().expect("more"))).await.json;
    assert_eq!((texts(&second), &second["next"]), (vec!["The card was refused"], &Value::Null));
    let table = api.get("/v1/alerts?format=csv").await.text;
    assert!(table.starts_with("id,at,level,text,team,contact,run,flow\n") && table.lines().count() == 3, "{table}");

    let live = Api::keyed(&service, &["history:read"], "live").await;
    assert_eq!(texts(&live.get("/v1/alerts").await.json), [""; 0], "a key of the other mode");
    let other = Api::keyed(&service, &["contacts:read", "operations:read"], "test").await.get("/v1/alerts").await;
    assert_eq!((other.status, &other.json["scope"]), (403, &json!("history:read")));
    assert_eq!(api.without_key().get("/v1/alerts").await.status, 401);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn systems_that_are_told_say_how_they_are() {
    let (crm, desk, stats) = (Receiver::start(), FakeDesk::start(("api_access_token", "meta-access-token")), Analytics::start());
    let config = format!(
        r#"{SIMULATED}
[teams.payments]
[endpoints.crm]
url = "{}/crm"
events = ["message.*"]
secrets = [{{ env = "EVENTS_KEY" }}]
allow_private = true
retry_first = "50ms"
[desks.help]
kind = "chatwoot"
base_url = "{}"
account_id = 1
inbox_id = 5
teams = ["payments"]
api_token = {{ env = "META_ACCESS_TOKEN" }}
webhook_secret = {{ env = "META_APP_SECRET" }}
allow_private = true
retry_first = "50ms"
[sinks.stats]
kind = "mixpanel"
key = {{ file = "key" }}
base_url = "{}"
timeout = "1s"
retry_first = "50ms"
"#,
        crm.url, desk.url, stats.url
    );
    let folder = tempfile::tempdir().expect("a folder");
    for (file, text) in
        [("replyflow.toml", config.as_str()), ("key", crate::support::analytics::KEY), ("flows/payment.yaml", PAYMENT)]
    {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let service = Service::start_in(folder).await;
    let api = Api::keyed(&service, &["operations:read"], "live").await;
    let path = "/v1/integrations";
    let idle = json!({ "taken_at": null, "failing": 0, "last_error": null });
    let before = json!({
        "endpoints": [{ "name": "crm", "waiting": 0, "answers": idle }],
        "desks": [{ "name": "help", "kind": "chatwoot", "teams": ["payments"], "waiting": 0, "answers": idle }],
        "sinks": [{ "name": "stats", "kind": "mixpanel", "sent": 0, "dropped": 0, "missed": 0, "waiting": 0, "waiting_since": null, "answers": idle }],
    });
    assert_eq!(api.get(path).await.json, before);

    crm.answers("/crm", Answer::Status(503));
    stats.be(Mood::Status(503));
    for _ in 0..3 {
        desk.fails("/", Fault::Refused(503, None));
    }
    service.write("main-sms", PHONE, "1", "hi").await;
    service.shown(PHONE, 1).await;
    service.write("main-sms", PHONE, "2", "Person").await;
    let fails = |system: &Value, outcome: &str| {
        let answers = &system["answers"];
        answers["failing"].as_u64() >= Some(2)
            && answers["last_error"]["outcome"] == outcome
            && system["waiting"].as_u64() >= Some(1)
    };
    until(&api, path, |all| fails(&all["endpoints"][0], "5xx") && fails(&all["sinks"][0], "later")).await;
    let ill = until(&api, path, |all| all["desks"][0]["answers"]["last_error"]["outcome"] == "5xx").await;
    assert!(ill["sinks"][0]["waiting_since"].is_string() && ill["sinks"][0]["answers"]["taken_at"].is_null(), "{ill}");

    crm.answers("/crm", Answer::Status(200));
    stats.be(Mood::Take);
    let well = |system: &Value| {
        let answers = &system["answers"];
        answers["failing"] == 0 && answers["taken_at"].is_string() && answers["last_error"].is_object() && system["waiting"] == 0
    };
    let all = until(&api, path, |all| well(&all["endpoints"][0]) && well(&all["desks"][0]) && well(&all["sinks"][0])).await;
    assert!(all["sinks"][0]["sent"].as_u64() > Some(0), "{all}");

    let other = Api::keyed(&service, &["history:read"], "live").await.get(path).await;
    assert_eq!((other.status, &other.json["scope"]), (403, &json!("operations:read")));
    assert_eq!(api.without_key().get(path).await.status, 401);
    let test = Api::keyed(&service, &["operations:read"], "test").await.get(path).await;
    assert_eq!((test.status, &test.json["desks"][0]["name"]), (200, &json!("help")), "how it is with whatever");
    service.stop().await;
}
