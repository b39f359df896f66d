//! Links to files in what leaves for others than the contact and the systems that flows call: reports, alerts, analytics services, desks and
//! broadcasts. Each is made when it leaves; what is kept opens nothing.

use crate::file_links::{FLOW, configuration, links, with_a_picture};
use crate::files::{PICTURE, Provider, text, whatsapp};
use crate::support::api::Api;
use crate::support::desk::{FakeDesk, chatwoot, said};
use crate::support::live::Service;
use crate::support::patience::LONG;
use crate::support::sign::{meta, meta_text};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The flow of the other tests of links, with an alert before its states and a person after them.
const BEFORE: &str = r#"
flow: damage
start:
  - keyword: damage
vars: { place: "" }
anytime:
  - event: alarm
    do: [ { alert: { say: "Look at {{ place }}", to: ops } } ]
    again: true
"#;
const AFTERWARDS: &str = r#"  rest:
    ask: Thank you. Anything else?
    answer: text
    save: more
    go:
      ok: help
      silence: { after: 20h, end: silent }
  help:
    handoff: { to: ops, note: "See {{ place }}" }
    go: { ok: { end: helped }, silence: { after: 2h, end: unattended } }
"#;
const SHOW: &str = r#"
flow: show
languages: [en]
channels: [wa]
needs: { picture: text }
begin: told
states: { told: { say: "Your picture is {{ picture }}", end: told } }
"#;

fn flow() -> String {
    let (_, states) = FLOW.split_once("begin: ask").expect("its states");
    let (asked, _) = states.split_once("  rest:").expect("its end");
    format!("{BEFORE}begin: ask{asked}{AFTERWARDS}")
}

fn settings(base: &str, desk: &str) -> String {
    let desk = chatwoot(desk);
    let more = format!(
        r#"
[alerts]
receivers = ["ops"]
window = "1s"
retry_first = "100ms"
[teams.ops]
title = "Operations"
slack = {{ env = "SLACK" }}
allow_private = true
[endpoints.crm]
url = "{base}/reports"
events = ["handoff.*"]
secrets = [{{ env = "EVENTS_KEY" }}]
allow_private = true
[sinks.product]
kind = "segment"
key = {{ env = "EVENTS_KEY" }}
base_url = "{base}"
retry_first = "50ms"
include = ["text", "variables.place"]
{desk}"#
    );
    configuration(base, &more)
}

/// A link in what was sent to somebody, once it holds this.
async fn link_in(provider: &Provider, holds: &str) -> String {
    let begun = Instant::now();
    loop {
        let bodies = provider.seen.bodies.lock().expect("not poisoned").clone();
        let plain = |body: &String| body.replace("&amp;", "&").replace("\\u0026", "&");
        let found = bodies.iter().map(plain).find(|body| body.contains(holds) && !links(body).is_empty());
        if let Some(body) = found {
            return links(&body).remove(0);
        }
        assert!(begun.elapsed() < LONG, "nothing with `{holds}` and a link: {bodies:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn opens(service: &Service, what: &str, link: &str) {
    let answer = service.get(link).await;
    assert_eq!((answer.status().as_u16(), link.contains("until=0000000000")), (200, false), "{what}: {link}");
    assert_eq!(&answer.bytes().await.expect("bytes")[..], PICTURE, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hears_of_a_file_gets_a_link_of_now() {
    let (provider, desk) = (Provider::start(), FakeDesk::start(("api_access_token", "meta-access-token")));
    let slack = format!("{}/slack", provider.url);
    let service =
        Service::start_knowing(&settings(&provider.url, &desk.url), &[("damage", &flow()), ("show", SHOW)], &[("SLACK", &slack)])
            .await;
    let told = with_a_picture(&provider, &service).await;
    let api = Api::admin(&service).await;

    let event = json!({ "event": "alarm", "contact": { "phone": "+447700900123" }, "data": {} });
    assert_eq!(api.post("/v1/events", event).await.status, 202);
    opens(&service, "an alert", &link_in(&provider, "Look at").await).await;
    opens(&service, "an analytics service", &link_in(&provider, "\"batch\"").await).await;

    whatsapp(&service, "3", text("it is urgent")).await;
    opens(&service, "a report", &link_in(&provider, "handoff.opened").await).await;
    let talks = tokio::task::block_in_place(|| {
        desk.wait(|talks| talks.iter().any(|talk| said(talk).iter().any(|line| line.contains("/media/"))))
    });
    let shown: String = said(&talks[0]).join("\n").replace("&amp;", "&");
    let seen = links(&shown);
    assert!(!seen.is_empty(), "{shown}");
    for link in &seen {
        opens(&service, "a desk", link).await;
    }

    // A broadcast whose author names the link that another system was given.
    let given = format!("https://replies.example.com{told}");
    let wanted = json!({ "flow": "show", "with": { "picture": given }, "audience": { "contacts": ["phone:+447700900124"] } });
    let before = meta_text("wamid.before", "447700900124", "77", "hello");
    let request = service.client.post(format!("{}/hooks/wa", service.base));
    let request = request.header("X-Hub-Signature-256", meta("meta-app-secret", &before));
    assert_eq!(request.body(before).send().await.expect("an answer").status(), 200);
    let made = api.post("/v1/broadcasts", wanted).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let left = link_in(&provider, "Your picture is").await;
    opens(&service, "a broadcast", &left).await;
    let kept: Value = api.get(&format!("/v1/broadcasts/{}", made.json["id"].as_str().expect("an id"))).await.json;
    for link in links(&kept.to_string()) {
        opens(&service, "who asks for the broadcast", &link).await;
    }
    service.stop().await;
}
