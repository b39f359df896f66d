//! What becomes of the messages that an event leads to, told to the URL that the event brought along: over real HTTP, with the
//! provider's own delivery reports.

use crate::support::fake_provider::{FakeProvider, Sent};
use crate::support::patience::LONG;
use crate::support::process::{Service, TWILIO_TOKEN, configuration, project};
use crate::support::receiver::Receiver;
use crate::support::sign;
use serde_json::json;
use std::collections::BTreeMap;
use tempfile::TempDir;

const STORE: &str = "kind = \"embedded\"\npath = \"data\"\nhistory = \"history.db\"\nsend_lease = \"4s\"\nclaim_lease = \"1s\"";
const SHIPPED: &str = r#"
flow: shipped
languages: [en]
start:
  - event: order.shipped
    contact: "{{ event.phone }}"
begin: ask
states:
  ask:
    ask: Did it arrive?
    answer: yes_no
    go:
      yes: { end: arrived }
      no: { end: missing }
      nomatch: { again: 1, end: unclear }
      silence: { after: 1d, end: silent }
      undelivered: { end: undelivered }
"#;

struct Stage {
    folder: TempDir,
    provider: FakeProvider,
    shop: Receiver,
}

impl Stage {
    fn new() -> Self {
        let (folder, provider, shop) = (tempfile::tempdir().expect("a folder"), FakeProvider::start(), Receiver::start());
        let more = format!(
            "[callbacks]\nallow = [\"{}/hooks/\"]\nsecrets = [{{ env = \"TEST_HOOK_SECRET\" }}]\nallow_private = true\nretry_first = \"100ms\"\n",
            shop.url
        );
        project(folder.path(), &configuration(STORE, &provider.url, &more), &[("flows/shipped.yaml", SHIPPED)]);
        Stage { folder, provider, shop }
    }

    fn event(&self, phone: &str, path: &str) -> serde_json::Value {
        let url = format!("{}{path}", self.shop.url);
        let callback = json!({ "url": url, "id": format!("order of {phone}"), "data": { "batch": 7 } });
        json!({ "event": "order.shipped", "data": { "phone": phone }, "callback": callback })
    }
}

/// The provider reports on a message, as Twilio does: to the URL that came with it.
async fn reports(service: &Service, sent: &Sent, status: &str) -> u16 {
    let fields: BTreeMap<String, String> = url::form_urlencoded::parse(sent.body.as_bytes()).into_owned().collect();
    let url = &fields["StatusCallback"];
    let path = url.strip_prefix("https://hooks.example.org").expect("ours");
    let id = format!("SM{}", sent.to.trim_start_matches('+'));
    let fields =
        [("MessageSid", id.as_str()), ("SmsSid", &id), ("MessageStatus", status), ("To", &sent.to), ("From", "+447700900001")];
    let (body, signature) = sign::twilio(TWILIO_TOKEN, url, &fields);
    service.form(path, body, &signature).await
}

#[tokio::test]
async fn each_step_of_a_message_is_told_once_to_the_url_of_its_event() {
    let stage = Stage::new();
    let service = Service::start(stage.folder.path());
    let (ann, ben) = ("+447400100001", "+447400100002");
    assert_eq!(service.event(stage.event(ann, "/elsewhere")).await, 422, "only under what is allowed");
    assert_eq!(service.event(stage.event(ann, "/hooks/ann")).await, 202);
    assert_eq!(service.event(stage.event(ben, "/hooks/ben")).await, 202);
    let sent = stage.provider.wait(LONG, |sent| sent.len() == 2);
    let to = |phone: &str| sent.iter().find(|one| one.to == phone).expect("a message");
    stage.shop.wait("/hooks/ann", |came| came.len() >= 2);
    // Out of order and twice, as providers do: the rank is kept, and nothing is told twice.
    for status in ["read", "delivered", "delivered", "sent"] {
        assert_eq!(reports(&service, to(ann), status).await, 200, "{status}");
    }
    assert_eq!(reports(&service, to(ben), "undelivered").await, 200);
    stage.shop.wait("/hooks/ben", |came| came.iter().any(|one| one.kind() == "message.failed"));
    stage.shop.wait("/hooks/ann", |came| came.iter().any(|one| one.kind() == "message.read"));
    assert_eq!(service.sms("SMr1", ann, "yes").await, 200);
    let anns = stage.shop.wait("/hooks/ann", |came| came.iter().any(|one| one.kind() == "message.replied"));
    let mut kinds: Vec<&str> = anns.iter().map(|one| one.kind()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["message.queued", "message.read", "message.replied", "message.sent"], "{anns:#?}");
    assert!(anns.iter().all(|one| one.signed));
    let read = anns.iter().find(|one| one.kind() == "message.read").expect("read");
    assert_eq!(read.body["data"]["custom_id"], format!("order of {ann}"));
    assert_eq!(read.body["data"]["custom"], json!({ "batch": 7 }), "{read:#?}");
    let bens = stage.shop.came("/hooks/ben");
    assert!(bens.iter().all(|one| one.body["data"]["custom_id"] == format!("order of {ben}")), "{bens:#?}");
    assert!(service.stop(), "a clean stop");
}
