//! Limits of every operation, with a key that may do everything: how often, and how large a body.

use super::operations;
use crate::api_contract::{filled, method};
use crate::support::api::{Api, all_operations, record, scope_of};
use crate::support::live::{GREETING, SIMULATED, Service};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_refuses_a_key_that_asks_too_often_and_says_when_to_come_again() {
    let service = Service::start(&format!("{SIMULATED}\n[server.rates]\nkey = 1\n"), &[("greeting", GREETING)]).await;
    let keys = record(&service).await;
    let mut seen = 0;
    for (path, name, _) in all_operations().into_iter().filter(|(_, _, operation)| scope_of(operation).is_some()) {
        let api = Api::keyed_in(&keys, &service, &["admin"], "live").await;
        let path = filled(path);
        let mut answer = api.send(method(name), &path, &[], Vec::new()).await;
        assert_ne!(answer.status, 429, "{name} {path}: the first request of a key");
        // Two fit at once; while this machine is slow there may be room for more.
        for _ in 0..50 {
            if answer.status == 429 {
                break;
            }
            answer = api.send(method(name), &path, &[], Vec::new()).await;
        }
        assert_eq!(answer.status, 429, "{name} {path}: {}", answer.text);
        assert_eq!(answer.header("ratelimit-policy"), "\"key\";q=2;w=2", "{name} {path}");
        assert!(answer.header("ratelimit").starts_with("\"key\";r=0;t="), "{name} {path}: {}", answer.header("ratelimit"));
        assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1), "{name} {path}");
        assert_eq!((&answer.json["status"], &answer.json["type"]), (&429.into(), &"about:blank".into()), "{name} {path}");
        seen += 1;
    }
    assert!(seen > 70, "{seen} operations");
    service.stop().await;
}

/// Bytes that an operation takes where it is not 64 KB. A file of an import may have 1 GiB, and is read row by row.
const LARGER: [(&str, usize); 6] = [
    ("post_events", 4 << 20),
    ("create_broadcast", 2 << 20),
    ("dry_run_broadcast", 2 << 20),
    ("create_schedule", 2 << 20),
    ("change_schedule", 2 << 20),
    ("publish_flow", 2 << 20),
];
const SMALLER: [(&str, usize); 1] = [("merge_contact", 4 << 10)];
const FILES: [&str; 2] = ["post_import", "import_suppressions"];

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_takes_a_body_up_to_its_size_and_not_a_byte_more() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    let api = Api::admin(&service).await;
    let known = operations(&["get", "post", "put", "patch", "delete"]);
    let named: BTreeSet<&str> = LARGER.iter().chain(&SMALLER).map(|(name, _)| *name).chain(FILES).collect();
    assert!(named.is_subset(&known), "{:?}", named.difference(&known));
    for (path, name, operation) in all_operations().into_iter().filter(|(_, _, operation)| scope_of(operation).is_some()) {
        let id = operation["operationId"].as_str().expect("a name");
        if FILES.contains(&id) {
            continue;
        }
        let most = LARGER.iter().chain(&SMALLER).find(|(known, _)| *known == id).map_or(64 << 10, |(_, most)| *most);
        let path = filled(path);
        let answer = api.send(method(name), &path, &[], vec![b' '; most + 1]).await;
        assert_eq!(answer.status, 413, "{id} with {} bytes: {}", most + 1, answer.text);
        assert!(answer.json["detail"].as_str().is_some_and(|detail| detail.contains(&most.to_string())), "{id}: {}", answer.text);
        // A list: one event alone has a limit of its own.
        let full = [&b"["[..], &vec![b' '; most - 2], b"]"].concat();
        let answer = api.send(method(name), &path, &[], full).await;
        assert_ne!(answer.status, 413, "{id} with {most} bytes: {}", answer.text);
    }
    service.stop().await;
}
