//! What a key could learn of the other mode beside lists: from the audit, from what failed, from conversations, from what is refused.

use super::stage::{PHONE, Stage, items, until, writes};
use crate::support::api::Api;
use serde_json::json;

const OTHERS: &str = "+447700900150";

/// A contact whom a simulator plays, in a service whose flows go over real channels.
async fn played(stage: &Stage, test: &Api) -> String {
    assert_eq!(stage.service.write("play", OTHERS, "p1", "hello").await.status(), 200);
    until(test, &format!("/v1/contacts/phone:{OTHERS}"), |one| one["id"].is_string()).await.json["id"]
        .as_str()
        .expect("a key")
        .to_owned()
}

const PLAY: &str = "[channels.play]\nprovider = \"simulator\"\nkind = \"sms\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_and_what_failed_are_told_of_the_own_mode() {
    let stage = Stage::start("").await;
    let test = Api::keyed(&stage.service, &["admin"], "test").await;
    let live = Api::admin(&stage.service).await;
    for (api, name) in [(&test, "Try"), (&live, "Ann")] {
        assert_eq!(api.post("/v1/contacts", json!({ "phone": PHONE, "name": name })).await.status, 201);
    }
    let targets = async |api: &Api| {
        let audit = api.get("/v1/audit?action=contact.create").await;
        items(&audit.json).iter().map(|act| act["target"].as_str().unwrap_or("").to_owned()).collect::<Vec<_>>()
    };
    let key =
        async |api: &Api| api.get(&format!("/v1/contacts/phone:{PHONE}")).await.json["id"].as_str().expect("a key").to_owned();
    assert_eq!(targets(&test).await, [key(&test).await]);
    assert_eq!(targets(&live).await, [key(&live).await]);

    // A provider that says no: it failed visibly.
    writes(&test, "main-sms", "+15005550001", "go").await;
    let failed = until(&test, "/v1/failed", |all| !items(all).is_empty()).await;
    let id = items(&failed.json)[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(live.get("/v1/failed").await.json["items"], json!([]), "of a test nobody is told who is live");
    assert_eq!(live.get("/v1/status").await.json["failed"], 0);
    assert!(test.get("/v1/status").await.json["failed"].as_u64() > Some(0));
    for what in ["retry", "drop"] {
        assert_eq!(live.post(&format!("/v1/failed/{id}/{what}"), json!({})).await.status, 404, "{what}");
    }
    let dropped = test.post(&format!("/v1/failed/{id}/drop"), json!({})).await;
    assert_eq!(dropped.status, 200, "{}", dropped.text);
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_a_simulator_plays_is_nobody_for_a_live_key_and_nobody_real_for_a_key_for_test() {
    let stage = Stage::start(PLAY).await;
    let (test, live) = (Api::keyed(&stage.service, &["admin"], "test").await, Api::admin(&stage.service).await);
    let contact = played(&stage, &test).await;
    for path in ["", "/conversation", "/handoff", "/timeline", "/consent"] {
        let path = format!("/v1/contacts/{contact}{path}");
        assert_eq!(test.becomes(&path, 200).await, 200, "{path}");
        assert_eq!(live.get(&path).await.status, 404, "{path}");
    }
    for (path, body) in [
        ("/runs", json!({ "flow": "everything" })),
        ("/runs/end", json!({})),
        ("/handoff/take", json!({ "by": "ann" })),
        ("/handoff/messages", json!({ "by": "ann", "text": "hello" })),
        ("/handoff/resolve", json!({ "by": "ann" })),
    ] {
        assert_eq!(live.post(&format!("/v1/contacts/{contact}{path}"), body).await.status, 404, "{path}");
    }
    // The flow goes over real channels alone: nothing leaves for the number that somebody typed in.
    assert_eq!(test.post(&format!("/v1/contacts/{contact}/runs"), json!({ "flow": "everything" })).await.status, 202);
    let path = format!("/v1/runs?contact={contact}");
    let run = until(&test, &path, |runs| items(runs).iter().any(|run| run["end"].is_string())).await;
    assert!(items(&run.json).iter().any(|run| run["end"].is_string()), "{}", run.text);
    assert_eq!(stage.provider.sent().len(), 0);
    assert_eq!(test.get(&format!("/v1/contacts/{contact}")).await.status, 200, "it is played as before");
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_says_nothing_of_customers() {
    let stage = Stage::start(PLAY).await;
    let (test, live) = (Api::keyed(&stage.service, &["admin"], "test").await, Api::admin(&stage.service).await);
    let contact = played(&stage, &test).await;
    let ann = live.post("/v1/contacts", json!({ "phone": PHONE, "email": "ann@shop.example", "external_id": "cust-1" })).await;
    assert_eq!(ann.status, 201, "{}", ann.text);
    // Whoever tries addresses of customers hears the same as with those of nobody, and changes nothing of theirs.
    for field in [json!({ "email": "ann@shop.example" }), json!({ "external_id": "cust-1" })] {
        let patched =
            test.send(reqwest::Method::PATCH, &format!("/v1/contacts/{contact}"), &[], field.to_string().into_bytes()).await;
        assert_eq!(patched.status, 200, "{field}: {}", patched.text);
    }
    let made = test.post("/v1/contacts", json!({ "phone": PHONE })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    for address in ["email:ann@shop.example", "id:cust-1", &format!("phone:{PHONE}")] {
        assert_eq!(live.get(&format!("/v1/contacts/{address}")).await.json["id"], ann.json["id"], "{address}");
    }
    assert_eq!(test.get("/v1/contacts/email:ann@shop.example").await.json["id"], json!(contact));
    stage.service.stop().await;
}
