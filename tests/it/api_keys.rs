//! Keys of the API: made once, shown once, ended at once; what they may do, and what happens while their database is away.

use crate::support::api::{Api, record};
use crate::support::command::replyflow_in;
use crate::support::live::{GREETING, SIMULATED, Service};
use replyflow::history::Statement;
use replyflow::service::KeyRing;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn start() -> Service {
    Service::start(SIMULATED, &[("greeting", GREETING)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_makes_none_that_outlives_it() {
    let service = start().await;
    let make = ["key", "create", "hour", "--scope", "keys:write", "--expires", "1h", "--format", "json"];
    let (made, code) = replyflow_in(service.folder(), &make);
    assert_eq!(code, 0, "{made}");
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let api = Api::of(&service).with_key(made["secret"].as_str().expect("a secret"));
    let child = |expires: Value| json!({ "name": "child", "scopes": ["keys:write"], "expires": expires });
    let without = api.post("/v1/keys", json!({ "name": "child", "scopes": ["keys:write"] })).await;
    assert_eq!((without.status, &without.json["key"]["expires_at"]), (201, &made["expires_at"]), "{}", without.text);
    let longer = api.post("/v1/keys", child(json!("2h"))).await;
    assert_eq!((longer.status, &longer.json["field"]), (422, &json!("expires")));
    assert_eq!(api.post("/v1/keys", child(json!("10m"))).await.status, 201);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_command_line_opens_what_it_may_until_it_is_revoked() {
    let service = start().await;
    let (made, code) =
        replyflow_in(service.folder(), &["key", "create", "crm", "--scope", "operations:read,keys:write", "--format", "json"]);
    assert_eq!(code, 0, "{made}");
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let (id, secret) = (made["id"].as_str().expect("an id"), made["secret"].as_str().expect("a secret"));
    assert!(secret.starts_with(&format!("rf_live_{id}_")));
    let api = Api::of(&service).with_key(secret);
    assert_eq!(api.get("/v1/audit").await.status, 200, "a running service takes it at once");
    let other = api.with_key(&secret.replace(&secret[secret.len() - 4..], "0000"));
    assert_eq!(other.get("/v1/audit").await.status, 401, "another secret");
    let other = api.with_key(&secret.replace("rf_live", "rf_test"));
    assert_eq!(other.get("/v1/audit").await.status, 401, "another mode");
    let (listed, _) = replyflow_in(service.folder(), &["key", "list", "--format", "json"]);
    assert!(!listed.contains(&secret[24..]), "a secret is shown once: {listed}");
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!((&listed["keys"][0]["name"], &listed["keys"][0]["state"]), (&json!("crm"), &json!("active")));
    let (output, code) = replyflow_in(service.folder(), &["key", "revoke", id]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(api.becomes("/v1/audit", 401).await, 401, "within seconds");
    for (arguments, code) in [
        (&["key", "create", "x", "--scope", "everything"][..], 2),
        (&["key", "create", "x", "--scope", "admin", "--mode", "prod"], 2),
        (&["key", "create", "x", "--scope", "admin", "--expires", "soon"], 2),
        (&["key", "revoke", "crm"], 2),
        (&["key", "revoke", "0123456789abcdef"], 1),
    ] {
        assert_eq!(replyflow_in(service.folder(), arguments).1, code, "{arguments:?}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_shown_and_ended_over_the_api_and_the_audit_says_who_did_it() {
    let service = start().await;
    let admin = Api::admin(&service).await;
    let wanted = json!({ "name": "shop", "scopes": ["events:write"], "expires": "90d" });
    let made = admin.post_named("/v1/keys", "make-shop", wanted.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let secret = made.json["secret"].as_str().expect("a secret").to_owned();
    let id = made.json["key"]["id"].as_str().expect("an id").to_owned();
    let again = admin.post_named("/v1/keys", "make-shop", wanted).await;
    assert_eq!((again.status, &again.json["key"], &again.json["secret"]), (201, &made.json["key"], &Value::Null), "shown once");
    let other = admin.post_named("/v1/keys", "make-shop", json!({ "name": "shop", "scopes": ["admin"] })).await;
    assert_eq!(other.status, 409, "another body under the same name");
    let shop = Api::of(&service).with_key(&secret);
    let told = shop.post("/v1/events", json!({ "event": "x.y" })).await;
    assert_eq!(told.status, 202, "{}", told.text);
    let refused = shop.get("/v1/keys").await;
    assert_eq!((refused.status, &refused.json["scope"]), (403, &json!("keys:write")));
    assert_eq!(refused.json["detail"], "this key has not the scope `keys:write`");
    let shown = admin.get(&format!("/v1/keys/{id}")).await;
    assert_eq!((&shown.json["name"], &shown.json["state"]), (&json!("shop"), &json!("active")));
    assert!(shown.json["expires_at"].is_string() && !shown.text.contains(&secret[24..]));
    assert_eq!(admin.get("/v1/keys?limit=1").await.json["items"].as_array().map(Vec::len), Some(1));
    let ended = admin.post(&format!("/v1/keys/{id}/revoke"), json!({})).await;
    assert_eq!((ended.status, &ended.json["state"]), (200, &json!("revoked")));
    assert_eq!(shop.post("/v1/events", json!({ "event": "x.y" })).await.status, 401, "at once on this instance");
    assert_eq!(admin.post(&format!("/v1/keys/{id}/revoke"), json!({})).await.json, ended.json, "it stays as it is");
    assert_eq!(admin.post("/v1/keys/0123456789abcdef/revoke", json!({})).await.status, 404);
    let audit = admin.get(&format!("/v1/audit?target={id}")).await;
    let acts: Vec<&str> = audit.json["items"].as_array().expect("acts").iter().filter_map(|act| act["action"].as_str()).collect();
    assert_eq!(acts, ["key.revoke", "key.create"]);
    assert_eq!(audit.json["items"][0]["who"], "made by a test");
    assert_eq!(audit.json["items"][0]["request_id"], ended.header("x-request-id"));
    assert!(!audit.text.contains(&secret[24..]));
    let pages = admin.get("/v1/audit?limit=1").await;
    let next = pages.json["next"].as_str().expect("more").to_owned();
    let second = admin.get(&format!("/v1/audit?limit=1&cursor={next}")).await;
    assert_ne!(pages.json["items"][0]["id"], second.json["items"][0]["id"]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_under_one_name_make_one_key() {
    let service = start().await;
    let admin = Api::admin(&service).await;
    let wanted = json!({ "name": "one", "scopes": ["events:write"] });
    let all = (0..12).map(|_| admin.post_named("/v1/keys", "one", wanted.clone()));
    let answers = futures_util::future::join_all(all).await;
    assert!(answers.iter().any(|answer| answer.status == 201));
    for answer in &answers {
        // Whoever comes while the first is being worked on hears when to come again.
        let waits = answer.status == 409 && answer.header("retry-after").parse::<u64>().is_ok();
        assert!(answer.status == 201 || waits, "{} {}", answer.status, answer.text);
    }
    assert_eq!(answers.iter().filter(|answer| answer.json["secret"].is_string()).count(), 1, "its secret is shown to one");
    let keys = admin.get("/v1/keys").await;
    assert_eq!(keys.json["items"].as_array().expect("keys").iter().filter(|key| key["name"] == "one").count(), 1);
    let mine = admin.with_key(answers.iter().find_map(|answer| answer.json["secret"].as_str()).expect("a secret"));
    let other = mine.post_named("/v1/events", "one", json!({ "event": "x.y" })).await;
    assert_eq!(other.status, 202, "another caller's request of the same name is another one");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_gives_no_more_than_it_has_and_slips_name_their_field() {
    let service = start().await;
    let keeper = Api::keyed(&service, &["keys:write", "events:write"], "live").await;
    for (body, field) in [
        (json!({ "scopes": ["events:write"] }), "name"),
        (json!({ "name": "", "scopes": ["events:write"] }), "name"),
        (json!({ "name": "a" }), "scopes"),
        (json!({ "name": "a", "scopes": [] }), "scopes"),
        (json!({ "name": "a", "scopes": ["contacts"] }), "scopes"),
        (json!({ "name": "a", "scopes": ["contacts:read"] }), "scopes"),
        (json!({ "name": "a", "scopes": ["admin"] }), "scopes"),
        (json!({ "name": "a", "scopes": ["events:write"], "mode": "prod" }), "mode"),
        (json!({ "name": "a", "scopes": ["events:write"], "expires": "soon" }), "expires"),
        (json!({ "name": "a", "scopes": ["events:write"], "owner": "x" }), "body"),
    ] {
        let answer = keeper.post("/v1/keys", body.clone()).await;
        assert_eq!((answer.status, answer.json["field"].as_str()), (422, Some(field)), "{body}");
    }
    let tried = Api::keyed(&service, &["keys:write"], "test").await;
    let live = tried.post("/v1/keys", json!({ "name": "a", "scopes": ["keys:write"] })).await;
    assert_eq!((live.status, live.json["field"].as_str()), (422, Some("mode")), "a key for test makes none for live");
    let test = tried.post("/v1/keys", json!({ "name": "a", "scopes": ["keys:write"], "mode": "test" })).await;
    assert_eq!(test.status, 201);
    let seen = tried.get("/v1/keys").await;
    assert!(seen.json["items"].as_array().expect("keys").iter().all(|key| key["mode"] == "test"), "{}", seen.text);
    assert_eq!(keeper.get("/v1/keys/nobody").await.json["field"], "id");
    assert_eq!(keeper.get("/v1/keys?limit=0").await.json["field"], "limit");
    assert_eq!(keeper.get("/v1/keys?page=2").await.json["field"], "query");
    assert_eq!(keeper.get("/v1/keys?cursor=x").await.json["field"], "cursor");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_time_is_over_opens_nothing_and_uses_are_noted() {
    let service = start().await;
    let api = Api::admin(&service).await;
    assert_eq!(api.get("/v1/keys").await.status, 200);
    let record = record(&service).await;
    // A use is written down behind its answer.
    api.until("/v1/keys", |answer| answer.json["items"][0]["last_used_at"].is_string()).await;
    let over = Statement::new("UPDATE api_key SET expires_at = $1", [1_i64.into()]);
    record.write(vec![over]).await.expect("written");
    assert_eq!(api.becomes("/v1/keys", 401).await, 401);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_their_database_keys_that_were_met_open_and_others_do_not() {
    let service = start().await;
    let met = Api::keyed(&service, &["conversations:read", "operations:read"], "live").await;
    let never = Api::keyed(&service, &["conversations:read"], "live").await;
    let path = format!("/v1/contacts/{}/handoff", service.contact_key("+447700900123"));
    assert_eq!(met.get(&path).await.status, 404, "it is let in; nobody of this number is known");
    let record = record(&service).await;
    let name = |from, to| Statement::new(if from { "ALTER TABLE api_key RENAME TO away" } else { to }, []);
    record.write(vec![name(true, "")]).await.expect("renamed");
    // Longer than a key is believed without asking.
    let patience = Instant::now();
    while patience.elapsed() < KeyRing::FRESH + Duration::from_secs(1) {
        assert_eq!(met.get(&path).await.status, 404, "who was met lately gets in");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(never.get(&path).await.status, 503, "who was never met does not");
    record.write(vec![name(false, "ALTER TABLE away RENAME TO api_key")]).await.expect("renamed");
    assert_eq!(never.becomes(&path, 404).await, 404);
    service.stop().await;
}
