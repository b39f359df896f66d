//! Nothing of a test contact leaves, whatever it decides; and what would have left is shown.

use super::stage::{MAIL, PHONE, Stage, items, until, writes};
use crate::support::patience::LONG;
use serde_json::{Value, json};

/// What was said to a contact, oldest first.
fn said(answer: &Value) -> Vec<String> {
    let texts = items(answer)
        .iter()
        .filter(|one| one["kind"] == "message")
        .map(|one| one["message"]["text"].as_str().unwrap_or("").to_owned());
    let mut texts: Vec<String> = texts.collect();
    texts.reverse();
    texts
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_test_contact_leaves_over_any_channel_and_all_of_it_is_shown() {
    let stage = Stage::start("").await;
    let api = stage.test(&["conversations:write", "history:read", "conversations:read"]).await;
    for (channel, from) in [("main-sms", PHONE), ("main-whatsapp", "+447700900124"), ("mail", MAIL)] {
        let contact = writes(&api, channel, from, "go").await;
        let sent = format!("/v1/test/sent?contact={contact}&limit=200");
        let asked = until(&api, &sent, |all| said(all).iter().any(|text| text.contains("Which size?"))).await;
        let texts = said(&asked.json);
        assert!(texts.iter().any(|text| text.contains("The shop did not answer.")), "{channel}: {texts:?}");
        assert!(texts.iter().any(|text| text.contains("The stock answered.")), "its stand-in did: {channel}: {texts:?}");
        let small = if channel == "main-whatsapp" { "Small" } else { "1" };
        writes(&api, channel, from, small).await;
        let state = format!("/v1/contacts/{contact}/conversation");
        let handed = until(&api, &state, |state| state["runs"][0]["waits_for"] == "person").await;
        assert_eq!(handed.json["runs"][0]["waits_for"], "person", "{channel}: {}", handed.text);
        let done = until(&api, &sent, |all| items(all).iter().any(|one| one["kind"] == "desk")).await;
        let kinds = |kind: &str| items(&done.json).iter().filter(|one| one["kind"] == kind).count();
        assert_eq!((kinds("call"), kinds("alert") > 0, kinds("desk")), (2, true, 1), "{channel}: {}", done.text);
        assert!(kinds("message") >= 3 && kinds("report") > 0, "{channel}: {}", done.text);
        let message = items(&done.json).iter().find(|one| one["kind"] == "message").expect("a message");
        assert_eq!((&message["left"], &message["message"]["status"]), (&json!(false), &json!("delivered")), "{message}");
        let call = |host: &str| {
            items(&done.json).iter().find(|one| one["request"]["path"].as_str().is_some_and(|path| path.starts_with(host)))
        };
        let (shop, stock) = (call("/shop").expect("the shop"), call("/stand-in").expect("the stock"));
        assert_eq!((&shop["left"], &stock["left"]), (&json!(false), &json!(true)));
        assert_eq!(shop["request"]["body"], r#"{"order":"A1"}"#);
        assert_eq!(shop["request"]["headers"]["Authorization"], "••••••");
        for secret in ["a-password-of-the-shop", "12345678901234567890123456789012", "meta-access-token", "whsec_"] {
            assert!(!done.text.contains(secret), "{channel} shows {secret}");
        }
    }
    // Somebody who is meant does the same, behind it in every queue.
    let before = stage.caught();
    assert!(before.iter().all(|path| path.starts_with("/stand-in")), "{before:?} left for test contacts");
    let events = crate::support::api::Api::of(&stage.service);
    let paid = json!({ "event": "order.paid", "contact": { "phone": "+447700900125" }, "data": { "phone": "+447700900125" } });
    assert_eq!(events.post("/v1/events", paid).await.status, 202);
    stage.provider.wait(LONG, |sent| sent.iter().any(|one| one.text.contains("Which size?")));
    stage.traps.wait("/slack", |came| !came.is_empty());
    stage.traps.wait("/crm", |came| !came.is_empty());
    let rows = stage.analytics.wait("/import", |told| told.iter().any(|one| one.name == "run.started"));
    let persons: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.person.as_str()).collect();
    assert_eq!(persons.len(), 1, "analytics were told of test contacts: {rows:#?}");
    let sent = stage.provider.sent();
    assert!(sent.iter().all(|one| one.to.ends_with("447700900125")), "{sent:#?}");
    assert!(stage.mail.taken().is_empty());
    assert!(stage.traps.came("/shop/orders").len() == 1 && stage.traps.came("/stock/level").len() == 1);
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_written_as_its_provider_takes_it() {
    let stage = Stage::start("").await;
    let api = stage.test(&["conversations:write", "history:read"]).await;
    for (channel, from, method, host, within) in [
        ("main-sms", PHONE, "POST", "127.0.0.1", "To=%2B447700900123"),
        ("main-whatsapp", "+447700900124", "POST", "127.0.0.1", "\"messaging_product\":\"whatsapp\""),
        ("mail", MAIL, "SMTP", "localhost", "To: ann@shop.example"),
    ] {
        let contact = writes(&api, channel, from, "go").await;
        let path = format!("/v1/test/sent?kind=message&contact={contact}");
        let sent = until(&api, &path, |all| !items(all).is_empty()).await;
        let one = &items(&sent.json)[0];
        let request = &one["request"];
        assert_eq!(request["method"], method, "{one}");
        assert!(request["host"].as_str().expect("a host").starts_with(host), "{one}");
        assert!(request["body"].as_str().expect("a body").contains(within), "{within}: {one}");
        assert_eq!((&one["message"]["channel"], &one["message"]["to"]), (&json!(channel), &json!(from)));
    }
    let all = api.get("/v1/test/sent?limit=1").await;
    let next = all.json["next"].as_str().expect("more").to_owned();
    let second = api.get(&format!("/v1/test/sent?limit=1&cursor={next}")).await;
    assert_ne!(all.json["items"][0]["id"], second.json["items"][0]["id"]);
    let file = api.get("/v1/test/sent?format=jsonl").await;
    assert!(file.status == 200 && file.text.lines().count() >= 3, "{}", file.text);
    stage.service.stop().await;
}
