//! What keeps to hours is handed over inside of them, where each contact lives.

use super::{done, make, until};
use crate::support::api::Api;
use crate::support::live::{SIMULATED, Service};
use reqwest::Method;
use serde_json::{Value, json};

const LETTER: &str = "notification: letter\nkind: service\nroute: [main-sms]\nhours: open\ntext: Our letter.\n";
const ADVERT: &str = "notification: letter\nkind: marketing\nroute: [main-sms]\ntext: Our letter.\n";

/// Hours in which it is now in UTC, for an hour at least, and not on the other side of the Earth.
fn hours() -> String {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).hour();
    let range = format!("{:02}:00-{:02}:00", (now + 23) % 24, (now + 2) % 24);
    let days: Vec<String> =
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().map(|day| format!("{day} = \"{range}\"\n")).collect();
    format!("[hours.open]\n{}", days.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_to_hours_is_not_handed_over_before_they_begin() {
    is_handed_over_in_hours(LETTER, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn marketing_is_not_handed_over_before_its_hours_begin() {
    is_handed_over_in_hours(ADVERT, "[marketing]\nhours = \"open\"\n").await;
}

async fn is_handed_over_in_hours(letter: &str, more: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("templates")).expect("made");
    std::fs::write(folder.path().join("replyflow.toml"), format!("{SIMULATED}{}{more}", hours())).expect("written");
    std::fs::write(folder.path().join("templates/letter.yaml"), letter).expect("written");
    let service = Service::start_in(folder).await;
    let api = Api::admin(&service).await;
    let file = "phone,timezone,marketing\n+447700900301,UTC,yes\n+447700900302,UTC,yes\n+447700900303,Pacific/Auckland,yes\n";
    let file = file.as_bytes().to_vec();
    let import = api.send(Method::POST, "/v1/imports?job=people", &[("content-type", "text/csv")], file).await;
    assert_eq!((import.status, &import.json["created"]), (200, &json!(3)), "{}", import.text);
    let id = make(&api, json!({ "notification": "letter", "audience": { "import": "people" } })).await;
    let path = format!("/v1/broadcasts/{id}");
    let fed = |whole: &Value| whole["broadcast"]["fed"] == 2 && whole["messages"]["sent"] == 2;
    until(&api, &path, fed).await;
    assert_eq!(service.shown("+447700900302", 1).await, ["Our letter."]);
    // A later broadcast is handed over and done while the first one waits: it had its turn again and again.
    let later =
        make(&api, json!({ "notification": "letter", "again": "always", "audience": { "query": "timezone = \"UTC\"" } })).await;
    done(&api, &later, 2).await;
    let whole = api.get(&path).await.json;
    assert!(fed(&whole) && whole["broadcast"]["state"] == "running" && whole["broadcast"]["total"] == 3, "{whole}");
    // Nothing of it waits in a record, so cancelling it is enough.
    let cancelled = api.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!((cancelled.status, &cancelled.json["messages"]["waiting"]), (200, &json!(0)), "{}", cancelled.text);
    service.stop().await;
}
