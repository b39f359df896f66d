//! What each operation changes: once for each name of a request, and never without a word in the audit.

use super::operations;
use super::stage::{SERVED, Stage, TRIED, sent, talk};
use crate::support::api::{Answer, Api};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A `POST`, in the order in which they are made.
struct Case {
    operation: &'static str,
    /// Whether the key is one for test.
    test: bool,
    path: String,
    /// `text/csv` if it is a text.
    body: Value,
    /// Another body under the same name, and how it is refused.
    other: (Value, u16),
    /// What the audit has of it then.
    acts: &'static [&'static str],
}

fn case(operation: &'static str, path: impl Into<String>, body: Value, other: Value, acts: &'static [&'static str]) -> Case {
    // One that is right by itself is refused for the name alone; an operation without fields has no other that is.
    let status = if other.get("odd").is_some() { 422 } else { 409 };
    Case { operation, test: false, path: path.into(), body, other: (other, status), acts }
}

fn tried(case: Case) -> Case {
    Case { test: true, ..case }
}

/// Every `POST` of the document.
fn cases(stage: &Stage) -> Vec<Case> {
    let [ann, bob, carl, _] = &stage.contacts;
    let served = format!("/v1/contacts/{}/handoff", stage.service.contact_key(SERVED));
    let (b, s, f) = (&stage.broadcasts, &stage.schedules, &stage.failed);
    let whom = |n: u8| json!({ "flow": "talk", "audience": { "contacts": [format!("phone:+44770090000{n}")] } });
    let daily = |at: &str| json!({ "flow": "talk", "audience": { "query": "tag = vip" }, "every": "day", "at": at });
    let at_main_sms = |text: &str| json!({ "channel": "main-sms", "from": TRIED, "text": text });
    let odd = || json!({ "odd": 1 });
    let none = || json!({});
    vec![
        case(
            "post_events",
            "/v1/events",
            json!({ "event": "paid", "contact": "+447700900001" }),
            json!({ "event": "lost", "contact": "+447700900001" }),
            &[],
        ),
        case(
            "post_contact",
            "/v1/contacts",
            json!({ "phone": "+447700900050" }),
            json!({ "phone": "+447700900051" }),
            &["contact.create"],
        ),
        case(
            "merge_contact",
            format!("/v1/contacts/{bob}/merge"),
            json!({ "from": ann }),
            json!({ "from": carl }),
            &["contact.merge"],
        ),
        case(
            "post_import",
            "/v1/imports",
            json!("phone\n+447700900052\n"),
            json!("phone\n+447700900053\n"),
            &["contacts.import"],
        ),
        case(
            "create_suppression",
            "/v1/suppressions",
            json!({ "address": "+447700900041" }),
            json!({ "address": "+447700900042" }),
            &["suppression.put"],
        ),
        case(
            "import_suppressions",
            "/v1/suppressions/import",
            json!("phone\n+447700900043\n"),
            json!("phone\n+447700900044\n"),
            &["suppressions.import"],
        ),
        case(
            "preview_message",
            "/v1/messages/preview",
            json!({ "text": "hello", "country": "GB" }),
            json!({ "text": "bye", "country": "GB" }),
            &[],
        ),
        tried(case("take_handoff", format!("{served}/take"), json!({ "by": "Bo" }), json!({ "by": "Cy" }), &["handoff.take"])),
        tried(case(
            "write_in_handoff",
            format!("{served}/messages"),
            json!({ "by": "Bo", "text": "Hello" }),
            json!({ "by": "Bo", "text": "Bye" }),
            &["handoff.write"],
        )),
        tried(case(
            "resolve_handoff",
            format!("{served}/resolve"),
            json!({ "by": "Bo" }),
            json!({ "by": "Cy" }),
            &["handoff.resolve"],
        )),
        case(
            "begin_run",
            format!("/v1/contacts/{carl}/runs"),
            json!({ "flow": "talk" }),
            json!({ "flow": "support" }),
            &["run.begin"],
        ),
        case("end_runs", format!("/v1/contacts/{carl}/runs/end"), none(), odd(), &["runs.end"]),
        case(
            "pause_channel",
            "/v1/channels/main-sms/pause",
            json!({ "reason": "too many" }),
            json!({ "reason": "other" }),
            &["channel.pause"],
        ),
        case("resume_channel", "/v1/channels/main-sms/resume", none(), json!({ "reason": "other" }), &["channel.resume"]),
        case(
            "pause_flow",
            "/v1/flows/support/pause",
            json!({ "reason": "too many" }),
            json!({ "reason": "other" }),
            &["flow.pause"],
        ),
        case("resume_flow", "/v1/flows/support/resume", none(), json!({ "reason": "other" }), &["flow.resume"]),
        case(
            "drain_instance",
            "/v1/instance/drain",
            json!({ "reason": "a new kernel" }),
            json!({ "reason": "other" }),
            &["instance.drain"],
        ),
        case("resume_instance", "/v1/instance/resume", none(), odd(), &["instance.resume"]),
        tried(case("retry_failed", format!("/v1/failed/{}/retry", f[0]), none(), odd(), &["failed.retry"])),
        tried(case("drop_failed", format!("/v1/failed/{}/drop", f[1]), none(), odd(), &["failed.drop"])),
        case(
            "create_key",
            "/v1/keys",
            json!({ "name": "shop", "scopes": ["events:write"] }),
            json!({ "name": "crm", "scopes": ["events:write"] }),
            &["key.create"],
        ),
        case("revoke_key", format!("/v1/keys/{}/revoke", stage.key), none(), odd(), &["key.revoke"]),
        case(
            "publish_flow",
            "/v1/flows/talk/publications",
            json!({ "flow": talk("two") }),
            json!({ "flow": talk("three") }),
            &["flow.publish"],
        ),
        case(
            "roll_back_flow",
            "/v1/flows/talk/rollback",
            json!({ "note": "too many" }),
            json!({ "note": "other" }),
            &["flow.rollback"],
        ),
        case("create_broadcast", "/v1/broadcasts", whom(3), whom(4), &["broadcast.create"]),
        case("dry_run_broadcast", "/v1/broadcasts/dry-run", whom(3), whom(4), &[]),
        case("pause_broadcast", format!("/v1/broadcasts/{}/pause", b[0]), none(), odd(), &["broadcast.pause"]),
        case("resume_broadcast", format!("/v1/broadcasts/{}/resume", b[1]), none(), odd(), &["broadcast.resume"]),
        case("cancel_broadcast", format!("/v1/broadcasts/{}/cancel", b[2]), none(), odd(), &["broadcast.cancel"]),
        case("create_schedule", "/v1/schedules", daily("09:00"), daily("10:00"), &["schedule.create"]),
        case("pause_schedule", format!("/v1/schedules/{}/pause", s[0]), none(), odd(), &["schedule.pause"]),
        case("resume_schedule", format!("/v1/schedules/{}/resume", s[1]), none(), odd(), &["schedule.resume"]),
        tried(case("write_as_test_contact", "/v1/test/messages", at_main_sms("yes"), at_main_sms("no"), &["test.message"])),
        tried(case(
            "report_as_provider",
            "/v1/test/reports",
            json!({ "message": stage.message, "status": "delivered" }),
            json!({ "message": stage.message, "status": "read" }),
            &["test.report"],
        )),
        tried(case(
            "move_test_time",
            "/v1/test/time",
            json!({ "contact": format!("phone:{TRIED}"), "by": "1m" }),
            json!({ "contact": format!("phone:{TRIED}"), "by": "2m" }),
            &["test.time"],
        )),
    ]
}

/// Sends a body under the name `name`, in a request that is called `request`.
async fn post(api: &Api, path: &str, (name, request): (&str, &str), body: &Value) -> Answer {
    let (kind, bytes) = match body {
        Value::String(file) => ("text/csv", file.clone().into_bytes()),
        other => ("application/json", other.to_string().into_bytes()),
    };
    let headers = [("idempotency-key", name), ("x-request-id", request), ("content-type", kind)];
    api.send(Method::POST, path, &headers, bytes).await
}

/// What is shown once is not shown again.
fn without_secret(answer: &Answer) -> Value {
    let mut json = answer.json.clone();
    if let Some(secret) = json.get_mut("secret") {
        *secret = Value::Null;
    }
    json
}

#[tokio::test(flavor = "multi_thread")]
async fn every_post_takes_effect_once_under_its_name_and_is_in_the_audit() {
    let stage = Stage::start().await;
    let cases = cases(&stage);
    let named: BTreeSet<&str> = cases.iter().map(|case| case.operation).collect();
    assert_eq!(named, operations(&["post"]), "this table has every POST of the document");
    for case in &cases {
        let Case { operation, path, body, other: (other, refused), .. } = case;
        let api = if case.test { &stage.test } else { &stage.live };
        let id = |n: &str| format!("{}-{n}", operation.replace('_', "-"));
        let (name, nothing): (String, Vec<String>) = (id("name"), Vec::new());

        let long = post(api, path, (&"x".repeat(257), &id("long")), body).await;
        assert_eq!((long.status, &long.json["field"]), (422, &json!("idempotency-key")), "{operation}: {}", long.text);
        assert_eq!(stage.acts(api, &id("long")).await, nothing, "{operation}: what is refused is not written down");

        let first = post(api, path, (&name, &id("first")), body).await;
        assert!(first.status < 300, "{operation}: {} {}", first.status, first.text);
        assert_eq!(stage.acts(api, &id("first")).await, case.acts, "{operation}");

        let again = post(api, path, (&name, &id("again")), body).await;
        assert_eq!(again.status, first.status, "{operation} again: {}", again.text);
        assert_eq!(again.json, without_secret(&first), "{operation} again");
        assert_eq!(stage.acts(api, &id("again")).await, nothing, "{operation}: nothing was done again");

        let another = post(api, path, (&name, &id("other")), other).await;
        assert_eq!(another.status, *refused, "{operation} with another body: {}", another.text);
        assert_eq!(stage.acts(api, &id("other")).await, nothing, "{operation} with another body");
    }
    stage.stop().await;
}

/// An operation, who asks for it, with what, and the acts that it leaves.
type Change<'s> = (&'s str, &'s Api, Method, String, Vec<u8>, &'s [&'s str]);

#[tokio::test(flavor = "multi_thread")]
async fn every_other_change_is_in_the_audit() {
    let stage = Stage::start().await;
    let (live, test) = (&stage.live, &stage.test);
    let [.., carl, dan] = &stage.contacts;
    let change = || json!({ "name": "Carl" }).to_string().into_bytes();
    let changes: [Change; 6] = [
        ("patch_contact", live, Method::PATCH, format!("/v1/contacts/{carl}"), change(), &["contact.change"]),
        (
            "delete_contact",
            live,
            Method::DELETE,
            format!("/v1/contacts/{dan}"),
            Vec::new(),
            &["contact.delete", "contact.deleted"],
        ),
        (
            "delete_suppression",
            live,
            Method::DELETE,
            format!("/v1/suppressions/{}", stage.suppression),
            Vec::new(),
            &["suppression.take"],
        ),
        ("change_schedule", live, Method::PATCH, format!("/v1/schedules/{}", stage.schedules[0]), change(), &["schedule.change"]),
        (
            "delete_schedule",
            live,
            Method::DELETE,
            format!("/v1/schedules/{}", stage.schedules[2]),
            Vec::new(),
            &["schedule.delete"],
        ),
        ("delete_test_data", test, Method::DELETE, "/v1/test/data".to_owned(), Vec::new(), &["test_data.delete"]),
    ];
    let named: BTreeSet<&str> = changes.iter().map(|change| change.0).collect();
    assert_eq!(named, operations(&["patch", "put", "delete"]), "this table has every change of the document that is no POST");
    for (operation, api, method, path, body, acts) in changes {
        let request = operation.replace('_', "-");
        let done = sent(api, method, &path, &request, body).await;
        assert!(done.status < 300, "{operation}: {} {}", done.status, done.text);
        assert_eq!(stage.acts(api, &request).await, acts, "{operation}");
    }
    stage.stop().await;
}
