//! Flows that are paused and instances that are drained, over the API and by commands.

use crate::broadcast::{SALE, make, people};
use crate::support::api::{Api, KEY};
use crate::support::live::{GREETING, SIMULATED, Service};
use crate::support::patience;
use serde_json::{Value, json};
use std::process::{Command, Output, Stdio};

const PHONE: &str = "+447700900123";
const OTHER: &str = "+447700900124";

/// A command in the folder of the service.
fn command(service: &Service, key: &str, arguments: &[&str]) -> Output {
    called(service, key, arguments).output().expect("the binary runs")
}

fn called(service: &Service, key: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_replyflow"));
    command.args(arguments).current_dir(service.folder());
    command.env("EVENTS_KEY", KEY).env("REPLYFLOW_KEY", key).env("REPLYFLOW_URL", &service.base);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_flow_begins_nothing_until_it_is_resumed() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING), ("sale", SALE)]).await;
    let api = Api::admin(&service).await;
    let (pause, resume) = ("/v1/flows/greeting/pause", "/v1/flows/greeting/resume");
    service.write("main-sms", PHONE, "1", "hi").await;
    assert_eq!(service.shown(PHONE, 1).await, ["Do you like it?"]);
    let paused = api.post_named(pause, "once", json!({ "reason": "it asks\n too much" })).await;
    assert_eq!((paused.status, &paused.json["changed"]), (200, &json!(true)), "{}", paused.text);
    let hold = &paused.json["paused"];
    assert_eq!((&hold["by"], &hold["reason"]), (&json!("made by a test"), &json!("it asks too much")));
    let again = api.post(pause, json!({})).await;
    assert_eq!((&again.json["changed"], &again.json["paused"]), (&json!(false), hold), "{}", again.text);
    assert_eq!(&api.get("/v1/flows/greeting").await.json["flow"]["paused"], hold);
    assert_eq!(api.get("/v1/flows/sale").await.json["flow"]["paused"], Value::Null);
    // Who is where, by the record, which follows in a moment.
    let here = Api::keyed(&service, &["history:read"], "test").await;
    let counted = json!([{ "flow": "greeting", "state": "hello", "runs": 1 }]);
    here.until("/v1/states", |answer| answer.json["items"] == counted).await;
    assert_eq!(here.get("/v1/states?flow=sale").await.json["items"], json!([]));
    let counts = said(&command(&service, "", &["admin", "contacts", "--test", "--format", "json"]));
    assert_eq!(serde_json::from_str::<Value>(&counts).expect("a line of JSON"), counted[0]);
    let listed = said(&command(&service, "", &["admin", "contacts", "--test", "--flow", "greeting", "--state", "hello"]));
    assert!(listed.starts_with(&service.contact_key(PHONE)), "{listed}");
    let nobody = command(&service, "", &["admin", "contacts", "--test", "--flow", "greeting", "--state", "helo"]);
    assert_eq!((nobody.status.code(), said(&nobody).trim()), (Some(0), "Nobody is in this state."));
    assert_eq!(said(&command(&service, "", &["admin", "contacts"])).trim(), "No run is live.", "a simulator plays them all");
    assert_eq!(command(&service, "", &["admin", "contacts", "--state", "hello"]).status.code(), Some(2));
    // What is live goes on.
    service.write("main-sms", PHONE, "2", "yes").await;
    assert_eq!(service.shown(PHONE, 2).await[1], "Thank you.");
    // Nothing begins, and the record says why.
    service.write("main-sms", OTHER, "3", "hi").await;
    let contact = service.contact_key(OTHER);
    let timeline = format!("/v1/contacts/{contact}/timeline");
    // Whom a simulator plays belongs to test.
    let test = Api::keyed(&service, &["admin"], "test").await;
    let told = test.until(&timeline, |answer| answer.text.contains("`greeting`, which would begin, is paused")).await;
    assert_eq!(told.status, 200);
    let asked = test.post(&format!("/v1/contacts/{contact}/runs"), json!({ "flow": "greeting" })).await;
    assert_eq!((asked.status, asked.json["detail"].as_str().is_some_and(|why| why.contains("is paused"))), (409, true));
    for (path, status) in [("/v1/flows/nothing/pause", 404), ("/v1/flows/No name/pause", 404)] {
        assert_eq!(api.post(path, json!({})).await.status, status, "{path}");
    }
    let audit = api.get("/v1/audit?action=flow.pause").await;
    assert_eq!(
        (&audit.json["items"][1]["target"], &audit.json["items"][1]["detail"]["reason"]),
        (&json!("greeting"), &json!("it asks too much"))
    );
    let reads = Api::keyed(&service, &["operations:read"], "live").await;
    assert_eq!(reads.post(pause, json!({})).await.status, 403);
    assert_eq!(test.post(pause, json!({})).await.status, 409);
    // From beside, with the same effect within about a second.
    let doctor = said(&command(&service, "", &["doctor"]));
    assert!(doctor.contains("greeting: paused since") && doctor.contains("it asks too much"), "{doctor}");
    let words = said(&command(&service, "", &["admin", "flow", "resume", "greeting"]));
    assert!(words.contains("greeting begins runs again"), "{words}");
    api.until("/v1/flows/greeting", |answer| answer.json["flow"]["paused"].is_null()).await;
    service.write("main-sms", OTHER, "4", "hi").await;
    assert_eq!(service.shown(OTHER, 1).await, ["Do you like it?"], "what was refused is not made up for");
    assert!(said(&command(&service, "", &["admin", "flow", "resume", "greeting"])).contains("greeting was not paused"));
    let wrong = command(&service, "", &["admin", "flow", "pause", "nothing"]);
    assert_eq!((wrong.status.code(), said(&wrong).contains("no flow `nothing` is published")), (Some(2), true));
    assert_eq!(api.post(resume, json!({})).await.json["changed"], false);
    // After a restart it is as it was.
    assert!(said(&command(&service, "", &["admin", "flow", "pause", "greeting", "--reason", "by hand"])).contains("is paused"));
    let folder = service.stop().await;
    let service = Service::start_in(folder).await;
    let api = Api::admin(&service).await;
    assert_eq!(api.get("/v1/flows/greeting").await.json["flow"]["paused"]["by"], "command line");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_began_before_the_pause_is_answered_as_it_was_then() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    let api = Api::admin(&service).await;
    assert_eq!(api.post("/v1/contacts", json!({ "phone": OTHER })).await.status, 201);
    let contact = service.contact_key(OTHER);
    assert_eq!(api.becomes(&format!("/v1/contacts/{contact}/conversation"), 200).await, 200);
    let (runs, body) = (format!("/v1/contacts/{contact}/runs"), json!({ "flow": "greeting" }));
    let begun = api.post_named(&runs, "one", body.clone()).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    assert_eq!(api.post("/v1/flows/greeting/pause", json!({})).await.status, 200);
    let again = api.post_named(&runs, "one", body.clone()).await;
    assert_eq!((again.status, &again.json), (202, &begun.json), "it was stored: {}", again.text);
    let refused = api.post_named(&runs, "two", body.clone()).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert_eq!(api.post("/v1/flows/greeting/resume", json!({})).await.status, 200);
    let freed = api.post_named(&runs, "two", body).await;
    assert_eq!(freed.status, 202, "what was refused leaves its name free: {}", freed.text);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_of_a_paused_flow_waits_and_goes_on() {
    let (service, api) = crate::broadcast::start().await;
    people(&api, 4).await;
    assert_eq!(api.post("/v1/flows/sale/pause", json!({})).await.status, 200);
    let asked = json!({ "flow": "sale", "audience": { "query": "tag = vip" } });
    let dry = api.post("/v1/broadcasts/dry-run", asked.clone()).await;
    assert_eq!((dry.status, &dry.json["gets"]), (200, &json!(2)), "as when it goes on: {}", dry.text);
    let id = make(&api, asked).await;
    let path = format!("/v1/broadcasts/{id}");
    // It looks at the pause before it hands over its first piece, and is left then.
    let running = api.until(&path, |answer| answer.json["broadcast"]["state"] == "running").await;
    assert_eq!(
        (&running.json["broadcast"]["total"], &running.json["broadcast"]["fed"]),
        (&json!(2), &json!(0)),
        "{}",
        running.text
    );
    assert_eq!(api.post("/v1/flows/sale/resume", json!({})).await.json["changed"], true);
    let done = crate::broadcast::done(&api, &id, 2).await;
    assert_eq!(done["broadcast"]["fed"], 2, "{done}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_instance_is_not_ready_answers_the_api_and_works_again_when_it_is_told() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    let api = Api::admin(&service).await;
    let drained = command(&service, api.key(), &["admin", "drain", "--reason", "a new kernel", "--wait", "30s"]);
    assert_eq!((drained.status.code(), said(&drained).trim()), (Some(0), "It is empty: it may be stopped."));
    let instance = api.get("/v1/instance").await;
    assert_eq!((&instance.json["state"], &instance.json["drain"]["reason"]), (&json!("drained"), &json!("a new kernel")));
    let ready = service.get("/health/ready").await;
    assert_eq!((ready.status().as_u16(), ready.text().await.expect("text").contains("draining")), (503, true));
    assert_eq!(service.get("/health/live").await.status(), 200, "nobody is to restart it");
    assert_eq!(service.write("main-sms", PHONE, "1", "hi").await.status(), 200, "what comes all the same is stored");
    let status = api.until("/v1/status", |answer| answer.json["contacts_waiting"] == 1).await;
    assert_eq!(status.status, 200);
    let stuck = api.until("/v1/stuck?older=1ms", |answer| answer.json["items"] != json!([])).await;
    let one = &stuck.json["items"][0];
    assert_eq!((&one["contact"], &one["why"]), (&json!(service.contact_key(PHONE)), &json!("not_taken")), "{}", stuck.text);
    assert_eq!(api.get("/v1/stuck").await.json["items"], json!([]), "not for ten minutes yet");
    let told = command(&service, api.key(), &["admin", "stuck", "--older", "1ms"]);
    assert!(told.status.code() == Some(1) && said(&told).contains("its turn\n    Nobody has taken it"), "{}", said(&told));
    let sent: Value = service.get("/simulator/messages?to=447700900123").await.json().await.expect("JSON");
    assert_eq!(sent["messages"], json!([]));
    let again = api.post("/v1/instance/drain", json!({})).await;
    assert_eq!(again.json["drain"], instance.json["drain"], "a drain that stands goes on as it was");
    let resumed = command(&service, api.key(), &["admin", "drain", "--resume", "--format", "json"]);
    let shown: Value = serde_json::from_str(&said(&resumed)).expect("JSON");
    assert_eq!((resumed.status.code(), &shown["state"], &shown["drain"]), (Some(0), &json!("working"), &Value::Null));
    assert_eq!(service.shown(PHONE, 1).await, ["Do you like it?"], "it begins with what has waited");
    assert_eq!(service.get("/health/ready").await.status(), 200);
    let audit = api.get("/v1/audit?action=instance.drain").await;
    assert_eq!(audit.json["items"].as_array().map(Vec::len), Some(2), "{}", audit.text);
    let test = Api::keyed(&service, &["operations:write"], "test").await;
    assert_eq!(test.post("/v1/instance/drain", json!({})).await.status, 409);
    let reads = Api::keyed(&service, &["operations:read"], "live").await;
    assert_eq!(reads.post("/v1/instance/drain", json!({})).await.status, 403);
    assert_eq!(command(&service, "", &["admin", "drain"]).status.code(), Some(2), "without a key");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_another_process_under_the_same_name_has_that_one_drained() {
    const DRAIN: &str = "/v1/instance/drain";
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    let api = Api::admin(&service).await;
    let first = api.post_named(DRAIN, "kernel", json!({})).await;
    assert!(first.status == 200 && first.json["drain"]["since"].is_string(), "{}", first.text);
    assert_eq!(api.post_named(DRAIN, "kernel", json!({})).await.json, first.json, "once at one process");
    let folder = service.stop().await;
    // What a restart is to the store another instance is, too: a process that was not asked yet.
    let service = Service::start_in(folder).await;
    let api = Api::of(&service).with_key(api.key());
    assert_eq!(api.get("/v1/instance").await.json["state"], "working", "a restart ends a drain");
    let second = api.post_named(DRAIN, "kernel", json!({})).await;
    assert_eq!(second.status, 200, "{}", second.text);
    let drain = api.get("/v1/instance").await.json["drain"].clone();
    assert!(drain.is_object() && drain != first.json["drain"], "{drain}");
    assert_eq!(second.json["drain"], drain);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_of_tests_is_overdue_does_not_hide_what_is_stuck() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    let api = Api::admin(&service).await;
    // Whom a simulator plays belongs to test, whom a key makes is live.
    service.write("main-sms", PHONE, "1", "hi").await;
    assert_eq!(service.shown(PHONE, 1).await, ["Do you like it?"]);
    let made = api.post("/v1/contacts", json!({ "phone": OTHER })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let live = service.contact_key(OTHER);
    assert_eq!(api.becomes(&format!("/v1/contacts/{live}/conversation"), 200).await, 200);
    service.core().drain("a test", None);
    service.write("main-sms", PHONE, "2", "yes").await;
    let test = Api::keyed(&service, &["operations:read"], "test").await;
    let tried = test.until("/v1/stuck?older=1ms", |answer| answer.json["items"] != json!([])).await;
    assert_eq!(tried.json["items"][0]["contact"], json!(service.contact_key(PHONE)), "the oldest: {}", tried.text);
    let begun = api.post(&format!("/v1/contacts/{live}/runs"), json!({ "flow": "greeting" })).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    // Nothing but what is of the other mode is older than this one.
    let stuck = api.until("/v1/stuck?older=1ms&limit=1", |answer| answer.json["items"] != json!([])).await;
    assert_eq!(stuck.json["items"][0]["contact"], json!(live), "{}", stuck.text);
    let both = api.get("/v1/stuck?older=1ms").await;
    assert_eq!(both.json["items"].as_array().map(Vec::len), Some(1), "and what is of tests is not among it: {}", both.text);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_was_renamed_while_it_was_paused_is_resumed_by_its_new_name() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    assert!(said(&command(&service, "", &["admin", "flow", "pause", "greeting"])).contains("is paused"));
    let folder = service.stop().await;
    let renamed = GREETING.replace("flow: greeting", "flow: welcome\nwas: greeting");
    std::fs::remove_file(folder.path().join("flows/greeting.yaml")).expect("removed");
    std::fs::write(folder.path().join("flows/welcome.yaml"), renamed).expect("written");
    let service = Service::start_in(folder).await;
    let api = Api::admin(&service).await;
    let shown = api.get("/v1/flows/welcome").await;
    assert_eq!((shown.status, &shown.json["flow"]["paused"]["by"]), (200, &json!("command line")), "{}", shown.text);
    let again = said(&command(&service, "", &["admin", "flow", "pause", "welcome"]));
    assert!(again.contains("welcome (as `greeting`) was paused already"), "one pause, not two: {again}");
    let resumed = said(&command(&service, "", &["admin", "flow", "resume", "welcome"]));
    assert!(resumed.contains("welcome (as `greeting`) begins runs again"), "{resumed}");
    api.until("/v1/flows/welcome", |answer| answer.json["flow"]["paused"].is_null()).await;
    // From here on it is called by its name, also by who knows the former one.
    let former = said(&command(&service, "", &["admin", "flow", "pause", "greeting"]));
    assert!(former.contains("greeting (as `welcome`) is paused"), "{former}");
    let both = said(&command(&service, "", &["admin", "flow", "resume", "welcome"]));
    assert!(both.contains("welcome begins runs again"), "{both}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_drain_hears_that_the_instance_works_again() {
    // What is in hand stays there for longer than the command takes to ask.
    let config = SIMULATED.replace("[server]", "[server]\nshutdown_timeout = \"1s\"");
    let service = Service::start(&config, &[("greeting", GREETING)]).await;
    let (api, core) = (Api::admin(&service).await, service.core());
    service.post("/simulator/behaviour", json!({ "delay_ms": 15_000 }).to_string()).await;
    service.write("main-sms", PHONE, "1", "hi").await;
    patience::until("it is on its way", async || core.in_hand().sends > 0).await;
    let mut waiting = called(&service, api.key(), &["admin", "drain", "--wait", "5m"]);
    let waiting = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    patience::until("it is drained", async || core.is_draining()).await;
    assert!(core.work_again());
    let told = tokio::task::spawn_blocking(move || waiting.wait_with_output()).await.expect("no panic").expect("it ends");
    let words = said(&told);
    assert_eq!((told.status.code(), words.contains("it takes work again")), (Some(1), true), "{words}");
    assert!(!words.contains("It takes no new work"), "{words}");
    drop(core);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_drained_while_it_starts_is_not_ready_until_it_is_resumed() {
    let folder = Service::start(SIMULATED, &[("greeting", GREETING)]).await.stop().await;
    let service = Service::start_with(folder, |application| {
        assert!(application.core().drain("a test", None));
        application
    })
    .await;
    let api = Api::admin(&service).await;
    let asked = async || {
        let ready = service.get("/health/ready").await;
        (ready.status().as_u16(), ready.text().await.expect("text"))
    };
    patience::until("it has begun", async || !asked().await.1.contains("stopping")).await;
    let ready = asked().await;
    assert_eq!((ready.0, ready.1.contains("draining")), (503, true), "{}", ready.1);
    assert_eq!(api.get("/v1/instance").await.json["state"], "drained");
    assert_eq!(api.post("/v1/instance/resume", json!({})).await.json["state"], "working");
    assert_eq!(service.get("/health/ready").await.status(), 200);
    service.stop().await;
}
