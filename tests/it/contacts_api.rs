//! `/v1/contacts`: contacts found, made, changed and taken out, as a program does it.

use crate::support::api::{Answer, Api};
use crate::support::live::{SIMULATED, Service};
use replyflow::domain::address::Address;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::codec;
use replyflow::domain::id::{ContactKey, DedupeHash, InputId};
use replyflow::domain::input::{Class, Input, OperatorAction};
use replyflow::domain::message::{Inbound, InboundContent};
use replyflow::domain::name::ChannelName;
use replyflow::store::{Accept, Accepted, WhenFull};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const MORE: &str = r#"
[project]
country = "GB"
[attributes]
vip = "boolean"
score = "number"
essay = "text"
memo = "text"
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

/// What is there once it is so.
async fn until(api: &Api, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    api.until(path, |answer| answer.status == 200 && is(&answer.json)).await.json
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_made_found_by_every_address_and_changed() {
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
    for path in [id.as_str(), "phone:%2B447700900123", "phone:07700900123", "email:ann@shop.example", "id:cust-1"] {
        let answer = api.get(&format!("/v1/contacts/{path}")).await;
        assert_eq!((answer.status, &answer.json), (200, &made), "{path}");
    }
    let change = json!({
        "name": null, "tags": { "add": ["old"], "remove": ["beta"] }, "attributes": { "vip": null }, "consent": { "marketing": false },
    });
    let changed = patch(&api, "/v1/contacts/email:ann@shop.example", change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let changed = changed.json;
    assert_eq!((&changed["name"], &changed["tags"]), (&Value::Null, &json!(["vip", "old"])));
    assert_eq!((&changed["attributes"], &changed["marketing"]["sms"]), (&json!({ "score": 3 }), &json!(false)));
    // A no to all marketing ends every topic.
    assert_eq!(changed["topics"]["news"].get("email"), None, "{changed}");
    // What was told, by whom and with what proof.
    let path = format!("/v1/contacts/{id}/consent");
    let told = until(&api, &path, |told| told["items"].as_array().is_some_and(|items| items.len() >= 5)).await;
    let first = told["items"].as_array().expect("items").last().expect("one");
    assert_eq!((&first["how"], &first["proof"], &first["by"]), (&json!("checkout"), &json!("form 3"), &json!("made by a test")));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_one_person_lead_to_one_contact_and_those_of_two_to_none() {
    let service = service().await;
    let api = writer(&service).await;
    let ann = api.post("/v1/contacts", json!({ "phone": "+447700900001" })).await.json;
    let bob = api.post("/v1/contacts", json!({ "email": "bob@shop.example" })).await.json;
    assert_ne!(ann["id"], bob["id"]);
    // The email of Ann is new, and hers from now on.
    let both = api.post("/v1/contacts", json!({ "phone": "+447700900001", "email": "ann@shop.example" })).await;
    assert_eq!((both.status, &both.json["id"]), (200, &ann["id"]));
    let same = api.post("/v1/contacts", json!({ "email": "ann@shop.example", "name": "Ann" })).await;
    assert_eq!((same.status, &same.json["id"], &same.json["phone"]), (200, &ann["id"], &json!("+447700900001")));
    for body in [
        json!({ "phone": "+447700900001", "email": "bob@shop.example" }),
        json!({ "phone": "+447700900002", "email": "ann@shop.example" }),
    ] {
        let answer = api.post("/v1/contacts", body).await;
        assert_eq!(answer.status, 409, "{}", answer.text);
    }
    let answer = patch(&api, "/v1/contacts/phone:+447700900001", json!({ "email": "bob@shop.example" })).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    assert!(answer.text.contains(bob["id"].as_str().expect("an id")), "{}", answer.text);
    service.stop().await;
}

/// What WhatsApp says when somebody gets another number.
fn change_of_number(old: &str, new: &str) -> Inbound {
    let (new_user_id, new_wa_id) = (None, Some(new[1..].to_owned()));
    Inbound {
        channel: ChannelName::parse("main-whatsapp").expect("a name"),
        kind: ChannelKind::WhatsApp,
        from: Address::from_wire(old),
        user_id: None,
        id: "wamid.change".to_owned(),
        at: None,
        text: String::new(),
        content: InboundContent::System { kind: "user_changed_number".to_owned(), new_user_id, new_wa_id },
        profile_name: None,
        in_reply_to: None,
        answers: None,
        forwarded: false,
        referral: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_with_a_number_that_was_given_up_changes_nobody() {
    let service = service().await;
    let api = writer(&service).await;
    let (old, new) = ("+447700900001", "+447700900002");
    let ann = api.post("/v1/contacts", json!({ "phone": old, "name": "Ann" })).await.json;
    let path = format!("/v1/contacts/{}", ann["id"].as_str().expect("an id"));
    service.core().receive_message(change_of_number(old, new)).await.expect("taken");
    until(&api, &path, |one| one["phone"] == new).await;
    let bob = json!({ "phone": old, "name": "Bob", "tags": ["lead"], "consent": { "marketing": { "sms": true } } });
    let answer = api.post("/v1/contacts", bob.clone()).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    assert!(answer.text.contains("phone is a number that this contact has given up"), "{}", answer.text);
    let answer = patch(&api, &path, bob).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    let one = api.get(&path).await.json;
    assert_eq!((&one["name"], &one["tags"], &one["marketing"]["sms"]), (&json!("Ann"), &json!([]), &json!(false)));
    // Whoever still calls her by it reaches her.
    let named = patch(&api, &format!("/v1/contacts/phone:{old}"), json!({ "tags": { "add": ["vip"] } })).await;
    assert_eq!((named.status, &named.json["id"], &named.json["tags"]), (200, &ann["id"], &json!(["vip"])), "{}", named.text);
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

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_listed_and_taken_out_and_can_be_imported_again() {
    let service = service().await;
    let api = writer(&service).await;
    for n in 0..7 {
        let body = json!({
            "phone": format!("+44770090010{n}"), "name": format!("No. {n}, \"the {n}th\""), "tags": if n < 3 { vec!["vip"] } else { vec![] },
            "attributes": { "score": n }, "consent": { "topics": { "news": { "email": n % 2 == 0 } } },
        });
        assert_eq!(api.post("/v1/contacts", body).await.status, 201);
    }
    let all = until(&api, "/v1/contacts", |page| page["items"].as_array().is_some_and(|items| items.len() == 7)).await;
    assert_eq!(all["next"], Value::Null);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/v1/contacts?limit=3{cursor}")).await.json;
        seen.extend(page["items"].as_array().expect("items").clone());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(Value::from(seen), all["items"]);
    let vips =
        until(&api, "/v1/contacts?query=tag%20%3D%20vip", |page| page["items"].as_array().is_some_and(|i| i.len() == 3)).await;
    assert!(vips["items"].as_array().expect("items").iter().all(|contact| contact["tags"] == json!(["vip"])), "{vips}");
    for (query, field) in [("limit=0", "limit"), ("cursor=%3F", "cursor"), ("size=1", "query"), ("query=size%20%3D%201", "query")]
    {
        let answer = api.get(&format!("/v1/contacts?{query}")).await;
        assert_eq!((answer.status, answer.json["field"].as_str()), (422, Some(field)), "{query} {}", answer.text);
    }
    let elsewhere = self::service().await;
    let there = writer(&elsewhere).await;
    for format in ["csv", "jsonl"] {
        let file = api.get(&format!("/v1/contacts/export?format={format}")).await.text;
        assert_eq!(file.lines().count(), if format == "csv" { 8 } else { 7 }, "{file}");
        for (to, word) in [(&api, "same"), (&there, if format == "csv" { "created" } else { "same" })] {
            let path = format!("/v1/imports?format={format}");
            let report = to.send(Method::POST, &path, &[("content-type", "text/csv")], file.clone().into_bytes()).await;
            let report = report.json;
            assert_eq!(
                (&report[word], &report["rows"], &report["state"]),
                (&json!(7), &json!(7), &json!("done")),
                "{format} {report}"
            );
        }
    }
    let there = there.get("/v1/contacts/phone:+447700900104").await.json;
    let here = api.get("/v1/contacts/phone:+447700900104").await.json;
    for field in ["phone", "name", "tags", "attributes", "topics"] {
        assert_eq!(there[field], here[field], "{field}");
    }
    service.stop().await;
    elsewhere.stop().await;
}

/// Somebody who has the contact and does nothing, until the lease ends.
async fn held(service: &Service, contact: &str) {
    let hash = DedupeHash::of(&["held", contact]);
    let body = codec::encode(&Input::Operator(OperatorAction::EndRuns)).into();
    let contact = ContactKey::parse(contact).expect("a key");
    let (class, full) = (Class::Normal, WhenFull::Refuse);
    let accept = Accept { contact, hash, class, id: InputId::of(hash), body, claim: true, full, known: true };
    let core = service.core();
    assert!(matches!(core.store().accept(accept).await, Ok(Accepted::Claimed(_))), "nobody had it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_waits_is_said_to_wait_and_one_that_cannot_be_made_is_not_said_to_be() {
    let service = service().await;
    let api = writer(&service).await;
    let made = api.post("/v1/contacts", json!({ "phone": "+447700900123", "name": "Ann" })).await;
    let id = made.json["id"].as_str().expect("an id").to_owned();
    held(&service, &id).await;
    let body = json!({ "phone": "+447700900123", "name": "Bea" });
    let path = format!("/v1/contacts/{id}");
    let (patched, posted, again) = tokio::join!(
        patch(&api, &path, json!({ "language": "es" })),
        api.post_named("/v1/contacts", "one", body.clone()),
        async {
            tokio::time::sleep(Duration::from_millis(3_500)).await;
            api.post_named("/v1/contacts", "one", body.clone()).await
        }
    );
    for answer in [&patched, &posted, &again] {
        assert_eq!((answer.status, &answer.json["id"]), (202, &json!(id)), "{}", answer.text);
        let href = answer.json["href"].as_str().expect("where to look");
        assert_eq!((href, answer.header("location")), (path.as_str(), href));
    }
    let href = patched.json["href"].as_str().expect("where to look");
    let seen = until(&api, href, |one| one["name"] == "Bea" && one["language"] == "es").await;
    assert_eq!(seen["id"], json!(id));
    let done = api.post_named("/v1/contacts", "one", body).await;
    assert_eq!((done.status, &done.json["name"]), (200, &json!("Bea")), "it is done by now: {}", done.text);

    // What does not fit into the contact is set aside: nobody is told that it was done.
    for (attribute, status) in [("essay", 200), ("memo", 409)] {
        let large = json!({ "attributes": { attribute: "x".repeat(40_000) }, "name": attribute });
        let large = patch(&api, &path, large).await;
        assert_eq!(large.status, status, "{attribute}: {}", large.text);
    }
    assert_eq!(api.get(&path).await.json["name"], "essay");
    service.stop().await;
}
