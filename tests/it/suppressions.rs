//! `/v1/suppressions` and `replyflow suppress`: addresses that nothing is written to, put there and taken off by hand and by files.

use crate::support::api::Api;
use crate::support::live::{SIMULATED, Service};
use crate::support::patience::LONG;
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};

const COUNTRY: &str = "[project]\ncountry = \"GB\"\n";
const GREETING: &str = "flow: greeting
languages: [en]
channels: [main-sms]
start: [ { message: any } ]
begin: a
states: { a: { say: Hello., end: done } }
";

async fn service() -> (Service, Api) {
    let service = Service::start(&format!("{SIMULATED}{COUNTRY}"), &[("greeting", GREETING)]).await;
    let scopes = ["suppressions:read", "suppressions:write", "contacts:read", "contacts:write", "operations:read"];
    let api = Api::keyed(&service, &scopes, "live").await;
    (service, api)
}

fn items(page: &Value) -> Vec<&Value> {
    page["items"].as_array().expect("items").iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_put_there_found_and_taken_off() {
    let (service, api) = service().await;
    let body = json!({ "address": "07700 900123", "reason": "requested", "note": "by letter", "until": "2100-01-01T00:00:00Z" });
    let made = api.post("/v1/suppressions", body.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let hash = service.contact_key("+447700900123");
    let id = format!("{hash}.all.everything");
    assert_eq!((&made.json["id"], &made.json["hash"]), (&json!(id), &json!(hash)));
    assert_eq!(
        (&made.json["over"], &made.json["what"], &made.json["by"]),
        (&json!("all"), &json!("everything"), &json!("made by a test"))
    );
    assert!(!made.text.contains("900123"), "an address is not given out: {}", made.text);
    assert_eq!(api.post("/v1/suppressions", body).await.status, 200, "it was there");
    let mail = json!({ "address": "Ann@Shop.example", "over": "email", "what": "marketing", "reason": "complaint" });
    assert_eq!(api.post("/v1/suppressions", mail).await.status, 201);
    // A mail address is one in both of its forms.
    let script = json!({ "address": "ana@m\u{fc}nchen.example", "over": "email" });
    let listed = api.post("/v1/suppressions", script).await;
    let form = api.get("/v1/suppressions?address=ana@xn--mnchen-3ya.example").await.json;
    assert_eq!(items(&form)[0]["id"], listed.json["id"]);
    let path = format!("/v1/suppressions/{}", listed.json["id"].as_str().expect("an id"));
    assert_eq!(api.send(Method::DELETE, &path, &[], Vec::new()).await.status, 204);
    for query in ["address=%2B44%207700%20900123", "reason=requested", "over=all", &format!("hash={hash}")] {
        let page = api.get(&format!("/v1/suppressions?{query}")).await.json;
        assert_eq!(items(&page).iter().map(|entry| &entry["id"]).collect::<Vec<_>>(), [&json!(id)], "{query}: {page}");
    }
    let first = api.get("/v1/suppressions?limit=1").await.json;
    assert_eq!(items(&first)[0]["reason"], "complaint", "the last change first");
    let next = first["next"].as_str().expect("more");
    let second = api.get(&format!("/v1/suppressions?limit=1&cursor={next}")).await.json;
    assert_eq!((&items(&second)[0]["id"], &second["next"]), (&json!(id), &Value::Null));
    // Nothing is sent there, and the contact's own view is what it was.
    assert_eq!(service.write("main-sms", "+447700900123", "1", "hi").await.status(), 200);
    assert_eq!(service.write("main-sms", "+447700900124", "2", "hi").await.status(), 200);
    assert_eq!(service.shown("+447700900124", 1).await, ["Hello."]);
    let begun = Instant::now();
    while service.core().store().failed_list(10).await.expect("lists").len() != 1 {
        assert!(begun.elapsed() < LONG, "it is refused visibly");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let deleted = api.send(Method::DELETE, &format!("/v1/suppressions/{id}"), &[], Vec::new()).await;
    assert_eq!(deleted.status, 204, "{}", deleted.text);
    let deleted = api.send(Method::DELETE, &format!("/v1/suppressions/{id}"), &[], Vec::new()).await;
    assert_eq!(deleted.status, 404);
    assert_eq!(service.write("main-sms", "+447700900123", "3", "hi").await.status(), 200);
    assert_eq!(service.shown("+447700900123", 1).await, ["Hello."]);
    let audit = api.get("/v1/audit").await.json;
    let acts: Vec<&str> = items(&audit).iter().filter_map(|act| act["action"].as_str()).collect();
    let puts = ["suppression.put"; 3];
    assert_eq!(acts, [&["suppression.take", "suppression.take", "suppression.put"][..], &puts].concat());
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_names_its_field_and_a_key_for_test_changes_nothing() {
    let (service, api) = service().await;
    for (body, field) in [
        (json!({}), "address"),
        (json!({ "address": "hello" }), "address"),
        (json!({ "address": "+447700900123", "hash": "x" }), "hash"),
        (json!({ "hash": service.contact_key("+447700900123"), "hash_key": "00000000" }), "hash_key"),
        (json!({ "address": "+447700900123", "over": "fax" }), "over"),
        (json!({ "address": "+447700900123", "over": "channel:none" }), "over"),
        (json!({ "address": "+447700900123", "what": "some" }), "what"),
        (json!({ "address": "+447700900123", "reason": "because" }), "reason"),
        (json!({ "address": "+447700900123", "until": "2001-01-01T00:00:00Z" }), "until"),
        (json!({ "address": "+447700900123", "note": "x".repeat(501) }), "note"),
        (json!({ "address": "+447700900123", "scope": "all" }), "body"),
    ] {
        let answer = api.post("/v1/suppressions", body.clone()).await;
        assert_eq!((answer.status, answer.json["field"].as_str()), (422, Some(field)), "{body}: {}", answer.text);
    }
    let tried = Api::keyed(&service, &["suppressions:read", "suppressions:write"], "test").await;
    assert_eq!(tried.post("/v1/suppressions", json!({ "address": "+447700900123" })).await.status, 409);
    assert_eq!(items(&tried.get("/v1/suppressions").await.json).len(), 0);
    service.stop().await;
}

const FILE: &str = "phone;email;over;reason;until
07700 900001;;;legal;
;ann@shop.example;email;;2100-01-01T00:00:00Z
not a number;;;;
07700 900001;;;legal;
07700 900001;;;requested;
;;;;2100-01-01T00:00:00Z
";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_reported_row_by_row_and_what_is_taken_out_comes_in_again() {
    let (service, api) = service().await;
    let import = async |query: &str, file: &str| {
        let path = format!("/v1/suppressions/import?{query}");
        let answer = api.send(Method::POST, &path, &[], file.as_bytes().to_vec()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json
    };
    let counts =
        |report: &Value| ["created", "changed", "same", "refused"].map(|field| report[field].as_i64().expect("a number"));
    let tried = import("format=csv&dry_run=true", FILE).await;
    assert_eq!(items(&api.get("/v1/suppressions").await.json).len(), 0, "nothing was changed");
    assert_eq!((&tried["state"], tried["refused"].as_i64()), (&json!("tried"), Some(2)));
    let report = import("format=csv&job=march", FILE).await;
    assert_eq!(counts(&report), [2, 1, 1, 2], "{report}");
    let problems: Vec<(i64, &str)> = report["problems"]
        .as_array()
        .expect("problems")
        .iter()
        .map(|problem| (problem["row"].as_i64().expect("a number"), problem["field"].as_str().expect("a field")))
        .collect();
    assert_eq!(problems, [(3, "address"), (6, "address")]);
    let rows = api.get("/v1/imports/march/rows?result=created").await.json;
    assert_eq!(items(&rows).len(), 2, "{rows}");
    assert_eq!(counts(&import("format=csv&job=march", FILE).await), [2, 1, 1, 2], "the same again is only compared");
    let other =
        api.send(Method::POST, "/v1/suppressions/import?format=csv&job=march", &[], b"phone\n07700900009\n".to_vec()).await;
    assert_eq!(other.status, 409, "{}", other.text);
    let listed = api.get("/v1/suppressions").await.json;
    assert_eq!(items(&listed).len(), 2);
    for format in ["csv", "jsonl"] {
        let file = api.get(&format!("/v1/suppressions?format={format}")).await;
        assert_eq!(file.status, 200);
        assert!(!file.text.contains("900001") && !file.text.contains("ann@"), "{}", file.text);
        assert_eq!(counts(&import(&format!("format={format}"), &file.text).await), [0, 0, 2, 0], "{}", file.text);
        for entry in items(&listed) {
            let path = format!("/v1/suppressions/{}", entry["id"].as_str().expect("an id"));
            assert_eq!(api.send(Method::DELETE, &path, &[], Vec::new()).await.status, 204);
        }
        assert_eq!(counts(&import(&format!("format={format}"), &file.text).await), [2, 0, 0, 0]);
        let strange = file.text.replace(items(&listed)[0]["hash_key"].as_str().expect("a key"), "00000000");
        assert_eq!(counts(&import(&format!("format={format}"), &strange).await), [0, 0, 0, 2], "hashes of another service");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_name_is_of_one_import_of_contacts_or_of_addresses() {
    let (service, api) = service().await;
    let file = b"phone,email\n+447700900001,\n".to_vec();
    let import = async |path: &str| api.send(Method::POST, path, &[("content-type", "text/csv")], file.clone()).await;
    for (first, second, job) in [("/v1/imports", "/v1/suppressions/import", "a"), ("/v1/suppressions/import", "/v1/imports", "b")]
    {
        assert_eq!(import(&format!("{first}?job={job}")).await.status, 200);
        let other = import(&format!("{second}?job={job}")).await;
        assert_eq!(other.status, 409, "{second}: {}", other.text);
        assert!(other.text.contains("another file needs another `job`"), "{}", other.text);
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_deleted_and_never_written_to_again() {
    let (service, api) = service().await;
    let made = api.post("/v1/contacts", json!({ "phone": "+447700900123", "email": "ann@shop.example" })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let narrow = Api::keyed(&service, &["contacts:write"], "live").await;
    let refused = narrow.send(Method::DELETE, "/v1/contacts/email:ann@shop.example?suppress=true", &[], Vec::new()).await;
    assert_eq!((refused.status, &refused.json["scope"]), (403, &json!("suppressions:write")));
    let gone = api.send(Method::DELETE, "/v1/contacts/email:ann@shop.example?suppress=true", &[], Vec::new()).await;
    assert_eq!((gone.status, &gone.json["suppressed"]), (200, &json!(2)), "{}", gone.text);
    for address in ["%2B447700900123", "ann@shop.example"] {
        let page = api.get(&format!("/v1/suppressions?address={address}")).await.json;
        assert_eq!(items(&page).iter().map(|entry| &entry["reason"]).collect::<Vec<_>>(), [&json!("erased")], "{address}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_does_the_same() {
    let (service, api) = service().await;
    let url = service.base.clone();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_replyflow"));
        command.args(args).env("REPLYFLOW_KEY", api.key()).env("REPLYFLOW_URL", &url).current_dir(service.folder());
        command.output().expect("runs")
    };
    let said = |args: &[&str]| {
        let output = run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let added = said(&["suppress", "add", "+447700900123", "--reason", "legal", "--over", "sms"]);
    assert!(added.contains(".sms.everything") && added.contains("legal"), "{added}");
    assert!(said(&["suppress", "list", "--address", "+447700900123"]).contains("legal"));
    let file = service.folder().join("list.csv");
    said(&["suppress", "export", "--output", file.to_str().expect("a path")]);
    assert!(said(&["suppress", "remove", "+447700900123"]).contains("is off"));
    assert!(said(&["suppress", "list"]).contains("Nothing"));
    assert_eq!(run(&["suppress", "remove", "+447700900123"]).status.code(), Some(1));
    let imported = said(&["suppress", "import", file.to_str().expect("a path")]);
    assert!(imported.contains("1 created"), "{imported}");
    service.stop().await;
}
