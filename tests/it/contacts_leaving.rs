//! Contacts that leave through the API: deleted with a receipt, or made part of another and found under either name from then on.

use crate::support::api::{Answer, Api, record};
use crate::support::command::replyflow_in;
use crate::support::live::{GREETING, SIMULATED, Service};
use reqwest::Method;
use serde_json::{Value, json};

const SCOPES: [&str; 4] = ["contacts:read", "contacts:write", "history:read", "operations:read"];

async fn service() -> Service {
    Service::start(&format!("{SIMULATED}[project]\ncountry = \"GB\"\n"), &[("greeting", GREETING)]).await
}

async fn delete(api: &Api, path: &str) -> Answer {
    api.send(Method::DELETE, path, &[], Vec::new()).await
}

fn texts(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("a list").iter().filter_map(|one| one["message"]["text"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_deleted_with_a_receipt_and_the_stop_is_kept() {
    let service = service().await;
    // Everything that a simulator plays is a test.
    let api = Api::keyed(&service, &SCOPES, "test").await;
    service.write("main-sms", "+447700900001", "SM1", "marmalade").await;
    service.shown("+447700900001", 1).await;
    service.write("main-sms", "+447700900001", "SM2", "STOP").await;
    service.shown("+447700900001", 2).await;
    let id = service.contact_key("+447700900001");
    let timeline = format!("/v1/contacts/{id}/timeline");
    api.until(&timeline, |answer| answer.status == 200 && answer.text.contains("STOP")).await;

    let live = Api::keyed(&service, &SCOPES, "live").await;
    assert_eq!(delete(&live, &format!("/v1/contacts/{id}")).await.status, 404, "a key for live sees no test");
    let reader = Api::keyed(&service, &["contacts:read"], "test").await;
    assert_eq!(delete(&reader, &format!("/v1/contacts/{id}")).await.status, 403);
    assert_eq!(delete(&api.without_key(), &format!("/v1/contacts/{id}")).await.status, 401);
    assert_eq!(delete(&api, "/v1/contacts/nobody").await.status, 422);
    assert_eq!(delete(&api, &format!("/v1/contacts/{id}?hard=yes")).await.status, 422);
    assert_eq!(api.get("/v1/contacts/phone:+447700900001").await.status, 200, "nothing of that did anything");

    let receipt = delete(&api, "/v1/contacts/phone:+447700900001").await;
    assert_eq!(receipt.status, 200, "{}", receipt.text);
    assert!(!receipt.text.contains("marmalade") && !receipt.text.contains("7700900001"), "{}", receipt.text);
    let receipt = receipt.json;
    assert_eq!(
        (&receipt["contact"], &receipt["by"], &receipt["opted_out"]),
        (&json!(id), &json!("made by a test"), &json!(["sms"]))
    );
    assert_eq!((&receipt["addresses"], &receipt["history"]["runs"]), (&json!(1), &json!(1)), "{receipt}");
    assert!(receipt["history"]["messages"].as_u64().is_some_and(|n| n >= 4), "{receipt}");
    assert_eq!(delete(&api, "/v1/contacts/phone:+447700900001").await.status, 404, "it is gone");
    assert_eq!(api.get(&format!("/v1/contacts/{id}")).await.status, 404);
    api.until(&timeline, |answer| answer.status == 404).await;
    let found = api.get("/v1/search?q=marmalade").await;
    assert_eq!(found.json["items"], json!([]));
    let database = record(&service).await;
    for table in replyflow::history::schema::OF_A_CONTACT {
        let rows = database.read(&format!("SELECT 1 FROM {table} WHERE contact = $1"), &[id.as_str().into()]).await;
        assert_eq!(rows.expect("read").len(), 0, "{table}");
    }
    // Who did it and when stands in the audit, and nothing of the person.
    let auditor = Api::keyed(&service, &["admin"], "test").await;
    let audit = auditor.get(&format!("/v1/audit?target={id}")).await;
    let actions: Vec<&str> =
        audit.json["items"].as_array().expect("items").iter().filter_map(|act| act["action"].as_str()).collect();
    assert_eq!(actions, ["contact.deleted", "contact.delete"], "{}", audit.text);
    assert!(!audit.text.contains("7700900001"), "{}", audit.text);

    // A message that comes again brings nobody back; a new one does, as somebody who said STOP.
    service.write("main-sms", "+447700900001", "SM1", "marmalade").await;
    assert_eq!(api.get(&format!("/v1/contacts/{id}")).await.status, 404);
    service.write("main-sms", "+447700900001", "SM3", "hello").await;
    let again = api.until(&format!("/v1/contacts/{id}"), |answer| answer.status == 200).await;
    assert_eq!(again.json["stopped"], json!(["sms"]), "{}", again.text);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_contacts_become_one_and_are_found_under_both_names() {
    let service = service().await;
    let api = Api::keyed(&service, &SCOPES, "test").await;
    service.write("main-sms", "+447700900001", "SM1", "marmalade").await;
    service.write("main-sms", "+447700900002", "SM2", "porridge").await;
    for phone in ["+447700900001", "+447700900002"] {
        service.shown(phone, 1).await;
    }
    let (from, into) = (service.contact_key("+447700900001"), service.contact_key("+447700900002"));
    let tagged = json!({ "tags": ["hers"], "name": "Ann" }).to_string().into_bytes();
    assert_eq!(api.send(Method::PATCH, &format!("/v1/contacts/{from}"), &[], tagged).await.status, 200);
    let path = format!("/v1/contacts/{into}/merge");
    for (body, field) in [
        (json!({}), "from"),
        (json!({ "from": "nobody" }), "from"),
        (json!({ "from": "phone:+447700900099" }), "from"),
        (json!({ "from": into }), "from"),
        (json!({ "from": from, "fast": true }), "fast"),
    ] {
        let answer = api.post(&path, body.clone()).await;
        let named = answer.json["field"].as_str().is_some_and(|named| named == field || named == "body");
        assert!(answer.status == 422 && named, "{body}: {} {}", answer.status, answer.text);
    }
    let live = Api::keyed(&service, &SCOPES, "live").await;
    assert_eq!(live.post(&path, json!({ "from": from })).await.status, 404, "a key for live sees no test");
    let reader = Api::keyed(&service, &["contacts:read"], "test").await;
    assert_eq!(reader.post(&path, json!({ "from": from })).await.status, 403);

    let asked = api.post_named(&path, "merge-1", json!({ "from": "phone:+447700900001" })).await;
    assert_eq!((asked.status, &asked.json), (202, &json!({ "contact": into, "from": from })), "{}", asked.text);
    let one = |answer: &Answer| answer.json["id"] == json!(into) && answer.json["name"] == json!("Ann");
    let shown = api.until(&format!("/v1/contacts/{from}"), one).await;
    assert_eq!(
        (&shown.json["name"], &shown.json["tags"], &shown.json["phone"]),
        (&json!("Ann"), &json!(["hers"]), &json!("+447700900002"))
    );
    let again = api.post_named(&path, "merge-1", json!({ "from": "phone:+447700900001" })).await;
    assert_eq!((again.status, &again.json), (202, &asked.json), "the same request is answered as the first time");
    let by_phone = api.get("/v1/contacts/phone:+447700900001").await;
    assert_eq!(by_phone.json["id"], json!(into));

    // What the record has of one is the other's.
    for name in [&from, &into] {
        let path = format!("/v1/contacts/{name}/timeline?limit=200");
        let shown = api.until(&path, |answer| answer.status == 200 && answer.text.contains("contact.took_in")).await;
        let mut said = texts(&shown.json);
        said.retain(|text| ["marmalade", "porridge"].contains(text));
        assert_eq!(said.len(), 2, "{name}: {}", shown.text);
        for list in ["messages", "runs"] {
            let found = api.get(&format!("/v1/{list}?contact={name}")).await.json;
            let of = found["items"].as_array().expect("items").iter().filter(|one| one["contact"] == json!(into)).count();
            assert_eq!(of, if list == "runs" { 2 } else { 4 }, "{list} {found:#}");
        }
    }
    let listed = api.until("/v1/contacts", |answer| answer.json["items"].as_array().is_some_and(|all| all.len() == 1)).await;
    assert_eq!(listed.json["items"][0]["id"], json!(into));

    // A conversation goes on under either number; with the one that stayed everything goes.
    service.write("main-sms", "+447700900001", "SM3", "yes").await;
    api.until(&format!("/v1/messages?contact={into}"), |answer| answer.text.contains("Thank you.")).await;
    let receipt = delete(&api, "/v1/contacts/phone:+447700900001").await;
    assert_eq!((receipt.status, &receipt.json["contact"]), (200, &json!(into)), "{}", receipt.text);
    for phone in ["phone:+447700900001", "phone:+447700900002"] {
        assert_eq!(api.get(&format!("/v1/contacts/{phone}")).await.status, 404);
    }
    api.until(&format!("/v1/contacts/{into}/timeline"), |answer| answer.status == 404).await;
    for word in ["marmalade", "porridge"] {
        assert_eq!(api.get(&format!("/v1/search?q={word}")).await.json["items"], json!([]));
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_on_the_command_line_is_in_the_audit() {
    let service = service().await;
    for (n, phone) in ["+447700900001", "+447700900002"].into_iter().enumerate() {
        service.write("main-sms", phone, &format!("SM{n}"), "hi").await;
        service.shown(phone, 1).await;
    }
    let (from, into) = (service.contact_key("+447700900001"), service.contact_key("+447700900002"));
    let asked = ["contacts", "merge", "+447700900001", "+447700900002", "--by", "ann"];
    let (said, code) = replyflow_in(service.folder(), &asked);
    assert_eq!((code, said.contains("becomes part of")), (0, true), "{said}");
    let auditor = Api::keyed(&service, &["admin"], "test").await;
    let audit = auditor.get(&format!("/v1/audit?target={into}")).await.json;
    let act = &audit["items"][0];
    assert_eq!(
        (&act["action"], &act["who"], &act["detail"]),
        (&json!("contact.merge"), &json!("ann"), &json!({ "from": from })),
        "{audit}"
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_from_an_address_that_was_added_stops_the_contact() {
    let service = service().await;
    for mode in ["live", "test"] {
        let api = Api::keyed(&service, &[&SCOPES[..], &["conversations:write"]].concat(), mode).await;
        let made = api.post("/v1/contacts", json!({ "external_id": "cust-9" })).await;
        let id = made.json["id"].as_str().expect("an id").to_owned();
        let phone = json!({ "external_id": "cust-9", "phone": "+447700900077" });
        assert_eq!(api.post("/v1/contacts", phone).await.json["id"], json!(id));
        if mode == "live" {
            service.write("main-sms", "+447700900077", "SM1", "STOP").await;
        } else {
            let stop = json!({ "channel": "main-sms", "from": "+447700900077", "text": "STOP" });
            assert_eq!(api.post("/v1/test/messages", stop).await.status, 202);
        }
        api.until(&format!("/v1/contacts/{id}"), |answer| answer.json["stopped"] == json!(["sms"])).await;
        api.until("/v1/contacts", |answer| answer.text.contains(&id)).await;
        assert_eq!(api.get("/v1/contacts").await.json["items"].as_array().map(Vec::len), Some(1), "nobody began beside it");
        // Whoever is found by any of the addresses is the same, also for the next request that names only one.
        let later = api.post("/v1/contacts", json!({ "external_id": "cust-9", "name": "Ann" })).await;
        assert_eq!((later.status, &later.json["id"], &later.json["phone"]), (200, &json!(id), &json!("+447700900077")));
    }
    service.stop().await;
}

const MAILS: &str = "flow: mails
languages: [en]
start: [ { message: any } ]
begin: a
states:
  a: { do: [ { set: { contact.email: bea@shop.example } }, { say: Thanks } ], end: done }
";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_taken_out_means_the_contacts_that_it_names() {
    let service = Service::start(SIMULATED, &[("mails", MAILS)]).await;
    let api = Api::keyed(&service, &["contacts:read", "contacts:write"], "test").await;
    service.write("main-whatsapp", "GB.1349AbCdEfGhIjKl", "WA1", "hi").await;
    let with_mail = |answer: &Answer| answer.json["items"][0]["email"] == json!("bea@shop.example");
    api.until("/v1/contacts", with_mail).await;
    for format in ["csv", "jsonl"] {
        let file = api.get(&format!("/v1/contacts/export?format={format}")).await.text;
        let path = format!("/v1/imports?format={format}");
        let report = api.send(Method::POST, &path, &[("content-type", "text/csv")], file.into_bytes());
        let report = report.await.json;
        assert_eq!((&report["created"], &report["refused"], &report["rows"]), (&json!(0), &json!(0), &json!(1)), "{report}");
    }
    assert_eq!(api.get("/v1/contacts").await.json["items"].as_array().map(Vec::len), Some(1));
    service.stop().await;
}
