//! Test contacts that go: one, two that become one, those to whom nothing happens, and all of them at once.

use super::stage::{PHONE, Stage, items, until, writes};
use crate::support::api::{Api, record};
use replyflow::domain::time::Span;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const OTHER: &str = "+447700900160";

async fn both(stage: &Stage) -> (Api, Api) {
    (Api::keyed(&stage.service, &["admin"], "test").await, Api::admin(&stage.service).await)
}

/// A contact of each mode with this number; their keys.
async fn begun(test: &Api, live: &Api) -> (String, String) {
    let made = live.post("/v1/contacts", json!({ "phone": PHONE, "name": "Ann" })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let tried = writes(test, "main-sms", PHONE, "go").await;
    until(test, &format!("/v1/test/sent?contact={tried}&kind=message"), |all| items(all).len() >= 2).await;
    (tried, made.json["id"].as_str().expect("a key").to_owned())
}

async fn delete(api: &Api, path: &str) -> (u16, Value) {
    let answer = api.send(Method::DELETE, path, &[], Vec::new()).await;
    (answer.status, answer.json)
}

/// How many rows of test there are, by table.
async fn rows_of_test(stage: &Stage) -> Vec<(&'static str, i64)> {
    let record = record(&stage.service).await;
    let mut found = Vec::new();
    for table in ["contact", "message", "run", "figure", "figure_day", "figure_total", "broadcast", "schedule", "happening"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE mode = 'test'");
        found.push((table, record.read(&sql, &[]).await.expect("read")[0].int(0).expect("a number")));
    }
    for (table, sql) in [
        ("tried", "SELECT count(*) FROM tried"),
        ("import_job", "SELECT count(*) FROM import_job WHERE id LIKE 'test-%'"),
        ("import_row", "SELECT count(*) FROM import_row WHERE job LIKE 'test-%'"),
        ("contact_address", "SELECT count(*) FROM contact_address WHERE address LIKE 'test:%'"),
    ] {
        found.push((table, record.read(sql, &[]).await.expect("read")[0].int(0).expect("a number")));
    }
    found.retain(|(_, n)| *n > 0);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn one_test_contact_is_deleted_and_whoever_has_the_number_live_is_not() {
    let stage = Stage::start("").await;
    let (test, live) = both(&stage).await;
    let (tried, meant) = begun(&test, &live).await;
    writes(&test, "main-sms", PHONE, "STOP").await;
    until(&test, &format!("/v1/contacts/{tried}"), |one| one["stopped"] == json!(["sms"])).await;
    assert_eq!(delete(&live, &format!("/v1/contacts/{tried}")).await.0, 404, "of another mode");
    assert_eq!(delete(&test, &format!("/v1/contacts/{meant}")).await.0, 404, "of another mode");
    let (status, receipt) = delete(&test, &format!("/v1/contacts/phone:{PHONE}")).await;
    assert_eq!((status, &receipt["contact"], &receipt["opted_out"]), (200, &json!(tried), &json!(["sms"])), "{receipt}");
    assert_eq!(test.becomes(&format!("/v1/contacts/{tried}/timeline"), 404).await, 404);
    until(&test, "/v1/test/sent", |all| items(all).is_empty()).await;
    assert_eq!(items(&test.get("/v1/test/sent").await.json), [] as [Value; 0], "what would have left goes along");
    let ann = live.get(&format!("/v1/contacts/phone:{PHONE}")).await;
    assert_eq!((&ann.json["id"], &ann.json["stopped"]), (&json!(meant), &json!([])), "{}", ann.text);
    // As in earnest: whoever said STOP begins anew as somebody who did.
    assert_eq!(writes(&test, "main-sms", PHONE, "go").await, tried);
    let again = until(&test, &format!("/v1/contacts/{tried}"), |one| one["id"].is_string()).await;
    assert_eq!(again.json["stopped"], json!(["sms"]), "{}", again.text);
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_test_contacts_become_one_with_what_would_have_been_sent_to_both() {
    let stage = Stage::start("").await;
    let (test, live) = both(&stage).await;
    let (tried, meant) = begun(&test, &live).await;
    let other = test.post("/v1/contacts", json!({ "email": "ann@shop.example", "tags": ["beta"] })).await;
    let other = other.json["id"].as_str().expect("a key").to_owned();
    let refused = test.post(&format!("/v1/contacts/{other}/merge"), json!({ "from": meant })).await;
    assert_eq!((refused.status, &refused.json["field"]), (422, &json!("from")), "nobody of the other mode: {}", refused.text);
    assert_eq!(live.post(&format!("/v1/contacts/{meant}/merge"), json!({ "from": tried })).await.status, 422);
    let merged = test.post(&format!("/v1/contacts/{other}/merge"), json!({ "from": tried })).await;
    assert_eq!(merged.status, 202, "{}", merged.text);
    // The number leads there at once; the record follows.
    let whole = |one: &Value| one["id"] == json!(other) && one["tags"] == json!(["beta", "paid"]);
    let one = until(&test, &format!("/v1/contacts/phone:{PHONE}"), whole).await;
    assert_eq!((whole(&one.json), &one.json["mode"]), (true, &json!("test")), "{}", one.text);
    assert_eq!(test.get("/v1/contacts/email:ann@shop.example").await.json["id"], json!(other));
    let path = format!("/v1/test/sent?contact={other}&kind=message");
    let sent = until(&test, &path, |all| items(all).len() >= 2).await;
    assert!(items(&sent.json).len() >= 2 && items(&sent.json).iter().all(|one| one["contact"] == json!(other)), "{}", sent.text);
    // What comes to the old number is the one contact's, and stays a test.
    writes(&test, "main-sms", PHONE, "small").await;
    until(&test, &format!("/v1/contacts/{other}/conversation"), |state| state["runs"][0]["waits_for"] == "person").await;
    assert_eq!(live.get(&format!("/v1/contacts/phone:{PHONE}")).await.json["id"], json!(meant));
    assert_eq!(live.get(&format!("/v1/contacts/{other}")).await.status, 404);
    assert!(stage.provider.sent().is_empty() && stage.mail.taken().is_empty(), "{:?}", stage.caught());
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_was_tried_goes_at_once_and_nothing_that_is_meant() {
    let stage = Stage::start("[channels.play]\nprovider = \"simulator\"\nkind = \"sms\"\n").await;
    let (test, live) = both(&stage).await;
    let (tried, meant) = begun(&test, &live).await;
    writes(&test, "main-sms", PHONE, "STOP").await;
    assert_eq!(stage.service.write("play", OTHER, "p1", "hello").await.status(), 200);
    until(&test, &format!("/v1/contacts/phone:{OTHER}"), |one| one["id"].is_string()).await;
    let soon = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() + 172_800).expect("a moment").to_string();
    for api in [&test, &live] {
        let file = b"{\"phone\":\"+447700900170\",\"name\":\"Imported\"}\n".to_vec();
        let headers = [("content-type", "application/x-ndjson")];
        let job = api.send(Method::POST, "/v1/imports?job=try", &headers, file).await;
        assert!(matches!(job.status, 200..=202), "{}", job.text);
        let every = json!({ "name": "again", "flow": "everything", "audience": { "query": "tag = vip" },
            "every": "day", "at": "09:00" });
        let schedule = api.post("/v1/schedules", every).await;
        assert_eq!(schedule.status, 201, "{}", schedule.text);
        let later = json!({ "name": "later", "flow": "everything", "audience": { "contacts": ["phone:+447700900170"] },
            "at": soon });
        let broadcast = api.post("/v1/broadcasts", later).await;
        assert!(matches!(broadcast.status, 201 | 202), "{}", broadcast.text);
        let made = until(api, "/v1/contacts/phone:+447700900170", |one| one["id"].is_string()).await;
        until(api, &format!("/v1/contacts/{}/timeline", made.json["id"].as_str().expect("a key")), |all| all["items"].is_array())
            .await;
    }
    let path = format!("/v1/contacts/{tried}");
    until(&test, &path, |one| one["stopped"] == json!(["sms"])).await;
    until(&test, "/v1/contacts", |all| items(all).len() == 3).await;
    let before: Vec<_> = rows_of_test(&stage).await.into_iter().map(|(table, _)| table).collect();
    assert_eq!(before.len(), 13, "there is something of each: {before:?}");

    assert_eq!(delete(&live, "/v1/test/data").await.0, 409, "a key that is not for test");
    assert_eq!(delete(&stage.test(&["history:read"]).await, "/v1/test/data").await.0, 403);
    assert_eq!(delete(&test.without_key(), "/v1/test/data").await.0, 401);
    let mut gone = delete(&test, "/v1/test/data").await;
    assert_eq!(gone.1["contacts"], 3, "{}", gone.1);
    for _ in 0..20 {
        if gone.0 == 200 {
            break;
        }
        gone = delete(&test, "/v1/test/data").await;
    }
    assert_eq!((gone.0, &gone.1["left"]), (200, &json!(0)), "{}", gone.1);
    assert_eq!(rows_of_test(&stage).await, []);
    for path in ["/v1/contacts", "/v1/runs", "/v1/messages", "/v1/test/sent", "/v1/broadcasts", "/v1/schedules"] {
        assert_eq!(test.get(path).await.json["items"], json!([]), "{path}");
    }
    for (path, n) in [("/v1/contacts", 2), ("/v1/broadcasts", 1), ("/v1/schedules", 1)] {
        assert_eq!(items(&live.get(path).await.json).len(), n, "{path}: what is meant stays");
    }
    assert_eq!(live.get("/v1/imports/try").await.status, 200);
    assert_eq!(live.get(&format!("/v1/contacts/{meant}")).await.json["name"], "Ann");
    let audit = test.get("/v1/audit?action=test_data.delete").await;
    assert!(!items(&audit.json).is_empty(), "who did it stays: {}", audit.text);
    // The number begins anew, as if STOP had never been tried.
    assert_eq!(writes(&test, "main-sms", PHONE, "go").await, tried);
    let again = until(&test, &path, |one| one["id"].is_string()).await;
    assert_eq!(again.json["stopped"], json!([]), "{}", again.text);
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_contact_to_whom_nothing_happens_goes_after_a_while_and_nobody_else() {
    let stage = Stage::start("[channels.play]\nprovider = \"simulator\"\nkind = \"sms\"\n").await;
    let (test, live) = both(&stage).await;
    let (tried, meant) = begun(&test, &live).await;
    assert_eq!(stage.service.write("play", OTHER, "p1", "hello").await.status(), 200);
    // The own clock of one of them is far ahead.
    let ahead = writes(&test, "main-sms", "+447700900161", "go").await;
    until(&test, &format!("/v1/contacts/{ahead}/conversation"), |state| state["runs"][0]["state"] == "size").await;
    assert_eq!(test.post("/v1/test/time", json!({ "contact": ahead, "by": "20d" })).await.status, 202);
    let renamed = test.send(Method::PATCH, &format!("/v1/contacts/{ahead}"), &[], b"{\"name\":\"Ahead\"}".to_vec()).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    until(&test, "/v1/contacts", |all| items(all).len() == 3).await;
    let record = record(&stage.service).await;
    let core = stage.service.core();
    assert_eq!(core.tidy_trials(&record, Span::days(1)).await.expect("looked"), 0, "something happened today");
    tokio::time::sleep(Duration::from_millis(30)).await;
    let mut gone = 0;
    for _ in 0..200 {
        gone += core.tidy_trials(&record, Span::millis(20)).await.expect("looked");
        if gone == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(gone, 2);
    for contact in [&tried, &ahead] {
        assert_eq!(test.becomes(&format!("/v1/contacts/{contact}"), 404).await, 404);
    }
    assert_eq!(live.get(&format!("/v1/contacts/{meant}")).await.status, 200);
    assert_eq!(test.get(&format!("/v1/contacts/phone:{OTHER}")).await.status, 200, "whom a simulator plays stays");
    stage.service.stop().await;
}
