//! What a test contact does, its time, and messages that fail as the test wants it.

use super::stage::{PHONE, Stage, items, until, writes};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn time_passes_for_a_test_contact_and_for_nobody_else() {
    let stage = Stage::start("").await;
    let api = stage.test(&["conversations:write", "conversations:read", "history:read"]).await;
    let contact = writes(&api, "main-sms", PHONE, "go").await;
    let other = writes(&api, "main-sms", "+447700900124", "go").await;
    let state = |contact: &str| format!("/v1/contacts/{contact}/conversation");
    for contact in [&contact, &other] {
        let asks = until(&api, &state(contact), |state| state["runs"][0]["state"] == "size").await;
        assert_eq!(asks.json["runs"][0]["waits_for"], "reply", "{}", asks.text);
    }
    let moved = api.post("/v1/test/time", json!({ "contact": format!("phone:{PHONE}"), "by": "3h" })).await;
    assert_eq!((moved.status, &moved.json["contact"]), (202, &json!(contact)), "{}", moved.text);
    let over = until(&api, &state(&contact), |state| state["runs"].as_array().is_some_and(Vec::is_empty)).await;
    assert_eq!(over.json["runs"], json!([]));
    let path = format!("/v1/runs?contact={contact}");
    let run = until(&api, &path, |runs| items(runs).iter().any(|run| run["end"] == "silent")).await;
    assert_eq!(items(&run.json)[0]["end"], "silent", "{}", run.text);
    assert_eq!(api.get(&state(&other)).await.json["runs"][0]["state"], "size");
    assert!(stage.caught().iter().all(|path| path.starts_with("/stand-in")));
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_plays_what_the_page_says_and_a_report_plays_the_rest() {
    let stage = Stage::start("").await;
    let api = stage.test(&["conversations:write", "history:read", "contacts:read"]).await;
    let ends = async |channel: &str, from: &str| {
        let contact = writes(&api, channel, from, "go").await;
        let path = format!("/v1/messages?direction=out&contact={contact}");
        (
            contact,
            until(&api, &path, |all| {
                items(all).iter().any(|one| {
                    one["text"].as_str().is_some_and(|text| text.contains("Which size?"))
                        && one["status"] != "queued"
                        && one["status"] != "sent"
                })
            })
            .await,
        )
    };
    for (from, status, reason) in [
        (PHONE, "delivered", json!(null)),
        ("+15005550001", "failed", json!("invalid")),
        ("+15005550002", "failed", json!("unreachable")),
        ("+15005550004", "failed", json!("blocked")),
        ("+15005550006", "read", json!(null)),
    ] {
        let (contact, all) = ends("main-sms", from).await;
        let one = &items(&all.json)[0];
        assert_eq!((&one["status"], &one["reason"]), (&json!(status), &reason), "{from}: {}", all.text);
        if status == "failed" {
            let path = format!("/v1/runs?contact={contact}");
            let run = until(&api, &path, |runs| items(runs).iter().any(|run| run["end"] == "undelivered")).await;
            assert_eq!(items(&run.json)[0]["end"], "undelivered", "{from}: the question heard of it: {}", run.text);
        }
    }
    // The provider knows of an opt-out: nothing more is written to them.
    let contact = writes(&api, "main-sms", "+15005550003", "go").await;
    let stopped = until(&api, &format!("/v1/contacts/{contact}"), |one| one["stopped"] == json!(["sms"])).await;
    assert_eq!(stopped.json["stopped"], json!(["sms"]), "{}", stopped.text);
    // Nothing is heard of this one until the test says so.
    let contact = writes(&api, "main-sms", "+15005550005", "go").await;
    let path = format!("/v1/messages?direction=out&contact={contact}");
    let asked = until(&api, &path, |all| {
        items(all)
            .iter()
            .any(|one| one["text"].as_str().is_some_and(|text| text.contains("Which size?")) && one["status"] == "sent")
    })
    .await;
    let question = items(&asked.json).iter().find(|one| one["status"] == "sent").expect("it was taken")["id"].clone();
    let failed = api.post("/v1/test/reports", json!({ "message": question, "status": "failed", "reason": "filtered" })).await;
    assert_eq!((failed.status, &failed.json["contact"]), (202, &json!(contact)), "{}", failed.text);
    let run =
        until(&api, &format!("/v1/runs?contact={contact}"), |runs| items(runs).iter().any(|run| run["end"] == "undelivered"))
            .await;
    assert_eq!(items(&run.json)[0]["end"], "undelivered", "{}", run.text);
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_contact_taps_sends_files_and_says_stop() {
    let stage = Stage::start("").await;
    let api = stage.test(&["conversations:write", "conversations:read", "contacts:read", "history:read"]).await;
    let from = "+447700900124";
    let contact = writes(&api, "main-whatsapp", from, "go").await;
    let state = format!("/v1/contacts/{contact}/conversation");
    until(&api, &state, |state| state["runs"][0]["state"] == "size").await;
    let media = json!({ "channel": "main-whatsapp", "from": from, "media": { "url": "https://files.example/a.jpg", "type": "image/jpeg" } });
    assert_eq!(api.post("/v1/test/messages", media).await.status, 202);
    let body = json!({ "channel": "main-whatsapp", "from": from, "choice": "large", "id": "tap-1" });
    let first = api.post("/v1/test/messages", body.clone()).await;
    let again = api.post("/v1/test/messages", body).await;
    assert_eq!((first.status, &first.json), (202, &again.json), "the same message is one");
    let handed = until(&api, &state, |state| state["runs"][0]["waits_for"] == "person").await;
    assert_eq!(handed.json["runs"][0]["state"], "agent", "{}", handed.text);
    writes(&api, "main-whatsapp", from, "STOP").await;
    let stopped = until(&api, &format!("/v1/contacts/{contact}"), |one| one["stopped"] == json!(["whatsapp"])).await;
    assert_eq!((&stopped.json["stopped"], &stopped.json["mode"]), (&json!(["whatsapp"]), &json!("test")), "{}", stopped.text);
    assert!(stage.caught().iter().all(|path| path.starts_with("/stand-in")));
    stage.service.stop().await;
}
