//! Wrong input of every operation: a problem that names the field or parameter and says what is wrong with it.

use super::operations;
use super::stage::{SERVED, Stage, TRIED};
use crate::api_contract::method;
use crate::support::api::{Answer, Api, all_operations, scope_of};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A path of the document that leads to something of the stage.
fn real(stage: &Stage, template: &str) -> String {
    let id = match template.split('/').nth(2).unwrap_or("") {
        "contacts" if template.contains("/handoff") => stage.service.contact_key(SERVED),
        "contacts" => stage.contacts[2].clone(),
        "broadcasts" => stage.broadcasts[0].clone(),
        "schedules" => stage.schedules[0].clone(),
        "suppressions" => stage.suppression.clone(),
        "failed" => stage.failed[0].clone(),
        "keys" => stage.key.clone(),
        "imports" => "file".to_owned(),
        _ => "0123456789abcdef".to_owned(),
    };
    template.replace("/channels/{name}", "/channels/main-sms").replace("{name}", "talk").replace("{id}", &id)
}

/// The key for which there is something at a path.
fn key<'s>(stage: &'s Stage, template: &str) -> &'s Api {
    let of_test = ["/v1/test", "/v1/failed", "/v1/contacts/{id}/handoff"].iter().any(|begin| template.starts_with(begin));
    if of_test { &stage.test } else { &stage.live }
}

/// Whether this is a refusal that says what to do: which field, and why.
fn names(answer: &Answer, field: &str) -> bool {
    let detail = answer.json["detail"].as_str().unwrap_or("");
    answer.status == 422
        && answer.json["field"] == json!(field)
        && !detail.is_empty()
        && answer.json["title"] == "Unprocessable Entity"
}

async fn stage() -> Stage {
    let stage = Stage::start().await;
    let file = b"phone\n+447700900060\n".to_vec();
    let imported = stage.live.send(Method::POST, "/v1/imports?job=file", &[("content-type", "text/csv")], file).await;
    assert_eq!(imported.status, 200, "{}", imported.text);
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn every_parameter_that_is_not_known_or_not_of_its_kind_is_named() {
    let stage = stage().await;
    let (mut unknown, mut wrong) = (0, 0);
    for (template, name, operation) in all_operations().into_iter().filter(|(_, _, operation)| scope_of(operation).is_some()) {
        let (api, path) = (key(&stage, template), real(&stage, template));
        let id = operation["operationId"].as_str().expect("a name");
        let listed = || operation["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "query");
        // What the request cannot do without.
        let needed: String =
            listed().filter(|p| p["required"] == true).map(|p| format!("&{}=x", p["name"].as_str().expect("a name"))).collect();
        if id != "post_events" {
            let answer = api.send(method(name), &format!("{path}?odd=1{needed}"), &[], Vec::new()).await;
            assert!(names(&answer, "query"), "{id}?odd=1: {} {}", answer.status, answer.text);
            unknown += 1;
        }
        for parameter in listed() {
            let name_of = parameter["name"].as_str().expect("a name");
            let value = match name_of {
                "limit" => "0",
                "cursor" => "%21",
                "since" | "until" => "yesterday",
                "format" => "xml",
                _ => continue,
            };
            let answer = api.send(method(name), &format!("{path}?{name_of}={value}{needed}"), &[], Vec::new()).await;
            assert!(names(&answer, name_of), "{id}?{name_of}={value}: {} {}", answer.status, answer.text);
            wrong += 1;
        }
    }
    assert!(unknown > 70 && wrong > 40, "{unknown} and {wrong} were tried");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_that_is_none_or_has_a_field_that_is_not_known_is_refused() {
    let stage = stage().await;
    let files = ["post_import", "import_suppressions"];
    let mut tried = BTreeSet::new();
    for (template, name, operation) in all_operations() {
        let id = operation["operationId"].as_str().expect("a name");
        if !matches!(name, "post" | "patch") || files.contains(&id) {
            continue;
        }
        let (api, path) = (key(&stage, template), real(&stage, template));
        for (body, statuses) in [("[", [400, 400]), ("7", [400, 422]), (r#"{"odd":1}"#, [422, 422])] {
            let answer = api.send(method(name), &path, &[], body.as_bytes().to_vec()).await;
            assert!(statuses.contains(&answer.status), "{id} {body}: {} {}", answer.status, answer.text);
            let said = |field: &str| answer.json[field].as_str().is_some_and(|text| !text.is_empty());
            assert!(said("detail") && (answer.status == 400 || said("field")), "{id} {body}: {}", answer.text);
        }
        tried.insert(id);
    }
    let all: BTreeSet<&str> = operations(&["post", "patch"]).into_iter().filter(|id| !files.contains(id)).collect();
    assert_eq!(tried, all);
    stage.stop().await;
}

/// What only one operation knows, where no other test says it.
#[tokio::test(flavor = "multi_thread")]
async fn slips_that_only_one_operation_knows_name_their_field() {
    let stage = stage().await;
    let live = &stage.live;
    let carl = &stage.contacts[2];
    let get = |path: &str, field: &'static str| (Method::GET, path.to_owned(), Value::Null, field);
    let mut cases = vec![
        get("/v1/contacts/export?query=tag%20%3D", "query"),
        get("/v1/imports/file/rows?result=odd", "result"),
        get("/v1/suppressions?reason=odd", "reason"),
        get("/v1/suppressions?address=x", "address"),
        get("/v1/suppressions?hash=x", "hash"),
        get("/v1/suppressions?over=fax", "over"),
        get("/v1/audit?key=x", "key"),
        get("/v1/flows/talk/difference?to=x", "to"),
        get("/v1/flows/talk/difference?from=x", "from"),
        get("/v1/broadcasts?state=odd", "state"),
        get("/v1/alerts?level=odd", "level"),
        get("/v1/stuck?older=long", "older"),
        get("/v1/alerts?team=No%20team", "team"),
        get("/v1/alerts?contact=x", "contact"),
        get("/v1/contacts/short/conversation", "contact"),
        (Method::GET, format!("/v1/broadcasts/{}/members?reason=odd", stage.broadcasts[0]), Value::Null, "reason"),
        (Method::DELETE, format!("/v1/contacts/{carl}?suppress=perhaps"), Value::Null, "suppress"),
        (Method::POST, "/v1/contacts/short/runs/end".to_owned(), json!({}), "contact"),
        (Method::POST, "/v1/suppressions/import?format=xml".to_owned(), json!({}), "format"),
        (Method::POST, "/v1/suppressions/import?format=csv".to_owned(), json!("name\nAnn\n"), "header"),
        (Method::POST, "/v1/suppressions/import?format=csv".to_owned(), json!("phone,size\n1,2\n"), "header"),
        (Method::POST, "/v1/channels/main-sms/pause".to_owned(), json!({ "reason": 7 }), "reason"),
        (Method::POST, "/v1/flows/talk/pause".to_owned(), json!({ "reason": "" }), "reason"),
        (Method::POST, "/v1/instance/drain".to_owned(), json!({ "reason": 7 }), "reason"),
    ];
    for (body, field) in [
        (json!({ "phone": "hello" }), "phone"),
        (json!({ "email": "hello" }), "email"),
        (json!({ "language": "english" }), "language"),
        (json!({ "timezone": "Moon" }), "timezone"),
        (json!({ "tags": "vip" }), "tags"),
        (json!({ "name": 7 }), "name"),
    ] {
        cases.push((Method::PATCH, format!("/v1/contacts/{carl}"), body, field));
    }
    for (method, path, body, field) in cases {
        let (kind, bytes) = match &body {
            Value::Null => ("application/json", Vec::new()),
            Value::String(file) => ("text/csv", file.clone().into_bytes()),
            other => ("application/json", other.to_string().into_bytes()),
        };
        let answer = live.send(method, &path, &[("content-type", kind)], bytes).await;
        assert!(names(&answer, field), "{path} {body}: {} {}", answer.status, answer.text);
    }
    let form = live.send(Method::POST, "/v1/suppressions/import", &[("content-type", "text/xml")], b"<a/>".to_vec()).await;
    assert_eq!((form.status, form.json["detail"].is_string()), (415, true), "{}", form.text);
    // What is not there is not there, with whatever body.
    for path in
        ["/v1/schedules/s_1/pause", "/v1/schedules/s_1/resume", "/v1/broadcasts/b_1/cancel", "/v1/keys/0123456789abcdef/revoke"]
    {
        assert_eq!(live.post(path, json!({})).await.status, 404, "{path}");
    }
    for path in
        ["/v1/contacts/phone:+447700900099/consent", "/v1/imports/none", "/v1/flows/none/publications", "/v1/schedules/s_1"]
    {
        assert_eq!(live.get(path).await.status, 404, "{path}");
    }
    // A contact of the other mode is nobody.
    assert_eq!(live.get(&format!("/v1/contacts/phone:{TRIED}")).await.status, 404);
    stage.stop().await;
}
