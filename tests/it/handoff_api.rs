//! A person's side of a conversation over the API, and a window that outlives `kill -9`.

use crate::support::api::Api;
use crate::support::fake_provider::FakeProvider;
use crate::support::live::{SIMULATED, Service};
use crate::support::patience::{LONG, patient};
use crate::support::process::{self, configuration, project};
use crate::support::receiver::Receiver;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PHONE: &str = "+447700900123";

const SUPPORT: &str = r#"
flow: support
start: [ { keyword: problem } ]
begin: agent
states:
  agent:
    handoff: { to: help, note: "Problem of {{ contact.phone }}", say: One moment. }
    save: note
    go: { ok: { say: "Done: {{ note ?? 'nothing' }}", end: handled }, silence: { after: 2h, say: Nobody is here., end: unattended } }
"#;

async fn start() -> Service {
    let more = "[events]\nkeys = [{ env = \"EVENTS_KEY\" }]\n[teams.help]\ntitle = \"Help\"\n";
    Service::start(&format!("{SIMULATED}\n{more}"), &[("support", SUPPORT)]).await
}

struct Person<'s> {
    service: &'s Service,
    api: Api,
    contact: String,
}

impl<'s> Person<'s> {
    /// With a key for test: a simulator plays the contact.
    async fn of(service: &'s Service, contact: String) -> Self {
        let api = Api::keyed(service, &["conversations:read", "conversations:write"], "test").await;
        Person { service, api, contact }
    }

    fn path(&self, what: &str) -> String {
        format!("/v1/contacts/{}/handoff{what}", self.contact)
    }

    fn url(&self, what: &str) -> String {
        format!("{}{}", self.service.base, self.path(what))
    }

    async fn act(&self, what: &str, body: Value) -> (u16, Value) {
        let answer = self.api.post(&self.path(&format!("/{what}")), body).await;
        (answer.status, answer.json)
    }

    async fn state(&self) -> Value {
        let answer = self.api.get(&self.path("")).await;
        assert_eq!(answer.status, 200);
        answer.json
    }

    /// The state once so much was said.
    async fn said(&self, n: usize) -> Value {
        let begun = Instant::now();
        loop {
            let state = self.state().await;
            if state["messages"].as_array().is_some_and(|all| all.len() >= n) {
                return state;
            }
            patient(begun, format_args!("{n} messages: {state}"));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_takes_writes_and_resolves_each_once() {
    let service = start().await;
    assert_eq!(service.write("main-sms", PHONE, "1", "problem").await.status(), 200);
    assert_eq!(service.shown(PHONE, 1).await, ["One moment."]);
    let contact = service.contact_key(PHONE);
    let person = Person::of(&service, contact).await;
    let state = person.state().await;
    assert_eq!((state["state"].as_str(), state["handoffs"][0]["to"].as_str()), (Some("awaited"), Some("help")));
    assert_eq!(state["handoffs"][0]["note"], format!("Problem of {PHONE}"));
    assert!(state["handoffs"][0]["until"].is_string());
    assert_eq!(person.act("take", json!({ "by": "ann" })).await.0, 202);
    service.write("main-sms", PHONE, "2", "Is anybody there?").await;
    person.said(1).await;
    let hello = json!({ "by": "ann", "text": "This is Ann.", "id": "w1" });
    let (status, first) = person.act("messages", hello.clone()).await;
    assert_eq!(status, 202);
    let state = person.said(2).await;
    assert_eq!((state["state"].as_str(), state["handoffs"][0]["by"].as_str()), (Some("taken"), Some("ann")));
    let messages = state["messages"].as_array().expect("messages");
    assert_eq!((messages[0]["from"].as_str(), messages[0]["text"].as_str()), (Some("contact"), Some("Is anybody there?")));
    assert_eq!((messages[1]["from"].as_str(), messages[1]["id"].as_str()), (Some("person"), first["id"].as_str()));
    // A repeated request is the same message.
    assert_eq!(person.act("messages", hello.clone()).await, (202, first));
    // Another text is another one, whatever a program that began to count anew calls it.
    let more = json!({ "by": "ann", "text": "I am looking into it.", "id": "w1" });
    assert_eq!(person.act("messages", more).await.0, 202);
    assert_eq!(service.shown(PHONE, 3).await, ["One moment.", "This is Ann.", "I am looking into it."]);
    let resolve = json!({ "by": "ann", "note": "refunded", "id": "r1" });
    let (status, resolved) = person.act("resolve", resolve.clone()).await;
    assert_eq!(status, 202);
    assert_eq!(service.shown(PHONE, 4).await, ["One moment.", "This is Ann.", "I am looking into it.", "Done: refunded"]);
    // It is over: what was done is done, what is new is refused.
    assert_eq!(person.state().await["state"], "none");
    assert_eq!(person.act("resolve", resolve).await, (202, resolved));
    assert_eq!(person.act("messages", hello).await.0, 202);
    for (what, body) in [
        ("take", json!({ "by": "ann" })),
        ("messages", json!({ "by": "ann", "text": "One more" })),
        ("resolve", json!({ "by": "ann", "id": "r2" })),
    ] {
        let (status, problem) = person.act(what, body).await;
        assert_eq!((status, problem["status"].as_u64()), (409, Some(409)), "{what}");
        assert_eq!(problem["detail"], "no conversation of this contact was handed over to a person", "{what}");
    }
    assert_eq!(service.shown(PHONE, 4).await.len(), 4, "nothing was sent twice");
    let reader = Api::keyed(&service, &["operations:read"], "test").await;
    let audit = reader.get(&format!("/v1/audit?target={}", person.contact)).await;
    let acts: Vec<_> = audit.json["items"].as_array().expect("acts").iter().map(|act| act["action"].as_str()).collect();
    assert_eq!(acts, [Some("handoff.resolve"), Some("handoff.write"), Some("handoff.write"), Some("handoff.take")]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_any_allowed_length_makes_a_message_one_and_no_other_is_taken() {
    let service = start().await;
    assert_eq!(service.write("main-sms", PHONE, "1", "problem").await.status(), 200);
    assert_eq!(service.shown(PHONE, 1).await, ["One moment."]);
    let person = Person::of(&service, service.contact_key(PHONE)).await;
    let write = async |key: &str| {
        let body = json!({ "by": "ann", "text": "Hello." });
        let answer = person.api.post_named(&person.path("/messages"), key, body).await;
        (answer.status, answer.json)
    };
    let long = "k".repeat(256);
    let first = write(&long).await;
    assert_eq!(first.0, 202);
    assert_eq!(write(&long).await, first, "one message, however often it is sent");
    for wrong in ["k".repeat(257), "schl\u{fc}ssel".to_owned(), String::new()] {
        let (status, problem) = write(&wrong).await;
        assert_eq!((status, problem["field"].as_str()), (422, Some("idempotency-key")), "{wrong}");
    }
    let changed = person.api.post_named(&person.path("/messages"), &long, json!({ "by": "ann", "text": "Other." })).await;
    assert_eq!(changed.status, 409, "another text under the same name: {}", changed.text);
    assert_eq!(write("another").await.0, 202);
    assert_eq!(service.shown(PHONE, 3).await, ["One moment.", "Hello.", "Hello."]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slips_are_explained_and_nobody_without_a_key_gets_in() {
    let service = start().await;
    service.write("main-sms", PHONE, "1", "problem").await;
    service.shown(PHONE, 1).await;
    let contact = service.contact_key(PHONE);
    let person = Person::of(&service, contact).await;
    for (what, body, field) in [
        ("take", json!({}), "by"),
        ("take", json!({ "by": "" }), "by"),
        ("take", json!({ "by": "ann", "who": 1 }), "body"),
        ("messages", json!({ "by": "ann" }), "text"),
        ("messages", json!({ "by": "ann", "text": "a".repeat(1_601) }), "text"),
        ("messages", json!({ "by": "ann", "text": "a", "channel": "other-sms" }), "channel"),
        ("messages", json!({ "by": "ann", "text": "a", "id": 1 }), "id"),
        ("resolve", json!({ "by": "ann", "note": "a".repeat(2_001) }), "note"),
    ] {
        let (status, problem) = person.act(what, body.clone()).await;
        assert_eq!((status, problem["field"].as_str()), (422, Some(field)), "{what} {body}");
    }
    let closed = person.act("messages", json!({ "by": "ann", "text": "a", "channel": "main-whatsapp" })).await;
    assert_eq!(
        (closed.0, closed.1["detail"].as_str()),
        (409, Some("the 24-hour window of `main-whatsapp` is closed: the contact must write first"))
    );
    for what in ["", "/take", "/messages", "/resolve"] {
        let url = person.url(what);
        let request = if what.is_empty() { service.client.get(url) } else { service.client.post(url).body("{}") };
        assert_eq!(request.send().await.expect("an answer").status(), 401, "{what}");
    }
    let unknown = Person::of(&service, service.contact_key("+447700900999")).await;
    assert_eq!(unknown.act("take", json!({ "by": "ann" })).await.0, 404);
    let nobody = Person::of(&service, "short".to_owned()).await;
    assert_eq!(nobody.act("take", json!({ "by": "ann" })).await.0, 422);
    service.stop().await;
}

const TRADES: &str = r#"
flow: trades
languages: [en]
channels: [main-sms]
start: [ { event: trade.done, contact: "{{ event.phone }}", key: "{{ event.account }}" } ]
begin: collect
states:
  collect: { digest: { event: trade.done, for: 15s }, save: batch, go: tell }
  tell: { say: "{{ len(batch) }} trades, {{ batch.amount | sum }}", end: told }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_outlives_the_process() {
    let provider = FakeProvider::start();
    let folder = tempfile::tempdir().expect("a folder");
    let store = "kind = \"embedded\"\npath = \"data\"\nsend_lease = \"2500ms\"\nclaim_lease = \"1s\"";
    // The window is longer than three starts take; that of the other flow need not be.
    let marks = TRADES.replace("flow: trades", "flow: marks").replace("trade.done", "trade.marked").replace("15s", "1s");
    let flows = [("flows/trades.yaml", TRADES), ("flows/marks.yaml", marks.as_str())];
    project(folder.path(), &configuration(store, &provider.url, ""), &flows);
    let mut service = process::Service::start(folder.path());
    for n in 1..=3 {
        let data = json!({ "phone": PHONE, "account": "A", "amount": n });
        let status = service.event(json!({ "event": "trade.done", "data": data, "id": n.to_string() })).await;
        assert_eq!(status, 202);
        // Dead right after it was told that the event is stored.
        service.kill9();
        service = process::Service::start(folder.path());
    }
    let sent = tokio::task::block_in_place(|| provider.wait(LONG, |sent| !sent.is_empty()));
    assert_eq!(sent.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["3 trades, 6"]);
    // Another window, so that a second message of the first would be seen.
    let data = json!({ "phone": PHONE, "account": "A", "amount": 10 });
    assert_eq!(service.event(json!({ "event": "trade.marked", "data": data, "id": "4" })).await, 202);
    let sent = tokio::task::block_in_place(|| provider.wait(LONG, |sent| sent.len() > 1));
    assert_eq!(sent.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["3 trades, 6", "1 trades, 10"]);
    service.kill9();
}

const WORRIED: &str = r#"
flow: support
start: [ { keyword: problem } ]
begin: agent
states:
  agent:
    handoff: { to: help, note: "Problem of {{ contact.phone }}", say: One moment. }
    save: note
    go:
      ok:
        do: [ { alert: { say: "Solved with {{ note }}", to: help, level: urgent } }, { alert: Nobody hears this. } ]
        end: handled
      silence: { after: 2h, end: unattended }
"#;

/// A desk of another company hears the whole conversation, and what operators are alerted to.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_hears_of_the_conversation_and_of_alerts() {
    let desk = Receiver::start();
    let more = format!(
        "[events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n[teams.help]\ntitle = \"Help\"\n[endpoints.desk]\nurl = \"{}/desk\"\n\
         events = [\"handoff.*\", \"alert.urgent\"]\nallow_private = true\nsecrets = [{{ env = \"EVENTS_KEY\" }}]\nretry_first = \"100ms\"\n",
        desk.url
    );
    let service = Service::start(&format!("{SIMULATED}\n{more}"), &[("support", WORRIED)]).await;
    assert_eq!(service.write("main-sms", PHONE, "1", "problem").await.status(), 200);
    desk.wait("/desk", |came| came.iter().any(|one| one.kind() == "handoff.opened"));
    let person = Person::of(&service, service.contact_key(PHONE)).await;
    assert_eq!(person.act("take", json!({ "by": "ann" })).await.0, 202);
    service.write("main-sms", PHONE, "2", "Is anybody there?").await;
    assert_eq!(person.act("messages", json!({ "by": "ann", "text": "I am." })).await.0, 202);
    assert_eq!(service.shown(PHONE, 2).await[1], "I am.");
    assert_eq!(person.act("resolve", json!({ "by": "ann", "note": "a word" })).await.0, 202);
    let came = desk.wait("/desk", |came| came.len() >= 6);
    let of = |kind: &str| came.iter().filter(|one| one.kind() == kind).map(|one| &one.body["data"]).collect::<Vec<_>>();
    assert_eq!(of("handoff.opened")[0]["contact"]["phone"], PHONE);
    let mut said: Vec<String> = of("handoff.message").iter().map(|data| format!("{} {}", data["from"], data["text"])).collect();
    said.sort();
    assert_eq!(said, [r#""contact" "Is anybody there?""#, r#""person" "I am.""#]);
    assert_eq!(of("handoff.closed")[0]["outcome"], "ok");
    let alerts = of("alert.urgent");
    assert_eq!(alerts.len(), 1, "the other level is not wanted: {came:#?}");
    assert_eq!(
        (&alerts[0]["say"], &alerts[0]["team"], &alerts[0]["flow"]),
        (&json!("Solved with a word"), &json!("help"), &json!("support"))
    );
    service.stop().await;
}
