//! Contacts from files: what becomes of each row, and that each is taken once, also when the service dies over it.

use crate::support::api::Api;
use crate::support::live::{SIMULATED, Service};
use crate::support::patience::LONG;
use crate::support::process;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const MORE: &str = r#"
[project]
country = "GB"
[attributes]
vip = "boolean"
[topics]
news = "Our weekly letter"
"#;

async fn service() -> (Service, Api) {
    let service = Service::start(&format!("{SIMULATED}{MORE}"), &[]).await;
    let api = Api::keyed(&service, &["contacts:read", "contacts:write"], "live").await;
    (service, api)
}

async fn import(api: &Api, query: &str, file: &str) -> (u16, Value) {
    let answer =
        api.send(Method::POST, &format!("/v1/imports{query}"), &[("content-type", "text/csv")], file.as_bytes().to_vec()).await;
    (answer.status, answer.json)
}

const FILE: &str = "\u{feff}Phone;Email;Name;tags;vip;topic.news;consent_how
07700 900001;ann@shop.example;Ann;vip beta;yes;email;web form
07700 900002;;\"Bob \"\"B\"\"
of two lines\";;;;
not a number;;Carl;;;;
;;Nobody;;;;
07700 900001;;Anna;;;;
07700 900003;;Dan;;perhaps;;
07700 900004;ann@shop.example;Eve;;;;
07700 900005;;short
";

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_told_what_became_of_it() {
    let (service, api) = service().await;
    let (status, tried) = import(&api, "?dry_run=true", FILE).await;
    assert_eq!((status, &tried["state"], &tried["refused"]), (200, &json!("tried"), &json!(4)), "{tried}");
    assert_eq!(api.get("/v1/contacts/phone:07700900001").await.status, 404, "nothing was changed");
    let (status, report) = import(&api, "?job=first", FILE).await;
    assert_eq!(status, 200, "{report}");
    let counts =
        |report: &Value| ["rows", "created", "changed", "same", "refused"].map(|field| report[field].as_i64().expect("a number"));
    assert_eq!(counts(&report), [8, 2, 1, 0, 5], "{report}");
    let problems: Vec<(i64, &str)> = report["problems"]
        .as_array()
        .expect("problems")
        .iter()
        .map(|problem| (problem["row"].as_i64().expect("a number"), problem["field"].as_str().expect("a field")))
        .collect();
    assert_eq!(problems, [(3, "phone"), (4, "phone"), (6, "attributes.vip"), (7, "phone"), (8, "row")]);
    let ann = api.get("/v1/contacts/email:ann@shop.example").await.json;
    assert_eq!(
        (&ann["name"], &ann["tags"], &ann["attributes"]),
        (&json!("Anna"), &json!(["vip", "beta"]), &json!({ "vip": true }))
    );
    assert_eq!(ann["topics"], json!({ "news": { "email": true } }));
    let bob = api.get("/v1/contacts/phone:07700900002").await.json;
    assert_eq!(bob["name"], json!("Bob \"B\"\nof two lines"));
    // The same job again is done; another one finds all as it is.
    let (_, again) = import(&api, "?job=first", FILE).await;
    assert_eq!(again, report);
    let rows = api.get("/v1/imports/first/rows?result=created&limit=1").await.json;
    assert_eq!((&rows["items"][0]["row"], &rows["items"][0]["contact"]), (&json!(1), &ann["id"]));
    let next = rows["next"].as_str().expect("more");
    let rows = api.get(&format!("/v1/imports/first/rows?result=created&limit=1&cursor={next}")).await.json;
    assert_eq!((&rows["items"][0]["row"], &rows["next"]), (&json!(2), &Value::Null));
    let jobs = api.get("/v1/imports").await.json;
    assert_eq!(jobs["items"].as_array().map(Vec::len), Some(2), "{jobs}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_the_name_of_an_import_only_the_same_file_is_taken() {
    let (service, api) = service().await;
    let file = "phone,name\n07700900021,Ann\n07700900022,Bob\n";
    let (status, report) = import(&api, "?job=march", file).await;
    assert_eq!((status, &report["created"]), (200, &json!(2)), "{report}");
    for other in [
        file.replace("Bob", "Rob"),
        format!("{file}07700900023,Carl\n"),
        file.replace("07700900022,Bob\n", ""),
        file.replace("phone,name", "phone,timezone"),
    ] {
        let (status, problem) = import(&api, "?job=march", &other).await;
        assert_eq!(status, 409, "{other} {problem}");
    }
    assert_eq!(import(&api, "?job=march", file).await.1, report);
    assert_eq!(api.get("/v1/contacts/phone:07700900023").await.status, 404);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_of_the_other_mode_is_not_here() {
    let (service, api) = service().await;
    import(&api, "", "phone,name\n07700900031,Ann\n").await;
    let ann = api.get("/v1/contacts/phone:07700900031").await.json["id"].clone();
    let test = Api::keyed(&service, &["contacts:read", "contacts:write"], "test").await;
    let line = json!({ "id": ann, "name": "Mallory" }).to_string();
    let (_, report) = import(&test, "?format=jsonl", &line).await;
    assert_eq!((&report["refused"], &report["problems"][0]["field"]), (&json!(1), &json!("contact")), "{report}");
    assert_eq!(api.get("/v1/contacts/phone:07700900031").await.json["name"], json!("Ann"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_out_is_the_same_elsewhere_every_no_included() {
    let (service, api) = service().await;
    let formula = "=HYPERLINK(\"https://evil.example\")";
    for (phone, more) in [
        ("07700900041", json!({ "stopped": ["sms"], "name": formula })),
        ("07700900042", json!({ "consent": { "marketing": { "sms": false, "email": true } } })),
        ("07700900043", json!({ "consent": { "topics": { "news": false } } })),
    ] {
        let mut contact = json!({ "phone": phone });
        contact.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let made = api.post("/v1/contacts", contact).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let wrong = api.post("/v1/contacts", json!({ "phone": "07700900044", "stopped": ["fax"] })).await;
    assert_eq!((wrong.status, &wrong.json["field"]), (422, &json!("stopped")));
    for (format, media) in [("csv", "text/csv"), ("jsonl", "application/x-ndjson")] {
        let file = exported(&api, format).await;
        assert_eq!(file.contains("'=HYPERLINK"), format == "csv", "no spreadsheet runs it: {file}");
        let (other, elsewhere) = self::service().await;
        let answer = elsewhere.send(Method::POST, "/v1/imports", &[("content-type", media)], file.into_bytes()).await;
        assert_eq!((answer.status, &answer.json["created"]), (200, &json!(3)), "{}", answer.text);
        for phone in ["07700900041", "07700900042", "07700900043"] {
            let path = format!("/v1/contacts/phone:{phone}");
            let (before, after) = (api.get(&path).await.json, elsewhere.get(&path).await.json);
            for field in ["name", "stopped", "marketing", "refused", "topics"] {
                assert_eq!(before[field], after[field], "{format} {phone} {field}");
            }
        }
        other.stop().await;
    }
    assert_eq!(api.get("/v1/contacts/phone:07700900042").await.json["refused"], json!(["sms"]));
    service.stop().await;
}

/// All contacts as a file, once the record has them.
async fn exported(api: &Api, format: &str) -> String {
    let begun = Instant::now();
    loop {
        let file = api.get(&format!("/v1/contacts/export?format={format}")).await.text;
        if (41..=43).all(|n| file.contains(&format!("4477009000{n}"))) || begun.elapsed() > LONG {
            return file;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_none_are_refused_at_once() {
    let (service, api) = service().await;
    for (query, file, status, field) in [
        ("", "name\nAnn\n", 422, Some("header")),
        ("", "phone,size\n1,2\n", 422, Some("header")),
        ("", "", 422, Some("header")),
        ("?format=xml", "phone\n", 422, Some("format")),
        ("?job=a%20b", "phone\n", 422, Some("job")),
        ("?size=1", "phone\n", 422, Some("query")),
    ] {
        let (got, problem) = import(&api, query, file).await;
        assert_eq!((got, problem["field"].as_str()), (status, field), "{query} {file:?} {problem}");
    }
    let answer = api.send(Method::POST, "/v1/imports", &[("content-type", "text/xml")], b"<a/>".to_vec()).await;
    assert_eq!(answer.status, 415);
    let (status, report) = import(&api, "?ignore=size,fax", "phone,size,fax\n07700900009,2,3\n").await;
    assert_eq!((status, &report["created"]), (200, &json!(1)), "{report}");
    for path in ["/v1/imports/none", "/v1/imports/none/rows"] {
        assert_eq!(api.get(path).await.status, 404);
    }
    let lines = "{\"phone\": \"07700900010\", \"name\": null}\n\n7\n{\"phone\": \"07700900011\", \"fax\": 1}";
    let (_, report) = import(&api, "?format=jsonl", lines).await;
    assert_eq!((&report["created"], &report["refused"], &report["rows"]), (&json!(1), &json!(2), &json!(3)), "{report}");
    service.stop().await;
}

/// Rows of the file; every fiftieth is wrong.
const ROWS: usize = 10_000;

fn phone(n: usize) -> String {
    format!("+4477{:08}", 10_000_000 + n)
}

fn large() -> String {
    let mut file = String::from("phone,email,name,tags\n");
    for n in 1..=ROWS {
        let phone = if n % 50 == 0 { "nobody".to_owned() } else { phone(n) };
        let _ = writeln!(file, "{phone},p{n}@shop.example,Person {n},imported");
    }
    file
}

fn replyflow(folder: &Path, key: &str, url: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_replyflow"))
        .args(arguments)
        .args(["--config"])
        .arg(folder.join("replyflow.toml"))
        .env("REPLYFLOW_KEY", key)
        .env("REPLYFLOW_URL", url)
        .current_dir(folder)
        .output()
        .expect("the command starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_cut_off_by_kill_9_goes_on_and_takes_each_row_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = "[project]\ncountry = \"GB\"\n[server]\nlisten = \"127.0.0.1:0\"\n[server.rates]\napi = 100000\nkey = 100000\n\
                  [channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n";
    process::project(folder.path(), config, &[]);
    std::fs::write(folder.path().join("people.csv"), large()).expect("written");
    let first = process::Service::start(folder.path());
    let key = process::command(folder.path(), &["key", "create", "importer", "--scope", "contacts:read,contacts:write"]);
    let key = key.trim().to_owned();
    let client = reqwest::Client::builder().no_proxy().timeout(LONG).build().expect("a client");
    let sending = {
        let (client, key, url) = (client.clone(), key.clone(), format!("{}/v1/imports?job=large&format=csv", first.url));
        tokio::spawn(async move {
            client.post(url).bearer_auth(key).body(large()).send().await.map(|answer| answer.status().as_u16())
        })
    };
    let job = |url: String| {
        let request = client.get(format!("{url}/v1/imports/large")).bearer_auth(&key);
        async move { request.send().await.expect("an answer").json::<Value>().await.unwrap_or_default() }
    };
    let begun = Instant::now();
    loop {
        let rows = job(first.url.clone()).await["rows"].as_i64().unwrap_or(0);
        if rows >= 1_000 {
            assert!(rows < ROWS as i64, "it is over before it is killed");
            break;
        }
        assert!(begun.elapsed() < LONG, "the import does not get on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    first.kill9();
    assert!(sending.await.expect("no panic").is_err(), "it was cut off");
    let second = process::Service::start(folder.path());
    let before = job(second.url.clone()).await;
    assert_eq!(before["state"], json!("running"), "{before}");
    let request = client
        .post(format!("{}/v1/imports?job=large&format=csv", second.url))
        .bearer_auth(&key)
        .timeout(Duration::from_secs(300));
    let report: Value = request.body(large()).send().await.expect("an answer").json().await.expect("JSON");
    let wrong = (ROWS / 50) as i64;
    assert_eq!((&report["rows"], &report["state"]), (&json!(ROWS), &json!("done")), "{report}");
    assert_eq!((&report["created"], &report["refused"]), (&json!(ROWS as i64 - wrong), &json!(wrong)), "{report}");
    assert_eq!(
        (&report["changed"], &report["same"]),
        (&json!(0), &json!(0)),
        "what was done twice would be known the second time"
    );
    // Each row changed its contact once: the journal says so.
    let begun = Instant::now();
    loop {
        let journal = process::command(folder.path(), &["journal", "export"]);
        let mut tagged: BTreeMap<String, usize> = BTreeMap::new();
        for line in journal.lines().filter(|line| line.contains("contact_changed")) {
            let entry: Value = serde_json::from_str(line).expect("JSON");
            for event in entry["events"].as_array().into_iter().flatten() {
                if event["contact_changed"]["name"] == "tags" {
                    *tagged.entry(entry["contact"].as_str().expect("a contact").to_owned()).or_default() += 1;
                }
            }
        }
        if tagged.len() == ROWS - ROWS / 50 {
            assert!(tagged.values().all(|n| *n == 1), "a row was taken twice");
            break;
        }
        assert!(begun.elapsed() < LONG, "{} contacts in the journal", tagged.len());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // As somebody at a terminal does it.
    let run = |arguments: &[&str]| replyflow(folder.path(), &key, &second.url, arguments);
    let out = run(&["contacts", "import", "people.csv", "--report", "refused.csv"]);
    let said = text(&out.stdout);
    assert_eq!(out.status.code(), Some(1), "{said}{}", text(&out.stderr));
    assert!(
        said.contains(&format!("{ROWS} rows: 0 created, 0 changed, {} the same, {wrong} refused", ROWS as i64 - wrong)),
        "{said}"
    );
    let refused = std::fs::read_to_string(folder.path().join("refused.csv")).expect("written");
    assert_eq!(refused.lines().count() as i64, 1 + wrong);
    let again = run(&["contacts", "import", "people.csv"]);
    assert!(text(&again.stdout).contains("imported already"), "{}", text(&again.stdout));
    let out = run(&["contacts", "export", "--output", "all.csv"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    let all = std::fs::read_to_string(folder.path().join("all.csv")).expect("written");
    assert_eq!(all.lines().count(), 1 + ROWS - ROWS / 50);
    let unknown = replyflow(folder.path(), "rf_nobody", &second.url, &["contacts", "export"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(second.stop());
}
