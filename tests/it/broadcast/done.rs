//! What is asked for is done for everybody once, shown, stopped and gone on with.

use super::{done, make, people, phone, start, until};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn everybody_of_a_query_an_import_and_a_list_gets_it_once() {
    let (service, api) = start().await;
    people(&api, 12).await;
    let id = make(&api, json!({ "flow": "sale", "with": { "word": "Hello" }, "audience": { "query": "tag = vip" } })).await;
    let whole = done(&api, &id, 6).await;
    assert_eq!(
        (&whole["broadcast"]["total"], &whole["broadcast"]["fed"], &whole["messages"]["began"]),
        (&json!(6), &json!(6), &json!(6))
    );
    assert_eq!(service.shown(&phone(0), 1).await, ["Hello!"]);
    // Who was in the flow before is passed over, unless it is said.
    let id = make(&api, json!({ "name": "again", "flow": "sale", "audience": { "import": "people" } })).await;
    let whole = done(&api, &id, 6).await;
    assert_eq!((&whole["broadcast"]["total"], &whole["skipped"]), (&json!(12), &json!({ "been_before": 6 })), "{whole}");
    let first = api.get(&format!("/v1/broadcasts/{id}/members?limit=4")).await.json;
    let next = first["next"].as_str().expect("more");
    let rest = api.get(&format!("/v1/broadcasts/{id}/members?limit=4&cursor={next}")).await.json;
    assert_eq!((first["items"].as_array().map(Vec::len), rest["items"].as_array().map(Vec::len)), (Some(4), Some(2)));
    assert!(first["items"][0]["reason"] == "been_before" && rest["next"].is_null());
    assert_eq!(api.get(&format!("/v1/broadcasts/{id}/members?reason=capped")).await.json["items"], json!([]));
    let list = json!([format!("phone:{}", phone(1)), "phone:07700 900999", service.contact_key(&phone(2))]);
    let id = make(&api, json!({ "flow": "sale", "again": "always", "audience": { "contacts": list } })).await;
    let whole = done(&api, &id, 2).await;
    assert_eq!((&whole["broadcast"]["total"], &whole["gone"]), (&json!(3), &json!(1)), "nobody is brought into being: {whole}");
    assert_eq!(api.get("/v1/contacts/phone:07700900999").await.status, 404);
    assert_eq!(service.shown(&phone(2), 2).await.len(), 2);
    assert_eq!(service.shown(&phone(7), 1).await, ["Sale!"]);
    // What waits for an answer counts it.
    let one = json!({ "contacts": [format!("phone:{}", phone(3))] });
    let id = make(&api, json!({ "flow": "survey", "with": { "order": "A1" }, "audience": one })).await;
    done(&api, &id, 1).await;
    service.write("main-sms", &phone(3), "m1", "Fine").await;
    let answered = |whole: &Value| whole["messages"]["answered"] == 1;
    until(&api, &format!("/v1/broadcasts/{id}"), answered).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_reaches_those_who_agreed_and_says_who_did_not() {
    let (service, api) = start().await;
    people(&api, 10).await;
    let wanted = json!({ "notification": "news", "audience": { "import": "people" } });
    let forecast = api.post("/v1/broadcasts/dry-run", wanted.clone()).await;
    assert_eq!(forecast.status, 200, "{}", forecast.text);
    let foretold = &forecast.json;
    assert_eq!((&foretold["total"], &foretold["looked_at"], &foretold["complete"]), (&json!(10), &json!(10), &json!(true)));
    assert_eq!((&foretold["gets"], &foretold["skipped"][0]["reason"]), (&json!(5), &json!("no_consent")), "{foretold}");
    assert_eq!(
        (&foretold["skipped"][0]["contacts"], foretold["skipped"][0]["examples"].as_array().map(Vec::len)),
        (&json!(5), Some(5))
    );
    assert_eq!(foretold["messages"][0]["segments"], 5);
    assert_eq!((&foretold["messages"][0]["country"], &foretold["messages"][0]["price"]), (&json!("GB"), &json!("0.04")));
    assert_eq!(foretold["cost"], json!([{ "currency": "EUR", "amount": "0.20" }]));
    assert_eq!(api.get("/v1/broadcasts").await.json["items"], json!([]), "a dry run makes nothing");
    let id = make(&api, wanted.clone()).await;
    let whole = done(&api, &id, 5).await;
    let skipped = |whole: &Value| whole["skipped"]["no_consent"] == 5;
    let whole = if skipped(&whole) { whole } else { until(&api, &format!("/v1/broadcasts/{id}"), skipped).await };
    assert_eq!(whole["messages"]["sent"], 5);
    let forecast = api.post("/v1/broadcasts/dry-run", wanted).await.json;
    assert_eq!(forecast["gets"], 0, "who had it before does not get it again: {forecast}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arms_and_a_holdout_divide_the_audience_and_are_told_apart() {
    let (service, api) = start().await;
    people(&api, 100).await;
    let arm = |name: &str, word: &str| json!({ "name": name, "share": 50, "with": { "word": word } });
    let wanted = json!({
        "flow": "sale", "arms": [arm("short", "Hi"), arm("long", "Hello dear")], "holdout": 30, "audience": { "import": "people" },
    });
    let id = make(&api, wanted).await;
    let held = |whole: &Value| whole["holdout"].as_i64().unwrap_or(0);
    let whole = until(&api, &format!("/v1/broadcasts/{id}"), |whole| {
        whole["broadcast"]["state"] == "done" && whole["messages"]["sent"].as_i64() == Some(100 - held(whole))
    })
    .await;
    assert!((10..=50).contains(&held(&whole)), "{whole}");
    let of = |arm: &str| whole["arms"][arm]["sent"].as_i64().unwrap_or(0);
    assert!(of("short") > 10 && of("long") > 10 && of("short") + of("long") == 100 - held(&whole), "{whole}");
    assert_eq!(whole["broadcast"]["sends"]["arms"][1]["with"], json!({ "word": "Hello dear" }));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_paused_resumed_and_cancelled_and_the_audit_says_by_whom() {
    let (service, api) = start().await;
    people(&api, 20).await;
    let wanted = json!({ "flow": "sale", "rate": 2, "audience": { "import": "people" } });
    let id = make(&api, wanted.clone()).await;
    let path = format!("/v1/broadcasts/{id}");
    until(&api, &path, |whole| whole["broadcast"]["state"] == "running").await;
    for _ in 0..2 {
        let paused = api.post(&format!("{path}/pause"), json!({})).await;
        assert_eq!((paused.status, &paused.json["state"]), (200, &json!("paused")), "also when it is said again");
    }
    let resumed = api.post(&format!("{path}/resume"), json!({})).await;
    assert_eq!((resumed.status, &resumed.json["state"]), (200, &json!("running")));
    let whole = done(&api, &id, 20).await;
    assert_eq!(whole["messages"]["began"], 20, "nobody twice, nobody missed");
    for what in ["pause", "resume", "cancel"] {
        assert_eq!(api.post(&format!("{path}/{what}"), json!({})).await.status, 409, "it is over");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_begins_later_can_be_called_off() {
    let (service, api) = start().await;
    people(&api, 4).await;
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let wanted = json!({ "flow": "sale", "at": at.to_string(), "audience": { "query": "tag = vip" } });
    let id = make(&api, wanted).await;
    let path = format!("/v1/broadcasts/{id}");
    assert_eq!(api.get(&path).await.json["broadcast"]["state"], "scheduled");
    assert_eq!(api.post(&format!("{path}/pause"), json!({})).await.json["state"], "paused");
    for _ in 0..2 {
        let resumed = api.post(&format!("{path}/resume"), json!({})).await;
        assert_eq!((resumed.status, &resumed.json["state"]), (200, &json!("scheduled")), "its time has not come");
    }
    assert_eq!(api.post(&format!("{path}/cancel"), json!({})).await.json["state"], "cancelled");
    assert_eq!(api.get("/v1/broadcasts?state=cancelled").await.json["items"][0]["id"], json!(id));
    assert_eq!(api.get("/v1/broadcasts?state=done").await.json["items"], json!([]));
    let audit = api.get(&format!("/v1/audit?target={id}")).await.json;
    let acts: Vec<&str> = audit["items"].as_array().expect("acts").iter().filter_map(|act| act["action"].as_str()).collect();
    assert_eq!(acts, ["broadcast.cancel", "broadcast.resume", "broadcast.pause", "broadcast.create"]);
    service.stop().await;
}
