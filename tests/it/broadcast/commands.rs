//! The command line, and the page for operators.

use super::{MORE, NEWS, SURVEY, done, make, people, start, until};
use crate::support::api::Api;
use crate::support::command::replyflow_in;
use crate::support::live::{SIMULATED, Service};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_does_the_same() {
    let (service, api) = start().await;
    people(&api, 4).await;
    let run = |arguments: &[&str]| {
        let all: Vec<&str> = arguments.to_vec();
        let (folder, url, key) = (service.folder().to_owned(), service.base.clone(), api.key().to_owned());
        let all: Vec<String> = all.into_iter().map(str::to_owned).collect();
        tokio::task::block_in_place(move || command(&folder, &url, &key, &all))
    };
    let (told, code) = run(&["broadcast", "dry-run", "--flow", "sale", "--query", "tag = vip"]);
    assert!(code == 0 && told.contains("2 contacts: 2 would get it") && told.contains("cost: 0.08 EUR"), "{told}");
    let file = service.folder().join("more.csv");
    std::fs::write(&file, "phone\n07700900801\n07700900802\n").expect("written");
    let file = file.to_string_lossy().into_owned();
    let (made, code) =
        run(&["broadcast", "create", "--flow", "sale", "--file", &file, "--set", "word=\"Hey\"", "--format", "json"]);
    assert_eq!(code, 0, "{made}");
    let made: Value = serde_json::from_str(made.lines().find(|line| line.starts_with('{')).unwrap_or(&made)).expect("JSON");
    let id = made["id"].as_str().expect("an id");
    done(&api, id, 2).await;
    let (shown, code) = run(&["broadcast", "show", id]);
    assert!(code == 0 && shown.contains("done") && shown.contains("2 began"), "{shown}");
    assert!(run(&["broadcast", "list"]).0.contains(id));
    assert_eq!(run(&["broadcast", "pause", id]).1, 2, "it is over");
    assert_eq!(run(&["broadcast", "show", "b_0000000000000001"]).1, 1);
    let (made, code) = run(&[
        "schedule",
        "create",
        "--flow",
        "sale",
        "--query",
        "tag = vip",
        "--every",
        "week",
        "--on",
        "mon,thu",
        "--at",
        "09:00",
        "--format",
        "json",
    ]);
    assert_eq!(code, 0, "{made}");
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let id = made["id"].as_str().expect("an id");
    assert!(run(&["schedule", "pause", id]).0.contains("paused"));
    assert!(run(&["schedule", "resume", id]).0.contains("on mon, thu at 09:00"));
    assert!(run(&["schedule", "list"]).0.contains(id));
    assert_eq!((run(&["schedule", "delete", id]).1, run(&["schedule", "show", id]).1), (0, 1));
    let (_, code) = replyflow_in(service.folder(), &["broadcast", "list"]);
    assert_eq!(code, 2, "without a key");
    service.stop().await;
}

fn command(folder: &std::path::Path, url: &str, key: &str, arguments: &[String]) -> (String, i32) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_replyflow"))
        .args(arguments)
        .arg("--config")
        .arg(folder.join("replyflow.toml"))
        .env("REPLYFLOW_KEY", key)
        .env("REPLYFLOW_URL", url)
        .env("NO_COLOR", "1")
        .current_dir(folder)
        .output()
        .expect("the command starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if !output.status.success() {
        eprintln!("{arguments:?}: {}", text(&output.stderr));
    }
    (text(&output.stdout), output.status.code().unwrap_or(-1))
}

/// `docs/broadcasts.md`: each of its examples is run as it stands there.
#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_page_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    write("replyflow.toml", &format!("{SIMULATED}{MORE}"));
    write("templates/spring-sale.yaml", &NEWS.replace("news", "spring-sale"));
    write(
        "flows/checkup.yaml",
        &SURVEY.replace("survey", "checkup").replace("order: text", "year: number").replace("order", "year"),
    );
    let service = Service::start_in(folder).await;
    let api = Api::admin(&service).await;
    let file = "phone,tags,marketing\n+447700900123,vip,yes\n+447700900124,vip,\n";
    let sent = api.send(Method::POST, "/v1/imports", &[("content-type", "text/csv")], file.as_bytes().to_vec()).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    until(&api, "/v1/contacts", |page| page["items"].as_array().map_or(0, Vec::len) == 2).await;
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let later = json!({ "notification": "spring-sale", "at": at.to_string(), "audience": { "query": "tag = vip" } });
    let broadcast = make(&api, later).await;
    let again = json!({ "notification": "spring-sale", "audience": { "query": "tag = vip" }, "every": "day", "at": "09:00" });
    let schedule = api.post("/v1/schedules", again).await.json["id"].as_str().expect("an id").to_owned();
    let given = [("BROADCAST", broadcast), ("SCHEDULE", schedule)];
    crate::api_page::work(&service, &api, &given, crate::api_page::examples("docs/broadcasts.md"), 7).await;
    service.stop().await;
}
