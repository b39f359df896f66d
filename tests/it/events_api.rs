//! `POST /v1/events` beyond the first event: lists, declared fields, attributes, callbacks, `Idempotency-Key`.

use crate::support::api::Api;
use crate::support::live::{SIMULATED, Service};
use crate::support::redis::RedisServer;
use reqwest::{Method, Response};
use serde_json::{Value, json};

const KEY: &str = "0123456789abcdef0123456789abcdef";

const ORDERS: &str = r#"
flow: orders
needs: { order: text }
start:
  - event: order.paid
    contact: { phone: "{{ event.phone }}" }
    key: "{{ event.order }}"
    with: { order: "{{ event.order }}" }
begin: told
states:
  told: { say: "Order {{ order }}{{ ' for our VIP' if contact.vip else '' }}.", end: told }
"#;

/// Nothing of the event says who: whoever sends it does.
const NUDGE: &str = r#"
flow: nudge
start:
  - event: nudge
    contact: { id: "{{ event.who }}" }
begin: told
states:
  told: { set: { contact.vip: true }, end: told }
"#;

const CONFIG: &str = r#"
[project]
country = "GB"
[events]
keys = [{ env = "EVENTS_KEY" }]
[events.fields."order.paid"]
order = { type = "text", required = true }
phone = "phone"
items = { of = { fields = { price = { type = "number", required = true } } } }
[attributes]
vip = "boolean"
[callbacks]
allow = ["https://shop.example/hooks"]
secrets = [{ env = "EVENTS_KEY" }]
"#;

async fn start(more: &str) -> Service {
    let config = format!("{SIMULATED}{}", CONFIG.replace("[events]\n", &format!("[events]\n{more}\n")));
    Service::start(&config, &[("orders", ORDERS), ("nudge", NUDGE)]).await
}

async fn post(service: &Service, key: Option<&str>, body: &Value) -> (u16, Value) {
    let named: Vec<(&str, &str)> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
    let answer = Api::of(service).send(Method::POST, "/v1/events", &named, body.to_string().into_bytes()).await;
    (answer.status, answer.json)
}

async fn sent(service: &Service, key: Option<&str>, body: String) -> Response {
    let mut request = service.client.post(format!("{}/v1/events", service.base)).bearer_auth(KEY);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    request.body(body).send().await.expect("an answer")
}

fn paid(order: &str, phone: &str) -> Value {
    json!({ "event": "order.paid", "data": { "order": order, "phone": phone } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_an_answer_for_each_and_one_bad_event_refuses_no_other() {
    let service = start("").await;
    let ann = "+447700900101";
    let body = json!({ "events": [
        paid("A1", ann),
        { "event": "order.paid", "contact": { "phone": "12" }, "data": { "order": "A2" } },
        { "event": "order.paid", "data": { "order": "A3", "phone": ann, "items": [{ "price": 1 }, { "price": "2" }] } },
        { "event": "order.paid", "data": { "phone": ann } },
        { "event": "order.paid", "data": { "order": "A5", "phone": "call me" } },
        { "event": "order.paid", "data": { "order": "A6" } },
        { "event": "order.paid", "id": "mine", "data": { "order": "A7", "phone": ann } },
        7,
    ] });
    let (status, answer) = post(&service, None, &body).await;
    assert_eq!(status, 207);
    let results = answer["results"].as_array().expect("a list");
    let short: Vec<(u64, &str)> =
        results.iter().map(|one| (one["status"].as_u64().expect("a status"), one["field"].as_str().unwrap_or(""))).collect();
    assert_eq!(
        short,
        [
            (202, ""),
            (422, "contact.phone"),
            (422, "data.items[1].price"),
            (422, "data.order"),
            (422, "data.phone"),
            (422, "contact"),
            (202, ""),
            (400, ""),
        ],
        "{answer}"
    );
    assert_eq!(results[6]["id"], "mine");
    assert!(results[5]["detail"].as_str().is_some_and(|why| why.contains("event.phone")), "{answer}");
    assert!(!answer.to_string().contains("call me"), "nothing of what was sent comes back");
    assert_eq!(service.shown(ann, 2).await, ["Order A1.", "Order A7."], "in their order");
    let (status, answer) = post(&service, None, &json!([paid("B1", "+447700900102"), paid("B2", "+447700900103")])).await;
    assert_eq!((status, answer["results"].as_array().map(Vec::len)), (202, Some(2)));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_a_thousand_is_stored_and_one_more_or_too_many_bytes_are_not() {
    let service = start("").await;
    let list =
        |n: usize| json!((0..n).map(|i| paid(&format!("L{i}"), &format!("+4477009{:05}", 20_000 + i % 400))).collect::<Vec<_>>());
    let (status, answer) = post(&service, None, &list(1_000)).await;
    assert_eq!((status, answer["results"].as_array().map(Vec::len)), (202, Some(1_000)));
    let (status, answer) = post(&service, None, &list(1_001)).await;
    assert_eq!((status, &answer["field"]), (422, &json!("events")));
    let limit = replyflow::domain::limits::EVENT_BATCH_BYTES;
    assert_eq!(sent(&service, None, format!("[{}]", " ".repeat(limit))).await.status(), 413);
    assert_eq!(service.shown("+447700920000", 3).await, ["Order L0.", "Order L400.", "Order L800."]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_nobody_knows_is_counted_or_refused() {
    let service = start("").await;
    let unknown = || service.metric("replyflow_unknown_events_total", "");
    let before = unknown().await;
    let (status, answer) = post(&service, None, &json!({ "event": "order.payed", "data": { "order": "A1" } })).await;
    assert_eq!(status, 202, "{answer}");
    assert!(unknown().await >= before + 1.0);
    service.stop().await;
    let service = start("only_declared = true").await;
    let (status, answer) = post(&service, None, &json!({ "event": "order.payed", "contact": "+447700900104" })).await;
    assert_eq!((status, &answer["field"]), (422, &json!("event")), "{answer}");
    let (status, _) = post(&service, None, &paid("A1", "+447700900104")).await;
    assert_eq!(status, 202, "a declared one");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_brings_the_contacts_attributes_and_finds_them_by_their_own_id() {
    let service = start("").await;
    let ann = "+447700900105";
    let mut event = paid("A1", ann);
    event["contact"] = json!({ "phone": ann, "id": "cust-1", "attributes": { "vip": true } });
    assert_eq!(post(&service, None, &event).await.0, 202);
    assert_eq!(service.shown(ann, 1).await, ["Order A1 for our VIP."]);
    for (attributes, field) in
        [(json!({ "vip": "yes" }), "contact.attributes.vip"), (json!({ "size": 1 }), "contact.attributes.size")]
    {
        event["contact"]["attributes"] = attributes;
        let (status, answer) = post(&service, None, &event).await;
        assert_eq!((status, answer["field"].as_str()), (422, Some(field)), "{answer}");
    }
    let (status, _) =
        post(&service, None, &json!({ "event": "nudge", "contact": { "id": "cust-9" }, "data": { "who": "cust-9" } })).await;
    assert_eq!(status, 202);
    service.stop().await;
}

/// A person's phone and id are named once; from then on either is enough. Where somebody else is already, nobody is taken away.
#[tokio::test(flavor = "multi_thread")]
async fn all_addresses_of_an_event_lead_to_its_contact() {
    let service = start("").await;
    let (ann, ben) = ("+447700900107", "+447700900108");
    let named = |order: &str, phone: &str| {
        let mut event = paid(order, phone);
        event["contact"] = json!({ "phone": phone, "id": "cust-7" });
        event
    };
    assert_eq!(post(&service, None, &named("A1", ann)).await.0, 202);
    assert_eq!(service.shown(ann, 1).await, ["Order A1."]);
    assert_eq!(post(&service, None, &json!({ "events": [named("B1", ben)] })).await.0, 202);
    assert_eq!(service.shown(ben, 1).await, ["Order B1."]);
    let nudge = json!({ "event": "nudge", "contact": { "id": "cust-7" }, "data": { "who": "cust-7" } });
    assert_eq!(post(&service, None, &nudge).await.0, 202);
    for (order, phone, text) in [("A2", ann, "Order A2 for our VIP."), ("B2", ben, "Order B2.")] {
        assert_eq!(post(&service, None, &paid(order, phone)).await.0, 202);
        assert_eq!(service.shown(phone, 2).await[1], text);
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_goes_only_where_the_project_allows() {
    let service = start("").await;
    let with = |callback: Value| {
        let mut event = paid("A1", "+447700900106");
        event["callback"] = callback;
        event
    };
    for good in
        [json!("https://shop.example/hooks/1"), json!({ "url": "https://shop.example/hooks", "id": 7, "data": { "a": [1] } })]
    {
        assert_eq!(post(&service, None, &with(good.clone())).await.0, 202, "{good}");
    }
    for (callback, field) in [
        (json!("https://other.example/hooks/1"), "callback.url"),
        (json!("https://shop.example/hooks/../admin"), "callback.url"),
        (json!({ "id": "x" }), "callback.url"),
        (json!({ "url": "https://shop.example/hooks", "data": "x".repeat(5_000) }), "callback.data"),
        (json!({ "url": "https://shop.example/hooks", "x": 1 }), "callback"),
        (json!(7), "callback"),
    ] {
        let (status, answer) = post(&service, None, &with(callback)).await;
        assert_eq!((status, answer["field"].as_str()), (422, Some(field)), "{answer}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_and_body_have_the_first_answer_and_take_effect_once() {
    let service = start("").await;
    let ann = "+447700900107";
    let body = json!([paid("A1", ann), { "event": "order.paid", "data": { "order": 1 } }, paid("A2", ann)]);
    let first = post(&service, Some("k1"), &body).await;
    assert_eq!(first.0, 207);
    assert_eq!(post(&service, Some("k1"), &body).await, first, "also its ids and its errors");
    let other = json!([paid("A1", ann)]);
    let (status, answer) = post(&service, Some("k1"), &other).await;
    assert_eq!(status, 409, "{answer}");
    assert!(answer["detail"].as_str().is_some_and(|why| why.contains("another body")), "{answer}");
    let one = post(&service, Some("k2"), &paid("A3", ann)).await;
    assert_eq!(one.0, 202);
    assert_eq!(post(&service, Some("k2"), &paid("A3", ann)).await, one);
    // What was refused begins nothing: the mended event may have the same key.
    assert_eq!(post(&service, Some("k3"), &paid("A4", "call me")).await.0, 422);
    assert_eq!(post(&service, Some("k3"), &paid("A4", ann)).await.0, 202);
    assert_eq!(post(&service, Some("k4"), &json!({ "event": "order.paid", "data": { "order": "A5" } })).await.0, 422, "nobody");
    assert_eq!(post(&service, Some("k4"), &paid("A5", ann)).await.0, 202);
    assert_eq!(service.shown(ann, 5).await, ["Order A1.", "Order A2.", "Order A3.", "Order A4.", "Order A5."]);
    for wrong in ["".to_owned(), "x".repeat(257)] {
        let (status, answer) = post(&service, Some(&wrong), &paid("A6", ann)).await;
        assert_eq!((status, answer["field"].as_str()), (422, Some("idempotency-key")), "{answer}");
    }
    // Also after a restart.
    let folder = service.stop().await;
    let service = Service::start_in(folder).await;
    assert_eq!(post(&service, Some("k1"), &body).await, first);
    assert_eq!(post(&service, Some("k1"), &other).await.0, 409);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_key_costs_neither_memory_nor_the_room_of_those_who_have_one() {
    let config = format!("{SIMULATED}{CONFIG}\n[server.rates]\napi = 2\n");
    let service = Service::start(&config, &[("orders", ORDERS)]).await;
    let unknown = async |path: &str, bytes: usize| service.post(path, " ".repeat(bytes)).await.status().as_u16();
    for path in ["/v1/events", "/sources/none", "/sources/none/secret", "/hooks/none", "/flows/orders/none/secret"] {
        assert_eq!(unknown(path, 65 * 1024).await, 413, "{path}");
    }
    for _ in 0..20 {
        assert_eq!(unknown("/v1/events", 10).await, 401);
    }
    assert_eq!(post(&service, None, &paid("A1", "+447700900120")).await.0, 202, "there is room for who has a key");
    assert_eq!(service.shown("+447700900120", 1).await, ["Order A1."]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_anybody_may_ask_for_takes_nothing_from_anybody_else() {
    let config = format!("{SIMULATED}{CONFIG}\n[server.rates]\napi = 2\nprobes = 1\nhooks = 2\n");
    let service = Service::start(&config, &[("orders", ORDERS)]).await;
    let status = async |path: &str| {
        service.client.get(format!("{}{path}", service.base)).send().await.expect("an answer").status().as_u16()
    };
    for path in ["/media/none", "/v1/openapi.json", "/v1/docs/", "/u/none"] {
        let mut last = 0;
        for _ in 0..10 {
            last = status(path).await;
        }
        assert_eq!(last, 429, "{path}: even so it has a bound");
    }
    assert_eq!(status("/health/ready").await, 200, "nobody takes the instance away");
    for _ in 0..20 {
        assert_eq!(status("/health/live").await, 200, "and nobody has it restarted");
    }
    assert_eq!(post(&service, None, &paid("A1", "+447700900120")).await.0, 202);
    assert_ne!(service.post("/hooks/none", String::new()).await.status().as_u16(), 429, "webhooks come in");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_under_one_key_have_one_effect() {
    let service = start("").await;
    let ann = "+447700900108";
    let body = paid("A1", ann);
    let answers = futures_util::future::join_all((0..20).map(|_| sent(&service, Some("race"), body.to_string()))).await;
    let mut stored = 0;
    for answer in answers {
        match answer.status().as_u16() {
            202 => stored += 1,
            409 => {
                let after = answer.headers()["retry-after"].to_str().expect("text").to_owned();
                assert!(after.parse::<u64>().is_ok_and(|seconds| (1..=10).contains(&seconds)), "{after}");
            }
            other => panic!("{other}"),
        }
    }
    assert!(stored >= 1);
    assert_eq!(post(&service, Some("race"), &body).await.0, 202);
    assert_eq!(post(&service, None, &paid("A2", ann)).await.0, 202);
    assert_eq!(service.shown(ann, 2).await, ["Order A1.", "Order A2."]);
    service.stop().await;
}

/// A flow's own event reaches another flow for the contact whom it names, and for the writer where it names nobody.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_flow_emits_begins_another_flow_for_whom_it_names() {
    const REFERRAL: &str = r#"
flow: referral
needs: { friend: phone }
start:
  - event: referred
    contact: "{{ event.by }}"
    with: { friend: "{{ event.friend }}" }
begin: told
states:
  told:
    do:
      - say: Thank you.
      - emit: { event: invited, data: { by: "{{ contact.phone }}", friend: "{{ friend }}" }, contact: "{{ friend }}" }
      - emit: { event: thanked, data: { phone: "{{ contact.phone }}" } }
    end: told
"#;
    const INVITED: &str = r#"
flow: invited
needs: { text: text }
start:
  - event: invited
    contact: "{{ event.friend }}"
    with: { text: "Invited by {{ event.by }}." }
  - event: thanked
    contact: "{{ event.phone }}"
    with: { text: You were thanked. }
begin: told
states:
  told: { say: "{{ text }}", end: told }
"#;
    let service = Service::start(&format!("{SIMULATED}{CONFIG}"), &[("referral", REFERRAL), ("invited", INVITED)]).await;
    let (ann, bob) = ("+447700900109", "+447700900110");
    let event = json!({ "event": "referred", "id": "r1", "data": { "by": ann, "friend": bob } });
    for _ in 0..2 {
        assert_eq!(post(&service, None, &event).await.0, 202);
    }
    assert_eq!(service.shown(bob, 1).await, [format!("Invited by {ann}.")]);
    assert_eq!(service.shown(ann, 2).await, ["Thank you.", "You were thanked."]);
    service.stop().await;
}

/// On Redis: full it is 503 and nothing was done; with too many names remembered it is 429.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_redis_is_503_and_too_many_keys_are_429() {
    let redis = RedisServer::start();
    let config = format!(
        "{SIMULATED}{CONFIG}\n[server.rates]\napi = 100000\nkey = 100000\n[store]\nkind = \"redis\"\nurl = \"{}\"\n",
        redis.url()
    );
    let service = Service::start(&config, &[("orders", ORDERS)]).await;
    let mut connection = redis.connection().await;
    let maxmemory = async |connection: &mut redis::aio::MultiplexedConnection, bytes: &str| {
        let set: Result<(), _> = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).query_async(connection).await;
        set.expect("is set");
    };
    maxmemory(&mut connection, "1").await;
    let (status, _) = post(&service, Some("k"), &paid("17", "+447700900123")).await;
    assert_eq!(status, 503);
    maxmemory(&mut connection, "0").await;
    assert_eq!(post(&service, Some("k"), &paid("17", "+447700900123")).await.0, 202);
    assert_eq!(service.shown("+447700900123", 1).await, ["Order 17."], "once, and only afterwards");
    // As many names as one shard remembers.
    let fill = "for _, q in ipairs(redis.call('KEYS', 'rf1:q:*')) do for i = 1, tonumber(ARGV[1]) do redis.call('HSET', q, 'x' .. i, '') end end";
    let share = replyflow::domain::limits::REQUESTS.div_ceil(64);
    let filled: Result<(), _> = redis::cmd("EVAL").arg(fill).arg(0).arg(share).query_async(&mut connection).await;
    filled.expect("filled");
    let nobody = json!({ "event": "nobody.listens", "data": {} });
    for n in 0..5_000 {
        let answer = sent(&service, Some(&format!("n{n}")), nobody.to_string()).await;
        if answer.status() == 429 {
            assert!(answer.headers().contains_key("retry-after"));
            // The names that are remembered still stand for what they stood for.
            assert_eq!(post(&service, Some("k"), &paid("17", "+447700900123")).await.0, 202);
            assert_eq!(post(&service, Some("k"), &paid("18", "+447700900123")).await.0, 409);
            service.stop().await;
            return;
        }
        assert_eq!(answer.status(), 202, "{n}");
    }
    panic!("no name was too many");
}
