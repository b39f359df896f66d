//! What is paused stands still, what is cancelled does not leave, and whoever did not get it gets the next one.

use super::real::{Asking, PATIENCE, SALE};
use super::{done, make, people, phone, start, until};
use crate::support::fake_provider::FakeProvider;
use crate::support::patience::patient;
use crate::support::process::{Service, configuration, project};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// People in it.
const PEOPLE: usize = 200;
/// Messages that its channel, or it itself, sends in a second.
const RATE: usize = 20;
/// For so long something may be handed over that was begun.
const HANDED_OVER: Duration = Duration::from_secs(5);
/// Nothing comes for so long, in which many would: it stands still.
const STILL: Duration = Duration::from_secs(2);

async fn ground(channel: usize) -> (FakeProvider, TempDir, Service, Asking) {
    let (provider, folder) = (FakeProvider::start(), tempfile::tempdir().expect("a folder"));
    let settings = configuration("kind = \"embedded\"\npath = \"data\"", &provider.url, "");
    let settings = settings.replace("per_second = 100000", &format!("per_second = {channel}"));
    project(folder.path(), &settings, &[("flows/sale.yaml", SALE)]);
    let service = Service::start(folder.path());
    let asking = Asking::new(folder.path());
    asking.import(&service, PEOPLE).await;
    (provider, folder, service, asking)
}

fn wait(provider: &FakeProvider, n: usize) -> usize {
    tokio::task::block_in_place(|| provider.wait(PATIENCE, |sent| sent.len() >= n).len())
}

fn each_once(provider: &FakeProvider) {
    let mut to: BTreeMap<String, usize> = BTreeMap::new();
    for sent in provider.sent() {
        *to.entry(sent.to).or_default() += 1;
    }
    assert!(to.len() == PEOPLE && to.values().all(|n| *n == 1), "{} people, {:?}", to.len(), to.iter().find(|(_, n)| **n > 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cancelled_does_not_leave_and_the_next_one_reaches_who_did_not_get_it() {
    let (provider, _folder, service, asking) = ground(RATE).await;
    let path = asking.make(&service, json!({ "flow": "sale", "audience": { "import": "people" } })).await;
    wait(&provider, RATE);
    let cancelled = asking.post(&service, &format!("{path}/cancel"), json!({})).await;
    let left = wait(&provider, 0);
    assert_eq!(cancelled["state"], "cancelled", "{cancelled}");
    let told = cancelled["messages"]["sent"].as_u64().unwrap_or_else(|| panic!("how many had left: {cancelled}"));
    assert!(told <= left as u64, "no more than did: {cancelled}");
    // What waited in the lanes is five seconds' worth, and is withdrawn.
    let whole = asking
        .until(&service, &path, |whole| {
            let n = |name: &str| whole["messages"][name].as_u64().unwrap_or(0);
            n("began") > 0 && n("waiting") == 0 && n("sent") + n("withdrawn") == n("began")
        })
        .await;
    let sent = provider.sent().len();
    assert!(sent < left + 4 * RATE, "{left} had left when it was cancelled, {sent} at the end");
    assert!(whole["messages"]["withdrawn"].as_u64() > Some(0) && whole["messages"]["sent"] == json!(sent), "{whole}");
    assert!(whole["messages"]["failed"] == 0, "nobody has to look after these: {whole}");
    let path = asking.make(&service, json!({ "name": "again", "flow": "sale", "audience": { "import": "people" } })).await;
    let whole = asking.until(&service, &path, |whole| whole["broadcast"]["state"] == "done").await;
    wait(&provider, PEOPLE);
    assert_eq!(whole["skipped"]["been_before"], json!(sent), "{whole}");
    each_once(&provider);
    assert!(service.stop(), "a clean stop");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_paused_stands_still_until_it_is_resumed() {
    let (provider, _folder, service, asking) = ground(100_000).await;
    let wanted = json!({ "flow": "sale", "rate": RATE, "audience": { "import": "people" } });
    let path = asking.make(&service, wanted).await;
    wait(&provider, RATE / 2);
    let paused = asking.post(&service, &format!("{path}/pause"), json!({})).await;
    assert_eq!(paused["state"], "paused", "{paused}");
    // Within five seconds nothing more is handed over; then nothing more comes.
    tokio::time::sleep(HANDED_OVER).await;
    let begun = Instant::now();
    let mut still = None;
    while still != Some(provider.sent().len()) {
        patient(begun, "it stands still");
        still = Some(provider.sent().len());
        tokio::time::sleep(STILL).await;
    }
    assert!(still < Some(PEOPLE), "{still:?} messages left although it is paused");
    let resumed = asking.post(&service, &format!("{path}/resume"), json!({})).await;
    assert_eq!(resumed["state"], "running", "{resumed}");
    asking.until(&service, &path, |whole| whole["broadcast"]["state"] == "done").await;
    wait(&provider, PEOPLE);
    each_once(&provider);
    assert!(service.stop(), "a clean stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_become_one_in_the_middle_of_it_get_it_once() {
    const PEOPLE: usize = 8;
    let (service, api) = start().await;
    people(&api, PEOPLE).await;
    // A piece is handed over from its end.
    let mut keys: Vec<_> = (0..PEOPLE).map(|n| (service.contact_key(&phone(n)), phone(n))).collect();
    keys.sort_unstable();
    let ((into, _), (from, first)) = (keys[0].clone(), keys[PEOPLE - 1].clone());
    let wanted = json!({ "flow": "sale", "rate": 1, "audience": { "import": "people" } });
    let id = make(&api, wanted).await;
    service.shown(&first, 1).await;
    let merged = api.post(&format!("/v1/contacts/{into}/merge"), json!({ "from": from })).await;
    assert_eq!(merged.status, 202, "{}", merged.text);
    until(&api, &format!("/v1/contacts/{from}"), |shown| shown["id"] == json!(into)).await;
    assert_ne!(api.get(&format!("/v1/broadcasts/{id}")).await.json["broadcast"]["state"], "done", "in the middle of it");
    done(&api, &id, PEOPLE as i64 - 1).await;
    // What comes later in the record says that all before is there.
    let one = json!({ "flow": "sale", "again": "always", "audience": { "contacts": [keys[1].0] } });
    let marker = make(&api, one).await;
    done(&api, &marker, 1).await;
    let whole = api.get(&format!("/v1/broadcasts/{id}")).await.json;
    assert_eq!((&whole["broadcast"]["fed"], &whole["messages"]["sent"]), (&json!(PEOPLE), &json!(PEOPLE - 1)), "{whole}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_named_by_another_address_is_known_by_it() {
    let (service, api) = start().await;
    let ann = json!({ "phone": phone(1), "email": "ann@example.com", "timezone": "Pacific/Kiritimati" });
    let made = api.post("/v1/contacts", ann).await;
    assert!(made.status < 300, "{}", made.text);
    let by = |address: String| json!({ "flow": "sale", "audience": { "contacts": [address] } });
    let id = make(&api, by(format!("phone:{}", phone(1)))).await;
    done(&api, &id, 1).await;
    let again = by("email:ann@example.com".to_owned());
    let foretold = api.post("/v1/broadcasts/dry-run", again.clone()).await.json;
    assert_eq!((&foretold["gets"], &foretold["skipped"][0]["reason"]), (&json!(0), &json!("been_before")), "{foretold}");
    let id = make(&api, again.clone()).await;
    let whole = until(&api, &format!("/v1/broadcasts/{id}"), |whole| whole["broadcast"]["state"] == "done").await;
    assert_eq!(whole["skipped"], json!({ "been_before": 1 }), "{whole}");
    let held = api.get(&format!("/v1/broadcasts/{id}/members")).await.json;
    assert_eq!(held["items"][0]["contact"], json!(service.contact_key(&phone(1))), "{held}");
    // Nine o'clock is where she is, and not where the project is.
    let mut morning = again;
    (morning["morning"], morning["again"]) = (json!("09:00"), json!("always"));
    let foretold = api.post("/v1/broadcasts/dry-run", morning).await.json;
    assert!(foretold["first_at"].as_str().is_some_and(|at| at.ends_with("T19:00:00Z")), "{foretold}");
    service.stop().await;
}
