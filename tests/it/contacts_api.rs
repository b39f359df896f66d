//! `/v1/contacts`: contacts found, made, changed and taken out, as a program does it.

use crate::support::api::{Answer, Api};
use crate::support::live::{SIMULATED, Service};
use reqwest::Method;
use serde_json::{Value, json};

const MORE: &str = r#"
[project]
country = "GB"
[attributes]
vip = "boolean"
score = "number"
[topics]
news = "Our weekly letter"
"#;

const FLOW: &str = "flow: asks
languages: [en]
channels: [main-sms]
start: [ { keyword: go } ]
begin: a
states:
  a: { ask: Number?, answer: text, private: true, save: n, go: b }
  b: { do: [ { set: { contact.score: 7, contact.name: '{{ n }}' } }, { say: 'Thanks {{ contact.name }}' } ], end: done }
";

async fn service() -> Service {
    Service::start(&format!("{SIMULATED}{MORE}"), &[("asks", FLOW)]).await
}

/// Somebody who may read and write contacts.
async fn writer(service: &Service) -> Api {
    Api::keyed(service, &["contacts:read", "contacts:write"], "live").await
}

async fn patch(api: &Api, path: &str, body: Value) -> Answer {
    api.send(Method::PATCH, path, &[], body.to_string().into_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_made_found_and_changed() {
    let service = service().await;
    let api = writer(&service).await;
    let whole = json!({
        "phone": "07700 900123", "email": "Ann@shop.example", "external_id": "cust-1", "name": "Ann", "language": "es", "timezone": "Europe/Madrid",
        "tags": ["vip", "beta"], "attributes": { "vip": true, "score": 3 },
        "consent": { "marketing": { "sms": true }, "topics": { "news": ["email"] }, "how": "checkout", "proof": "form 3", "at": "2026-03-02T10:00:00Z" },
    });
    let answer = api.post("/v1/contacts", whole.clone()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let made = answer.json;
    let id = made["id"].as_str().expect("an id").to_owned();
    assert_eq!(id, service.contact_key("+447700900123"));
    assert_eq!((&made["phone"], &made["email"]), (&json!("+447700900123"), &json!("ann@shop.example")));
    assert_eq!((&made["tags"], &made["attributes"]), (&json!(["vip", "beta"]), &json!({ "vip": true, "score": 3 })));
    assert_eq!(made["marketing"], json!({ "sms": true, "whatsapp": false, "email": false }));
    assert_eq!(made["topics"], json!({ "news": { "sms": false, "whatsapp": false, "email": true } }));
    let again = api.post("/v1/contacts", whole).await;
    assert_eq!((again.status, &again.json), (200, &made), "the same again changes nothing");
    for path in [id.as_str(), "phone:%2B447700900123", "phone:07700900123"] {
        let answer = api.get(&format!("/v1/contacts/{path}")).await;
        assert_eq!((answer.status, &answer.json), (200, &made), "{path}");
    }
    let change = json!({
        "name": null, "tags": { "add": ["old"], "remove": ["beta"] }, "attributes": { "vip": null }, "consent": { "marketing": false },
    });
    let changed = patch(&api, "/v1/contacts/phone:07700900123", change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let changed = changed.json;
    assert_eq!((&changed["name"], &changed["tags"]), (&Value::Null, &json!(["vip", "old"])));
    assert_eq!((&changed["attributes"], &changed["marketing"]["sms"]), (&json!({ "score": 3 }), &json!(false)));
    // A no to all marketing ends every topic.
    assert_eq!(changed["topics"]["news"].get("email"), None, "{changed}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_two_contacts_are_not_made_those_of_one() {
    let service = service().await;
    let api = writer(&service).await;
    let ann = api.post("/v1/contacts", json!({ "phone": "+447700900001" })).await.json;
    let bob = api.post("/v1/contacts", json!({ "email": "bob@shop.example" })).await.json;
    assert_ne!(ann["id"], bob["id"]);
    let answer = api.post("/v1/contacts", json!({ "phone": "+447700900001", "email": "bob@shop.example" })).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    let answer = patch(&api, "/v1/contacts/phone:+447700900001", json!({ "email": "bob@shop.example" })).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    assert!(answer.text.contains(bob["id"].as_str().expect("an id")), "{}", answer.text);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slips_name_their_field_and_keys_do_what_they_may() {
    let service = service().await;
    let api = writer(&service).await;
    for (body, field) in [
        (json!({}), "phone"),
        (json!({ "name": "Ann" }), "phone"),
        (json!({ "phone": "12" }), "phone"),
        (json!({ "phone": "+447700900123", "attributes": { "size": 1 } }), "attributes.size"),
        (json!({ "phone": "+447700900123", "attributes": { "vip": "yes" } }), "attributes.vip"),
        (json!({ "phone": "+447700900123", "consent": { "topics": { "offers": true } } }), "consent.topics.offers"),
        (json!({ "phone": "+447700900123", "fax": "1" }), "body"),
    ] {
        let answer = api.post("/v1/contacts", body.clone()).await;
        assert_eq!((answer.status, answer.json["field"].as_str()), (422, Some(field)), "{body} {}", answer.text);
    }
    for (path, status) in [("/v1/contacts/x", 422), ("/v1/contacts/fax:1", 422), ("/v1/contacts/email:nobody@shop.example", 404)]
    {
        assert_eq!(api.get(path).await.status, status, "{path}");
    }
    let large = json!({ "phone": "+447700900123", "name": "x".repeat(70_000) });
    assert_eq!(api.post("/v1/contacts", large).await.status, 413);
    let reader = Api::keyed(&service, &["contacts:read"], "live").await;
    assert_eq!(reader.post("/v1/contacts", json!({ "phone": "+447700900123" })).await.status, 403);
    assert_eq!(patch(&reader, "/v1/contacts/id:1", json!({})).await.status, 403);
    let file = reader.send(Method::POST, "/v1/imports", &[("content-type", "text/csv")], b"phone\n".to_vec()).await;
    assert_eq!(file.status, 403);
    let other = Api::keyed(&service, &["events:write"], "live").await;
    for path in
        ["/v1/contacts", "/v1/contacts/id:1", "/v1/contacts/id:1/consent", "/v1/contacts/export", "/v1/imports", "/v1/imports/x"]
    {
        assert_eq!(other.get(path).await.status, 403, "{path}");
        assert_eq!(api.without_key().get(path).await.status, 401, "{path}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_takes_effect_once_and_nothing_of_the_person_is_remembered_with_it() {
    let service = service().await;
    let api = writer(&service).await;
    let body = json!({ "phone": "+447700900123", "tags": ["vip"] });
    let first = api.post_named("/v1/contacts", "a", body.clone()).await;
    assert_eq!((first.status, &first.json["tags"]), (201, &json!(["vip"])));
    patch(&api, "/v1/contacts/phone:+447700900123", json!({ "tags": { "remove": ["vip"] } })).await;
    let again = api.post_named("/v1/contacts", "a", body).await;
    assert_eq!((again.status, &again.json["tags"]), (201, &json!([])), "nothing was done again");
    let other = api.post_named("/v1/contacts", "a", json!({ "phone": "+447700900124" })).await;
    assert_eq!(other.status, 409, "{}", other.text);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_in_private_is_not_shown() {
    let service = service().await;
    service.write("main-sms", "+447700900123", "m1", "go").await;
    service.shown("+447700900123", 1).await;
    service.write("main-sms", "+447700900123", "m2", "12345").await;
    assert_eq!(service.shown("+447700900123", 2).await[1], "Thanks 12345");
    let test = Api::keyed(&service, &["contacts:read"], "test").await;
    let contact = test.get("/v1/contacts/phone:+447700900123").await;
    assert_eq!((contact.status, &contact.json["name"], &contact.json["private"]), (200, &Value::Null, &json!(["name"])));
    assert_eq!(contact.json["attributes"], json!({ "score": 7 }));
    assert!(!contact.text.contains("12345"), "{}", contact.text);
    let live = writer(&service).await;
    assert_eq!(
        live.get("/v1/contacts/phone:+447700900123").await.status,
        404,
        "who is played by a simulator is tried, not meant"
    );
    service.stop().await;
}
