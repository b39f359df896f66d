//! Mixpanel, Segment and Amplitude call as they document it, over real HTTP, with repeats.

use crate::support::live::{SIMULATED, Service, nameless};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

const WINBACK: &str = r#"
flow: winback
needs: { cohort: text }
start:
  - event: mixpanel.cohort.entered
    contact: { phone: "{{ event.contact.phone }}", name: "{{ event.member.first_name }}" }
    key: "{{ event.cohort.id }}"
    repeat: another
    with: { cohort: "{{ event.cohort.name }}" }
  - event: amplitude.cohort.entered
    contact: { phone: "{{ event.contact.phone }}" }
    repeat: another
    with: { cohort: "{{ event.cohort.name }}" }
begin: told
states:
  told: { say: "{{ contact.name ?? 'You' }} in {{ cohort }}", end: told }
"#;

const SHOP: &str = r#"
flow: shop
needs: { revenue: number }
start:
  - event: segment.track.order_completed
    contact: { phone: "{{ event.contact.phone }}" }
    repeat: another
    with: { revenue: "{{ event.properties.revenue }}" }
begin: told
states:
  told: { say: "{{ revenue }} on {{ contact.plan ?? 'no plan' }}", end: told }
"#;

const CONFIG: &str = r#"
[project]
country = "GB"
[attributes]
plan = "text"
[sources.growth]
kind = "mixpanel"
user = "replyflow"
password = { env = "EVENTS_KEY" }
[sources.web]
kind = "segment"
secrets = [{ env = "EVENTS_KEY" }]
[sources.web.attributes]
plan = "traits.plan"
[sources.product]
kind = "amplitude"
[sources.keyed]
kind = "amplitude"
keys = [{ env = "EVENTS_KEY" }]
"#;

async fn start() -> Service {
    Service::start(&format!("{SIMULATED}{CONFIG}"), &[("winback", WINBACK), ("shop", SHOP)]).await
}

fn with_secret(service: &Service, name: &str) -> String {
    format!("{}/sources/{name}/{}", service.base, service.webhook_keys().source_secret(name))
}

async fn answered(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

fn members(action: &str, session: &str, page: u32, members: Value) -> String {
    json!({ "action": action, "parameters": {
        "mixpanel_project_id": "1", "mixpanel_cohort_name": "Lapsed", "mixpanel_cohort_id": "77", "mixpanel_cohort_description": "",
        "mixpanel_session_id": session, "page_info": { "total_pages": 2, "page_count": page }, "members": members } })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mixpanel_cohort_is_synchronised_in_pages_with_retries() {
    let service = start().await;
    let url = format!("{}/sources/growth", service.base);
    let send = async |body: String| answered(service.client.post(&url).basic_auth("replyflow", Some(SECRET)).body(body)).await;
    let member = |n: u32| {
        json!({ "email": format!("a{n}@b.example"), "mixpanel_distinct_id": format!("d{n}"), "first_name": format!("Ann{n}"),
        "last_name": "B", "phone_number": format!("07700 90020{n}") })
    };
    let pages = [
        members("members", "s1", 1, json!([member(1), { "phone_number": "call me" }])),
        members("members", "s1", 2, json!([member(2)])),
    ];
    for page in pages.iter().chain(&pages) {
        let (status, answer) = send(page.clone()).await;
        assert_eq!((status, answer), (200, json!({ "action": "members", "status": "success" })));
    }
    let (status, answer) = send(members("add_members", "s2", 1, json!([]))).await;
    assert_eq!((status, answer), (200, json!({ "action": "add_members", "status": "success" })), "nothing changed");
    let (status, answer) = send(members("remove_members", "s2", 1, json!([member(1)]))).await;
    assert_eq!((status, answer), (200, json!({ "action": "remove_members", "status": "success" })), "nobody listens");
    let (status, _) = send(members("add_members", "s3", 1, json!([member(1)]))).await;
    assert_eq!(status, 200, "back again");
    assert_eq!(service.shown("+447700900201", 2).await, ["Ann1 in Lapsed", "Ann1 in Lapsed"]);
    assert_eq!(service.shown("+447700900202", 1).await, ["Ann2 in Lapsed"]);
    assert!(service.metric("replyflow_source_items_total", "{source=\"growth\",result=\"unreadable_phone\"}").await >= 1.0);
    let (status, answer) = send("{\"action\": \"members\"}".to_owned()).await;
    assert_eq!((status, &answer["status"], &answer["error"]["code"]), (400, &json!("failure"), &json!(400)), "{answer}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn segment_is_believed_by_its_signature_and_a_batch_only_at_the_secret_url() {
    let service = start().await;
    let sign = |part: &str| {
        let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).expect("any key");
        mac.update(part.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    };
    let track = |id: &str, revenue: f64| {
        json!({ "type": "track", "event": "Order Completed", "userId": "u1", "messageId": id,
        "properties": { "revenue": revenue }, "context": { "traits": { "phone": "+447700900211" } } })
    };
    let identify =
        json!({ "type": "identify", "userId": "u1", "messageId": "m0", "traits": { "phone": "+447700900211", "plan": "pro" } });
    let plain = format!("{}/sources/web", service.base);
    let send = async |url: &str, body: &str, signature: &str| {
        let request = service.client.post(url).header("x-signature", signature).body(body.to_owned());
        request.send().await.expect("an answer").status().as_u16()
    };
    let body = identify.to_string();
    assert_eq!(send(&plain, &body, &sign(&body)).await, 200);
    let body = track("m1", 25.5).to_string();
    for _ in 0..2 {
        assert_eq!(send(&plain, &body, &sign(&body)).await, 200, "a retry too");
    }
    assert_eq!(send(&plain, &body.replace("25.5", "1"), &sign(&body)).await, 403);
    assert_eq!(send(&plain, &body, "").await, 403);
    let batch = json!([track("m1", 25.5), track("m2", 30.0)]).to_string();
    let first = sign(&track("m1", 25.5).to_string());
    assert_eq!(send(&plain, &batch, &first).await, 403, "only its first message is signed");
    assert_eq!(send(&with_secret(&service, "web"), &batch, &sign(&batch)).await, 403, "signed otherwise");
    assert_eq!(send(&with_secret(&service, "web"), &batch, &first).await, 200);
    assert_eq!(service.shown("+447700900211", 2).await, ["25.5 on pro", "30 on pro"]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amplitude_cohorts_come_once_however_often_they_are_sent() {
    let service = start().await;
    let cohort = |message: &str| {
        json!({ "cohort_name": "Power", "cohort_id": "7khm89cz", "in_cohort": true, "computed_time": "1692206763",
        "message_id": message, "users": [{ "user_id": "u1", "user_properties": { "phone": "+447700900221" } }, { "user_id": "u2" }] })
    };
    for message in ["a::enter::0", "a::enter::0", "b::enter::0"] {
        let request = service.client.post(with_secret(&service, "product")).header("user-agent", "Amplitude/Webhook/1.0");
        assert_eq!(answered(request.body(cohort(message).to_string())).await.0, 200);
    }
    assert_eq!(service.shown("+447700900221", 2).await, ["You in Power", "You in Power"]);
    let keyed = format!("{}/sources/keyed", service.base);
    let body = cohort("c").to_string();
    assert_eq!(answered(service.client.post(&keyed).bearer_auth(SECRET).body(body.clone())).await.0, 200);
    assert_eq!(answered(service.client.post(&keyed).bearer_auth("wrong").body(body.clone())).await.0, 403);
    assert_eq!(
        answered(service.client.post(with_secret(&service, "keyed")).body(body)).await.0,
        403,
        "what is configured must hold"
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_believed_has_one_answer() {
    let service = start().await;
    let body = members("add_members", "s", 1, json!([]));
    let mut refusals = Vec::new();
    for (url, user, password) in [
        (format!("{}/sources/growth", service.base), "replyflow", "wrong"),
        (format!("{}/sources/growth", service.base), "someone", SECRET),
        (format!("{}/sources/growth/{}", service.base, service.webhook_keys().source_secret("web")), "replyflow", SECRET),
        (format!("{}/sources/nobody", service.base), "replyflow", SECRET),
        (format!("{}/sources/product", service.base), "replyflow", SECRET),
        (format!("{}/sources/product/x", service.base), "replyflow", SECRET),
    ] {
        let answer =
            service.client.post(url).basic_auth(user, Some(password)).body(body.clone()).send().await.expect("an answer");
        refusals.push((answer.status().as_u16(), nameless(&answer.text().await.expect("text"))));
    }
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0] && refusal.0 == 403), "{refusals:?}");
    let limit = replyflow::domain::limits::WEBHOOK_BODY_BYTES;
    let large =
        service.client.post(with_secret(&service, "product")).body(" ".repeat(limit + 1)).send().await.expect("an answer");
    assert_eq!(large.status(), 413);
    let (output, code) = crate::support::command::replyflow_in(service.folder(), &["webhooks"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains(&service.webhook_keys().source_secret("growth")), "{output}");
    service.stop().await;
}
