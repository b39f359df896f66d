//! A broadcast is handed over no faster than it leaves, also where that is bounded by a day or by a channel that stands in.

use super::real::{Asking, PATIENCE, SALE};
use crate::support::fake_provider::{Behaviour, FakeProvider};
use crate::support::process::{Service, configuration, project};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_day_has_no_room_for_waits_for_the_next_one() {
    let (provider, folder) = (FakeProvider::start(), tempfile::tempdir().expect("a folder"));
    let settings = configuration("kind = \"embedded\"\npath = \"data\"", &provider.url, "");
    // The first of both channels: `main-sms`.
    let settings = settings.replacen("per_second = 100000", "per_second = 100000\nper_day = 10", 1);
    project(folder.path(), &settings, &[("flows/sale.yaml", SALE)]);
    let service = Service::start(folder.path());
    let asking = Asking::new(folder.path());
    asking.import(&service, 30).await;
    let path = asking.make(&service, json!({ "flow": "sale", "audience": { "import": "people" } })).await;
    let mut whole = asking.until(&service, &path, |whole| whole["messages"]["sent"] == 9).await;
    // A later message of the record says that all before is there: nobody else was handed over.
    let marker =
        asking.make(&service, json!({ "name": "marker", "flow": "sale", "again": "always", "audience": { "import": "people" } }));
    let marker = marker.await;
    asking.until(&service, &marker, |whole| whole["broadcast"]["state"] == "running").await;
    for _ in 0..10 {
        whole = asking.get(&service, &path).await;
    }
    assert!(whole["broadcast"]["state"] == "running" && whole["messages"]["failed"] == 0, "{whole}");
    assert_eq!(
        (&whole["messages"]["began"], &whole["messages"]["waiting"]),
        (&json!(9), &json!(0)),
        "no pause would reach these"
    );
    assert!(service.stop(), "a clean stop");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stand_in_has_no_room_for_is_not_handed_over() {
    const PEOPLE: usize = 400;
    let (main, backup, folder) = (FakeProvider::start(), FakeProvider::start(), tempfile::tempdir().expect("a folder"));
    main.then((0..10_000).map(|_| Behaviour::Answer(503, "{}".to_owned())));
    let stands_in = format!(
        "[channels.backup-sms]\nprovider = \"twilio\"\nkind = \"sms\"\nnumber = \"+447700900999\"\n\
         account_sid = \"AC00000000000000000000000000000001\"\nauth_token = {{ env = \"TEST_TWILIO_TOKEN\" }}\n\
         base_url = \"{}\"\nper_second = 1\n",
        backup.url
    );
    let settings = configuration("kind = \"embedded\"\npath = \"data\"", &main.url, &stands_in);
    let settings = settings.replacen("per_second = 100000", "per_second = 20\nstand_ins = [\"backup-sms\"]", 1);
    project(folder.path(), &settings, &[("flows/sale.yaml", SALE)]);
    let service = Service::start(folder.path());
    let asking = Asking::new(folder.path());
    asking.import(&service, PEOPLE).await;
    let path = asking.make(&service, json!({ "flow": "sale", "audience": { "import": "people" } })).await;
    tokio::task::block_in_place(|| backup.wait(PATIENCE, |sent| sent.len() >= 10));
    let whole = asking.get(&service, &path).await;
    // What was handed over before the channel was known to be broken, and what the other one sends in five seconds.
    let begun = whole["messages"]["began"].as_u64().expect("a number");
    assert!((10..250).contains(&begun), "{begun} of {PEOPLE} wait for one message a second: {whole}");
    assert!(service.stop(), "a clean stop");
}
