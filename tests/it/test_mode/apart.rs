//! One number, live and in test: neither sees the other, whatever is asked.

use super::stage::{PHONE, Stage, items, until};
use crate::support::api::Api;
use crate::support::patience::LONG;
use serde_json::{Value, json};

const SCOPES: [&str; 8] = [
    "contacts:read",
    "contacts:write",
    "events:write",
    "conversations:read",
    "conversations:write",
    "history:read",
    "flows:read",
    "operations:read",
];

fn paid() -> Value {
    json!({ "event": "order.paid", "id": "order-A1", "contact": { "phone": PHONE, "name": "Ann" }, "data": { "phone": PHONE } })
}

/// The same person, once for each mode: the same event under the same id and the same name of the request.
async fn both(stage: &Stage) -> [(Api, String); 2] {
    let mut all = Vec::new();
    for mode in ["test", "live"] {
        let api = Api::keyed(&stage.service, &SCOPES, mode).await;
        let told = api.post_named("/v1/events", "the-same-name", paid()).await;
        assert_eq!(told.status, 202, "{mode}: {}", told.text);
        let contact = until(&api, &format!("/v1/contacts/phone:{PHONE}"), |one| one["id"].is_string()).await;
        assert_eq!(contact.json["mode"], mode, "{}", contact.text);
        let key = contact.json["id"].as_str().expect("a key").to_owned();
        let path = format!("/v1/messages?contact={key}");
        until(&api, &path, |all| {
            items(all).iter().any(|one| one["text"].as_str().is_some_and(|text| text.contains("Which size?")))
        })
        .await;
        all.push((api, key));
    }
    all.try_into().map_err(|_| "two").expect("two")
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_list_nor_a_file_nor_a_figure_shows_a_contact_of_the_other_mode() {
    let stage = Stage::start("").await;
    let [(test, tried), (live, meant)] = both(&stage).await;
    assert_ne!(tried, meant, "one number, two contacts");
    stage.provider.wait(LONG, |sent| sent.iter().any(|one| one.text.contains("Which size?")));
    let lists = [
        "/v1/contacts",
        "/v1/contacts?query=phone%20%3D%20%22%2B447700900123%22",
        "/v1/contacts/export?format=csv",
        "/v1/contacts/export?format=jsonl",
        "/v1/runs",
        "/v1/runs?flow=everything",
        "/v1/runs?format=csv",
        "/v1/runs?format=jsonl",
        "/v1/messages",
        "/v1/messages?format=csv",
        "/v1/messages?format=jsonl",
        "/v1/search?q=size",
        "/v1/search?q=size&format=jsonl",
    ];
    for path in lists {
        for (api, own, other) in [(&test, &tried, &meant), (&live, &meant, &tried)] {
            let answer = until(api, path, |_| true).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            assert!(answer.text.contains(own.as_str()), "{path} does not show its own: {}", answer.text);
            assert!(!answer.text.contains(other.as_str()), "{path} shows the other: {}", answer.text);
        }
    }
    for (api, own, other) in [(&test, &tried, &meant), (&live, &meant, &tried)] {
        let run = items(&api.get("/v1/runs").await.json)[0]["id"].as_str().expect("a run").to_owned();
        for path in ["", "/timeline", "/conversation", "/consent", "/handoff"] {
            assert_eq!(api.get(&format!("/v1/contacts/{own}{path}")).await.status, 200, "{path}");
            assert_eq!(api.get(&format!("/v1/contacts/{other}{path}")).await.status, 404, "{path}");
        }
        assert_eq!(api.get(&format!("/v1/runs/{run}")).await.status, 200);
        let stranger = if own == &tried { &live } else { &test };
        assert_eq!(stranger.get(&format!("/v1/runs/{run}")).await.status, 404);
        let figures = api.get("/v1/flows/everything/figures").await;
        assert_eq!(figures.json["entered"], 1, "{}", figures.text);
        let begun = api.post(&format!("/v1/contacts/{other}/runs"), json!({ "flow": "everything" })).await;
        assert_eq!(begun.status, 404, "{}", begun.text);
        assert_eq!(api.post(&format!("/v1/contacts/{other}/runs/end"), json!({})).await.status, 404);
        let taken = api.post(&format!("/v1/contacts/{other}/handoff/take"), json!({ "by": "ann" })).await;
        assert_eq!(taken.status, 404, "{}", taken.text);
        let changed = api.send(reqwest::Method::PATCH, &format!("/v1/contacts/{other}"), &[], b"{\"name\":\"X\"}".to_vec()).await;
        assert_eq!(changed.status, 404, "{}", changed.text);
    }
    let moved = test.post("/v1/test/time", json!({ "contact": meant, "by": "1h" })).await;
    assert_eq!(moved.status, 404, "{}", moved.text);
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_imported_and_begun_in_test_stays_there() {
    let stage = Stage::start("").await;
    let live = Api::keyed(&stage.service, &SCOPES, "live").await;
    let test = Api::keyed(&stage.service, &SCOPES, "test").await;
    let made = live.post("/v1/contacts", json!({ "phone": PHONE, "name": "Ann" })).await;
    let tried = test.post("/v1/contacts", json!({ "phone": PHONE, "name": "Try", "tags": ["beta"] })).await;
    assert_eq!((made.status, tried.status), (201, 201), "{}", tried.text);
    assert_ne!(made.json["id"], tried.json["id"]);
    let changed = test.post("/v1/contacts", json!({ "phone": PHONE, "name": "Tried" })).await;
    assert_eq!((changed.status, &changed.json["id"]), (200, &tried.json["id"]), "{}", changed.text);
    let seen = live.get(&format!("/v1/contacts/phone:{PHONE}")).await;
    assert_eq!((&seen.json["name"], &seen.json["tags"]), (&json!("Ann"), &json!([])));
    let file = b"{\"phone\":\"+447700900123\",\"name\":\"Imported\"}\n{\"phone\":\"+447700900129\"}\n".to_vec();
    let headers = [("content-type", "application/x-ndjson")];
    let job = test.send(reqwest::Method::POST, "/v1/imports", &headers, file).await;
    assert!(matches!(job.status, 200..=202), "{}", job.text);
    let name = until(&test, &format!("/v1/contacts/phone:{PHONE}"), |one| one["name"] == "Imported").await;
    assert_eq!(name.json["name"], "Imported", "{}", name.text);
    let other = until(&test, "/v1/contacts/phone:+447700900129", |one| one["id"].is_string()).await;
    assert_eq!(other.json["mode"], "test", "{}", other.text);
    assert_eq!(live.get("/v1/contacts/phone:+447700900129").await.status, 404);
    assert_eq!(live.get(&format!("/v1/contacts/phone:{PHONE}")).await.json["name"], "Ann");
    let key = tried.json["id"].as_str().expect("a key");
    let begun = test.post(&format!("/v1/contacts/{key}/runs"), json!({ "flow": "everything" })).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    let path = format!("/v1/test/sent?kind=message&contact={key}");
    let sent = until(&test, &path, |all| !items(all).is_empty()).await;
    assert!(!items(&sent.json).is_empty());
    assert!(
        stage.caught().iter().all(|path| path.starts_with("/stand-in") || path.starts_with("analytics")),
        "{:?}",
        stage.caught()
    );
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_and_a_source_are_meant_unless_they_say_otherwise() {
    let stage = Stage::start("[sources.web]\nkind = \"segment\"\nmode = \"test\"\n").await;
    let (service, client) = (&stage.service, &stage.service.client);
    let test = Api::keyed(service, &SCOPES, "test").await;
    let live = Api::keyed(service, &SCOPES, "live").await;
    let hook = format!("{}/flows/everything/paid/{}", service.base, service.webhook_keys().secret("everything", "paid"));
    let call = async |query: &str, phone: &str| {
        let request = client.post(format!("{hook}{query}")).json(&json!({ "phone": phone }));
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(call("?replyflow_mode=test", "+447700900131").await, 202);
    assert_eq!(call("", "+447700900132").await, 202);
    assert_eq!(call("?replyflow_mode=odd", "+447700900133").await, 422);
    let track = json!({ "type": "track", "event": "Order Completed", "messageId": "m1", "userId": "u1",
        "context": { "traits": { "phone": "+447700900134" } }, "properties": {} });
    let source = format!("{}/sources/web/{}", service.base, service.webhook_keys().source_secret("web"));
    assert_eq!(client.post(source).json(&track).send().await.expect("an answer").status().as_u16(), 200);
    for (api, other, phone) in [(&test, &live, "+447700900131"), (&live, &test, "+447700900132"), (&test, &live, "+447700900134")]
    {
        let path = format!("/v1/contacts/phone:{phone}");
        let found = until(api, &path, |one| one["id"].is_string()).await;
        assert_eq!(found.status, 200, "{phone}: {}", found.text);
        assert_eq!(other.get(&path).await.status, 404, "{phone}");
    }
    stage.service.stop().await;
}
