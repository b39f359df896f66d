//! Events, the simulator's own API, health, metrics, and operators.

use crate::support::command::replyflow_in;
use crate::support::live::{SIMULATED, Service};
use crate::support::patience::LONG;
use serde_json::{Value, json};

const KEY: &str = "0123456789abcdef0123456789abcdef";

const ORDERS: &str = r#"
flow: orders
needs: { order: text }
start:
  - event: order.delivered
    contact: "{{ event.phone }}"
    with: { order: "{{ event.order }}" }
begin: told
states:
  told: { say: "Order {{ order }} was delivered.", end: told }
"#;

async fn with_key(service: &Service, key: &str, body: &str) -> reqwest::Response {
    let request = service.client.post(format!("{}/v1/events", service.base)).bearer_auth(key);
    request.body(body.to_owned()).send().await.expect("an answer")
}

async fn start() -> Service {
    let config = format!("{SIMULATED}\n[events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n");
    Service::start(&config, &[("orders", ORDERS)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_starts_a_flow_once() {
    let service = start().await;
    let body = r#"{"event": "order.delivered", "data": {"order": "A1", "phone": "+447700900123"}, "id": "e1"}"#;
    assert_eq!(with_key(&service, KEY, body).await.status(), 202);
    assert_eq!(with_key(&service, KEY, body).await.status(), 202, "a repeat is accepted and takes no effect");
    let other = body.replace("A1", "A2").replace("e1", "e2");
    assert_eq!(with_key(&service, KEY, &other).await.status(), 202);
    let texts = service.shown("+447700900123", 2).await;
    assert_eq!(texts, ["Order A1 was delivered.", "Order A2 was delivered."]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_key_is_refused_and_slips_are_explained() {
    let service = start().await;
    let body = r#"{"event": "order.delivered", "contact": "+447700900123", "data": {}}"#;
    for key in ["", "wrong", &KEY[..31]] {
        assert_eq!(with_key(&service, key, body).await.status(), 401, "{key}");
    }
    assert_eq!(service.post("/v1/events", body).await.status(), 401);
    let answer = with_key(&service, KEY, r#"{"event": "order.delivered", "contact": {"phone": "12"}}"#).await;
    assert_eq!(answer.status(), 422);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = answer.json().await.expect("JSON");
    assert_eq!((problem["field"].as_str(), problem["status"].as_u64()), (Some("contact.phone"), Some(422)));
    let unreadable = with_key(&service, KEY, r#"{"event": "order.delivered", "data": {"order": "A", "phone": "call me"}}"#).await;
    assert_eq!(unreadable.status(), 422, "an unreadable address");
    assert_eq!(with_key(&service, KEY, "{").await.status(), 400);
    let limit = replyflow::domain::limits::EVENT_BODY_BYTES;
    assert_eq!(with_key(&service, KEY, &" ".repeat(limit + 1)).await.status(), 413);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keys_the_api_refuses_everybody() {
    let service = Service::start(SIMULATED, &[("orders", ORDERS)]).await;
    assert_eq!(with_key(&service, KEY, r#"{"event": "x"}"#).await.status(), 401);
    assert_eq!(with_key(&service, "", r#"{"event": "x"}"#).await.status(), 401);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_metrics_say_how_it_is() {
    let service = start().await;
    assert_eq!(service.get("/health/live").await.status(), 200);
    let ready = service.get("/health/ready").await;
    assert_eq!(ready.status(), 200);
    assert!(ready.headers().contains_key("x-request-id"));
    let metrics = service.get("/metrics").await.text().await.expect("text");
    assert!(metrics.contains("replyflow_http_request_seconds_bucket"), "{metrics}");
    service.stop().await;
    let closed = format!("{SIMULATED}\n[metrics]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n");
    let service = Service::start(&closed, &[("orders", ORDERS)]).await;
    assert_eq!(service.get("/metrics").await.status(), 401);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_fails_on_demand_and_what_failed_can_be_done_again() {
    let service = start().await;
    let behave = async |body: Value| service.post("/simulator/behaviour", body.to_string()).await.status().as_u16();
    assert_eq!(behave(json!({ "nxt": [] })).await, 422);
    assert_eq!(behave(json!({ "next": [{ "status": 400, "reason": "filtered" }] })).await, 204);
    let body = r#"{"event": "order.delivered", "data": {"order": "A1", "phone": "+447700900123"}}"#;
    assert_eq!(with_key(&service, KEY, body).await.status(), 202);
    // Nothing announces a failure; the operator looks again.
    let mut failed = Value::Null;
    let patience = std::time::Instant::now();
    while failed.is_null() && patience.elapsed() < LONG {
        let (output, _) = replyflow_in(service.folder(), &["failed", "list", "--format", "json"]);
        let listed: Value = serde_json::from_str(&output).expect("JSON");
        failed = listed["failed"][0].clone();
    }
    assert_eq!((failed["kind"].as_str(), failed["attempts"].as_u64()), (Some("message"), Some(1)), "{failed}");
    let (_, code) = replyflow_in(service.folder(), &["failed", "retry", "nobody"]);
    assert_eq!(code, 1);
    let (output, code) = replyflow_in(service.folder(), &["failed", "retry", failed["id"].as_str().expect("an id")]);
    assert_eq!((output.as_str(), code), ("1 will be done again\n", 0));
    assert_eq!(service.shown("+447700900123", 1).await, ["Order A1 was delivered."]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_simulator_channel_there_is_no_simulator() {
    let config = r#"
[server]
listen = "127.0.0.1:0"
public_url = "https://replies.example.com"
[channels.sms]
provider = "twilio"
kind = "sms"
number = "+447700900001"
account_sid = "AC00000000000000000000000000000000"
auth_token = { env = "TWILIO_AUTH_TOKEN" }
base_url = "http://127.0.0.1:9"
"#;
    let service = Service::start(config, &[("orders", ORDERS)]).await;
    for path in ["/simulator/messages", "/simulator/behaviour"] {
        assert_eq!(service.get(path).await.status(), 404, "{path}");
    }
    for path in ["/simulator/send", "/simulator/behaviour"] {
        assert_eq!(service.post(path, "{}").await.status(), 404, "{path}");
    }
    service.stop().await;
}

const BOOKING: &str = r#"
flow: booking
was: reservation
needs: { guests: text }
start:
  - webhook: website
    if: event.guests != '0'
    contact: "{{ event.phone }}"
    key: "{{ event.id }}"
    with: { guests: "{{ event.guests }}" }
begin: told
states:
  told: { say: "A table for {{ guests }}.", end: told }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_a_flow_begins_it_for_whoever_knows_the_url() {
    let config = format!("{SIMULATED}\n[webhooks]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n");
    let service = Service::start(&config, &[("booking", BOOKING)]).await;
    let keys = service.webhook_keys();
    let url = |flow: &str, name: &str| format!("{}/flows/{flow}/{name}/{}", service.base, keys.secret(flow, name));
    let form = |url: String, body: &str| {
        let request = service.client.post(url).header("content-type", "application/x-www-form-urlencoded");
        request.body(body.to_owned())
    };
    let here = url("booking", "website");
    let first = form(here.clone(), "id=1&phone=%2B447700900123&guests=2").header("idempotency-key", "a");
    assert_eq!(first.try_clone().expect("a copy").send().await.expect("an answer").status(), 202);
    assert_eq!(first.send().await.expect("an answer").status(), 202, "a repeat is accepted and takes no effect");
    let json = r#"{"id": 2, "phone": "+447700900123", "guests": "3"}"#;
    assert_eq!(service.client.post(&here).body(json).send().await.expect("an answer").status(), 202);
    let query = "id=3&phone=%2B447700900123&guests=4";
    assert_eq!(service.client.get(format!("{here}?{query}")).send().await.expect("an answer").status(), 202);
    // Under its former name, with the URL of that time.
    assert_eq!(form(url("reservation", "website"), query).send().await.expect("an answer").status(), 202);
    let unwanted = form(here.clone(), "id=5&guests=0&phone=").send().await.expect("an answer");
    assert_eq!(unwanted.status(), 202, "no start can want it");
    let texts = service.shown("+447700900123", 4).await;
    assert_eq!(texts, ["A table for 2.", "A table for 3.", "A table for 4.", "A table for 4."]);
    let unreadable = form(here.clone(), "id=6&guests=1&phone=call+me").send().await.expect("an answer");
    assert_eq!(unreadable.status(), 422);
    let problem: Value = unreadable.json().await.expect("JSON");
    assert!(problem["detail"].as_str().is_some_and(|why| why.contains("event.phone") && !why.contains("call me")), "{problem}");
    let mut refusals = Vec::new();
    for wrong in [
        url("booking", "nothing"),
        url("nobody", "website"),
        format!("{}/flows/booking/website/{}", service.base, keys.secret("reservation", "website")),
        format!("{}/flows/booking/website/x", service.base),
    ] {
        let answer = form(wrong, query).send().await.expect("an answer");
        let (status, mut problem) = (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"));
        // Each request has a name of its own; nothing else tells them apart.
        assert!(problem.as_object_mut().is_some_and(|fields| fields.remove("request_id").is_some()), "{problem}");
        refusals.push((status, problem));
    }
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0] && refusal.0 == 403), "{refusals:?}");
    assert_eq!(service.client.post(&here).body("<a/>").send().await.expect("an answer").status(), 415);
    let limit = replyflow::domain::limits::EVENT_BODY_BYTES;
    assert_eq!(service.client.post(&here).body(" ".repeat(limit + 1)).send().await.expect("an answer").status(), 413);
    let (output, code) = replyflow_in(service.folder(), &["webhooks"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains(&keys.secret("booking", "website")), "{output}");
    service.stop().await;
}
