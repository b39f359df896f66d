//! Webhooks of flows as payment gateways call them: nested payloads, amounts in minor units, forms in parts, signatures.

use crate::support::live::{SIMULATED, Service, nameless};
use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A gateway that nests what it says: contact, key and amount by expressions.
const PAYMENT: &str = r#"
flow: payment
needs: { order: text, amount: number, first: text }
start:
  - webhook: stripe
    if: event.type == 'payment_intent.payment_failed'
    contact: "{{ event.data.object.metadata.phone }}"
    key: "{{ event.data.object.metadata.order_id }}"
    with:
      order: "{{ event.data.object.metadata.order_id }}"
      amount: "{{ event.data.object.amount / 100 }}"
      first: "{{ event.data.object.last_payment_error.code }}"
  - webhook: razorpay
    contact: "{{ event.payload.payment.entity.contact }}"
    key: "{{ event.payload.payment.entity.order_id }}"
    with:
      order: "{{ event.payload.payment.entity.order_id }}"
      amount: "{{ event.payload.payment.entity.amount / 100 }}"
      first: "{{ event.contains[0] }}"
  - webhook: shop
    contact: "{{ event.customer.phone }}"
    with:
      order: "{{ event.name }}"
      amount: "{{ event.line_items | len }}"
      first: "{{ event.line_items[1].title }}"
  - webhook: form
    contact: "{{ event.phone }}"
    with: { order: "{{ event.order }}", amount: 0, first: "{{ event.photo.type }}" }
begin: told
states:
  told: { say: "{{ order }}: {{ amount }} ({{ first }})", end: told }
"#;

const CONFIG: &str = r#"
[project]
country = "IN"
[webhooks.signed.payment.stripe]
scheme = "stripe"
secrets = [{ env = "META_APP_SECRET" }, { env = "EVENTS_KEY" }]
[webhooks.signed.payment.razorpay]
scheme = "razorpay"
secrets = [{ env = "EVENTS_KEY" }]
[webhooks.signed.payment.shop]
scheme = "shopify"
secrets = [{ env = "EVENTS_KEY" }]
"#;

fn mac(key: &str, message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

async fn start() -> Service {
    Service::start(&format!("{SIMULATED}{CONFIG}"), &[("payment", PAYMENT)]).await
}

async fn call(service: &Service, name: &str, headers: &[(&str, String)], body: String) -> (u16, String) {
    let url = format!("{}/flows/payment/{name}/{}", service.base, service.webhook_keys().secret("payment", name));
    let mut request = service.client.post(url).header("content-type", "application/json");
    for (header, value) in headers {
        request = request.header(*header, value);
    }
    let answer = request.body(body).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

fn stripe(id: &str, kind: &str, order: &str, phone: &str) -> String {
    json!({
        "id": id, "object": "event", "api_version": "2024-06-20", "created": now(), "type": kind, "livemode": false,
        "data": { "object": {
            "id": "pi_1", "object": "payment_intent", "amount": 49_900, "currency": "inr",
            "last_payment_error": { "code": "card_declined", "decline_code": "insufficient_funds" },
            "metadata": { "order_id": order, "phone": phone },
        } },
    })
    .to_string()
}

fn stripe_header(key: &str, at: u64, body: &str) -> [(&'static str, String); 1] {
    [("Stripe-Signature", format!("t={at},v1={},v0=00", hex::encode(mac(key, &format!("{at}.{body}")))))]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stripe_event_begins_a_run_once_by_either_secret() {
    let service = start().await;
    let phone = "+919876543210";
    let failed = "payment_intent.payment_failed";
    for (n, key) in ["meta-app-secret", SECRET].into_iter().enumerate() {
        let body = stripe(&format!("evt_{n}"), failed, &format!("A{n}"), phone);
        for _ in 0..2 {
            // Signed anew for each delivery, with the same event.
            let (status, answer) = call(&service, "stripe", &stripe_header(key, now(), &body), body.clone()).await;
            assert_eq!(status, 202, "{answer}");
        }
    }
    let other = stripe("evt_9", "payment_intent.succeeded", "A9", phone);
    assert_eq!(call(&service, "stripe", &stripe_header(SECRET, now(), &other), other.clone()).await.0, 202, "nobody wants it");
    let texts = service.shown(phone, 2).await;
    assert_eq!(texts, ["A0: 499 (card_declined)", "A1: 499 (card_declined)"]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_or_too_old_or_for_another_webhook_is_refused_without_a_hint() {
    let service = start().await;
    let body = stripe("evt_1", "payment_intent.payment_failed", "A1", "+919876543211");
    let mut refusals = Vec::new();
    for headers in [
        vec![],
        stripe_header("another secret", now(), &body).to_vec(),
        stripe_header(SECRET, now() - 400, &body).to_vec(),
        stripe_header(SECRET, now() + 400, &body).to_vec(),
        stripe_header(SECRET, now(), &format!("{body} ")).to_vec(),
        vec![("Stripe-Signature", "v1=".to_owned())],
        vec![("Stripe-Signature", format!("t={},v1={}", now(), hex::encode(mac(SECRET, &body))))],
    ] {
        let (status, problem) = call(&service, "stripe", &headers, body.clone()).await;
        refusals.push((status, nameless(&problem)));
    }
    let wrong = format!("{}/flows/payment/stripe/{}", service.base, service.webhook_keys().secret("payment", "shop"));
    let answer = service.client.post(wrong).body(body.clone()).send().await.expect("an answer");
    refusals.push((answer.status().as_u16(), nameless(&answer.text().await.expect("text"))));
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0] && refusal.0 == 403), "{refusals:?}");
    assert!(service.metric("replyflow_webhooks_refused_total", "{reason=\"forged\"}").await >= 3.0);
    assert_eq!(call(&service, "stripe", &stripe_header(SECRET, now(), &body), body.clone()).await.0, 202);
    assert_eq!(service.shown("+919876543211", 1).await, ["A1: 499 (card_declined)"]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn razorpay_and_shopify_are_read_as_they_come() {
    let service = start().await;
    let razorpay = json!({
        "entity": "event", "account_id": "acc_1", "event": "payment.failed", "contains": ["payment"],
        "payload": { "payment": { "entity": { "id": "pay_1", "amount": 150_050, "currency": "INR", "order_id": "order_1",
            "contact": "+919876543212", "error_code": "BAD_REQUEST_ERROR" } } }, "created_at": 1_700_000_000,
    })
    .to_string();
    let signed =
        |body: &str| vec![("X-Razorpay-Signature", hex::encode(mac(SECRET, body))), ("x-razorpay-event-id", "ev1".to_owned())];
    for _ in 0..2 {
        assert_eq!(call(&service, "razorpay", &signed(&razorpay), razorpay.clone()).await.0, 202);
    }
    let shop = json!({ "id": 1, "name": "#1001", "customer": { "phone": "+919876543212" },
        "line_items": [{ "title": "Tea", "price": "4.50" }, { "title": "Cup", "price": "9.00" }] })
    .to_string();
    let base64 = base64::engine::general_purpose::STANDARD.encode(mac(SECRET, &shop));
    let headers = [("X-Shopify-Hmac-Sha256", base64), ("X-Shopify-Webhook-Id", "w1".to_owned())];
    for _ in 0..2 {
        assert_eq!(call(&service, "shop", &headers, shop.clone()).await.0, 202);
    }
    let texts = service.shown("+919876543212", 2).await;
    assert_eq!(texts, ["order_1: 1500.5 (payment)", "#1001: 2 (Cup)"]);
    let nobody = razorpay.replace("+919876543212", "call me");
    let (status, answer) = call(&service, "razorpay", &signed(&nobody)[..1], nobody.clone()).await;
    let problem: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!((status, problem["field"].as_str()), (422, Some("contact")));
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|why| why.contains("event.payload.payment.entity.contact") && !why.contains("call me"))
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_in_parts_and_a_text_are_read_and_xml_is_refused() {
    let service = start().await;
    let url = format!("{}/flows/payment/form/{}", service.base, service.webhook_keys().secret("payment", "form"));
    let with = async |kind: &str, body: String| {
        let request = service.client.post(&url).header("content-type", kind).body(body);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    let part = |about: &str, body: &str| format!("--b\r\nContent-Disposition: form-data; {about}\r\n\r\n{body}\r\n");
    let photo = format!(
        "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n{}\r\n",
        "x".repeat(200_000)
    );
    let form = format!("{}{}{photo}--b--\r\n", part("name=\"order\"", "F1"), part("name=\"phone\"", "+919876543213"));
    assert_eq!(with("multipart/form-data; boundary=b", form).await.0, 202);
    assert_eq!(service.shown("+919876543213", 1).await, ["F1: 0 (image/png)"]);
    let (status, answer) = with("application/xml", "<order/>".to_owned()).await;
    assert_eq!(status, 415);
    assert!(answer.contains("XML"), "{answer}");
    assert_eq!(with("text/plain", "hello".to_owned()).await.0, 422, "a text has no phone");
    assert_eq!(with("application/json", "{".to_owned()).await.0, 400);
    let limit = replyflow::domain::limits::EVENT_BODY_BYTES;
    assert_eq!(with("application/json", " ".repeat(limit + 1)).await.0, 413);
    service.stop().await;
}
