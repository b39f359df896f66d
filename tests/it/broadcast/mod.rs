//! Broadcasts and schedules.

mod asked;
mod bounded;
mod commands;
mod done;
mod drained;
mod due;
#[path = "../../../benches/broadcast/people.rs"]
mod ground;
mod hours;
mod killed;
mod many;
mod real;
mod stopped;

use crate::support::api::Api;
use crate::support::live::{SIMULATED, Service};
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A flow that says something and ends, one that asks, and one that needs something.
pub const SALE: &str = r#"
flow: sale
languages: [en]
channels: [main-sms]
vars: { word: Sale }
start:
  - keyword: sale
begin: tell
states:
  tell: { say: "{{ word }}!", end: told }
"#;

pub const SURVEY: &str = r#"
flow: survey
languages: [en]
channels: [main-sms]
needs: { order: text }
begin: ask
states:
  ask:
    ask: How was {{ order }}?
    answer: any
    go:
      ok: { end: rated }
      silence: { after: 1d, end: silent }
"#;

pub const NEWS: &str = r#"
notification: news
kind: marketing
route: [main-sms]
text: Our letter.
"#;

pub const MORE: &str = r#"
[project]
country = "GB"
[prices.main-sms]
currency = "EUR"
default = "0.07"
countries = { GB = "0.04" }
"#;

pub async fn start() -> (Service, Api) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    write("replyflow.toml", &format!("{SIMULATED}{MORE}"));
    write("flows/sale.yaml", SALE);
    write("flows/survey.yaml", SURVEY);
    write("templates/news.yaml", NEWS);
    let service = Service::start_in(folder).await;
    let api = Api::admin(&service).await;
    (service, api)
}

pub fn phone(n: usize) -> String {
    format!("+4477{:08}", 10_000_000 + n)
}

/// Imports so many contacts and waits until queries find them.
pub async fn people(api: &Api, n: usize) {
    let mut file = String::from("phone,name,tags,marketing\n");
    for i in 0..n {
        let marketing = if i % 2 == 0 { "yes" } else { "" };
        let _ = writeln!(file, "{},Person {i},{},{marketing}", phone(i), if i < n / 2 { "vip" } else { "" });
    }
    let answer = api.send(Method::POST, "/v1/imports?job=people", &[("content-type", "text/csv")], file.into_bytes()).await;
    assert_eq!((answer.status, &answer.json["created"]), (200, &json!(n)), "{}", answer.text);
    until(api, "/v1/contacts?limit=200", |page| page["items"].as_array().map_or(0, Vec::len) >= n.min(200)).await;
}

/// What is at a path once something holds of it.
pub async fn until(api: &Api, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
    api.until(path, |answer| answer.status == 200 && holds(&answer.json)).await.json
}

pub async fn make(api: &Api, body: Value) -> String {
    let made = api.post("/v1/broadcasts", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json["id"].as_str().expect("an id").to_owned()
}

pub async fn done(api: &Api, id: &str, sent: i64) -> Value {
    let over = |whole: &Value| whole["broadcast"]["state"] == "done" && whole["messages"]["sent"].as_i64() >= Some(sent);
    until(api, &format!("/v1/broadcasts/{id}"), over).await
}
