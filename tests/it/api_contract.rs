//! The document of the API and the service: each has what the other has, and every operation asks who calls, what they may do and how much.

use crate::support::api::{Api, DOCUMENT, all_operations, scope_of};
use crate::support::live::{GREETING, SIMULATED, Service};
use regex::Regex;
use replyflow::domain::scope::Scope;
use reqwest::Method;
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("readable").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            files(&entry, out);
        } else {
            out.push(entry);
        }
    }
}

/// Every route below `/v1` as the code registers it.
fn registered() -> BTreeSet<(String, String)> {
    let mut sources = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http"), &mut sources);
    let route =
        Regex::new(r#"(?:route|resource)\("(/v1[^"]*)"\)((?:\.route\((?:\w+::)*\w+\(\)\.to\([\w:]+\)\))*)"#).expect("a pattern");
    let method = Regex::new(r"\.route\((?:\w+::)*(\w+)\(\)").expect("a pattern");
    let mut found = BTreeSet::new();
    for file in sources {
        let text: String = fs::read_to_string(&file).expect("text").split_whitespace().collect();
        for one in route.captures_iter(&text) {
            let methods: Vec<_> = method.captures_iter(&one[2]).collect();
            assert!(!methods.is_empty(), "{}: {} has no method that this test can read", file.display(), &one[1]);
            found.extend(methods.iter().map(|m| (one[1].to_owned(), m[1].to_owned())));
        }
    }
    found
}

#[test]
fn the_document_has_every_route_and_nothing_else() {
    // Pages for people.
    let pages = ["/v1/docs", "/v1/docs/{file:.*}"];
    let routes: BTreeSet<_> = registered().into_iter().filter(|(path, _)| !pages.contains(&path.as_str())).collect();
    let described: BTreeSet<_> =
        all_operations().into_iter().map(|(path, method, _)| (path.to_owned(), method.to_owned())).collect();
    let missing: Vec<_> = routes.difference(&described).collect();
    assert!(missing.is_empty(), "src/http/openapi.rs does not list {missing:#?}");
    let invented: Vec<_> = described.difference(&routes).collect();
    assert!(invented.is_empty(), "nobody answers {invented:#?}");
    assert!(routes.len() >= 6);
}

#[test]
fn operations_are_named_described_and_ask_for_a_scope_that_exists() {
    assert_eq!(DOCUMENT["openapi"], "3.1.0");
    let tags: HashSet<&str> = DOCUMENT["tags"].as_array().expect("tags").iter().filter_map(|tag| tag["name"].as_str()).collect();
    let mut names = HashSet::new();
    for (path, method, operation) in all_operations() {
        let here = format!("{method} {path}");
        assert!(names.insert(operation["operationId"].as_str().expect("a name")), "{here}: its name is taken");
        assert!(
            operation["summary"].as_str().is_some_and(|text| !text.contains('`') && !text.ends_with('.')),
            "{here}: {}",
            operation["summary"]
        );
        for tag in operation["tags"].as_array().expect("tags") {
            assert!(tags.contains(tag.as_str().unwrap_or("")), "{here}: {tag} is not described");
        }
        match scope_of(operation) {
            Some(scope) => assert!(Scope::parse(scope).is_some(), "{here}: {scope}"),
            None => assert_eq!(path, "/v1/openapi.json", "{here} needs no key"),
        }
        let inside: HashSet<&str> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let listed: HashSet<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|p| p["in"] == "path")
            .filter_map(|p| p["name"].as_str())
            .collect();
        assert_eq!(inside, listed, "{here}");
    }
    for schema in references(&DOCUMENT) {
        assert!(DOCUMENT.pointer(schema.trim_start_matches('#')).is_some(), "{schema} is not there");
    }
}

fn references(json: &Value) -> Vec<&str> {
    match json {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(map) => {
            let here = map.get("$ref").and_then(Value::as_str);
            here.into_iter().chain(map.values().flat_map(references)).collect()
        }
        _ => Vec::new(),
    }
}

/// A path with something in place of its parameters.
pub fn filled(path: &str) -> String {
    Regex::new(r"\{[^}]+\}").expect("a pattern").replace_all(path, "AAAAAAAAAAAAAAAAAAAAAA").into_owned()
}

/// The method of a name in the document.
pub fn method(name: &str) -> Method {
    name.to_uppercase().parse().expect("a method")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_without_a_key_and_bodies_have_an_end() {
    let config = format!("{SIMULATED}\n[events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n");
    let service = Service::start(&config, &[("greeting", GREETING)]).await;
    let api = Api::of(&service);
    for (path, name, operation) in all_operations() {
        if scope_of(operation).is_none() {
            continue;
        }
        let path = filled(path);
        for other in
            [api.without_key(), api.with_key("wrong"), api.with_key(&format!("rf_live_0123456789abcdef_{}", "0".repeat(64)))]
        {
            let answer = other.send(method(name), &path, &[], Vec::new()).await;
            assert_eq!(answer.status, 401, "{name} {path}: {}", answer.text);
        }
        let answer = api.without_key().send(method(name), &path, &[], vec![b' '; 70_000]).await;
        assert_eq!(answer.status, 413, "{name} {path}: {}", answer.text);
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_asks_for_the_scope_that_the_document_names() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    for scope in Scope::ALL {
        let others: Vec<&str> = Scope::ALL.into_iter().filter(|other| *other != scope).map(Scope::as_str).collect();
        let (without, only) =
            (Api::keyed(&service, &others, "live").await, Api::keyed(&service, &[scope.as_str()], "live").await);
        for (path, name, _) in all_operations().into_iter().filter(|(_, _, op)| scope_of(op) == Some(scope.as_str())) {
            let path = filled(path);
            let answer = without.send(method(name), &path, &[], Vec::new()).await;
            assert_eq!((answer.status, answer.json["scope"].as_str()), (403, Some(scope.as_str())), "{name} {path}");
            let answer = only.send(method(name), &path, &[], Vec::new()).await;
            assert!(!matches!(answer.status, 401 | 403), "{name} {path}: {}", answer.text);
        }
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_its_own_limit_which_every_answer_tells() {
    let config = format!("{SIMULATED}\n[events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n[server.rates]\nkey = 1\n");
    let service = Service::start(&config, &[("greeting", GREETING)]).await;
    let api = Api::of(&service);
    let path = format!("/v1/contacts/{}/handoff", service.contact_key("+447700900123"));
    let first = api.get(&path).await;
    assert_eq!((first.status, first.header("ratelimit-policy")), (404, "\"key\";q=2;w=2"));
    assert_eq!(first.header("ratelimit"), "\"key\";r=1;t=1");
    let mut refused = api.get(&path).await;
    for _ in 0..20 {
        if refused.status == 429 {
            break;
        }
        refused = api.get(&path).await;
    }
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1));
    assert!(refused.header("ratelimit").starts_with("\"key\";r=0;t="), "{}", refused.header("ratelimit"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_a_name_which_its_caller_may_choose() {
    let config = format!("{SIMULATED}\n[events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n");
    let service = Service::start(&config, &[("greeting", GREETING)]).await;
    let api = Api::of(&service);
    let asked = async |id: &str| api.send(Method::POST, "/v1/events", &[("x-request-id", id)], b"{".to_vec()).await;
    let answer = asked("order-17-of-ann").await;
    assert_eq!((answer.status, answer.header("x-request-id")), (400, "order-17-of-ann"));
    assert_eq!(answer.json["request_id"], "order-17-of-ann");
    let answer = asked("447700900123").await;
    assert_ne!(answer.header("x-request-id"), "447700900123", "that could be somebody's number");
    assert_eq!(answer.json["request_id"], answer.header("x-request-id"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_the_page_are_served_and_load_nothing_from_elsewhere() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    let document = Api::of(&service).without_key().get("/v1/openapi.json").await;
    assert_eq!(document.json, *DOCUMENT);
    let page = service.get("/v1/docs").await;
    assert_eq!(page.status(), 200, "by a redirect");
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains("script-src 'self';") && policy.contains("default-src 'none'"), "{policy}");
    let text = page.text().await.expect("text");
    assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
    let links = Regex::new(r#"(?:src|href)="\./([^"]+)""#).expect("a pattern");
    let mut seen = 0;
    for link in links.captures_iter(&text) {
        assert_eq!(service.get(&format!("/v1/docs/{}", &link[1])).await.status(), 200, "{}", &link[1]);
        seen += 1;
    }
    assert!(seen >= 4, "{text}");
    let script = service.get("/v1/docs/swagger-initializer.js").await.text().await.expect("text");
    assert!(script.contains("/v1/openapi.json") && script.contains("\"validatorUrl\": \"none\""), "{script}");
    assert_eq!(service.get("/v1/docs/nothing.js").await.status(), 404);
    service.stop().await;
}
