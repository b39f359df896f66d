//! Publishing through the API: what it takes, what it refuses, what it says of what would change.

use crate::support::api::{Answer, Api};
use crate::support::live::{SIMULATED, Service};
use crate::support::patience::LONG;
use replyflow::history::{Cell, Database, Statement};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A flow with this word in its questions.
pub fn talk(word: &str) -> String {
    format!(
        "flow: talk\nlanguages: [en]\nchannels: [main-sms]\nstart: [{{ keyword: talk }}]\nbegin: first\n\
         defaults: {{ silence: {{ after: 1h, end: silent }}, undelivered: {{ end: undelivered }} }}\nstates:\n  \
         first:\n    ask: First {word}?\n    answer: any\n    go: second\n  \
         second:\n    ask: Second {word}?\n    answer: any\n    go: {{ ok: {{ end: done }} }}\n"
    )
}

fn call() -> String {
    format!("{SIMULATED}\n[publish]\nfrom = \"call\"\n")
}

const PUBLICATIONS: &str = "/v1/flows/talk/publications";

fn said(answer: &Answer) -> Vec<&str> {
    let sentences = answer.json["difference"]["sentences"].as_array().expect("sentences");
    sentences.iter().filter_map(|sentence| sentence["text"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_published_looked_at_and_taken_back() {
    let service = Service::start(&call(), &[("talk", &talk("one"))]).await;
    let api = Api::keyed(&service, &["flows:read", "flows:publish"], "live").await;
    assert_eq!(api.get(PUBLICATIONS).await.status, 404);
    assert_eq!(api.post("/v1/flows/talk/rollback", json!({})).await.status, 404);
    // From the folder of the service; the same request again is answered as the first time.
    let first = api.post_named(PUBLICATIONS, "first", json!({ "note": "the first one" })).await;
    assert_eq!((first.status, &first.json["publication"]["number"]), (201, &json!(1)), "{}", first.text);
    assert_eq!(api.post_named(PUBLICATIONS, "first", json!({ "note": "the first one" })).await.json, first.json);
    assert_eq!(api.post(PUBLICATIONS, json!({})).await.status, 409, "it runs so already");
    // On this instance at once.
    service.write("main-sms", "+447700900777", "a1", "talk").await;
    assert_eq!(service.shown("+447700900777", 1).await, ["First one?"]);

    // From the body, to a share first.
    let sent = |more: Value| {
        let mut body = json!({ "flow": talk("two") });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let share = api.post(PUBLICATIONS, sent(json!({ "share": 25, "base": 1 }))).await;
    assert_eq!((share.status, &share.json["publication"]["share"]), (201, &json!(25)), "{}", share.text);
    let late = api.post(PUBLICATIONS, sent(json!({ "base": 1 }))).await;
    assert_eq!(late.status, 409, "somebody was faster: {}", late.text);
    assert_eq!(api.post(PUBLICATIONS, sent(json!({}))).await.json["publication"]["share"], Value::Null);

    let two = share.json["publication"]["version"].as_str().expect("a version").to_owned();
    let one = first.json["publication"]["version"].as_str().expect("a version").to_owned();
    // The folder still has the first one: that would be the way back.
    let review = api.get("/v1/flows/talk/difference").await;
    assert_eq!(said(&review), ["2 texts changed"], "{}", review.text);
    assert_eq!((&review.json["before"], &review.json["after"], &review.json["base"]), (&json!(two), &json!(one), &json!(3)));
    assert_eq!(review.json["live"], json!([{ "version": one, "runs": 1, "states": [] }]));
    let back = api.get(&format!("/v1/flows/talk/difference?from={one}&to={two}")).await;
    assert_eq!(back.json["difference"]["texts"][0]["after"], "First two?");
    assert_eq!(api.get("/v1/flows/talk/difference?to=0000000000000001").await.status, 404);
    assert_eq!(api.get(&format!("/v1/flows/other/difference?to={two}")).await.status, 404, "it is no version of that flow");
    assert_eq!(api.get("/v1/flows/nobody/difference").await.status, 404);

    let back = api.post("/v1/flows/talk/rollback", json!({ "runs": "move", "note": "too many" })).await;
    assert_eq!(
        (back.status, &back.json["publication"]["whole"], &back.json["publication"]["how"]),
        (201, &json!(one), &json!("rollback"))
    );
    let log = api.get(&format!("{PUBLICATIONS}?limit=3")).await;
    let numbers: Vec<u64> =
        log.json["items"].as_array().expect("items").iter().filter_map(|item| item["number"].as_u64()).collect();
    assert_eq!(numbers, [4, 3, 2]);
    assert!(!log.json["items"][0]["by"].as_str().expect("who").is_empty());
    let next = api.get(&format!("{PUBLICATIONS}?limit=3&cursor={}", log.json["next"].as_str().expect("more"))).await;
    assert_eq!((&next.json["items"][0]["note"], &next.json["next"]), (&json!("the first one"), &Value::Null));
    assert_eq!(api.post(PUBLICATIONS, json!({ "retire": true })).await.json["publication"]["retired"], true);
    service.stop().await;
}

/// A flow that the version before runs as a part of its own was given up since.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_has_mistakes_now_is_gone_back_to_only_if_somebody_says_so() {
    let with_part = talk("one").replace(
        "go: { ok: { end: done } }",
        "go: part\n  part:\n    run: { flow: part }\n    go: { done: { end: done }, failed: { end: failed } }",
    );
    let part =
        "flow: part\nlanguages: [en]\nchannels: [main-sms]\nstart: []\nbegin: a\nstates: { a: { say: Hello, end: done } }\n";
    let service = Service::start(&call(), &[("talk", &with_part), ("part", part)]).await;
    let api = Api::keyed(&service, &["flows:publish"], "live").await;
    for flow in ["part", "talk"] {
        let answer = api.post(&format!("/v1/flows/{flow}/publications"), json!({})).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    assert_eq!(api.post(PUBLICATIONS, json!({ "flow": talk("two") })).await.status, 201);
    assert_eq!(api.post("/v1/flows/part/publications", json!({ "retire": true })).await.status, 201);
    let refused = api.post("/v1/flows/talk/rollback", json!({})).await;
    assert!(
        refused.status == 409 && refused.text.contains("flows/talk.yaml:") && refused.text.contains("part"),
        "{}",
        refused.text
    );
    assert_eq!(api.post("/v1/flows/talk/rollback", json!({ "anyway": "yes" })).await.status, 422);
    assert_eq!(api.post("/v1/flows/talk/rollback", json!({ "anyway": true })).await.status, 201);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slips_and_keys_without_the_right_are_refused() {
    let service = Service::start(&call(), &[("talk", &talk("one"))]).await;
    let reader = Api::keyed(&service, &["flows:read"], "live").await;
    let api = Api::keyed(&service, &["flows:publish"], "live").await;
    assert_eq!(reader.post(PUBLICATIONS, json!({})).await.status, 403);
    assert_eq!(reader.post("/v1/flows/talk/rollback", json!({})).await.status, 403);
    assert_eq!(api.get(PUBLICATIONS).await.status, 403);
    assert_eq!(api.without_key().post(PUBLICATIONS, json!({})).await.status, 401);
    let test = Api::keyed(&service, &["flows:publish"], "test").await;
    assert_eq!(test.post(PUBLICATIONS, json!({})).await.status, 409, "a key for test publishes nothing");
    let wrong = talk("two").replace("go: second", "go: nowhere");
    for (body, field) in [
        (json!({ "flow": wrong }), "flow"),
        (json!({ "flow": 7 }), "flow"),
        (json!({ "notifications": { "x": "y" } }), "flow"),
        (json!({ "flow": talk("two"), "notifications": { "A B": "y" } }), "notifications"),
        (json!({ "runs": "away" }), "runs"),
        (json!({ "share": 0 }), "share"),
        (json!({ "share": 100 }), "share"),
        (json!({ "share": 10 }), "share"),
        (json!({ "retire": true, "share": 10 }), "retire"),
        (json!({ "base": -1 }), "base"),
        (json!({ "runz": "stay" }), "body"),
    ] {
        let answer = api.post(PUBLICATIONS, body.clone()).await;
        assert_eq!((answer.status, answer.json["field"].as_str()), (422, Some(field)), "{body}: {}", answer.text);
    }
    let told = api.post(PUBLICATIONS, json!({ "flow": wrong })).await;
    assert!(told.text.contains("RF104") && told.text.contains("flows/talk.yaml:"), "{}", told.text);
    assert_eq!(api.post("/v1/flows/nobody/publications", json!({})).await.status, 404);
    assert_eq!(api.post("/v1/flows/talk/rollback", json!({ "to": "x" })).await.status, 422);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_end_at_once_where_the_record_knows_them() {
    let service = Service::start(&call(), &[("talk", &talk("one"))]).await;
    let api = Api::keyed(&service, &["flows:publish"], "live").await;
    api.post(PUBLICATIONS, json!({})).await;
    let from = "+447700900778";
    service.write("main-sms", from, "e1", "talk").await;
    assert_eq!(service.shown(from, 1).await, ["First one?"]);
    let first = service.core().versions().catalog().current("talk").expect("it runs").version;
    assert_eq!(service.core().store().live(first).await, Ok(1));
    // As the record tells it, whoever writes that.
    let record = Database::open_file(&service.folder().join("data/history.db")).await.expect("opens");
    let row: [Cell; 3] = [service.contact_key(from).into(), "00000000000000aa".into(), first.to_string().into()];
    let sql = "INSERT INTO run (contact, id, mode, flow, version, channel, language, arm, started_at, day) \
               VALUES ($1, $2, 'live', 'talk', $3, 'main-sms', 'en', '', 1, '2026-03-02')";
    record.write(vec![Statement::new(sql, row)]).await.expect("written");
    let ended = api.post(PUBLICATIONS, json!({ "flow": talk("two"), "runs": "end" })).await;
    assert_eq!(ended.status, 201, "{}", ended.text);
    let begun = Instant::now();
    while service.core().store().live(first).await != Ok(0) {
        assert!(begun.elapsed() < LONG, "the run lives on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    service.stop().await;
}
