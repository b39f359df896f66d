//! What reaches somebody through a run of somebody else, and what other systems say of consent: through the whole service.

use crate::support::live::{SIMULATED, Service};
use serde_json::{Value, json};
use std::fs;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const BUYER: &str = "+447700900201";
const STOPPED: &str = "+447700900202";
const FRIEND: &str = "+447700900203";

const GIFT: &str = r#"
flow: gift
channels: [main-sms]
needs: { first: text, second: text }
start:
  - event: gift.sent
    contact: "{{ event.buyer }}"
    key: "{{ event.id }}"
    with: { first: "{{ event.first }}", second: "{{ event.second }}" }
begin: tell
states:
  tell:
    do:
      - notify: { name: gift_note, to: "{{ first }}" }
      - notify: { name: gift_note, to: "{{ second }}" }
      - say: We told them.
    end: told
"#;

const NEWS: &str = r#"
flow: news
channels: [main-sms]
start:
  - event: news.out
    contact: "{{ event.phone }}"
    repeat: another
begin: tell
states:
  tell:
    do:
      - notify: news
      - say: That is all.
    end: told
"#;

async fn service() -> Service {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    };
    write("replyflow.toml", &format!("{SIMULATED}[events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n"));
    write("flows/gift.yaml", GIFT);
    write("flows/news.yaml", NEWS);
    write("templates/gift_note.yaml", "notification: gift_note\ntext: \"A gift for {{ contact.phone }}.\"\n");
    write("templates/news.yaml", "notification: news\nkind: marketing\ntext: Sale! Reply STOP to end.\n");
    Service::start_in(folder).await
}

async fn post(service: &Service, event: Value) {
    let request = service.client.post(format!("{}/v1/events", service.base)).bearer_auth(KEY);
    let answer = request.body(event.to_string()).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 202, "{}", answer.text().await.unwrap_or_default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_reaches_another_address_and_nobody_who_opted_out() {
    let service = service().await;
    service.write("main-sms", STOPPED, "m1", "STOP").await;
    service.shown(STOPPED, 1).await;
    let data = json!({ "id": "G1", "buyer": BUYER, "first": STOPPED, "second": FRIEND });
    post(&service, json!({ "event": "gift.sent", "data": data })).await;
    assert_eq!(service.shown(FRIEND, 1).await, ["A gift for +447700900203."]);
    assert_eq!(service.shown(BUYER, 1).await, ["We told them."]);
    service.write("main-sms", STOPPED, "m2", "START").await;
    let seen = service.shown(STOPPED, 2).await;
    assert!(seen.iter().all(|text| !text.contains("gift")), "{seen:?}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn advertising_goes_to_whom_an_event_says_agreed_and_not_against_their_own_no() {
    let service = service().await;
    let news = || post(&service, json!({ "event": "news.out", "data": { "phone": FRIEND } }));
    let told = |consent: Value| {
        let contact = json!({ "phone": FRIEND, "consent": consent });
        post(&service, json!({ "event": "customer.updated", "contact": contact }))
    };
    news().await;
    assert_eq!(service.shown(FRIEND, 1).await, ["That is all."]);
    told(json!({ "marketing": ["sms"], "at": "2026-01-01T00:00:00Z", "how": "checkout" })).await;
    news().await;
    assert_eq!(service.shown(FRIEND, 3).await[1..], ["Sale! Reply STOP to end.", "That is all."]);
    service.write("main-sms", FRIEND, "m1", "STOP").await;
    service.shown(FRIEND, 4).await;
    service.write("main-sms", FRIEND, "m2", "START").await;
    service.shown(FRIEND, 5).await;
    // The nightly export repeats what it knew: it is older than the STOP.
    told(json!({ "marketing": true, "at": "2026-01-01T00:00:00Z" })).await;
    news().await;
    assert_eq!(service.shown(FRIEND, 6).await[5..], ["That is all."]);
    service.stop().await;
}
