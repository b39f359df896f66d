//! A broadcast of which something rests at an instance that is drained.

use super::{MORE, SALE, make, people, until};
use crate::support::api::Api;
use crate::support::live::{SIMULATED, Service};
use crate::support::patience;
use replyflow::domain::broadcast::BroadcastId;
use serde_json::{Value, json};

/// Far more than may wait for the channel at one time: it is not handed over whole before it is cancelled.
const PEOPLE: usize = 2_000;
/// Its channel sends so many in a second: what is handed over rests in the lanes for a while.
const RATE: usize = 2;

/// Messages that have left, whoever got them.
async fn left(service: &Service) -> usize {
    let answer: Value = service.get("/simulator/messages").await.json().await.expect("JSON");
    answer["messages"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cancelled_while_its_instance_is_drained_does_not_leave_when_it_works_again() {
    let simulated = SIMULATED.replacen("kind = \"sms\"", &format!("kind = \"sms\"\nper_second = {RATE}"), 1);
    let service = Service::start(&format!("{simulated}{MORE}"), &[("sale", SALE)]).await;
    let (api, core) = (Api::admin(&service).await, service.core());
    people(&api, PEOPLE).await;
    let id = make(&api, json!({ "flow": "sale", "audience": { "import": "people" } })).await;
    let path = format!("/v1/broadcasts/{id}");
    let n = |whole: &Value, name: &str| whole["messages"][name].as_u64().unwrap_or(0);
    until(&api, &path, |whole| n(whole, "sent") > 0 && n(whole, "waiting") > 1).await;
    core.drain("a test", None);
    patience::until("nothing is in hand", async || core.in_hand().is_empty()).await;
    let cancelled = api.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!((cancelled.status, &cancelled.json["state"]), (200, &json!("cancelled")), "{}", cancelled.text);
    let known = BroadcastId::parse(&id).expect("an id");
    patience::until("a drained instance hears that it was cancelled", async || core.knows_cancelled(known)).await;
    let before = left(&service).await;
    assert!((1..PEOPLE).contains(&before), "{before}");
    assert!(core.work_again());
    // Each takes a permit of the channel, so not all of them are waited for: those that would have left come first.
    let over = |whole: &Value| n(whole, "withdrawn") > 4;
    let whole = until(&api, &path, over).await;
    assert_eq!(left(&service).await, before, "{whole}");
    drop(core);
    service.stop().await;
}
