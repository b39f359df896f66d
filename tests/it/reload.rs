//! Flows that change while the service runs.

use crate::support::live::{SIMULATED, Service};
use crate::support::patience::LONG;
use crate::support::process;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

fn greeting(word: &str) -> String {
    format!(
        "flow: greeting\nstart: [ {{ message: any }} ]\nbegin: a\nstates:\n  a:\n    ask: {word}?\n    answer: yes_no\n    \
         go: {{ yes: {{ say: Yes to {word}., end: yes }}, no: {{ end: no }}, nomatch: {{ again: 9, end: no }}, silence: {{ after: 1h, end: no }}, undelivered: {{ end: no }} }}\n"
    )
}

fn write(folder: &Path, text: &str) {
    fs::write(folder.join("flows/greeting.yaml"), text).expect("written");
}

/// Somebody new writes until the answer is this.
async fn greets(service: &Service, number: &mut u32, word: &str) -> String {
    let begun = Instant::now();
    loop {
        *number += 1;
        let from = format!("+4477009{:05}", *number);
        assert_eq!(service.write("main-sms", &from, &format!("m{number}"), "hi").await.status(), 200);
        let said = service.shown(&from, 1).await;
        if said[0] == format!("{word}?") {
            return from;
        }
        assert!(begun.elapsed() < LONG, "still {said:?}, not {word}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn refused(service: &Service, wanted: u64) {
    until(service, "flows_refused", wanted).await;
}

/// Waits until the health page says so.
async fn until(service: &Service, field: &str, wanted: u64) {
    let begun = Instant::now();
    loop {
        let ready: Value = service.get("/health/ready").await.json().await.expect("JSON");
        if ready[field].as_u64() == Some(wanted) {
            assert_eq!(ready["status"], "ready");
            return;
        }
        assert!(begun.elapsed() < LONG, "{ready}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_begins_new_runs_and_a_broken_one_changes_nothing() {
    let service = Service::start(SIMULATED, &[("greeting", &greeting("One"))]).await;
    let mut n = 0;
    let first = greets(&service, &mut n, "One").await;
    write(service.folder(), &greeting("Two"));
    let second = greets(&service, &mut n, "Two").await;
    // Who was asked before is answered by what was then.
    service.write("main-sms", &first, "a1", "yes").await;
    assert_eq!(service.shown(&first, 2).await[1], "Yes to One.");
    write(service.folder(), "flow: greeting\nbegin: nowhere\n");
    refused(&service, 1).await;
    greets(&service, &mut n, "Two").await;
    service.write("main-sms", &second, "a2", "yes").await;
    assert_eq!(service.shown(&second, 2).await[1], "Yes to Two.");
    assert!(service.get("/metrics").await.text().await.expect("text").contains("replyflow_flows_refused "));
    write(service.folder(), &greeting("Three"));
    refused(&service, 0).await;
    greets(&service, &mut n, "Three").await;
    service.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_renamed_folders_that_are_replaced_and_links_that_are_turned_are_seen() {
    let service = Service::start(SIMULATED, &[("greeting", &greeting("One"))]).await;
    let (folder, mut n) = (service.folder().to_path_buf(), 0);
    greets(&service, &mut n, "One").await;
    // As editors save.
    fs::write(folder.join("flows/.greeting.swp"), greeting("Two")).expect("written");
    fs::rename(folder.join("flows/.greeting.swp"), folder.join("flows/greeting.yaml")).expect("renamed");
    greets(&service, &mut n, "Two").await;
    // As a checkout replaces a folder.
    fs::create_dir(folder.join("next")).expect("made");
    fs::write(folder.join("next/greeting.yaml"), greeting("Three")).expect("written");
    fs::rename(folder.join("flows"), folder.join("before")).expect("renamed");
    fs::rename(folder.join("next"), folder.join("flows")).expect("renamed");
    greets(&service, &mut n, "Three").await;
    write(&folder, &greeting("Four"));
    greets(&service, &mut n, "Four").await;
    // As Kubernetes mounts a config map: each file a link through `..data`, which is turned.
    for (version, word) in [("v1", "Five"), ("v2", "Six")] {
        fs::create_dir(folder.join("flows").join(version)).expect("made");
        fs::write(folder.join("flows").join(version).join("greeting.yaml"), greeting(word)).expect("written");
    }
    let data = folder.join("flows/..data");
    let turn = |to: &str| {
        std::os::unix::fs::symlink(to, folder.join("flows/..tmp")).expect("linked");
        fs::rename(folder.join("flows/..tmp"), &data).expect("renamed");
    };
    turn("v1");
    fs::remove_file(folder.join("flows/greeting.yaml")).expect("removed");
    std::os::unix::fs::symlink("..data/greeting.yaml", folder.join("flows/greeting.yaml")).expect("linked");
    greets(&service, &mut n, "Five").await;
    turn("v2");
    greets(&service, &mut n, "Six").await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_watching_it_takes_somebody_who_asks() {
    let service = Service::start(SIMULATED, &[("greeting", &greeting("One"))]).await;
    let folder = service.stop().await;
    let asked: Arc<Mutex<Option<Arc<Notify>>>> = Arc::default();
    let keep = Arc::clone(&asked);
    let service = Service::start_with(folder, move |application| {
        *keep.lock().expect("free") = Some(application.asks_to_reload());
        application.without_watching()
    })
    .await;
    let mut n = 0;
    greets(&service, &mut n, "One").await;
    write(service.folder(), &greeting("Two"));
    greets(&service, &mut n, "One").await;
    asked.lock().expect("free").as_ref().expect("a handle").notify_one();
    greets(&service, &mut n, "Two").await;
    until(&service, "flows_read", 2).await;
    // A folder that is away deletes nothing.
    fs::rename(service.folder().join("flows"), service.folder().join("away")).expect("renamed");
    asked.lock().expect("free").as_ref().expect("a handle").notify_one();
    until(&service, "flows_read", 3).await;
    greets(&service, &mut n, "Two").await;
    service.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_makes_the_process_read_again_and_its_log_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    process::project(folder.path(), SIMULATED, &[("flows/greeting.yaml", &greeting("One"))]);
    let service = process::Service::start_with(folder.path(), &["--no-watch"]);
    write(folder.path(), &greeting("Two").replace("begin: a", "begin: b"));
    service.hang_up();
    let begun = Instant::now();
    while !service.get("/health/ready").await.1.contains("\"flows_refused\":1") {
        assert!(begun.elapsed() < LONG, "{}", service.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let log = service.log();
    assert!(
        log.contains("flows/greeting.yaml") && log.contains("RF104") && log.contains("line=3") && log.contains("remedy="),
        "{log}"
    );
    write(folder.path(), &greeting("Two"));
    service.hang_up();
    while !service.get("/health/ready").await.1.contains("\"flows_refused\":0") {
        assert!(begun.elapsed() < LONG * 2, "{}", service.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(service.stop(), "a hangup does not end it");
}

/// A quoted question is found by what its provider calls it.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_quotes_the_question_put_aside_answers_it() {
    let asks = |name: &str| {
        format!(
            "flow: {name}\nstart: [ {{ keyword: {name} }} ]\nbegin: a\nstates:\n  a: {{ ask: '{name}?', answer: yes_no, go: {{ yes: {{ say: 'Yes to {name}.', end: yes }}, \
             no: {{ end: no }}, nomatch: {{ end: no }}, silence: {{ after: 1h, end: no }}, undelivered: {{ end: no }} }} }}\n"
        )
    };
    let service = Service::start(SIMULATED, &[("one", &asks("one")), ("two", &asks("two"))]).await;
    let phone = "+447700900123";
    service.write("main-whatsapp", phone, "m1", "one").await;
    service.shown(phone, 1).await;
    service.write("main-whatsapp", phone, "m2", "two").await;
    service.shown(phone, 2).await;
    let shown: Value = service.get("/simulator/messages?to=447700900123").await.json().await.expect("JSON");
    let first = shown["messages"][0]["id"].as_str().expect("an id").to_owned();
    let body = serde_json::json!({ "id": "m3", "from": phone, "text": "yes", "in_reply_to": first }).to_string();
    assert_eq!(service.post("/hooks/main-whatsapp", body).await.status(), 200);
    let texts = service.shown(phone, 4).await;
    assert_eq!(texts[2..], ["Yes to one.", "two?"], "{texts:?}");
    service.stop().await;
}
